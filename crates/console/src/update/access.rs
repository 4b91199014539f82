//! What the token opens, and until when: told when it changes, and some time before its end.

use crate::facts::label;
use crate::model::Model;
use crate::model::toast::Tone;
use domain::operator::TokenRole;
use domain::rights::{EXPIRY_TOLD_S, Rights, expiry};
use domain::time::{SECOND_US, Timestamp};

/// So long before its end it is told, in seconds, beside the week that a console begins with.
const TOLD_S: [u64; 3] = [24 * 3600, 3600, 600];

/// The server says so.
pub(crate) fn changed(model: &mut Model, rights: Rights, expires: Option<Timestamp>) {
    let name = model.session.operator.name.clone();
    let mut told = Vec::new();
    if rights.role != model.session.rights.role {
        let role = rights.role;
        told.push(match role >= TokenRole::Operator {
            true => format!("{name} has the role {role} now: a console that starts decides"),
            false => format!("{name} has the role {role} now: here you look, and decide nothing"),
        });
        model.session.is_read_only |= role < TokenRole::Operator;
    }
    if rights.stages != model.session.rights.stages {
        told.push(match rights.limit() {
            Some(limit) => format!("the token of {name} is {limit} now"),
            None => format!("the token of {name} counts for all stages now"),
        });
    }
    if expires != model.session.expires {
        let near = expires.and_then(|expires| expiry(&name, expires, model.now.utc));
        told.push(near.unwrap_or_else(|| match expires {
            Some(expires) => format!("the token of {name} expires at {} now", label::moment(expires)),
            None => format!("the token of {name} does not expire any more"),
        }));
    }
    (model.session.rights, model.session.expires) = (rights, expires);
    model.told_expiry_s = step_s(model);
    if !told.is_empty() {
        model.toasts.push_news(model.now.utc, Tone::Error, told.join("; "));
    }
}

/// Time passes: the end of the token may have come nearer than was told.
pub(crate) fn tick(model: &mut Model) {
    let step = step_s(model);
    let former = std::mem::replace(&mut model.told_expiry_s, step);
    // The week was told when the console began.
    let is_nearer = step.filter(|step| *step < EXPIRY_TOLD_S && former.is_some_and(|former| *step < former));
    if let (Some(_), Some(expires)) = (is_nearer, model.session.expires)
        && let Some(text) = expiry(&model.session.operator.name, expires, model.now.utc)
    {
        model.toasts.push_news(model.now.utc, Tone::Error, text);
        model.window.is_dirty = true;
    }
}

/// The shortest of those times that the end is not further away than; none: it never ends.
fn step_s(model: &Model) -> Option<u64> {
    let left_us = model.session.expires?.us_since(model.now.utc);
    let is_within = |step: &u64| left_us <= (*step as i64) * SECOND_US;
    let mut steps = TOLD_S.into_iter().rev().chain([EXPIRY_TOLD_S]);
    Some(steps.find(is_within).unwrap_or(u64::MAX))
}
