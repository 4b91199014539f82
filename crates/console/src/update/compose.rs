//! The patch editor: opening it, sending what was written, leaving.

mod check;
mod complete;
mod draft;
mod edit;
mod external_editor;
mod find;
pub(crate) mod open;
mod sheets;

pub use check::checked;
pub(crate) use check::{file_came, keep_checked, previewed, taken_names, taken_version};
pub(crate) use complete::choose_candidate;
pub use complete::{complete, completed};
pub(crate) use draft::{change_draft, keep_up, put_aside_elsewhere};
pub use draft::{sent, take_back, unsaved_drafts};
pub(crate) use edit::{as_patch, carry_over, open_edit};
pub use external_editor::look_wake_us;
pub(crate) use external_editor::{
    copy_read, copy_ready, copy_saved, external_editor_ended, keep_looking, open_external_editor, say_away,
};
pub use find::find;
pub(crate) use find::{find_next, find_typed};
pub(crate) use sheets::{choose_type, move_choice, other_type};
