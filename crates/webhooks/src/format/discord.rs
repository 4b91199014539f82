//! Discord's webhooks: an embed, and a text for notifications.

use serde_json::{Value, json};

use crate::message::{Call, Message, cut};

/// Of an embed's title, of a field's text, and of all that an embed says.
const TITLE_CHARS_MAX: usize = 256;
const FIELD_CHARS_MAX: usize = 1024;
const EMBED_CHARS_MAX: usize = 6000;

pub(super) fn body(message: &Message) -> Value {
    let color = match message.call {
        Call::Hurry(_) | Call::Look => 0xd0_3030,
        Call::Decide(_) => 0xe0_a000,
        Call::Good => 0x30_a050,
        Call::Over => 0x80_8080,
    };
    // Each backslash counts, so a text is cut after it is escaped.
    let title = cut_escaped(&message.title, TITLE_CHARS_MAX);
    let commands = format!("```\n{}\n```", message.commands.join("\n"));
    let mut left = EMBED_CHARS_MAX - title.chars().count() - commands.chars().count().min(FIELD_CHARS_MAX) - 100;
    let mut fields = Vec::new();
    for (name, text) in &message.facts {
        let value = cut_escaped(text, FIELD_CHARS_MAX.min(left.saturating_sub(name.len())));
        left = left.saturating_sub(name.len() + value.chars().count());
        if !value.is_empty() {
            fields.push(json!({"name": name, "value": value}));
        }
    }
    if !message.commands.is_empty() {
        fields.push(json!({"name": "To decide", "value": cut(&commands, FIELD_CHARS_MAX)}));
    }
    let mut embed = json!({
        "title": title,
        "color": color,
        "timestamp": message.at,
        "fields": fields,
    });
    if let Some(link) = &message.link {
        embed["url"] = json!(link);
    }
    json!({
        "content": cut_escaped(&message.title, 2000),
        "allowed_mentions": {"parse": []},
        "embeds": [embed],
    })
}

/// The text with all that Discord would read as Markdown, a mention, a link or an emoji behind a
/// backslash; at most so many characters of it.
fn cut_escaped(text: &str, chars: usize) -> String {
    let mut escaped = String::new();
    let mut count = 0;
    for character in text.chars() {
        let is_mark = r"\*_~`|<>[]()#+-.:@/".contains(character);
        let width = if is_mark { 2 } else { 1 };
        if count + width > chars.saturating_sub(1) {
            return if chars == 0 { String::new() } else { escaped + "…" };
        }
        count += width;
        if is_mark {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
