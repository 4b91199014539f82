//! What goes over the line, and what does not go twice.

use domain::ids::Digest;
use serde_json::{Value, json};

use super::Elsewhere;
use crate::support::client::{Client, Reply, serving};
use crate::support::pty::patience;

const SESSION: (&str, &str) = ("holdpoint-session", "1 a");

fn ask(client: &Client, asked: &Value) -> Reply {
    client.send("POST", "/api/v1/questions", &[SESSION], asked.to_string().as_bytes())
}

/// The text of the only answer.
fn answer(reply: &Reply) -> String {
    let text = reply.text();
    let answer = text
        .strip_prefix("[{\"answer\":")
        .and_then(|text| text.strip_suffix("}]"));
    answer.unwrap_or_else(|| panic!("no whole answer: {text}")).to_owned()
}

fn mark(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()[..16].to_owned()
}

#[test]
fn of_an_answer_that_the_asker_has_only_what_is_new_is_told() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    let open = |job: &str| workspace.ok(&format!("gate open {job} script --artifact plan=plan.txt"));
    for job in ["j-1", "j-2", "j-3"] {
        open(job);
    }
    let whole = answer(&ask(&ana, &json!([{"ask": "queue", "of": {}}])));
    let again = json!([{"ask": "queue", "of": {}, "has": mark(&whole)}]);
    let told = ask(&ana, &again).json();
    assert_eq!(told, json!([{"pieces": [[0, whole.len()]]}]));
    open("j-4");
    let told = ask(&ana, &again).json();
    let pieces = told[0]["pieces"].as_array().unwrap();
    let text = pieces.iter().map(|piece| match piece.as_str() {
        Some(new) => new.to_owned(),
        None => {
            let [from, bytes] = [0, 1].map(|part| usize::try_from(piece[part].as_u64().unwrap()).unwrap());
            whole[from..from + bytes].to_owned()
        }
    });
    let text: String = text.collect();
    assert!(told.to_string().len() * 2 < text.len(), "{told}");
    assert!(text.contains("j-4") && serde_json::from_str::<Value>(&text).unwrap().is_array());
    // Another session was told nothing, and one that lost an answer has another.
    let other = ana.send(
        "POST",
        "/api/v1/questions",
        &[("holdpoint-session", "2 b")],
        again.to_string().as_bytes(),
    );
    assert_eq!(answer(&other), text);
    assert_eq!(answer(&ask(&ana, &again)), text, "has: what was told before the last");
}

#[test]
fn what_came_of_a_command_is_told_in_pieces_of_its_job() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let job = answer(&ask(&ana, &json!([{"ask": "job", "of": {"id": "j-1"}}])));
    let hold = |submission: &str, has: &str| {
        let gate = json!({"job_id": "j-1", "stage": "script", "attempt": 1});
        let command = json!({"take_lease": {"gate": gate, "purpose": "prompt", "is_takeover": false}});
        let body =
            json!({"surface": "console", "commands": [{"submission": submission, "command": command, "has": has}]});
        ana.send("POST", "/api/v1/commands", &[SESSION], body.to_string().as_bytes())
            .expect(200)[0]
            .clone()
    };
    let (told, whole) = (hold("a", &mark(&job)), hold("b", "0000000000000000"));
    assert!(whole["done"].is_object(), "{whole}");
    assert!(told["pieces"].is_array(), "{told}");
    assert!(told.to_string().len() * 2 < whole.to_string().len(), "{told}");
}

#[test]
fn a_holdpoint_is_sent_no_headers_for_browsers_and_its_news_compressed() {
    let (_workspace, _served, ana) = serving("");
    let asked = json!([{"ask": "queue", "of": {}}]);
    assert_eq!(ask(&ana, &asked).header("content-security-policy"), None);
    assert!(
        ana.post("/api/v1/questions", &asked)
            .header("content-security-policy")
            .is_some()
    );
    let news = |headers: &[(&str, &str)]| {
        use std::io::Read;
        let mut stream = ana.open("GET", "/api/v1/news/stream", headers, b"").unwrap();
        let mut bytes = Vec::new();
        // The first sign of life comes at once: what is compressed is not kept back.
        while !bytes.ends_with(b"\r\n") || bytes.windows(4).filter(|part| part == b"\r\n\r\n").count() < 1 {
            let mut piece = [0; 1024];
            let read = stream.read(&mut piece).unwrap();
            bytes.extend_from_slice(&piece[..read]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert!(news(&[("accept-encoding", "gzip")]).contains("content-encoding: gzip"));
    assert!(!news(&[]).contains("content-encoding"));
}

#[test]
fn versions_come_once_and_those_of_the_next_gate_before_it_is_selected() {
    let (workspace, served, _ana) = serving("");
    workspace.write("old.txt", "a\nb\n");
    workspace.write("one.txt", "a\none\n");
    workspace.write("two.txt", "a\ntwo\n");
    workspace.ok("gate open j-1 script --artifact plan=one.txt --base old.txt");
    workspace.ok("gate open j-2 script --artifact plan=two.txt --base old.txt");
    let there = Elsewhere::of(&served, "ana-token");
    let folder = format!(".local/state/holdpoint/servers/{}/.fetched", served.address);
    let is_there = |text: &str| {
        there
            .machine
            .exists(&format!("{folder}/{}", Digest::of(text.as_bytes())))
    };
    let one = there.desk();
    // The most urgent one is selected.
    one.sees(" 2 + one");
    let until = std::time::Instant::now() + patience();
    while !["a\nb\n", "a\none\n", "a\ntwo\n"].into_iter().all(is_there) {
        assert!(std::time::Instant::now() < until, "the next gate was not read ahead");
    }
    one.leaves();
    // They are the same bytes for every console of this machine, as long as the server has them so.
    let mut two = there.desk();
    two.sees(" open ");
    two.selects("j-2", "script", 1);
    two.sees(" 2 + two");
    two.leaves();
}
