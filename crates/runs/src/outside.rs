//! Files that a person asked for, anywhere outside of a runs directory: whole or not at all, with the
//! rights that their umask leaves. Nothing of the record is written here.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::error::{Doing, Result, RunsError};

/// Writes a file, in place of one that is there, with the directories above it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    with_temporary(path, bytes, |temporary| {
        fs::rename(temporary, path).doing("write", path)
    })
}

/// Writes a file that is not there yet; refused where anything is. Its directories are made.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    // A link takes no name that something has; a rename would.
    with_temporary(path, bytes, |temporary| match fs::hard_link(temporary, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(RunsError::refused("write", path, "something is there already"))
        }
        linked => linked.doing("write", path),
    })
}

fn with_temporary(path: &Path, bytes: &[u8], name: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        fs::create_dir_all(above).doing("create", above)?;
    }
    let mut file_name = path.file_name().unwrap_or_default().to_owned();
    file_name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(file_name);
    let written = File::create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .doing("write", path)
        .and_then(|()| name(&temporary));
    // After a rename it is not there any more.
    let _ = fs::remove_file(&temporary);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_a_new_one_takes_no_others_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/c.yaml");
        write_new(&path, b"one").unwrap();
        let refused = write_new(&path, b"two").unwrap_err();
        assert!(
            refused.to_string().ends_with("c.yaml: something is there already"),
            "{refused}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        let above = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(above.count(), 1, "nothing temporary stays");
    }
}
