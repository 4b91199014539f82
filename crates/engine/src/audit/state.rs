//! `state.json` against its rows, where it is a pure projection of them: leases come and go without
//! a word in the files.

use serde_json::Value;

use super::finding::{LOOK, REPAIR, in_place};
use super::job::JobLook;
use super::span::{describe, first_difference};
use super::{Finding, Location, Trouble};
use runs::publish::state_file;
use runs::record;

/// Takes the leases out of a state; the bytes as they are when it is no JSON.
fn without_leases(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut state) = serde_json::from_slice::<Value>(bytes) else {
        return bytes.to_vec();
    };
    if pretty(&state) != bytes {
        return bytes.to_vec();
    }
    let gates = state.get_mut("gates").and_then(Value::as_array_mut);
    for gate in gates.into_iter().flatten() {
        if let Some(lease) = gate.get_mut("lease") {
            *lease = Value::Null;
        }
    }
    pretty(&state)
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

impl JobLook<'_> {
    pub(super) fn state(&mut self) -> Result<(), Trouble> {
        let path = self.run.state();
        let rows = match self.reader.job(self.job_id) {
            Ok(Some(rows)) => rows,
            Ok(None) => return Ok(()),
            Err(error) => {
                let finding = Finding::new(Location::database(), error.to_string()).hint(LOOK);
                self.report.add(finding);
                return Ok(());
            }
        };
        let found = match in_place(self.runs, &path, record::read(&path))? {
            Ok(found) => found,
            Err(finding) => {
                self.report.add(finding);
                return Ok(());
            }
        };
        // Read after the rows: what was committed meanwhile counts as owed.
        let Some(mark) = self.reader.mark(self.job_id)? else {
            return Ok(());
        };
        if mark.last_event_seq > mark.published_seq {
            return Ok(());
        }
        let place = Location::file(self.runs, &path);
        let Some(found) = found else {
            self.report.add(Finding::new(place, "it is missing").hint(REPAIR));
            return Ok(());
        };
        let expected = state_file(&rows, mark.last_event_seq.unsigned_abs(), mark.status_since)?;
        if found == expected {
            return Ok(());
        }
        let (found, expected) = (without_leases(&found), without_leases(&expected));
        if let Some(span) = first_difference(&found, &expected) {
            let what = describe(&found, &expected, &span, "the rows of the job");
            // A state made from a damaged row would only spread the damage.
            let is_sound = rows
                .decisions
                .iter()
                .all(|sealed| sealed.computed_hash() == sealed.hash);
            let hint = if is_sound { REPAIR } else { LOOK };
            self.report.add(Finding::new(place.at_span(&span), what).hint(hint));
        }
        Ok(())
    }
}
