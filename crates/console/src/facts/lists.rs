//! What the lists over everything else hold: what fits what is typed.

use crate::action::Action;
use crate::draft::Discarded;
use crate::facts::verb;
use crate::keymap;
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::keys::Overlay;

/// The files that fit what is typed, by their index.
pub(crate) fn files(model: &Model) -> Vec<usize> {
    let text = match &model.keys.overlay {
        Some(Overlay::Files { text, .. }) => text.text().to_lowercase(),
        Some(Overlay::Help { .. } | Overlay::Palette { .. } | Overlay::Discarded { .. }) | None => String::new(),
    };
    let files = model.gate.as_ref().map_or(&[][..], |view| &view.files[..]);
    let fits = |file: &FileView| {
        let name = file.artifact.path.as_str().to_lowercase();
        text.split_whitespace().all(|word| name.contains(word))
    };
    files
        .iter()
        .enumerate()
        .filter(|(_, file)| fits(file))
        .map(|(index, _)| index)
        .collect()
}

/// What fits what is typed, by its index.
pub(crate) fn discarded(model: &Model) -> Vec<usize> {
    let text = match &model.keys.overlay {
        Some(Overlay::Discarded { text, .. }) => text.text().to_lowercase(),
        Some(Overlay::Help { .. } | Overlay::Palette { .. } | Overlay::Files { .. }) | None => String::new(),
    };
    let fits = |discarded: &Discarded| {
        let name = format!("{} {}", discarded.draft.key, discarded.draft.contents()).to_lowercase();
        text.split_whitespace().all(|word| name.contains(word))
    };
    let listed = model.drafts.discarded.iter().enumerate();
    let listed = listed.filter(|(_, discarded)| discarded.kept_until() > model.now.utc && fits(discarded));
    listed.map(|(index, _)| index).collect()
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
    let text = match &model.keys.overlay {
        Some(Overlay::Palette { text, .. }) => text.text().to_lowercase(),
        Some(Overlay::Help { .. } | Overlay::Files { .. } | Overlay::Discarded { .. }) | None => String::new(),
    };
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
    all.chain([leave])
        .filter(|entry| {
            text.split_whitespace()
                .all(|word| entry.name.to_lowercase().contains(word))
        })
        .collect()
}
