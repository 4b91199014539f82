//! What colleagues leave: read, and a draft of theirs adopted.

use super::{gate, mark, queue};
use crate::draft::Draft;
use crate::effect::Effect;
use crate::facts::lists;
use crate::model::Model;
use crate::model::keys::Listed;
use crate::model::panes::Lower;
use crate::model::queue::RowKey;
use crate::model::toast::Tone;
use crate::update::compose::change_draft;
use crate::update::outgoing::{refuse, tell, toast};
use domain::handover::HandedGate;
use domain::key::GateKey;
use engine::handover::Handovers;
use text::words::counted;

/// Takes what was read; what is one's own is no colleague's.
pub(crate) fn take(model: &mut Model, of: Option<&GateKey>, found: Handovers) {
    let me = model.session.operator.name.clone();
    let chosen = chosen(model);
    let colleagues = &mut model.drafts.colleagues;
    let mut all = found.all;
    all.retain(|one| one.by != me);
    match of {
        None => {
            colleagues.all = all;
            colleagues.is_read = true;
        }
        Some(of) => {
            for one in &mut colleagues.all {
                one.gates.retain(|gate| gate.key != *of);
            }
            for mut new in all {
                match colleagues.all.iter_mut().find(|one| one.by == new.by) {
                    Some(one) => one.gates.append(&mut new.gates),
                    None => colleagues.all.push(new),
                }
            }
            colleagues.all.retain(|one| !one.gates.is_empty());
        }
    }
    colleagues.problems = found.problems;
    // The list moved under the cursor: it stays on what it was on.
    let rows = lists::handovers(model);
    let is_chosen = |(by, gate): &(&str, &HandedGate)| {
        chosen
            .as_ref()
            .is_some_and(|(was_by, was)| was_by == by && was.key == gate.key)
    };
    let place = rows.iter().position(is_chosen);
    let last = rows.len().saturating_sub(1);
    if let Some(overlay) = model
        .keys
        .overlay
        .as_mut()
        .filter(|overlay| overlay.listed == Listed::Handovers)
    {
        overlay.row = place.unwrap_or(overlay.row.min(last));
    }
}

/// Whose gate the cursor of the list is on.
fn chosen(model: &Model) -> Option<(String, HandedGate)> {
    let overlay = model
        .keys
        .overlay
        .as_ref()
        .filter(|overlay| overlay.listed == Listed::Handovers)?;
    let rows = lists::handovers(model);
    rows.get(overlay.row)
        .map(|(by, gate)| ((*by).to_owned(), (*gate).clone()))
}

/// Goes to the chosen gate; where its colleague has a draft, that is adopted.
pub(crate) fn choose(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some((by, gate)) = chosen(model) else {
        return;
    };
    model.keys.overlay = None;
    // What is adopted must be in sight.
    if !go(model, &gate.key, fx) {
        return;
    }
    if gate.is_marked || gate.is_marked_otherwise {
        mark_as(model, &by, fx);
    }
    if let Some(theirs) = &gate.draft {
        adopt(model, &by, theirs);
    }
}

/// All that a colleague has marked is marked here: they are to be decided together. What is no longer
/// what they have marked is left out, and counted.
fn mark_as(model: &mut Model, by: &str, fx: &mut Vec<Effect>) {
    if model.session.is_read_only {
        return refuse(model, "Not marked", "this console only reads", "");
    }
    let theirs = model.drafts.colleagues.all.iter().filter(|one| one.by == by);
    let theirs: Vec<_> = theirs.flat_map(|one| &one.gates).collect();
    let changed = theirs.iter().filter(|gate| gate.is_marked_otherwise).count();
    let marked = theirs.into_iter().filter(|gate| gate.is_marked);
    let gates = marked.filter_map(|handed| {
        let gate = handed.gate()?;
        Some((gate.key.clone(), gate.digest(), gate.context.clone()))
    });
    let gates = gates.collect();
    let count = mark::adopt(model, gates, fx);
    let words = counted(count, "more gate");
    let text = format!("{words} marked, as {by} had them: {} in all", model.marks.on.len());
    match changed {
        0 => tell(model, text),
        _ => {
            let left_out = format!("{text}   NOT marked: {}, changed since", counted(changed, "gate"));
            toast(model, Tone::Error, left_out);
        }
    }
}

/// False: its row is not in sight, which is said.
fn go(model: &mut Model, key: &GateKey, fx: &mut Vec<Effect>) -> bool {
    let wanted = RowKey::Gate(key.clone());
    let found = model.queue.find(|row| wanted.names(row));
    let is_found = found.is_some();
    match found {
        Some((_, row)) => {
            model.panes.lower = Lower::Gate;
            queue::go_to(model, row, fx);
            gate::arrive(model, fx);
        }
        None => tell(model, format!("{key} is not among the rows that the filter shows")),
    }
    is_found
}

/// What a colleague wrote becomes this operator's draft, with their name; theirs stays.
fn adopt(model: &mut Model, by: &str, theirs: &Draft) {
    let key = &theirs.key;
    if model.session.is_read_only {
        return refuse(model, "Not adopted", "this console only reads", "");
    }
    let mut mine = model.draft(key).cloned().unwrap_or_else(|| Draft::new(key.clone()));
    if let Err(why) = mine.adopt(by, theirs) {
        return refuse(
            model,
            "Not adopted",
            &why,
            "send or discard that first; theirs stays where it is",
        );
    }
    change_draft(model, key, |draft| *draft = mine);
    let text = format!(
        "Adopted from {by}: {} of {key}   the record will name both",
        theirs.contents()
    );
    toast(model, Tone::Done, text);
}
