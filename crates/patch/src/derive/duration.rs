//! `duration_adjust` for an edit: which beats last longer or shorter, and whether totals and
//! keyframes followed.

use serde_json::{Value, json};

use super::super::PATCH_ITEMS_MAX;
use super::super::decimal::Decimal;
use super::super::json_tree::{Node, Shape};
use super::super::quote::counted;
use super::super::storyboard::{Storyboard, tree_of};
use super::Candidate;

/// The duration patches that could be what the edit did: plain, with totals, with keyframes, with
/// both.
pub(super) fn candidates(path: &str, old: &str, new: &str) -> Vec<Candidate> {
    adjustments(path, old, new)
        .map(|(adjustments, others)| {
            let flags = [(false, false), (false, true), (true, false), (true, true)];
            // If only durations changed, neither totals nor keyframes were changed with them.
            let tried = if others == 0 { 1 } else { flags.len() };
            flags
                .into_iter()
                .take(tried)
                .map(|(keyframes, totals)| candidate(path, &adjustments, keyframes, totals))
                .collect()
        })
        .unwrap_or_default()
}

fn candidate(path: &str, adjustments: &[Value], is_scaling_keyframes: bool, is_updating_totals: bool) -> Candidate {
    let mut value = json!({"type": "duration_adjust", "artifact": path, "beat_adjustments": adjustments});
    let mut followed = Vec::new();
    if let Some(fields) = value.as_object_mut() {
        if is_scaling_keyframes {
            fields.insert("scale_keyframes".to_owned(), true.into());
            followed.push("keyframes");
        }
        if is_updating_totals {
            fields.insert("update_totals".to_owned(), true.into());
            followed.push("totals");
        }
    }
    let changed = counted(adjustments.len(), "duration");
    let reason = if followed.is_empty() {
        format!("{changed} changed")
    } else {
        format!("{changed} changed, {} with them", followed.join(" and "))
    };
    Candidate { value, reason }
}

/// The beats whose length changed, as the patch names them, and how many other values changed; none
/// when more than numbers did.
fn adjustments(path: &str, old: &str, new: &str) -> Option<(Vec<Value>, usize)> {
    let (old_root, new_root) = (tree_of(path, old).ok()?, tree_of(path, new).ok()?);
    let changed = changed_numbers((old, &old_root), (new, &new_root))?;
    let old_board = Storyboard::of(path, old, &old_root).ok()?;
    let new_board = Storyboard::of(path, new, &new_root).ok()?;
    let mut adjustments = Vec::new();
    let mut fields = 0;
    for (index, (old_beat, new_beat)) in old_board.beats.iter().zip(&new_board.beats).enumerate() {
        let (old_durations, new_durations) = (old_beat.durations(old).ok()?, new_beat.durations(new).ok()?);
        let differing = old_durations
            .iter()
            .zip(&new_durations)
            .filter(|(a, b)| a.literal != b.literal)
            .count();
        if differing == 0 {
            continue;
        }
        fields += differing;
        if adjustments.len() == PATCH_ITEMS_MAX {
            return None;
        }
        let id = old_beat.id()?;
        if old_board.find(id).ok()? != index {
            return None;
        }
        adjustments.push(json!({"beat_id": id, "duration": number(new_durations.first()?.seconds)?}));
    }
    (!adjustments.is_empty()).then(|| (adjustments, changed.saturating_sub(fields)))
}

fn number(seconds: Decimal) -> Option<Value> {
    serde_json::from_str(&seconds.to_string()).ok()
}

/// How many numbers differ between two documents that are alike in everything else.
fn changed_numbers((old, a): (&str, &Node), (new, b): (&str, &Node)) -> Option<usize> {
    match (&a.shape, &b.shape) {
        (Shape::Object(a), Shape::Object(b)) if a.len() == b.len() => a.iter().zip(b).try_fold(0, |sum, (a, b)| {
            let same_key = a.key == b.key;
            same_key
                .then(|| changed_numbers((old, &a.value), (new, &b.value)))?
                .map(|more| sum + more)
        }),
        (Shape::Array(a), Shape::Array(b)) if a.len() == b.len() => a.iter().zip(b).try_fold(0, |sum, (a, b)| {
            changed_numbers((old, a), (new, b)).map(|more| sum + more)
        }),
        (Shape::Number, Shape::Number) => Some(usize::from(a.raw(old) != b.raw(new))),
        (Shape::Text | Shape::Word, Shape::Text | Shape::Word) => (a.raw(old) == b.raw(new)).then_some(0),
        (Shape::Object(_) | Shape::Array(_) | Shape::Text | Shape::Number | Shape::Word, _) => None,
    }
}
