//! What Enter would send: the rules are asked about the very same.

use crate::model::Model;
use crate::model::bulk::{BulkAsk, Item, ItemState, LeftOut};
use crate::model::prompt::{Confirm, Intent, TimerAsk, TimerIntent};
use domain::ask::Command;
use domain::gate::Verdict;
use domain::ids::ArtifactPath;
use domain::key::{GateKey, GateRef};
use domain::time::parse_span_s;

/// What Enter sends: the rules are asked about the very same.
pub(crate) fn of_confirm(model: &Model, confirm: &Confirm, notes: Option<String>) -> Command {
    let patch = confirm.patch.as_ref().map(|checked| checked.value.clone());
    let digest = Some(confirm.pin.digest);
    let gate = GateRef::from(&confirm.pin.key);
    match (confirm.intent.verdict(), confirm.intent) {
        (Some(verdict), _) => Command::Decide {
            gate,
            verdict,
            notes,
            patch,
            digest,
        },
        (None, Intent::Undo) => Command::UndoPatch {
            path: undoable_path(model, &confirm.pin.key),
            gate,
            digest,
        },
        (None, Intent::Apply | Intent::Approve | Intent::Reject) => Command::ApplyPatch {
            gate,
            patch: patch.unwrap_or_default(),
            digest,
        },
    }
}

/// The artifact whose newest patch the prompt spoke of: while the digest is the pinned one, it is
/// the same.
pub(crate) fn undoable_path(model: &Model, key: &GateKey) -> Option<ArtifactPath> {
    let view = model.gate.as_ref().filter(|view| view.key == *key)?;
    let undoable = view.gate()?.undoable(None).ok()?;
    Some(undoable.artifact.path.clone())
}

/// What Enter sends: the rules are asked about the very same. The error: what was typed is no
/// length of time.
pub(crate) fn of_timer(ask: &TimerAsk) -> Result<Command, String> {
    let gate = GateRef::from(&ask.key);
    let reason = ask.typed.words();
    Ok(match ask.intent {
        TimerIntent::Hold => Command::Hold { gate, reason },
        TimerIntent::Release => Command::Release { gate, reason },
        TimerIntent::Extend => Command::Extend {
            gate,
            seconds: parse_span_s(&ask.typed.text())?,
            expected: None,
        },
    })
}

pub(crate) fn of_item(item: &Item, verdict: Verdict, notes: Option<String>) -> Command {
    Command::Decide {
        gate: GateRef::from(&item.pin.key),
        verdict,
        notes,
        patch: None,
        digest: Some(item.pin.digest),
    }
}

/// What Enter sends, and what it leaves out because the rules would refuse it: the rules are asked
/// about the very same.
pub(crate) fn of_bulk(ask: &BulkAsk, notes: Option<String>) -> Vec<Command> {
    let is_asked = |item: &&Item| matches!(item.state, ItemState::Asking | ItemState::LeftOut(LeftOut::Refused));
    let items = ask.items.iter().filter(is_asked);
    items.map(|item| of_item(item, ask.verdict, notes.clone())).collect()
}
