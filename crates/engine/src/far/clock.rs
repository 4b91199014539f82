//! The server's clocks, as they are told with its news.

use std::sync::Mutex;

use ::clock::{Clock, SystemClock};
use domain::time::{Now, SECOND_US};

/// Readings that are later than ours by less than this are the line's doing.
const LATE_US: i64 = 2 * SECOND_US;

/// What the server's clocks say, from what it told last and the time that has passed here since.
/// What is told is late by the way it came, so the earliest telling counts: a later one is taken
/// where the server is ahead of it, or its clock was set.
pub struct ServerClock(Mutex<Told>);

#[derive(Clone, Copy)]
struct Told {
    there: Now,
    /// The boot clock here when it was told, which counts the time asleep too.
    here_us: i64,
}

impl ServerClock {
    pub(super) fn new(there: Now, asked: Now) -> Self {
        let here_us = asked.boot_us.midpoint(SystemClock.now().boot_us);
        Self(Mutex::new(Told { there, here_us }))
    }

    /// The server has told what its clocks say.
    pub(super) fn told(&self, there: Now) {
        let read = self.now();
        let late_us = read
            .utc
            .us_since(there.utc)
            .max(read.boot_us.saturating_sub(there.boot_us));
        if read.boot != there.boot || !(0..LATE_US).contains(&late_us) {
            let here_us = SystemClock.now().boot_us;
            *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Told { there, here_us };
        }
    }
}

impl Clock for ServerClock {
    fn now(&self) -> Now {
        let told = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let passed_us = SystemClock.now().boot_us.saturating_sub(told.here_us);
        told.there.plus_us(passed_us)
    }
}
