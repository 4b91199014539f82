//! Aligned columns without boxes. Cells are text from anywhere; the width counted is the width
//! shown.

use text::{visible_line, width};

use super::output::{Output, note};
use super::report::CommandError;

/// Blanks between two columns.
const GAP: &str = "  ";

/// Rows of one list.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads.
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()],
        }
    }

    /// Adds a row. An empty cell is shown as `-`, so that columns can be told apart by a script and
    /// by ear.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let shown = |cell: String| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                visible_line(&cell).into_owned()
            }
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// Prints it; without rows only a note on standard error, which says what there is none of.
    pub(crate) fn print(self, output: &mut Output, none: &str) -> Result<(), CommandError> {
        if self.rows.len() < 2 {
            note(none);
            return Ok(());
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (cell, widest) in row.iter().zip(&mut widths) {
                *widest = width(cell).max(*widest);
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for (cell, widest) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(widest.saturating_sub(width(cell))));
                line.push_str(GAP);
            }
            output.line(line.trim_end())?;
        }
        Ok(())
    }
}
