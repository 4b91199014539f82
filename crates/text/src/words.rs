//! Small turns of phrase that messages of several modules share.

/// `1 line`, `3 lines`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// `1 line is`, `3 lines are`.
pub fn counted_are(count: usize, noun: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, noun))
}

/// A length of time as console, commands and records write it: `0:40`, `12:03`; from one hour
/// `1h29m`; from 100 hours `4d04h`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        ..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..360_000 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        360_000.. => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// The same of whole seconds in so many microseconds; below zero is nothing.
pub fn duration_us(us: i64) -> String {
    duration(us.max(0).unsigned_abs() / 1_000_000)
}

/// How long a sound is: minutes, seconds, thousandths.
pub fn length(seconds: f64) -> String {
    let millis = (seconds * 1000.0).round().max(0.0) as u64;
    format!("{}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

/// Whole seconds of so many microseconds, where one that is begun counts: nobody reads `0:00` while
/// time is left.
pub fn seconds_begun(us: i64) -> u64 {
    us.max(0).unsigned_abs().div_ceil(1_000_000)
}

/// How old something is, in its largest unit alone: `now`, `4m`, `2h`, `3d`. No screen needs to be
/// drawn anew for it every second.
pub fn age(us: i64) -> String {
    match us.max(0) / 1_000_000 {
        ..60 => "now".to_owned(),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// The same in a sentence: `just now`, `4m ago`.
pub fn ago(us: i64) -> String {
    match age(us).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_written_in_one_way() {
        let written = [0, 9, 102, 3599, 3600, 5400, 359_999, 360_000, 8_640_000].map(duration);
        let expected = [
            "0:00", "0:09", "1:42", "59:59", "1h00m", "1h30m", "99h59m", "4d04h", "100d00h",
        ];
        assert_eq!(written, expected);
        assert_eq!([duration_us(-1), duration_us(1_999_999)], ["0:00", "0:01"]);
    }

    #[test]
    fn an_age_is_one_unit() {
        let of = |seconds: i64| age(seconds * 1_000_000);
        assert_eq!(
            [of(-3), of(59), of(60), of(7199), of(172_800)],
            ["now", "now", "1m", "1h", "2d"]
        );
        assert_eq!([ago(0), ago(240_000_000)], ["just now", "4m ago"]);
    }
}
