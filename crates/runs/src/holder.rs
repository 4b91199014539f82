//! Who holds a lock, as the kernel tells it (`/proc/locks`, proc(5)), so that whoever waits can say
//! for whom. It takes no lock itself.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::stat::{major, minor};

/// The most characters of a command line that are told.
const COMMAND_CHARS_MAX: usize = 60;

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub(crate) pid: i32,
    command: String,
    is_stopped: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.command)?;
        if self.is_stopped {
            write!(f, ", which is stopped: kill -CONT {} lets it go on", self.pid)?;
        }
        Ok(())
    }
}

/// Who holds a lock on this file for itself alone; none: nobody, or the kernel does not tell.
pub fn holder(path: &Path) -> Option<Holder> {
    let metadata = fs::metadata(path).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = pid_in(&locks, metadata.dev(), metadata.ino())?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let words = line.iter().map(|byte| if *byte == 0 { b' ' } else { *byte });
    let command: String = words.filter(is_plain).map(char::from).take(COMMAND_CHARS_MAX).collect();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    Some(Holder {
        pid,
        command: command.trim_end().to_owned(),
        is_stopped: matches!(state, Some('T' | 't')),
    })
}

/// Who holds it alone: `1: FLOCK  ADVISORY  WRITE 4242 fd:01:131090 0 EOF`; a line with `->` is of
/// one who waits.
fn pid_in(locks: &str, device: u64, inode: u64) -> Option<i32> {
    let place = format!("{:02x}:{:02x}:{inode}", major(device), minor(device));
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == place)?;
        let pid = words.get(at.checked_sub(1)?)?.parse().ok()?;
        // Readers share locks, and keep nobody from writing.
        (words.contains(&"WRITE") && !words.contains(&"->") && pid > 0).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_read_from_the_kernels_list() {
        let locks = "1: POSIX  ADVISORY  WRITE 77 08:02:9 0 EOF\n1: POSIX  ADVISORY  READ 78 fe:00:42 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 5 fe:00:42 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 4242 fe:00:42 0 EOF\n";
        assert_eq!(pid_in(locks, nix::sys::stat::makedev(0xfe, 0), 42), Some(4242));
        assert_eq!(pid_in(locks, nix::sys::stat::makedev(0xfe, 0), 43), None);
        assert_eq!(pid_in("", 0, 0), None);
    }
}
