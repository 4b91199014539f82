//! The steps from one schema to the next, and taking them.
//!
//! The number of a schema is how many steps made it, and stands in the file's `user_version`. Steps
//! that were ever released are never edited: a column that is missing is a new step. What fails on
//! the rows of some file is mended where it stands, for that file can go no other way, and a new step
//! does the same for the files that went it before.

use super::error::RowError;
use super::gate_row;
use super::sql::Connection;

/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: u32 = 18;

const STEPS: [&str; SCHEMA_VERSION as usize] = [
    include_str!("schema.sql"),
    include_str!("lost_decisions.sql"),
    include_str!("holds.sql"),
    include_str!("webhooks.sql"),
    include_str!("anchors.sql"),
    include_str!("webhook_refusals.sql"),
    include_str!("acknowledged.sql"),
    include_str!("held_events.sql"),
    include_str!("context.sql"),
    include_str!("doubts.sql"),
    include_str!("comments.sql"),
    include_str!("recall.sql"),
    include_str!("calls.sql"),
    include_str!("record_times.sql"),
    include_str!("groups.sql"),
    include_str!("submissions.sql"),
    include_str!("torn_holds.sql"),
    include_str!("attempt_host.sql"),
];

/// Since when a gate's row has columns that are made of others by our own rules, which no SQL could:
/// those of live gates are made once the newest schema is there.
const DERIVED_SINCE: u32 = 15;

/// Brings the schema up to the newest one.
pub(super) fn migrate(connection: &Connection) -> Result<(), RowError> {
    take_steps(connection, SCHEMA_VERSION)
}

/// Brings the schema up to this version, in one transaction.
// The version is read inside the transaction: of two processes that find an old file, the second
// one waits and finds nothing left to do.
pub(super) fn take_steps(connection: &Connection, wanted: u32) -> Result<(), RowError> {
    connection.transaction(|connection| {
        let found = connection.schema()?;
        if found > SCHEMA_VERSION {
            return Err(RowError::Newer(found));
        }
        for (step, version) in STEPS.iter().zip(1..=wanted) {
            if version > found {
                connection.batch(step)?;
            }
        }
        if found < DERIVED_SINCE && wanted == SCHEMA_VERSION {
            gate_row::derive(connection)?;
        }
        if found < wanted {
            connection.batch(&format!("PRAGMA user_version = {wanted}"))?;
        }
        Ok(())
    })
}
