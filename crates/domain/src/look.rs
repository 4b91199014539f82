//! Looks: what somebody was shown of a gate, and what of that is another version now.

use std::cmp::Reverse;

use crate::artifact::GateArtifact;
use crate::decision::{Extent, Seen, SeenVersion};
use crate::gate::{Gate, GateState};
use crate::ids::{ArtifactPath, Digest};
use crate::job::JobRows;
use crate::key::GateKey;
use crate::refusal::{ChangedArtifact, Refusal};
use crate::time::Timestamp;

/// The most looks that a gate keeps.
const LOOKS_MAX: usize = 100;

/// Of so many looks of each person a gate knows which versions they were of: the newest may be at
/// what is under review, and then the one before it says what changed.
const WITH_VERSIONS: usize = 2;

/// The version of an artifact that somebody was shown before the one under review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerLook {
    pub digest: Digest,
    /// When they first looked at it.
    pub at: Timestamp,
    /// The attempt that was under review.
    pub attempt: u32,
}

impl Gate {
    /// Notes that a person is shown so much of this version; the newest look of a person stands
    /// last. Whoever looks in two consoles has seen what the better of the two has shown.
    ///
    /// Returns whether that is more than was known, and whether anything is to be kept at all.
    pub fn note_look(&mut self, by: &str, digest: Digest, extent: Extent, at: Timestamp) -> (Option<Seen>, bool) {
        let shown = extent.hunks_shown.min(extent.hunks);
        let place = self.seen.iter().position(|seen| seen.by == by && seen.digest == digest);
        let known = place.map(|place| self.seen.remove(place));
        let is_moved = place.is_some_and(|place| self.seen.iter().skip(place).any(|seen| seen.by == by));
        if known.is_none() && self.seen.len() >= LOOKS_MAX {
            // What is under review now counts; the oldest look at something else gives way to it.
            let present = self.digest();
            let oldest = self.seen.iter().position(|seen| seen.digest != present);
            match oldest.filter(|_| digest == present) {
                Some(oldest) => drop(self.seen.remove(oldest)),
                None => return (None, false),
            }
        }
        let is_more = known.as_ref().is_none_or(|known| {
            let former = known.extent();
            former.is_none_or(|former| former.hunks_shown < shown)
        });
        let mut seen = known.unwrap_or_else(|| Seen {
            by: by.to_owned(),
            at,
            digest,
            hunks: None,
            hunks_shown: None,
            artifacts: Vec::new(),
        });
        if is_more {
            (seen.hunks, seen.hunks_shown) = (Some(extent.hunks), Some(shown));
        }
        if digest == self.digest() {
            let version = |artifact: &GateArtifact| SeenVersion {
                path: artifact.path.clone(),
                sha256: artifact.digest,
            };
            seen.artifacts = self.artifacts.iter().map(version).collect();
        }
        self.seen.push(seen.clone());
        let older = self.seen.iter_mut().rev().filter(|seen| seen.by == by);
        for seen in older.skip(WITH_VERSIONS) {
            seen.artifacts.clear();
        }
        (is_more.then_some(seen), is_more || is_moved)
    }
}

/// The gates of this one's stage up to it, the newest first.
fn up_to<'r>(rows: &'r JobRows, key: &GateKey) -> Vec<&'r Gate> {
    let is_of = |other: &&Gate| other.key.stage == key.stage && other.key.attempt <= key.attempt;
    let mut gates: Vec<_> = rows.gates.iter().filter(is_of).collect();
    gates.sort_by_key(|other| Reverse(other.key.attempt));
    gates
}

/// The gates that were withdrawn, undecided, for this one, the newest first.
pub fn withdrawn_for<'r>(rows: &'r JobRows, key: &GateKey) -> impl Iterator<Item = &'r Gate> {
    let former = up_to(rows, key).into_iter().filter(|other| other.key != *key);
    former.take_while(|other| other.state == GateState::Canceled)
}

/// Whether only this person's patches lie between that version of an artifact and the one under
/// review: they know what they wrote. No version: there was no such file.
pub fn is_own_work(artifact: &GateArtifact, former: Option<Digest>, name: &str) -> bool {
    let mut at = Some(artifact.digest);
    let mut steps = artifact.patches.iter().rev();
    while at != former {
        match steps.next() {
            Some(step) if step.by == name && Some(step.made) == at => {
                at = step.former.as_ref().map(|version| version.digest);
            }
            Some(_) | None => return false,
        }
    }
    true
}

/// The newest look of this person at other bytes than those under review, while they neither were
/// shown all of these nor made them themselves: at this gate, or at one that was withdrawn for it,
/// undecided.
pub fn outdated_look<'r>(rows: &'r JobRows, gate: &'r Gate, name: &str) -> Option<(&'r Gate, &'r Seen)> {
    if gate.is_wholly_seen_by(name) {
        return None;
    }
    let digest = gate.digest();
    let gates = std::iter::once(gate).chain(withdrawn_for(rows, &gate.key));
    let mut looks = gates.flat_map(|other| other.seen.iter().rev().map(move |look| (other, look)));
    let (other, look) = looks.find(|(_, look)| look.by == name && look.digest != digest)?;
    let is_known = |artifact| is_own_work(artifact, version_in(other, look, &artifact.path), name);
    (!gate.artifacts.iter().all(is_known)).then_some((other, look))
}

/// Refuses where this person looked at other bytes than those under review, and was not shown all
/// of these: whoever decides has read on what, or names it.
pub fn unchanged_or_refuse(rows: &JobRows, gate: &Gate, name: &str) -> Result<(), Refusal> {
    let Some((other, look)) = outdated_look(rows, gate, name) else {
        return Ok(());
    };
    let moved = gate.artifacts.iter().find_map(|artifact| {
        let read = version_in(other, look, &artifact.path)?;
        (read != artifact.digest).then_some((artifact, read))
    });
    let (name, read, now, base) = match moved {
        Some((artifact, read)) => (artifact.path.file_name(), read, artifact.digest, Some(read)),
        None => (gate.key.stage.as_str(), look.digest, gate.digest(), None),
    };
    let changed = ChangedArtifact {
        name,
        read,
        now,
        base,
        gate: gate.digest(),
    };
    Err(Refusal::artifact_changed(&gate.key, changed))
}

/// The version of an artifact that a look at this gate was of, as far as it is known.
fn version_in(gate: &Gate, look: &Seen, path: &ArtifactPath) -> Option<Digest> {
    let noted = look.artifacts.iter().find(|version| version.path == *path);
    let registered = || {
        let is_present = look.digest == gate.digest();
        let mut artifacts = gate.artifacts.iter().filter(|_| is_present);
        artifacts.find(|artifact| artifact.path == *path)
    };
    noted
        .map(|version| version.sha256)
        .or_else(|| registered().map(|artifact| artifact.digest))
}

/// The version of an artifact that this person was shown last, at this gate or at an attempt
/// before it, where that is another one than is under review now; none: they never looked, or
/// nothing has changed since.
pub fn former_look(rows: &JobRows, gate: &Gate, artifact: &GateArtifact, name: &str) -> Option<FormerLook> {
    let newest = up_to(rows, &gate.key).into_iter().find_map(|other| {
        let is_present = |look: &&Seen| other.key == gate.key && look.digest == gate.digest();
        let mine = other.seen.iter().rev().filter(|look| look.by == name);
        mine.filter(|look| !is_present(look)).find_map(|look| {
            Some(FormerLook {
                digest: version_in(other, look, &artifact.path)?,
                at: look.at,
                attempt: other.key.attempt,
            })
        })
    });
    newest.filter(|look| look.digest != artifact.digest)
}
