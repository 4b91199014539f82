//! The line at start: what was decided since this operator was last here, and what they left marked.

use crate::action::Action;
use crate::effect::Effect;
use crate::facts::label;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::question::Question;
use crate::update::mark;
use crate::update::outgoing::tell;
use domain::decision::Decision;
use domain::event::Event;
use domain::time::{SECOND_US, Timestamp};

/// Of an operator who was never here this much is told.
const DAY_US: i64 = 24 * 3600 * SECOND_US;

/// Asks for what tells when the operator was here last; the decisions are known by then.
pub(crate) fn ask(fx: &mut Vec<Effect>) {
    fx.push(Effect::Ask(Question::Since));
}

fn last_here(model: &Model, events: &[Event]) -> Option<Timestamp> {
    let name = model.session.operator.name.as_str();
    let caused = events
        .iter()
        .filter(|event| event.payload.get("by").and_then(serde_json::Value::as_str) == Some(name))
        .map(|event| event.ts);
    let decided = model.panes.history.decisions.iter().map(|sealed| &sealed.decision);
    let decided = decided.filter(|decision| decision.by() == name).map(Decision::at);
    caused.chain(decided).max()
}

/// Who decided what since then, the timer first: `timer approved 2, bea rejected 1`; empty when
/// nobody did.
fn decided(model: &Model, since: Timestamp) -> String {
    let name = model.session.operator.name.as_str();
    let mut counts: Vec<(bool, &str, &str, usize)> = Vec::new();
    let decisions = model.panes.history.decisions.iter().map(|sealed| &sealed.decision);
    for decision in decisions.filter(|decision| decision.at() > since && decision.by() != name) {
        let verdict = if decision.is_approved() { "approved" } else { "rejected" };
        let known = counts
            .iter_mut()
            .find(|(_, by, what, _)| *by == decision.by() && *what == verdict);
        match known {
            Some((_, _, _, count)) => *count += 1,
            None => counts.push((!decision.is_by_timer(), decision.by(), verdict, 1)),
        }
    }
    counts.sort();
    let words: Vec<_> = counts
        .iter()
        .map(|(_, by, verdict, count)| format!("{by} {verdict} {count}"))
        .collect();
    words.join(", ")
}

/// Tells it, if there is something to tell.
pub(crate) fn show_missed(model: &mut Model, events: &[Event]) {
    let now = model.now.utc;
    let here = last_here(model, events);
    let decided = decided(model, here.unwrap_or_else(|| now.plus_us(-DAY_US)));
    let marked = mark::left_words(model);
    if decided.is_empty() {
        if let Some(marked) = marked {
            tell(model, marked);
        }
        return;
    }
    let head = match here {
        Some(here) if now.us_since(here) < DAY_US => format!("Since you were here ({})", label::clock_minutes(here)),
        Some(here) => format!("Since you were here ({})", label::date(here)),
        None => "In the last day".to_owned(),
    };
    let key = keymap::key_in(Focus::Queue, Action::ShowHistory);
    let marked = marked.map(|marked| format!("   {marked}")).unwrap_or_default();
    tell(model, format!("{head}: {decided}   {key}: history{marked}"));
}
