//! What this runs directory is known by where several hosts share a record (SPEC §9).

use std::io::Write;

use nix::unistd::gethostname;
use serde::{Deserialize, Serialize};

use domain::ids::HostId;

use super::atomic;
use super::error::{Doing, Result};
use super::layout::RunsDir;

/// More bytes than the file has.
const BYTES_MAX: u64 = 16 * 1024;

/// What the file says.
#[derive(Serialize, Deserialize)]
struct HostFile {
    id: HostId,
    name: String,
}

impl RunsDir {
    /// The id that this host has, for somebody who only looks; none: nobody has worked here on a
    /// shared record.
    pub fn known_host(&self) -> Result<Option<HostId>> {
        let machine = gethostname().unwrap_or_default();
        let name = self.host_name(&machine.to_string_lossy());
        let bytes = atomic::read_regular(&self.host_file(), BYTES_MAX)?.unwrap_or_default();
        let found = serde_json::from_slice::<HostFile>(&bytes).ok();
        Ok(found.filter(|found| found.name == name).map(|found| found.id))
    }

    fn host_name(&self, machine: &str) -> String {
        let directory = std::path::absolute(self.path()).unwrap_or_else(|_| self.path().to_owned());
        format!("{machine}:{}", directory.display())
    }

    /// The id of this host, and its name: the machine and the directory. Where it has none yet,
    /// `fresh` becomes it. A directory that was copied or moved to another place is another host:
    /// what ran under the former name does not run here.
    pub fn host(&self, machine: &str, fresh: HostId) -> Result<(HostId, String)> {
        let name = self.host_name(machine);
        let path = self.host_file();
        let file = self.append(&path)?;
        // Of several that find none, the first one makes it for all.
        file.lock().doing("lock", &path)?;
        let bytes = atomic::read_regular(&path, BYTES_MAX)?.unwrap_or_default();
        // One that is torn is none.
        let found = serde_json::from_slice::<HostFile>(&bytes).ok();
        if let Some(found) = found.filter(|found| found.name == name) {
            return Ok((found.id, name));
        }
        let made = HostFile { id: fresh, name };
        let bytes = serde_json::to_vec(&made).doing("write", &path)?;
        file.set_len(0).doing("write", &path)?;
        (&file).write_all(&bytes).doing("write", &path)?;
        file.sync_all().doing("flush", &path)?;
        Ok((made.id, made.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_its_id_until_it_is_somewhere_else() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let id = |text: &str| HostId::new(text).unwrap();
        assert_eq!(runs.known_host().unwrap(), None);
        let (first, name) = runs.host("ward", id("a")).unwrap();
        assert!(first == id("a") && name.starts_with("ward:/"), "{name}");
        assert_eq!(runs.host("ward", id("b")).unwrap(), (id("a"), name));
        assert_eq!(runs.known_host().unwrap(), None, "it is that of another machine");
        assert_eq!(runs.host("other", id("c")).unwrap().0, id("c"));
        atomic::write(runs.path(), &runs.host_file(), b"{", runs.modes()).unwrap();
        assert_eq!(runs.host("other", id("d")).unwrap().0, id("d"));
        assert_eq!(runs.host("other", id("e")).unwrap().0, id("d"));
        let machine = gethostname().unwrap();
        runs.host(&machine.to_string_lossy(), id("f")).unwrap();
        assert_eq!(runs.known_host().unwrap(), Some(id("f")));
    }
}
