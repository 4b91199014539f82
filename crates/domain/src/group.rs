//! Which open gates fold into one row of a queue: those for which one verdict means one thing.

use serde::{Deserialize, Serialize};

use super::context::Severity;
use super::gate::Gate;
use super::ids::{ArtifactPath, Digest, StageName};
use super::policy::GatePolicy;

/// Equal in gates of one stage that ask for the same change, byte for byte against the same base,
/// under the same policy, as severe, for the same reason and with the same instructions.
// What else a requester says (title, labels, links, name) tells one such gate from another: which
// host, which run of a pipeline. Where it had to be equal no two gates of a fleet would ever be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKey {
    /// Of all that.
    pub id: Digest,
    /// Of what is under review (SPEC §6): the same in each of the gates.
    pub digest: Digest,
}

/// What a verdict is about.
#[derive(Serialize)]
struct Alike<'g> {
    stage: &'g StageName,
    policy: &'g GatePolicy,
    severity: Severity,
    why: Option<&'g str>,
    instructions: Option<&'g str>,
    /// By path: its digest, and that of its base.
    artifacts: Vec<(&'g ArtifactPath, Digest, Option<Digest>)>,
}

impl GroupKey {
    /// Of a gate. None where nothing is under review: what such a gate is about stands nowhere, so
    /// that no two are known to be alike.
    pub fn of(gate: &Gate) -> Option<Self> {
        if gate.artifacts.is_empty() {
            return None;
        }
        let artifacts = gate.artifacts.iter().map(|artifact| {
            let base = artifact.base.as_ref().map(|base| base.digest);
            (&artifact.path, artifact.digest, base)
        });
        let mut alike = Alike {
            stage: &gate.key.stage,
            policy: &gate.policy,
            severity: gate.context.severity(),
            why: gate.context.why.as_deref(),
            instructions: gate.context.instructions.as_deref(),
            artifacts: artifacts.collect(),
        };
        alike.artifacts.sort_unstable();
        Some(Self {
            id: Digest::of(&serde_json::to_vec(&alike).ok()?),
            digest: gate.digest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Base, BaseOrigin, GateArtifact};
    use crate::context::GateContext;
    use crate::gate::GateState;
    use crate::ids::JobId;
    use crate::key::GateKey;
    use crate::time::Timestamp;

    fn artifact(path: &str, text: &str, base: &str) -> GateArtifact {
        GateArtifact {
            kind: "script".to_owned(),
            path: ArtifactPath::new(path).unwrap(),
            digest: Digest::of(text.as_bytes()),
            size_bytes: 3,
            base: Some(Base {
                digest: Digest::of(base.as_bytes()),
                origin: BaseOrigin::Given,
            }),
            bases: Vec::new(),
            added_lines: 1,
            removed_lines: 1,
            is_binary: false,
            since_rejection: None,
            patches: Vec::new(),
        }
    }

    fn gate(job_id: &str) -> Gate {
        Gate {
            key: GateKey {
                job_id: JobId::new(job_id).unwrap(),
                stage: StageName::new("deploy").unwrap(),
                attempt: 1,
            },
            state: GateState::Open,
            policy: GatePolicy::default(),
            opened_at: Timestamp::from_micros(1),
            timer: None,
            lease: None,
            artifacts: vec![artifact("a.txt", "new", "old"), artifact("b.txt", "new", "old")],
            seen: Vec::new(),
            settled: None,
            context: GateContext::default(),
            heartbeat: None,
            recall: None,
            recalls: None,
        }
    }

    /// A gate like the first one, but for this.
    fn other(change: impl FnOnce(&mut Gate)) -> Option<GroupKey> {
        let mut gate = gate("h-02");
        change(&mut gate);
        GroupKey::of(&gate)
    }

    #[test]
    fn what_tells_one_host_from_another_folds() {
        let key = GroupKey::of(&gate("h-01"));
        assert!(key.is_some());
        assert_eq!(other(|_| ()), key);
        assert_eq!(other(|gate| gate.artifacts.reverse()), key);
        assert_eq!(other(|gate| gate.opened_at = Timestamp::from_micros(2)), key);
        assert_eq!(other(|gate| gate.key.attempt = 3), key);
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(other(|gate| gate.context.title = name("h-02: 1.4.1")), key);
        assert_eq!(other(|gate| gate.context.requester = name("ci, run 12")), key);
        let label = ("host".to_owned(), "h-02".to_owned());
        assert_eq!(other(|gate| gate.context.labels.extend([label])), key);
        assert_eq!(other(|gate| gate.context.severity = Some(Severity::Normal)), key);
    }

    #[test]
    fn what_a_verdict_is_about_does_not() {
        let key = GroupKey::of(&gate("h-01")).map(|key| key.id);
        let text = |text: &str| Some(text.to_owned());
        for (what, other) in [
            (
                "stage",
                other(|gate| gate.key.stage = StageName::new("release").unwrap()),
            ),
            ("policy", other(|gate| gate.policy.max_hold_s += 1)),
            ("severity", other(|gate| gate.context.severity = Some(Severity::High))),
            ("why", other(|gate| gate.context.why = text("1.4.0 leaks"))),
            (
                "instructions",
                other(|gate| gate.context.instructions = text("not before six")),
            ),
            (
                "text",
                other(|gate| gate.artifacts[1] = artifact("b.txt", "newer", "old")),
            ),
            (
                "base",
                other(|gate| gate.artifacts[1] = artifact("b.txt", "new", "older")),
            ),
            (
                "path",
                other(|gate| gate.artifacts[1] = artifact("c.txt", "new", "old")),
            ),
            ("one file less", other(|gate| gate.artifacts.truncate(1))),
        ] {
            assert_ne!(other.unwrap().id, key.unwrap(), "{what}");
        }
        assert_eq!(other(|gate| gate.artifacts.clear()), None);
    }
}
