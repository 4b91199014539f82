//! Slack's incoming webhooks: blocks, and a text for notifications.
//!
//! Facts stand in a rich text block, whose text is taken as it is: mrkdwn has no way to escape `*`
//! and `_`.

use serde_json::{Value, json};

use crate::message::{Message, cut};

/// Of a header block.
const HEADER_CHARS_MAX: usize = 150;

pub(super) fn body(message: &Message) -> Value {
    let mut lines = Vec::new();
    for (name, text) in &message.facts {
        let end = if lines.is_empty() { "" } else { "\n" };
        lines.push(json!({"type": "text", "text": format!("{end}{name}: "), "style": {"bold": true}}));
        lines.push(json!({"type": "text", "text": text}));
    }
    if let Some(link) = &message.link {
        if !lines.is_empty() {
            lines.push(json!({"type": "text", "text": "\n"}));
        }
        lines.push(json!({"type": "link", "url": link}));
    }
    let mut elements = Vec::new();
    if !lines.is_empty() {
        elements.push(json!({"type": "rich_text_section", "elements": lines}));
    }
    if !message.commands.is_empty() {
        let commands = json!([{"type": "text", "text": message.commands.join("\n")}]);
        elements.push(json!({"type": "rich_text_preformatted", "elements": commands}));
    }
    let title = json!({"type": "plain_text", "text": cut(&message.title, HEADER_CHARS_MAX), "emoji": false});
    let mut blocks = vec![json!({"type": "header", "text": title})];
    if !elements.is_empty() {
        blocks.push(json!({"type": "rich_text", "elements": elements}));
    }
    json!({
        "text": escaped(&message.title),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// A text that Slack reads as mrkdwn: without these three there is no mention and no link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
