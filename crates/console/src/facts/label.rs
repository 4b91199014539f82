//! Names of jobs and gates, times and sizes, as an operator reads them.

use std::cell::Cell;

use super::shorten;
use crate::facts::label;
use crate::model::file::FileView;
use config::ShownTime;
use domain::artifact::NO_TEXT;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::time::{self, SECOND_US, Timestamp};
use domain::view::{QueueKind, QueueRow};

/// Whether an id was made by holdpoint (a UUID) and not by a person.
fn is_generated(id: &str) -> bool {
    let is_digit = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    id.len() == 36 && id.bytes().enumerate().all(is_digit)
}

/// A job: `j-17 tides`; `last-bus-home`; of a generated id the end, which differs most:
/// `…89ab tides`.
pub fn job(id: &JobId, slug: &str) -> String {
    let text = id.as_str();
    let short = if !is_generated(text) {
        text.to_owned()
    } else {
        // Ids are ASCII (SPEC §1).
        format!("…{}", text.get(text.len() - 4..).unwrap_or(text))
    };
    if slug.is_empty() || slug == text {
        short
    } else {
        format!("{short} {slug}")
    }
}

/// A sentence of the rules, which name jobs by their whole id, with every generated id as people
/// read it.
pub(crate) fn readable(text: &str, slug_of: impl Fn(&JobId) -> Option<String>) -> String {
    let is_of_id = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|character| !is_of_id(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match JobId::new(word).ok().filter(|_| is_generated(word)) {
            Some(id) => said.push_str(&job(&id, &slug_of(&id).unwrap_or_default())),
            None => said.push_str(word),
        }
        let start = after.find(is_of_id).unwrap_or(after.len());
        let (between, next) = after.split_at(start);
        said.push_str(between);
        rest = next;
    }
    said
}

/// A gate: `j-21 dunes / storyboard #1`.
pub fn gate(key: &GateKey, slug: &str) -> String {
    format!("{} / {} #{}", job(&key.job_id, slug), key.stage, key.attempt)
}

/// How many cells of a job's name are left when a title gives way: less says nothing.
pub(crate) const JOB_CELLS_MIN: usize = 6;

/// What follows the job in a label: `/ storyboard #1`.
pub(crate) fn tail(key: &GateKey) -> String {
    format!(" / {} #{}", key.stage, key.attempt)
}

/// A label of this gate in so many cells: the job gives way, stage and attempt never do.
pub(crate) fn within(label: &str, key: &GateKey, cells: usize) -> String {
    let tail = tail(key);
    let job = label.strip_suffix(&tail).unwrap_or(label);
    let room = cells.saturating_sub(tail.len()).max(JOB_CELLS_MIN);
    format!("{}{tail}", shorten::middle(job, room))
}

type Told = (ShownTime, fn(Timestamp) -> i32);

thread_local! {
    // A console is one loop on one thread, and every time that it shows is written there.
    static TOLD: Cell<Told> = const { Cell::new((ShownTime::Utc, |_| 0)) };
}

/// Has this thread tell times so from now on; `ahead_s` is how far local time is ahead of UTC.
pub(crate) fn tell_times(shown: ShownTime, ahead_s: fn(Timestamp) -> i32) {
    TOLD.set((shown, ahead_s));
}

fn ahead_s(at: Timestamp) -> i32 {
    TOLD.get().1(at)
}

fn local(at: Timestamp) -> Timestamp {
    at.plus_us(i64::from(ahead_s(at)) * SECOND_US)
}

fn in_form(at: Timestamp, form: &str) -> String {
    at.to_utc().format(form).to_string()
}

/// UTC has its Z, local time has nothing: the clock of the header says what it is.
fn told(at: Timestamp, form: &str) -> String {
    let (utc, local) = (in_form(at, form) + "Z", in_form(local(at), form));
    match TOLD.get().0 {
        ShownTime::Utc => utc,
        ShownTime::Local => local,
        ShownTime::Both => format!("{utc}/{local}"),
    }
}

/// The day, of the time that is told first.
fn day(at: Timestamp, form: &str) -> String {
    match TOLD.get().0 {
        ShownTime::Local => in_form(local(at), form),
        ShownTime::Utc | ShownTime::Both => in_form(at, form),
    }
}

const SECONDS: &str = "%H:%M:%S";
const MINUTES: &str = "%H:%M";
const DAY: &str = "%Y-%m-%d";

/// `14:03:05Z`.
pub(crate) fn clock(at: Timestamp) -> String {
    told(at, SECONDS)
}

/// `14:03Z`.
pub(crate) fn clock_minutes(at: Timestamp) -> String {
    told(at, MINUTES)
}

/// The clock of the header, which says what local time is: `16:03+02:00`.
pub(crate) fn header_clock(at: Timestamp, has_seconds: bool) -> String {
    let clock = told(at, if has_seconds { SECONDS } else { MINUTES });
    if TOLD.get().0 == ShownTime::Utc {
        return clock;
    }
    let minutes = ahead_s(at) / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{clock}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Cells of every [`clock`].
pub(crate) fn clock_cells() -> usize {
    clock(Timestamp::default()).len()
}

/// Cells of every [`clock_minutes`].
pub(crate) fn minutes_cells() -> usize {
    clock_minutes(Timestamp::default()).len()
}

/// `2026-11-22 14:03Z`.
pub(crate) fn date(at: Timestamp) -> String {
    told(at, "%Y-%m-%d %H:%M")
}

/// `2026-11-22 14:03:05Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    told(at, "%Y-%m-%d %H:%M:%S")
}

/// When something ends, as [`time::until`] says it.
pub(crate) fn until(at: Timestamp, now: Timestamp) -> String {
    told(at, time::until_form(at, now))
}

/// Today `14:03:05Z`, on other days `2026-11-21`.
pub(crate) fn time_or_date(at: Timestamp, now: Timestamp) -> String {
    if day(at, DAY) == day(now, DAY) {
        clock(at)
    } else {
        day(at, DAY)
    }
}

/// Today `14:03Z`, on other days `11-21`.
pub(crate) fn minutes_or_day(at: Timestamp, now: Timestamp) -> String {
    if day(at, DAY) == day(now, DAY) {
        clock_minutes(at)
    } else {
        day(at, "%m-%d")
    }
}

/// `812 B`, `4.1 kB`, `12.0 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        ..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        1_000_000.. => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// A number in at most four cells: `999`, `1.2k`, `45k`, `3M`.
pub(crate) fn count(number: u64) -> String {
    match number {
        ..1000 => number.to_string(),
        1000..10_000 => format!("{}.{}k", number / 1000, number % 1000 / 100),
        10_000..1_000_000 => format!("{}k", number / 1000),
        1_000_000.. => format!("{}M", number / 1_000_000),
    }
}

/// How much changed in it: lines, or its size; and how many values, where they are known.
pub(crate) fn change_of_file(file: &FileView) -> String {
    let artifact = &file.artifact;
    if artifact.is_binary {
        return format!("{NO_TEXT}, {}", label::size(artifact.size_bytes));
    }
    let lines = format!("+{} -{}", artifact.added_lines, artifact.removed_lines);
    match &file.details.values {
        Some(values) => {
            let more = if values.is_cut { "+" } else { "" };
            format!("{lines}  {}{more} values", values.changes.len())
        }
        None => lines,
    }
}

/// What changed: `+12 -4`, `new 48`, `no text`.
pub(crate) fn change_of_gate(row: &QueueRow) -> String {
    if row.kind != QueueKind::Gate {
        return String::new();
    }
    if row.files == 0 {
        return "no files".to_owned();
    }
    if row.is_binary {
        return NO_TEXT.to_owned();
    }
    if row.is_new {
        return format!("new {}", label::count(row.added_lines.into()));
    }
    format!(
        "+{} -{}",
        label::count(row.added_lines.into()),
        label::count(row.removed_lines.into())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_as_people_name_it() {
        let label = |id: &str, slug: &str| job(&JobId::new(id).unwrap(), slug);
        assert_eq!(label("j-17", "tides"), "j-17 tides");
        assert_eq!(label("last-bus-home", "last-bus-home"), "last-bus-home");
        assert_eq!(
            label("the-last-bus-home-of-a-long-winter-night", "bus"),
            "the-last-bus-home-of-a-long-winter-night bus"
        );
        assert_eq!(label("0198c0de-7f3a-7aaa-8bbb-0123456789ab", "tides"), "…89ab tides");
        assert_eq!(label("0198c0de-7f3a-7aaa-8bbb-0123456789ab", ""), "…89ab");
    }

    #[test]
    fn a_sentence_names_jobs_as_people_do() {
        let slug_of = |id: &JobId| id.as_str().ends_with("cdef").then(|| "tides".to_owned());
        let said = "Gate script #2 of 0198c0de-7f3a-7aaa-8bbb-0123456789ab is open: 潮 was j-17, 0198c0de-7f3a-7aaa-8bbb-01234567cdef.";
        assert_eq!(
            readable(said, slug_of),
            "Gate script #2 of …89ab is open: 潮 was j-17, …cdef tides."
        );
        assert_eq!(readable("", slug_of), "");
    }

    #[test]
    fn a_title_gives_way_in_the_job_alone() {
        let key = GateKey {
            job_id: JobId::new("harbour-lights-of-the-north-quay").unwrap(),
            stage: domain::ids::StageName::new("acceptance").unwrap(),
            attempt: 12,
        };
        let whole = gate(&key, "");
        assert_eq!(within(&whole, &key, 80), whole);
        assert_eq!(within(&whole, &key, 30), "harbour-…quay / acceptance #12");
        assert_eq!(within(&whole, &key, 3), "har…ay / acceptance #12");
    }

    #[test]
    fn sizes_in_one_unit() {
        assert_eq!(size(812), "812 B");
        assert_eq!(size(72_240), "72.2 kB");
        assert_eq!(count(45_678), "45k");
    }
}
