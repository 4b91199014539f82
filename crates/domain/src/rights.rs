//! What somebody at the other end of a line may have done.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ask::Command;
use super::ids::StageName;
use super::operator::TokenRole;
use super::refusal::{Refusal, RefusalCode};
use super::time::{Timestamp, clock_time};
use text::words::duration_us;

/// A role, and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    pub role: TokenRole,
    /// Only at gates of these stages; none: everywhere. Reading is not limited.
    pub stages: Option<Arc<[StageName]>>,
}

impl Default for Rights {
    /// Everything: whoever has the runs directory.
    fn default() -> Self {
        Self {
            role: TokenRole::Operator,
            stages: None,
        }
    }
}

impl Rights {
    /// Whether this may be done in somebody's name. Where a job stands, which is resumed, only its
    /// rows say: the rules ask [`Self::allow_at`] then.
    pub fn allow(&self, name: &str, command: &Command) -> Result<(), Refusal> {
        self.allow_role(name, command.role())?;
        match (command.stage(), command) {
            (Some(stage), _) => self.allow_at(name, stage),
            (None, Command::Resume { .. }) => Ok(()),
            (None, _) => self.allow_of_job(name),
        }
    }

    /// Whether somebody may have done, or be told, what needs this role.
    pub fn allow_role(&self, name: &str, needed: TokenRole) -> Result<(), Refusal> {
        let role = self.role;
        if role >= needed {
            return Ok(());
        }
        let message = format!("{name} has the role {role}; this needs {needed}");
        Err(Refusal::new(RefusalCode::NotAllowed, message))
    }

    /// Whether something may be done at this stage.
    pub fn allow_at(&self, name: &str, stage: &StageName) -> Result<(), Refusal> {
        match &self.stages {
            Some(stages) if !stages.contains(stage) => Err(self.limited(name, &format!("this is about {stage}"))),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether something may be done about a whole job, with all of its stages.
    pub fn allow_of_job(&self, name: &str) -> Result<(), Refusal> {
        match &self.stages {
            Some(_) => Err(self.limited(name, "this is about the whole job")),
            None => Ok(()),
        }
    }

    /// Where the rights count, in words: `limited to the stages script, audio`; none: everywhere.
    pub fn limit(&self) -> Option<String> {
        let stages: Vec<_> = self.stages.as_ref()?.iter().map(StageName::as_str).collect();
        let noun = if stages.len() == 1 { "stage" } else { "stages" };
        Some(format!("limited to the {noun} {}", stages.join(", ")))
    }

    fn limited(&self, name: &str, what: &str) -> Refusal {
        let limit = self.limit().unwrap_or_default();
        Refusal::new(
            RefusalCode::NotAllowed,
            format!("the token of {name} is {limit}; {what}"),
        )
        .with_hint("somebody whose token is not limited so may do it (security.tokens)")
    }
}

/// How long before its end a token is said to end.
pub const EXPIRY_TOLD_S: u64 = 7 * 86_400;

/// What is to be said of somebody's token that opens nothing from then on: that it has ended, or
/// within 7 days that it will.
pub fn expiry(name: &str, expires: Timestamp, now: Timestamp) -> Option<String> {
    let at = clock_time(expires);
    if expires <= now {
        return Some(format!("the token of {name} expired at {at}"));
    }
    let left = duration_us(expires.us_since(now));
    (expires <= now.plus_s(EXPIRY_TOLD_S)).then(|| format!("the token of {name} expires at {at}, in {left}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;
    use crate::key::GateRef;

    fn stage(name: &str) -> StageName {
        StageName::new(name).unwrap()
    }

    fn limited() -> Rights {
        Rights {
            stages: Some(Arc::from([stage("script"), stage("audio")])),
            ..Rights::default()
        }
    }

    fn recall(name: &str) -> Command {
        Command::Recall {
            gate: GateRef {
                job_id: JobId::new("j-1").unwrap(),
                stage: stage(name),
                attempt: None,
            },
        }
    }

    #[test]
    fn a_limit_counts_for_gates_and_for_whole_jobs() {
        let rights = limited();
        assert_eq!(rights.allow("ana", &recall("audio")), Ok(()));
        let refused = rights.allow("ana", &recall("assets")).unwrap_err();
        assert_eq!(
            refused.message,
            "the token of ana is limited to the stages script, audio; this is about assets"
        );
        let cancel = Command::Cancel(JobId::new("j-1").unwrap());
        let refused = rights.allow("ana", &cancel).unwrap_err();
        assert_eq!(
            refused.message,
            "the token of ana is limited to the stages script, audio; this is about the whole job"
        );
        assert_eq!(Rights::default().allow("ana", &cancel), Ok(()));
    }

    #[test]
    fn a_role_is_asked_before_the_stage() {
        let viewer = Rights {
            role: TokenRole::Viewer,
            ..limited()
        };
        let refused = viewer.allow("ana", &recall("assets")).unwrap_err();
        assert_eq!(refused.message, "ana has the role viewer; this needs operator");
    }

    #[test]
    fn an_end_is_told_a_week_before() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let told = |now: &str| expiry("ana", at("2027-01-01T00:00:00Z"), at(now));
        assert_eq!(told("2026-12-24T23:59:59Z"), None);
        assert_eq!(
            told("2026-12-25T00:00:00Z").unwrap(),
            "the token of ana expires at 2027-01-01 00:00:00Z, in 7d00h"
        );
        assert_eq!(
            told("2027-01-01T00:00:00Z").unwrap(),
            "the token of ana expired at 2027-01-01 00:00:00Z"
        );
    }
}
