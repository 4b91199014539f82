//! A question between a key and what cannot be taken back: what all of the console asks of it.
//!
//! The state, the keys and the lines of each kind are in a file of `prompt/`, which is above the
//! model.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use super::Model;
use super::prompt::{Note, Pin, PromptLine, Why};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::keymap::Focus;
use domain::ask::Command;
use domain::context::GateContext;
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;

/// What closing a question leaves.
pub(crate) enum Closing {
    Nothing,
    /// Answers are still to come.
    Stays,
    /// What it was asked from.
    Back(Box<dyn PromptKind>),
}

/// A question that stands between a key and something that cannot be taken back: what all of the
/// console asks of it. The state, the keys and the lines of each are in a file of `prompt/`, which
/// is above the model. What nobody would miss until it is too late has no default: what the rules
/// are asked, and the gates whose timers wait for it.
pub(crate) trait PromptKind: Any + Debug + Boxed {
    /// Who receives the keys as long as nothing stands over it.
    fn focus(&self) -> Focus;

    /// When it was not done.
    fn not_done(&self) -> &'static str {
        "Not done"
    }

    /// Its lines; of a list that scrolls none.
    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>>;

    /// Enter, which was offered and read. Returns whether the question stays.
    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool;

    /// What the last line says beside the keys; `enter` is the key that would be offered now.
    fn said(&self, _model: &Model, enter: Option<&str>) -> Vec<String> {
        enter.map(|enter| format!("{enter} yes")).into_iter().collect()
    }

    /// Whether its Enter does something that somebody has to have read about.
    fn is_to_be_read(&self) -> bool {
        true
    }

    /// Whether Enter does nothing but here: the rules are not asked, nobody else is concerned.
    fn is_local(&self) -> bool {
        false
    }

    /// Whether it was sent, or is over already.
    fn is_sent(&self) -> bool {
        false
    }

    /// Whether it shows what comes of a command.
    fn waits_for(&self, _ticket: Ticket) -> bool {
        false
    }

    /// The note that goes with an answer, as long as it can be written.
    fn note(&self) -> Option<&Note> {
        None
    }

    fn note_mut(&mut self) -> Option<&mut Note> {
        None
    }

    /// The field that letters are typed into while an answer is written.
    fn typed_mut(&mut self) -> Option<&mut Editor> {
        None
    }

    /// What its Enter would do has changed: an answer that was typed to what stood there goes.
    /// Returns whether it is typed anew.
    fn ask_anew(&mut self) -> bool {
        false
    }

    /// Why what is written into it cannot be sent.
    fn unfit(&self) -> Option<Why> {
        None
    }

    /// What Enter would send now, with this note: the rules are asked about the very same.
    fn commands(&self, model: &Model, note: Option<String>) -> Vec<Command>;

    /// The gates that it is about, as long as it stands.
    fn gates(&self, model: &Model) -> Vec<GateKey>;

    /// Whether it is not known before the rules have answered whether anything is asked at all.
    fn is_unknown(&self) -> bool {
        false
    }

    /// What it pins: any change of that turns it into a refusal.
    fn pin(&self) -> Option<&Pin> {
        None
    }

    /// What its requester said of the gate when it was asked; another word of that turns it into a
    /// refusal.
    fn context(&self) -> Option<&GateContext> {
        None
    }

    /// Whether a patch draft of what it decides would be left out.
    fn leaves_draft(&self) -> bool {
        false
    }

    /// Whether there is something that was not looked at to be taken in.
    fn can_take_in(&self) -> bool {
        false
    }

    /// Of how many gates the lines were not on the terminal yet, and of how many it asks.
    fn undrawn(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Notes that these lines of its list are on the terminal. Returns whether one of them is there
    /// for the first time.
    fn note_drawn(&mut self, _lines: Range<usize>) -> bool {
        false
    }

    /// Whether Enter would do something, where that is more than what the rules say of all of it.
    fn ruled(&self, _model: &Model) -> Option<Result<(), Why>> {
        None
    }

    /// Whether an answer of the rules closes it; `is_of_colleague`: because of a gate that somebody
    /// else has open, which can be taken over here.
    fn closes_on(&self, _model: &Model, _refusal: &Refusal, is_of_colleague: bool) -> bool {
        !is_of_colleague
    }

    /// Shows in its place why it will not happen, and what to do. False: it cannot.
    fn refuse(&mut self, _why: &str, _hint: Option<&str>) -> bool {
        false
    }

    /// What it was sent as was refused.
    fn refused(&mut self, _why: &str, _hint: Option<&str>) {}

    /// What is said when it is closed, and what is left then.
    fn close(&self) -> (Option<&'static str>, Closing) {
        (None, Closing::Nothing)
    }

    /// How many gates its list has; none: it is about no list of gates.
    fn listed(&self) -> usize {
        0
    }

    /// The first line of its list on the screen, where it scrolls.
    fn top_mut(&mut self) -> Option<&mut usize> {
        None
    }

    /// The gates that it leaves out because somebody else has them open.
    fn left_open(&self) -> Vec<GateKey> {
        Vec::new()
    }

    /// Whether the key that takes those over does so now; false: it is said first what would be done.
    fn takes_over(&mut self, _is_drawn: bool) -> bool {
        true
    }

    /// Which lines of its list are in sight beside so many others, in so many rows.
    fn window(&self, _around: usize, _rows: usize) -> Range<usize> {
        0..0
    }

    /// Its lines in so many rows.
    fn within<'a>(&'a self, model: &'a Model, columns: usize, _rows: usize) -> Vec<PromptLine<'a>> {
        self.lines(model, columns)
    }
}

/// What a question that can be copied is as one of any kind.
pub(crate) trait Boxed {
    fn boxed(&self) -> Box<dyn PromptKind>;
}

impl<T: PromptKind + Clone> Boxed for T {
    fn boxed(&self) -> Box<dyn PromptKind> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn PromptKind> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl dyn PromptKind {
    /// Whether Enter would do something now that somebody has to have read about.
    pub(crate) fn is_binding(&self) -> bool {
        self.is_to_be_read() && !self.is_sent()
    }
}

/// A question as it is asked now.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub(crate) ask: Box<dyn PromptKind>,
    /// Rises with every change of what is asked.
    pub(crate) revision: u64,
    /// Whether all of this revision was on the terminal: only then does Enter confirm.
    pub(crate) is_drawn: bool,
}

impl Prompt {
    /// The revision, where what a key does depends on its being drawn.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.ask.is_to_be_read().then_some(self.revision)
    }
}
