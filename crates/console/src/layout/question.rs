//! What of the open question is on the screen.

use std::ops::Range;

use crate::effect::PromptFacts;
use crate::layout;
use crate::model::Model;
use crate::prompt::{self, whole};

/// What of the question is on the screen; none without one.
pub(crate) fn facts(model: &Model) -> Option<PromptFacts> {
    let revision = model.prompt.as_ref()?.revision();
    let area = layout::of(model).prompt;
    let (_, is_whole) = whole::fitted(model, area);
    // Each gate of a bulk is pinned; the list scrolls.
    let all = prompt::lines(model, whole::columns(area));
    let parts = all.iter().flat_map(|line| whole::parts_of(line));
    let words = parts
        .flat_map(|(text, _)| text.split(' '))
        .filter(|word| !is_time(word));
    Some(PromptFacts {
        revision,
        words: words.collect::<Vec<_>>().join(" "),
        is_whole,
    })
}

/// Which lines of a bulk's list of gates are on the screen, with all of its question.
pub(crate) fn listed(model: &Model) -> Range<usize> {
    let area = layout::of(model).prompt;
    match model.ask() {
        Some(ask) if ask.listed() > 0 && whole::fitted(model, area).1 => {
            let around = ask.lines(model, whole::columns(area)).len();
            ask.window(around, usize::from(area.height))
        }
        Some(_) | None => 0..0,
    }
}

/// `04:58`, `02:13:05Z`, `(00:10)`: what goes on by itself.
fn is_time(word: &str) -> bool {
    let bare = word
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .trim_end_matches('Z');
    bare.contains(':') && bare.chars().all(|c| c.is_ascii_digit() || c == ':')
}

/// How many gates of the list are in sight in a prompt of this height.
pub(crate) fn list_rows(model: &Model, height: u16) -> usize {
    let Some(ask) = model.ask() else {
        return 0;
    };
    let around = ask.lines(model, whole::columns(layout::of(model).prompt)).len();
    ask.window(around, usize::from(height)).len()
}
