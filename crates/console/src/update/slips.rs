//! Keys that were not meant: pieces of a torn sequence, a key that was held down too long, and
//! letters that somebody writes elsewhere than they think.
//!
//! Letters are a text
//! - where none is written, each within 0.7 s of the one before, as soon as one of them means
//!   nothing where it came, or two different ones came at a question;
//! - wherever they go but into the editor, at the pace of a paste: from the third of letters on (a
//!   Tab is one) that came each less than 50 ms behind the one before;
//! - wherever they go but into the editor, where they came in one piece that no hand sends.
//!
//! Esc ends it. While a text goes on, and for 0.7 s after its last letter, Enter answers no
//! question: in a field of one it is the end of a line, so that what comes behind it is written
//! there too and acts nowhere. One key, however often it comes, is no text: who reads on with it
//! may press Enter at once. (What a terminal brackets is told from keys without this: see
//! `terminal::decode`.)

mod torn;

use super::{look, text};
use crate::effect::Effect;
use crate::facts::enter::{self, ONCE_MORE_US, is_behind_text, is_same_enter, once_more_us};
use crate::input::{Code, KeyPress};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::slips::{Letters, OpenedBy, Paced};
use crate::update::outgoing::{ask_once_more, tell};

/// A key that comes again this soon repeats itself: nobody types one letter twice so quickly, and
/// no keyboard repeats more slowly.
const REPEAT_US: i64 = 150_000;
/// A key that repeated itself and rests this long was let go.
const LET_GO_US: i64 = 500_000;
/// A key that acts at once and comes again so soon is still held down: keyboards begin to repeat
/// after up to 0.66 s.
pub(crate) const HELD_US: i64 = 700_000;

/// Hands are slower than this from letter to letter, but for two that they roll over; what pastes
/// by pressing keys is quicker.
const PASTE_PACE_US: i64 = 50_000;
/// Nobody types this many letters at that pace.
const PACED_MIN: u8 = 3;

/// Before a key acts. False: it does not act.
pub(crate) fn before(model: &mut Model, key: KeyPress, fx: &mut Vec<Effect>) -> bool {
    note_pace(model, key);
    if !is_meant(model, key, fx) {
        return false;
    }
    note_letter(model, key);
    let (is_enter, is_esc) = (key == KeyPress::plain(Code::Enter), key == KeyPress::plain(Code::Esc));
    if is_enter && is_same_enter(model) {
        ask_once_more(model);
    }
    // An Escape occurs in no text.
    if is_esc {
        end_text(model);
    }
    let stands = is_esc.then(|| Box::new(torn::stands(model)));
    model.keys.slips.before_esc = stands;
    model.keys.slips.is_clear_asked &= is_esc;
    let ends_line = is_enter && is_behind_text(model) && text::is_answer(model.focus());
    if ends_line {
        text::end_line(model, enter::behind_text(model), fx);
    }
    !ends_line
}

/// What was a text is over, and so is the wait of Enter behind it.
fn end_text(model: &mut Model) {
    model.keys.slips.paced = None;
    if model.keys.slips.letters.take().is_some_and(|letters| letters.is_text) {
        model.keys.slips.once_more_boot_us = None;
    }
}

/// See the module: whether the letters come at the pace of a paste.
fn note_pace(model: &mut Model, key: KeyPress) {
    let tab = (key == KeyPress::plain(Code::Tab)).then_some('\t');
    let is_written = matches!(model.focus(), Focus::Compose | Focus::Candidates);
    let Some(letter) = key.typed().or(tab).filter(|_| !is_written) else {
        return;
    };
    let boot_us = model.now.boot_us;
    let former = model.keys.slips.paced;
    let former = former.filter(|paced| boot_us - paced.boot_us < PASTE_PACE_US);
    let count = former.map_or(1, |paced| {
        // A key that repeats itself counts once.
        paced.count.saturating_add(u8::from(paced.letter != letter))
    });
    model.keys.slips.paced = Some(Paced { letter, boot_us, count });
    if count >= PACED_MIN {
        text_came(model);
    }
}

/// See the module: whether the letters that come are a text.
fn note_letter(model: &mut Model, key: KeyPress) {
    let focus = model.focus();
    let Some(letter) = key.typed().filter(|_| !focus.is_text()) else {
        return;
    };
    let boot_us = model.now.boot_us;
    let former = model.keys.slips.letters.take();
    let former = former.filter(|letters| boot_us - letters.boot_us < ONCE_MORE_US);
    let mut letters = former.unwrap_or(Letters {
        boot_us,
        at_question: None,
        is_text: false,
    });
    letters.boot_us = boot_us;
    letters.is_text |= keymap::lookup(focus, key).is_none();
    let former = std::mem::replace(&mut letters.at_question, focus.is_prompt().then_some(letter));
    letters.is_text |= letters.at_question.is_some() && former.is_some_and(|former| former != letter);
    model.keys.slips.letters = Some(letters);
    if letters.is_text {
        ask_once_more(model);
    }
}

/// Letters came as only a text does: in one piece, or one so soon behind the other.
pub(crate) fn text_came(model: &mut Model) {
    model.keys.slips.letters = Some(Letters {
        boot_us: model.now.boot_us,
        at_question: None,
        is_text: true,
    });
    ask_once_more(model);
}

/// After a key that went to this focus.
pub(crate) fn after(model: &mut Model, focus: Focus, key: KeyPress) {
    let has_opened = !focus.is_text() && key.typed().is_some() && model.focus().is_text();
    if has_opened {
        model.keys.slips.opened_by = Some(OpenedBy {
            key,
            boot_us: model.now.boot_us,
            is_held_back: false,
            is_repeating: false,
        });
    }
}

/// The key that opened a field is held back: what follows tells whether it is the field's first
/// letter or was held down.
fn is_meant(model: &mut Model, key: KeyPress, fx: &mut Vec<Effect>) -> bool {
    let boot = model.now.boot_us;
    // The field was closed by something else than a key: the key means what it means.
    if !model.focus().is_text() {
        model.keys.slips.opened_by = None;
    }
    let Some(opened) = &mut model.keys.slips.opened_by else {
        return true;
    };
    if opened.key == key {
        opened.is_repeating |= opened.is_held_back && boot - opened.boot_us < REPEAT_US;
        opened.is_held_back = !opened.is_repeating;
        opened.boot_us = boot;
        return false;
    }
    // Somebody who closes the field at once wanted to write nothing in it.
    let is_closing = key == KeyPress::plain(Code::Esc) || (key.is_ctrl && key.code == Code::Char('c'));
    if is_closing {
        model.keys.slips.opened_by = None;
    }
    write_held_back(model, fx);
    true
}

/// The key was a letter.
pub(crate) fn write_held_back(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(opened) = model.keys.slips.opened_by.take().filter(|opened| opened.is_held_back) else {
        return;
    };
    let focus = model.focus();
    if focus.is_text() {
        text::press(model, focus, opened.key, fx);
        model.window.is_dirty = true;
    }
}

/// Microseconds until it is known what a key was that is held back, or until Enter counts again.
pub(crate) fn wake_us(model: &Model) -> Option<i64> {
    let wakes = [held_back_us(model), once_more_us(model)];
    wakes.into_iter().flatten().min()
}

fn held_back_us(model: &Model) -> Option<i64> {
    let opened = model.keys.slips.opened_by.as_ref()?;
    let rest_us = match (opened.is_repeating, opened.is_held_back) {
        (true, _) => LET_GO_US,
        (false, true) => REPEAT_US,
        (false, false) => return None,
    };
    Some((opened.boot_us + rest_us - model.now.boot_us).max(0))
}

/// Time passes.
pub(crate) fn tick(model: &mut Model, fx: &mut Vec<Effect>) {
    if held_back_us(model) == Some(0) {
        write_held_back(model, fx);
    }
    if once_more_us(model) == Some(0) {
        model.keys.slips.once_more_boot_us = None;
        // From here on an Enter that was asked for once more no longer follows a text.
        model.keys.slips.letters = model.keys.slips.letters.filter(|letters| !letters.is_text);
        model.window.is_dirty = true;
    }
}

/// An Escape turned out to be the beginning of another key, of which the rest came apart: what it
/// closed is open again, and the key does nothing.
pub(crate) fn torn(model: &mut Model, key: Option<KeyPress>, fx: &mut Vec<Effect>) {
    look::present(model);
    model.toasts.key_pressed();
    model.keys.slips.is_clear_asked = false;
    if let Some(before) = model.keys.slips.before_esc.take() {
        torn::put_back(model, *before, fx);
    }
    if let Some(key) = key {
        let text = format!("{} came in pieces and did nothing   hint: press it again", key.name());
        tell(model, text);
    }
}
