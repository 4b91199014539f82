//! Writes a file of the record anew and keeps what lay there: an altered file is evidence, so
//! nothing is ever thrown away.

use std::path::{Path, PathBuf};

use super::atomic;
use super::error::{IfThere, Result, RunsError};
use super::layout::{DATABASE_FILE, RunsDir};
use super::open_directory::OpenDirectory;

/// Where the files that were replaced are kept, under the runs directory.
const ASIDE: &str = ".aside";

/// The most files of one name that are kept.
const KEPT_MAX: u32 = 10_000;

/// The first name of this kind that is free at a place.
fn free(place: &OpenDirectory, name: impl Fn(u32) -> String) -> Result<String> {
    let mut names = (1..=KEPT_MAX).map(&name);
    names.find(|name| !place.has(name)).ok_or_else(|| {
        let reason = format!("{KEPT_MAX} of them are kept already");
        RunsError::refused("create", &place.join(&name(1)), reason)
    })
}

/// Writes a whole file, durable when this returns. What lay there is kept under `.aside/`, and its
/// path returned; none: nothing did.
pub fn replace(runs: &RunsDir, path: &Path, bytes: &[u8]) -> Result<Option<PathBuf>> {
    let kept = keep_aside(runs, path)?;
    atomic::write(runs.path(), path, bytes, runs.modes())?;
    Ok(kept)
}

/// Gives a file a second name under `.aside/`: a link, so that its bytes stay when the first name
/// gets others. A symlink is kept as it is, and a directory in the file's place moves there.
fn keep_aside(runs: &RunsDir, path: &Path) -> Result<Option<PathBuf>> {
    let Some((place, own)) = atomic::place_of(runs.path(), path, runs.modes()).if_there()? else {
        return Ok(None);
    };
    if !place.has(&own) {
        return Ok(None);
    }
    let relative = path.strip_prefix(runs.path()).unwrap_or(path);
    let name: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    let aside = runs.place(Path::new(ASIDE))?;
    let new = free(&aside, |number| format!("{}.{number}", name.join(".")))?;
    if place.has_directory(&own) {
        place.move_to(&own, &aside, &new)?;
    } else {
        place.link_to(&own, &aside, &new)?;
    }
    aside.flush()?;
    Ok(Some(aside.join(&new)))
}

/// Moves the database away with what SQLite keeps beside it, under a name that says what it is
/// (`damaged`, `copied`); its new path. It is never deleted. Only while no process has it open.
pub fn move_database_away(runs: &RunsDir, what: &str) -> Result<PathBuf> {
    let top = OpenDirectory::top(runs.path(), runs.modes())?;
    let away = |number| format!("{DATABASE_FILE}.{what}-{number}");
    let away = free(&top, away)?;
    // The log first: without it the file alone is an older database, and with it a foreign one
    // would be damaged.
    for suffix in ["-wal", "-shm", ""] {
        top.rename(&format!("{DATABASE_FILE}{suffix}"), &format!("{away}{suffix}"))?;
    }
    top.flush()?;
    Ok(top.join(&away))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn put(path: &Path, bytes: &[u8]) {
        fs::File::create(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn what_is_replaced_is_kept() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let path = runs.chain();
        assert_eq!(replace(&runs, &path, b"one").unwrap(), None);
        for (bytes, before) in [(b"two", b"one"), (b"six", b"two")] {
            let kept = replace(&runs, &path, bytes).unwrap().unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::read(kept).unwrap(), before);
        }
        assert!(runs.jobs().unwrap().is_empty(), "no job is called so");
    }

    #[test]
    fn a_database_is_moved_away_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        for (round, bytes) in [(1, b"first"), (2, b"other")] {
            put(&runs.database(), bytes);
            put(&runs.path().join("holdpoint.db-wal"), b"log");
            let away = move_database_away(&runs, "damaged").unwrap();
            assert!(away.ends_with(format!("holdpoint.db.damaged-{round}")));
            assert_eq!(fs::read(&away).unwrap(), bytes);
            assert!(runs.path().join(format!("holdpoint.db.damaged-{round}-wal")).exists());
            assert!(!runs.database().exists());
        }
    }
}
