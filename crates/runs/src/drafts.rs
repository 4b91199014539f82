//! Unsent notes and patches, one file each under `.drafts/<operator>/`: offered again after a crash
//! or a dropped line.
//!
//! What is in them is the console's business; here they are bytes with a name. Beside them, in
//! `discarded/`, lies what was thrown away; such a name begins with the time of that in
//! microseconds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::atomic;
use super::error::{Doing, Result};
use super::layout::RunsDir;
use super::open_directory::OpenDirectory;

/// Where the drafts of all operators lie, under the runs directory.
const DRAFTS: &str = ".drafts";

/// A draft holds a note, a patch and the edits of a gate's artifacts, of 1 MiB each: nothing larger
/// is read.
pub const DRAFT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many discarded texts are kept, the newest.
const DISCARDED_MAX: usize = 200;

/// What lies among the drafts of an operator.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeptDrafts {
    /// The path and the bytes of each, in the order of their names.
    pub drafts: Vec<(PathBuf, Vec<u8>)>,
    /// Why others could not be read: a draft is never in the way, but it is not passed over in
    /// silence either.
    pub problems: Vec<String>,
}

/// The folder of one operator.
#[derive(Debug, Default)]
pub struct DraftsFolder {
    /// What it is called: see [`folder_name`].
    pub name: String,
    /// The path and the bytes of each draft.
    pub drafts: Vec<(PathBuf, Vec<u8>)>,
    /// The same of their marks; none: they have none, or these were not asked for.
    pub marks: Option<(PathBuf, Vec<u8>)>,
}

/// The drafts of everybody, as far as they can be read.
#[derive(Debug, Default)]
pub struct DraftsOfAll {
    pub folders: Vec<DraftsFolder>,
    /// Why others could not be read.
    pub problems: Vec<String>,
}

/// The name of the file of an operator's marks, beside their drafts; what lists drafts passes over
/// it.
pub const MARKS: &str = "marks";

/// The folders of so many operators are read.
const FOLDERS_MAX: usize = 200;

/// What the folder of an operator's drafts is called.
pub fn folder_name(operator: &str) -> String {
    plain(operator)
}

/// That nobody else changes what an operator's drafts are, of those who ask; as long as it lives.
#[derive(Debug)]
pub struct DraftsLock {
    _folder: Arc<OpenDirectory>,
}

impl RunsDir {
    /// Waits until nobody else has the drafts of this operator. Blocks.
    pub fn lock_drafts(&self, operator: &str) -> Result<DraftsLock> {
        let folder = self.place(&folder(operator))?;
        folder.handle().lock().doing("lock", folder.path())?;
        Ok(DraftsLock { _folder: folder })
    }

    /// The draft of this name; none: there is none.
    pub fn load_draft(&self, operator: &str, name: &str) -> Result<Option<Vec<u8>>> {
        let kept = self.kept_in(&folder(operator), |_| Ok(vec![plain(name)]))?;
        Ok(kept.drafts.into_iter().next().map(|(_, bytes)| bytes))
    }

    /// The drafts and marks of everybody; `only`: just the drafts of this name. What may not be
    /// read, because it is somebody else's and the runs directory has no group, is told and no
    /// error.
    pub fn drafts_of_all(&self, only: Option<&str>) -> Result<DraftsOfAll> {
        let mut all = DraftsOfAll::default();
        let Some(place) = self.existing(Path::new(DRAFTS))? else {
            return Ok(all);
        };
        let mut names = place.names()?;
        names.sort();
        for name in names.into_iter().take(FOLDERS_MAX) {
            let wanted = |place: &OpenDirectory| match only {
                Some(draft) => Ok(vec![plain(draft)]),
                None => Ok(drafts_in(place)?.into_iter().chain([MARKS.to_owned()]).collect()),
            };
            match self.kept_in(&Path::new(DRAFTS).join(&name), wanted) {
                Ok(mut kept) => {
                    let is_marks = |path: &Path| path.file_name().is_some_and(|name| name == MARKS);
                    let marks = kept.drafts.pop_if(|(path, _)| is_marks(path));
                    all.problems.extend(kept.problems);
                    all.folders.push(DraftsFolder {
                        name,
                        drafts: kept.drafts,
                        marks,
                    });
                }
                Err(error) => all.problems.push(error.to_string()),
            }
        }
        Ok(all)
    }

    /// What an operator has written under this name: the draft, and what was thrown away of it.
    pub fn drafts_of(&self, operator: &str, name: &str) -> Result<KeptDrafts> {
        let draft = plain(name);
        let mut kept = self.kept_in(&folder(operator), |_| Ok(vec![draft.clone()]))?;
        let aside = self.kept_in(&folder(operator).join(DISCARDED), |place| {
            let mut names = drafts_in(place)?;
            names.retain(|name| of_discarded(name) == draft);
            Ok(names)
        })?;
        kept.drafts.extend(aside.drafts);
        kept.problems.extend(aside.problems);
        Ok(kept)
    }

    /// The marks that an operator's former sessions kept; none: there are none.
    pub fn load_marks(&self, operator: &str) -> Result<Option<Vec<u8>>> {
        let kept = self.kept_in(&folder(operator), |_| Ok(vec![MARKS.to_owned()]))?;
        Ok(kept.drafts.into_iter().next().map(|(_, bytes)| bytes))
    }

    /// Keeps a draft, or removes it. `name` is a plain file name.
    pub fn save_draft(&self, operator: &str, name: &str, bytes: Option<&[u8]>) -> Result<()> {
        let folder = folder(operator);
        match bytes {
            Some(bytes) => atomic::write_at(&self.place(&folder)?, &plain(name), bytes),
            None => self.remove_in(&folder, name),
        }
    }

    /// How many drafts an operator has.
    pub fn count_drafts(&self, operator: &str) -> Result<usize> {
        let place = self.existing(&folder(operator))?;
        place.map_or(Ok(0), |place| Ok(drafts_in(&place)?.len()))
    }

    /// All drafts of an operator.
    pub fn load_drafts(&self, operator: &str) -> Result<KeptDrafts> {
        self.kept_in(&folder(operator), drafts_in)
    }

    /// Keeps a text that was thrown away, under a name that begins with the time in microseconds;
    /// those from before `oldest_us` go.
    pub fn put_aside(&self, operator: &str, name: &str, bytes: &[u8], oldest_us: i64) -> Result<()> {
        let place = self.place(&folder(operator).join(DISCARDED))?;
        atomic::write_at(&place, &plain(name), bytes)?;
        kept_discarded(&place, oldest_us).map(drop)
    }

    /// Keeps a draft that a text was restored to; only then is what was put aside of it removed.
    pub fn restore(&self, operator: &str, name: &str, bytes: &[u8], aside: &str) -> Result<()> {
        self.save_draft(operator, name, Some(bytes))?;
        self.remove_in(&folder(operator).join(DISCARDED), aside)
    }

    /// The texts of an operator that were thrown away since then, oldest first; what is older is
    /// removed.
    pub fn load_discarded(&self, operator: &str, oldest_us: i64) -> Result<KeptDrafts> {
        self.kept_in(&folder(operator).join(DISCARDED), |place| {
            kept_discarded(place, oldest_us)
        })
    }

    fn remove_in(&self, folder: &Path, name: &str) -> Result<()> {
        match self.existing(folder)? {
            Some(place) => place.remove(&plain(name)).map(drop),
            None => Ok(()),
        }
    }

    fn kept_in(&self, folder: &Path, names: impl FnOnce(&OpenDirectory) -> Result<Vec<String>>) -> Result<KeptDrafts> {
        match self.existing(folder)? {
            Some(place) => read_all(&place, names(&place)?),
            None => Ok(KeptDrafts::default()),
        }
    }
}

/// Where an operator's drafts lie, below the runs directory.
pub(super) fn folder(operator: &str) -> PathBuf {
    Path::new(DRAFTS).join(plain(operator))
}

fn kept_discarded(place: &OpenDirectory, oldest_us: i64) -> Result<Vec<String>> {
    let mut dated: Vec<(i64, String)> = drafts_in(place)?
        .into_iter()
        .map(|name| (discarded_us(&name).unwrap_or(i64::MIN), name))
        .collect();
    dated.sort();
    let surplus = dated.len().saturating_sub(DISCARDED_MAX);
    let mut kept = Vec::new();
    for (index, (at_us, name)) in dated.into_iter().enumerate() {
        if index < surplus || at_us < oldest_us {
            place.remove(&name)?;
        } else {
            kept.push(name);
        }
    }
    Ok(kept)
}

/// The directory of what was thrown away, among an operator's drafts.
const DISCARDED: &str = "discarded";

/// The name of the draft that a text was thrown away of, by its file's name.
pub fn of_discarded(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, draft)| draft)
}

/// When a text was thrown away, by its file's name.
fn discarded_us(name: &str) -> Option<i64> {
    name.split('.').next()?.parse().ok()
}

/// The names in a folder that are those of drafts.
pub(super) fn drafts_in(place: &OpenDirectory) -> Result<Vec<String>> {
    let mut names = place.names()?;
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "json"));
    names.sort();
    Ok(names)
}

pub(super) fn read_all(place: &OpenDirectory, names: Vec<String>) -> Result<KeptDrafts> {
    let mut kept = KeptDrafts::default();
    for name in names {
        let path = place.join(&name);
        let read = place.file(&name).and_then(|file| {
            file.map(|file| atomic::read_limited(file, &path, DRAFT_BYTES_MAX))
                .transpose()
        });
        match read {
            Ok(Some(bytes)) => kept.drafts.push((path, bytes)),
            // The file was removed after it was listed.
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
    use std::fs;

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
        let path = runs.path().join(".drafts/ana/too-large.json");
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
    fn what_was_restored_is_a_draft_and_lies_aside_until_that_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let count = |kept: KeptDrafts| kept.drafts.len();
        runs.put_aside("ana", "1000.j-1.script.1.json", b"text", 0).unwrap();
        // A directory in its place: the draft cannot be kept.
        let place = runs.path().join(".drafts/ana/j-1.script.1.json");
        fs::create_dir(&place).unwrap();
        let restore = || runs.restore("ana", "j-1.script.1.json", b"text", "1000.j-1.script.1.json");
        assert!(restore().is_err());
        assert_eq!(count(runs.load_discarded("ana", 0).unwrap()), 1);
        fs::remove_dir(&place).unwrap();
        restore().unwrap();
        assert_eq!(count(runs.load_discarded("ana", 0).unwrap()), 0);
        assert_eq!(runs.load_drafts("ana").unwrap().drafts[0].1, b"text");
        // Once more is no error: the list that it was chosen from may be older.
        restore().unwrap();
    }

    #[test]
    fn a_link_in_place_of_a_folder_is_refused_and_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let theirs = elsewhere.join("1000.one.json");
        fs::File::create(&theirs).unwrap();
        runs.save_draft("ana", "kept.json", Some(b"kept")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, runs.path().join(".drafts/bea")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, runs.path().join(".drafts/ana/discarded")).unwrap();
        assert!(runs.save_draft("bea", "1000.one.json", None).is_err());
        assert!(runs.save_draft("bea", "two.json", Some(b"x")).is_err());
        assert!(runs.load_drafts("bea").is_err());
        assert!(runs.put_aside("ana", "2000.two.json", b"x", 5000).is_err());
        assert!(runs.load_discarded("ana", 5000).is_err());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
        assert!(theirs.exists());
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
