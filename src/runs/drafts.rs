//! Unsent notes and patches, one file each under `.drafts/<operator>/`: offered again after a crash or a dropped line.
//!
//! What is in them is the console's business; here they are bytes with a name.

use std::fs;
use std::path::{Path, PathBuf};

use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::{RunsDir, directory_metadata};

/// Where the drafts of all operators lie, under the runs directory.
pub(super) const DRAFTS: &str = ".drafts";

/// A draft holds a note, a patch and the edits of a gate's artifacts, of 1 MiB each: nothing larger is read.
const DRAFT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What lies among the drafts of an operator.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeptDrafts {
    /// The path and the bytes of each, in the order of their names.
    pub drafts: Vec<(PathBuf, Vec<u8>)>,
    /// Why others could not be read: a draft is never in the way, but it is not passed over in silence either.
    pub problems: Vec<String>,
}

impl RunsDir {
    /// Keeps a draft, or removes it. `name` is a plain file name.
    pub fn save_draft(&self, operator: &str, name: &str, bytes: Option<&[u8]>) -> Result<()> {
        let folder = self.drafts(operator);
        let path = folder.join(plain(name));
        match bytes {
            Some(bytes) => {
                let place = self.place(&Path::new(DRAFTS).join(plain(operator)))?;
                atomic::write_at(&place, &plain(name), bytes)
            }
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(RunsError::new("remove", &path, error))
                }
                Ok(()) | Err(_) => Ok(()),
            },
        }
    }

    /// All drafts of an operator.
    pub fn load_drafts(&self, operator: &str) -> Result<KeptDrafts> {
        let folder = self.drafts(operator);
        for directory in [&self.path().join(DRAFTS), &folder] {
            if directory_metadata(directory)?.is_none() {
                return Ok(KeptDrafts::default());
            }
        }
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(KeptDrafts::default()),
            entries => entries.doing("list", &folder)?,
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let mut kept = KeptDrafts::default();
        for path in paths {
            match atomic::read_regular(&path, DRAFT_BYTES_MAX) {
                Ok(Some(bytes)) => kept.drafts.push((path, bytes)),
                // It was removed since it was listed.
                Ok(None) => {}
                Err(error) => kept.problems.push(error.to_string()),
            }
        }
        Ok(kept)
    }

    pub(super) fn drafts(&self, operator: &str) -> PathBuf {
        self.path().join(DRAFTS).join(plain(operator))
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
        let of = |operator: &str| {
            let kept = runs.load_drafts(operator).unwrap();
            assert!(kept.problems.is_empty(), "{:?}", kept.problems);
            kept.drafts.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>()
        };
        assert!(of("ana").is_empty());
        runs.save_draft("ana", "j-1.script.1.json", Some(b"one")).unwrap();
        runs.save_draft("ana", "j-1.script.1.json", Some(b"two")).unwrap();
        runs.save_draft("bea", "j-1.script.1.json", Some(b"hers")).unwrap();
        assert_eq!(of("ana"), [b"two".to_vec()]);
        runs.save_draft("ana", "j-1.script.1.json", None).unwrap();
        runs.save_draft("ana", "j-1.script.1.json", None).unwrap();
        assert!(of("ana").is_empty());
        assert_eq!(of("bea"), [b"hers".to_vec()]);
    }

    #[test]
    fn what_is_not_offered_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        // Larger than the drafts of former versions were offered.
        let large = vec![b' '; 5 << 20];
        runs.save_draft("ana", "large.json", Some(&large)).unwrap();
        let path = runs.drafts("ana").join("too-large.json");
        fs::File::create(&path).unwrap().set_len(DRAFT_BYTES_MAX + 1).unwrap();
        let kept = runs.load_drafts("ana").unwrap();
        assert_eq!(kept.drafts.len(), 1);
        assert_eq!(kept.drafts[0].1, large);
        let [problem] = &kept.problems[..] else {
            panic!("{:?}", kept.problems)
        };
        assert!(
            problem.contains("too-large.json: it has more than 67108864 bytes"),
            "{problem}"
        );
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
