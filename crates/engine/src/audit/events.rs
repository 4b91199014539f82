//! `events.jsonl` against the event rows of its job, both read once, side by side.

use std::collections::VecDeque;

use super::finding::{LOOK, REPAIR, in_place};
use super::job::JobLook;
use super::span::{describe, first_difference};
use super::{Finding, Location, PAGE, Trouble};
use domain::event::Event;
use domain::ids::JobId;
use runs::publish::event_line;
use runs::record::{FileLine, FileLines, is_old_event};
use store::{Reader, StoredEvent};

/// A job's event rows, a page at a time.
pub(super) struct Rows<'a> {
    reader: &'a Reader,
    job_id: &'a JobId,
    after: i64,
    page: VecDeque<StoredEvent>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(reader: &'a Reader, job_id: &'a JobId) -> Self {
        Self {
            reader,
            job_id,
            after: i64::MIN,
            page: VecDeque::new(),
        }
    }

    /// The next row; none at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<StoredEvent>, Trouble> {
        if self.page.is_empty() {
            self.page = self.reader.stored_events(self.job_id, self.after, PAGE)?.into();
        }
        let row = self.page.pop_front();
        if let Some(row) = &row {
            self.after = row.seq;
        }
        Ok(row)
    }
}

/// The lines of a file with a look at the next one.
struct PeekedLines {
    lines: Option<FileLines>,
    next: Option<FileLine>,
}

impl PeekedLines {
    fn open(lines: Option<FileLines>) -> Result<Self, Trouble> {
        let mut ahead = Self { lines, next: None };
        ahead.read()?;
        Ok(ahead)
    }

    fn read(&mut self) -> Result<(), Trouble> {
        self.next = match &mut self.lines {
            Some(lines) => lines.next_line()?,
            None => None,
        };
        Ok(())
    }

    fn take(&mut self) -> Result<Option<FileLine>, Trouble> {
        let line = self.next.take();
        if line.is_some() {
            self.read()?;
        }
        Ok(line)
    }
}

/// What a line says of itself, as far as it can be read.
fn claimed(line: &FileLine) -> Option<Event> {
    serde_json::from_slice(&line.bytes).ok()
}

impl JobLook<'_> {
    pub(super) fn events(&mut self) -> Result<(), Trouble> {
        let path = self.run.events();
        let mut rows = Rows::new(self.reader, self.job_id);
        let opened = match in_place(self.runs, &path, FileLines::open(&path))? {
            Ok(opened) => opened,
            Err(finding) => {
                self.report.add(finding);
                return self.check_event_rows();
            }
        };
        let mut lines = PeekedLines::open(opened)?;
        let mut row = rows.next_row()?;
        let mut line = self.after_old_lines(&mut lines)?;
        // Lines of rows that a wrong line stood in for: they come late, and are no news.
        while let Some(current) = row {
            let Some(expected) = self.expected(&current)? else {
                // The event has no readable line; most likely the line at this place is its own.
                line = match line {
                    Some(here) if claimed(&here).is_none_or(|event| event.seq <= current.seq.unsigned_abs()) => {
                        lines.take()?
                    }
                    other => other,
                };
                row = rows.next_row()?;
                continue;
            };
            let is_owed = current.seq > self.mark.published_seq;
            let Some(here) = line else {
                self.missing(current.seq, is_owed);
                row = rows.next_row()?;
                continue;
            };
            if here.bytes == expected {
                line = lines.take()?;
                row = rows.next_row()?;
                continue;
            }
            if lines.next.as_ref().is_some_and(|next| next.bytes == expected) {
                self.stray(&here)?;
                line = lines.take()?;
                row = Some(current);
                continue;
            }
            match claimed(&here) {
                // Right for a later row of this job: what stands before that row is missing.
                Some(event) if event.seq > current.seq.unsigned_abs() && self.is_right(&here, &event)? => {
                    self.missing(current.seq, is_owed);
                    row = rows.next_row()?;
                    line = Some(here);
                }
                // Right for an earlier row: the line that was taken for it was none of ours.
                Some(event) if event.seq < current.seq.unsigned_abs() && self.is_right(&here, &event)? => {
                    self.stray(&here)?;
                    line = lines.take()?;
                    row = Some(current);
                }
                Some(_) | None => {
                    if here.is_whole() || !is_owed {
                        self.altered(&here, &expected, current.seq);
                    } else {
                        // The beginning of a line that a crash tore: it is cut and written again.
                        self.owed.events += 1;
                    }
                    line = lines.take()?;
                    row = rows.next_row()?;
                }
            }
        }
        while let Some(here) = line {
            self.stray(&here)?;
            line = lines.take()?;
        }
        Ok(())
    }

    /// The first line that is not of the old system: such lines stand before ours, and outside the
    /// record.
    fn after_old_lines(&mut self, lines: &mut PeekedLines) -> Result<Option<FileLine>, Trouble> {
        let mut old = 0_u64;
        let mut line = lines.take()?;
        while let Some(here) = line.take_if(|line| is_old_event(&line.bytes)) {
            drop(here);
            old += 1;
            line = lines.take()?;
        }
        if old > 0 {
            let place = Location::file(self.runs, &self.run.events());
            self.report.note(format!(
                "{place}: its first {old} lines are old events; they are left as they are"
            ));
        }
        Ok(line)
    }

    /// The line that a row asks for; none, and a finding, when the row itself is damaged.
    fn expected(&mut self, row: &StoredEvent) -> Result<Option<Vec<u8>>, Trouble> {
        self.report.events += 1;
        match &row.read {
            Ok(event) => Ok(Some(event_line(event)?)),
            Err(fault) => {
                let place = Location::row("event", row.seq, &fault.column);
                self.report.add(Finding::new(place, fault.what.clone()).hint(LOOK));
                Ok(None)
            }
        }
    }

    fn is_right(&self, line: &FileLine, event: &Event) -> Result<bool, Trouble> {
        let row = self.reader.event(event.seq)?.filter(|row| row.job_id == *self.job_id);
        Ok(match row {
            Some(row) => event_line(&row)? == line.bytes,
            None => false,
        })
    }

    fn place_of(&self, line: &FileLine) -> Location {
        Location::file(self.runs, &self.run.events()).at_line(line.number, line.offset)
    }

    fn missing(&mut self, seq: i64, is_owed: bool) {
        if is_owed {
            self.owed.events += 1;
        } else {
            let place = Location::file(self.runs, &self.run.events());
            self.report
                .add(Finding::new(place, format!("the line of event {seq} is missing")).hint(REPAIR));
        }
    }

    fn altered(&mut self, line: &FileLine, expected: &[u8], seq: i64) {
        if let Some(span) = first_difference(&line.bytes, expected) {
            let what = describe(&line.bytes, expected, &span, &format!("row event {seq}"));
            self.report
                .add(Finding::new(self.place_of(line).at_span(&span), what).hint(REPAIR));
        }
    }

    fn stray(&mut self, line: &FileLine) -> Result<(), Trouble> {
        let (what, hint) = match claimed(line) {
            Some(event) if self.reader.event(event.seq)?.is_none() => {
                let what = format!(
                    "event {} has a line here and no row: its row was removed, or the database is older than the files",
                    event.seq
                );
                (what, LOOK)
            }
            Some(event) => (
                format!("event {} has a line here that is not its own", event.seq),
                REPAIR,
            ),
            None if line.is_whole() => ("it is no event of holdpoint".to_owned(), REPAIR),
            None => {
                let what = "the last line is torn, and nothing is owed that it could be the beginning of";
                (what.to_owned(), REPAIR)
            }
        };
        self.report.add(Finding::new(self.place_of(line), what).hint(hint));
        Ok(())
    }
}
