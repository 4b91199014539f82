//! Unsent notes and patches, one file each under `.drafts/<operator>/`: offered again after a crash or a dropped line.
//!
//! What is in them is the console's business; here they are bytes with a name. Beside them, in `discarded/`, lies what was thrown away;
//! such a name begins with the time of that in microseconds.

use std::fs;
use std::path::{Path, PathBuf};

use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::{RunsDir, directory_metadata};

/// Where the drafts of all operators lie, under the runs directory.
pub(super) const DRAFTS: &str = ".drafts";

/// A draft holds a note, a patch and the edits of a gate's artifacts, of 1 MiB each: nothing larger is read.
const DRAFT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// So many discarded texts are kept, the newest.
const DISCARDED_MAX: usize = 200;

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
            None => remove(&path),
        }
    }

    /// All drafts of an operator.
    pub fn load_drafts(&self, operator: &str) -> Result<KeptDrafts> {
        for directory in [&self.path().join(DRAFTS), &self.drafts(operator)] {
            if directory_metadata(directory)?.is_none() {
                return Ok(KeptDrafts::default());
            }
        }
        read_all(list(&self.drafts(operator))?)
    }

    /// Keeps a text that was thrown away, under a name that begins with the time in microseconds; those from before `oldest_us` go.
    pub fn put_aside(&self, operator: &str, name: &str, bytes: &[u8], oldest_us: i64) -> Result<()> {
        let place = self.place(&Path::new(DRAFTS).join(plain(operator)).join(DISCARDED))?;
        atomic::write_at(&place, &plain(name), bytes)?;
        self.kept_discarded(operator, oldest_us).map(|_| ())
    }

    /// Keeps a draft that a text was restored to; only then is what was put aside of it removed.
    pub fn restore(&self, operator: &str, name: &str, bytes: &[u8], aside: &str) -> Result<()> {
        self.save_draft(operator, name, Some(bytes))?;
        remove(&self.drafts(operator).join(DISCARDED).join(plain(aside)))
    }

    /// The texts of an operator that were thrown away since then, oldest first; what is older is removed.
    pub fn load_discarded(&self, operator: &str, oldest_us: i64) -> Result<KeptDrafts> {
        read_all(self.kept_discarded(operator, oldest_us)?)
    }

    fn kept_discarded(&self, operator: &str, oldest_us: i64) -> Result<Vec<PathBuf>> {
        let drafts = self.drafts(operator);
        let folder = drafts.join(DISCARDED);
        for directory in [&self.path().join(DRAFTS), &drafts, &folder] {
            if directory_metadata(directory)?.is_none() {
                return Ok(Vec::new());
            }
        }
        let mut dated: Vec<(i64, PathBuf)> = list(&folder)?
            .into_iter()
            .map(|path| (discarded_us(&path).unwrap_or(i64::MIN), path))
            .collect();
        dated.sort();
        let surplus = dated.len().saturating_sub(DISCARDED_MAX);
        let mut kept = Vec::new();
        for (index, (at_us, path)) in dated.into_iter().enumerate() {
            if index < surplus || at_us < oldest_us {
                remove(&path)?;
            } else {
                kept.push(path);
            }
        }
        Ok(kept)
    }

    pub(super) fn drafts(&self, operator: &str) -> PathBuf {
        self.path().join(DRAFTS).join(plain(operator))
    }
}

/// The directory of what was thrown away, among an operator's drafts.
const DISCARDED: &str = "discarded";

/// When a text was thrown away, by its file's name.
fn discarded_us(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    name.split('.').next()?.parse().ok()
}

/// Removes a file; one that is not there is no error.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(RunsError::new("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The files of a folder that hold drafts, by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.doing("list", folder)?,
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
}

fn read_all(paths: Vec<PathBuf>) -> Result<KeptDrafts> {
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
    fn what_was_thrown_away_is_kept_for_a_while_and_apart_from_the_drafts() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let of = |oldest_us: i64| {
            let kept = runs.load_discarded("ana", oldest_us).unwrap();
            kept.drafts.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>()
        };
        assert!(of(0).is_empty());
        runs.put_aside("ana", "1000.j-1.script.1.json", b"first", 0).unwrap();
        runs.put_aside("ana", "900000.j-1.script.1.json", b"second", 0).unwrap();
        assert_eq!(of(0), [b"first".to_vec(), b"second".to_vec()]);
        assert!(runs.load_drafts("ana").unwrap().drafts.is_empty(), "no draft");
        assert!(
            runs.load_discarded("bea", 0).unwrap().drafts.is_empty(),
            "hers are hers"
        );
        // The next one removes what is too old.
        runs.put_aside("ana", "1000000.j-1.script.1.json", b"third", 1001)
            .unwrap();
        assert_eq!(of(0), [b"second".to_vec(), b"third".to_vec()]);
        assert_eq!(of(1_000_000), [b"third".to_vec()]);
        for n in 0..DISCARDED_MAX + 3 {
            runs.put_aside("ana", &format!("{}.j.s.1.json", 2_000_000 + n), b"x", 0)
                .unwrap();
        }
        assert_eq!(of(0).len(), DISCARDED_MAX);
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
