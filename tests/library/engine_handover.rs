//! What operators leave to one another, as it is read from their drafts and marks.

use std::fs;
use std::path::Path;

use domain::ask::{Command, NewJob};
use domain::gate::Verdict;
use domain::ids::JobId;
use domain::key::GateKey;
use engine::{Engine, Role};
use serde_json::{Value, json};

use crate::at_gate::Does as _;
use crate::support::engine::{decide, job, open};

const CONFIG: &str = "gates: {outline: {required: true}}";

async fn at_gate(folder: &Path) -> (Engine, GateKey) {
    let mut engine = open(folder, CONFIG, "bea", Role::Candidate("serve"));
    let new = NewJob {
        id: Some(JobId::new("j-1").unwrap()),
        slug: "tides".into(),
        ..NewJob::default()
    };
    let receipt = engine.done(Command::StartJob(new)).await;
    let key = receipt.rows.gates[0].key.clone();
    (engine, key)
}

fn draft(key: &GateKey, by: Option<&str>) -> Value {
    let mut draft = json!({ "key": key, "note": "not signed", "patch": null });
    if let Some(by) = by {
        draft["by"] = json!(by);
    }
    draft
}

fn keep(folder: &Path, place: &str, content: &str) {
    let path = folder.join(".drafts").join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A rejection that claims to be made from a colleague's draft.
fn from_draft_of(id: &JobId, name: &str) -> Command {
    let mut command = decide(id, "outline", Verdict::Reject, Some("not signed"), None);
    if let Command::Decide { draft_by, .. } = &mut command {
        *draft_by = Some(name.to_owned());
    }
    command
}

#[tokio::test]
async fn a_colleague_is_named_in_the_record_only_where_their_draft_is_found() {
    let other = json!({ "job_id": "j-2", "stage": "outline", "attempt": 1 });
    let other: GateKey = serde_json::from_value(other).unwrap();
    let aside =
        |key: &GateKey| json!({ "discarded_at": "2026-11-30T00:00:00.000000+00:00", "draft": draft(key, None) });
    type Kept = fn(&GateKey, &GateKey, &dyn Fn(&GateKey) -> Value) -> Option<(&'static str, Value)>;
    let cases: [(&str, Kept, Option<&str>); 6] = [
        ("nothing", |_, _, _| None, None),
        (
            "their draft",
            |key, _, _| Some(("bob/j-1.outline.1.json", draft(key, None))),
            Some("bob"),
        ),
        (
            "what they threw away since",
            |key, _, aside| Some(("bob/discarded/1.j-1.outline.1.json", aside(key))),
            Some("bob"),
        ),
        (
            "their draft of another gate",
            |_, other, _| Some(("bob/j-1.outline.1.json", draft(other, None))),
            None,
        ),
        (
            "somebody else's in their folder",
            |key, _, _| Some(("bob/j-1.outline.1.json", draft(key, Some("eve")))),
            None,
        ),
        (
            "an empty one",
            |key, _, _| {
                Some((
                    "bob/j-1.outline.1.json",
                    json!({ "key": key, "note": " ", "patch": null }),
                ))
            },
            None,
        ),
    ];
    for (what, kept, named) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (mut engine, key) = at_gate(folder.path()).await;
        if let Some((place, content)) = kept(&key, &other, &aside) {
            keep(folder.path(), place, &content.to_string());
        }
        let receipt = engine.done(from_draft_of(&key.job_id, "bob")).await;
        let decision = receipt.decision.unwrap().decision;
        // The decision stands either way.
        assert_eq!((decision.by(), decision.draft_by()), ("bea", named), "{what}");
        engine.close();
    }
}

#[tokio::test]
async fn drafts_and_marks_say_whose_they_are_and_a_question_reads_only_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, key) = at_gate(folder.path()).await;
    let digest = job(&mut engine, &key.job_id).await.gates[0].digest();
    keep(
        folder.path(),
        "b%e4cker/j-1.outline.1.json",
        &draft(&key, Some("bäcker")).to_string(),
    );
    // A former version kept this one: its folder is all that tells whose it is.
    keep(
        folder.path(),
        "ren%e9/j-1.outline.1.json",
        &draft(&key, None).to_string(),
    );
    let marks =
        json!({ "by": "zoë", "gates": [{ "job_id": "j-1", "stage": "outline", "attempt": 1, "digest": digest }] });
    keep(folder.path(), "zo%eb/marks", &marks.to_string());
    let old = json!({ "by": "cy", "gates": [{ "job_id": "j-1", "stage": "outline", "attempt": 1, "digest": "0".repeat(64) }] });
    keep(folder.path(), "cy/marks", &old.to_string());
    let mut said = marks;
    (said["by"], said["gates"][0]["context_digest"]) = (json!("dee"), json!("1".repeat(64)));
    keep(folder.path(), "dee/marks", &said.to_string());
    keep(folder.path(), "cy/j-9.outline.1.json", "{");

    let client = engine.client();
    let found = engine.beside(client.handovers(None)).await.unwrap();
    let left: Vec<_> = found.all.iter().map(|one| (one.by.as_str(), &one.gates[0])).collect();
    let left: Vec<_> = left
        .iter()
        .map(|(by, gate)| (*by, gate.draft.is_some(), gate.is_marked, gate.is_marked_otherwise))
        .collect();
    // What is under review is not what cy has marked, and its requester says otherwise than to dee.
    assert_eq!(
        left,
        [
            ("bäcker", true, false, false),
            ("cy", false, false, true),
            ("dee", false, false, true),
            ("ren%e9", true, false, false),
            ("zoë", false, true, false)
        ]
    );
    assert!(
        found.problems[0].contains("cy/j-9.outline.1.json is no draft"),
        "{:?}",
        found.problems
    );

    let of_gate = engine.beside(client.handovers_of(&key)).await.unwrap();
    let left: Vec<_> = of_gate.all.iter().map(|one| one.by.as_str()).collect();
    assert_eq!(left, ["bäcker", "ren%e9"]);
    assert!(
        of_gate.problems.is_empty(),
        "no other draft is read: {:?}",
        of_gate.problems
    );
    let of_rene = engine.beside(client.handovers(Some("rené".into()))).await.unwrap();
    assert!(of_rene.all[0].gates[0].draft.is_some());
    engine.close();
}
