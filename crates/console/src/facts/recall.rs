//! Which decisions `U` takes back, and how long it can.

use crate::facts::{countdown, label};
use crate::model::Model;
use crate::model::outgoing::Made;
use crate::model::queue::RowKey;
use crate::model::toast::Toast;
use domain::key::GateKey;
use domain::recall::RecallWindow;

type Gate = (GateKey, String, RecallWindow);

/// Those of its gates whose decision may still be taken back.
fn live<'m>(model: &'m Model, made: &'m Made) -> impl Iterator<Item = &'m Gate> {
    made.gates.iter().filter(|(.., window)| window.left_us(model.now) > 0)
}

/// The last decision of this console, or what can be taken back of the last bulk.
fn last(model: &Model) -> Option<&Made> {
    let mut made = model.outgoing.made.iter().rev();
    made.find(|made| live(model, made).next().is_some())
}

/// The gates whose decisions `U` takes back, with their labels: that of the selected row, with its
/// bulk where this console decided it with others; else the last of this console.
pub(crate) fn targets(model: &Model) -> Vec<(GateKey, String)> {
    let decided = model.queue.current().filter(|row| row.decided.is_some());
    let selected = decided.and_then(|row| Some((RowKey::of(row).gate()?, row)));
    let made = match &selected {
        None => last(model),
        Some((key, _)) => {
            let mut made = model.outgoing.made.iter();
            made.find(|made| live(model, made).any(|(of, ..)| of == key))
        }
    };
    match (made, selected) {
        (Some(made), _) => live(model, made)
            .map(|(key, label, _)| (key.clone(), label.clone()))
            .collect(),
        (None, Some((key, row))) => {
            let label = label::gate(&key, &row.slug);
            vec![(key, label)]
        }
        (None, None) => Vec::new(),
    }
}

/// What stands behind the line about a decision as long as it may be taken back; the key only where
/// it means that one.
pub(crate) fn words(model: &Model, toast: &Toast, key: &str) -> Option<String> {
    let made = last(model).filter(|made| made.told_at == toast.at)?;
    let left_us = live(model, made).map(|(.., window)| window.left_us(model.now)).min()?;
    let targets = targets(model);
    let is_that = targets.len() == live(model, made).count()
        && live(model, made)
            .zip(&targets)
            .all(|((of, ..), (target, _))| of == target);
    let hint = match is_that {
        true => format!("   {key} takes it back"),
        false => String::new(),
    };
    Some(format!(", moves on in {}{hint}", countdown::text(left_us)))
}

/// Whether a countdown of that runs.
pub(crate) fn is_running(model: &Model) -> bool {
    last(model).is_some()
}
