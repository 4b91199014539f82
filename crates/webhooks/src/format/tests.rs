//! What a service would make of texts that somebody else wrote. Bodies of real deliveries are in
//! `tests/program/http/webhook_formats.rs`.

use domain::context::Severity;
use domain::time::Timestamp;
use domain::webhook::WebhookFormat;
use serde_json::{Value, json};

use super::body;
use crate::message::{Call, Message};

const HOSTILE: &str = "<!channel> @everyone **x** [a](https://evil.example) `b` _c_ <@U1> &amp; \u{1b}[31m\u{202e}z";

fn message(text: &str) -> Message {
    let mut message = Message::new(
        Call::Decide(Severity::Normal),
        text,
        "holdpoint/j/s".to_owned(),
        Timestamp::from_micros(1_795_000_000_000_000),
    );
    message.fact("Why", text);
    message.fact("Nothing", " \n ");
    message.commands.push("holdpoint gate approve j s".to_owned());
    message
}

fn read(format: WebhookFormat, message: &Message) -> Value {
    serde_json::from_str(&body(format, message).unwrap()).unwrap()
}

const SERVICES: [WebhookFormat; 5] = [
    WebhookFormat::Slack,
    WebhookFormat::Teams,
    WebhookFormat::Discord,
    WebhookFormat::Ntfy,
    WebhookFormat::PagerDuty,
];

#[test]
fn nothing_that_somebody_wrote_is_a_mention_a_link_or_a_control_character() {
    let message = message(HOSTILE);
    for format in SERVICES {
        let body = body(format, &message).unwrap();
        for unseen in ["\\u001b", "\u{1b}", "\u{202e}", "\\u202e", "Nothing"] {
            assert!(!body.contains(unseen), "{format} has {unseen:?}: {body}");
        }
    }
    // Slack reads mrkdwn in the text alone; what stands in blocks is taken as it is.
    let slack = read(WebhookFormat::Slack, &message);
    let text = slack["text"].as_str().unwrap();
    assert!(text.starts_with("&lt;!channel&gt; @everyone"), "{text}");
    assert!(!text.contains('<'), "{text}");
    assert_eq!(slack["blocks"][0]["text"]["type"], "plain_text");
    assert_eq!(slack["blocks"][1]["type"], "rich_text");
    let teams = body(WebhookFormat::Teams, &message).unwrap();
    assert!(
        !teams.contains("TextBlock\",\"text") && !teams.contains("FactSet"),
        "these read Markdown: {teams}"
    );
    let discord = read(WebhookFormat::Discord, &message);
    assert_eq!(discord["allowed_mentions"], json!({"parse": []}));
    let value = discord["embeds"][0]["fields"][0]["value"].as_str().unwrap();
    assert!(
        value.starts_with(r"\<!channel\> \@everyone \*\*x\*\* \[a\]\(https\:\/\/evil\.example\) \`b\` \_c\_"),
        "{value}"
    );
    assert!(read(WebhookFormat::Ntfy, &message)["markdown"].is_null(), "plain text");
}

#[test]
fn every_limit_of_a_service_is_kept() {
    let mut long = message(&"*ü".repeat(5000));
    for name in ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"] {
        long.fact(name, &"_語".repeat(5000));
    }
    let chars = |value: &Value| value.as_str().unwrap().chars().count();
    let slack = read(WebhookFormat::Slack, &long);
    assert!(chars(&slack["blocks"][0]["text"]["text"]) <= 150);
    let discord = read(WebhookFormat::Discord, &long);
    let embed = &discord["embeds"][0];
    let fields = embed["fields"].as_array().unwrap();
    assert!(fields.len() <= 25 && chars(&embed["title"]) <= 256 && chars(&discord["content"]) <= 2000);
    let mut all = chars(&embed["title"]);
    for field in fields {
        let (name, value) = (chars(&field["name"]), chars(&field["value"]));
        assert!(name <= 256 && (1..=1024).contains(&value), "{field}");
        all += name + value;
    }
    assert!(all <= 6000, "{all}");
    let ntfy = read(WebhookFormat::Ntfy, &long);
    let text = ntfy["message"].as_str().unwrap();
    assert!(text.len() <= 4096 && text.ends_with('…'), "{}", text.len());
    let pagerduty = read(WebhookFormat::PagerDuty, &long);
    assert!(chars(&pagerduty["payload"]["summary"]) <= 1024);
    assert!(body(WebhookFormat::Teams, &long).unwrap().len() <= 28 * 1024);
}

#[test]
fn a_decision_resolves_what_its_gate_triggered() {
    let mut message = message("x");
    let opened = read(WebhookFormat::PagerDuty, &message);
    assert_eq!(opened["event_action"], "trigger");
    assert_eq!(opened["payload"]["severity"], "warning");
    message.call = Call::Over;
    let decided = read(WebhookFormat::PagerDuty, &message);
    assert_eq!(decided["event_action"], "resolve");
    assert_eq!(decided["dedup_key"], opened["dedup_key"]);
}
