//! Tokens that end, and tokens that are limited to stages.

use serde_json::{Value, json};

use crate::support::client::{Follow, Served, configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_starts};

/// A server whose configuration has these lines among its tokens too.
fn serving_with(workspace: Workspace, lines: &[&str]) -> (Workspace, Served) {
    let more = lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
    let text = configuration("").replace("  tokens:\n", &format!("  tokens:\n{more}"));
    workspace.write("conf/operator.yaml", text);
    let (workspace, served, _) = serving_on(workspace);
    (workspace, served)
}

fn made(workspace: &Workspace, args: &str) -> (String, String) {
    let made = workspace.json(args);
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("token"), text("line"))
}

#[test]
fn a_token_that_has_expired_opens_nothing_and_what_it_had_opened_ends_with_that_reason() {
    let workspace = Workspace::new(&configuration(""));
    let (token, line) = made(&workspace, "token new lea --role operator --expires 2h");
    let (workspace, served) = serving_with(workspace, &[&line]);
    let lea = served.as_(&token);
    let id = lea.start_job("tides");
    let (mut follow, mut news) = (
        lea.follow_job(&id),
        lea.follow("/api/v1/news/stream?surface=console", &[]),
    );
    let session = lea.get("/api/v1/session").expect(200);
    assert_contains(
        &line,
        &format!("expires: \"{}Z\"", &session["expires"].as_str().unwrap()[..19]),
    );
    assert_eq!(served.ana().get("/api/v1/session").expect(200)["expires"], Value::Null);
    workspace.set_clocks(2 * 3600, 2 * 3600);
    let refused = lea.get("/api/v1/jobs").expect(401)["detail"].clone();
    assert_starts(refused.as_str().unwrap(), "the token of lea expired at ");
    let (_, last) = follow.until("closing");
    assert_eq!(last["message"], refused);
    while news.next().unwrap().1 != refused {}
    assert!(news.next().is_none());
    served.ana().get("/api/v1/jobs").expect(200);
}

/// How many events and how many bytes a stream has to tell that nobody reads.
const MANY: usize = 10_500;
const SAID_BYTES: usize = 16 * 1024 * 1024;

/// A server with a token that ends in two hours, and streams of its holder's with much to tell, of
/// which only the first is read; how many things each has to tell.
fn much_to_tell() -> (Workspace, Served, String, [(Follow, usize); 3]) {
    let workspace = Workspace::new(&configuration(""));
    let (token, line) = made(&workspace, "token new lea --role viewer --expires 2h");
    let (workspace, served) = serving_with(workspace, &[&line]);
    let speaks = format!(
        "pipeline: {{stages: [{{name: script, command: [/bin/sh, -c, 'head -c {SAID_BYTES} /dev/zero | tr \\000 a']}}]}}\n"
    );
    workspace.write("conf/operator.yaml", workspace.read("conf/operator.yaml") + &speaks);
    let lea = served.as_(&token);
    let mut id = String::new();
    while id.is_empty() || lea.get(&format!("/api/v1/jobs/{id}/logs/script")).status != 200 {
        id = served.ana().start_job("tides");
    }
    let log = format!("/api/v1/jobs/{id}/logs/script");
    while lea.get(&log).expect(200)["is_ended"] != true {}
    let more = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) \
         INSERT INTO event (ts, job_id, type, stage, status, message, payload) \
         SELECT ts, job_id, type, stage, status, message || hex(zeroblob(500)), payload FROM event, n WHERE seq = 1"
    );
    workspace.edit(&more, MANY);
    let streams = [
        (format!("/api/v1/jobs/{id}/events/stream?since=0"), MANY),
        ("/api/v1/news/stream?since=0".to_owned(), MANY / 64),
        (format!("{log}/stream?offset=0"), SAID_BYTES / (64 * 1024)),
    ];
    let streams = streams.map(|(path, most)| {
        let mut stream = lea.follow(&path, &[]);
        stream.next().expect("it begins");
        (stream, most)
    });
    (workspace, served, token, streams)
}

/// Reads streams to their end, which comes before all was told.
#[track_caller]
fn end_with(streams: [(Follow, usize); 3], is_why: impl Fn(&str) -> bool) {
    for (mut stream, most) in streams {
        let (mut told, mut last) = (0, Value::Null);
        while let Some((_, next)) = stream.next() {
            (told, last) = (told + 1, next);
        }
        let why = last.as_str().or(last["message"].as_str());
        assert!(why.is_some_and(&is_why), "{last}");
        assert!(told < most, "all of it was told");
    }
}

#[test]
fn a_stream_with_much_to_tell_ends_with_its_token_too() {
    let (workspace, served, token, streams) = much_to_tell();
    workspace.set_clocks(2 * 3600, 2 * 3600);
    let why = served.as_(&token).get("/api/v1/jobs").expect(401)["detail"].clone();
    end_with(streams, |said| said == why);
}

#[test]
fn a_stream_with_much_to_tell_ends_when_the_server_leaves() {
    let (_workspace, served, _token, streams) = much_to_tell();
    served.terminate();
    // It takes no more connections once it leaves.
    while std::net::TcpStream::connect(served.address).is_ok() {}
    end_with(streams, |said| said.starts_with("holdpoint is leaving"));
}

#[test]
fn a_token_for_some_stages_keeps_drafts_and_marks_there_alone() {
    let workspace = Workspace::new(&configuration(""));
    let (lea, line) = made(&workspace, "token new lea --role operator --stages script");
    let (workspace, served) = serving_with(workspace, &[&line]);
    let lea = served.as_(&lea);
    let key = |stage: &str| json!({"job_id": "j-1", "stage": stage, "attempt": 1});
    let ask = |ask: &str, of: Value| {
        lea.post("/api/v1/questions", &json!([{"ask": ask, "of": of}]))
            .expect(200)[0]
            .clone()
    };
    let keep = |stage: &str| {
        ask(
            "keep_draft",
            json!({"draft": {"key": key(stage), "note": "no", "patch": null}}),
        )
    };
    let refused = keep("outline");
    assert_eq!(
        refused["refused"]["message"],
        "the token of lea is limited to the stage script; this is about outline"
    );
    assert!(keep("script")["answer"].is_object());
    let digest = "0".repeat(64);
    let marked = |stage: &str| {
        let mut mark = key(stage);
        mark["digest"] = json!(digest);
        mark
    };
    ask("keep_marks", json!({"gates": [marked("outline"), marked("script")]}));
    let own = ask("own_drafts", json!({}))["answer"].clone();
    assert_eq!(own["marks"].as_array().map(Vec::len), Some(1), "{own}");
    assert_eq!(own["marks"][0]["stage"], "script", "{own}");
    assert_eq!(own["drafts"].as_array().map(Vec::len), Some(1), "{own}");
    assert!(!workspace.exists("runs/.drafts/lea/j-1.outline.1.json"));
}

#[test]
fn a_token_for_some_stages_changes_nothing_elsewhere_by_whichever_way_it_comes() {
    let workspace = Workspace::new(&configuration(""));
    let (lea, lea_line) = made(&workspace, "token new lea --role operator --stages script");
    let (bot, bot_line) = made(&workspace, "token new bot --role pipeline --stages script,audio");
    let (workspace, served) = serving_with(workspace, &[&lea_line, &bot_line]);
    let (lea, bot) = (served.as_(&lea), served.as_(&bot));
    let opened =
        |stage: &str| json!({"stage": stage, "artifacts": [{"kind": "t", "name": "a.txt", "content": "one\n"}]});
    let no = |stage: &str| format!("the token of lea is limited to the stage script; this is about {stage}");
    bot.act("j-1", "gates", &opened("script")).expect(201);
    let refused = bot.act("j-1", "gates", &opened("outline")).expect(403);
    assert_eq!(
        refused["detail"],
        "the token of bot is limited to the stages script, audio; this is about outline"
    );
    served.ana().act("j-2", "gates", &opened("outline")).expect(201);
    let patch = json!({"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]});
    for (deed, body) in [
        ("approve", json!({"stage": "outline"})),
        ("approve?dry_run=true", json!({"stage": "outline"})),
        (
            "reject",
            json!({"comments": [{"artifact": "a.txt", "line": 1, "text": "no"}]}),
        ),
        ("gates/outline/hold", json!({})),
        ("gates/outline/extend", json!({"seconds": 60})),
        ("gates/outline/withdraw", json!({})),
        ("patches/outline/apply", patch.clone()),
        ("patches/outline/apply?dry_run=true", patch.clone()),
    ] {
        let refused = lea.act("j-2", deed, &body).expect(403);
        assert_eq!(refused["detail"], no("outline"), "{deed}");
        assert_eq!(refused["code"], "not_allowed");
    }
    for deed in ["cancel", "complete"] {
        let refused = lea.act("j-2", deed, &json!({})).expect(403);
        assert_contains(refused["detail"].as_str().unwrap(), "this is about the whole job");
    }
    // What it is limited to, it may do, one by one also where several are asked for at once.
    lea.act("j-1", "patches/script/apply", &patch).expect(200);
    let decide = |job: &str, stage: &str| {
        json!({"decide": {
            "gate": {"job_id": job, "stage": stage, "attempt": 1}, "verdict": "reject", "notes": "no", "comments": [],
            "draft_by": null, "patch": null, "digest": null, "context_digest": null,
        }})
    };
    let foresee = json!([{"ask": "foresee", "of": {"commands": [decide("j-2", "outline"), decide("j-1", "script")]}}]);
    let foreseen = lea.post("/api/v1/questions", &foresee).expect(200)[0]["answer"].clone();
    assert_eq!(foreseen[0]["Err"]["message"], no("outline"), "{foreseen}");
    assert!(foreseen[1]["Ok"].is_object(), "{foreseen}");
    let submitted = |name: &str, command: Value| json!({"submission": name, "command": command});
    let both = [
        submitted("s-1", decide("j-2", "outline")),
        submitted("s-2", decide("j-1", "script")),
    ];
    let body = json!({"surface": "console", "commands": both});
    let told = lea.post("/api/v1/commands", &body).expect(200);
    assert_eq!(told[0]["refused"]["message"], no("outline"), "{told}");
    assert!(told[1]["done"].is_object(), "{told}");
    // A paused job stands at a stage: whoever may reject there may resume there.
    served.ana().act("j-2", "reject", &json!({"notes": "no"})).expect(200);
    assert_eq!(
        lea.act("j-2", "resume", &json!({})).expect(403)["detail"],
        no("outline")
    );
    lea.act("j-1", "resume", &json!({})).expect(200);
    // Reading is not limited, and what lea may not do has left no trace.
    lea.get("/api/v1/jobs/j-2/gates/status").expect(200);
    let by_lea = workspace
        .events("j-2")
        .iter()
        .filter(|event| event.to_string().contains("lea"))
        .count();
    assert_eq!(by_lea, 0);
}

#[test]
fn what_is_printed_for_a_token_is_what_the_configuration_takes() {
    let workspace = Workspace::new(&configuration(""));
    let made = workspace.json("token new lea --role operator --expires 2999-01-01 --stages script,outline");
    assert_eq!(made["expires"], "2999-01-01T00:00:00.000000+00:00");
    assert_eq!(made["stages"], json!(["script", "outline"]));
    let line = made["line"].as_str().unwrap();
    assert_contains(line, ", expires: \"2999-01-01T00:00:00Z\", stages: [script, outline]}");
    let with = |line: &str| {
        let text = configuration("").replace("  tokens:\n", &format!("  tokens:\n    {line}\n"));
        workspace.write("conf/operator.yaml", text);
        workspace.ok("config check")
    };
    assert_contains(&with(line), "conf/operator.yaml: ok\n");
    let soon = workspace.json("token new lea --role operator --expires 6d")["line"].clone();
    assert_contains(
        &with(soon.as_str().unwrap()),
        "conf/operator.yaml:8:122: warning: security.tokens[0].expires: this token expires within 7 days   hint: ",
    );
    workspace.set_clocks(6 * 86_400, 6 * 86_400);
    assert_contains(
        &workspace.ok("config check"),
        "this token has expired: it opens nothing",
    );
    for (args, why) in [
        (
            "--role operator --expires yesterday",
            "\"yesterday\" is no time: write 2027-01-01",
        ),
        (
            "--role operator --expires 2020-01-01",
            "2020-01-01 00:00:00Z has passed",
        ),
        ("--role viewer --stages script", "a viewer changes nothing"),
    ] {
        let code = if args.contains("viewer") { 1 } else { 2 };
        assert_contains(&workspace.refused(&format!("token new lea {args}"), code), why);
    }
}
