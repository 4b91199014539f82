//! A list of spans of a text to be written anew; every byte between them is copied.

use std::ops::Range;

/// Replacements of spans that do not overlap.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Notes that this span is to read so.
    pub(super) fn replace(&mut self, span: Range<usize>, with: String) {
        self.0.push((span, with));
    }

    /// The text with every noted span replaced.
    pub(super) fn applied_to(mut self, text: &str) -> String {
        self.0.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(text.len() + 64);
        let mut copied = 0;
        for (span, with) in &self.0 {
            debug_assert!(copied <= span.start, "edits overlap");
            out.push_str(text.get(copied..span.start).unwrap_or(""));
            out.push_str(with);
            copied = span.end;
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_between_edits_are_copied() {
        let mut edits = Edits::default();
        edits.replace(4..5, "dd".to_owned());
        edits.replace(0..1, String::new());
        assert_eq!(edits.applied_to("a–dx"), "–ddx");
        assert_eq!(Edits::default().applied_to("same"), "same");
    }
}
