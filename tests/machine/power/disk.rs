//! What a power cut may leave: of bytes and of names, whatever no flush has seen may be there,
//! missing, half there or reordered.

use std::collections::BTreeMap;
use std::path::Path;

use super::trace::Op;
use crate::support::random::Random;

/// Paths and bytes; none: a directory.
pub type Tree = BTreeMap<String, Option<Vec<u8>>>;

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    flushed: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    Directory,
    File(usize),
}

/// A change of names in one directory, whole or not at all.
#[derive(Debug, Clone)]
struct Naming {
    directory: String,
    sets: Vec<(String, Option<Target>)>,
}

#[derive(Debug, Clone, Default)]
pub struct Disk {
    inodes: Vec<Inode>,
    flushed: BTreeMap<String, Target>,
    pending: Vec<Naming>,
    live: BTreeMap<String, Target>,
    /// Names that were taken away: an open file keeps the name that it was opened by, whatever
    /// others it has got since.
    former: BTreeMap<String, Target>,
}

/// How much of what was not flushed is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Left {
    All,
    Nothing,
    Half,
    Zeros,
    Random,
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, written) => {
            let (at, end) = (*at as usize, *at as usize + written.len());
            bytes.resize(bytes.len().max(end), 0);
            bytes[at..end].copy_from_slice(written);
        }
        Change::Truncate(length) => bytes.resize(*length as usize, 0),
    }
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

impl Inode {
    fn live(&self) -> Vec<u8> {
        let mut bytes = self.flushed.clone();
        self.pending.iter().for_each(|change| apply(&mut bytes, change));
        bytes
    }

    fn left(&self, left: Left, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.flushed.clone();
        let half = self.pending.len() / 2;
        for (at, change) in self.pending.iter().enumerate() {
            match (left, change) {
                (Left::All, _) => apply(&mut bytes, change),
                (Left::Half, _) if at < half => apply(&mut bytes, change),
                (Left::Half, Change::Write(to, written)) if at == half => {
                    apply(&mut bytes, &Change::Write(*to, written[..written.len() / 2].to_vec()));
                }
                (Left::Zeros, Change::Write(to, written)) => {
                    bytes.resize(bytes.len().max(*to as usize + written.len()), 0);
                }
                (Left::Random, Change::Write(to, written)) => match random.below(4) {
                    0 => {}
                    1 => bytes.resize(bytes.len().max(*to as usize + written.len()), 0),
                    2 => {
                        let kept = random.below(written.len() + 1);
                        apply(&mut bytes, &Change::Write(*to, written[..kept].to_vec()));
                    }
                    _ => apply(&mut bytes, change),
                },
                (Left::Random, Change::Truncate(_)) if random.one_in(2) => apply(&mut bytes, change),
                (Left::Nothing | Left::Half | Left::Zeros | Left::Random, _) => {}
            }
        }
        bytes
    }
}

impl Disk {
    /// A disk on which all of this was flushed.
    pub fn on(tree: &Tree) -> Self {
        let mut disk = Self::default();
        for (path, bytes) in tree {
            let target = match bytes {
                None => Target::Directory,
                Some(bytes) => {
                    disk.inodes.push(Inode {
                        flushed: bytes.clone(),
                        pending: Vec::new(),
                    });
                    Target::File(disk.inodes.len() - 1)
                }
            };
            disk.flushed.insert(path.clone(), target);
        }
        disk.live.clone_from(&disk.flushed);
        disk
    }

    fn inode(&mut self, path: &str) -> Option<&mut Inode> {
        match self.live.get(path).or_else(|| self.former.get(path))? {
            Target::File(inode) => self.inodes.get_mut(*inode),
            Target::Directory => None,
        }
    }

    fn name(&mut self, sets: Vec<(String, Option<Target>)>) {
        let directory = above(&sets[0].0).to_owned();
        for (path, target) in &sets {
            match target {
                Some(target) => drop(self.live.insert(path.clone(), *target)),
                None => self.former.extend(self.live.remove_entry(path)),
            }
        }
        self.pending.push(Naming { directory, sets });
    }

    pub fn take(&mut self, op: &Op) {
        match op {
            Op::Answer => {}
            Op::Create(path) if self.live.contains_key(path) => {}
            Op::Create(path) => {
                self.inodes.push(Inode::default());
                let target = Target::File(self.inodes.len() - 1);
                self.name(vec![(path.clone(), Some(target))]);
            }
            Op::MakeDirectory(path) => self.name(vec![(path.clone(), Some(Target::Directory))]),
            Op::Write(path, at, bytes) => {
                if let Some(inode) = self.inode(path) {
                    let at = at.unwrap_or_else(|| inode.live().len() as u64);
                    inode.pending.push(Change::Write(at, bytes.clone()));
                }
            }
            Op::Truncate(path, length) => {
                if let Some(inode) = self.inode(path) {
                    inode.pending.push(Change::Truncate(*length));
                }
            }
            Op::Rename(from, to) => {
                if let Some(target) = self.live.get(from).copied() {
                    self.name(vec![(from.clone(), None), (to.clone(), Some(target))]);
                }
            }
            Op::Link(from, to) => {
                if let Some(target) = self.live.get(from).copied() {
                    self.name(vec![(to.clone(), Some(target))]);
                }
            }
            Op::Unlink(path) => self.name(vec![(path.clone(), None)]),
            Op::Flush(path) => self.flush(path),
        }
    }

    fn flush(&mut self, path: &str) {
        if let Some(inode) = self.inode(path) {
            inode.flushed = inode.live();
            inode.pending.clear();
            return;
        }
        let is_directory = path.is_empty() || self.live.get(path) == Some(&Target::Directory);
        assert!(is_directory, "{path} is flushed, and nothing is known of it");
        for naming in std::mem::take(&mut self.pending) {
            if naming.directory == path {
                set(&mut self.flushed, &naming);
            } else {
                self.pending.push(naming);
            }
        }
    }

    /// One state that a power cut could leave.
    pub fn cut(&self, names: Left, bytes: Left, random: &mut Random) -> Tree {
        let mut left = self.flushed.clone();
        let half = random.below(self.pending.len() + 1);
        for (at, naming) in self.pending.iter().enumerate() {
            let is_kept = match names {
                Left::All => true,
                Left::Nothing | Left::Zeros => false,
                Left::Half => at < half,
                Left::Random => random.one_in(2),
            };
            if is_kept {
                set(&mut left, naming);
            }
        }
        let mut tree = Tree::new();
        for (path, target) in &left {
            // What lies in a directory that is gone is gone.
            if !above(path).is_empty() && tree.get(above(path)) != Some(&None) {
                continue;
            }
            let content = match target {
                Target::Directory => None,
                Target::File(inode) => Some(self.inodes[*inode].left(bytes, random)),
            };
            tree.insert(path.clone(), content);
        }
        tree
    }
}

fn set(names: &mut BTreeMap<String, Target>, naming: &Naming) {
    for (path, target) in &naming.sets {
        match target {
            Some(target) => names.insert(path.clone(), *target),
            None => names.remove(path),
        };
    }
}

/// What lies below a directory, but for the shared memory of SQLite, which no start believes.
pub fn read(directory: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![String::new()];
    while let Some(below) = waiting.pop() {
        for entry in std::fs::read_dir(directory.join(&below)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let path = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            if entry.file_type().unwrap().is_dir() {
                tree.insert(path.clone(), None);
                waiting.push(path);
            } else if !path.ends_with("-shm") {
                tree.insert(path, Some(std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    tree
}

/// Lays it out again.
pub fn write(tree: &Tree, directory: &Path) {
    std::fs::create_dir(directory).unwrap();
    for (path, bytes) in tree {
        match bytes {
            None => std::fs::create_dir(directory.join(path)).unwrap(),
            Some(bytes) => std::fs::write(directory.join(path), bytes).unwrap(),
        }
    }
}
