//! The field for what is said about a line. Nothing is sent by it: what is written goes with the
//! decision.

use super::parts::{answers, field_lines, other_title};
use crate::draft::DraftComment;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::keymap::Focus;
use crate::model::prompt::{Pin, PromptLine};
use crate::model::{Closing, Model, PromptKind};
use crate::update::comment;
use crate::update::outgoing::{refuse, tell};
use domain::ask::Command;
use domain::comment::COMMENT_BYTES_MAX;
use domain::key::GateKey;
use text::words::counted;

#[derive(Debug, Clone)]
pub(crate) struct CommentAsk {
    /// The gate that it is about, as it was on screen.
    pub(crate) pin: Pin,
    /// The line; its text is what was written when the field was opened.
    of: DraftComment,
    typed: Editor,
    /// What is written on here.
    pub(crate) outdated: Option<Outdated>,
}

/// A comment about the same line of another version, and the gate whose draft has it.
#[derive(Debug, Clone)]
pub(crate) struct Outdated {
    pub(crate) key: GateKey,
    pub(crate) comment: DraftComment,
}

impl CommentAsk {
    pub(crate) fn new(pin: Pin, of: DraftComment, text: &str, outdated: Option<Outdated>) -> Self {
        let typed = Editor::of_note(text);
        Self {
            pin,
            of,
            typed,
            outdated,
        }
    }

    /// What is written, as it is kept.
    pub(crate) fn comment(&self) -> DraftComment {
        DraftComment {
            text: self.typed.words().unwrap_or_default(),
            ..self.of.clone()
        }
    }
}

impl PromptKind for CommentAsk {
    fn focus(&self) -> Focus {
        Focus::Comment
    }

    fn not_done(&self) -> &'static str {
        "Not kept"
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let verb = ("COMMENT ", model.session.theme().held());
        let mut lines = other_title(model, verb, &self.of.said().place(), columns);
        field_lines(model, &self.typed, true, "about it: ", &mut lines);
        let back = "back, what is written is kept";
        answers(model, columns, "keep it for the decision", &[], back, &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, _: &mut Vec<Effect>) -> bool {
        let written = self.comment();
        let place = written.said().place();
        let bytes = written.text.len();
        if bytes > COMMENT_BYTES_MAX {
            let why = format!("it has {bytes} bytes; at most {COMMENT_BYTES_MAX} go with a decision");
            refuse(model, self.not_done(), &why, "shorten it, or use the note");
            return true;
        }
        comment::settle(model, self);
        comment::leave(model);
        let count = model.draft(&self.pin.key).map_or(0, |draft| draft.comments.len());
        match written.text.is_empty() {
            true => tell(model, format!("Nothing is said about {place}")),
            false => {
                let words = counted(count, "comment");
                tell(
                    model,
                    format!("Kept: {place}   {words} of yours for the decision on this gate"),
                );
            }
        }
        false
    }

    fn said(&self, _: &Model, _: Option<&str>) -> Vec<String> {
        vec![
            "it goes with your decision".to_owned(),
            "empty: nothing is said".to_owned(),
        ]
    }

    /// Nothing comes of it before the decision, which says what goes with it.
    fn is_to_be_read(&self) -> bool {
        false
    }

    fn is_local(&self) -> bool {
        true
    }

    fn typed_mut(&mut self) -> Option<&mut Editor> {
        Some(&mut self.typed)
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        Vec::new()
    }

    fn gates(&self, _: &Model) -> Vec<GateKey> {
        vec![self.pin.key.clone()]
    }

    fn close(&self) -> (Option<&'static str>, Closing) {
        let words = (!self.typed.is_blank()).then_some("The comment is kept as it is");
        (words, Closing::Nothing)
    }
}
