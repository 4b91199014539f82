//! Times, sizes and digests as a person reads them in a line.

use crate::domain::time::{SECOND_US, Timestamp};

/// A point of time: `2026-11-22 22:13:25Z`.
pub fn clock_time(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A length of time in its two largest units: `45s`, `12m 03s`, `3h 20m`, `2d 4h`.
pub fn duration(us: i64) -> String {
    let s = us.max(0) / SECOND_US;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        3600..86400 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d {}h", s / 86400, s % 86400 / 3600),
    }
}

/// How long ago: `12m 03s ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", duration(now.us_since(at)))
}

/// A size: `512 bytes`, `14.2 kB`, `3.1 MB`.
pub fn size(bytes: u64) -> String {
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
    fn lengths_of_time_keep_two_units() {
        let shown = |s: i64| duration(s * SECOND_US);
        assert_eq!(
            [shown(-5), shown(59), shown(60), shown(3723)],
            ["0s", "59s", "1m 00s", "1h 02m"]
        );
        assert_eq!(shown(2 * 86400 + 4 * 3600 + 59), "2d 4h");
        assert_eq!(
            [size(1), size(999), size(14_200), size(3_100_000)],
            ["1 byte", "999 bytes", "14.2 kB", "3.1 MB"]
        );
    }
}
