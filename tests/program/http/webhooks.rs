//! Webhooks as a receiver sees them: signed, in order, at least once under one id, and never in the
//! way of a decision.

use std::net::TcpListener;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::client::{Served, configuration};
use crate::support::receiver::{OK, Receiver, Reply, Script};
use crate::support::run::{Workspace, printed};
use crate::support::said::{assert_contains, assert_has, assert_lacks};

pub(super) const SECRET: &str = "a secret of two parties";
const SIGNED: (&str, &str) = ("HOLDPOINT_TEST_SECRET", SECRET);

/// `chat` is told at the receiver's address; `more` are keys of it.
fn told(address: std::net::SocketAddr, more: &str) -> Workspace {
    let webhook = format!(
        "webhooks:\n  - {{name: chat, url: 'http://{address}/in/T0K3N?x=1', secret_env: HOLDPOINT_TEST_SECRET{more}}}\n"
    );
    Workspace::new(&configuration(&webhook))
}

/// Not the first, then all.
const NEVER_ONCE: Script = |number| match number {
    0 => Reply::Never,
    _ => Reply::Status("200 OK"),
};

/// A receiver that answers so, and a workspace that tells it.
fn told_by(more: &str, script: Script) -> (Receiver, Workspace) {
    let receiver = Receiver::start(script);
    let workspace = told(receiver.address, more);
    (receiver, workspace)
}

/// Serves as the leader.
fn serve(workspace: &Workspace) -> Served {
    let served = Served::start_with(workspace, &[SIGNED]);
    served.until("this process leads");
    served
}

fn kinds<const N: usize>(receiver: &Receiver) -> [String; N] {
    std::array::from_fn(|_| receiver.next().kind().to_owned())
}

pub(super) fn standing(workspace: &Workspace) -> Value {
    workspace.json("webhooks")[0].clone()
}

/// Waits until the outbox says so; the receiver hears before the sender notes.
#[track_caller]
fn until(workspace: &Workspace, key: &str, value: &Value) -> Value {
    // Asking takes a moment itself; so many times is more than anything here takes.
    for _ in 0..5_000 {
        let standing = standing(workspace);
        if standing[key] == *value {
            return standing;
        }
    }
    panic!("never {key} {value}: {}", standing(workspace));
}

#[test]
fn what_happens_is_told_once_in_order_and_signed() {
    let (receiver, workspace) = told_by("", OK);
    let served = serve(&workspace);
    let ana = served.ana();
    let id = ana.start_job("tides");
    let opened = receiver.next();
    opened.verify(SECRET.as_bytes());
    assert_eq!(opened.path, "/in/T0K3N?x=1");
    assert_eq!(
        [opened.kind(), opened.header("x-holdpoint-attempt")],
        ["gate_opened", "1"]
    );
    assert_eq!(opened.header("content-type"), "application/json");
    let body = opened.json();
    assert_has!(body, "id": opened.id(), "type": "gate_opened");
    assert_has!(body, "job/id": id, "job/slug": "tides");
    assert_has!(body, "gate/stage": "outline", "gate/state": "open");
    assert_has!(body, "event/type": "gate_opened", "decision": null);
    // Decided by another process, which knows nothing of webhooks.
    workspace.ok(&format!("gate approve {id} outline --notes good"));
    let decided = receiver.next();
    decided.verify(SECRET.as_bytes());
    assert_eq!(decided.kind(), "gate_decided");
    assert_eq!(decided.json()["decision"], workspace.decision(&id, "outline"));
    assert_eq!(receiver.next().kind(), "gate_opened");
    ana.act(&id, "cancel", &json!({})).expect(200);
    assert_eq!(receiver.next().kind(), "gate_canceled");
    let ended = receiver.next();
    assert_eq!(ended.kind(), "job_ended");
    assert_eq!(ended.json()["event"]["type"], "job_canceled");
    let standing = until(&workspace, "delivered", &json!(5));
    assert_has!(standing, "waiting": 0, "lost": 0, "fault": null);
    assert_eq!(standing["origin"], json!(format!("http://{}", receiver.address)));
    let metrics = ana.get("/metrics").text();
    for line in [
        "holdpoint_webhook_delivered_total{webhook=\"chat\"} 5",
        "holdpoint_webhook_waiting{webhook=\"chat\"} 0",
        "holdpoint_webhook_lost_total{webhook=\"chat\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(receiver.rest().is_empty(), "nothing twice");
}

#[test]
fn neither_the_secret_nor_the_address_is_shown_anywhere() {
    let (_receiver, workspace) = told_by("", |_| Reply::Status("404 Not Found"));
    let served = serve(&workspace);
    let ana = served.ana();
    ana.start_job("tides");
    let said = served.until("not delivered");
    let listed = until(&workspace, "fault", &json!("the receiver answered 404")).to_string();
    let shown = workspace.ok("config show");
    let over_http = ana.get("/api/v1/config/operator").text();
    let metrics = ana.get("/metrics").text();
    for text in [&said, &listed, &shown, &over_http, &metrics] {
        assert_lacks(text, "T0K3N");
        assert_lacks(text, SECRET);
    }
    let wrong = configuration(
        "webhooks:\n  - {name: chat, url: 'ftp://T0K3N', secret_env: SOME_T0K3N, remind_before_s: T0K3N, tell: T0K3N}\n",
    );
    workspace.write("wrong.yaml", wrong);
    let text = printed(&workspace.under(&[], "config check --config wrong.yaml"));
    assert_contains(&text, "webhooks[0].url");
    assert_lacks(&text, "T0K3N");
    assert_lacks(&text, "ftp:");
}

#[test]
fn what_fails_comes_again_with_the_same_id_and_bytes_and_the_order_stays() {
    let (receiver, workspace) = told_by("", |number| match number {
        0 => Reply::Status("500 Internal Server Error"),
        1 => Reply::Status("503 Service Unavailable\r\nRetry-After: 1"),
        // Elsewhere is nobody that the operator named.
        2 => Reply::Status("307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/"),
        _ => Reply::Status("200 OK"),
    });
    let served = serve(&workspace);
    let ana = served.ana();
    let id = ana.start_job("tides");
    let first = receiver.next();
    ana.approve(&id);
    for attempt in 2..=4 {
        let again = receiver.next();
        again.verify(SECRET.as_bytes());
        again.is_attempt(attempt, &first);
    }
    assert_eq!(kinds::<2>(&receiver), ["gate_decided", "gate_opened"]);
    until(&workspace, "delivered", &json!(3));
}

#[test]
fn a_receiver_that_was_down_is_told_when_it_is_back_also_by_another_process() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let workspace = told(address, "");
    let served = serve(&workspace);
    let id = served.ana().start_job("tides");
    served.until("not delivered: the connection failed: connection refused");
    served.leaves();
    // Nobody leads while this happens.
    workspace.ok(&format!("gate approve {id} outline"));
    let receiver = Receiver::on(TcpListener::bind(address).unwrap(), OK);
    let _served = serve(&workspace);
    assert_eq!(kinds::<3>(&receiver), ["gate_opened", "gate_decided", "gate_opened"]);
}

#[test]
fn a_crash_between_sending_and_noting_sends_again_under_the_same_id() {
    let (receiver, workspace) = told_by("", OK);
    let killed = Served::start_with(&workspace, &[SIGNED, ("HOLDPOINT_CRASH_AT", "webhook_answered")]);
    killed.until("this process leads");
    // The answer may die with the process that gives it.
    let _ = killed
        .ana()
        .try_send("POST", "/api/v1/jobs", &[], br#"{"slug": "tides", "intent": "a test"}"#);
    let first = receiver.next();
    let id = first.json()["job"]["id"].as_str().unwrap().to_owned();
    assert_eq!(killed.ended(), None, "SIGKILL");
    let served = serve(&workspace);
    let second = receiver.next();
    assert_eq!((second.id(), &second.bytes), (first.id(), &first.bytes));
    served.ana().approve(&id);
    assert_eq!(receiver.next().kind(), "gate_decided");
    until(&workspace, "delivered", &json!(3));
}

#[test]
fn a_receiver_that_never_answers_keeps_no_decision_waiting() {
    let (receiver, workspace) = told_by(", events: [gate_opened, gate_decided]", NEVER_ONCE);
    let served = serve(&workspace);
    let ana = served.ana();
    let first = ana.start_job("held");
    let held = receiver.next();
    assert_eq!(held.json()["job"]["id"], json!(first));
    // All of this happens while the sender waits for its answer.
    for number in 0..10 {
        let id = ana.start_job(&format!("job-{number}"));
        ana.approve(&id);
    }
    assert!(
        receiver.rest().is_empty(),
        "the sender still waits for the first answer"
    );
    let again = receiver.next();
    assert_eq!(again.id(), held.id());
    let mut seqs = Vec::new();
    for _ in 0..30 {
        seqs.push(receiver.next().json()["event"]["seq"].as_u64().unwrap());
    }
    assert!(seqs.is_sorted(), "{seqs:?}");
    until(&workspace, "delivered", &json!(31));
}

#[test]
fn what_a_receiver_refuses_for_good_is_given_up_and_seen() {
    let (receiver, workspace) = told_by("", |number| match number {
        0 | 1 => Reply::Status("400 Bad Request"),
        _ => Reply::Status("200 OK"),
    });
    let served = serve(&workspace);
    let id = served.ana().start_job("tides");
    receiver.next();
    until(&workspace, "failed_attempts", &json!(1));
    served.leaves();
    // As after a quarter of a minute: the next attempt is the last.
    workspace.edit(
        "UPDATE delivery SET attempts = 5, refusals = 5, due_at = 0 WHERE state = 'waiting'",
        1,
    );
    let served = serve(&workspace);
    served.until("given up after 6 attempts: the receiver answered 400");
    served.ana().approve(&id);
    receiver.until("gate_decided");
    let standing = until(&workspace, "delivered", &json!(2));
    assert_has!(standing, "lost": 1, "given_up/0/kind": "gate_opened");
    assert_contains(&workspace.ok("webhooks"), "chat");
}

#[test]
fn one_refusal_after_many_other_failures_is_the_first() {
    let (receiver, workspace) = told_by("", |number| match number {
        0 => Reply::Status("503 Service Unavailable"),
        1 => Reply::Status("404 Not Found"),
        _ => Reply::Status("200 OK"),
    });
    let served = serve(&workspace);
    served.ana().start_job("tides");
    receiver.next();
    until(&workspace, "failed_attempts", &json!(1));
    served.leaves();
    // As after a minute of a receiver that starts.
    workspace.edit(
        "UPDATE delivery SET attempts = 5, due_at = 0 WHERE state = 'waiting'",
        1,
    );
    let _served = serve(&workspace);
    assert_eq!(receiver.next().header("x-holdpoint-attempt"), "6", "refused");
    until(&workspace, "failed_attempts", &json!(6));
    // The seventh comes in half a minute; nobody has to wait for it.
    assert_has!(standing(&workspace), "lost": 0, "waiting": 1);
}

#[test]
fn while_the_database_takes_nothing_the_same_delivery_is_not_sent_again() {
    // The first attempt is under way for ten seconds: time enough to lock the database.
    let (receiver, workspace) = told_by("", NEVER_ONCE);
    let served = serve(&workspace);
    served.ana().start_job("tides");
    let first = receiver.next();
    let database = Connection::open(workspace.runs().join("holdpoint.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    served.until("note what was told to webhooks");
    database.execute_batch("ROLLBACK").unwrap();
    let second = receiver.next();
    // How the first attempt ended was noted before the next.
    second.is_attempt(2, &first);
    until(&workspace, "delivered", &json!(1));
    assert!(receiver.rest().is_empty());
}

#[test]
fn after_a_saved_configuration_what_is_under_way_is_not_sent_by_another_thread() {
    let (receiver, workspace) = told_by("", NEVER_ONCE);
    let served = serve(&workspace);
    served.ana().start_job("tides");
    let first = receiver.next();
    let saved = workspace
        .read("conf/operator.yaml")
        .replace("script: {", "script: {max_hold_s: 7, ");
    workspace.write("conf/operator.yaml", saved);
    served.until("the configuration was saved and is in force");
    let second = receiver.next();
    // The successor waited for the end of the first attempt.
    second.is_attempt(2, &first);
    until(&workspace, "delivered", &json!(1));
    assert!(receiver.rest().is_empty());
}

#[test]
fn what_waits_for_a_webhook_that_was_taken_out_is_void_after_a_day() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let workspace = told(address, "");
    let served = serve(&workspace);
    served.ana().start_job("tides");
    served.ana().start_job("dunes");
    until(&workspace, "waiting", &json!(2));
    served.leaves();
    workspace.edit(
        "UPDATE delivery SET since = since - 25 * 3600 * 1000000 WHERE seq = (SELECT min(seq) FROM delivery)",
        1,
    );
    workspace.write("conf/operator.yaml", configuration(""));
    let _served = serve(&workspace);
    let standing = until(&workspace, "waiting", &json!(1));
    assert_has!(standing, "lost": 0, "origin": null);
    assert_contains(&workspace.ok("webhooks"), "not configured");
}

#[test]
fn an_open_gate_is_told_of_once_more_before_its_deadline_and_after_a_while() {
    let receiver = Receiver::start(OK);
    let workspace = told(
        receiver.address,
        ", events: [gate_reminder], remind_before_s: 3599, remind_after_s: 2",
    );
    let served = serve(&workspace);
    let ana = served.ana();
    // No timer: only the one after a while.
    let id = ana.start_job("tides");
    let reminder = receiver.next();
    reminder.verify(SECRET.as_bytes());
    let body = reminder.json();
    assert_has!(body, "type": "gate_reminder", "gate/stage": "outline");
    assert_eq!(body["gate"]["state"], "open");
    // A timer of an hour: one a second after its opening, one two seconds after.
    ana.approve(&id);
    let two: Vec<_> = (0..2).map(|_| receiver.next()).collect();
    assert!(two.iter().all(|one| one.json()["gate"]["stage"] == "script"));
    assert_ne!(two[0].id(), two[1].id());
    // What is decided in time is not told of.
    let quick = ana.start_job("quick");
    ana.approve(&quick);
    ana.approve(&quick);
    until(&workspace, "reminders", &json!(0));
    until(&workspace, "waiting", &json!(0));
    assert_eq!(standing(&workspace)["delivered"], json!(3));
}
