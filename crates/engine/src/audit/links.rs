//! `chain.jsonl` against the rows: every link says what its row says, and no published decision is
//! without one.

use std::collections::BTreeMap;

use super::finding::{LOOK, REPAIR, in_place};
use super::span::{TextLocation, describe, first_difference};
use super::{Audit, Finding, Location, Trouble};
use domain::chain::ChainLink;
use runs::RunsDir;
use runs::record::{self, FileLine, FileLines};
use store::Reader;

/// Numbers as ranges: a chain's come nearly in order, so this stays small.
#[derive(Default)]
struct Numbers(BTreeMap<u64, u64>);

impl Numbers {
    fn add(&mut self, number: u64) {
        let before = self.0.range(..=number).next_back().map(|(start, end)| (*start, *end));
        let mut range = (number, number);
        if let Some((start, end)) = before {
            if number <= end {
                return;
            }
            if end.checked_add(1) == Some(number) {
                range.0 = start;
            }
        }
        if let Some(end) = number.checked_add(1).and_then(|next| self.0.remove(&next)) {
            range.1 = end;
        }
        self.0.insert(range.0, range.1);
    }

    /// The ranges from 1 to `last` that are not there.
    fn gaps(&self, last: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for (start, end) in &self.0 {
            if *start > last {
                break;
            }
            if next < *start {
                gaps.push((next, start - 1));
            }
            next = end.saturating_add(1);
        }
        if next <= last {
            gaps.push((next, last));
        }
        gaps
    }
}

impl Audit<'_> {
    pub(super) fn links(&mut self) -> Result<(), Trouble> {
        let mut findings = look(self.runs, self.reader)?;
        if !findings.is_empty() {
            // Another process may have been publishing; with this lock none is, so the files are
            // read again.
            let _guard = record::keep_publishers_out(self.runs)?;
            findings = look(self.runs, self.reader)?;
        }
        findings.into_iter().for_each(|finding| self.report.add(finding));
        Ok(())
    }
}

/// What is wrong with the file.
pub(super) fn look(runs: &RunsDir, reader: &Reader) -> Result<Vec<Finding>, Trouble> {
    LinkLook { runs, reader }.look()
}

struct LinkLook<'a> {
    runs: &'a RunsDir,
    reader: &'a Reader,
}

impl LinkLook<'_> {
    fn look(&self) -> Result<Vec<Finding>, Trouble> {
        let path = self.runs.chain();
        let place = || Location::file(self.runs, &path);
        let head = self.reader.chain_head()?.map_or(0, |head| head.seq);
        let mut findings = Vec::new();
        let mut numbers = Numbers::default();
        let mut torn = None;
        let mut before = 0;
        let lines = match in_place(self.runs, &path, FileLines::open(&path))? {
            Ok(lines) => lines,
            Err(finding) => return Ok(vec![finding]),
        };
        if let Some(mut lines) = lines {
            while let Some(line) = lines.next_line()? {
                if !line.is_whole() {
                    torn = Some(line);
                    break;
                }
                let here = || place().at_line(line.number, line.offset);
                match self.look_at_link(&line, before)? {
                    Reading::Right(seq) => before = seq,
                    Reading::Wrong { seq, what, span } => {
                        before = seq;
                        findings.push(Finding::new(here().at_span(&span), what).hint(REPAIR));
                    }
                    Reading::Witness(what) => {
                        findings.push(Finding::new(here(), what).hint(LOOK));
                        continue;
                    }
                    Reading::Scribble => {
                        findings.push(Finding::new(here(), "it is no link of the chain").hint(REPAIR));
                        continue;
                    }
                }
                numbers.add(before);
                if findings.len() > super::finding::FINDINGS_MAX {
                    break;
                }
            }
        }
        let mut is_owed = false;
        for (first, last) in numbers.gaps(head) {
            // A missing row is reported with the rows, not here.
            let (there, owed) = self.reader.count_links(first, last)?;
            is_owed |= owed > 0;
            let missing = there - owed;
            if missing > 0 {
                let what = match (first, last) {
                    _ if first == last => format!("decision {first} has no line"),
                    _ => format!("{missing} decisions from {first} to {last} have no line"),
                };
                findings.push(Finding::new(place(), what).hint(REPAIR));
            }
        }
        if let Some(line) = torn.filter(|_| !is_owed) {
            let what = "the last line is torn, and nothing is owed that it could be the beginning of";
            findings.push(Finding::new(place().at_line(line.number, line.offset), what).hint(REPAIR));
        }
        Ok(findings)
    }

    /// Reads a line. `before` is the number of the line above: a damaged one most likely follows
    /// it.
    fn look_at_link(&self, line: &FileLine, before: u64) -> Result<Reading, Trouble> {
        let claimed = serde_json::from_slice::<ChainLink>(&line.bytes).ok();
        let guesses = [claimed.as_ref().map(|link| link.seq), before.checked_add(1)];
        let mut nearest: Option<(u64, String, TextLocation)> = None;
        for seq in guesses.into_iter().flatten() {
            let Some((link, _)) = self.reader.link(seq)? else {
                continue;
            };
            let expected = link.line();
            let Some(span) = first_difference(&line.bytes, &expected) else {
                return Ok(Reading::Right(seq));
            };
            if nearest.as_ref().is_none_or(|(_, _, other)| other.offset < span.offset) {
                nearest = Some((
                    seq,
                    describe(&line.bytes, &expected, &span, &format!("row decision {seq}")),
                    span,
                ));
            }
        }
        Ok(match (nearest, claimed) {
            (Some((seq, what, span)), _) => Reading::Wrong { seq, what, span },
            (None, Some(link)) => Reading::Witness(format!(
                "decision {} of {} has a line here and no row: its row was removed, or the database is older than the files",
                link.seq, link.job_id
            )),
            (None, None) => Reading::Scribble,
        })
    }
}

/// What a line is.
enum Reading {
    /// The link of the decision with this number, as its row says.
    Right(u64),
    /// Nearly that.
    Wrong { seq: u64, what: String, span: TextLocation },
    /// The link of a decision that no row knows.
    Witness(String),
    /// Something else.
    Scribble,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_any_order_leave_the_gaps_that_are_there() {
        let mut numbers = Numbers::default();
        for number in [3, 1, 2, 2, 7, 6, 9, u64::MAX] {
            numbers.add(number);
        }
        assert_eq!(numbers.0.len(), 4);
        assert_eq!(numbers.gaps(10), [(4, 5), (8, 8), (10, 10)]);
        assert_eq!(numbers.gaps(3), []);
        assert_eq!(Numbers::default().gaps(2), [(1, 2)]);
        assert_eq!(Numbers::default().gaps(0), []);
    }
}
