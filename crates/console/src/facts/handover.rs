//! What colleagues have written about a gate, for the question before it is decided.

use crate::action::Action;
use crate::draft::Draft;
use crate::keymap::{self, Focus};
use crate::model::Model;
use domain::handover::{HandedGate, ago};
use domain::key::GateKey;

/// Whose draft this one was, and what colleagues have written here, a line each.
pub(crate) fn lines(model: &Model, key: &GateKey) -> Vec<String> {
    let me = model.session.operator.name.as_str();
    let adopted = model.draft(key).and_then(|draft| draft.adopted.as_deref());
    let own = adopted.map(|from| format!("From a draft of {from}: the record names both"));
    let theirs = model.drafts.colleagues.of(key).filter_map(|(by, handed)| {
        let draft = handed.draft.as_ref()?;
        if draft.adopted.as_deref() == Some(me) {
            return Some(format!("{by} has adopted your draft"));
        }
        let (list, contents) = (keymap::key_in(Focus::Diff, Action::Handovers), contents(model, draft));
        let offer = format!("{by} has a draft here ({contents}); {list} outside of this question adopts it");
        (adopted != Some(by)).then_some(offer)
    });
    own.into_iter().chain(theirs).collect()
}

/// What is in a draft, and how old it is.
fn contents(model: &Model, draft: &Draft) -> String {
    let written = draft.written_at.map(|at| format!(", {}", ago(model.now.utc, at)));
    draft.contents() + &written.unwrap_or_default()
}

/// What the row of a gate may have no room for: `   ana: draft 7m ago, marked, seen wholly`.
pub(crate) fn left(model: &Model, by: &str, gate: &HandedGate) -> String {
    let draft = gate.draft.as_ref();
    let written = draft.map(|draft| match draft.written_at {
        Some(at) => format!("draft {}", ago(model.now.utc, at)),
        None => "draft".to_owned(),
    });
    let marked = match (gate.is_marked, gate.is_marked_otherwise) {
        (true, _) => Some("marked".to_owned()),
        (false, true) => Some("marked before it changed".to_owned()),
        (false, false) => None,
    };
    let seen = gate.is_wholly_seen.then(|| "seen wholly".to_owned());
    let facts: Vec<_> = [written, marked, seen].into_iter().flatten().collect();
    match facts.is_empty() {
        true => String::new(),
        false => format!("   {by}: {}", facts.join(", ")),
    }
}
