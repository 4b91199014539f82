//! The diff as a standard unified diff, for `patch`, `git apply` and the eyes of other tools.
//!
//! Owns: hunk headers, the marker of a missing final newline, names that cannot break out of their
//! line. Must not know: rows, folding.
// Bytes, not a string: a text need not be UTF-8, and the diff must carry it unchanged.

use std::io::Write;
use std::ops::Range;

use super::document::{CONTEXT_LINES, DiffDocument, DiffSide};
use super::lines::{Block, LineDiff, LineIndex};

const NO_NEWLINE: &[u8] = b"\n\\ No newline at end of file\n";

/// Returns the unified diff from `old_name` to `new_name` (`/dev/null` without an old text); empty
/// if nothing differs. Not made visible: before a terminal, it goes through [`text`].
pub fn write(document: &DiffDocument, old_name: &str, new_name: &str) -> Vec<u8> {
    write_with_context(document, old_name, new_name, CONTEXT_LINES)
}

/// The same with so many unchanged lines around every change; [`usize::MAX`]: all of them.
pub fn write_with_context(document: &DiffDocument, old_name: &str, new_name: &str, context: usize) -> Vec<u8> {
    let texts = (document.text(DiffSide::Old), document.text(DiffSide::New));
    let old_name = if document.is_new() { "/dev/null" } else { old_name };
    write_hunks(texts, document.diff(), old_name, new_name, context)
}

/// The same of two texts, the old one first, and the lines in which they differ.
pub fn write_lines(texts: (&[u8], &[u8]), diff: &LineDiff, old_name: &str, new_name: &str) -> Vec<u8> {
    write_hunks(texts, diff, old_name, new_name, CONTEXT_LINES)
}

fn write_hunks(texts: (&[u8], &[u8]), diff: &LineDiff, old_name: &str, new_name: &str, context: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(mut first) = (!diff.blocks.is_empty()).then_some(0) else {
        return out;
    };
    name(&mut out, "---", old_name);
    name(&mut out, "+++", new_name);
    for at in 1..=diff.blocks.len() {
        let is_far = diff
            .blocks
            .get(at)
            .is_none_or(|block| block.added().start - diff.blocks[at - 1].added().end > context.saturating_mul(2));
        if is_far {
            hunk(&mut out, texts, diff, &diff.blocks[first..at], context);
            first = at;
        }
    }
    out
}

/// Which line of the new text each line of a unified diff is, read from its hunk headers.
#[derive(Debug, Default)]
pub struct NewLines {
    /// The next line, from 0, while a hunk goes on.
    next: Option<usize>,
}

impl NewLines {
    /// Whether a hunk has begun: before that, + and - are the names of files.
    pub fn is_in_hunk(&self) -> bool {
        self.next.is_some()
    }

    /// The line of the new text, from 0; none: it is of the old one, or of no text.
    pub fn of(&mut self, line: &[u8]) -> Option<usize> {
        match (line.first(), self.next) {
            (Some(b'@'), _) => {
                self.next = first_new_line(line);
                None
            }
            (Some(b' ' | b'+'), Some(next)) => {
                self.next = Some(next + 1);
                Some(next)
            }
            (_, _) => None,
        }
    }
}

/// From `@@ -12,4 +13,5 @@`; an empty range names the line before it.
fn first_new_line(header: &[u8]) -> Option<usize> {
    let header = std::str::from_utf8(header).ok()?;
    let span = header.split(' ').find_map(|part| part.strip_prefix('+'))?;
    let (first, count) = span.split_once(',').unwrap_or((span, "1"));
    let first: usize = first.parse().ok()?;
    Some(if count == "0" { first } else { first.saturating_sub(1) })
}

/// A name in git's quoting where it needs it; the tab tells `patch` where a name with blanks ends.
fn name(out: &mut Vec<u8>, sign: &str, name: &str) {
    let is_plain = name
        .chars()
        .all(|character| !character.is_control() && !matches!(character, '"' | '\\'));
    out.extend_from_slice(sign.as_bytes());
    out.push(b' ');
    if is_plain {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'"');
        for byte in name.bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..=0x1f | 0x7f..=0xff => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
                0x20..=0x7e => out.push(byte),
            }
        }
        out.push(b'"');
    }
    if name.contains(' ') {
        out.push(b'\t');
    }
    out.push(b'\n');
}

fn hunk(out: &mut Vec<u8>, (old_text, new_text): (&[u8], &[u8]), diff: &LineDiff, blocks: &[Block], context: usize) {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return;
    };
    let before = context.min(first.added().start);
    let after = context.min(diff.new_lines.count() - last.added().end);
    let old = first.removed().start - before..last.removed().end + after;
    let new = first.added().start - before..last.added().end + after;
    // Writing to a vector cannot fail.
    let _ = writeln!(out, "@@ -{} +{} @@", span(&old), span(&new));

    let old_side = (old_text, &diff.old_lines);
    let new_side = (new_text, &diff.new_lines);
    let mut at = new.start;
    for block in blocks {
        lines(out, b' ', new_side, at..block.added().start);
        lines(out, b'-', old_side, block.removed());
        lines(out, b'+', new_side, block.added());
        at = block.added().end;
    }
    lines(out, b' ', new_side, at..new.end);
}

/// `start,count` as unified diffs count: an empty range names the line before it.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn lines(out: &mut Vec<u8>, sign: u8, (text, index): (&[u8], &LineIndex), range: Range<usize>) {
    for line in range {
        let bytes = &text[index.range(line)];
        out.push(sign);
        out.extend_from_slice(bytes);
        if !bytes.ends_with(b"\n") {
            out.extend_from_slice(NO_NEWLINE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::lines::Limit;
    use crate::lines::tests::edited_pair;

    fn unified(old: Option<&[u8]>, new: &[u8]) -> Vec<u8> {
        let old = old.map(|old| Arc::new(old.to_vec()));
        write(
            &DiffDocument::compare(old, Arc::new(new.to_vec()), Limit::NONE),
            "script.md",
            "script.md",
        )
    }

    #[test]
    fn each_line_of_a_diff_knows_its_line_of_the_new_text() {
        let old = "a\nb\nc\n1\n2\n3\n4\n5\n6\n7\n8\nd\n";
        let new = "b\n@@\nc\n1\n2\n3\n4\n5\n6\n7\n8\n+ +9";
        let diff = unified(Some(old.as_bytes()), new.as_bytes());
        let mut lines = NewLines::default();
        let of_new: Vec<_> = new.split_inclusive('\n').collect();
        let mut seen = Vec::new();
        for line in diff.split_inclusive(|byte| *byte == b'\n') {
            if let Some(at) = lines.of(line) {
                assert_eq!(&line[1..], format!("{}\n", of_new[at].trim_end()).as_bytes());
                seen.push(at);
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 8, 9, 10, 11]);
    }

    fn is_there(program: &str) -> bool {
        let found = Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        if !found {
            println!("not tried: there is no {program} here");
        }
        found
    }

    /// Applies a diff with an outside program, in a directory of its own.
    fn apply(program: &str, arguments: &[&str], old: Option<&[u8]>, diff: &[u8]) -> Vec<u8> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = |name: &str| directory.path().join(name);
        if let Some(old) = old {
            put(&file("script.md"), old);
        }
        put(&file("change.diff"), diff);
        let output = Command::new(program)
            .args(arguments)
            .current_dir(directory.path())
            .env("GIT_CEILING_DIRECTORIES", directory.path())
            .output()
            .expect("the program runs");
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(diff)
        );
        std::fs::read(file("script.md")).unwrap_or_default()
    }

    fn put(path: &Path, bytes: &[u8]) {
        use std::io::Write;
        std::fs::File::create(path)
            .and_then(|mut file| file.write_all(bytes))
            .expect("a file is written");
    }

    const PATCH: (&str, &[&str]) = ("patch", &["-p0", "--binary", "-s", "-F0", "-i", "change.diff"]);
    const GIT: (&str, &[&str]) = (
        "git",
        &[
            "-c",
            "core.autocrlf=false",
            "apply",
            "-p0",
            "--whitespace=nowarn",
            "change.diff",
        ],
    );

    #[test]
    fn a_small_change_reads_as_usual() {
        let diff = unified(Some(b"a\nb\nc"), b"a\nB\nc");
        let expected = "--- script.md\n+++ script.md\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n";
        assert_eq!(String::from_utf8_lossy(&diff), expected);
        assert!(unified(Some(b"a"), b"a").is_empty());
        assert!(unified(None, b"a\n").starts_with(b"--- /dev/null\n+++ script.md\n@@ -0,0 +1 @@\n"));
    }

    #[test]
    fn names_cannot_break_out_of_their_line() {
        let document = DiffDocument::compare(Some(Arc::default()), Arc::new(b"x\n".to_vec()), Limit::NONE);
        let diff = write(&document, "a\n+++ b\u{1b}", "low tide.txt");
        assert!(
            diff.starts_with(b"--- \"a\\n+++ b\\033\"\t\n+++ low tide.txt\t\n@@"),
            "{}",
            String::from_utf8_lossy(&diff)
        );
    }

    #[test]
    fn outside_programs_make_a_new_file_of_it() {
        let new = b"Tip 1: breathe\nTip 2: 10\xe2\x80\x9312 km";
        let diff = unified(None, new);
        for (program, arguments) in [PATCH, GIT] {
            if is_there(program) {
                assert_eq!(apply(program, arguments, None, &diff), new, "{program}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn outside_programs_apply_it_to_give_the_new_text(
            (old, new) in edited_pair(),
            context in prop_oneof![3usize..9, Just(usize::MAX)],
        ) {
            let document = DiffDocument::compare(Some(Arc::new(old.clone())), Arc::new(new.clone()), Limit::NONE);
            let diff = write_with_context(&document, "script.md", "script.md", context);
            for (program, arguments) in [PATCH, GIT] {
                if !diff.is_empty() && is_there(program) {
                    prop_assert_eq!(apply(program, arguments, Some(&old), &diff), new.clone(), "{}", program);
                }
            }
        }
    }
}
