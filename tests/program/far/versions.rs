//! A client and a server of different versions. There is no other version to be had: a proxy says
//! what one would.

use serde_json::{Value, json};

use super::proxy::{Deed, Proxy, said};
use super::{Elsewhere, until};
use crate::support::client::serving;
use crate::support::said::assert_contains;

const SESSION: &str = "GET /api/v1/session";
const QUESTIONS: &str = "POST /api/v1/questions";
const COMMANDS: &str = "POST /api/v1/commands";
const NEWS: &str = "GET /api/v1/news/stream";

/// A proxy before a server that calls itself this version, and says this of one path.
fn of_version(
    served: &crate::support::client::Served,
    version: &'static str,
    path: &'static str,
    text: impl Fn() -> Deed + Send + Sync + 'static,
) -> Proxy {
    let address = served.address;
    let session = served.ana().get("/api/v1/session?surface=cli").expect(200);
    Proxy::before(address, move |request| {
        let what = request.what.split('?').next().unwrap();
        match what {
            _ if what == path => text(),
            SESSION => {
                let mut session = session.clone();
                session["version"] = version.into();
                said("200 OK", "", &session.to_string())
            }
            _ => Deed::Pass,
        }
    })
}

#[test]
fn a_newer_server_that_answers_otherwise_is_told_with_the_side_to_upgrade() {
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let newer = "runs holdpoint 999.0.0, this is ";
    // Its answer has another shape.
    let proxy = of_version(&served, "999.0.0", QUESTIONS, || {
        said("200 OK", "", r#"[{"answer": {"rows": 1}}]"#)
    });
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate list", 1);
    assert_contains(&told, newer);
    assert_contains(&told, ": upgrade this one");
    // It may have done it: nobody is told that it was refused.
    let proxy = of_version(&served, "999.0.0", COMMANDS, || {
        said("200 OK", "", r#"[{"later": {}}]"#)
    });
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate approve j-1 deploy", 1);
    assert_contains(&told, "whether it was done is not known");
    // A kind of refusal that is not known here is one all the same.
    let refused = r#"[{"refused": {"code": "on_fire", "message": "the building burns", "hint": null, "where": null}}]"#;
    let proxy = of_version(&served, "999.0.0", COMMANDS, || said("200 OK", "", refused));
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate approve j-1 deploy", 1);
    assert_contains(&told, "the building burns");
    // What it says of itself cannot be read.
    let session = r#"{"version": "999.0.0", "who": "ana"}"#;
    let proxy = of_version(&served, "", SESSION, || said("200 OK", "", session));
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate list", 1);
    assert_contains(&told, newer);
    assert_contains(&told, ": upgrade this one");
}

#[test]
fn an_older_server_that_does_not_know_the_question_is_told_with_the_side_to_upgrade() {
    let (_workspace, served, ana) = serving("");
    // What a server says of a question, a field and a command that it does not know.
    let asked =
        json!([{"ask": "weather", "of": {}}, {"ask": "queue", "of": {"by": "bea"}}, {"ask": "queue", "of": {}}]);
    let told = ana.post("/api/v1/questions", &asked).expect(200);
    for (place, why) in [(0, "nobody can be asked for weather here"), (1, "unknown field `by`")] {
        assert_eq!(told[place]["refused"]["code"], "not_understood", "{told}");
        assert_contains(told[place]["refused"]["message"].as_str().unwrap(), why);
        assert_contains(told[place]["refused"]["hint"].as_str().unwrap(), "upgrade that one");
    }
    assert!(told[2]["answer"].is_array(), "{told}");
    // And such a server is told by its client.
    let first = told[0].clone();
    let proxy = of_version(&served, "0.0.1", QUESTIONS, move || {
        said("200 OK", "", &json!([first]).to_string())
    });
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate list", 1);
    assert_contains(&told, "runs holdpoint 0.0.1, this is ");
    assert_contains(&told, ": upgrade that one");
    // One that is so old that it knows nothing of this.
    let proxy = of_version(&served, "", SESSION, || {
        said("404 Not Found", "", r#"{"detail": "Not Found"}"#)
    });
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate list", 1);
    assert_contains(&told, "may be older than that: upgrade that one");
}

#[test]
fn a_command_that_is_not_known_hinders_no_other_and_no_field_is_passed_over() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let gate = json!({"job_id": "j-1", "stage": "script", "attempt": 1});
    let hold = |more: Value| {
        let mut hold = json!({"hold": {"gate": gate, "reason": null}});
        hold["hold"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        hold
    };
    let commands = [
        json!({"teleport": {"gate": gate}}),
        hold(json!({"only_if": "nobody looks"})),
        hold(json!({})),
    ];
    let commands: Vec<_> = (0..)
        .zip(commands)
        .map(|(number, command)| json!({"submission": format!("s-{number}"), "command": command}))
        .collect();
    let told = ana
        .post("/api/v1/commands", &json!({"surface": "cli", "commands": commands}))
        .expect(200);
    for place in [0, 1] {
        assert_eq!(told[place]["refused"]["code"], "not_understood", "{told}");
    }
    assert_contains(
        told[1]["refused"]["message"].as_str().unwrap(),
        "unknown field `only_if`",
    );
    assert!(told[2]["done"].is_object(), "{told}");
    assert_eq!(workspace.count_events("j-1", "gate_held"), 1);
}

#[test]
fn events_of_a_newer_server_are_not_passed_over_in_silence() {
    let (workspace, served, _ana) = serving("");
    let event = |seq: u64, kind: &str| {
        json!({
            "seq": seq, "ts": "2026-11-30T09:00:00Z", "job_id": "j-1", "type": kind, "stage": "deploy",
            "status": "waiting", "message": "up and away", "payload": {},
        })
    };
    let news = format!(
        "event: events\ndata: {}\n\n",
        json!([event(1_000_000, "gate_teleported")])
    );
    let answer = move || said("200 OK", "Content-Type: text/event-stream\r\n", &news);
    let proxy = of_version(&served, "999.0.0", NEWS, answer);
    let there = Elsewhere::at(proxy.address, "ana-token");
    let desk = there.desk();
    desk.sees("! not all of the news can be read");
    // The rows are read all the same.
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    desk.sees("1 open");
    // What was told is not asked for again.
    let asked = |proxy: &Proxy| {
        proxy
            .requests(NEWS)
            .iter()
            .any(|one| one.what.contains("since=1000000"))
    };
    until(|| asked(&proxy));
    desk.leaves();
}

#[test]
fn news_that_end_before_they_begin_are_trouble_and_not_asked_for_without_a_pause() {
    let (_workspace, served, _ana) = serving("");
    let answer = || said("200 OK", "Content-Type: text/event-stream\r\n", "");
    let proxy = of_version(&served, "0.0.1", NEWS, answer);
    let there = Elsewhere::at(proxy.address, "ana-token");
    let desk = there.desk();
    desk.sees("ended its news before it told any");
    until(|| proxy.requests(NEWS).len() >= 3);
    let asked = proxy.requests(NEWS);
    assert!(
        asked
            .windows(2)
            .all(|pair| (pair[1].at - pair[0].at).as_millis() >= 400)
    );
    desk.leaves();
}
