//! What an artifact under review is compared with.

use std::cmp::Reverse;
use std::path::Path;

use domain::agreed::Agreed;
use domain::artifact::{Base, BaseOrigin, GateArtifact, SinceRejection};
use domain::gate::{Gate, GateState};
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::job::JobRows;
use domain::refusal::Refusal;

/// What an artifact under review is compared with.
#[derive(Debug, Clone, Default)]
pub(super) struct ComparisonBases {
    /// The version that the decision is about the difference to; none: all of it is new.
    pub(crate) base: Option<Base>,
    /// Every version it may be compared with, the base first, then a rejected one that is nearer.
    pub(crate) bases: Vec<Base>,
    /// The rejection that is nearer than the base; its lines are not counted yet.
    pub(crate) rejection: Option<SinceRejection>,
}

impl ComparisonBases {
    fn new(base: Option<Base>, others: Vec<Base>, rejection: Option<SinceRejection>) -> Self {
        let mut bases: Vec<Base> = Vec::new();
        for other in base.iter().cloned().chain(others) {
            if bases.iter().all(|known| known.digest != other.digest) {
                bases.push(other);
            }
        }
        let base_digest = base.as_ref().map(|base| base.digest);
        Self {
            rejection: rejection.filter(|since| Some(since.digest) != base_digest),
            base,
            bases,
        }
    }

    /// What another version of an artifact that is under review already is compared with: the same.
    pub(crate) fn of(artifact: &GateArtifact) -> Self {
        Self {
            base: artifact.base.clone(),
            bases: artifact.bases.clone(),
            rejection: artifact.since_rejection.clone(),
        }
    }

    /// Of an artifact that is not what was agreed on: against that version.
    pub(crate) fn with_agreed(agreed: &Agreed<'_>, rows: &JobRows) -> Self {
        let origin = match agreed.attempt {
            Some(attempt) => BaseOrigin::Decided {
                attempt,
                approved: true,
            },
            None => BaseOrigin::Attempt {
                attempt: rows.next_attempt(agreed.stage).saturating_sub(1),
            },
        };
        let usual = comparison(Some(rows), agreed.stage, &agreed.artifact.path, None);
        let digest = agreed.digest;
        Self::new(Some(Base { digest, origin }), usual.bases, usual.rejection)
    }
}

/// What an artifact of this stage is compared with: with the given version, else with the one last
/// approved, else with nothing. A rejected version, and what a former attempt made, only when
/// somebody asks. The same bytes stand once, under their first name.
pub(super) fn comparison(
    rows: Option<&JobRows>,
    stage: &StageName,
    path: &ArtifactPath,
    given: Option<Digest>,
) -> ComparisonBases {
    let gates = rows.into_iter().flat_map(|rows| &rows.gates);
    let mut of_stage: Vec<&Gate> = gates.filter(|gate| gate.key.stage == *stage).collect();
    of_stage.sort_by_key(|gate| Reverse(gate.key.attempt));
    let version = |gate: &Gate, origin: BaseOrigin| {
        let mut artifacts = gate.artifacts.iter();
        let digest = artifacts.find(|artifact| artifact.path == *path)?.digest;
        Some(Base { digest, origin })
    };
    let decided = |gate: &Gate| {
        let (attempt, approved) = (gate.key.attempt, gate.state == GateState::Approved);
        version(gate, BaseOrigin::Decided { attempt, approved })
    };
    let is_decided = |gate: &&&Gate| matches!(gate.state, GateState::Approved | GateState::Rejected);
    let approved = of_stage.iter().find(|gate| gate.state == GateState::Approved);
    let rejected = of_stage
        .iter()
        .find(is_decided)
        .filter(|gate| gate.state == GateState::Rejected);
    let rejection = rejected.and_then(|gate| {
        Some(SinceRejection {
            attempt: gate.key.attempt,
            by: gate.settled.as_ref()?.by.clone(),
            digest: decided(gate)?.digest,
            added_lines: 0,
            removed_lines: 0,
        })
    });
    let approved = approved.and_then(|gate| decided(gate));
    let rejected = rejected.and_then(|gate| decided(gate));
    let former = of_stage.first().and_then(|gate| {
        let attempt = gate.key.attempt;
        version(gate, BaseOrigin::Attempt { attempt })
    });
    let given = given.map(|digest| Base {
        digest,
        origin: BaseOrigin::Given,
    });
    let base = given.or_else(|| approved.clone());
    ComparisonBases::new(
        base,
        [rejected, approved, former].into_iter().flatten().collect(),
        rejection,
    )
}

/// Which of the given files each artifact is compared with: the one of its file name; a file with
/// another name goes to the first artifact (SPEC §8: `--base PATH`).
pub(super) fn given_bases<'p, B: AsRef<Path>>(
    artifacts: &[&Path],
    given: &'p [B],
) -> Result<Vec<Option<&'p B>>, Refusal> {
    let mut chosen: Vec<Option<&'p B>> = vec![None; artifacts.len()];
    for base in given {
        let named = artifacts
            .iter()
            .position(|artifact| artifact.file_name() == base.as_ref().file_name());
        let index = named.unwrap_or(0);
        let (Some(slot), Some(artifact)) = (chosen.get_mut(index), artifacts.get(index)) else {
            return Err(Refusal::invalid("a base without an artifact has nothing to be compared with").at("base"));
        };
        if let Some(other) = slot {
            let message = format!(
                "{} and {} would both be the base of {}",
                other.as_ref().display(),
                base.as_ref().display(),
                artifact.display()
            );
            return Err(Refusal::invalid(message)
                .with_hint("give a base the file name of the artifact that it is for")
                .at("base"));
        }
        *slot = Some(base);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use domain::gate::Settled;
    use domain::ids::JobId;
    use domain::job::{Job, JobStatus};
    use domain::key::GateKey;
    use domain::policy::GatePolicy;
    use domain::time::Timestamp;

    fn given<'p>(artifacts: &[&str], bases: &'p [&str]) -> Result<Vec<Option<&'p str>>, Refusal> {
        let artifacts: Vec<_> = artifacts.iter().map(Path::new).collect();
        let chosen = given_bases(&artifacts, bases)?;
        Ok(chosen.into_iter().map(|base| base.copied()).collect())
    }

    #[test]
    fn a_base_belongs_to_the_artifact_of_its_name_else_to_the_first() {
        let artifacts = ["out/script.txt", "out/captions.srt"];
        assert_eq!(given(&artifacts, &[]).unwrap(), [None, None]);
        assert_eq!(given(&artifacts, &["v1.txt"]).unwrap(), [Some("v1.txt"), None]);
        assert_eq!(
            given(&artifacts, &["last/captions.srt", "v1.txt"]).unwrap(),
            [Some("v1.txt"), Some("last/captions.srt")]
        );
        let refusal = given(&artifacts, &["v1.txt", "last/script.txt"]).unwrap_err();
        assert_eq!(
            refusal.message,
            "v1.txt and last/script.txt would both be the base of out/script.txt"
        );
    }

    /// A stage's gates that ended so, each over bytes of its own.
    fn rows_of(ends: &[GateState]) -> JobRows {
        let now = Timestamp::from_micros(0);
        let job_id = JobId::new("j-1").unwrap();
        let gate = |(index, state): (usize, &GateState)| {
            let attempt = u32::try_from(index).unwrap() + 1;
            let artifact = GateArtifact {
                kind: "script".to_owned(),
                path: path(),
                digest: version(attempt),
                size_bytes: 1,
                base: None,
                bases: Vec::new(),
                added_lines: 0,
                removed_lines: 0,
                is_binary: false,
                since_rejection: None,
                patches: Vec::new(),
            };
            Gate {
                key: GateKey {
                    job_id: job_id.clone(),
                    stage: stage(),
                    attempt,
                },
                state: *state,
                policy: GatePolicy::default(),
                opened_at: now,
                timer: None,
                lease: None,
                artifacts: vec![artifact],
                seen: Vec::new(),
                settled: Some(Settled {
                    by: format!("operator {attempt}"),
                    at: now,
                }),
                context: Default::default(),
                heartbeat: None,
                recall: None,
                recalls: None,
            }
        };
        let job = Job {
            id: job_id.clone(),
            slug: String::new(),
            intent: String::new(),
            is_manual: true,
            status: JobStatus::Running,
            stage: None,
            params: Map::new(),
            cfg: Map::new(),
            stages: Vec::new(),
            created_by: String::new(),
            created_at: now,
            updated_at: now,
            acknowledged_at: None,
        };
        JobRows {
            gates: ends.iter().enumerate().map(gate).collect(),
            ..JobRows::of(job)
        }
    }

    fn stage() -> StageName {
        StageName::new("script").unwrap()
    }

    fn path() -> ArtifactPath {
        ArtifactPath::new("artifacts/script/script.txt").unwrap()
    }

    fn version(attempt: u32) -> Digest {
        Digest::of(attempt.to_string().as_bytes())
    }

    #[test]
    fn whatever_came_before_the_base_is_the_given_one_the_last_approved_or_nothing() {
        use GateState::{Approved, Canceled, Rejected};
        let mut histories: Vec<Vec<GateState>> = vec![Vec::new()];
        for length in 0..4 {
            let longest: Vec<_> = histories.iter().filter(|one| one.len() == length).cloned().collect();
            for history in longest {
                histories.extend([Approved, Rejected, Canceled].map(|next| [&history[..], &[next]].concat()));
            }
        }
        assert_eq!(histories.len(), 1 + 3 + 9 + 27 + 81);
        for history in histories {
            let rows = rows_of(&history);
            let last = |state: GateState| {
                let at = history.iter().rposition(|end| *end == state);
                at.map(|at| u32::try_from(at).unwrap() + 1)
            };
            let (approved, rejected) = (last(Approved), last(Rejected));
            let is_rejection_nearer = rejected > approved;
            // A given one that nobody knew, and one that is what was rejected.
            for given in [None, Some(Digest::of(b"given")), rejected.map(version)] {
                let with = comparison(Some(&rows), &stage(), &path(), given);
                let base = with.base.as_ref().map(|base| base.digest);
                assert_eq!(base, given.or(approved.map(version)), "{history:?} {given:?}");
                assert_eq!(
                    with.bases.first().map(|first| first.digest).filter(|_| base.is_some()),
                    base
                );
                let nearer = rejected.filter(|rejected| is_rejection_nearer && base != Some(version(*rejected)));
                assert_eq!(
                    with.rejection.map(|since| since.attempt),
                    nearer,
                    "{history:?} {given:?}"
                );
                // `c` shows that one first.
                if let Some(nearer) = nearer {
                    let second = with.bases.get(usize::from(base.is_some()));
                    assert_eq!(second.map(|second| second.digest), Some(version(nearer)));
                }
            }
        }
    }
}
