//! The gates that a prompt or the editor is about: which leases this console wants, and who else
//! has them open.

use std::collections::BTreeMap;

use crate::model::Model;
use domain::key::GateKey;
use domain::lease::LeasePurpose;

/// The gates that a prompt or the editor is open on, and for what.
pub(crate) fn wanted(model: &Model) -> BTreeMap<GateKey, LeasePurpose> {
    // Before the rules have answered it is not known whether anything is asked at all.
    let is_unknown = !model.preview.has_stood && model.ask().is_some_and(|ask| ask.is_unknown());
    let is_writing = model.compose.as_ref().is_some_and(|compose| compose.closed.is_none());
    if is_unknown && !is_writing {
        return BTreeMap::new();
    }
    let mut wanted = concerned(model);
    wanted.retain(|key, _| model.session.takes_part_at(&key.stage));
    wanted
}

/// The gates that a prompt or the editor is about, whether or not it stands.
pub(crate) fn concerned(model: &Model) -> BTreeMap<GateKey, LeasePurpose> {
    if let Some(compose) = &model.compose
        && compose.closed.is_none()
    {
        return BTreeMap::from([(compose.pin.key.clone(), LeasePurpose::Compose)]);
    }
    let gates = model.ask().map_or_else(Vec::new, |ask| ask.gates(model));
    gates.into_iter().map(|key| (key, LeasePurpose::Prompt)).collect()
}

/// Those of them that somebody else has open, also before the rules have answered: a colleague is
/// told of at once.
pub(crate) fn open_elsewhere(model: &Model) -> Vec<(GateKey, LeasePurpose)> {
    let mut all = concerned(model);
    let left_out = model.ask().map_or_else(Vec::new, |ask| ask.left_open());
    all.extend(left_out.into_iter().map(|key| (key, LeasePurpose::Prompt)));
    let all = all.into_iter();
    all.filter(|(key, _)| model.lease_of_other(key).is_some()).collect()
}
