//! Which versions the rows of a job name.

use std::collections::BTreeSet;

use serde_json::Value;

use domain::ids::{Digest, JobId};
use store::Reader;

use super::trouble::Trouble;

/// Rows, and versions, that are read at once.
const PAGE: u32 = 500;
/// A digest in hexadecimal digits.
const DIGEST_LEN: usize = 64;

/// All versions of a shared record.
pub(super) fn all_versions(reader: &Reader) -> Result<BTreeSet<Digest>, Trouble> {
    let mut all = BTreeSet::new();
    loop {
        let page = reader.versions_after(all.last(), PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Those of `all` that rows, decisions and events of a job name, in whichever field.
pub(super) fn versions_named(
    reader: &Reader,
    job_id: &JobId,
    all: &BTreeSet<Digest>,
) -> Result<BTreeSet<Digest>, Trouble> {
    let mut named = BTreeSet::new();
    let mut take = |value: &Value| collect(value, all, &mut named);
    let rows = reader.job(job_id)?;
    // What the domain renders has a JSON form.
    take(&serde_json::to_value(&rows).unwrap_or_default());
    let mut after = i64::MIN;
    loop {
        let page = reader.raw_decisions_of(job_id, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        page.iter()
            .for_each(|row| take(&serde_json::from_slice(&row.document).unwrap_or_default()));
    }
    after = i64::MIN;
    loop {
        let page = reader.stored_events(job_id, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        page.iter()
            .filter_map(|row| row.read.as_ref().ok())
            .for_each(|event| take(&event.payload));
    }
    Ok(named)
}

fn collect(value: &Value, all: &BTreeSet<Digest>, named: &mut BTreeSet<Digest>) {
    match value {
        Value::String(text) if text.len() == DIGEST_LEN => {
            let digest = Digest::parse(text).ok();
            named.extend(digest.filter(|digest| all.contains(digest)));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all, named)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, all, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
