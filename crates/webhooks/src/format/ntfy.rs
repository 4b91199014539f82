//! ntfy: a message as JSON, posted to the server; the topic is a key of the body.

use domain::context::Severity;
use serde_json::{Value, json};

use crate::message::{Call, Message, cut_bytes};

/// What is longer becomes a file that somebody has to open.
const MESSAGE_BYTES_MAX: usize = 4000;

/// All but the topic, which may be a secret.
pub(super) fn body(message: &Message) -> Value {
    let (priority, tag) = match message.call {
        Call::Hurry(_) | Call::Decide(Severity::Critical) => (5, "rotating_light"),
        Call::Decide(Severity::High) | Call::Look => (4, "warning"),
        Call::Decide(Severity::Normal | Severity::Low) => (3, "raised_hand"),
        Call::Good => (2, "white_check_mark"),
        Call::Over => (2, "checkered_flag"),
    };
    let mut body = json!({
        "title": message.title,
        "message": cut_bytes(&message.plain(), MESSAGE_BYTES_MAX),
        "priority": priority,
        "tags": [tag],
    });
    if let Some(link) = &message.link {
        body["click"] = json!(link);
    }
    body
}
