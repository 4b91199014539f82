//! Messages to chats, phones and pagers, as their services would receive them: whole bodies.

use serde_json::{Value, json};

use super::webhooks::standing;
use crate::support::client::{Served, configuration};
use crate::support::receiver::{Delivered, OK, Receiver, Reply, Script};
use crate::support::run::{Workspace, printed};
use crate::support::said::{assert_contains, assert_has, assert_lacks};

const SECRET: &str = "T0K3N-of-the-service";
const SET: (&str, &str) = ("HOLDPOINT_TEST_SECRET", SECRET);

/// A server that tells a receiver.
struct Told {
    receiver: Receiver,
    workspace: Workspace,
    served: Served,
}

impl Told {
    /// In this format; `path` is the rest of the address, `more` are keys of the webhook.
    fn start(format: &str, path: &str, more: &str) -> Self {
        Self::by(OK, format, path, more)
    }

    fn by(script: Script, format: &str, path: &str, more: &str) -> Self {
        let receiver = Receiver::start(script);
        let webhook = format!(
            "webhooks:\n  - {{name: chat, format: {format}, url: 'http://{}{path}'{more}}}\n",
            receiver.address
        );
        let text = configuration(&webhook).replace("server: {", "server: {public_url: 'https://hold.example/', ");
        let workspace = Workspace::new(&text);
        let served = Served::start_with(&workspace, &[SET]);
        served.until("this process leads");
        Self {
            receiver,
            workspace,
            served,
        }
    }

    /// What is told of a gate with a title and reasons.
    fn opened(&self) -> Delivered {
        self.workspace.write("plan.txt", "first\nsecond\n");
        self.workspace.ok(&[
            "gate",
            "open",
            "deploy-7",
            "script",
            "--artifact",
            "plan=plan.txt",
            "--title",
            "Release of 2.4",
            "--why",
            "fixes *it* for <@U1>",
            "--severity",
            "high",
            "--requester",
            "pipeline",
        ]);
        let opened = self.receiver.next();
        assert_eq!(opened.kind(), "gate_opened");
        assert!(opened.headers.iter().all(|(name, _)| name != "x-holdpoint-signature"));
        opened
    }

    fn decided(&self) -> Delivered {
        let notes = json!({"stage": "script", "notes": "fine"});
        self.served.ana().act("deploy-7", "approve", &notes).expect(200);
        let decided = self.receiver.next();
        assert_eq!(decided.kind(), "gate_decided");
        decided
    }

    /// The secret stands nowhere but on the line.
    fn kept_secret(self) {
        let listed = standing(&self.workspace).to_string();
        let shown = self.workspace.ok("config show");
        self.served.leaves();
        let database = std::fs::read(self.workspace.runs().join("holdpoint.db")).unwrap();
        let kept = String::from_utf8_lossy(&database).into_owned();
        for text in [listed, shown, kept] {
            assert_lacks(&text, SECRET);
        }
    }
}

/// The body without what differs from run to run: times become `NOW`, the deadline `THEN`.
fn steady(delivered: &Delivered) -> Value {
    let mut body = delivered.json();
    tame(&mut body);
    body
}

fn tame(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tame),
        Value::Object(keys) => {
            for (key, value) in keys {
                if key == "timestamp" {
                    assert!(value.as_str().unwrap().ends_with("+00:00"), "{value}");
                    *value = json!("NOW");
                }
                tame(value);
            }
        }
        Value::String(text) => {
            let lines = text.lines().map(|line| match line.find("Z (") {
                Some(at) if line.ends_with(" left), then approve") => {
                    let name = line.get(..at.saturating_sub(19)).unwrap();
                    format!("{name}THEN, then approve")
                }
                _ => line.to_owned(),
            });
            let tamed = lines.collect::<Vec<_>>().join("\n");
            if !text.ends_with('\n') && tamed != *text {
                *text = tamed;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

const COMMANDS: [&str; 3] = [
    "holdpoint --server https://hold.example gate show deploy-7 script",
    "holdpoint --server https://hold.example gate approve deploy-7 script",
    "holdpoint --server https://hold.example gate reject deploy-7 script",
];
const LINK: &str = "https://hold.example/api/v1/jobs/deploy-7/gates/script/diff";
const TITLE: &str = "Decision wanted: Release of 2.4 (script of deploy-7)";

/// What is told of the gate, in order.
const FACTS: [(&str, &str); 7] = [
    ("Job", "deploy-7: a pipeline of its own opens the gates"),
    ("Stage", "script"),
    ("Severity", "high"),
    ("Asked by", "pipeline"),
    ("Why", "fixes *it* for <@U1>"),
    ("Changed", "artifacts/script/plan.txt +2 -0"),
    ("Deadline", "THEN, then approve"),
];

#[test]
fn slack_gets_blocks_at_an_address_that_has_the_secret() {
    let told = Told::start(
        "slack",
        "/services/T0/B0/{secret}",
        ", secret_env: HOLDPOINT_TEST_SECRET",
    );
    let opened = told.opened();
    assert_eq!(opened.path, format!("/services/T0/B0/{SECRET}"));
    let mut lines = Vec::new();
    for (number, (name, text)) in FACTS.iter().enumerate() {
        let end = if number == 0 { "" } else { "\n" };
        lines.push(json!({"type": "text", "text": format!("{end}{name}: "), "style": {"bold": true}}));
        lines.push(json!({"type": "text", "text": text}));
    }
    lines.push(json!({"type": "text", "text": "\n"}));
    lines.push(json!({"type": "link", "url": LINK}));
    assert_eq!(
        steady(&opened),
        json!({
            "text": TITLE,
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": TITLE, "emoji": false}},
                {"type": "rich_text", "elements": [
                    {"type": "rich_text_section", "elements": lines},
                    {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": COMMANDS.join("\n")}]},
                ]},
            ],
            "unfurl_links": false,
            "unfurl_media": false,
        })
    );
    let decided = told.decided();
    assert_eq!(
        decided.json()["text"],
        "Approved by ana: Release of 2.4 (script of deploy-7)"
    );
    assert_contains(&decided.json()["blocks"].to_string(), "\"fine\"");
    told.kept_secret();
}

#[test]
fn teams_gets_an_adaptive_card_and_needs_no_secret() {
    let told = Told::start(
        "teams",
        "/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=x",
        "",
    );
    let opened = told.opened();
    let block = |runs: Value| json!({"type": "RichTextBlock", "inlines": runs});
    let mut blocks = vec![block(json!([{
        "type": "TextRun", "text": TITLE, "size": "medium", "weight": "bolder", "color": "warning",
    }]))];
    for (name, text) in FACTS {
        blocks.push(block(json!([
            {"type": "TextRun", "text": format!("{name}: "), "weight": "bolder"},
            {"type": "TextRun", "text": text},
        ])));
    }
    for command in COMMANDS {
        blocks.push(block(
            json!([{"type": "TextRun", "text": command, "fontType": "monospace"}]),
        ));
    }
    assert_eq!(
        steady(&opened),
        json!({"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": TITLE,
                "body": blocks,
                "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": LINK}],
                "msteams": {"width": "Full"},
            },
        }]})
    );
}

#[test]
fn discord_gets_an_embed_that_mentions_nobody() {
    let told = Told::start(
        "discord",
        "/api/webhooks/1/{secret}",
        ", secret_env: HOLDPOINT_TEST_SECRET",
    );
    let opened = told.opened();
    assert_eq!(opened.path, format!("/api/webhooks/1/{SECRET}"));
    let title = r"Decision wanted\: Release of 2\.4 \(script of deploy\-7\)";
    assert_eq!(
        steady(&opened),
        json!({
            "content": title,
            "allowed_mentions": {"parse": []},
            "embeds": [{
                "title": title,
                "color": 0xe0_a000,
                "timestamp": "NOW",
                "url": LINK,
                "fields": [
                    {"name": "Job", "value": r"deploy\-7\: a pipeline of its own opens the gates"},
                    {"name": "Stage", "value": "script"},
                    {"name": "Severity", "value": "high"},
                    {"name": "Asked by", "value": "pipeline"},
                    {"name": "Why", "value": r"fixes \*it\* for \<\@U1\>"},
                    {"name": "Changed", "value": r"artifacts\/script\/plan\.txt \+2 \-0"},
                    {"name": "Deadline", "value": opened.json()["embeds"][0]["fields"][6]["value"]},
                    {"name": "To decide", "value": format!("```\n{}\n```", COMMANDS.join("\n"))},
                ],
            }],
        })
    );
    told.kept_secret();
}

#[test]
fn ntfy_gets_its_topic_in_the_body_and_the_token_in_a_header() {
    let told = Told::start("ntfy", "/holdpoint-ops", ", secret_env: HOLDPOINT_TEST_SECRET");
    let opened = told.opened();
    assert_eq!(opened.path, "/");
    assert_eq!(opened.header("authorization"), format!("Bearer {SECRET}"));
    let facts = FACTS.iter().map(|(name, text)| format!("{name}: {text}"));
    let lines: Vec<_> = facts.chain(COMMANDS.iter().map(ToString::to_string)).collect();
    assert_eq!(
        steady(&opened),
        json!({
            "topic": "holdpoint-ops",
            "title": TITLE,
            "message": lines.join("\n"),
            "priority": 4,
            "tags": ["warning"],
            "click": LINK,
        })
    );
    assert_has!(told.decided().json(), "priority": 2, "topic": "holdpoint-ops");
    told.kept_secret();
}

#[test]
fn pagerduty_gets_an_incident_that_the_decision_resolves() {
    let told = Told::start("pagerduty", "/v2/enqueue", ", secret_env: HOLDPOINT_TEST_SECRET");
    let opened = told.opened();
    assert_eq!(opened.path, "/v2/enqueue");
    let mut details: serde_json::Map<_, _> = FACTS
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect();
    details.insert("To decide".to_owned(), json!(COMMANDS));
    assert_eq!(
        steady(&opened),
        json!({
            "routing_key": SECRET,
            "event_action": "trigger",
            "dedup_key": "holdpoint/deploy-7/script",
            "client": "holdpoint",
            "client_url": LINK,
            "links": [{"href": LINK, "text": "Open in holdpoint"}],
            "payload": {
                "summary": TITLE,
                "source": "https://hold.example",
                "severity": "error",
                "timestamp": "NOW",
                "component": "deploy-7",
                "group": "script",
                "custom_details": details,
            },
        })
    );
    let decided = told.decided().json();
    assert_has!(decided, "event_action": "resolve", "dedup_key": "holdpoint/deploy-7/script", "routing_key": SECRET);
    told.kept_secret();
}

#[test]
fn what_fails_is_told_without_the_secret() {
    for (format, path) in [
        ("slack", "/services/{secret}"),
        ("ntfy", "/{secret}"),
        ("pagerduty", "/v2/enqueue"),
    ] {
        let told = Told::by(
            |_| Reply::Status("404 Not Found"),
            format,
            path,
            ", secret_env: HOLDPOINT_TEST_SECRET",
        );
        told.opened();
        let said = told.served.until("not delivered");
        assert_contains(&said, "the receiver answered 404");
        assert_lacks(&said, SECRET);
        told.kept_secret();
    }
}

#[test]
fn what_does_not_go_together_is_refused_when_the_configuration_is_read() {
    let workspace = Workspace::new(&configuration(""));
    for (keys, said) in [
        ("format: slak, url: 'https://h/x'", "there is no such format"),
        (
            "format: json, url: 'https://h/x'",
            "webhooks[0].secret_env: a webhook needs it",
        ),
        ("format: pagerduty, url: 'https://h/x'", "with the integration key"),
        (
            "format: slack, url: 'https://h/x', secret_env: HOLDPOINT_A",
            "nothing uses the secret",
        ),
        (
            "format: slack, url: 'https://h/{secret}'",
            "there is no secret for {secret}",
        ),
        (
            "format: slack, url: 'https://{secret}/x', secret_env: HOLDPOINT_A",
            "{secret} stands once, behind the host",
        ),
        (
            "format: json, url: 'https://h/{secret}', secret_env: HOLDPOINT_A",
            "is no part of the address",
        ),
        (
            "format: ntfy, url: 'https://ntfy.sh'",
            "this address names no topic of ntfy",
        ),
        (
            "format: ntfy, url: 'https://ntfy.sh/a?b=c'",
            "this address names no topic of ntfy",
        ),
        (
            "format: pagerduty, url: 'https://h/x', secret_env: HOLDPOINT_A, events: [last_call, gate_decided]",
            "its incidents stay open: it is not told of every end of a gate   hint: add gate_canceled",
        ),
    ] {
        workspace.write(
            "wrong.yaml",
            configuration(&format!("webhooks:\n  - {{name: chat, {keys}}}\n")),
        );
        assert_contains(
            &printed(&workspace.under(&[], "config check --config wrong.yaml")),
            said,
        );
    }
    let wrong = configuration("").replace("server: {", "server: {public_url: 'https://h/?x', ");
    workspace.write("wrong.yaml", wrong);
    let text = printed(&workspace.under(&[], "config check --config wrong.yaml"));
    assert_contains(&text, "server.public_url: this text is no address of a server");
}
