//! Whether the window is large enough to be asked something in, and which pane has all of it.

use crate::model::Model;

/// In a smaller window nothing is asked that decides; everything can be read.
const COLUMNS_MIN: u16 = 60;

/// The same in lines.
pub(crate) const ROWS_MIN: u16 = 14;

/// What to do about it.
pub(crate) const MAKE_ROOM: &str = "make the window larger; everything can be read";

/// Why Enter does nothing.
pub(crate) const NOT_WHOLE: &str = "this window does not hold the whole question";

/// Whether the window is so small that nothing is asked in it that decides.
pub(crate) fn is_low(model: &Model) -> bool {
    let (columns, rows) = model.window.size;
    columns < COLUMNS_MIN || rows < ROWS_MIN
}

/// A pane that has the whole window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zoomed {
    Queue,
    Lower,
}

/// Which pane has the whole window. A text that is written and a question have their own room.
pub(crate) fn zoomed(model: &Model) -> Option<Zoomed> {
    if !model.panes.is_zoomed || model.compose.is_some() {
        return None;
    }
    match (model.panes.is_lower_focused, model.prompt.is_some()) {
        (true, _) => Some(Zoomed::Lower),
        (false, false) => Some(Zoomed::Queue),
        (false, true) => None,
    }
}

/// Why nothing is asked that decides, where the window is too small for that.
pub(crate) fn too_small(model: &Model) -> Option<String> {
    let (columns, rows) = model.window.size;
    is_low(model)
        .then(|| format!("below {COLUMNS_MIN}x{ROWS_MIN} nothing is decided, and this window is {columns}x{rows}"))
}
