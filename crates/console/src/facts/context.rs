//! What the requester says of the gate on screen: one line in its head, all of it in a list.

use crate::action::Action;
use crate::facts::lists::fits;
use crate::facts::{marks, wrap};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::keys::Listed;
use domain::context::GateContext;
use text::words::ago;
use text::{cut, visible_line, width};

/// What is said of the gate on screen; none: nothing.
fn of(model: &Model) -> Option<&GateContext> {
    let context = &model.gate.as_ref()?.gate()?.context;
    (!context.is_empty()).then_some(context)
}

/// Whether there is anything to list.
pub(crate) fn is_said(model: &Model) -> bool {
    of(model).is_some()
}

/// The line in the head of the gate, in so many columns; none where nothing is said, and in a low
/// window, where the diff comes first.
pub(crate) fn head_line(model: &Model, columns: u16) -> Option<String> {
    if crate::facts::window::is_low(model) {
        return None;
    }
    let gate = model.gate.as_ref()?.gate()?;
    let gone = gate.heartbeat.as_ref().and_then(|heartbeat| heartbeat.gone_since);
    let gone = gone.map(|since| format!("REQUESTER GONE {}", ago(model.now.utc.us_since(since))));
    let Some(context) = of(model) else {
        return gone;
    };
    let marked = Some(context.severity()).filter(|severity| severity.is_marked());
    let of_one = marks::is_said_otherwise(model).then(|| format!("{}:", gate.key.job_id));
    let mut first: Vec<String> = of_one
        .into_iter()
        .chain(marked.map(|severity| severity.as_str().to_uppercase()))
        .chain(gone)
        .collect();
    let mut words: Vec<String> = Vec::new();
    words.extend(context.requester.as_ref().map(|name| format!("from {name}")));
    words.extend(context.labels.iter().map(|(key, value)| format!("{key}={value}")));
    let said = context.title.as_deref().or(context.why.as_deref()).unwrap_or_default();
    let said = visible_line(said.lines().next().unwrap_or_default()).into_owned();
    let more = format!("{}: why", keymap::key_in(Focus::Diff, Action::Context));
    let columns = usize::from(columns).saturating_sub(2);
    // The key is the last to go, the title is cut before it; labels give way first.
    let head = first.iter().map(|word| width(word) + 2).sum::<usize>();
    let room = columns.saturating_sub(head + width(&more) + 2);
    if !said.is_empty() {
        first.push(cut(&said, room));
    }
    let mut line = first.join("  ");
    for word in &words {
        let word = visible_line(word);
        if width(&line) + width(&word) + width(&more) + 4 > columns {
            break;
        }
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        line.push_str("  ");
    }
    line.push_str(&more);
    Some(line)
}

/// A line of the list.
pub(crate) struct ContextRow {
    /// What it is; empty where the line before goes on.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether it is an address: whole, in as many lines as it takes.
    pub(crate) is_address: bool,
}

/// How many cells the names of the lines have.
pub(crate) const NAME_CELLS: usize = 13;

/// All that is said, wrapped, as far as it fits what is typed.
pub(crate) fn rows(model: &Model) -> Vec<ContextRow> {
    let Some(context) = of(model) else {
        return Vec::new();
    };
    let columns = usize::from(model.window.size.0).saturating_sub(NAME_CELLS + 5).max(10);
    let mut rows = Vec::new();
    let mut add = |name: &str, text: &str, is_address: bool| {
        let mut name = name.to_owned();
        for line in text.lines() {
            for text in wrap::split(line, columns, usize::MAX) {
                let name = std::mem::take(&mut name);
                rows.push(ContextRow { name, text, is_address });
            }
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    add("title", &text(&context.title), false);
    add(
        "severity",
        context.severity.map_or("", |severity| severity.as_str()),
        false,
    );
    add("from", &text(&context.requester), false);
    add("why", &text(&context.why), false);
    add("to do", &text(&context.instructions), false);
    for (index, (key, value)) in context.labels.iter().enumerate() {
        add(if index == 0 { "labels" } else { "" }, &format!("{key}={value}"), false);
    }
    for (index, link) in context.links.iter().enumerate() {
        add(if index == 0 { "links" } else { "" }, &link.name, false);
        add("", &link.url, true);
    }
    let sought = model.keys.sought(Listed::Context);
    rows.retain(|row| fits(&sought, &format!("{} {}", row.name, row.text)));
    rows
}
