//! The limits of SPEC §10, each at its edge and one past it: what fits is taken, what does not is
//! refused with both numbers.

use std::fs::File;

use serde_json::json;

use crate::support::run::Workspace;
use crate::support::said::assert_contains;

const ARTIFACT_MAX: u64 = 64 * 1024 * 1024;
const PATCH_MAX: usize = 1024 * 1024;
const NOTES_MAX: usize = 64 * 1024;

fn at_gate(text: &str) -> Workspace {
    let workspace = Workspace::new("{}\n");
    workspace.write("out/script.txt", text);
    workspace.ok("gate open j-1 script --artifact script=out/script.txt");
    workspace
}

#[test]
fn notes() {
    let workspace = at_gate("text\n");
    let note = |bytes: usize| "x".repeat(bytes);
    let said = workspace.refused(
        &["gate", "approve", "j-1", "script", "--notes", &note(NOTES_MAX + 1)],
        1,
    );
    assert_contains(&said, "65537");
    assert_contains(&said, "65536");
    assert!(!workspace.exists("runs/j-1/gates/script.json"));
    workspace.ok(&["gate", "approve", "j-1", "script", "--notes", &note(NOTES_MAX)]);
    assert_eq!(workspace.decision("j-1", "script")["notes"], note(NOTES_MAX));
}

#[test]
fn a_patch() {
    let workspace = at_gate("noon\n");
    let patch = |bytes: usize| {
        let of =
            |new: &str| json!({ "type": "text_replace", "replacements": [{ "old": "noon", "new": new }] }).to_string();
        of(&"x".repeat(bytes - of("").len()))
    };
    workspace.write("edge.json", patch(PATCH_MAX));
    workspace.write("past.json", patch(PATCH_MAX + 1));
    let said = workspace.refused("patch apply j-1 script past.json", 1);
    assert!(said.contains("1 MiB") || said.contains("1048576"), "{said}");
    assert_eq!(workspace.read("runs/j-1/artifacts/script/script.txt"), "noon\n");
    workspace.ok("patch apply j-1 script edge.json");
    let patched = workspace.read("runs/j-1/artifacts/script/script.txt");
    assert!(
        patched.starts_with("xxx") && patched.len() > PATCH_MAX - 200,
        "{}",
        patched.len()
    );
}

#[test]
fn an_artifact() {
    let workspace = Workspace::new("{}\n");
    let file = File::create(workspace.root().join("big.bin")).expect("the workspace can be written");
    let open = ["gate", "open", "j-1", "script", "--artifact", "other=big.bin"];
    file.set_len(ARTIFACT_MAX + 1).expect("a file with a hole");
    let said = workspace.refused(&open, 1);
    assert!(said.contains("64 MiB") || said.contains("67108864"), "{said}");
    assert_eq!(workspace.json("gate list"), json!([]));
    file.set_len(ARTIFACT_MAX).expect("a file with a hole");
    workspace.ok(&open);
    let shown = workspace.json("gate show j-1 script");
    assert_eq!(shown["artifacts"][0]["size_bytes"], ARTIFACT_MAX);
}
