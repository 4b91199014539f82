//! Which version an artifact under review is compared with, when somebody asks for another than the
//! usual one.

use std::str::FromStr;

use super::artifact::{Base, BaseOrigin, GateArtifact, PatchStep};
use super::gate::{Gate, GateState};
use super::ids::Digest;
use super::job::JobRows;
use super::look::former_look;
use super::refusal::Refusal;

/// What to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseChoice {
    /// The version that was decided on last, approved or rejected.
    Decided,
    /// The version that was approved last.
    Approved,
    /// The version that was rejected last.
    Rejected,
    /// The former attempt's.
    Attempt,
    /// The one that came with the gate.
    Given,
    /// None: all of it is new.
    Nothing,
    /// The one that whoever asks was shown before this one.
    Seen,
    /// The beginning of a version's sha256, in lower case.
    Version(String),
}

/// How many digits name a version: as many as the console shows.
const DIGITS_MIN: usize = 6;

impl FromStr for BaseChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_digest = (DIGITS_MIN..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text {
            "decided" => Ok(Self::Decided),
            "approved" => Ok(Self::Approved),
            "rejected" => Ok(Self::Rejected),
            "attempt" => Ok(Self::Attempt),
            "given" => Ok(Self::Given),
            "seen" => Ok(Self::Seen),
            "none" => Ok(Self::Nothing),
            digest if is_digest => Ok(Self::Version(digest.to_ascii_lowercase())),
            _ => Err(
                "approved, rejected, decided, attempt, given, seen, none, or at least 6 digits of a version's sha256"
                    .to_owned(),
            ),
        }
    }
}

impl BaseChoice {
    fn is(&self, base: &Base) -> bool {
        match (self, &base.origin) {
            (Self::Decided, BaseOrigin::Decided { .. })
            | (Self::Approved, BaseOrigin::Decided { approved: true, .. })
            | (Self::Rejected, BaseOrigin::Decided { approved: false, .. })
            | (Self::Attempt, BaseOrigin::Attempt { .. })
            | (Self::Given, BaseOrigin::Given) => true,
            (Self::Version(digits), _) => base.digest.to_string().starts_with(digits.as_str()),
            (
                Self::Decided
                | Self::Approved
                | Self::Rejected
                | Self::Attempt
                | Self::Given
                | Self::Seen
                | Self::Nothing,
                _,
            ) => false,
        }
    }
}

/// These artifacts, each with the version to compare it with; none: nothing. A base that is asked
/// for goes for those that have it, of several artifacts; where none has it, that is refused. A
/// version named in full need not be one that the gate names: of what was that version once, it
/// shows what changed since. `reader`: whose looks count.
pub fn with_bases<'g>(
    rows: &JobRows,
    gate: &'g Gate,
    chosen: Vec<&'g GateArtifact>,
    choice: Option<&BaseChoice>,
    reader: &str,
) -> Result<Vec<(&'g GateArtifact, Option<Digest>)>, Refusal> {
    if let Some(BaseChoice::Version(digits)) = choice
        && let Ok(version) = Digest::parse(digits)
    {
        let once = once_were(rows, gate, &chosen, version)?;
        return Ok(once.into_iter().map(|artifact| (artifact, Some(version))).collect());
    }
    let with_base = |artifact: &'g GateArtifact| Ok((artifact, base_of(rows, gate, artifact, choice, reader)?));
    let (found, refused): (Vec<_>, Vec<_>) = chosen.into_iter().map(with_base).partition(Result::is_ok);
    match refused.into_iter().next() {
        Some(refused) if found.is_empty() => refused.map(|pair| vec![pair]),
        _ => found.into_iter().collect(),
    }
}

/// The version of an artifact that was last decided so before this gate; the same bytes may stand
/// among the bases under another name.
fn decided_before(
    rows: &JobRows,
    gate: &Gate,
    artifact: &GateArtifact,
    is_wanted: fn(GateState) -> bool,
) -> Option<Digest> {
    let former = rows.gates.iter().filter(|other| {
        other.key.stage == gate.key.stage && other.key.attempt < gate.key.attempt && is_wanted(other.state)
    });
    let newest = former.max_by_key(|other| other.key.attempt)?;
    let same = newest.artifacts.iter().find(|other| other.path == artifact.path);
    same.map(|other| other.digest)
}

fn base_of(
    rows: &JobRows,
    gate: &Gate,
    artifact: &GateArtifact,
    choice: Option<&BaseChoice>,
    reader: &str,
) -> Result<Option<Digest>, Refusal> {
    let usual = artifact.base.as_ref();
    let choice = match choice {
        None => return Ok(usual.map(|base| base.digest)),
        Some(BaseChoice::Nothing) => return Ok(None),
        Some(BaseChoice::Seen) => {
            let look = former_look(rows, gate, artifact, reader).map(|look| Some(look.digest));
            return look.ok_or_else(|| {
                Refusal::not_found(format!("{reader} has looked at no other version of {}", artifact.path))
            });
        }
        Some(choice) => choice,
    };
    let is_wanted: Option<fn(GateState) -> bool> = match choice {
        BaseChoice::Decided => Some(|state| matches!(state, GateState::Approved | GateState::Rejected)),
        BaseChoice::Approved => Some(|state| state == GateState::Approved),
        BaseChoice::Rejected => Some(|state| state == GateState::Rejected),
        BaseChoice::Attempt | BaseChoice::Given | BaseChoice::Seen | BaseChoice::Nothing | BaseChoice::Version(_) => {
            None
        }
    };
    if let Some(decided) = is_wanted.and_then(|is_wanted| decided_before(rows, gate, artifact, is_wanted)) {
        return Ok(Some(decided));
    }
    let others = || artifact.bases.iter().filter(|base| Some(*base) != usual);
    let known = || usual.into_iter().chain(others());
    if let Some(base) = known().find(|base| choice.is(base)) {
        return Ok(Some(base.digest));
    }
    let words: Vec<_> = known()
        .map(|base| format!("{} ({})", base.digest.short(), base.origin.label()))
        .collect();
    let words = if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    };
    Err(Refusal::not_found(format!(
        "{} has no such base; it may be compared with {words}",
        artifact.path
    )))
}

/// The chosen artifacts that were this version once; of a single one anything may be asked.
fn once_were<'g>(
    rows: &JobRows,
    gate: &Gate,
    chosen: &[&'g GateArtifact],
    version: Digest,
) -> Result<Vec<&'g GateArtifact>, Refusal> {
    let was = |other: &GateArtifact| {
        let former = |step: &PatchStep| step.former.as_ref().is_some_and(|former| former.digest == version);
        other.digest == version
            || other.bases.iter().any(|base| base.digest == version)
            || other.patches.iter().any(|step| step.made == version || former(step))
    };
    let of_stage = || rows.gates.iter().filter(|other| other.key.stage == gate.key.stage);
    let once = |artifact: &&&'g GateArtifact| {
        let mut known = of_stage().flat_map(|gate| &gate.artifacts);
        known.any(|other| other.path == artifact.path && was(other))
    };
    let found: Vec<_> = chosen.iter().filter(once).copied().collect();
    match (found.is_empty(), chosen) {
        (false, _) => Ok(found),
        (true, [only]) => Ok(vec![only]),
        (true, _) => {
            let message = format!("no artifact of {} was ever version {version}", gate.key);
            Err(Refusal::not_found(message).with_hint("gate show --json names the versions of each artifact"))
        }
    }
}
