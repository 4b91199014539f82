//! The person before a client: what they have open, and what they were shown.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::{Client, Reply, serving};
use crate::support::said::{assert_contains, assert_has};

const GATE: &str = "/api/v1/jobs/j-1/gates/script";

fn lease(client: &Client, session: &str, body: &Value) -> Reply {
    let headers = [("Holdpoint-Session", session)];
    client.send("PUT", &format!("{GATE}/lease"), &headers, body.to_string().as_bytes())
}

fn release(client: &Client, session: &str) -> Reply {
    client.send(
        "DELETE",
        &format!("{GATE}/lease"),
        &[("Holdpoint-Session", session)],
        b"",
    )
}

#[test]
fn a_lease_is_taken_renewed_taken_over_and_given_back() {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let shapes = Shapes::of(&ana);
    let taken = lease(&ana, "a", &json!({}));
    shapes.check("PUT", &format!("{GATE}/lease"), &taken);
    let taken = taken.expect(200);
    assert_has!(taken, "held_by": "ana");
    assert!(taken["stopped"].is_object(), "the timer stands: {taken}");
    // The same session renews it.
    lease(&ana, "a", &json!({"purpose": "composing", "attempt": 1})).expect(200);
    assert_eq!(workspace.count_events("j-1", "gate_held"), 1);
    // Another one of the same token does not, unless it means to.
    let refused = lease(&ana, "b", &json!({})).expect(503);
    assert_contains(&refused.to_string(), "ana has j-1 / script #1 open");
    lease(&ana, "b", &json!({"take_over": true})).expect(200);
    let kept = release(&ana, "a");
    shapes.check("DELETE", &format!("{GATE}/lease"), &kept);
    assert_has!(kept.expect(200), "held_by": "ana");
    assert_has!(release(&ana, "b").expect(200), "held_by": null, "stopped": null);
    for client in [served.view(), served.pipe()] {
        lease(&client, "a", &json!({})).expect(403);
        release(&client, "a").expect(403);
        client.post(&format!("{GATE}/seen"), &json!({})).expect(403);
    }
    let wrong = lease(&ana, "a", &json!({"purpose": "lunch"})).expect(422);
    assert_eq!(wrong["detail"][0]["msg"], "Input should be one of prompt, composing");
}

#[test]
fn a_client_that_took_the_lease_passes_over_nobody_when_it_decides() {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    for job in ["j-1", "j-2"] {
        workspace.ok(&["gate", "open", job, "script", "--artifact", "plan=plan.txt"]);
        let path = format!("/api/v1/jobs/{job}/gates/script/lease");
        ana.send("PUT", &path, &[], b"").expect(200);
    }
    let mut decided = ana.approve("j-1");
    assert_eq!(decided["decision"].get("overridden"), None, "{decided}");
    // Somebody else does.
    workspace.write(
        "conf/operator.yaml",
        workspace
            .read("conf/operator.yaml")
            .replace("name: pipe, role: pipeline", "name: bea, role: operator"),
    );
    let bea = served.pipe();
    while bea.act("j-2", "approve", &json!({})).status == 403 {}
    decided = workspace.json("decisions show j-2 script");
    assert_has!(decided, "by": "bea", "overridden": "ana");
}

#[test]
fn what_a_client_has_shown_counts_as_seen() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let shapes = Shapes::of(&ana);
    let digest = ana.get("/api/v1/gates").expect(200)[0]["digest"].clone();
    let seen = |shown: u32| {
        let look = json!({"digest": digest, "hunks": 2, "hunks_shown": shown});
        shapes.post(&format!("{GATE}/seen"), &look, 200)["seen"].clone()
    };
    assert_has!(seen(1), "0/by": "ana", "0/hunks": 2, "0/hunks_shown": 1);
    assert_has!(seen(2), "0/hunks_shown": 2);
    assert_has!(seen(0), "0/hunks_shown": 2);
    assert_eq!(workspace.count_events("j-1", "gate_seen"), 2);
    let wrong = shapes.post(&format!("{GATE}/seen"), &json!({"digest": "x", "hunks": -1}), 422);
    let faults: Vec<_> = wrong["detail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| &fault["loc"][1])
        .collect();
    assert_eq!(faults, ["digest", "hunks", "hunks_shown"]);
}

#[test]
fn of_two_clients_of_one_token_that_say_who_they_are_one_passes_over_the_other_on_purpose_alone() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    lease(&ana, "a", &json!({})).expect(200);
    let act = |session: &str, deed: &str, body: &Value| {
        let headers = [("Holdpoint-Session", session)];
        ana.send(
            "POST",
            &format!("/api/v1/jobs/j-1/{deed}"),
            &headers,
            body.to_string().as_bytes(),
        )
    };
    for deed in ["approve", "approve?dry_run=true", "reject", "gates/script/hold"] {
        let refused = act("b", deed, &json!({})).expect(503);
        assert_contains(&refused.to_string(), "ana has a prompt open on j-1 / script #1");
        assert_has!(refused, "hint": "PUT its lease with take_over first; the record names both");
    }
    let decided = act("a", "approve", &json!({})).expect(200);
    assert_eq!(decided["decision"].get("overridden"), None, "{decided}");
}
