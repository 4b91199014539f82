//! How a gate ends: by a person's verdict on what was reviewed, or by its timer (SPEC §2).

use super::{Gate, NOTES_BYTES_MAX, OnDisk, Verdict};
use crate::artifact::GateArtifact;
use crate::context::GateContext;
use crate::decision::{DecidedArtifact, Decider, Decision, DecisionParts};
use crate::ids::Digest;
use crate::operator::{Operator, Via};
use crate::policy::{AtZero, Doubt, OnTimeout};
use crate::proposal::Proposal;
use crate::refusal::{ChangedArtifact, Refusal};
use crate::time::{SECOND_US, Timestamp};
use crate::timer::GateTimer;
use serde_json::Value;
use text::words::duration;

/// The note as it is recorded; a blank one is none, one that is too long is refused.
pub fn notes_or_refuse(notes: Option<&str>) -> Result<Option<&str>, Refusal> {
    match notes.map_or(0, str::len) {
        bytes if bytes > NOTES_BYTES_MAX => Err(Refusal::notes_too_long(bytes)),
        _ => Ok(notes.filter(|notes| !notes.trim().is_empty())),
    }
}

/// What the timer does to a gate when it is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Expiry {
    /// The timer decides.
    Decided(Box<Decision>),
    /// The timer stops for good, for the doubt that it names, if any; only a person ends the gate.
    Held(GateTimer),
    /// The same, because this artifact is not what the gate shows: nobody has agreed to let the
    /// timer approve that.
    Moved(GateTimer, OnDisk),
}

/// An artifact that the decision leaves as it was reviewed.
fn as_reviewed(artifact: &GateArtifact) -> DecidedArtifact {
    DecidedArtifact {
        path: artifact.path.clone(),
        sha256: Some(artifact.digest),
        sha256_after: None,
    }
}

impl Gate {
    /// What the timer writes into the record: after how long it decided, and whether somebody had
    /// looked, or the doubt that it decided for.
    fn timer_note(&self, timer: &GateTimer, because: Option<Doubt>) -> String {
        let added_s = match timer.stopped_at {
            // A hold or a lease stood to the end: then all of the bound is used up.
            Some(_) => self.policy.max_hold_s,
            None => u64::try_from(timer.added_us / SECOND_US).unwrap_or(0),
        };
        // As long as it was agreed on and persons added: the clocks may have been set meanwhile.
        let agreed_s = self.policy.auto_approve_after_s.unwrap_or(0);
        let mut note = format!("nobody decided within {}", duration(agreed_s.saturating_add(added_s)));
        if added_s > 0 {
            note.push_str(&format!(", {} of it added by persons", duration(added_s)));
        }
        if timer.overdue_since.is_some() {
            note.push_str(", nor in the grace after it was overdue");
        }
        match because {
            Some(doubt) => format!("{note}; {}", doubt.words()),
            None => format!("{note}; {}", self.looked_words()),
        }
    }

    /// Refuses unless what lies on disk is what was reviewed; returns the artifacts as they are on
    /// disk.
    ///
    /// A version that nobody registered counts as reviewed only when its digest was sent along.
    pub fn reviewed_or_refuse(
        &self,
        digest: Option<Digest>,
        on_disk: &[OnDisk],
        verdict: Option<Verdict>,
    ) -> Result<Vec<GateArtifact>, Refusal> {
        let mut current = self.artifacts.clone();
        for artifact in &mut current {
            let looked = on_disk.iter().find(|other| other.path == artifact.path);
            // Somebody registered another version between the look at the files and this
            // transaction.
            if let Some(stale) = looked.filter(|looked| looked.registered != artifact.digest) {
                return Err(Refusal::artifact_changed(
                    &self.key,
                    ChangedArtifact {
                        name: artifact.path.file_name(),
                        read: stale.registered,
                        now: artifact.digest,
                        base: Some(stale.registered),
                        gate: self.digest(),
                    },
                ));
            }
            let found = looked.and_then(|looked| looked.found);
            match (found, verdict) {
                (Some((found, size_bytes)), _) if found != artifact.digest => {
                    artifact.digest = found;
                    artifact.size_bytes = size_bytes;
                }
                (Some(_), _) => {}
                // Nothing of a vanished artifact goes on after a rejection: the stage runs again.
                (None, Some(Verdict::Reject)) => {}
                (None, Some(Verdict::Approve) | None) => {
                    return Err(Refusal::artifact_vanished(&artifact.path, artifact.digest));
                }
            }
        }
        let now = Digest::of_gate(current.iter().map(|artifact| (&artifact.path, artifact.digest)));
        let reviewed = digest.unwrap_or_else(|| self.digest());
        if now == reviewed {
            return Ok(current);
        }
        let moved = self
            .artifacts
            .iter()
            .zip(&current)
            .find(|(old, new)| old.digest != new.digest);
        let is_registered_read = reviewed == self.digest();
        let (name, base) = match (moved, &self.artifacts[..]) {
            (Some((old, _)), _) if is_registered_read => (old.path.file_name(), Some(old.digest)),
            // What was read is older than a registered patch; of one artifact the gate's digest is
            // its own.
            (_, [only]) => (only.path.file_name(), Some(reviewed)),
            (Some((artifact, _)), _) | (None, [artifact, ..]) => (artifact.path.file_name(), None),
            (None, []) => (self.key.stage.as_str(), None),
        };
        let changed = ChangedArtifact {
            name,
            read: reviewed,
            now,
            base,
            gate: now,
        };
        Err(Refusal::artifact_changed(&self.key, changed))
    }

    /// Refuses where another context was read than the gate has; whoever names none decides on any.
    /// `read`: what had that digest, as far as the log knows.
    pub fn said_or_refuse(&self, digest: Option<Digest>, read: Option<&GateContext>) -> Result<(), Refusal> {
        let now = self.context.digest();
        if digest.is_none_or(|digest| digest == now) {
            return Ok(());
        }
        Err(Refusal::context_changed(
            &self.key,
            &self.context.changed_words(read),
            now,
        ))
    }

    /// Returns the decision that settles this gate, or the reason it may not be settled so.
    /// `reviewed`: see [`Gate::reviewed_or_refuse`].
    pub fn decide(
        &self,
        by: &Operator,
        verdict: Verdict,
        notes: Option<&str>,
        proposal: Option<&Proposal>,
        reviewed: &[GateArtifact],
        at: Timestamp,
    ) -> Result<Decision, Refusal> {
        self.open_or_refuse()?;
        let mut artifacts: Vec<_> = reviewed.iter().map(as_reviewed).collect();
        match (proposal, verdict) {
            (None, _) => {}
            (Some(Proposal::Params(_)), Verdict::Approve) => return Err(Refusal::params_need_rejection(&self.key)),
            (Some(Proposal::Params(_)), Verdict::Reject) => {}
            (Some(Proposal::File(effect)), verdict) => {
                effect.fits_or_refuse(&self.key, reviewed)?;
                // A rejection only keeps the patch; it is planned again, and applied, when the job
                // resumes (SPEC §5).
                if verdict == Verdict::Approve {
                    let after = Some(effect.after.digest);
                    match artifacts.iter_mut().find(|artifact| artifact.path == *effect.path()) {
                        Some(target) => target.sha256_after = after,
                        None => artifacts.push(DecidedArtifact {
                            path: effect.path().clone(),
                            sha256: effect.before(),
                            sha256_after: after,
                        }),
                    }
                }
            }
        }
        let with = (notes.map(str::to_owned), proposal.map(|one| one.patch().clone()));
        Ok(self.decision(Decider::operator(by.clone()), verdict, at, with, artifacts))
    }

    fn decision(
        &self,
        decider: Decider,
        verdict: Verdict,
        at: Timestamp,
        (notes, patch): (Option<String>, Option<Value>),
        artifacts: Vec<DecidedArtifact>,
    ) -> Decision {
        Decision::new(DecisionParts {
            key: &self.key,
            approved: verdict == Verdict::Approve,
            decider,
            at,
            notes,
            patch,
            opened_at: self.opened_at,
            deadline: self.deadline(),
            seen: &self.seen,
            artifacts,
            context: &self.context,
            recalls: self.recalls.as_ref(),
        })
    }

    /// The first artifact that lies on disk otherwise than the gate shows it, or not at all. A look
    /// that is older than the rows, or that left an artifact out, is refused: the ticker asks again
    /// with a fresh one.
    fn moved_or_stale(&self, on_disk: &[OnDisk]) -> Result<Option<OnDisk>, Refusal> {
        for artifact in &self.artifacts {
            let looked = on_disk
                .iter()
                .find(|looked| looked.path == artifact.path && looked.registered == artifact.digest)
                .ok_or_else(|| Refusal::not_due(&self.key))?;
            if looked.is_moved() {
                return Ok(Some(looked.clone()));
            }
        }
        Ok(None)
    }

    /// Returns what the timer does at zero. The caller has made sure that it is due; a gate without
    /// a timer never is.
    ///
    /// `on_disk` is what an approval looks at; the other ends need none.
    pub fn expire(&self, via: Via, at: Timestamp, on_disk: &[OnDisk]) -> Result<Expiry, Refusal> {
        self.open_or_refuse()?;
        let (Some(timer), Some(AtZero { then, because })) = (&self.timer, self.at_zero()) else {
            return Err(Refusal::no_timer(&self.key));
        };
        let held = |held_because| GateTimer {
            held_by_policy_at: Some(at),
            held_because,
            ..timer.clone()
        };
        let verdict = match then {
            OnTimeout::Hold => return Ok(Expiry::Held(held(because))),
            OnTimeout::Approve => match self.moved_or_stale(on_disk)? {
                Some(moved) => return Ok(Expiry::Moved(held(None), moved)),
                None => Verdict::Approve,
            },
            OnTimeout::Reject => Verdict::Reject,
        };
        let artifacts = self.artifacts.iter().map(as_reviewed).collect();
        let with = (Some(self.timer_note(timer, because)), None);
        let decision = self.decision(Decider::timer(via), verdict, at, with, artifacts);
        let unseen = (because == Some(Doubt::Unseen)).then_some(then);
        let decision = decision.for_unseen(unseen);
        Ok(Expiry::Decided(Box::new(decision)))
    }
}
