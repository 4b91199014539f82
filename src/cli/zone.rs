//! How far local time is ahead of UTC, as the machine has it.

use std::sync::LazyLock;

use domain::time::{SECOND_US, Timestamp};
use tz::TimeZone;

/// TZ says it, else /etc/localtime; a zone that cannot be read counts as UTC, as it does everywhere
/// on such a machine.
static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
    let named = std::env::var("TZ").ok();
    let zone = named.map_or_else(TimeZone::local, |name| TimeZone::from_posix_tz(&name));
    zone.unwrap_or_else(|_| TimeZone::utc())
});

/// Seconds; negative where local time is behind.
pub(crate) fn ahead_s(at: Timestamp) -> i32 {
    let kind = ZONE.find_local_time_type(at.micros().div_euclid(SECOND_US));
    kind.map_or(0, tz::LocalTimeType::ut_offset)
}
