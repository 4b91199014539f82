//! The patch editor: opening it, sending what was written, leaving.

mod check;
mod complete;
mod draft;
mod edit;
mod external_editor;
mod find;
pub(crate) mod open;
mod sheets;

pub use check::{checked, file_came, keep_checked, previewed, taken_names, taken_version};
pub use complete::{choose_candidate, complete, completed};
pub use draft::{change_draft, keep_up, sent, take_back, unsaved_drafts};
pub use edit::{as_patch, carry_over, open_edit};
pub use external_editor::{
    copy_read, copy_ready, copy_saved, external_editor_ended, keep_looking, look_wake_us, open_external_editor,
    say_away,
};
pub use find::{find, find_next, find_typed};
pub use sheets::{choose_type, move_choice, other_type};
