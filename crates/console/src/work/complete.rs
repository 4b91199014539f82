//! What could stand at the cursor of a patch, from what the artifact really holds.

use crate::effect::CompleteJob;
use patch::{Completer, Completion};

/// The candidates, the likeliest first. Reads the whole artifact.
pub fn complete(job: &CompleteJob) -> Vec<Completion> {
    let file = &job.file;
    let completer = Completer::new(&file.kind, file.path.as_str(), &file.bytes, &job.names);
    completer.at(&job.text, job.cursor.0, job.cursor.1)
}
