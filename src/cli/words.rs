//! Times, sizes and digests as a person reads them in a line.

use domain::decision::Seen;
use domain::time::Timestamp;
use text::words;

pub(crate) use domain::time::clock_time;

/// How long ago: `12m ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    words::ago(now.us_since(at))
}

/// A look, for a line that begins with who looked:
/// `ana at 2026-11-22 22:13:25Z, digest 9f2c1e: 3 of 5 hunks`.
pub(crate) fn looked(seen: &Seen) -> String {
    let shown = match seen.shown_words() {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    format!(
        "{} at {}, digest {}{shown}",
        seen.by,
        clock_time(seen.at),
        seen.digest.short()
    )
}

/// A length of time that JSON has in seconds.
pub(crate) fn length(seconds: f64) -> String {
    words::duration_us((seconds * 1e6) as i64)
}

/// A size: `512 bytes`, `14.2 kB`, `3.1 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_unit() {
        assert_eq!(
            [size(1), size(999), size(14_200), size(3_100_000)],
            ["1 byte", "999 bytes", "14.2 kB", "3.1 MB"]
        );
    }
}
