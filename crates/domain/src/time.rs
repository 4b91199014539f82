//! Points in time, as values. Nothing here reads a clock.

use serde::{Deserialize, Serialize};
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use super::anchor::BootId;

/// A point of civil time: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 with six
/// digits and `+00:00` (WIRE.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This time moved by so many microseconds; stops at the ends of the range.
    pub const fn plus_us(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// This time moved by so many seconds; stops at the ends of the range.
    pub const fn plus_s(self, seconds: u64) -> Self {
        let micros = (seconds as i128) * SECOND_US as i128;
        self.plus_us(if micros > i64::MAX as i128 {
            i64::MAX
        } else {
            micros as i64
        })
    }

    /// Microseconds from `earlier` to this time; negative when this is the earlier one.
    pub const fn us_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339; a missing offset counts as UTC (old files were written so).
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
        parsed
            .or_else(|_| {
                text.parse::<chrono::NaiveDateTime>()
                    .map(|time| time.and_utc().timestamp_micros())
            })
            .ok()
            .map(Self)
    }

    /// As chrono's type, for drawing; the epoch when outside chrono's range.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Micros, false))
    }
}

text_form!(Timestamp, read_rfc3339);

fn read_rfc3339(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("{text:?} is not an RFC 3339 time"))
}

/// Seconds of a length of time as a person writes it: `90`, `90s`, `10m`, `1h30m`. More than none,
/// and each unit once.
pub fn parse_span_s(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no length of time: write seconds, or 10m, 1h30m");
    let mut rest = text.trim();
    let mut seconds: u64 = 0;
    let mut former = u64::MAX;
    while !rest.is_empty() {
        let digits = rest
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let mut after = after.chars();
        let unit_s = match after.next() {
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') | None => 1,
            Some(_) => return Err(wrong()),
        };
        // Large units first: `30m1h` is more likely a slip than a wish.
        if unit_s >= former {
            return Err(wrong());
        }
        former = unit_s;
        let more = number.checked_mul(unit_s).ok_or_else(wrong)?;
        seconds = seconds.checked_add(more).ok_or_else(wrong)?;
        rest = after.as_str();
    }
    if seconds == 0 { Err(wrong()) } else { Ok(seconds) }
}

/// RFC 3339, or a date: its beginning in UTC.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
}

/// A time to look back to, as a person writes it: RFC 3339, a date (its beginning in UTC), or how
/// long ago: `30d`, `12h`, `1h30m`.
pub fn parse_since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(at) = parse_date(text) {
        return Ok(at);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let seconds = match days {
        Some(days) => u64::from(days) * 86_400,
        None => parse_span_s(text).map_err(|_| {
            format!("{text:?} is no time: write 2026-07-14, 2026-07-14T08:00:00Z, or how long ago: 30d, 12h")
        })?,
    };
    let us = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
    Ok(now.plus_us(us.saturating_neg()))
}

/// The same for how long to wait: none at all is allowed.
pub fn parse_patience_s(text: &str) -> Result<u64, String> {
    if text.trim() == "0" { Ok(0) } else { parse_span_s(text) }
}

/// Seconds that a forecast looks ahead unless asked.
pub const FORECAST_S: u64 = 12 * 3600;
/// Nobody asks further ahead than this: what policies and persons do until then is not foreseen.
pub const FORECAST_DAYS_MAX: u64 = 7;
const DAY_S: u64 = 86_400;

/// A point of time that is still to come, as a person writes it: `08:00` (UTC, today or tomorrow), a
/// length of time from now (`12h`), or RFC 3339.
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let clock = text.trim().trim_end_matches('Z');
    let at = if let Ok(time) = chrono::NaiveTime::parse_from_str(clock, "%H:%M") {
        let today = now.to_utc().date_naive().and_time(time).and_utc();
        let at = Timestamp(today.timestamp_micros());
        if at > now { at } else { at.plus_s(86_400) }
    } else if let Ok(seconds) = parse_span_s(text) {
        now.plus_s(seconds)
    } else {
        Timestamp::parse(text.trim()).ok_or_else(|| {
            format!("{text:?} is no time to look ahead to: write 08:00 (UTC), 12h, or 2026-11-30T08:00:00Z")
        })?
    };
    match at > now {
        true => within_forecast(at, now),
        false => Err(format!("{} has passed", clock_time(at))),
    }
}

/// The same time, where it is not too far ahead to be foreseen.
pub fn within_forecast(until: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    match until <= now.plus_s(FORECAST_DAYS_MAX * DAY_S) {
        true => Ok(until),
        false => Err(format!(
            "{} is more than {FORECAST_DAYS_MAX} days ahead",
            clock_time(until)
        )),
    }
}

/// What both clocks said at one moment.
///
/// The boot clock counts since the machine started, including suspend (CLOCK_BOOTTIME); it never
/// steps, and only differences within one start mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Now {
    /// Civil time, which an administrator or NTP may step.
    pub utc: Timestamp,
    /// Microseconds since boot.
    pub boot_us: i64,
    /// Which boot.
    pub boot: BootId,
}

impl Now {
    /// So many microseconds later, on both clocks.
    #[must_use]
    pub fn plus_us(self, us: i64) -> Self {
        Self {
            utc: self.utc.plus_us(us),
            boot_us: self.boot_us.saturating_add(us),
            ..self
        }
    }
}

/// When something ends, as a person reads it: within 10 minutes `14:03:05Z`, within a day `14:03Z`,
/// later `11-23 14:03Z`.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    at.to_utc().format(until_form(at, now)).to_string() + "Z"
}

/// The same as a form of chrono's, without the mark of UTC.
pub fn until_form(at: Timestamp, now: Timestamp) -> &'static str {
    const MINUTES_10_US: i64 = 600 * SECOND_US;
    const DAY_US: i64 = 86_400 * SECOND_US;
    match at.us_since(now) {
        ..MINUTES_10_US => "%H:%M:%S",
        MINUTES_10_US..DAY_US => "%H:%M",
        DAY_US.. => "%m-%d %H:%M",
    }
}

/// A point of time as a person reads it: `2026-11-22 22:13:25Z`.
pub fn clock_time(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_look_ahead_to_is_a_clock_time_a_length_or_a_date() {
        let now = Timestamp::parse("2026-11-29T21:30:00Z").unwrap();
        let until = |text| parse_until(text, now).map(clock_time);
        assert_eq!(until("08:00").unwrap(), "2026-11-30 08:00:00Z");
        assert_eq!(until("22:15Z").unwrap(), "2026-11-29 22:15:00Z");
        assert_eq!(until("21:30").unwrap(), "2026-11-30 21:30:00Z");
        assert_eq!(until("1h30m").unwrap(), "2026-11-29 23:00:00Z");
        assert_eq!(until("2026-12-01T00:00:00+01:00").unwrap(), "2026-11-30 23:00:00Z");
        assert_eq!(
            until("2026-11-01T00:00:00Z").unwrap_err(),
            "2026-11-01 00:00:00Z has passed"
        );
        assert_eq!(until("168h").unwrap(), "2026-12-06 21:30:00Z");
        assert_eq!(
            until("2026-12-06T21:30:01Z").unwrap_err(),
            "2026-12-06 21:30:01Z is more than 7 days ahead"
        );
        for wrong in ["", "25:00", "tomorrow", "-1h"] {
            assert!(until(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn times_are_written_as_existing_clients_read_them() {
        let time = Timestamp::parse("2026-11-22T17:11:39.346979Z").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T17:11:39.346979+00:00");
        assert_eq!(Timestamp::parse("2026-11-22T18:11:39.346979+01:00"), Some(time));
        assert_eq!(Timestamp::parse("2026-11-22T17:11:39.346979"), Some(time));
        assert_eq!(
            Timestamp::from_micros(0).to_string(),
            "1970-01-01T00:00:00.000000+00:00"
        );
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, seconds) in [("90", 90), (" 90s ", 90), ("10m", 600), ("1h30m", 5400), ("1h5", 3605)] {
            assert_eq!(parse_span_s(text), Ok(seconds), "{text}");
        }
        assert_eq!([parse_patience_s("0"), parse_patience_s("2m")], [Ok(0), Ok(120)]);
        assert!(parse_patience_s("-1").is_err());
        for text in [
            "",
            "0",
            "-5",
            "m",
            "5x",
            "5m5m",
            "30m1h",
            "1.5h",
            "99999999999999999999",
            "9999999999999999h",
        ] {
            assert!(parse_span_s(text).is_err(), "{text}");
        }
    }

    #[test]
    fn far_deadlines_do_not_overflow() {
        assert_eq!(Timestamp::from_micros(5).plus_s(u64::MAX).micros(), i64::MAX);
        assert_eq!(
            Timestamp::from_micros(i64::MIN).us_since(Timestamp::from_micros(5)),
            i64::MIN
        );
    }
}
