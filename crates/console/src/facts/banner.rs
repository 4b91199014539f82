//! What is broken, in lines; the strip of a last call stands above them.

use crate::facts::window::ROWS_MIN;
use crate::facts::wrap::split;
use crate::facts::{label, last_call};
use crate::model::Model;

/// The end of a token stands here from so many seconds before it.
const EXPIRY_CLOSE_S: u64 = 600;

/// The line, when something is broken.
pub(crate) fn text(model: &Model) -> Option<String> {
    if let Some(why) = &model.session.newer {
        return Some(format!("read-only: {why}"));
    }
    if let Some(trouble) = &model.health.trouble {
        return Some(trouble.clone());
    }
    if let Some(expiring) = expiring(model) {
        return Some(expiring);
    }
    let not_loaded = first_of("Configuration not loaded", &model.health.config_faults);
    // What is known of a fault and what mends it come first: the end may be cut.
    let not_loaded = not_loaded.map(|fault| fault + "   the former policy stays");
    not_loaded.or_else(|| first_of("A draft is not offered", &model.health.draft_problems))
}

/// That the token ends soon.
fn expiring(model: &Model) -> Option<String> {
    let expires = model.session.expires?;
    let name = &model.session.operator.name;
    let at = label::moment(expires);
    let is_close = model.now.utc.plus_s(EXPIRY_CLOSE_S) >= expires;
    is_close.then(|| format!("the token of {name} ends at {at}: from then on nothing is decided from here"))
}

/// How many problems there are, where it is more than one, and the first.
fn first_of(what: &str, problems: &[String]) -> Option<String> {
    match problems {
        [] => None,
        [one] => Some(format!("{what}: {one}")),
        [first, ..] => Some(format!("{what} (1 of {}): {first}", problems.len())),
    }
}

/// What is broken, where, and what was meant.
const LINES_MAX: usize = 3;

/// Where there are few lines, what is read comes first.
const LINES_MAX_LOW: usize = 1;

pub(crate) fn lines(model: &Model, columns: u16) -> Vec<String> {
    let columns = usize::from(columns).saturating_sub(2);
    let most = if model.window.size.1 < ROWS_MIN {
        LINES_MAX_LOW
    } else {
        LINES_MAX
    };
    // In a low window the strip of a last call has that line.
    let text = text(model).filter(|_| most > LINES_MAX_LOW || !has_strip(model));
    text.map(|text| split(&text, columns, most)).unwrap_or_default()
}

/// Whether a last call stands above it.
pub(crate) fn has_strip(model: &Model) -> bool {
    last_call::standing(model).next().is_some()
}

/// How many lines it wants.
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    u16::try_from(lines(model, columns).len()).unwrap_or(u16::MAX)
}
