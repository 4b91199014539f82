//! An edited artifact as a patch: the line diff of the whole house joined to the pure rule which patch fits.

use std::sync::Arc;

use crate::diff::{DiffDocument, Limit};
use crate::domain::patch::{ArtifactFacts, Derived, Edit, PatchError, Spot, derive};

/// The smallest fitting patch that makes exactly this edit of an artifact, or why there is none.
///
/// Takes as long as a diff of the two texts and a few plans of the patch: not for an event loop. Reaching the limit costs a larger patch,
/// never a wrong one.
pub fn derive_patch(
    artifact: ArtifactFacts<'_>,
    old: &Arc<Vec<u8>>,
    new: &Arc<Vec<u8>>,
    limit: Limit<'_>,
) -> Result<Derived, PatchError> {
    let document = DiffDocument::compare(Some(Arc::clone(old)), Arc::clone(new), limit);
    let lines = document.diff();
    let spots: Vec<Spot> = lines
        .blocks
        .iter()
        .map(|block| Spot {
            old: lines.old_lines.range_of(block.removed()),
            new: lines.new_lines.range_of(block.added()),
        })
        .collect();
    derive(&Edit {
        artifact,
        old,
        new,
        spots: &spots,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_a_long_text_in_few_places_is_told_in_a_few_words() {
        let line = |number: usize| format!("{number}: the boats leave at {}:00, wherever you are.\n", number % 24);
        let old: String = (0..20_000).map(line).collect();
        let new = old
            .replacen("7: the boats leave at 7:00", "7: the boats leave at noon", 1)
            .replace("19999: the boats leave", "19999: the last boats leave");
        let (old, new) = (Arc::new(old.into_bytes()), Arc::new(new.into_bytes()));
        let artifact = ArtifactFacts {
            path: "artifacts/script/script.txt",
            kind: "script",
        };
        let derived = derive_patch(artifact, &old, &new, Limit::NONE).unwrap();
        assert_eq!(derived.reason, "2 spots changed: text_replace");
        assert_eq!(&derived.plan.bytes, new.as_ref());
        assert!(
            derived.patch.value().to_string().len() < 300,
            "{}",
            derived.patch.value()
        );
    }
}
