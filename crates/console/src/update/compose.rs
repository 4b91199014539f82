//! The patch editor: opening it, sending what was written, leaving.

mod check;
mod complete;
mod draft;
mod edit;
mod find;
pub(crate) mod open;
mod own_editor;
mod sheets;

pub use check::{checked, file_came, keep_checked, previewed, taken_names, taken_version};
pub use complete::{choose_candidate, complete, completed};
pub use draft::{change_draft, keep_up, sent, take_back, unsaved_drafts};
pub use edit::{as_patch, carry_over, open_edit};
pub use find::{find, find_next, find_typed};
pub use own_editor::{
    copy_read, copy_ready, copy_saved, keep_looking, look_wake_us, open_own_editor, own_editor_ended, say_away,
};
pub use sheets::{choose_type, move_choice, other_type};
