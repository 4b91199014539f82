//! What the lists over everything else hold: what fits what is typed.

use crate::action::Action;
use crate::facts::verb;
use crate::keymap;
use crate::model::Model;
use crate::model::keys::Listed;
use domain::filter::GateFilter;
use domain::handover::HandedGate;

/// Whether a name has every word that is sought; they are in small letters.
pub(crate) fn fits(sought: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    sought.split_whitespace().all(|word| name.contains(word))
}

/// The files that fit what is typed, by their index.
pub(crate) fn files(model: &Model) -> Vec<usize> {
    let text = model.keys.sought(Listed::Files);
    let files = model.gate.iter().flat_map(|view| view.files.iter().enumerate());
    let found = files.filter(|(_, file)| fits(&text, file.artifact.path.as_str()));
    found.map(|(index, _)| index).collect()
}

/// What fits what is typed, by its index.
pub(crate) fn discarded(model: &Model) -> Vec<usize> {
    let text = model.keys.sought(Listed::Discarded);
    let listed = model.drafts.discarded.iter().enumerate();
    let found = listed.filter(|(_, discarded)| {
        let name = format!("{} {}", discarded.draft.key, discarded.draft.contents());
        discarded.kept_until() > model.now.utc && fits(&text, &name)
    });
    found.map(|(index, _)| index).collect()
}

/// The saved views that fit what is typed, by their letters.
pub(crate) fn views(model: &Model) -> Vec<(char, GateFilter)> {
    let text = model.keys.sought(Listed::Views);
    let views = model.session.offers.views.iter();
    let found = views.filter(|(key, filter)| fits(&text, &format!("{key} {}", filter.text())));
    found.map(|(key, filter)| (*key, filter.clone())).collect()
}

/// What colleagues leave that fits what is typed: who, and which gate.
pub(crate) fn handovers(model: &Model) -> Vec<(&str, &HandedGate)> {
    let text = model.keys.sought(Listed::Handovers);
    let all = model.drafts.colleagues.all.iter();
    let gates = all.flat_map(|one| one.gates.iter().map(|gate| (one.by.as_str(), gate)));
    let fitting = gates.filter(|(by, gate)| fits(&text, &format!("{by} {} {}", gate.key, gate.rows.job.slug)));
    fitting.collect()
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteEntry {
    /// What it is called.
    pub name: String,
    pub(crate) key: String,
    /// What it does.
    pub action: Action,
}

/// The commands that fit what is typed; an exact name first.
pub fn entries(model: &Model) -> Vec<PaletteEntry> {
    let text = model.keys.sought(Listed::Palette);
    let focus = model.pane_focus();
    let leave = PaletteEntry {
        name: "quit: leave the console".to_owned(),
        key: format!("{}q", keymap::key_in(focus, Action::Palette)),
        action: Action::Quit,
    };
    if matches!(text.as_str(), "q" | "q!" | "quit" | "exit") {
        return vec![leave];
    }
    let all = keymap::bindings(focus).filter_map(|binding| {
        let action = binding.action?;
        let is_offered = action != Action::Palette && verb::is_hinted(model, focus, action);
        is_offered.then(|| PaletteEntry {
            name: binding.help(),
            key: binding.key().to_owned(),
            action,
        })
    });
    all.chain([leave]).filter(|entry| fits(&text, &entry.name)).collect()
}
