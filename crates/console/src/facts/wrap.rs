//! Words in lines of so many columns.

use text::{visible_line, width};

/// Splits at blanks into at most so many lines; the last takes the rest.
pub(crate) fn split(text: &str, columns: usize, most: usize) -> Vec<String> {
    split_behind(text, 0, columns, most)
}

/// The same where so many cells of the first line are taken.
pub(crate) fn split_behind(text: &str, taken: usize, columns: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut has_room = most > 1;
    for word in text.split(' ').flat_map(|word| pieces(word, columns.max(1))) {
        let count = lines.len();
        let Some(line) = lines.last_mut() else {
            break;
        };
        let taken = if count == 1 { taken } else { 0 };
        let used = width(line) + usize::from(!line.is_empty());
        let is_begun = !line.is_empty() || taken > 0;
        let is_full = is_begun && taken + used + width(&visible_line(&word)) > columns;
        if is_full && has_room {
            has_room = count + 1 < most;
            lines.push(word);
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines
}

/// A word that no line could hold, in pieces that one can; any other as it is.
fn pieces(word: &str, columns: usize) -> Vec<String> {
    if width(&visible_line(word)) <= columns {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for character in word.chars() {
        let full = pieces
            .last()
            .is_some_and(|piece| width(&visible_line(piece)) + 2 > columns && !piece.is_empty());
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
    }
    pieces
}
