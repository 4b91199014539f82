//! Any edit of any text: the derived patch makes exactly the edit, also after its JSON was written down and read again.
#![no_main]

use std::sync::Arc;

use holdpoint::diff::{DiffDocument, Limit};
use holdpoint::domain::patch::{Edit, Spot, derive};
use holdpoint::domain::patch::{ArtifactFacts, Patch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, bool)| {
    let (old, new, is_storyboard) = input;
    let (path, kind) = if is_storyboard {
        ("artifacts/storyboard/storyboard.json", "storyboard")
    } else {
        ("artifacts/script/script.txt", "script")
    };
    let document = DiffDocument::compare(Some(Arc::new(old.clone())), Arc::new(new.clone()), Limit::NONE);
    let diff = document.diff();
    let spots: Vec<Spot> = diff
        .blocks
        .iter()
        .map(|block| Spot {
            old: diff.old_lines.range_of(block.removed()),
            new: diff.new_lines.range_of(block.added()),
        })
        .collect();
    let edit = Edit {
        artifact: ArtifactFacts { path, kind },
        old: &old,
        new: &new,
        spots: &spots,
    };
    if let Ok(derived) = derive(&edit) {
        assert_eq!(derived.plan.bytes, new);
        let text = derived.patch.value().to_string();
        let again = Patch::parse(&text).expect("what the record holds can be read");
        assert_eq!(again.plan(path, &old).expect("and applies").bytes, new);
    }
});
