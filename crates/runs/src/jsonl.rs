//! Files of one JSON object a line that only grow: the last whole line is found from the end, a
//! torn one is cut off.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

use serde::Deserialize;

const CHUNK_BYTES: u64 = 64 * 1024;

/// Cuts off what follows the last line end: a line that a crash tore. Returns the length that is
/// left.
pub(super) fn cut_torn(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let end = whole_end(file)?;
    if end < length {
        file.set_len(end)?;
    }
    Ok(end)
}

/// Cuts off what a loss of power left of lines that were appended and not flushed: from the first
/// of them on that has a zero byte, which no line of ours has. Lines up to `confirmed` were
/// flushed, and stay whatever they are. Returns the length that is left; the file ends with a whole
/// line.
pub(super) fn cut_holes(file: &File, confirmed: u64) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let (mut start, mut hole) = (length, None);
    lines_back(file, length, |line| {
        if line_seq(line).is_some_and(|seq| seq <= confirmed) {
            return ControlFlow::Break(());
        }
        start = start.saturating_sub(line.len() as u64 + 1);
        if line.contains(&0) {
            hole = Some(start);
        }
        ControlFlow::Continue(())
    })?;
    let Some(hole) = hole else { return Ok(length) };
    file.set_len(hole)?;
    Ok(hole)
}

/// The end of the last whole line.
fn whole_end(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut chunk = vec![0; CHUNK_BYTES as usize];
    while end > 0 {
        let start = end.saturating_sub(CHUNK_BYTES);
        let bytes = &mut chunk[..(end - start) as usize];
        file.read_exact_at(bytes, start)?;
        if let Some(index) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + index as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The number of the last whole line that bears one, where a torn line follows; 0 when none does.
/// None: the last line is whole.
pub(super) fn torn_after(file: &File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let mut last = [0];
    if length == 0 {
        return Ok(None);
    }
    file.read_exact_at(&mut last, length - 1)?;
    if last == *b"\n" {
        return Ok(None);
    }
    let mut found = 0;
    lines_back(file, whole_end(file)?, |line| match line_seq(line) {
        Some(seq) => {
            found = seq;
            ControlFlow::Break(())
        }
        None => ControlFlow::Continue(()),
    })?;
    Ok(Some(found))
}

/// Visits whole lines from the last to the first, without their line ends. `length` is what
/// [`cut_torn`] left.
pub(super) fn lines_back(file: &File, length: u64, mut visit: impl FnMut(&[u8]) -> ControlFlow<()>) -> io::Result<()> {
    let mut start = length;
    // Bytes of the line whose beginning has not been read yet, without its line end.
    let mut rest: Vec<u8> = Vec::new();
    let mut is_first = true;
    while start > 0 {
        let from = start.saturating_sub(CHUNK_BYTES);
        let mut bytes = vec![0; (start - from) as usize];
        file.read_exact_at(&mut bytes, from)?;
        start = from;
        if is_first {
            is_first = false;
            bytes.pop();
        }
        bytes.append(&mut rest);
        while let Some(index) = bytes.iter().rposition(|byte| *byte == b'\n') {
            if visit(&bytes[index + 1..]).is_break() {
                return Ok(());
            }
            bytes.truncate(index);
        }
        rest = bytes;
    }
    if length > 0 {
        let _first_line = visit(&rest);
    }
    Ok(())
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// The number that a line bears; none when it is not an object with one.
pub(super) fn line_seq(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Numbered>(line).ok().map(|line| line.seq)
}

/// Appends whole lines in one write; the file is opened for appending. `torn` names the crash in
/// the middle of it.
pub(super) fn append(mut file: &File, lines: &[u8], torn: &'static str) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    if fault::is_crash(torn) {
        file.write_all(lines.split_at(lines.len() / 2).0)?;
    }
    fault::step(torn)?;
    file.write_all(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(bytes: &[u8]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file
    }

    fn back(file: &File) -> Vec<String> {
        let length = cut_torn(file).unwrap();
        let mut lines = Vec::new();
        lines_back(file, length, |line| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            ControlFlow::Continue(())
        })
        .unwrap();
        lines
    }

    #[test]
    fn lines_come_from_the_end_and_a_torn_one_is_cut() {
        assert_eq!(back(&file_with(b"")), Vec::<String>::new());
        assert_eq!(back(&file_with(b"torn")), Vec::<String>::new());
        assert_eq!(back(&file_with(b"a\nbb\n")), ["bb", "a"]);
        let file = file_with(b"a\n\nbb\ncc\0\0");
        assert_eq!(back(&file), ["bb", "", "a"]);
        assert_eq!(file.metadata().unwrap().len(), 6);
    }

    #[test]
    fn lines_longer_than_a_chunk_come_whole() {
        let long = "x".repeat(CHUNK_BYTES as usize * 2 + 5);
        let file = file_with(format!("first\n{long}\nlast\n{long}").as_bytes());
        assert_eq!(back(&file), ["last", long.as_str(), "first"]);
    }

    #[test]
    fn what_a_torn_line_follows_is_told() {
        for (bytes, after) in [
            (&b""[..], None),
            (b"{\"seq\":1}\n", None),
            (b"{\"seq\":1}\n{\"seq\":2}\n{\"se", Some(2)),
            (b"{\"seq\":1}\nnonsense\n{\"seq\":2}", Some(1)),
            (b"{\"ts\": \"old\"}\nto", Some(0)),
            (b"to", Some(0)),
        ] {
            assert_eq!(
                torn_after(&file_with(bytes)).unwrap(),
                after,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn holes_above_the_watermark_are_cut_and_none_below() {
        let lines = b"{\"seq\":1}\n{\"s\0\0\":2}\n{\"seq\":3}\n{\"seq\":4}\n";
        for (confirmed, left) in [(0, 10), (1, 10), (3, lines.len()), (9, lines.len())] {
            let file = file_with(lines);
            assert_eq!(cut_holes(&file, confirmed).unwrap(), left as u64, "{confirmed}");
            assert_eq!(file.metadata().unwrap().len(), left as u64);
        }
        assert_eq!(cut_holes(&file_with(b""), 0).unwrap(), 0);
        assert_eq!(cut_holes(&file_with(b"\0\0\n"), 0).unwrap(), 0);
    }

    #[test]
    fn numbers_are_read_from_lines() {
        assert_eq!(line_seq(br#"{"ts":"x","seq":7}"#), Some(7));
        assert_eq!(line_seq(br#"{"ts":"x"}"#), None);
        assert_eq!(line_seq(b"{\"seq\":"), None);
    }
}
