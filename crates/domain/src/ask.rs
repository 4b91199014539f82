//! What somebody wants, as front ends say it and as the rules read it: the same value from the key
//! press to the transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use serde_json::{Map, Value};

use super::comment::Comment;
use super::context::GateContext;
use super::decision::Extent;
use super::gate::Verdict;
use super::heartbeat::HeartbeatTerms;
use super::ids::{ArtifactPath, Digest, JobId, StageName};
use super::key::GateRef;
use super::lease::LeasePurpose;
use super::operator::{Operator, Surface, TokenRole};
use super::outlook::Outlook;
use super::refusal::Refusal;
use super::rights::Rights;
use super::time::Timestamp;

/// A job as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// Its id; generated (UUID v7) when none is given.
    pub id: Option<JobId>,
    /// A short name for people.
    pub slug: String,
    /// What it is for.
    pub intent: String,
    /// What stage commands read.
    pub params: Map<String, Value>,
    /// What the client sent along.
    pub cfg: Map<String, Value>,
    /// Gates are opened from outside; nothing is run.
    pub is_manual: bool,
}

/// A file from outside; its bytes are copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OutsideFile {
    /// A regular file that whoever runs this process may read. Never from a client elsewhere: it
    /// would read what this process can.
    #[serde(skip)]
    Path(PathBuf),
    /// The bytes themselves, under a file name.
    #[serde(rename = "bytes")]
    Bytes {
        /// The name alone.
        name: String,
        /// What is in it.
        #[serde(with = "crate::base64")]
        bytes: Arc<[u8]>,
    },
}

impl From<PathBuf> for OutsideFile {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl AsRef<Path> for OutsideFile {
    /// The path or name that it is called by.
    fn as_ref(&self) -> &Path {
        match self {
            Self::Path(path) => path,
            Self::Bytes { name, .. } => Path::new(name),
        }
    }
}

/// A file to be reviewed, named from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideArtifact {
    /// What it is.
    pub kind: String,
    /// Its bytes, or where they are.
    pub file: OutsideFile,
}

/// Something to be done. Each is answered once, by a receipt or a
/// [`Refusal`](super::refusal::Refusal).
// A field that an older holdpoint does not know may be what a newer one pins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    StartJob(NewJob),
    /// Open a gate from outside (SPEC §8). On a job that does not exist it makes a manual job.
    OpenGate {
        job_id: JobId,
        stage: StageName,
        /// What is to be reviewed.
        artifacts: Vec<OutsideArtifact>,
        /// What artifacts are compared with, each for the artifact of its file name, else for the
        /// first.
        bases: Vec<OutsideFile>,
        /// Why it is asked for.
        context: Box<GateContext>,
        /// The sign of life that is promised.
        heartbeat: Option<HeartbeatTerms>,
    },
    /// Whoever asked for a gate is still there.
    KeepAlive {
        gate: GateRef,
        /// What is to be said of it from now on; what is left out stays.
        context: Option<Box<GateContext>>,
        /// What is promised from now on; none: what was.
        heartbeat: Option<HeartbeatTerms>,
    },
    /// Approve or reject.
    Decide {
        gate: GateRef,
        verdict: Verdict,
        notes: Option<String>,
        /// What is said about lines of what was reviewed.
        comments: Vec<Comment>,
        /// Who wrote what the decider adopted.
        draft_by: Option<String>,
        /// A patch, as JSON.
        patch: Option<Value>,
        /// The gate's digest that the operator saw.
        digest: Option<Digest>,
        /// The digest of the context that the operator saw.
        context_digest: Option<Digest>,
    },
    /// Change an artifact; the gate stays open.
    ApplyPatch {
        gate: GateRef,
        /// The patch, as JSON.
        patch: Value,
        /// The gate's digest that the operator saw.
        digest: Option<Digest>,
    },
    /// Take the newest patch back; the gate stays open.
    UndoPatch {
        gate: GateRef,
        /// The newest patch of this artifact; none: of all.
        path: Option<ArtifactPath>,
        /// The gate's digest that the operator saw.
        digest: Option<Digest>,
    },
    /// Let a paused job go on.
    Resume {
        job_id: JobId,
        /// What the operator was told would come of it: nothing is done where it is something else
        /// by then.
        expected: Option<Box<Outlook>>,
    },
    /// End a job; the running stage's process group dies.
    Cancel(JobId),
    /// Note that a job failed: it leaves the queues.
    Acknowledge(JobId),
    /// End a manual job well.
    Complete(JobId),
    /// Take or renew this session's lease on a gate.
    TakeLease {
        gate: GateRef,
        /// What for.
        purpose: LeasePurpose,
        /// Take it away from another session that has it; both names are logged.
        is_takeover: bool,
    },
    /// Stop a gate's timer, in the operator's name.
    Hold {
        gate: GateRef,
        reason: Option<String>,
    },
    /// Let a held timer run again.
    Release {
        gate: GateRef,
        reason: Option<String>,
    },
    /// Move a gate's deadline.
    Extend {
        gate: GateRef,
        /// By how much.
        seconds: u64,
        /// Only when it is this: so that a repeated request adds once.
        expected: Option<Timestamp>,
    },
    /// Take back a gate that was opened from outside.
    Withdraw {
        gate: GateRef,
        reason: Option<String>,
    },
    /// Take a decision back that nothing has come of yet.
    Recall {
        gate: GateRef,
    },
    /// Give the lease back.
    ReleaseLease {
        gate: GateRef,
    },
    /// Note how much the operator was shown: at the first changed line, and again when it is more.
    MarkSeen {
        gate: GateRef,
        /// The gate's digest that was on screen.
        digest: Digest,
        /// How much of it was shown by now.
        extent: Extent,
    },
    /// Note that a last call of the gate stood on this console's screen.
    MarkReached {
        gate: GateRef,
    },
}

impl Command {
    /// Whether doing it again comes to the same: its submission need not be kept.
    pub fn is_repeatable(&self) -> bool {
        matches!(
            self,
            Self::TakeLease { .. }
                | Self::ReleaseLease { .. }
                | Self::MarkSeen { .. }
                | Self::MarkReached { .. }
                | Self::KeepAlive { .. }
        )
    }

    /// What somebody at the other end of a line must be to have it done.
    pub fn role(&self) -> TokenRole {
        match self {
            Self::StartJob(_)
            | Self::OpenGate { .. }
            | Self::Withdraw { .. }
            | Self::KeepAlive { .. }
            | Self::Complete(_) => TokenRole::Pipeline,
            Self::Decide { .. }
            | Self::ApplyPatch { .. }
            | Self::UndoPatch { .. }
            | Self::Resume { .. }
            | Self::Cancel(_)
            | Self::Acknowledge(_)
            | Self::TakeLease { .. }
            | Self::Hold { .. }
            | Self::Release { .. }
            | Self::Extend { .. }
            | Self::Recall { .. }
            | Self::ReleaseLease { .. }
            | Self::MarkSeen { .. }
            | Self::MarkReached { .. } => TokenRole::Operator,
        }
    }

    /// The stage that it is about; none where it is about a whole job, or where the job's rows say
    /// it.
    pub fn stage(&self) -> Option<&StageName> {
        if let Self::OpenGate { stage, .. } = self {
            return Some(stage);
        }
        self.gate().map(|gate| &gate.stage)
    }

    /// A resume, whatever comes of it.
    pub fn resume(job_id: JobId) -> Self {
        let expected = None;
        Self::Resume { job_id, expected }
    }

    /// The job that it is about; none for a job whose id is still to be found.
    pub fn job_id(&self) -> Option<&JobId> {
        match self {
            Self::StartJob(job) => job.id.as_ref(),
            Self::OpenGate { job_id, .. }
            | Self::Resume { job_id, .. }
            | Self::Cancel(job_id)
            | Self::Complete(job_id)
            | Self::Acknowledge(job_id) => Some(job_id),
            Self::Decide { .. }
            | Self::ApplyPatch { .. }
            | Self::UndoPatch { .. }
            | Self::TakeLease { .. }
            | Self::Hold { .. }
            | Self::Release { .. }
            | Self::Extend { .. }
            | Self::Withdraw { .. }
            | Self::Recall { .. }
            | Self::ReleaseLease { .. }
            | Self::MarkSeen { .. }
            | Self::MarkReached { .. }
            | Self::KeepAlive { .. } => self.gate().map(|gate| &gate.job_id),
        }
    }

    /// The gate that it is about; none where it is about a job, or opens one.
    pub fn gate(&self) -> Option<&GateRef> {
        match self {
            Self::Decide { gate, .. }
            | Self::ApplyPatch { gate, .. }
            | Self::UndoPatch { gate, .. }
            | Self::TakeLease { gate, .. }
            | Self::Hold { gate, .. }
            | Self::Release { gate, .. }
            | Self::Extend { gate, .. }
            | Self::Withdraw { gate, .. }
            | Self::Recall { gate }
            | Self::ReleaseLease { gate }
            | Self::MarkReached { gate }
            | Self::KeepAlive { gate, .. }
            | Self::MarkSeen { gate, .. } => Some(gate),
            Self::StartJob(_)
            | Self::OpenGate { .. }
            | Self::Resume { .. }
            | Self::Cancel(_)
            | Self::Complete(_)
            | Self::Acknowledge(_) => None,
        }
    }
}

/// A command in somebody's name: made where it is handed to the engine, and read by the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// In whose.
    pub by: Operator,
    /// The session that asks: a console, which may have gates open itself. None: a command line, a
    /// client.
    pub session: Option<String>,
    /// What they may have done.
    pub rights: Rights,
    /// What they want.
    pub command: Command,
}

impl Ask {
    /// Of somebody who may have all done. A lease is always the session's of this process; besides,
    /// a console is one.
    pub fn new(by: Operator, session: &str, command: Command) -> Self {
        let is_lease = matches!(command, Command::TakeLease { .. } | Command::ReleaseLease { .. });
        let is_session = is_lease || by.via.surface == Surface::Console;
        Self {
            session: is_session.then(|| session.to_owned()),
            by,
            rights: Rights::default(),
            command,
        }
    }

    /// The same of a client that says which one it is: then it passes over nobody, as a console.
    pub fn of_client(self, session: &str) -> Self {
        let session = Some(session.to_owned());
        Self { session, ..self }
    }

    /// The same of somebody with these rights; refused: they may not have it done.
    pub fn within(self, rights: Rights) -> Result<Self, Refusal> {
        rights.allow(&self.by.name, &self.command)?;
        Ok(Self { rights, ..self })
    }
}
