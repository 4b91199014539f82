//! What an operator leaves to the next, on the command line.

use serde_json::json;

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

#[test]
fn what_is_held_and_half_written_is_printed_for_whoever_comes_next() {
    let workspace =
        Workspace::new("gates: {release: {required: true, auto_approve: true, auto_approve_after_s: 600}}\n");
    workspace.write("plan.txt", "one\n");
    for job in ["deploy-42", "deploy-43"] {
        workspace.ok(&format!("gate open {job} release --artifact plan=plan.txt"));
    }
    assert_contains(&workspace.ok("handover --by ana"), "ana leaves nothing");
    workspace.ok("--operator ana gate hold deploy-42 release --reason 'waits for legal'");
    let draft = json!({
        "key": { "job_id": "deploy-43", "stage": "release", "attempt": 1 }, "note": "the unit is wrong", "patch": null,
        "by": "ana", "written_at": "2026-01-01T00:00:00.000000+00:00",
    });
    workspace.write("runs/.drafts/ana/deploy-43.release.1.json", draft.to_string());
    let mut adopted = draft.clone();
    adopted["adopted"] = json!("ana");
    workspace.write("runs/.drafts/bea/deploy-43.release.1.json", adopted.to_string());
    workspace.write("runs/.drafts/cy/deploy-43.release.1.json", "{");

    let digest = workspace.json("gate show deploy-42 release")["digest"].clone();
    let marked = json!({ "job_id": "deploy-42", "stage": "release", "attempt": 1, "digest": digest });
    workspace.write(
        "runs/.drafts/ana/marks",
        json!({ "by": "ana", "gates": [marked] }).to_string(),
    );

    let shown = workspace.json("handover --by ana");
    assert_has!(shown, "gates/0/marked": true, "gates/1/marked": false,
        "gates/1/draft/written_at": "2026-01-01T00:00:00.000000+00:00");
    assert_contains(
        shown["problems"][0].as_str().unwrap(),
        "cy/deploy-43.release.1.json is no draft",
    );
    assert_eq!(shown["gates"].as_array().unwrap().len(), 2);
    assert_has!(shown, "by": "ana", "gates/0/job_id": "deploy-42", "gates/0/hold/reason": "waits for legal");
    assert!(shown["gates"][0]["stopped"]["left_seconds"].as_f64().unwrap() > 0.0);
    assert_has!(
        shown, "gates/1/job_id": "deploy-43", "gates/1/draft/contents": "note of a rejection",
        "gates/1/draft/first_words": "the unit is wrong", "gates/1/draft/adopted_by": ["bea"], "gates/1/hold": null
    );
    let shown = workspace.json("handover --by bea");
    assert_has!(shown, "gates/0/draft/adopted_from": "ana");
    let (told, noted) = workspace.run("handover --by ana", 0);
    for words in [
        "ana leaves 2 open gates",
        "held      ",
        "left, until ",
        ": waits for legal",
        "d ago, adopted by bea\n          the unit is wrong",
        "written   note of a rejection, ",
        "marked    to be decided with others\n",
    ] {
        assert_contains(&told, words);
    }
    assert_contains(&noted, "is no draft");
}
