//! The rows of the decisions, in chain order: numbers without gaps, each one's `prev` the hash
//! before it.

use super::finding::LOOK;
use super::{Audit, Finding, Location, PAGE, Trouble};
use domain::ids::Digest;

/// What stands before the next decision: its number, and its hash where that is known.
struct Before {
    seq: i64,
    hash: Option<Digest>,
}

impl Audit<'_> {
    /// Walks all decisions. `of` is how many there are.
    pub(super) fn chain(&mut self, of: u64) -> Result<(), Trouble> {
        let mut before = Before {
            seq: 0,
            hash: Some(Digest::ZERO),
        };
        let mut after = i64::MIN;
        // Links that stand in for decisions of removed run directories; there are few, and none in
        // most databases.
        let mut lost = Vec::new();
        let mut lost_after = 0;
        loop {
            let page = self.reader.stored_decisions(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page {
                self.bridge(&mut before, row.seq, &mut lost, &mut lost_after)?;
                self.report.decisions += 1;
                match row.read {
                    Ok(sealed) => {
                        if before.hash.is_some_and(|hash| hash != sealed.prev) {
                            let what = format!("its prev is not the hash of decision {}", row.seq - 1);
                            self.damaged(row.seq, "document", what);
                        }
                        before.hash = Some(sealed.hash);
                    }
                    Err(fault) => {
                        before.hash = None;
                        self.damaged(row.seq, &fault.column, fault.what);
                    }
                }
                before.seq = row.seq;
            }
            self.report_progress("decisions", self.report.decisions, of);
        }
        self.bridge(&mut before, i64::MAX, &mut lost, &mut lost_after)?;
        self.report.head = self.reader.chain_head()?;
        self.noted_head()
    }

    /// Says which numbers are missing before `seq`, unless their links are known. `i64::MAX`: there
    /// is no next one.
    fn bridge(
        &mut self,
        before: &mut Before,
        seq: i64,
        lost: &mut Vec<domain::chain::ChainLink>,
        lost_after: &mut i64,
    ) -> Result<(), Trouble> {
        while before.seq + 1 < seq {
            if lost.is_empty() {
                *lost = self.reader.lost_decisions(*lost_after, PAGE)?;
                lost.reverse();
            }
            let next = lost
                .pop()
                .filter(|link| i64::try_from(link.seq).is_ok_and(|number| number < seq));
            let number = next.as_ref().and_then(|link| i64::try_from(link.seq).ok());
            let until = number.unwrap_or(seq);
            if before.seq + 1 < until && until != i64::MAX {
                let (first, last) = (before.seq + 1, until - 1);
                let what = if first == last {
                    "it is missing".to_owned()
                } else {
                    format!("it and all up to {last} are missing")
                };
                let finding = Finding::new(Location::row("decision", first, ""), what).hint(LOOK);
                self.report.add(finding);
                before.hash = None;
            }
            let (Some(link), Some(number)) = (next, number) else {
                break;
            };
            self.report.note(format!(
                "decision {number} of {} is known by its hash only: when the database was made again its run directory was gone, or it was not \
                 yet published",
                link.job_id
            ));
            *lost_after = number;
            *before = Before {
                seq: number,
                hash: Some(link.hash),
            };
        }
        Ok(())
    }

    fn damaged(&mut self, seq: i64, column: &str, what: String) {
        let finding = Finding::new(Location::row("decision", seq, column), what).hint(LOOK);
        self.report.add(finding);
    }

    /// Holds the chain against a note of its head that somebody kept: nothing else shows that its
    /// end was removed.
    fn noted_head(&mut self) -> Result<(), Trouble> {
        let Some(noted) = self.scope.head else { return Ok(()) };
        let what = match (self.reader.link(noted.seq)?, self.report.head) {
            (Some((link, _)), _) if link.hash == noted.hash => return Ok(()),
            (Some((link, _)), _) => format!(
                "decision {} has the hash {}, noted was {}",
                noted.seq, link.hash, noted.hash
            ),
            (None, Some(head)) => format!(
                "decision {} was noted, and the newest is {}: the end of the chain was removed",
                noted.seq, head.seq
            ),
            (None, None) => format!("decision {} was noted, and there is none", noted.seq),
        };
        let finding = Finding::new(Location::row("decision", noted.seq, ""), what).hint(LOOK);
        self.report.add(finding);
        Ok(())
    }
}
