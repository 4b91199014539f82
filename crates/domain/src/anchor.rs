//! What makes a set civil clock harmless: how civil time stood to the boot clock when something was
//! noted (SPEC §3).
//!
//! A stored civil time means nothing after somebody set the clock. Stored with its anchor it can be
//! counted by the boot clock, which never steps and which all processes of a machine share, as long
//! as that machine is not started again.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hosts::AHEAD_US_MAX;
use super::time::{Now, Timestamp};

/// One start of one machine: boot clocks of different starts cannot be compared. Written as 16
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BootId(u64);

impl BootId {
    /// Nobody knows which; it is the same as no other, not even as itself.
    pub const UNKNOWN: Self = Self(0);

    /// Of the kernel's random name for this start (a UUID, whose first 16 digits are enough to tell
    /// starts apart).
    pub fn of_kernel(uuid: &str) -> Self {
        let digits: String = uuid.chars().filter(char::is_ascii_hexdigit).take(16).collect();
        Self::parse(&digits).unwrap_or(Self::UNKNOWN)
    }

    /// Reads what [`Self::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let is_whole = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| is_whole).map(Self)
    }

    /// The 16 digits; none when it is not known.
    pub fn text(self) -> Option<String> {
        (self != Self::UNKNOWN).then(|| format!("{:016x}", self.0))
    }
}

impl Serialize for BootId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for BootId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not 16 hexadecimal digits")))
    }
}

/// Where the boot clock stood when civil times were noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Anchor {
    /// Whose boot clock.
    pub boot: BootId,
    /// Microseconds from the boot clock to civil time, then.
    pub offset_us: i64,
}

impl Anchor {
    /// For times noted now.
    pub fn of(now: Now) -> Self {
        Self {
            boot: now.boot,
            offset_us: now.utc.micros().saturating_sub(now.boot_us),
        }
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.boot == BootId::UNKNOWN
    }

    /// Whether the boot clock that is read now is the one of then.
    pub fn is_of(self, now: Now) -> bool {
        !self.is_none() && self.boot == now.boot
    }

    /// The civil time that it would be now, had nobody set the clock since. After another start of
    /// the machine: civil time, which is all there is then.
    pub(crate) fn read(self, now: Now) -> Timestamp {
        match self.is_of(now) {
            true => Timestamp::from_micros(now.boot_us.saturating_add(self.offset_us)),
            false => now.utc,
        }
    }

    /// What the boot clock shows at that civil time.
    pub(crate) fn boot_us_at(self, at: Timestamp) -> i64 {
        at.micros().saturating_sub(self.offset_us)
    }

    /// Whether both clocks went on together since: it is the same start of the machine, and the civil
    /// clock was set by no more than hosts may differ.
    pub(crate) fn goes_on(self, now: Now) -> bool {
        self.is_of(now) && self.stepped_us(now).abs() <= AHEAD_US_MAX
    }

    /// Microseconds by which the civil clock was set forward since; negative: back.
    pub(crate) fn stepped_us(self, now: Now) -> i64 {
        now.utc.us_since(self.read(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND_US;

    fn now(utc_s: i64, boot_s: i64, boot: &str) -> Now {
        Now {
            utc: Timestamp::from_micros(utc_s * SECOND_US),
            boot_us: boot_s * SECOND_US,
            boot: BootId::of_kernel(boot),
        }
    }

    const ONE: &str = "3f2a9c1e-77aa-4bd0-9d5c-0123456789ab\n";
    const OTHER: &str = "4f2a9c1e-77aa-4bd0-9d5c-0123456789ab\n";

    #[test]
    fn a_set_clock_is_seen_through_within_one_start_of_the_machine_and_not_after_another() {
        let anchor = Anchor::of(now(1000, 50, ONE));
        let read_s = |now| anchor.read(now).micros() / SECOND_US;
        assert_eq!(read_s(now(4610, 60, ONE)), 1010, "set forward by an hour");
        assert_eq!(read_s(now(1010, 60, ONE)), 1010);
        assert_eq!(anchor.stepped_us(now(4610, 60, ONE)), 3600 * SECOND_US);
        assert_eq!(read_s(now(4610, 60, OTHER)), 4610);
        assert_eq!(anchor.stepped_us(now(4610, 60, OTHER)), 0);
    }

    #[test]
    fn a_start_that_is_not_known_is_the_same_as_no_other() {
        let anchor = Anchor::of(now(1000, 50, "no such file"));
        assert!(anchor.is_none() && !anchor.is_of(now(1000, 50, "")));
        assert_eq!(anchor.read(now(4610, 60, "")).micros(), 4610 * SECOND_US);
    }

    #[test]
    fn a_start_is_written_and_read_again() {
        let boot = BootId::of_kernel(ONE);
        assert_eq!(boot.text().as_deref(), Some("3f2a9c1e77aa4bd0"));
        assert_eq!(BootId::parse("3f2a9c1e77aa4bd0"), Some(boot));
        assert_eq!((BootId::parse("3f2a"), BootId::parse("+f2a9c1e77aa4bd0")), (None, None));
        let anchor = Anchor { boot, offset_us: -5 };
        let text = serde_json::to_string(&anchor).unwrap();
        assert_eq!(text, r#"{"boot":"3f2a9c1e77aa4bd0","offset_us":-5}"#);
        assert_eq!(serde_json::from_str::<Anchor>(&text).unwrap(), anchor);
    }
}
