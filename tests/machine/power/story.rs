//! What is done before the power goes, and what each answer promises from then on.

use std::path::Path;

use domain::ids::JobId;
use store::Reader;

use crate::support::run::Workspace;

pub const GATES: &str =
    "gates:\n  script: {required: true, auto_approve: true, auto_approve_after_s: 3600}\n  deploy: {required: true}\n";
const ARTIFACT: &str = "artifacts/script/script.txt";

/// What a command answered, and what must be so from then on.
type Promise = (&'static str, fn(&Path, &Reader) -> bool);

/// Commands, in this order; the answer to each is a promise.
pub const STORY: [(&[&str], Promise); 6] = [
    (
        &["gate", "hold", "j-1", "script", "--reason", "wait"],
        ("the hold of j-1", |_, reader| has_event(reader, "j-1", "gate_held")),
    ),
    (
        &["patch", "apply", "j-1", "script", "fix.json"],
        ("the patch of j-1", |runs, reader| {
            has_event(reader, "j-1", "patch_applied") && holds(runs, &format!("j-1/{ARTIFACT}"), "two\n")
        }),
    ),
    (
        &["gate", "approve", "j-1", "script", "--notes", "ship it"],
        ("the approval of j-1", |runs, reader| {
            is_decided(runs, reader, "j-1", "script", true)
        }),
    ),
    (
        &["gate", "open", "j-3", "deploy", "--artifact", "plan=plan.txt"],
        ("the gate of j-3", |runs, reader| {
            has_event(reader, "j-3", "gate_opened") && holds(runs, "j-3/artifacts/deploy/plan.txt", "plan\n")
        }),
    ),
    (
        &["gate", "reject", "j-2", "deploy", "--notes", "no"],
        ("the rejection of j-2", |runs, reader| {
            is_decided(runs, reader, "j-2", "deploy", false)
        }),
    ),
    (
        &["gate", "approve", "j-3", "deploy"],
        ("the approval of j-3", |runs, reader| {
            is_decided(runs, reader, "j-3", "deploy", true)
        }),
    ),
];

/// A place with the files that the commands name.
pub fn workspace() -> Workspace {
    let workspace = Workspace::new(GATES);
    for (path, text) in [
        ("script.txt", "one\n"),
        ("plan.txt", "plan\n"),
        (
            "fix.json",
            r#"{"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]}"#,
        ),
    ] {
        workspace.write(path, text);
    }
    workspace
}

/// What was there before the story.
pub const BEFORE: [&[&str]; 2] = [
    &["gate", "open", "j-1", "script", "--artifact", "script=script.txt"],
    &["gate", "open", "j-2", "deploy", "--artifact", "plan=plan.txt"],
];

/// The first of the promises whose command was answered that is not kept.
pub fn broken(runs: &Path, reader: &Reader, answered: usize) -> Option<&'static str> {
    let promises = STORY[..answered].iter().map(|(_, promise)| promise);
    promises
        .filter(|(_, is_kept)| !is_kept(runs, reader))
        .map(|(what, _)| *what)
        .next()
}

fn id(job: &str) -> JobId {
    JobId::new(job).unwrap()
}

fn has_event(reader: &Reader, job: &str, kind: &str) -> bool {
    let events = reader.events(Some(&id(job)), 0, 1000, false).unwrap();
    events.iter().any(|event| event.kind.as_str() == kind)
}

fn holds(runs: &Path, path: &str, text: &str) -> bool {
    std::fs::read(runs.join(path)).is_ok_and(|bytes| bytes == text.as_bytes())
}

/// By its row, and by its file.
pub fn is_decided(runs: &Path, reader: &Reader, job: &str, stage: &str, is_approved: bool) -> bool {
    let rows = reader.job(&id(job)).unwrap();
    let row = rows.and_then(|rows| {
        rows.decisions
            .into_iter()
            .find(|sealed| sealed.decision.stage().as_str() == stage)
    });
    let file = std::fs::read(runs.join(format!("{job}/gates/{stage}.json"))).unwrap_or_default();
    row.is_some_and(|sealed| sealed.decision.is_approved() == is_approved && sealed.to_file() == file)
}
