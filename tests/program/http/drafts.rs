//! What is written about a gate and not sent, over HTTP.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::{Client, Reply, serving};
use crate::support::said::{assert_contains, assert_has};

const GATE: &str = "/api/v1/jobs/j-1/gates/script";

fn put(client: &Client, body: &Value) -> Reply {
    client.send("PUT", &format!("{GATE}/draft"), &[], body.to_string().as_bytes())
}

fn delete(client: &Client, query: &str) -> Reply {
    client.send("DELETE", &format!("{GATE}/draft{query}"), &[], b"")
}

#[test]
fn a_draft_is_its_writers_to_keep_and_everybodys_to_read() {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let (shapes, view) = (Shapes::of(&ana), served.view());
    shapes.get(&format!("{GATE}/draft"), 404);
    let body = json!({
        "rejection_note": "not yet",
        "comments": [{"artifact": "plan.txt", "line": 1, "text": "which one?"}],
        "patches": [{"artifact": "plan.txt", "text": "{\"type\": "}],
        "edits": [{"artifact": "artifacts/script/plan.txt", "text": "newer\n"}],
    });
    let kept = put(&ana, &body);
    shapes.check("PUT", &format!("{GATE}/draft"), &kept);
    let kept = kept.expect(200);
    let digest = ana.get("/api/v1/gates").expect(200)[0]["artifacts"][0]["sha256"].clone();
    assert_has!(kept, "put_aside": null, "draft/by": "ana", "draft/rejection_note": "not yet", "draft/approval_note": "",
        "draft/comments/0/artifact": "artifacts/script/plan.txt", "draft/comments/0/sha256": digest, "draft/comments/0/side": "new",
        "draft/patch/text": "{\"type\": ", "draft/edits/0/text": "newer\n", "draft/edits/0/sha256": digest);
    // It is a draft like any other.
    let handed = workspace.ok("handover --by ana");
    assert_contains(&handed, "note of a rejection");
    assert_eq!(shapes.get("/api/v1/drafts", 200)["drafts"][0], kept["draft"]);
    assert_eq!(shapes.get(&format!("{GATE}/draft"), 200), kept["draft"]);
    assert_eq!(
        shapes.get(&format!("{GATE}/drafts"), 200)["drafts"],
        json!([kept["draft"]])
    );
    assert_eq!(
        view.get(&format!("{GATE}/draft?by=ana&attempt=1")).expect(200),
        kept["draft"]
    );
    assert_eq!(view.get("/api/v1/drafts").expect(200)["drafts"], json!([]));
    view.get(&format!("{GATE}/draft")).expect(404);
    for client in [&view, &served.pipe()] {
        put(client, &body).expect(403);
        delete(client, "").expect(403);
    }
    // Whoever has read it writes on; what nobody says they have read is put aside.
    let upon = kept["draft"]["written_at"].clone();
    let next = put(&ana, &json!({"rejection_note": "never", "upon": upon})).expect(200);
    assert_has!(next, "put_aside": null, "draft/rejection_note": "never", "draft/patch": null);
    let other = put(&ana, &json!({"approval_note": "fine", "upon": upon})).expect(200);
    assert_has!(other, "put_aside/rejection_note": "never", "draft/approval_note": "fine");
    let removed = delete(&ana, "?attempt=1");
    shapes.check("DELETE", &format!("{GATE}/draft"), &removed);
    assert_has!(removed.expect(200), "draft": null, "put_aside/approval_note": "fine");
    assert_has!(delete(&ana, "").expect(200), "draft": null, "put_aside": null);
    assert!(!workspace.exists("runs/.drafts/ana/j-1.script.1.json"));
}

#[test]
fn a_draft_that_could_be_about_nothing_is_refused() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let said = |artifact: &str| json!({"comments": [{"artifact": artifact, "line": 1, "text": "x"}]});
    let refused = put(&ana, &said("other.txt")).expect(422);
    assert_contains(&refused.to_string(), "other.txt is no artifact of j-1 / script #1");
    put(&ana, &json!({"comments": [{"artifact": "plan.txt", "line": 0}]})).expect(422);
    put(&ana, &json!({"attempt": 2, "rejection_note": "no"})).expect(404);
    delete(&ana, "?upon=noon").expect(422);
    put(&ana, &said("plan.txt")).expect(200);
    ana.approve("j-1");
    put(&ana, &said("plan.txt")).expect(409);
    // It can still be removed.
    assert_has!(delete(&ana, "").expect(200), "put_aside/comments/0/text": "x");
}
