//! What an artifact under review may be compared with, the best first (issue: last decided on, else former attempt, else given).

use std::path::Path;

use crate::domain::agreed::Agreed;
use crate::domain::artifact::{Base, BaseOrigin};
use crate::domain::gate::{Gate, GateState};
use crate::domain::ids::{ArtifactPath, Digest, StageName};
use crate::domain::job::JobRows;
use crate::domain::refusal::{Refusal, RefusalCode};

/// The versions that an artifact of this stage may be compared with: the one last decided on, the former attempt's, the given one.
/// The same bytes stand once, under their first name.
pub(super) fn bases_of(
    rows: Option<&JobRows>,
    stage: &StageName,
    path: &ArtifactPath,
    given: Option<Digest>,
) -> Vec<Base> {
    let of_stage = || {
        rows.into_iter()
            .flat_map(|rows| &rows.gates)
            .filter(|gate| gate.key.stage == *stage)
    };
    let version = |gate: &Gate| {
        let mut artifacts = gate.artifacts.iter();
        artifacts
            .find(|artifact| artifact.path == *path)
            .map(|artifact| artifact.digest)
    };
    let decided = of_stage()
        .filter(|gate| matches!(gate.state, GateState::Approved | GateState::Rejected))
        .max_by_key(|gate| gate.key.attempt)
        .and_then(|gate| {
            let origin = BaseOrigin::Decided {
                attempt: gate.key.attempt,
                approved: gate.state == GateState::Approved,
            };
            version(gate).map(|digest| Base { digest, origin })
        });
    let former = of_stage().max_by_key(|gate| gate.key.attempt).and_then(|gate| {
        let origin = BaseOrigin::Attempt {
            attempt: gate.key.attempt,
        };
        version(gate).map(|digest| Base { digest, origin })
    });
    let given = given.map(|digest| Base {
        digest,
        origin: BaseOrigin::Given,
    });
    let mut bases: Vec<Base> = Vec::new();
    for base in [decided, former, given].into_iter().flatten() {
        if bases.iter().all(|other| other.digest != base.digest) {
            bases.push(base);
        }
    }
    bases
}

/// The versions that an artifact may be compared with when it is not what was agreed on: that version before the others.
pub(super) fn agreed_first(agreed: &Agreed<'_>, rows: &JobRows, others: Vec<Base>) -> Vec<Base> {
    let origin = match agreed.attempt {
        Some(attempt) => BaseOrigin::Decided {
            attempt,
            approved: true,
        },
        None => BaseOrigin::Attempt {
            attempt: rows.next_attempt(agreed.stage).saturating_sub(1),
        },
    };
    let digest = agreed.digest;
    let others = others.into_iter().filter(|base| base.digest != digest);
    [Base { digest, origin }].into_iter().chain(others).collect()
}

/// Which of the given files each artifact is compared with: the one of its file name; a file with another name goes to the first
/// artifact (SPEC §8: `--base PATH`).
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
            return Err(Refusal::new(
                RefusalCode::Invalid,
                "a base without an artifact has nothing to be compared with",
            )
            .at("base"));
        };
        if let Some(other) = slot {
            let message = format!(
                "{} and {} would both be the base of {}",
                other.as_ref().display(),
                base.as_ref().display(),
                artifact.display()
            );
            return Err(Refusal::new(RefusalCode::Invalid, message)
                .with_hint("give a base the file name of the artifact that it is for")
                .at("base"));
        }
        *slot = Some(base);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
