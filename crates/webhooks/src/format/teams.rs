//! Workflows of Teams ("when a Teams webhook request is received"): an adaptive card.
//!
//! Text runs are taken as they are; a text block would read Markdown.

use serde_json::{Value, json};

use crate::message::{Call, Message};

pub(super) fn body(message: &Message) -> Value {
    let color = match message.call {
        Call::Hurry(_) | Call::Look => "attention",
        Call::Decide(_) => "warning",
        Call::Good => "good",
        Call::Over => "default",
    };
    let block = |inlines: Value| json!({"type": "RichTextBlock", "inlines": inlines});
    let title = json!({
        "type": "TextRun", "text": message.title, "size": "medium", "weight": "bolder", "color": color,
    });
    let mut blocks = vec![block(json!([title]))];
    for (name, text) in &message.facts {
        // A run has no line ends: each line is a block.
        for (number, line) in text.lines().enumerate() {
            let mut runs = vec![json!({"type": "TextRun", "text": line})];
            if number == 0 {
                runs.insert(
                    0,
                    json!({"type": "TextRun", "text": format!("{name}: "), "weight": "bolder"}),
                );
            }
            blocks.push(block(json!(runs)));
        }
    }
    for command in &message.commands {
        blocks.push(block(
            json!([{"type": "TextRun", "text": command, "fontType": "monospace"}]),
        ));
    }
    let open = |link: &String| json!({"type": "Action.OpenUrl", "title": "Open", "url": link});
    let actions: Vec<_> = message.link.iter().map(open).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": message.title,
                "body": blocks,
                "actions": actions,
                "msteams": {"width": "Full"},
            },
        }],
    })
}
