//! What the operator has typed and not sent, on this machine's disk: a line that is lost loses none
//! of it. See [`super::drafts`] for its way to the server.

use ::clock::Clock as _;
use domain::draft::Draft;
use domain::handover::MarkedGate;
use runs::drafts::KeptDrafts;

use super::FarEngine;
use crate::draft_keeper::Typed;
use crate::edit_copies::EditCopies;

impl FarEngine {
    /// Keeps a draft, or removes it where nothing is in it.
    pub fn save_draft(&mut self, draft: Draft) {
        self.drafts.save(draft);
    }

    /// Keeps what the operator has marked.
    pub fn save_marks(&mut self, gates: Vec<MarkedGate>) {
        self.drafts.save_marks(gates, self.clock.now().utc);
    }

    /// The marks that former sessions kept.
    pub fn load_marks(&mut self) -> Vec<MarkedGate> {
        std::mem::take(&mut self.texts.marks)
    }

    /// The drafts that former sessions kept, and what could not be read of them.
    pub fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>) {
        let texts = &mut self.texts;
        (std::mem::take(&mut texts.drafts), std::mem::take(&mut texts.problems))
    }

    /// Keeps a text that was thrown away, on this machine.
    pub fn put_aside(&mut self, name: String, bytes: Vec<u8>, oldest_us: i64) {
        self.drafts.keeper.take(Typed::Discarded(name, bytes, oldest_us));
    }

    /// Keeps a draft that a text was restored to, and forgets what was put aside of it.
    pub fn restore(&mut self, draft: Draft, aside: String) {
        let bytes = serde_json::to_vec_pretty(&draft).unwrap_or_default();
        let restored = Typed::Restored(draft.file_name(), bytes, aside);
        self.drafts.keeper.take(restored);
        self.drafts.save(draft);
    }

    /// What was thrown away since then, oldest first.
    pub fn load_discarded(&self, oldest_us: i64) -> KeptDrafts {
        crate::kept_or_why(self.desk.load_discarded(&self.session.operator.name, oldest_us))
    }

    /// Where copies for the operator's own editor lie.
    pub fn edit_copies(&self) -> EditCopies {
        EditCopies::new(self.desk.clone(), self.session.operator.name.clone())
    }
}
