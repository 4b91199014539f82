//! May Enter confirm the question that is open? The keys that it names, the last line and Enter
//! itself ask here.
//!
//! Whether all of it is on the screen is asked where it is drawn (`layout::question::facts`).

use super::gate::explain;
use super::{NoOffer, about_text, or_says, refused, written};
use crate::action::Action;
use crate::facts::enter::{self, is_behind_text, is_same_enter};
use crate::facts::lease::open_elsewhere;
use crate::keymap::{self, Focus};
use crate::model::prompt::Why;
use crate::model::{Model, PromptKind};
use domain::refusal::Refusal;

/// Whether Enter would do what the open question says, or why not. Where nothing is asked there is
/// nothing to refuse.
pub(super) fn confirm(model: &Model) -> Result<(), NoOffer> {
    let Some(ask) = model.ask().filter(|ask| ask.is_binding()) else {
        return Ok(());
    };
    let what = ask.not_done();
    let unfit = || about_text(refused(what, ask.unfit().map_or(Ok(()), Err)));
    if ask.is_local() {
        return unfit();
    }
    written(model, what, || Ok(()))?;
    unfit()?;
    let answer = refused(what, rules(model, ask));
    let is_typed = model.preview.refusal().is_some_and(is_of_typed);
    if is_typed { about_text(answer) } else { answer }?;
    let (undrawn, all) = ask.undrawn();
    let [down, up] = [Action::PageDown, Action::PageUp].map(|action| keymap::key_in(Focus::Bulk, action));
    let out = keymap::out_of_note(model.focus());
    let words =
        format!("{what}: {undrawn} of {all} gates were not on the screen yet   hint: {out}{down} and {up} show them");
    or_says(undrawn == 0, &words)?;
    let enter = enter::key(model);
    let words = match is_behind_text(model) {
        true => enter::behind_text(model),
        false => format!("{enter} came at once and did nothing: read what is asked, then press it"),
    };
    or_says(!is_same_enter(model), &words)?;
    let words = format!("What {enter} would do is still being asked: read it, then press {enter}");
    or_says(model.preview.is_answered(), &words)
}

/// Whether a refusal is about what was typed: it can be mended there.
pub(crate) fn is_of_typed(refusal: &Refusal) -> bool {
    matches!(refusal.place.as_deref(), Some("seconds" | "reason"))
}

/// What the rules say of it, and the rows of who has a gate open.
fn rules(model: &Model, ask: &dyn PromptKind) -> Result<(), Why> {
    if let Some(ruled) = ask.ruled(model) {
        return ruled;
    }
    if let Some((key, _)) = open_elsewhere(model).into_iter().next()
        && let Some(lease) = model.lease_of_other(&key)
    {
        return Err(explain(Refusal::open_elsewhere(&key, lease)));
    }
    let refusal = model.preview.refusal().cloned();
    refusal.map_or(Ok(()), |refusal| Err(explain(refusal)))
}
