//! The gates that a prompt or the editor is about: which leases this console wants, and who else
//! has them open.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::model::bulk::{Item, ItemState};
use crate::model::prompt::{ConfirmState, PromptKind, TimerIntent};
use crate::model::queue::RowKey;
use domain::key::GateKey;
use domain::lease::LeasePurpose;

/// The gates that a prompt or the editor is open on, and for what.
pub(crate) fn wanted(model: &Model) -> BTreeMap<GateKey, LeasePurpose> {
    // Before the rules have answered it is not known whether anything is asked at all.
    let ask = model.ask();
    let is_confirming = matches!(ask, Some(PromptKind::Confirm(confirm)) if confirm.is_asking());
    let is_canceling = matches!(ask, Some(PromptKind::Cancel(_)));
    let is_unknown = (is_confirming || is_canceling) && !model.preview.has_stood;
    let is_writing = model.compose.as_ref().is_some_and(|compose| compose.closed.is_none());
    if model.session.is_read_only || (is_unknown && !is_writing) {
        return BTreeMap::new();
    }
    concerned(model)
}

/// The gates that a prompt or the editor is about, whether or not it stands.
pub(crate) fn concerned(model: &Model) -> BTreeMap<GateKey, LeasePurpose> {
    if let Some(compose) = &model.compose
        && compose.closed.is_none()
    {
        return BTreeMap::from([(compose.pin.key.clone(), LeasePurpose::Compose)]);
    }
    let asked = match model.ask() {
        Some(PromptKind::Confirm(confirm)) => match confirm.state {
            ConfirmState::Asking | ConfirmState::Writing(_) => Some(&confirm.pin.key),
            ConfirmState::Refused(..) => None,
        },
        // What is held stands without a lease, and a release that met one would not let it run.
        Some(PromptKind::Timer(ask)) => (ask.intent != TimerIntent::Release).then_some(&ask.key),
        Some(PromptKind::Bulk(ask)) => {
            let is_open = |item: &&Item| matches!(item.state, ItemState::Asking | ItemState::Writing(_));
            let open = ask.items.iter().filter(is_open);
            return open.map(|item| (item.pin.key.clone(), LeasePurpose::Prompt)).collect();
        }
        // Canceling the job ends its open gates, so their leases are wanted too.
        Some(PromptKind::Cancel(ask)) => {
            let rows = model.queue.present().filter(|row| row.job_id == ask.job_id);
            let gates = rows.filter_map(|row| RowKey::of(row).gate());
            return gates.map(|key| (key, LeasePurpose::Prompt)).collect();
        }
        Some(PromptKind::Resume(_) | PromptKind::Quit(_) | PromptKind::Menu | PromptKind::Discard(_)) | None => None,
    };
    let asked = asked.map(|key| (key.clone(), LeasePurpose::Prompt));
    asked.into_iter().collect()
}

/// Those of them that somebody else has open, also before the rules have answered: a colleague is
/// told of at once.
pub(crate) fn open_elsewhere(model: &Model) -> Vec<(GateKey, LeasePurpose)> {
    let concerned = concerned(model).into_iter();
    concerned
        .filter(|(key, _)| model.lease_of_other(key).is_some())
        .collect()
}
