//! Which decisions `U` takes back, and how long it can.

use crate::facts::{countdown, label};
use crate::model::Model;
use crate::model::outgoing::Made;
use crate::model::queue::RowKey;
use crate::model::toast::Toast;
use domain::key::GateKey;

fn left_us(model: &Model, made: &Made) -> i64 {
    made.gates
        .iter()
        .map(|(.., window)| window.left_us(model.now))
        .min()
        .unwrap_or(0)
}

/// The last decision of this console, or all of one bulk, as long as it may be taken back.
fn last(model: &Model) -> Option<&Made> {
    model.outgoing.made.last().filter(|made| left_us(model, made) > 0)
}

/// The gates whose decisions `U` takes back, with their labels: that of the selected row, else the
/// last of this console.
pub(crate) fn targets(model: &Model) -> Vec<(GateKey, String)> {
    if let Some(row) = model.queue.current().filter(|row| row.decided.is_some())
        && let Some(key) = RowKey::of(row).gate()
    {
        let label = label::gate(&key, &row.slug);
        return vec![(key, label)];
    }
    let gates = last(model).into_iter().flat_map(|made| &made.gates);
    gates.map(|(key, label, _)| (key.clone(), label.clone())).collect()
}

/// What stands behind the line about a decision as long as it may be taken back.
pub(crate) fn words(model: &Model, toast: &Toast, key: &str) -> Option<String> {
    let made = last(model).filter(|made| made.told_at == toast.at)?;
    let left = countdown::text(left_us(model, made));
    Some(format!(", moves on in {left}   {key} takes it back"))
}

/// Whether a countdown of that runs.
pub(crate) fn is_running(model: &Model) -> bool {
    last(model).is_some()
}
