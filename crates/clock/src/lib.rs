//! The one place that reads the time. Everything else is handed a [`Clock`], so that tests can move
//! it.

mod alarm;

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub use alarm::Alarm;

use domain::anchor::BootId;
use domain::time::{Now, Timestamp};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// What both clocks say now.
    fn now(&self) -> Now;
}

/// The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME (which runs on during suspend).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

fn read_us(clock: ClockId) -> i64 {
    // Both clocks exist on every Linux since 2.6.39 (SPEC §3 needs CLOCK_BOOTTIME); reading them
    // cannot fail there.
    clock_gettime(clock).map_or(0, |time| {
        time.tv_sec()
            .saturating_mul(1_000_000)
            .saturating_add(time.tv_nsec() / 1000)
    })
}

/// The kernel's name for this start of the machine. Where it cannot be read there is none, and
/// stored times go by civil time alone.
fn boot() -> BootId {
    static BOOT: OnceLock<BootId> = OnceLock::new();
    *BOOT.get_or_init(|| {
        let uuid = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        BootId::of_kernel(&uuid.unwrap_or_default())
    })
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        moved(Now {
            utc: Timestamp::from_micros(read_us(ClockId::CLOCK_REALTIME)),
            boot_us: read_us(ClockId::CLOCK_BOOTTIME),
            boot: boot(),
        })
    }
}

/// The time as a test wants it: `HOLDPOINT_CLOCK_FILE` names a file with the seconds that civil
/// time and the boot clock are ahead of the machine's. Read anew each time, so that the clocks of a
/// running process can be moved: a step is `3600 0`, a suspend `3600 3600`.
#[cfg(debug_assertions)]
fn moved(now: Now) -> Now {
    let text = std::env::var_os("HOLDPOINT_CLOCK_FILE").and_then(|path| std::fs::read_to_string(path).ok());
    let text = text.unwrap_or_default();
    let mut us = text.split_whitespace().map(|word| {
        let seconds: i64 = word.parse().unwrap_or(0);
        seconds.saturating_mul(1_000_000)
    });
    Now {
        utc: now.utc.plus_us(us.next().unwrap_or(0)),
        boot_us: now.boot_us.saturating_add(us.next().unwrap_or(0)),
        ..now
    }
}

#[cfg(not(debug_assertions))]
fn moved(now: Now) -> Now {
    now
}

/// A clock that stands still until it is moved: for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock(Mutex<Now>);

impl ManualClock {
    /// A clock at this moment.
    pub fn at(now: Now) -> Self {
        Self(Mutex::new(now))
    }

    /// Lets time pass: both clocks run.
    pub fn pass(&self, time: Duration) {
        let us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = Now {
            utc: now.utc.plus_us(us),
            boot_us: now.boot_us.saturating_add(us),
            boot: now.boot,
        };
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
