//! What has the keys before the panes, and what they say of who presses them.

use super::external_edit::ExternalEdit;
use super::slips::Slips;
use crate::editor::{Editor, TextPosition};
use crate::keymap::Focus;
use domain::time::{Now, SECOND_US};

/// What is listed over everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The keys, narrowed down by what is typed.
    Help,
    /// The files under review.
    Files,
    /// What was thrown away lately.
    Discarded,
    /// What colleagues leave.
    Handovers,
    /// Why the gate is asked for.
    Context,
    /// Saved filters of the configuration.
    Views,
    /// Commands by name.
    Palette,
}

/// A list over everything else.
#[derive(Debug, Clone)]
pub struct Overlay {
    pub listed: Listed,
    /// What is typed.
    pub text: Editor,
    /// The chosen row; of the help, where none is chosen, the first one shown.
    pub(crate) row: usize,
}

/// A one-line field at the bottom.
#[derive(Debug, Clone)]
pub enum Field {
    /// The queue's filter.
    Filter(Editor),
    /// The diff's search.
    Search(Editor),
    /// The search in the text that is written, and where it began.
    Find(Editor, TextPosition),
}

/// Whether somebody sits here.
#[derive(Debug)]
pub(crate) struct Presence {
    /// When a key was last pressed, on the boot clock; none: not yet, and a console that runs is
    /// nobody who looks.
    pub(crate) key_boot_us: Option<i64>,
    /// Since when somebody is at the keys without a long break, on the boot clock.
    pub(crate) since_boot_us: i64,
}

/// Somebody is there this long after a key.
const PRESENT_US: i64 = 60 * SECOND_US;

impl Presence {
    /// Somebody pressed a key, or used the mouse.
    pub(crate) fn press(&mut self, boot_us: i64) {
        if !self.is_attended(boot_us) {
            self.since_boot_us = boot_us;
        }
        self.key_boot_us = Some(boot_us);
    }

    /// Whether somebody is there.
    pub(crate) fn is_attended(&self, boot_us: i64) -> bool {
        let since_us = |key_us: i64| boot_us.saturating_sub(key_us);
        self.key_boot_us.is_some_and(|key_us| since_us(key_us) < PRESENT_US)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Keys {
    /// The operator's own editor, as long as the edit is its business: it has all keys.
    pub away: Option<ExternalEdit>,
    /// A list over everything else.
    pub overlay: Option<Overlay>,
    /// A one-line field.
    pub field: Option<Field>,
    /// What keeps a slip from acting.
    pub(crate) slips: Slips,
    /// Whether somebody sits here.
    pub(crate) presence: Presence,
}

impl Keys {
    pub(crate) fn new(now: Now) -> Self {
        Self {
            away: None,
            overlay: None,
            field: None,
            slips: Slips::default(),
            presence: Presence {
                key_boot_us: None,
                since_boot_us: now.boot_us,
            },
        }
    }

    /// The list or field that receives the keys, if one does.
    pub(crate) fn focus(&self) -> Option<Focus> {
        let overlay = self.overlay.as_ref().map(|overlay| match overlay.listed {
            Listed::Help => Focus::Help,
            Listed::Palette => Focus::Palette,
            Listed::Files => Focus::Files,
            Listed::Discarded => Focus::Discarded,
            Listed::Handovers => Focus::Handovers,
            Listed::Context => Focus::Context,
            Listed::Views => Focus::Views,
        });
        let field = self.field.as_ref().map(|field| match field {
            Field::Filter(_) => Focus::Filter,
            Field::Search(_) => Focus::Search,
            Field::Find(..) => Focus::Find,
        });
        overlay.or(field)
    }

    /// Opens a list over everything else, with this row chosen.
    pub(crate) fn list(&mut self, listed: Listed, row: usize) {
        let text = Editor::of_line("");
        self.overlay = Some(Overlay { listed, text, row });
    }

    /// Closes the list; returns the row that was chosen.
    pub(crate) fn take_row(&mut self) -> usize {
        self.overlay.take().map_or(0, |overlay| overlay.row)
    }

    /// What is typed in this list, in small letters; nothing while another one is open, or none.
    pub(crate) fn sought(&self, listed: Listed) -> String {
        let overlay = self.overlay.as_ref().filter(|overlay| overlay.listed == listed);
        overlay.map_or_else(String::new, |overlay| overlay.text.text().to_lowercase())
    }
}
