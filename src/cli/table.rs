//! Aligned columns without boxes. Cells are text from anywhere; the width counted is the width
//! shown.

use text::{visible_line, width};

use super::output::{Output, Paint, note};
use super::report::CommandError;

/// Blanks between two columns.
const GAP: &str = "  ";

/// A column that is cut keeps this much.
const CELLS_MIN: usize = 10;

/// Rows of one list.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// The heads of columns that are left out where the terminal has no room, the first one first.
    giving_way: &'static [&'static str],
}

impl Table {
    /// A table with these column heads.
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()],
            giving_way: &[],
        }
    }

    /// The same, with columns that give way on a narrow terminal.
    pub(crate) fn giving_way(self, heads: &'static [&'static str]) -> Self {
        Self {
            giving_way: heads,
            ..self
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

    /// Prints it; without rows only a note on standard error, which says what there is none of, unless
    /// that was said already.
    pub(crate) fn print(self, output: &mut Output, none: &str) -> Result<(), CommandError> {
        if self.rows.len() < 2 {
            if !none.is_empty() {
                note(none);
            }
            return Ok(());
        }
        let mut widths = self.widths();
        let mut order: Vec<usize> = (0..widths.len()).collect();
        if let Some((columns, _)) = output.size {
            fit(
                &self.rows,
                self.giving_way,
                &mut order,
                &mut widths,
                usize::from(columns),
            );
        }
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            let cells = order.iter().filter_map(|at| Some((row.get(*at)?, *widths.get(*at)?)));
            for (cell, widest) in cells {
                let cell = cut(cell, widest);
                line.push_str(&cell);
                line.push_str(&" ".repeat(widest.saturating_sub(width(&cell))));
                line.push_str(GAP);
            }
            let paint = (index == 0).then_some(Paint::Head);
            output.painted(paint, line.trim_end())?;
        }
        Ok(())
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (cell, widest) in row.iter().zip(&mut widths) {
                *widest = width(cell).max(*widest);
            }
        }
        widths
    }
}

/// Makes the columns fit: leaves out those that give way, then cuts the widest ones. The first one,
/// which names the row for the next command, stays whole.
fn fit(rows: &[Vec<String>], giving_way: &[&str], order: &mut Vec<usize>, widths: &mut [usize], room: usize) {
    let needed = |order: &[usize], widths: &[usize]| -> usize {
        let cells: usize = order.iter().filter_map(|at| widths.get(*at)).sum();
        cells + GAP.len() * order.len().saturating_sub(1)
    };
    // Cutting a little is better than leaving out.
    let least = |order: &[usize], widths: &[usize]| {
        let cut: Vec<_> = widths
            .iter()
            .enumerate()
            .map(|(at, cells)| if at == 0 { *cells } else { (*cells).min(CELLS_MIN) })
            .collect();
        needed(order, &cut)
    };
    let head = |at: usize| rows.first().and_then(|heads| heads.get(at)).map_or("", String::as_str);
    for leaving in giving_way {
        if least(order, widths) <= room {
            break;
        }
        order.retain(|at| head(*at) != *leaving);
    }
    while needed(order, widths) > room {
        let widest = order
            .iter()
            .copied()
            .filter(|at| *at > 0)
            .max_by_key(|at| widths.get(*at));
        match widest.and_then(|at| widths.get_mut(at)) {
            Some(cells) if *cells > CELLS_MIN => *cells -= 1,
            Some(_) | None => break,
        }
    }
}

/// As much of a text as stands in so many cells, `…` where that is not all.
fn cut(cell: &str, cells: usize) -> String {
    if width(cell) <= cells {
        return cell.to_owned();
    }
    let mut cut = String::new();
    for character in cell.chars() {
        cut.push(character);
        if width(&cut) >= cells {
            cut.pop();
            break;
        }
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(rows: &[Vec<String>], giving_way: &[&str], room: usize) -> (Vec<usize>, Vec<usize>) {
        let mut widths: Vec<_> = (0..rows[0].len())
            .map(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0))
            .collect();
        let mut order: Vec<_> = (0..widths.len()).collect();
        fit(rows, giving_way, &mut order, &mut widths, room);
        (order, widths)
    }

    #[test]
    fn columns_are_left_out_before_any_is_cut_to_nothing_and_the_first_stays_whole() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["JOB", "OPENED", "WHO", "ABOUT"]),
            row(["nightly-2026-11-30", "12m ago", "unseen", &"word ".repeat(12)]),
        ];
        assert_eq!(fitted(&rows, &["OPENED"], 200).0, [0, 1, 2, 3]);
        let (order, widths) = fitted(&rows, &["OPENED"], 60);
        assert_eq!(
            (order, widths[0], widths[3]),
            (vec![0, 1, 2, 3], 18, 60 - 18 - 7 - 6 - 6)
        );
        assert_eq!(fitted(&rows, &["OPENED", "WHO"], 42).0, [0, 2, 3]);
        assert_eq!(cut("watchtower", 6), "watch…");
        assert_eq!(width(&cut("潮汐潮汐潮汐", 6)), 5);
    }
}
