//! The one place that reads the time. Everything else is handed a [`Clock`], so that tests can move it.

mod alarm;

use std::sync::Mutex;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub use alarm::Alarm;

use crate::domain::time::{Now, Timestamp};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// What both clocks say now.
    fn now(&self) -> Now;
}

/// The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME (which runs on during suspend).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

fn read_us(clock: ClockId) -> i64 {
    // Both clocks exist on every Linux since 2.6.39 (SPEC §3 needs CLOCK_BOOTTIME); reading them cannot fail there.
    clock_gettime(clock).map_or(0, |time| {
        time.tv_sec()
            .saturating_mul(1_000_000)
            .saturating_add(time.tv_nsec() / 1000)
    })
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            utc: Timestamp::from_micros(read_us(ClockId::CLOCK_REALTIME)),
            boot_us: read_us(ClockId::CLOCK_BOOTTIME),
        }
    }
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
        };
    }

    /// Steps civil time only, as an administrator or NTP does.
    pub fn step_us(&self, us: i64) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        now.utc = now.utc.plus_us(us);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
