//! What a command lets go: the stage that would wait for its start because of it, and what is to be
//! looked at before it may.

use std::borrow::Cow;

use domain::agreed::Agreed;
use domain::ask::{Ask, Command};
use domain::gate::{Gate, OnDisk};
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::job::{JobRows, JobStatus};
use domain::refusal::Refusal;

use super::review::wanted_review;
use super::{Context, Evidence, commanded, recall};

/// The rows as a command would make them, and the stage that waits in them.
pub struct Ahead<'r> {
    before: &'r JobRows,
    after: Cow<'r, JobRows>,
    stage: StageName,
}

impl<'r> Ahead<'r> {
    /// None: no stage would wait for its start because of this command.
    pub fn of(rows: &'r JobRows, ask: &Ask, evidence: &Evidence, cx: Context<'_>) -> Result<Option<Self>, Refusal> {
        let is_resumed = rows.job.status == JobStatus::Paused && matches!(ask.command, Command::Resume { .. });
        let after = match rows.waiting() {
            Some(_) if is_resumed => Cow::Borrowed(rows),
            // Whether it is what the operator was told is asked when all is known.
            Some(_) | None => {
                let changes = commanded(&rows.job.id, Some(rows), ask, evidence, cx)?;
                Cow::Owned(recall::carried_out(rows, changes, evidence, cx)?.0)
            }
        };
        Ok(Self::waiting(rows, after, is_resumed))
    }

    /// The same for what comes of this gate's decision, once it can no longer be taken back.
    pub fn of_carrying_out(
        rows: &'r JobRows,
        gate: &Gate,
        evidence: &Evidence,
        cx: Context<'_>,
    ) -> Result<Option<Self>, Refusal> {
        let (after, _) = recall::carry_out(rows, gate, evidence, cx)?;
        Ok(Self::waiting(rows, Cow::Owned(after), false))
    }

    fn waiting(before: &'r JobRows, after: Cow<'r, JobRows>, is_resumed: bool) -> Option<Self> {
        let waiting = after.waiting().map(|waiting| waiting.stage.clone());
        let is_let_go = is_resumed || after.job.status == JobStatus::Queued;
        waiting.filter(|_| is_let_go).map(|stage| Self { before, after, stage })
    }

    /// What lies on disk of everything that the stage may read; `look` finds it. Of what is decided
    /// only by this command the bytes are known: it is about them, or puts them there.
    pub fn looks(
        &self,
        mut look: impl FnMut(&ArtifactPath, Digest) -> Result<OnDisk, Refusal>,
    ) -> Result<Vec<OnDisk>, Refusal> {
        let known = self.before.agreed_before(&self.stage);
        let agreed = self.after.agreed_before(&self.stage).into_iter();
        let looks = agreed.map(|Agreed { artifact, digest, .. }| {
            let path = &artifact.path;
            if known
                .iter()
                .any(|known| known.artifact.path == *path && known.digest == digest)
            {
                return look(path, digest);
            }
            Ok(OnDisk::new(path, digest, Some((digest, artifact.size_bytes))))
        });
        looks.collect()
    }

    /// What has to be reviewed before the stage may start: which stage answers for it, with all
    /// that it answers for.
    pub fn review(&self, looks: &[OnDisk]) -> Result<Option<(&StageName, Vec<Agreed<'_>>)>, Refusal> {
        wanted_review(&self.after, &self.stage, looks)
    }

    /// The rows as they would be.
    pub fn rows(&self) -> &JobRows {
        &self.after
    }
}
