//! Applying hunks to a text, or saying which line does not fit, where, and where it would.

use super::super::closest::{closest_line, folded};
use super::super::error::PatchError;
use super::super::lines::{is_all_crlf, without_end};
use super::super::plan::{DELETED, NOTHING, PlannedChange, PlannedChanges};
use super::super::quote::{counted, listed, quote, quote_both};
use super::hunks::{Diff, Hunk, HunkLine, Sign};

/// How many lines at which a hunk would fit are named.
const LINES_NAMED_MAX: usize = 5;

/// What a diff makes of a text.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) text: String,
    pub(super) changes: PlannedChanges,
}

/// Applies every hunk, in order, or none.
pub(super) fn apply(diff: &Diff, path: &str, text: &str) -> Result<Applied, PatchError> {
    if diff.is_creation && !text.is_empty() {
        return Err(PatchError::unfit(format!(
            "the diff makes a new file (--- /dev/null), but {} is there and not empty",
            quote(path)
        )));
    }
    let mut patched = Patched {
        path,
        text,
        at: 0,
        line: 1,
        added: 0,
        removed: 0,
        line_end: line_end(diff, text),
        out: String::with_capacity(text.len() + 256),
        changes: PlannedChanges::default(),
    };
    for (index, hunk) in diff.hunks.iter().enumerate() {
        patched.apply(hunk, index + 1)?;
    }
    patched.out.push_str(text.get(patched.at..).unwrap_or(""));
    Ok(Applied {
        text: patched.out,
        changes: patched.changes,
    })
}

/// What ends the lines of the diff: `\r\n` where every line of the text ends so and no line of a
/// diff that names some does.
fn line_end(diff: &Diff, text: &str) -> &'static str {
    let lines = || diff.hunks.iter().flat_map(|hunk| &hunk.lines);
    let is_plain = lines().any(HunkLine::is_old) && !lines().any(|line| line.text.ends_with('\r'));
    if is_plain && is_all_crlf(text) { "\r\n" } else { "\n" }
}

/// A text that is patched from its beginning to its end; `at` and `line` are how far it is copied.
struct Patched<'t> {
    path: &'t str,
    text: &'t str,
    at: usize,
    line: usize,
    added: usize,
    removed: usize,
    line_end: &'static str,
    out: String,
    changes: PlannedChanges,
}

/// A run of removed and added lines.
#[derive(Default)]
struct Run {
    removed: String,
    added: String,
    removed_lines: usize,
}

impl<'t> Patched<'t> {
    fn apply(&mut self, hunk: &Hunk, number: usize) -> Result<(), PatchError> {
        // A hunk without old lines names the line before it in its header.
        let start = hunk.old_start + usize::from(hunk.old_count == 0);
        if start < self.line {
            return Err(PatchError::unfit(format!(
                "hunk {number} (line {} of the diff) begins at line {start}, before the end of the hunk above it",
                hunk.line
            ))
            .with_hint("hunks come in the order of the file and do not overlap"));
        }
        let from = (self.at, self.line);
        while self.line < start {
            let Some(line) = self.next_line() else {
                return Err(self.beyond_end(hunk, number, start, from));
            };
            self.out.push_str(line);
            self.step(line);
        }
        let mut run = Run::default();
        for line in &hunk.lines {
            if line.is_old() {
                let found = self.next_line();
                if !found.is_some_and(|found| self.is_same(line, found)) {
                    return Err(self.mismatch(hunk, number, from, line, found));
                }
                let found = found.unwrap_or("");
                self.step(found);
                match line.sign {
                    Sign::Context => {
                        self.finish(&mut run, found);
                        self.put(hunk, line, found)?;
                    }
                    Sign::Removed | Sign::Added => {
                        run.removed.push_str(found);
                        run.removed_lines += 1;
                    }
                }
            } else {
                let written = self.written(line);
                run.added.push_str(&written);
                self.put(hunk, line, &written)?;
            }
        }
        self.finish(&mut run, "");
        self.added += hunk.new_count;
        self.removed += hunk.old_count;
        if hunk.lines.iter().any(|line| line.is_new() && !line.has_end)
            && let Some(line) = hunk.lines.iter().rev().find(|line| line.is_new())
            && self.next_line().is_some()
        {
            return Err(PatchError::unfit(format!(
                "line {} of the diff has no line end, but {} goes on at line {}",
                line.line,
                quote(self.path),
                self.line
            ))
            .at_artifact_line(self.line)
            .with_hint("`\\ No newline at end of file` goes with the last line of the file only"));
        }
        Ok(())
    }

    /// The line of the text that comes next, its end included.
    fn next_line(&self) -> Option<&'t str> {
        self.text.get(self.at..)?.split_inclusive('\n').next()
    }

    fn step(&mut self, line: &str) {
        self.at += line.len();
        self.line += 1;
    }

    fn written(&self, line: &HunkLine) -> String {
        let end = if line.has_end { self.line_end } else { "" };
        format!("{}{end}", line.text)
    }

    fn is_same(&self, line: &HunkLine, found: &str) -> bool {
        let end = if line.has_end { self.line_end } else { "" };
        found.strip_prefix(line.text.as_str()) == Some(end)
    }

    /// Adds a line to the new text; never to a line that has no end.
    fn put(&mut self, hunk: &Hunk, line: &HunkLine, written: &str) -> Result<(), PatchError> {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            return Err(PatchError::unfit(format!(
                "line {} of the diff would be joined to the line before it: the last line of {} has no line end",
                line.line,
                quote(self.path)
            ))
            .with_hint(format!(
                "let the hunk of line {} remove that line and add it again",
                hunk.line
            )));
        }
        self.out.push_str(written);
        Ok(())
    }

    /// Notes a run of changed lines; `behind` is the context line that was read after it.
    fn finish(&mut self, run: &mut Run, behind: &str) {
        let Run {
            removed,
            added,
            removed_lines,
        } = std::mem::take(run);
        if removed.is_empty() && added.is_empty() {
            return;
        }
        let end = self.line - usize::from(!behind.is_empty());
        self.changes.note(|| {
            let (before, after) = quote_both(&removed, &added);
            PlannedChange {
                place: place(end - removed_lines, removed_lines),
                before: if removed.is_empty() { NOTHING.to_owned() } else { before },
                after: if added.is_empty() { DELETED.to_owned() } else { after },
            }
        });
    }

    fn beyond_end(&self, hunk: &Hunk, number: usize, start: usize, from: (usize, usize)) -> PatchError {
        let lines = self.line - 1;
        PatchError::unfit(format!(
            "hunk {number} (line {} of the diff) begins at line {start}; {} has {}",
            hunk.line,
            quote(self.path),
            counted(lines, "line")
        ))
        .at_artifact_line(lines.max(1))
        .hinted(self.where_it_fits(hunk, from))
    }

    fn mismatch(
        &self,
        hunk: &Hunk,
        number: usize,
        from: (usize, usize),
        line: &HunkLine,
        found: Option<&'t str>,
    ) -> PatchError {
        let wanted = quote(&line.text);
        let what = format!("hunk {number} does not fit: line {} of the diff", line.line);
        let elsewhere = self.where_it_fits(hunk, from);
        let Some(found) = found else {
            let message = format!(
                "{what} wants {wanted}, but {} ends with line {}",
                quote(self.path),
                self.line - 1
            );
            return PatchError::unfit(message)
                .at_artifact_line(self.line.saturating_sub(1).max(1))
                .with_hint(elsewhere.unwrap_or_else(|| OTHER_VERSION.to_owned()));
        };
        let (at, shown) = (self.line, without_end(found));
        let unfit = |message: String, hint: String| PatchError::unfit(message).at_artifact_line(at).with_hint(hint);
        let plain = line.text.strip_suffix('\r').unwrap_or(&line.text);
        if plain == shown {
            return self.other_end(&what, line, found);
        }
        let message = format!(
            "{what} wants {wanted}, but line {at} of {} is {}",
            quote(self.path),
            quote(shown)
        );
        if let Some(hint) = elsewhere {
            return unfit(message, hint);
        }
        if folded(shown).trim() == folded(plain).trim() {
            let hint =
                "they differ only in letter case, spaces, dashes or quotation marks: copy the line from the artifact";
            return unfit(message, hint.to_owned());
        }
        match closest_line(self.text, plain) {
            Some((near, text)) if text != shown.trim() => unfit(
                message,
                format!("closest is line {near}: {}; {OTHER_VERSION}", quote(text)),
            ),
            Some(_) | None => unfit(message, OTHER_VERSION.to_owned()),
        }
    }

    /// The line is the right one, and only ends otherwise.
    fn other_end(&self, what: &str, line: &HunkLine, found: &str) -> PatchError {
        let at = self.line;
        let ending = |has_cr: bool, has_end: bool| match (has_cr, has_end) {
            (true, true) => "\\r\\n",
            (false, true) => "\\n",
            (true, false) => "\\r and no \\n",
            (false, false) => "no line end",
        };
        let wanted = ending(
            line.text.ends_with('\r') || (line.has_end && self.line_end == "\r\n"),
            line.has_end,
        );
        let is = ending(found.trim_end_matches('\n').ends_with('\r'), found.ends_with('\n'));
        let hint = match (line.has_end, found.ends_with('\n')) {
            (true, false) => format!(
                "put `\\ No newline at end of file` below line {} of the diff",
                line.line
            ),
            (false, true) => format!(
                "take `\\ No newline at end of file` from below line {} of the diff",
                line.line
            ),
            (true, true) | (false, false) => "line ends must be those of the artifact".to_owned(),
        };
        let message = format!(
            "{what} is {} with {wanted}, but line {at} of {} has {is}",
            quote(line.text.trim_end_matches('\r')),
            quote(self.path)
        );
        PatchError::unfit(message).at_artifact_line(at).with_hint(hint)
    }

    /// Where all old lines of a hunk stand, from the end of the hunk before it (offset and line)
    /// on.
    fn where_it_fits(&self, hunk: &Hunk, (from, from_line): (usize, usize)) -> Option<String> {
        let mut wanted = "\n".to_owned();
        for line in hunk.lines.iter().filter(|line| line.is_old()) {
            wanted.push_str(&self.written(line));
        }
        let block = wanted.get(1..).filter(|block| !block.is_empty())?;
        let rest = self.text.get(from..)?;
        let is_whole = |end: usize| wanted.ends_with('\n') || end == rest.len();
        let mut lines = Vec::new();
        if rest.starts_with(block) && is_whole(block.len()) {
            lines.push(from_line);
        }
        let mut counted_to = 0;
        let mut line = from_line;
        for (at, _) in rest.match_indices(wanted.as_str()).take(LINES_NAMED_MAX + 1) {
            line += rest.get(counted_to..=at).unwrap_or("").matches('\n').count();
            counted_to = at + 1;
            if is_whole(at + wanted.len()) {
                lines.push(line);
            }
        }
        match lines.as_slice() {
            [] => None,
            [only] => {
                let before = self.removed + usize::from(hunk.new_count == 0);
                let new_start = (only + self.added).saturating_sub(before);
                Some(format!(
                    "it fits at line {only}: line {} of the diff would read `{}`",
                    hunk.line,
                    hunk.header(*only, new_start)
                ))
            }
            several => {
                let shown: Vec<String> = several.iter().take(LINES_NAMED_MAX).map(ToString::to_string).collect();
                let more = if several.len() > LINES_NAMED_MAX {
                    " and further ones"
                } else {
                    ""
                };
                Some(format!("it would fit at lines {}{more}", listed(&shown)))
            }
        }
    }
}

const OTHER_VERSION: &str = "the diff was made from another version of the text";

/// `line 4`, `lines 4-9`, or between which lines something is added.
fn place(first: usize, count: usize) -> String {
    match (first, count) {
        (1, 0) => "before line 1".to_owned(),
        (_, 0) => format!("after line {}", first - 1),
        (_, 1) => format!("line {first}"),
        (_, _) => format!("lines {first}-{}", first + count - 1),
    }
}
