//! What is typed in a console elsewhere: on its own disk first, and then a draft like any other.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::proxy::{Deed, Proxy};
use super::{Elsewhere, until};
use crate::console::desk::Desk;
use crate::support::client::{Client, Served, serving};
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

/// The draft about the one gate, below a directory of drafts.
const DRAFT: &str = ".drafts/ana/j-1.deploy.1.json";

fn waiting() -> (Workspace, Served, Client) {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    (workspace, served, ana)
}

/// Opens the note of an approval in a console elsewhere, and types `slow`.
fn typing(workspace: &Workspace, there: &Elsewhere) -> Desk {
    let mut desk = there.desk();
    desk.sees(" open ");
    desk.selects("j-1", "deploy", 1);
    desk.press("a");
    desk.asked(workspace, "APPROVE j-1");
    desk.sees_after("Tab", "type the note");
    desk.press("s l o w");
    desk.sees("note: slow");
    desk
}

/// What `ana` leaves, as soon as it has this in it.
fn left(workspace: &Workspace, words: &str) -> Value {
    workspace.json_until("handover --by ana", |left| left.to_string().contains(words))
}

/// The draft that lies on the other machine's own disk; none: none does.
fn on_desk(there: &Elsewhere) -> Option<String> {
    let desk = there.machine.root();
    let servers = std::fs::read_dir(desk.join(".local/state/holdpoint/servers"));
    let mut servers = servers.into_iter().flatten().map(|entry| entry.unwrap().path());
    std::fs::read_to_string(servers.next()?.join(DRAFT)).ok()
}

#[test]
fn what_is_typed_elsewhere_is_seen_by_whoever_takes_over_and_gone_when_it_is_sent() {
    let (workspace, served, _ana) = waiting();
    let there = Elsewhere::of(&served, "ana-token");
    let mut desk = typing(&workspace, &there);
    let handed = left(&workspace, "slow");
    assert_contains(&handed.to_string(), "note of an approval");
    until(|| on_desk(&there).is_none());
    // A thin line is not asked for each key: what is typed while a text rests goes with it.
    desk.press("e r");
    desk.sees("note: slower");
    left(&workspace, "slower");
    desk.sees_after("Tab", "[Enter] approve");
    desk.confirms("Approved j-1");
    until(|| !workspace.exists(&format!("runs/{DRAFT}")));
    desk.leaves();
}

#[test]
fn a_console_that_leaves_has_what_was_typed_last_sent() {
    let (workspace, served, _ana) = waiting();
    let there = Elsewhere::of(&served, "ana-token");
    let mut desk = typing(&workspace, &there);
    desk.pty.terminate(Signal::SIGTERM);
    desk.pty.wait_exit();
    assert_contains(&workspace.read(&format!("runs/{DRAFT}")), "slow");
    drop(desk);
    // The next console anywhere has it.
    let other = Elsewhere::of(&served, "ana-token");
    desk = other.desk();
    desk.sees("your draft");
    desk.pty.kill9();
}

#[test]
fn what_is_typed_while_the_line_is_lost_survives_the_console_and_is_reconciled() {
    let (workspace, served, _ana) = waiting();
    let there = Elsewhere::of(&served, "ana-token");
    let port = served.address.port();
    let desk = typing(&workspace, &there);
    left(&workspace, "slow");
    served.signal(Signal::SIGKILL);
    drop(served);
    desk.sees("cannot be reached");
    let mut desk = desk;
    desk.press("e r");
    desk.sees("note: slower");
    until(|| on_desk(&there).is_some_and(|text| text.contains("slower")));
    desk.pty.kill9();
    desk.pty.wait_exit();
    assert!(!workspace.read(&format!("runs/{DRAFT}")).contains("slower"));
    let served = Served::on_port(&workspace, port);
    let again = there.desk();
    again.sees(" open ");
    left(&workspace, "slower");
    until(|| on_desk(&there).is_none());
    again.pty.kill9();
    drop(served);
}

#[test]
fn two_consoles_of_one_operator_lose_no_word_of_each_other() {
    let (workspace, served, ana) = waiting();
    let there = Elsewhere::of(&served, "ana-token");
    let mut desk = typing(&workspace, &there);
    let handed = left(&workspace, "slow");
    // Another console, which has begun from nothing.
    let written = workspace.read(&format!("runs/{DRAFT}"));
    let mut other: Value = serde_json::from_str(&written).unwrap();
    other["approval_note"] = "ugly".into();
    other["written_at"] = ana.get("/api/v1/session").expect(200)["now"]["utc"].clone();
    let ask = json!([{"ask": "keep_draft", "of": {"draft": other}}]);
    let kept = ana.post("/api/v1/questions", &ask).expect(200);
    assert_eq!(kept[0]["answer"]["kept"]["aside"]["approval_note"], "slow", "{handed}");
    desk.press("e r");
    desk.sees("note: slower");
    desk.sees("Another console of yours has written about");
    left(&workspace, "slower");
    let aside = std::fs::read_dir(workspace.root().join("runs/.drafts/ana/discarded")).unwrap();
    let texts = aside.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    assert!(texts.into_iter().any(|text| text.contains("ugly")));
    desk.pty.kill9();
}

#[test]
fn of_marks_the_later_ones_count_wherever_they_were_set() {
    let (workspace, served, ana) = waiting();
    let there = Elsewhere::of(&served, "ana-token");
    let desk = there.desk();
    desk.sees(" open ");
    desk.leaves();
    let servers = there.machine.root().join(".local/state/holdpoint/servers");
    let server = std::fs::read_dir(servers).unwrap().next().unwrap().unwrap().path();
    let marks = server.join(".drafts/ana/marks");
    std::fs::create_dir_all(marks.parent().unwrap()).unwrap();
    let mark = |stage: &str| {
        let digest = "0".repeat(64);
        json!({"job_id": "j-1", "stage": stage, "attempt": 1, "digest": digest})
    };
    let here = |stage: &str, at: &str| {
        let kept = json!({"by": "ana", "gates": [mark(stage)], "written_at": at});
        std::fs::write(&marks, kept.to_string()).unwrap();
    };
    let ask = |ask: &str, of: Value| {
        ana.post("/api/v1/questions", &json!([{"ask": ask, "of": of}]))
            .expect(200)[0]
            .clone()
    };
    let there_now = || ask("own_drafts", json!({}))["answer"]["marks"][0]["stage"].clone();
    let keep = |stage: &str, at: &str| ask("keep_marks", json!({"gates": [mark(stage)], "written_at": at}));
    keep("script", "2026-01-02T00:00:00Z");
    // Marks that came late change nothing.
    keep("deploy", "2026-01-01T00:00:00Z");
    assert_eq!(there_now(), "script");
    here("deploy", "2026-01-01T00:00:00Z");
    let desk = there.desk();
    desk.sees(" open ");
    until(|| !marks.exists());
    desk.leaves();
    assert_eq!(there_now(), "script");
    here("deploy", "2026-01-03T00:00:00Z");
    let desk = there.desk();
    desk.sees(" open ");
    until(|| there_now() == "deploy");
    until(|| !marks.exists());
    desk.leaves();
    assert_eq!(there_now(), "deploy");
    drop(workspace);
}

#[test]
fn who_only_looks_keeps_no_drafts() {
    let (_workspace, served, _ana) = waiting();
    let draft = json!({"key": {"job_id": "j-1", "stage": "deploy", "attempt": 1}, "note": "x", "patch": null});
    let ask = json!([
        {"ask": "keep_draft", "of": {"draft": draft}},
        {"ask": "keep_marks", "of": {"gates": []}},
        {"ask": "own_drafts", "of": {}},
    ]);
    let told = served.view().post("/api/v1/questions", &ask).expect(200);
    assert_eq!(told[0]["refused"]["code"], "not_allowed", "{told}");
    assert_eq!(told[1]["refused"]["code"], "not_allowed", "{told}");
    assert_eq!(told[2]["answer"]["drafts"], json!([]));
}

#[test]
fn an_answer_that_is_lost_makes_no_copy_of_a_draft() {
    let (workspace, served, _ana) = waiting();
    let keeps = |body: &[u8]| String::from_utf8_lossy(body).contains("keep_draft");
    let proxy = Proxy::before(served.address, move |request| match keeps(&request.body) {
        true if request.number % 2 == 0 => Deed::LoseAnswer,
        true => Deed::Twice,
        false => Deed::Pass,
    });
    let there = Elsewhere::at(proxy.address, "ana-token");
    let mut desk = typing(&workspace, &there);
    left(&workspace, "slow");
    desk.press("e r");
    desk.sees("note: slower");
    left(&workspace, "slower");
    until(|| on_desk(&there).is_none());
    assert!(!workspace.exists("runs/.drafts/ana/discarded"));
    desk.pty.kill9();
}
