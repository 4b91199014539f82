//! PagerDuty's Events API v2: a gate that opens triggers an incident, its decision resolves it.

use domain::context::Severity;
use serde_json::{Map, Value, json};

use crate::message::{Call, Message, cut};

const SUMMARY_CHARS_MAX: usize = 1024;

/// All but the routing key.
pub(super) fn body(message: &Message) -> Value {
    let severity = match message.call {
        Call::Decide(Severity::Low) => "info",
        Call::Decide(Severity::Normal) => "warning",
        Call::Decide(Severity::Critical) | Call::Hurry(Severity::Critical) => "critical",
        Call::Decide(Severity::High) | Call::Hurry(_) | Call::Look => "error",
        Call::Good | Call::Over => "info",
    };
    let action = match message.call {
        Call::Good | Call::Over => "resolve",
        Call::Decide(_) | Call::Hurry(_) | Call::Look => "trigger",
    };
    let mut details: Map<_, _> = message
        .facts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect();
    if !message.commands.is_empty() {
        details.insert("To decide".to_owned(), json!(message.commands));
    }
    let mut body = json!({
        "event_action": action,
        // A gate that opens again after a decision was taken back goes on with the same incident.
        "dedup_key": message.about,
        "client": "holdpoint",
        "payload": {
            "summary": cut(&message.title, SUMMARY_CHARS_MAX),
            "source": message.source,
            "severity": severity,
            "timestamp": message.at,
            "component": message.job,
            "custom_details": details,
        },
    });
    if let Some(stage) = &message.stage {
        body["payload"]["group"] = json!(stage);
    }
    if let Some(link) = &message.link {
        body["client_url"] = json!(link);
        body["links"] = json!([{"href": link, "text": "Open in holdpoint"}]);
    }
    body
}
