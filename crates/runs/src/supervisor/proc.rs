//! What `/proc` says of processes (proc(5)). Numbers of processes are used again, so each goes with
//! its start time, and those hold only for one boot and one PID namespace.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// One process that cannot be mistaken for another on this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessId {
    pub(crate) pid: i32,
    /// Clock ticks after boot.
    pub(crate) start_ticks: u64,
}

/// Where numbers of processes mean what they meant when they were written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Processes {
    boot_id: String,
    /// Inode of the PID namespace.
    namespace: u64,
}

impl Processes {
    pub(super) fn here() -> std::io::Result<Self> {
        Ok(Self {
            boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned(),
            namespace: fs::metadata("/proc/self/ns/pid")?.ino(),
        })
    }
}

/// One line of `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(crate) id: ProcessId,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// Dead and only waiting to be reaped: holds no lock and runs nothing.
    pub(crate) is_zombie: bool,
}

fn parse(text: &str) -> Option<Stat> {
    let pid = text.split(' ').next()?.parse().ok()?;
    // The name stands in parentheses and may hold any character, so fields are counted after the
    // last one.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i32>().ok();
    Some(Stat {
        id: ProcessId {
            pid,
            start_ticks: fields.get(19)?.parse().ok()?,
        },
        parent: number(1)?,
        group: number(2)?,
        session: number(3)?,
        is_zombie: matches!(*fields.first()?, "Z" | "X" | "x"),
    })
}

pub(super) fn stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// All processes of this PID namespace that are not dead.
pub(super) fn living() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?))
        .filter(|stat| !stat.is_zombie)
        .collect()
}

/// Whether the process was started with all these variables; false when it is not ours to look.
pub(super) fn was_started_with(pid: i32, variables: &[String]) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    variables.iter().all(|variable| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    })
}

impl ProcessId {
    pub(super) fn of(pid: i32) -> Option<Self> {
        stat(pid).map(|stat| stat.id)
    }

    pub(super) fn is_alive(self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.id == self && !stat.is_zombie)
    }

    /// Signals this process if it still is the one it was; false when it is gone.
    pub(super) fn signal(self, signal: Signal) -> bool {
        self.is_alive() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let text = "42 (a) R 9) S 1 40 39 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1000 1 18446744073709551615";
        assert_eq!(
            parse(text),
            Some(Stat {
                id: ProcessId {
                    pid: 42,
                    start_ticks: 777
                },
                parent: 1,
                group: 40,
                session: 39,
                is_zombie: false,
            })
        );
        assert_eq!(parse("42 (a"), None);
    }

    #[test]
    fn this_process_is_among_the_living() {
        let own = i32::try_from(std::process::id()).unwrap();
        let id = ProcessId::of(own).unwrap();
        assert!(id.is_alive());
        assert!(living().iter().any(|stat| stat.id == id));
        let other = ProcessId {
            start_ticks: id.start_ticks + 1,
            ..id
        };
        assert!(!other.is_alive(), "the same number, another process");
        assert_eq!(Processes::here().unwrap(), Processes::here().unwrap());
    }
}
