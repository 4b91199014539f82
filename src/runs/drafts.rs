//! Unsent notes and patches, one file each under `.drafts/<operator>/`: offered again after a crash or a dropped line.
//!
//! What is in them is the console's business; here they are bytes with a name.

use std::fs;
use std::path::PathBuf;

use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::{RunsDir, make_directory};

/// A draft holds a note and a patch: nothing larger is read.
const DRAFT_BYTES_MAX: u64 = 4 * 1024 * 1024;

impl RunsDir {
    /// Keeps a draft, or removes it. `name` is a plain file name.
    pub fn save_draft(&self, operator: &str, name: &str, bytes: Option<&[u8]>) -> Result<()> {
        let folder = self.drafts(operator);
        let path = folder.join(plain(name));
        match bytes {
            Some(bytes) => {
                make_directory(&self.path().join(".drafts"), self.modes())?;
                make_directory(&folder, self.modes())?;
                atomic::write(&path, bytes, self.modes())
            }
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(RunsError::new("remove", &path, error))
                }
                Ok(()) | Err(_) => Ok(()),
            },
        }
    }

    /// All drafts of an operator, in the order of their names. What cannot be read is left out: a draft is never in the way.
    pub fn load_drafts(&self, operator: &str) -> Result<Vec<Vec<u8>>> {
        let folder = self.drafts(operator);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.doing("list", &folder)?,
        };
        let is_small = |path: &PathBuf| {
            fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= DRAFT_BYTES_MAX)
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json") && is_small(path));
        paths.sort();
        Ok(paths.iter().filter_map(|path| fs::read(path).ok()).collect())
    }

    pub(super) fn drafts(&self, operator: &str) -> PathBuf {
        self.path().join(".drafts").join(plain(operator))
    }
}

/// A name that stays in its directory, whatever it was made of.
pub(super) fn plain(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut plain = String::new();
    for (index, c) in name.char_indices() {
        if keep(c) && !(index == 0 && c == '.') {
            plain.push(c);
        } else {
            plain.push_str(&format!("%{:x}", u32::from(c)));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_kept_offered_again_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        assert!(runs.load_drafts("ana").unwrap().is_empty());
        runs.save_draft("ana", "j-1.script.1.json", Some(b"one")).unwrap();
        runs.save_draft("ana", "j-1.script.1.json", Some(b"two")).unwrap();
        runs.save_draft("bea", "j-1.script.1.json", Some(b"hers")).unwrap();
        assert_eq!(runs.load_drafts("ana").unwrap(), [b"two".to_vec()]);
        runs.save_draft("ana", "j-1.script.1.json", None).unwrap();
        runs.save_draft("ana", "j-1.script.1.json", None).unwrap();
        assert!(runs.load_drafts("ana").unwrap().is_empty());
        assert_eq!(runs.load_drafts("bea").unwrap(), [b"hers".to_vec()]);
    }

    #[test]
    fn names_stay_in_their_directory() {
        for hostile in ["../../etc", "..", ".", "a/b", "a\0b", ""] {
            let name = plain(hostile);
            assert!(
                !name.contains('/') && !name.contains('\0') && !name.starts_with('.'),
                "{name:?}"
            );
        }
        assert_ne!(plain("a/b"), plain("a%b"));
    }
}
