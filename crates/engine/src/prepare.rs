//! What a command needs to know of the files before its transaction: digests, kept versions, planned patches.
//!
//! "Hash before the transaction; inside it compare numbers and digests only" (HOUSE, mechanics). Runs on the writer thread, where it
//! changes nothing but the store of versions (more bytes never hurt), and for dry runs on the reader thread, where it changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use clock::Clock;
use config::Config;
use domain::artifact::GateArtifact;
use domain::decision::{FileLeft, SealedDecision};
use domain::gate::{DecisionRequest, Gate, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{Job, JobRows, JobStatus};
use domain::operator::{Operator, Surface, Via};
use domain::outlook::{Outlook, Slots};
use domain::proposal::Proposal;
use domain::refusal::{Refusal, RefusalCode};
use patch::PARAMS_BYTES_MAX;
use runs::digests::Digests;
use runs::{RunsDir, artifacts, versions};
use store::{Reader, StoreError};

use super::api::{Command, NewJob, OutsideArtifact, OutsideFile};
use super::bases::{comparison, given_bases};
use super::history::History;
use super::in_place::InPlace;
use super::keeping::Keeping;
use super::ticker::DueGate;
use domain::key::GateRef;
use rules::{Ahead, Context, Input, Prepared, ResumePlan, StageOutcome, find_gate, reduce};

/// The most bytes of a job's short name, and of its intent.
const SLUG_BYTES_MAX: usize = 200;
const INTENT_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of what a client sends along, as JSON.
const CFG_BYTES_MAX: usize = 1024 * 1024;

/// Looks at rows and files for one process.
pub(super) struct Preparer {
    pub(crate) runs: RunsDir,
    pub(crate) reader: Reader,
    pub(crate) session: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Arc<Config>,
    pub history: History,
    pub(crate) keeping: Keeping,
    pub(crate) in_place: InPlace,
    pub(crate) digests: Digests,
}

impl Preparer {
    /// One for another thread, that keeps nothing and knows what this one has put in place: for dry runs and queries.
    pub(crate) fn for_reading(&self) -> Result<Self, StoreError> {
        Ok(Self {
            runs: self.runs.clone(),
            reader: Reader::open(self.runs.path())?,
            session: self.session.clone(),
            clock: Arc::clone(&self.clock),
            config: Arc::clone(&self.config),
            history: self.history.anew(),
            keeping: Keeping::in_memory(),
            in_place: self.in_place.clone(),
            digests: self.digests.clone(),
        })
    }

    /// What the rules need besides rows and input, now.
    pub(crate) fn context<'a>(&'a self, via: &'a Via) -> Context<'a> {
        Context {
            now: self.clock.now(),
            policies: &self.config.gates,
            grace_s: self.config.pipeline.overdue_grace_s,
            via,
        }
    }

    /// Turns somebody's command into the input of a transaction, or says at once why not.
    pub(crate) fn command(&mut self, operator: &Operator, command: &Command) -> Result<(JobId, Prepared), Refusal> {
        let (job_id, prepared) = self.looked_up(operator, command)?;
        let is_session = operator.via.surface == Surface::Console;
        let session = is_session.then(|| self.session.clone());
        Ok((job_id, Prepared { session, ..prepared }))
    }

    /// With what lies on disk of everything that a stage may read which would wait for its start because of this decision. Where that
    /// cannot be read the decision stands even so: whoever starts the stage looks again.
    fn looking_ahead(&self, operator: &Operator, rows: &JobRows, prepared: Prepared) -> Prepared {
        let ahead = Ahead::of(rows, &prepared, self.context(&operator.via)).ok().flatten();
        let looks = ahead.and_then(|ahead| self.looks(rows, &ahead).ok());
        Prepared {
            ahead: looks,
            ..prepared
        }
    }

    fn looks(&self, rows: &JobRows, ahead: &Ahead<'_>) -> Result<Vec<OnDisk>, Refusal> {
        ahead.looks(|path, digest| self.known_on_disk(rows, path, digest))
    }

    fn looked_up(&mut self, operator: &Operator, command: &Command) -> Result<(JobId, Prepared), Refusal> {
        match command {
            Command::StartJob(new) => self.start(operator, new),
            Command::OpenGate {
                job_id,
                stage,
                artifacts,
                bases,
            } => self.open_gate(operator, job_id, stage, artifacts, bases),
            Command::Decide {
                gate,
                verdict,
                notes,
                patch,
                digest,
            } => {
                let request = DecisionRequest {
                    operator: operator.clone(),
                    verdict: *verdict,
                    notes: notes.clone(),
                    patch: None,
                    digest: *digest,
                    on_disk: Vec::new(),
                };
                self.decide(gate, request, patch.as_ref())
            }
            Command::ApplyPatch { gate, patch, digest } => self.apply_patch(operator, gate, patch, *digest),
            Command::UndoPatch { gate, path, digest } => self.undo_patch(operator, gate, path.as_ref(), *digest),
            Command::Resume { job_id, expected } => self.resume(operator, job_id, expected.clone()),
            Command::Cancel(job_id) => Ok(plain(
                job_id,
                Input::Cancel {
                    operator: operator.clone(),
                },
            )),
            Command::Acknowledge(job_id) => Ok(plain(
                job_id,
                Input::Acknowledge {
                    operator: operator.clone(),
                },
            )),
            Command::Complete(job_id) => Ok(plain(
                job_id,
                Input::Complete {
                    operator: operator.clone(),
                },
            )),
            Command::TakeLease {
                gate,
                purpose,
                is_takeover,
            } => {
                let (operator, session) = (operator.clone(), self.session.clone());
                Ok(plain(
                    &gate.job_id,
                    Input::TakeLease {
                        gate: gate.clone(),
                        operator,
                        session,
                        purpose: *purpose,
                        is_takeover: *is_takeover,
                    },
                ))
            }
            Command::Hold { gate, reason } => {
                let (gate, operator, reason) = (gate.clone(), operator.clone(), reason.clone());
                Ok(plain(&gate.job_id.clone(), Input::Hold { gate, operator, reason }))
            }
            Command::Release { gate, reason } => {
                let (gate, operator, reason) = (gate.clone(), operator.clone(), reason.clone());
                Ok(plain(&gate.job_id.clone(), Input::Release { gate, operator, reason }))
            }
            Command::Extend {
                gate,
                seconds,
                expected,
            } => {
                let (gate, operator, seconds, expected) = (gate.clone(), operator.clone(), *seconds, *expected);
                Ok(plain(
                    &gate.job_id.clone(),
                    Input::Extend {
                        gate,
                        operator,
                        seconds,
                        expected,
                    },
                ))
            }
            Command::Withdraw { gate, reason } => self.withdraw(operator, gate, reason.clone()),
            Command::ReleaseLease { gate } => Ok(plain(
                &gate.job_id,
                Input::ReleaseLease {
                    gate: gate.clone(),
                    session: self.session.clone(),
                },
            )),
            Command::MarkSeen { gate, digest, extent } => {
                let operator = operator.clone();
                Ok(plain(
                    &gate.job_id,
                    Input::MarkSeen {
                        gate: gate.clone(),
                        operator,
                        digest: *digest,
                        extent: *extent,
                    },
                ))
            }
        }
    }

    /// What a due gate's expiry may need. What cannot be read for want of rights or of a disk is an error: the timer approves nothing then.
    pub(crate) fn expiry(&mut self, due: DueGate) -> Result<Prepared, Refusal> {
        let (mut bare, mut on_disk) = (BTreeMap::new(), Vec::new());
        if let Some(rows) = self.rows(&due.key.job_id)? {
            bare = self.bare_artifacts(&rows);
            let gate = rows.gate(&due.key.stage, due.key.attempt);
            if let Some(gate) = gate.filter(|gate| gate.is_approved_by_timer()) {
                for artifact in &gate.artifacts {
                    on_disk.push(self.readable_on_disk(&rows, &artifact.path, artifact.digest)?);
                }
            }
        }
        let input = Input::Expire {
            key: due.key,
            wake: due.wake,
            is_missed: due.is_missed,
            on_disk,
        };
        Ok(Prepared {
            bare,
            ..Prepared::of(input)
        })
    }

    /// Registers what a stage made: each promised artifact is kept as a version.
    pub(crate) fn stage_made(
        &mut self,
        job_id: &JobId,
        stage: &StageName,
    ) -> Result<(StageOutcome, BTreeMap<StageName, Vec<GateArtifact>>), Refusal> {
        let rows = self.rows(job_id)?.ok_or_else(|| Refusal::no_such_job(job_id))?;
        let promised = rows
            .stage_spec(stage)
            .map(|spec| spec.artifacts.clone())
            .unwrap_or_default();
        let mut made = Vec::with_capacity(promised.len());
        for spec in promised {
            match self.keep(&rows, stage, &spec.kind, &spec.path) {
                Ok(Some(artifact)) => made.push(artifact),
                Ok(None) => {
                    let why = format!("the command ended well but did not make {}", spec.path);
                    return Ok((StageOutcome::Failed(why), BTreeMap::new()));
                }
                Err(refusal) if refusal.code == RefusalCode::Invalid => {
                    return Ok((StageOutcome::Failed(refusal.message), BTreeMap::new()));
                }
                Err(refusal) => return Err(refusal),
            }
        }
        if let Err(refusal) = self.add_sidecars(&rows, stage, &mut made) {
            if refusal.code == RefusalCode::Invalid {
                return Ok((StageOutcome::Failed(refusal.message), BTreeMap::new()));
            }
            return Err(refusal);
        }
        let bare = self.bare_artifacts(&rows);
        Ok((StageOutcome::Made(made), bare))
    }

    /// What lies on disk of everything that this stage may read.
    pub(crate) fn look_before(&self, rows: &JobRows, stage: &StageName) -> Result<Vec<OnDisk>, Refusal> {
        let agreed = rows.agreed_before(stage).into_iter();
        agreed
            .map(|agreed| self.readable_on_disk(rows, &agreed.artifact.path, agreed.digest))
            .collect()
    }

    /// How many stages come before the one of this job that waits for its start, and how many may run at once; none where none waits.
    pub(crate) fn slots(&self, rows: &JobRows) -> Option<Slots> {
        rows.waiting().filter(|_| rows.job.status == JobStatus::Queued)?;
        Some(Slots {
            ahead: self.reader.attempts_before(&rows.job.id).ok()?,
            limit: self.config.pipeline.slots(),
        })
    }

    /// Whether files of the job may not be in place yet; whether they are on disk is another matter.
    pub(crate) fn is_owed(&self, job_id: &JobId) -> Result<bool, Refusal> {
        let owed = self.reader.owed_of(job_id)?;
        Ok(owed.is_some_and(|owed| owed.up_to > owed.published_seq.max(self.in_place.up_to(job_id))))
    }

    /// What is not owed any more, or was put there by this process, is in place, whatever became of it since. A file that cannot be read is
    /// not there for whoever waits.
    pub(crate) fn is_in_place(&self, sealed: &SealedDecision) -> Result<bool, StoreError> {
        let job_id = sealed.decision.job_id();
        let put_up_to = self.in_place.up_to(job_id);
        let is_owed = self.reader.owed_with(sealed.seq)?.is_some_and(|seq| seq > put_up_to);
        let run = self.runs.run(job_id);
        let is_there = |file: &FileLeft| artifacts::read(&run, &file.path).is_ok_and(|bytes| file.is(bytes.as_deref()));
        Ok(!is_owed || sealed.decision.files().iter().all(is_there))
    }

    pub(crate) fn rows(&self, job_id: &JobId) -> Result<Option<JobRows>, Refusal> {
        self.reader.job(job_id).map_err(Refusal::from)
    }

    fn start(&mut self, operator: &Operator, new: &NewJob) -> Result<(JobId, Prepared), Refusal> {
        let too_long = |field: &str, bytes: usize, max: usize| {
            Refusal::new(
                RefusalCode::Invalid,
                format!("{field} has {bytes} bytes; at most {max} are kept"),
            )
            .at(field.to_owned())
        };
        if new.slug.trim().is_empty() {
            return Err(Refusal::new(RefusalCode::Invalid, "the job has no short name")
                .with_hint("give it one: --slug NAME")
                .at("slug"));
        }
        if new.slug.len() > SLUG_BYTES_MAX {
            return Err(too_long("slug", new.slug.len(), SLUG_BYTES_MAX));
        }
        if new.intent.len() > INTENT_BYTES_MAX {
            return Err(too_long("intent", new.intent.len(), INTENT_BYTES_MAX));
        }
        for (field, map, max) in [
            ("params", &new.params, PARAMS_BYTES_MAX),
            ("cfg", &new.cfg, CFG_BYTES_MAX),
        ] {
            let bytes = json_bytes(map);
            if bytes > max {
                return Err(too_long(field, bytes, max));
            }
        }
        let now = self.clock.now().utc;
        let id = match &new.id {
            Some(id) => {
                self.refuse_old_record(id)?;
                id.clone()
            }
            None => new_job_id(now.micros())?,
        };
        let job = Job {
            id: id.clone(),
            slug: new.slug.clone(),
            intent: new.intent.clone(),
            is_manual: new.is_manual,
            status: if new.is_manual {
                JobStatus::Running
            } else {
                JobStatus::Queued
            },
            stage: None,
            params: new.params.clone(),
            cfg: new.cfg.clone(),
            stages: if new.is_manual {
                Vec::new()
            } else {
                self.config.pipeline.stages.to_vec()
            },
            created_by: operator.name.clone(),
            created_at: now,
            updated_at: now,
            acknowledged_at: None,
        };
        let rows = JobRows {
            job: job.clone(),
            attempts: vec![],
            gates: vec![],
            artifacts: vec![],
            decisions: vec![],
        };
        let bare = self.bare_artifacts(&rows);
        let prepared = Prepared {
            bare,
            ..Prepared::of(Input::Start(Box::new(job)))
        };
        Ok((id, prepared))
    }

    /// What the old system left under a job's name is history: a new job of that name would write over it (SPEC §4).
    fn refuse_old_record(&self, job_id: &JobId) -> Result<(), Refusal> {
        if self.history.knows(Some(&self.reader), job_id)? {
            return Err(Refusal::old_record(job_id));
        }
        Ok(())
    }

    /// The refusal of a command as it is told: that there is no such job is half the truth of an old record.
    pub(crate) fn told(&self, job_id: Option<&JobId>, refusal: Refusal) -> Refusal {
        match job_id {
            Some(job_id) if refusal == Refusal::no_such_job(job_id) => {
                self.refuse_old_record(job_id).err().unwrap_or(refusal)
            }
            Some(_) | None => refusal,
        }
    }

    fn open_gate(
        &mut self,
        operator: &Operator,
        job_id: &JobId,
        stage: &StageName,
        outside: &[OutsideArtifact],
        bases: &[OutsideFile],
    ) -> Result<(JobId, Prepared), Refusal> {
        let rows = self.rows(job_id)?;
        if rows.is_none() {
            self.refuse_old_record(job_id)?;
        }
        let run = self.runs.run(job_id);
        let names: Vec<_> = outside.iter().map(|artifact| artifact.file.as_ref()).collect();
        let given = given_bases(&names, bases)?;
        let mut artifacts: Vec<GateArtifact> = Vec::with_capacity(outside.len());
        let keep = |file: &OutsideFile| match file {
            OutsideFile::Path(path) => artifacts::keep_outside(&run, path),
            OutsideFile::Bytes { bytes, .. } => versions::keep(&run, bytes),
        };
        for (OutsideArtifact { kind, file }, given) in outside.iter().zip(given) {
            let path = path_in_run_dir(stage, file.as_ref())?;
            if artifacts.iter().any(|other| other.path == path) {
                let name = path.file_name().to_owned();
                return Err(
                    Refusal::new(RefusalCode::Invalid, format!("two artifacts are called {name}"))
                        .with_hint("rename one: both would become the same file in the run directory")
                        .at("artifact"),
                );
            }
            let (digest, size_bytes) = keep(file)?;
            let given = match given {
                Some(base) => Some(keep(base)?.0),
                None => None,
            };
            let with = comparison(rows.as_ref(), stage, &path, given);
            artifacts.push(self.compared(&run, kind.clone(), path, digest, size_bytes, with)?);
        }
        let placed: Vec<_> = artifacts
            .iter()
            .map(|artifact| (artifact.path.clone(), artifact.digest))
            .collect();
        if let Some(rows) = &rows {
            self.add_sidecars(rows, stage, &mut artifacts)?;
        }
        let input = Input::OpenGate {
            operator: operator.clone(),
            stage: stage.clone(),
            artifacts,
        };
        let prepared = Prepared::of(input);
        let cx = self.context(&operator.via);
        // Tried first: a gate that may not be opened leaves the files in the run directory as they are.
        if !reduce(job_id, rows.as_ref(), &prepared, cx)?.is_empty() {
            for (path, digest) in &placed {
                artifacts::place(&run, path, digest)?;
            }
        }
        Ok((job_id.clone(), prepared))
    }

    fn decide(
        &mut self,
        gate: &GateRef,
        asked: DecisionRequest,
        patch: Option<&Value>,
    ) -> Result<(JobId, Prepared), Refusal> {
        let rows = self
            .rows(&gate.job_id)?
            .ok_or_else(|| Refusal::no_such_job(&gate.job_id))?;
        let open = find_gate(&rows, gate)?;
        open.open_or_refuse()?;
        let on_disk = self.on_disk(&rows, open)?;
        let proposed = patch
            .map(|value| self.propose(&rows, open, value, &on_disk))
            .transpose()?;
        let bare = match asked.verdict {
            Verdict::Approve => self.bare_artifacts(&rows),
            // Nothing opens because of a rejection.
            Verdict::Reject => BTreeMap::new(),
        };
        let request = DecisionRequest {
            patch: proposed,
            on_disk,
            ..asked
        };
        let operator = request.operator.clone();
        let input = Input::Decide {
            gate: pinned(gate, open),
            request,
        };
        let prepared = Prepared {
            bare,
            ..Prepared::of(input)
        };
        Ok((gate.job_id.clone(), self.looking_ahead(&operator, &rows, prepared)))
    }

    fn apply_patch(
        &mut self,
        operator: &Operator,
        gate: &GateRef,
        patch: &Value,
        digest: Option<Digest>,
    ) -> Result<(JobId, Prepared), Refusal> {
        let rows = self
            .rows(&gate.job_id)?
            .ok_or_else(|| Refusal::no_such_job(&gate.job_id))?;
        let open = find_gate(&rows, gate)?;
        open.open_or_refuse()?;
        let on_disk = self.on_disk(&rows, open)?;
        let effect = match self.propose(&rows, open, patch, &on_disk)? {
            Proposal::File(effect) => effect,
            Proposal::Params(_) => return Err(Refusal::params_need_rejection(&open.key)),
        };
        let (gate, operator) = (pinned(gate, open), operator.clone());
        let job_id = gate.job_id.clone();
        Ok(plain(
            &job_id,
            Input::ApplyPatch {
                gate,
                operator,
                effect,
                digest,
                on_disk,
            },
        ))
    }

    fn undo_patch(
        &mut self,
        operator: &Operator,
        gate: &GateRef,
        path: Option<&ArtifactPath>,
        digest: Option<Digest>,
    ) -> Result<(JobId, Prepared), Refusal> {
        let rows = self
            .rows(&gate.job_id)?
            .ok_or_else(|| Refusal::no_such_job(&gate.job_id))?;
        let open = find_gate(&rows, gate)?;
        open.open_or_refuse()?;
        let undoable = open.undoable(path)?;
        if let Some(former) = &undoable.step.former {
            // What is put back must be there, and be what its name says.
            let run = self.runs.run(&gate.job_id);
            self.keeping.read(&run, &former.digest)?;
        }
        let input = Input::UndoPatch {
            gate: pinned(gate, open),
            operator: operator.clone(),
            // Exactly this artifact: a patch of another one that comes meanwhile is not meant.
            path: Some(undoable.artifact.path.clone()),
            words: undoable.words(),
            digest,
            on_disk: self.on_disk(&rows, open)?,
        };
        Ok(plain(&gate.job_id, input))
    }

    fn resume(
        &mut self,
        operator: &Operator,
        job_id: &JobId,
        expected: Option<Box<Outlook>>,
    ) -> Result<(JobId, Prepared), Refusal> {
        let rows = self.rows(job_id)?.ok_or_else(|| Refusal::no_such_job(job_id))?;
        let mut prepared = self.resume_of(operator, &rows)?;
        if let Input::Resume { plan, .. } = &mut prepared.input {
            plan.expected = expected;
        }
        Ok((job_id.clone(), prepared))
    }

    /// What resuming the job of these rows needs to know.
    pub(super) fn resume_of(&self, operator: &Operator, rows: &JobRows) -> Result<Prepared, Refusal> {
        let bare = self.bare_artifacts(rows);
        let resume = |plan| Prepared {
            bare: bare.clone(),
            ..Prepared::of(Input::Resume {
                operator: operator.clone(),
                plan,
            })
        };
        let plan = self.plan_again(rows)?;
        let prepared = resume(plan.clone());
        // What is refused now is refused in the transaction too, with the same words.
        let Ok(Some(ahead)) = Ahead::of(rows, &prepared, self.context(&operator.via)) else {
            return Ok(prepared);
        };
        let looks = self.looks(rows, &ahead)?;
        let review = self.review(&ahead, &looks)?;
        Ok(Prepared {
            ahead: Some(looks),
            ..resume(ResumePlan { review, ..plan })
        })
    }

    /// The patch of the rejection that a resume would apply, planned on what is there now.
    fn plan_again(&self, rows: &JobRows) -> Result<ResumePlan, Refusal> {
        let mut plan = ResumePlan::default();
        if let Some(rejection) = rows.rejection_to_answer()
            && let Some(value) = rejection.decision.patch()
            && let Some(gate) = rows.gate(rejection.decision.stage(), rejection.decision.attempt())
        {
            plan.on_disk = self.on_disk(rows, gate)?;
            plan.proposal = Some(self.propose(rows, gate, value, &plan.on_disk)?);
        }
        Ok(plan)
    }
}

pub(super) fn plain(job_id: &JobId, input: Input) -> (JobId, Prepared) {
    (job_id.clone(), Prepared::of(input))
}

/// Exactly the attempt whose files were looked at: a newer one that opens meanwhile gets its own decision.
pub(super) fn pinned(wanted: &GateRef, found: &Gate) -> GateRef {
    GateRef {
        attempt: Some(found.key.attempt),
        ..wanted.clone()
    }
}

fn path_in_run_dir(stage: &StageName, outside: &std::path::Path) -> Result<ArtifactPath, Refusal> {
    let name = outside.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ArtifactPath::new(&format!("artifacts/{stage}/{name}")).map_err(|error| {
        Refusal::new(
            RefusalCode::Invalid,
            format!("{} cannot be an artifact: {error}", outside.display()),
        )
        .with_hint("name a regular file with a plain UTF-8 name")
        .at("artifact")
    })
}

fn new_job_id(micros: i64) -> Result<JobId, Refusal> {
    let seconds = u64::try_from(micros / 1_000_000).unwrap_or_default();
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos));
    JobId::new(&id.to_string()).map_err(|error| Refusal::new(RefusalCode::Invalid, error.to_string()))
}

fn json_bytes(map: &Map<String, Value>) -> usize {
    serde_json::to_vec(map).map_or(0, |bytes| bytes.len())
}
