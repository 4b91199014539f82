//! What the operator has typed and not sent, on this machine's disk: a line that is lost loses none
//! of it.

use domain::handover::MarkedGate;
use runs::drafts::{self, KeptDrafts};
use runs::{RunsDir, RunsError};

use super::FarEngine;
use crate::edit_copies::EditCopies;

impl FarEngine {
    fn kept(&self, load: impl FnOnce(&RunsDir, &str) -> Result<KeptDrafts, RunsError>) -> KeptDrafts {
        crate::kept_or_why(load(&self.desk, &self.session.operator.name))
    }

    /// What could not be kept is told once the operator has a screen: here nothing waits for it.
    fn keep(&self, keep: impl FnOnce(&RunsDir, &str) -> Result<(), RunsError>) {
        if let Err(error) = keep(&self.desk, &self.session.operator.name) {
            self.tell_trouble(error.into());
        }
    }

    /// Keeps a draft under a name, or removes it.
    pub fn save_draft(&mut self, name: String, bytes: Option<Vec<u8>>) {
        self.keep(|desk, operator| desk.save_draft(operator, &name, bytes.as_deref()));
    }

    /// Keeps what the operator has marked.
    pub fn save_marks(&mut self, gates: Vec<MarkedGate>) {
        let bytes = crate::marks_bytes(self.session.operator.name.clone(), gates);
        self.save_draft(drafts::MARKS.to_owned(), bytes);
    }

    /// The marks that former sessions kept on this machine.
    pub fn load_marks(&self) -> Vec<MarkedGate> {
        crate::kept_marks(&self.desk, &self.session.operator.name)
    }

    /// The drafts that former sessions kept on this machine, and what could not be read of them.
    pub fn load_drafts(&self) -> KeptDrafts {
        self.kept(RunsDir::load_drafts)
    }

    /// Keeps a text that was thrown away.
    pub fn put_aside(&mut self, name: String, bytes: Vec<u8>, oldest_us: i64) {
        self.keep(|desk, operator| desk.put_aside(operator, &name, &bytes, oldest_us));
    }

    /// Keeps a draft that a text was restored to, and forgets what was put aside of it.
    pub fn restore(&mut self, name: String, bytes: Vec<u8>, aside: String) {
        self.keep(|desk, operator| desk.restore(operator, &name, &bytes, &aside));
    }

    /// What was thrown away since then, oldest first.
    pub fn load_discarded(&self, oldest_us: i64) -> KeptDrafts {
        self.kept(|desk, operator| desk.load_discarded(operator, oldest_us))
    }

    /// Where copies for the operator's own editor lie.
    pub fn edit_copies(&self) -> EditCopies {
        EditCopies::new(self.desk.clone(), self.session.operator.name.clone())
    }
}
