//! Reading a unified diff: headers, hunks and their lines. Strict: what is not understood is
//! refused with its line.

use super::super::quote::quote;

/// What is wrong with a diff, and in which of its lines (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DiffFault {
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// A diff of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Diff {
    /// The name behind `+++`, if there is one.
    pub(super) name: Option<String>,
    /// It makes a file that was not there.
    pub(super) is_creation: bool,
    pub(super) hunks: Vec<Hunk>,
}

/// One `@@` part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The line of its header in the diff.
    pub(super) line: usize,
    /// The first line of the old text, from 1; without old lines, the line before.
    pub(super) old_start: usize,
    pub(super) old_count: usize,
    pub(super) new_count: usize,
    pub(super) lines: Vec<HunkLine>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HunkLine {
    /// Its line in the diff.
    pub(super) line: usize,
    pub(super) sign: Sign,
    /// The line without `\n`; a `\r` before it belongs to the line.
    pub(super) text: String,
    /// Whether `\n` follows: not when `\ No newline at end of file` stands below.
    pub(super) has_end: bool,
}

/// The first character of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Context,
    Removed,
    Added,
}

impl HunkLine {
    /// Whether it stands in the old text.
    pub(super) fn is_old(&self) -> bool {
        self.sign != Sign::Added
    }

    /// Whether it stands in the new text.
    pub(super) fn is_new(&self) -> bool {
        self.sign != Sign::Removed
    }
}

impl Hunk {
    /// The header as it should read at this line of the old text and that of the new one.
    pub(super) fn header(&self, old_start: usize, new_start: usize) -> String {
        let side = |start: usize, count: usize| match count {
            1 => start.to_string(),
            _ => format!("{start},{count}"),
        };
        let (old, new) = (side(old_start, self.old_count), side(new_start, self.new_count));
        format!("@@ -{old} +{new} @@")
    }
}

/// Beginnings of the lines that git and diff write before a file's hunks.
const TOLERATED: [&str; 7] = [
    "diff ",
    "index ",
    "old mode ",
    "new mode ",
    "new file mode ",
    "similarity index ",
    "dissimilarity index ",
];
/// Beginnings of lines that ask for something else than changed lines.
const REFUSED: [(&str, &str); 7] = [
    ("rename ", "a rename"),
    ("copy ", "a copy of a file"),
    ("deleted file mode ", "the removal of a file"),
    ("GIT binary patch", "a change of binary bytes"),
    ("Binary files ", "a change of binary bytes"),
    ("@@@", "a merge of several files"),
    ("diff --cc ", "a merge of several files"),
];

/// Reads a diff.
pub(super) fn read(text: &str) -> Result<Diff, DiffFault> {
    let mut reader = HunkParser::new(text);
    let mut diff = Diff::default();
    reader.headers(&mut diff)?;
    while let Some((line, text)) = reader.peek() {
        if is_hunk(text) {
            reader.at += 1;
            diff.hunks.push(reader.hunk(line, text)?);
        } else if text == "-- " {
            // `git format-patch` ends a patch with this line.
            break;
        } else if text.is_empty() {
            reader.at += 1;
        } else if is_next_file(text) {
            return Err(fault(line, "here begins a second file; a patch is for one artifact")
                .with_hint("send a patch for each file"));
        } else {
            return Err(reader.surplus(&diff, line, text));
        }
    }
    if diff.hunks.is_empty() {
        return Err(
            fault(1, "there is no hunk in the diff").with_hint("a hunk begins with `@@ -line,count +line,count @@`")
        );
    }
    Ok(diff)
}

fn fault(line: usize, message: impl Into<String>) -> DiffFault {
    DiffFault {
        line,
        message: message.into(),
        hint: None,
    }
}

impl DiffFault {
    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn is_hunk(text: &str) -> bool {
    text.starts_with("@@ ")
}

fn is_next_file(text: &str) -> bool {
    text.starts_with("--- ") || text.starts_with("diff ")
}

struct HunkParser<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> HunkParser<'t> {
    fn new(text: &'t str) -> Self {
        let mut lines: Vec<&str> = text.split('\n').collect();
        if lines.last() == Some(&"") {
            lines.pop();
        }
        // Where even the headers end with \r\n, the diff came that way: the \r is not part of the
        // lines that it is about.
        let is_crlf = lines
            .iter()
            .find(|line| is_hunk(line))
            .is_some_and(|line| line.ends_with('\r'));
        if is_crlf {
            for line in &mut lines {
                *line = line.strip_suffix('\r').unwrap_or(line);
            }
        }
        Self { lines, at: 0 }
    }

    /// The next line and its number.
    fn peek(&self) -> Option<(usize, &'t str)> {
        self.lines.get(self.at).map(|text| (self.at + 1, *text))
    }

    fn headers(&mut self, diff: &mut Diff) -> Result<(), DiffFault> {
        while let Some((line, text)) = self.peek() {
            if is_hunk(text) {
                return Ok(());
            }
            if let Some((_, what)) = REFUSED.iter().find(|(start, _)| text.starts_with(start)) {
                return Err(fault(line, format!("{} asks for {what}", quote(text)))
                    .with_hint("only lines of an artifact can be changed"));
            }
            self.at += 1;
            if let Some(name) = text.strip_prefix("--- ") {
                diff.is_creation = name_of(name) == "/dev/null";
                let Some(new) = self.peek().and_then(|(_, next)| next.strip_prefix("+++ ")) else {
                    return Err(fault(line + 1, "a line `+++ name` has to follow `--- name`"));
                };
                self.at += 1;
                if name_of(new) == "/dev/null" {
                    return Err(fault(
                        line + 1,
                        "the diff removes the file; only its lines can be changed",
                    ));
                }
                diff.name = Some(name_of(new).to_owned());
                return Ok(());
            }
            if !text.is_empty() && !TOLERATED.iter().any(|start| text.starts_with(start)) {
                return Err(fault(line, format!("{} is no part of a unified diff", quote(text)))
                    .with_hint("it begins with `--- name` and `+++ name`, or with `@@ -line,count +line,count @@`"));
            }
        }
        Ok(())
    }

    fn hunk(&mut self, header_line: usize, header: &str) -> Result<Hunk, DiffFault> {
        let Some((old, new)) = ranges(header) else {
            return Err(fault(header_line, format!("{} is no hunk header", quote(header)))
                .with_hint("it reads `@@ -line,count +line,count @@`"));
        };
        let mut hunk = Hunk {
            line: header_line,
            old_start: old.0,
            old_count: old.1,
            new_count: new.1,
            lines: Vec::new(),
        };
        if old.0 == 0 && old.1 > 0 {
            return Err(fault(
                header_line,
                format!("{} begins at line 0; lines count from 1", quote(header)),
            ));
        }
        let (mut old_left, mut new_left) = (old.1, new.1);
        while old_left > 0 || new_left > 0 {
            let Some((line, text)) = self.peek() else {
                return Err(self.wrong_count(&hunk));
            };
            let Some((sign, text)) = signed(text) else {
                return Err(if text.starts_with('\\') {
                    fault(line, format!("{} stands below no line that ends the file", quote(text)))
                } else {
                    self.wrong_count(&hunk)
                });
            };
            let (old_taken, new_taken) = match sign {
                Sign::Context => (1, 1),
                Sign::Removed => (1, 0),
                Sign::Added => (0, 1),
            };
            if old_taken > old_left || new_taken > new_left {
                return Err(self.wrong_count(&hunk));
            }
            old_left -= old_taken;
            new_left -= new_taken;
            self.at += 1;
            let mut hunk_line = HunkLine {
                line,
                sign,
                text: text.to_owned(),
                has_end: true,
            };
            if self.peek().is_some_and(|(_, next)| next.starts_with("\\ ")) {
                self.at += 1;
                hunk_line.has_end = false;
            }
            hunk.lines.push(hunk_line);
        }
        check_file_end(&hunk)?;
        if hunk.lines.iter().all(|line| line.sign == Sign::Context) {
            return Err(fault(
                header_line,
                "the hunk changes nothing: it has neither `-` nor `+` lines",
            ));
        }
        Ok(hunk)
    }

    /// Header and lines disagree: says what the lines are.
    fn wrong_count(&self, hunk: &Hunk) -> DiffFault {
        let body = self.lines.get(hunk.line..).unwrap_or(&[]);
        let (mut old, mut new) = (0, 0);
        for (at, text) in body.iter().enumerate() {
            let next = body.get(at + 1).copied().unwrap_or("");
            if is_hunk(text) || (text.starts_with("--- ") && next.starts_with("+++ ")) || *text == "-- " {
                break;
            }
            match signed(text) {
                // Blank lines after a hunk do not belong to it.
                Some((Sign::Context, ""))
                    if text.is_empty()
                        && body
                            .iter()
                            .skip(at)
                            .find(|rest| !rest.is_empty())
                            .is_none_or(|rest| is_hunk(rest)) =>
                {
                    break;
                }
                Some((Sign::Context, _)) => (old, new) = (old + 1, new + 1),
                Some((Sign::Removed, _)) => old += 1,
                Some((Sign::Added, _)) => new += 1,
                None if text.starts_with('\\') => {}
                None => {
                    let line = hunk.line + at + 1;
                    return fault(line, format!("{} is no line of a hunk", quote(text)))
                        .with_hint("lines of a hunk begin with a blank, `-` or `+`");
                }
            }
        }
        let right = Hunk {
            old_count: old,
            new_count: new,
            ..hunk.clone()
        };
        fault(
            hunk.line,
            format!(
                "the header says {} old and {} new lines; {old} and {new} follow",
                hunk.old_count, hunk.new_count
            ),
        )
        .with_hint(format!(
            "the counts would be right in `{}`",
            right.header(hunk.old_start, hunk.old_start)
        ))
    }

    fn surplus(&self, diff: &Diff, line: usize, text: &str) -> DiffFault {
        match diff.hunks.last() {
            Some(hunk) if signed(text).is_some() => self.wrong_count(hunk),
            _ => fault(line, format!("{} is no part of a unified diff", quote(text)))
                .with_hint("behind a hunk comes another one, or the end"),
        }
    }
}

/// The sign of a line in a hunk; an empty line is an empty context line whose blank was cut off, as
/// GNU diff may do.
fn signed(text: &str) -> Option<(Sign, &str)> {
    let sign = match text.as_bytes().first() {
        None => return Some((Sign::Context, "")),
        Some(b' ') => Sign::Context,
        Some(b'-') => Sign::Removed,
        Some(b'+') => Sign::Added,
        Some(_) => return None,
    };
    Some((sign, text.get(1..).unwrap_or("")))
}

/// Only the last line of a side can be the one without a line end.
fn check_file_end(hunk: &Hunk) -> Result<(), DiffFault> {
    let sides: [fn(&HunkLine) -> bool; 2] = [HunkLine::is_old, HunkLine::is_new];
    for is_side in sides {
        let mut lines = hunk.lines.iter().filter(|line| is_side(line)).rev();
        lines.next();
        if let Some(inner) = lines.find(|line| !line.has_end) {
            return Err(fault(
                inner.line + 1,
                "`\\ No newline at end of file` stands in the middle of a hunk's lines",
            )
            .with_hint("it belongs below the last line of the file"));
        }
    }
    Ok(())
}

/// `@@ -12,3 +12,4 @@ any words`: start and count of both sides.
fn ranges(header: &str) -> Option<((usize, usize), (usize, usize))> {
    let (inner, rest) = header.strip_prefix("@@ -")?.split_once(" @@")?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let (old, new) = inner.split_once(" +")?;
    Some((range(old)?, range(new)?))
}

fn range(text: &str) -> Option<(usize, usize)> {
    let number = |digits: &str| {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain { digits.parse().ok() } else { None }
    };
    match text.split_once(',') {
        Some((start, count)) => Some((number(start)?, number(count)?)),
        None => Some((number(text)?, 1)),
    }
}

/// The file name of a `---` or `+++` line: without the time behind a tab, and without quotation
/// marks.
fn name_of(text: &str) -> &str {
    let name = text.split('\t').next().unwrap_or(text).trim_end();
    name.strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (usize, String, String) {
        let fault = read(text).unwrap_err();
        (fault.line, fault.message, fault.hint.unwrap_or_default())
    }

    #[test]
    fn what_git_and_diff_write_is_read() {
        let text = "diff --git a/x.txt b/x.txt\nindex 9f2c1e..41b07a 100644\n--- a/x.txt\t2026-11-22 17:11:39\n+++ b/x.txt\n\
                    @@ -1,3 +1,2 @@ fn a()\n a\n--- b\n-c\n+d\n\\ No newline at end of file\n@@ -9 +8,0 @@\n-x\n-- \n2.39.5\n";
        let diff = read(text).unwrap();
        assert_eq!(diff.name.as_deref(), Some("b/x.txt"));
        assert_eq!(diff.hunks.len(), 2);
        let lines: Vec<(Sign, &str, bool)> = diff.hunks[0]
            .lines
            .iter()
            .map(|line| (line.sign, line.text.as_str(), line.has_end))
            .collect();
        assert_eq!(
            lines,
            [
                (Sign::Context, "a", true),
                (Sign::Removed, "-- b", true),
                (Sign::Removed, "c", true),
                (Sign::Added, "d", false)
            ]
        );
        assert_eq!((diff.hunks[1].old_start, diff.hunks[1].line), (9, 11));
        // Sent with \r\n throughout: the \r belongs to the transport.
        assert_eq!(read(&text.replace('\n', "\r\n")).unwrap(), diff);
        assert_eq!(read("@@ -1 +1 @@\n-a\n+b").unwrap().hunks[0].lines.len(), 2);
        assert_eq!(read("@@ -1,2 +1 @@\n\n-b\n\n\n").unwrap().hunks[0].lines[0].text, "");
    }

    #[test]
    fn wrong_counts_are_refused_with_the_right_ones() {
        let told = |text: &str| {
            let (line, message, hint) = refused(text);
            format!("{line}: {message}; {hint}")
        };
        for (header, said) in [
            ("@@ -4,2 +4,2 @@", "2 old and 2 new lines; 2 and 3 follow"),
            ("@@ -4 +4,3 @@", "1 old and 3 new lines; 2 and 3 follow"),
            ("@@ -4,3 +4,3 @@", "3 old and 3 new lines; 2 and 3 follow"),
            ("@@ -4,9 +4,9 @@", "9 old and 9 new lines; 2 and 3 follow"),
        ] {
            assert_eq!(
                told(&format!("{header}\n a\n-b\n+c\n+d\n\n@@ -9 +9 @@\n-e\n+f\n")),
                format!("1: the header says {said}; the counts would be right in `@@ -4,2 +4,3 @@`")
            );
        }
        assert_eq!(
            told("@@ -1,2 +1,2 @@\n-a\n+b\n"),
            "1: the header says 2 old and 2 new lines; 1 and 1 follow; the counts would be right in `@@ -1 +1 @@`"
        );
        assert!(told("@@ -1,2 +1,2 @@\n-a\n+b\n*c\n").starts_with("4: `*c` is no line of a hunk"));
    }

    #[test]
    fn what_is_no_change_of_lines_is_refused() {
        for (text, line, words) in [
            ("", 1, "there is no hunk in the diff"),
            ("hello\n", 1, "`hello` is no part of a unified diff"),
            ("--- a\n@@ -1 +1 @@\n-a\n+b\n", 2, "a line `+++ name` has to follow"),
            (
                "--- a\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
                2,
                "the diff removes the file",
            ),
            (
                "diff --git a/x b/y\nrename from x\n",
                2,
                "`rename from x` asks for a rename",
            ),
            (
                "GIT binary patch\n",
                1,
                "`GIT binary patch` asks for a change of binary",
            ),
            (
                "@@ -1 +1 @@\n-a\n+b\n--- c\n+++ c\n@@ -1 +1 @@\n-a\n+b\n",
                4,
                "here begins a second file",
            ),
            ("@@ -1 +1 @@\n-a\n+b\nend\n", 4, "`end` is no part of a unified diff"),
            ("@@ -1,x +1 @@\n-a\n+b\n", 1, "`@@ -1,x +1 @@` is no hunk header"),
            ("@@ -1 +1 @@@\n-a\n+b\n", 1, "`@@ -1 +1 @@@` is no hunk header"),
            ("@@ -0 +1 @@\n-a\n+b\n", 1, "`@@ -0 +1 @@` begins at line 0"),
            ("@@ -1 +1 @@\n a\n", 1, "the hunk changes nothing"),
            (
                "@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n b\n",
                3,
                "`\\ No newline at end of file` stands in the middle",
            ),
            (
                "@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n",
                2,
                "`\\ No newline at end of file` stands below no line",
            ),
        ] {
            let (at, message, _) = refused(text);
            assert!(message.starts_with(words), "{text:?}: {message}");
            assert_eq!(at, line, "{text:?}: {message}");
        }
    }
}
