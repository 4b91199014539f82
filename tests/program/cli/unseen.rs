//! The unseen rule as commands, HTTP, the forecast and webhooks tell it.

use serde_json::json;

use crate::http::shapes::Shapes;
use crate::support::client::{GATES, Served, configuration, serving_on};
use crate::support::receiver::{OK, Receiver};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends, assert_has};

fn gates(after_s: u64, unseen: &str) -> String {
    format!("gates:\n  outline: {{auto_approve: true, auto_approve_after_s: {after_s}, unseen: {unseen}}}\n")
}

#[test]
fn what_the_timer_will_do_is_said_everywhere() {
    let text = configuration("").replace(GATES, &gates(3600, "hold"));
    let (workspace, _served, ana) = serving_on(Workspace::new(&text));
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let gate = &shapes.get(&format!("/api/v1/jobs/{id}/gates/status"), 200)["gates"][0];
    assert_has!(gate, "on_timeout": "approve", "unseen": "hold", "at_zero": "hold", "doubt": "unseen");
    let listed = workspace.ok("gate list");
    assert_contains(&listed, " hold ");
    let shown = workspace.ok(&format!("gate show {id} outline"));
    assert_contains(&shown, ", then hold, unless somebody is shown the whole change\n");
    assert_contains(&shown, "the timer: approve after 1h00m, unseen hold\n");
    let moved = workspace.ok(&format!("gate extend {id} outline 5m"));
    assert_contains(&moved, "the timer will hold at ");
    assert_contains(&moved, ", unless somebody is shown the whole change; at most ");
    let told = shapes.get("/api/v1/forecast?until=3h", 200);
    assert_has!(told["ends"][0], "verdict": "holds", "on_timeout": "approve", "unseen": "hold");
    assert_eq!(
        told["ends"][0]["sentences"],
        json!(["Then the time is up, and only a person decides, because nobody was shown the whole change."])
    );
    assert_contains(&workspace.ok("forecast --until 3h"), "approve after 1h00m, unseen hold");
}

#[test]
fn a_gate_that_nobody_was_shown_is_held_at_zero_and_webhooks_are_told() {
    let receiver = Receiver::start(OK);
    let webhook = format!(
        "webhooks:\n  - {{name: chat, url: 'http://{}/', secret_env: HOLDPOINT_TEST_SECRET}}\n",
        receiver.address
    );
    let workspace = Workspace::new(&configuration(&webhook).replace(GATES, &gates(1, "hold")));
    let served = Served::start_with(&workspace, &[("HOLDPOINT_TEST_SECRET", "a secret of two parties")]);
    served.until("this process leads");
    let ana = served.ana();
    let id = ana.start_job("tides");
    assert_eq!(receiver.next().kind(), "gate_opened");
    let held = receiver.next();
    assert_eq!(held.kind(), "gate_held");
    let body = held.json();
    assert_has!(body, "gate/state": "open", "gate/held_by_policy": true, "gate/at_zero": "hold", "gate/doubt": "unseen");
    assert_has!(body, "event/payload/reason": "unseen", "decision": null);
    assert_ends(
        body["message"].as_str().unwrap(),
        "outline #1 is held at zero: nobody was shown the whole change; only a person may decide",
    );
    let shown = workspace.ok(&format!("gate show {id} outline"));
    assert_contains(
        &shown,
        "(left: held); only a person decides: nobody was shown the whole change\n",
    );
    workspace.refused(&format!("gate hold {id} outline"), 1);
    workspace.ok(&format!("gate approve {id} outline"));
}

#[test]
fn a_gate_that_nobody_was_shown_may_be_rejected_and_the_chain_stays_whole() {
    let workspace = Workspace::new(&configuration("").replace(GATES, &gates(1, "reject")));
    let (workspace, _served, ana) = serving_on(workspace);
    let id = ana.start_job("tides");
    workspace.run(&format!("gate wait {id} outline"), 3);
    let decision = workspace.decision(&id, "outline");
    assert_has!(decision, "by": "timer", "approved": false, "unseen": "reject");
    assert_contains(decision["notes"].as_str().unwrap(), "nobody was shown the whole change");
    workspace.ok("decisions verify");
}
