//! A sleep that costs one wake-up: a timerfd of its own on CLOCK_BOOTTIME.
//!
//! tokio's timer wheel wakes the loop two or three times on the way to a deadline (it moves the
//! entry from level to level), and its clock stands still while the machine is suspended.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::net::unix::pipe::Receiver;

/// Wakes one task. Where the machine gives no timerfd (no file descriptor is left), tokio's own
/// timer serves.
#[derive(Default)]
pub struct Alarm(State);

#[derive(Default)]
enum State {
    /// Not asked for yet: that needs a runtime, and whoever has an alarm may not be on one yet.
    #[default]
    New,
    Timer(Timer),
    None,
}

impl Alarm {
    /// Returns after so long. Dropped and called again it counts anew.
    pub async fn after(&mut self, time: Duration) {
        if matches!(self.0, State::New) {
            self.0 = timer().map_or_else(
                |error| {
                    tracing::warn!("no timer of the kernel's: {error}; the loop wakes more often than it needs to");
                    State::None
                },
                State::Timer,
            );
        }
        if let State::Timer(timer) = &self.0
            && fired(timer, time).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(time).await;
    }
}

struct Timer {
    fd: TimerFd,
    /// The same timer again, as something that tokio waits for without unsafe code: it reads what
    /// is no pipe just as well.
    expiry: Receiver,
}

fn timer() -> io::Result<Timer> {
    let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
    let fd = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
    let expiry = Receiver::from_owned_fd_unchecked(fd.as_fd().try_clone_to_owned()?)?;
    Ok(Timer { fd, expiry })
}

async fn fired(timer: &Timer, time: Duration) -> io::Result<()> {
    // Zero would switch the timer off.
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX).max(1);
    let at = Expiration::OneShot(TimeSpec::microseconds(micros));
    // Setting the timer clears an expiry that nobody has read.
    timer.fd.set(at, TimerSetTimeFlags::empty())?;
    loop {
        timer.expiry.readable().await?;
        match timer.expiry.try_read(&mut [0; 8]) {
            Ok(_) => return Ok(()),
            // This readiness is from before the timer was set: it says nothing about the new time.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, SystemClock};

    fn boot_us() -> i64 {
        SystemClock.now().boot_us
    }

    #[tokio::test]
    async fn it_is_never_early_and_a_dropped_wait_leaves_nothing_behind() {
        let mut alarm = Alarm::default();
        let short = Duration::from_millis(20);
        let begun_us = boot_us();
        alarm.after(short).await;
        assert!(boot_us() - begun_us >= 20_000);
        // Given up before it is over, and only then over: the next wait is a whole one.
        assert!(
            tokio::time::timeout(Duration::from_millis(1), alarm.after(short))
                .await
                .is_err()
        );
        tokio::time::sleep(short).await;
        let begun_us = boot_us();
        alarm.after(short).await;
        assert!(boot_us() - begun_us >= 20_000);
        alarm.after(Duration::ZERO).await;
    }
}
