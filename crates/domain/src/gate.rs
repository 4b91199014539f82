//! A gate: `open → approved | rejected | canceled`, one transition, ever (SPEC §2); where a decision
//! may be taken back, `approved | rejected → recalled` until it is carried out.

mod ending;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::artifact::GateArtifact;
use super::context::GateContext;
use super::decision::{Decision, Seen};
use super::heartbeat::Heartbeat;
use super::ids::{ArtifactPath, Digest};
use super::lease::Lease;
use super::policy::{AtZero, Doubt, GatePolicy, OnTimeout};
use super::recall::{RecallWindow, Recalled};
use super::refusal::Refusal;
use super::time::Timestamp;
use super::timer::GateTimer;
use crate::key::GateKey;

pub use ending::{Expiry, notes_or_refuse};

/// The most bytes a note may have (SPEC §10).
pub const NOTES_BYTES_MAX: usize = 64 * 1024;

read_words! {
    /// Where a gate stands.
    #[derive(Hash)]
    pub enum GateState {
        /// Waits for a decision.
        Open = "open",
        /// Decided: the work may go on.
        Approved = "approved",
        /// Decided: it may not.
        Rejected = "rejected",
        /// Ended without a decision.
        Canceled = "canceled",
        /// Decided, and the decision was taken back before anything came of it.
        Recalled = "recalled",
    }
}

/// Approve or reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The work may go on.
    Approve,
    /// It may not.
    Reject,
}

impl Verdict {
    /// The one of a decision.
    pub fn of(decision: &Decision) -> Self {
        match decision.is_approved() {
            true => Self::Approve,
            false => Self::Reject,
        }
    }

    /// `approved` or `rejected`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// How a gate ended, for the message to whoever came second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub by: String,
    pub at: Timestamp,
}

/// One gate, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub key: GateKey,
    /// Where it stands.
    pub state: GateState,
    /// The policy that was in force when it opened.
    pub policy: GatePolicy,
    /// When it opened.
    pub opened_at: Timestamp,
    /// The timer, where the policy wants one.
    pub timer: Option<GateTimer>,
    /// The claim of a live editor or prompt.
    pub lease: Option<Lease>,
    /// What is under review.
    pub artifacts: Vec<GateArtifact>,
    /// Who has looked.
    pub seen: Vec<Seen>,
    /// Who ended it and when; none while open.
    pub settled: Option<Settled>,
    /// Why it is asked for.
    #[serde(default, skip_serializing_if = "GateContext::is_empty")]
    pub context: GateContext,
    /// The sign of life that its requester promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
    /// As long as its decision may be taken back; nothing has come of that yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Box<RecallWindow>>,
    /// The decision that was taken back, in the place of whose gate this one opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalls: Option<Recalled>,
}

/// What the artifacts of a gate are on disk right now: found just before the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDisk {
    pub path: ArtifactPath,
    /// The registered version at that moment; when the rows say otherwise later, the look is stale.
    pub registered: Digest,
    /// Its digest and size; none when it has vanished.
    pub found: Option<(Digest, u64)>,
}

impl OnDisk {
    pub fn new(path: &ArtifactPath, registered: Digest, found: Option<(Digest, u64)>) -> Self {
        let path = path.clone();
        Self {
            path,
            registered,
            found,
        }
    }

    /// What was found under this path; none: nothing, or nobody has looked.
    pub fn found_at(looks: &[Self], path: &ArtifactPath) -> Option<(Digest, u64)> {
        looks.iter().find(|looked| looked.path == *path)?.found
    }

    /// Its digest; none when it has vanished.
    pub fn digest(&self) -> Option<Digest> {
        self.found.map(|(digest, _)| digest)
    }

    /// Whether it is not the version that it should be.
    pub fn is_moved(&self) -> bool {
        self.digest() != Some(self.registered)
    }

    /// How it differs from what was decided on, in words:
    /// `script.txt is not what was decided on (was 9f2c1e, is 41b07a)`.
    pub fn difference(&self) -> String {
        let (name, was) = (self.path.file_name(), self.registered.short());
        match self.digest() {
            Some(digest) => format!("{name} is not what was decided on (was {was}, is {})", digest.short()),
            None => format!("{name} is missing (was {was})"),
        }
    }
}

impl Gate {
    /// The digest of what is under review (SPEC §6).
    pub fn digest(&self) -> Digest {
        Digest::of_gate(self.artifacts.iter().map(|artifact| (&artifact.path, artifact.digest)))
    }

    /// Whether something is still to come of it: it is open, or its decision is not carried out.
    pub fn is_live(&self) -> bool {
        self.state == GateState::Open || self.recall.is_some()
    }

    /// Whether it is decided for good.
    pub fn is_final(&self) -> bool {
        matches!(self.state, GateState::Approved | GateState::Rejected) && self.recall.is_none()
    }

    /// What its timer does at zero, as the gate stands: who was shown what may change until then.
    /// None: it is not open, or has no timer.
    pub fn at_zero(&self) -> Option<AtZero> {
        let timer = self.timer.as_ref().filter(|_| self.state == GateState::Open)?;
        if timer.held_by_policy_at.is_some() {
            return Some(AtZero {
                then: OnTimeout::Hold,
                because: timer.held_because,
            });
        }
        let approves = timer.on_timeout == OnTimeout::Approve;
        let is_unseen = approves && !self.is_wholly_seen();
        let instead = |rule, doubt| (rule != OnTimeout::Approve).then_some((rule, Some(doubt)));
        let unseen = instead(self.policy.unseen, Doubt::Unseen).filter(|_| is_unseen);
        let unreached = instead(self.policy.nobody_reached, Doubt::NobodyReached);
        let unreached = unreached.filter(|_| approves && !timer.is_reached());
        // Of two doubts the one that holds: what only a person decides can still be rejected.
        let (first, second) = match unseen {
            Some((OnTimeout::Reject, _)) => (unreached, unseen),
            Some(_) | None => (unseen, unreached),
        };
        let (then, because) = first.or(second).unwrap_or((timer.on_timeout, None));
        Some(AtZero { then, because })
    }

    /// Who had looked at what is under review, in words: `nobody had looked`,
    /// `ana and bea had looked`.
    pub(crate) fn looked_words(&self) -> String {
        let of_this = |seen: &&Seen| seen.digest == self.digest();
        let mut names: Vec<&str> = self.seen.iter().filter(of_this).map(|seen| seen.by.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        match names[..] {
            [] if self.seen.is_empty() => "nobody had looked".to_owned(),
            [] => "nobody had looked at this version".to_owned(),
            [one] => format!("{one} had looked"),
            [one, other] => format!("{one} and {other} had looked"),
            [one, other, ..] => format!("{one}, {other} and {} more had looked", names.len() - 2),
        }
    }

    /// Whether this person was shown all of what is under review now. A look that was recorded
    /// without its extent counts.
    pub fn is_wholly_seen_by(&self, name: &str) -> bool {
        self.whole_looks().any(|seen| seen.by == name)
    }

    /// Whether anybody was: else it is `unseen`, to the policy, to filters and on every screen.
    pub fn is_wholly_seen(&self) -> bool {
        self.whole_looks().next().is_some()
    }

    fn whole_looks(&self) -> impl Iterator<Item = &Seen> {
        let digest = self.digest();
        let looks = self.seen.iter();
        looks.filter(move |seen| seen.digest == digest && seen.is_whole())
    }

    /// Who was shown all of what is under review now, by name, each once.
    pub fn wholly_seen_by(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.whole_looks().map(|seen| seen.by.clone()).collect();
        names.into_iter().collect()
    }

    /// The deadline, where there is one.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.timer.as_ref().map(|timer| timer.deadline)
    }

    /// Refuses unless the gate is open.
    pub fn open_or_refuse(&self) -> Result<(), Refusal> {
        let settled = self.settled.clone().unwrap_or(Settled {
            by: String::new(),
            at: self.opened_at,
        });
        let decided = |verdict| {
            let refusal = Refusal::already_decided(&self.key, verdict, settled.clone());
            Err(match &self.recall {
                Some(window) => refusal.with_hint(window.words(&self.key)),
                None => refusal,
            })
        };
        match self.state {
            GateState::Open => Ok(()),
            GateState::Approved => decided(Verdict::Approve),
            GateState::Rejected => decided(Verdict::Reject),
            GateState::Canceled => Err(Refusal::gate_canceled(&self.key, settled)),
            GateState::Recalled => Err(Refusal::recalled(&self.key, &settled)),
        }
    }
}
