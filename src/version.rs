//! Which holdpoint this is: its version, the commit it was built from and when that was made, and
//! the SQLite that is built in.

use std::fmt::Write as _;
use std::sync::LazyLock;

use domain::time::Timestamp;

/// The version of the package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; empty where that is not known (`build.rs`).
const COMMIT: &str = env!("HOLDPOINT_COMMIT");

/// Digits of the commit that are shown.
const SHOWN: usize = 10;

/// What `holdpoint --version` says behind the name.
pub(crate) static DESCRIBED: LazyLock<String> =
    LazyLock::new(|| describe(COMMIT, date().as_deref(), store::sqlite_version()));

/// The day of the commit in UTC, or what SOURCE_DATE_EPOCH said instead.
pub(crate) fn date() -> Option<String> {
    let seconds: u64 = env!("HOLDPOINT_COMMIT_TIME").parse().ok()?;
    let time = Timestamp::default().plus_s(seconds).to_utc();
    Some(time.date_naive().to_string())
}

/// The same as labels of a metric.
pub(crate) fn labels() -> Vec<(&'static str, String)> {
    let (commit, date) = (COMMIT.to_owned(), date().unwrap_or_default());
    let sqlite = store::sqlite_version().to_owned();
    vec![
        ("version", VERSION.to_owned()),
        ("commit", commit),
        ("date", date),
        ("sqlite", sqlite),
    ]
}

fn describe(commit: &str, date: Option<&str>, sqlite: &str) -> String {
    let mut built = String::new();
    for part in [commit.get(..SHOWN), date].into_iter().flatten() {
        let _ = write!(built, "{part} ");
    }
    let built = built.trim_end();
    let comma = if built.is_empty() { "" } else { ", " };
    format!("{VERSION} ({built}{comma}SQLite {sqlite})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let commit = "3c09c896f2d3ce0bd59807616e1d2f3a4b5c6d7e";
        let cases = [
            (commit, Some("2026-11-30"), "(3c09c896f2 2026-11-30, SQLite 3.54.1)"),
            (commit, None, "(3c09c896f2, SQLite 3.54.1)"),
            ("", Some("2026-11-30"), "(2026-11-30, SQLite 3.54.1)"),
            ("", None, "(SQLite 3.54.1)"),
        ];
        for (commit, date, told) in cases {
            assert_eq!(describe(commit, date, "3.54.1"), format!("{VERSION} {told}"));
        }
    }
}
