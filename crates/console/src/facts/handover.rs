//! What colleagues have written about a gate, for the question before it is decided.

use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::model::Model;
use domain::key::GateKey;

/// Whose draft this one was, and what colleagues have written here, a line each.
pub(crate) fn lines(model: &Model, key: &GateKey) -> Vec<String> {
    let me = model.session.operator.name.as_str();
    let adopted = model.draft(key).and_then(|draft| draft.adopted.as_deref());
    let own = adopted.map(|from| format!("From a draft of {from}: the record names both"));
    let theirs = model.drafts.colleagues.of(key).filter_map(|(by, handed)| {
        let draft = handed.draft.as_ref()?;
        if draft.adopted.as_deref() == Some(me) {
            return Some(format!("{by} has adopted your draft"));
        }
        let (list, contents) = (keymap::key_in(Focus::Diff, Action::Handovers), draft.contents());
        let offer = format!("{by} has a draft here ({contents}); {list} outside of this question adopts it");
        (adopted != Some(by)).then_some(offer)
    });
    own.into_iter().chain(theirs).collect()
}
