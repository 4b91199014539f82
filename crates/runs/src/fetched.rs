//! Versions that came from another machine, each under its SHA-256 in `.fetched/`: bytes that never
//! change need not come again. Whatever is missing here is fetched once more.

use std::path::Path;

use super::artifacts::ARTIFACT_BYTES_MAX;
use super::atomic;
use super::error::Result;
use super::layout::RunsDir;
use domain::ids::Digest;

const FETCHED: &str = ".fetched";

/// The most bytes that are kept, and files.
const FETCHED_BYTES_MAX: u64 = 64 * 1024 * 1024;
const FETCHED_MAX: usize = 2000;

impl RunsDir {
    /// The bytes of this version; none: they are not kept here, or are damaged.
    pub fn fetched(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let Some(place) = self.existing(Path::new(FETCHED))? else {
            return Ok(None);
        };
        let bytes = place.read(&digest.to_string(), ARTIFACT_BYTES_MAX)?;
        Ok(bytes.filter(|bytes| Digest::of(bytes) == *digest))
    }

    /// Keeps the bytes of a version, and forgets those that came first where there are too many.
    pub fn keep_fetched(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 > FETCHED_BYTES_MAX {
            return Ok(());
        }
        let place = self.place(Path::new(FETCHED))?;
        atomic::note_at(&place, &digest.to_string(), bytes)?;
        let stat = |name: String| {
            place
                .stat(&name)
                .map(|stat| (stat.st_mtime, stat.st_mtime_nsec, name, stat.st_size))
        };
        let mut kept: Vec<_> = place.names()?.into_iter().filter_map(stat).collect();
        kept.sort_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (number, (_, _, name, size)) in kept.into_iter().enumerate() {
            bytes += size.unsigned_abs();
            if bytes > FETCHED_BYTES_MAX || number >= FETCHED_MAX {
                place.remove(&name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_came_is_found_again_and_the_first_ones_make_room() {
        let temporary = tempfile::tempdir().unwrap();
        let desk = RunsDir::open(temporary.path().join("desk"), None).unwrap();
        let large = |number: u8| vec![number; 24 * 1024 * 1024];
        let [first, second, third] = [0, 1, 2].map(|number| Digest::of(&large(number)));
        assert_eq!(desk.fetched(&first).unwrap(), None);
        desk.keep_fetched(&first, &large(0)).unwrap();
        desk.keep_fetched(&second, &large(1)).unwrap();
        assert_eq!(desk.fetched(&first).unwrap(), Some(large(0)));
        desk.keep_fetched(&third, &large(2)).unwrap();
        assert_eq!(desk.fetched(&first).unwrap(), None);
        assert_eq!(desk.fetched(&third).unwrap(), Some(large(2)));
        // What lies there under a wrong name is not that version.
        desk.keep_fetched(&first, b"forged").unwrap();
        assert_eq!(desk.fetched(&first).unwrap(), None);
    }
}
