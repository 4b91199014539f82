//! What a command needs to know of the files before its transaction: digests, kept versions,
//! planned patches.
//!
//! "Hash before the transaction; inside it compare numbers and digests only" (HOUSE, mechanics).
//! Runs on the writer thread, where it changes nothing but the store of versions (more bytes never
//! hurt), and for dry runs on the reader thread, where it changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use clock::Clock;
use config::Config;
use domain::artifact::GateArtifact;
use domain::decision::{FileLeft, SealedDecision};
use domain::draft::{Discarded, Draft};
use domain::event::{Event, EventType};
use domain::ids::{ArtifactPath, Digest, HostId, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::GateKey;
use domain::operator::{Operator, Via};
use domain::outlook::Slots;
use domain::refusal::{Refusal, RefusalCode};
use domain::wake::DueGate;
use runs::digests::Digests;
use runs::{RunsDir, artifacts, files};
use store::{Reader, StoreError};

use super::bases::{comparison, given_bases};
use super::evidence::{Files, Finds as _};
use super::find;
use super::history::OldRecords;
use super::in_place::InPlace;
use super::keeping::Keeping;
use super::sight::{Seeing, names_of, registered_at};
use domain::ask::{Ask, Command, NewJob, OutsideArtifact, OutsideFile};
use rules::{Context, Evidence, Happening, StageOutcome, Trigger, asked, new_job};

/// Looks at rows and files for one process.
pub(super) struct Preparer {
    /// What this host is known by in a record that several share; none: the record is a file here.
    pub(crate) host: Option<HostId>,
    pub(crate) runs: RunsDir,
    pub(crate) reader: Reader,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Arc<Config>,
    pub history: OldRecords,
    pub(crate) keeping: Keeping,
    pub(crate) in_place: InPlace,
    pub(crate) digests: Digests,
    pub(crate) sight: Seeing,
}

impl Preparer {
    /// One for another thread, that keeps nothing and knows what this one has put in place: for dry
    /// runs and queries.
    pub(crate) fn for_reading(&self) -> Result<Self, StoreError> {
        Ok(Self {
            host: self.host.clone(),
            runs: self.runs.clone(),
            reader: self.reader.another()?,
            clock: Arc::clone(&self.clock),
            config: Arc::clone(&self.config),
            history: self.history.anew(),
            keeping: Keeping::in_memory(),
            in_place: self.in_place.clone(),
            digests: self.digests.clone(),
            sight: Seeing::default(),
        })
    }

    /// Finds what the rules need for a command, and about which job it is; or says at once why it
    /// is refused.
    pub(crate) fn evidence(&mut self, ask: &Ask) -> Result<(JobId, Evidence), Refusal> {
        let job_id = match ask.command.job_id() {
            Some(job_id) => job_id.clone(),
            None => new_job_id(self.clock.now().utc.micros())?,
        };
        self.look_about()?;
        let evidence = match &ask.command {
            Command::StartJob(new) => self.start(&job_id, new, &ask.by)?,
            Command::OpenGate {
                stage,
                artifacts,
                bases,
                ..
            } => self.open_gate(&job_id, ask, stage, artifacts, bases)?,
            Command::Withdraw { gate, .. } | Command::KeepAlive { gate, .. } | Command::Recall { gate } => {
                self.opening_of(&ask.by, gate)?
            }
            Command::Decide { .. }
            | Command::ApplyPatch { .. }
            | Command::UndoPatch { .. }
            | Command::Resume { .. }
            | Command::Cancel(_)
            | Command::Acknowledge(_)
            | Command::Complete(_)
            | Command::TakeLease { .. }
            | Command::Hold { .. }
            | Command::Release { .. }
            | Command::Extend { .. }
            | Command::ReleaseLease { .. }
            | Command::MarkSeen { .. }
            | Command::MarkReached { .. } => find::evidence(self, ask)?,
        };
        if self.sees_rows_only() && !evidence.bare.is_empty() {
            let rows = self.rows(&job_id)?;
            let trigger = Trigger::Asked(ask.clone());
            self.refuse_unseen(&job_id, rows.as_ref(), &trigger, &evidence, &ask.by.via)?;
        }
        Ok((job_id, evidence))
    }

    /// What a due gate's expiry may need. What cannot be read for want of rights or of a disk is an
    /// error: the timer approves nothing then.
    /// None: what would open next is to be seen on another host only, and left to that.
    pub(crate) fn expiry(&mut self, due: &DueGate, by: &Via) -> Result<Option<Evidence>, Refusal> {
        self.look_about()?;
        let Some(rows) = self.rows(&due.key.job_id)? else {
            return Ok(Some(Evidence::default()));
        };
        let evidence = find::expiry(self, &rows, rows.gate(&due.key.stage, due.key.attempt))?;
        let trigger = Trigger::Happened(Happening::Expired(due.clone()));
        let unseen = self.refuse_unseen(&due.key.job_id, Some(&rows), &trigger, &evidence, by);
        Ok(unseen.is_ok().then_some(evidence))
    }

    /// Registers what a stage made: each promised artifact is kept as a version.
    pub(crate) fn stage_made(
        &mut self,
        job_id: &JobId,
        stage: &StageName,
    ) -> Result<(StageOutcome, BTreeMap<StageName, Vec<GateArtifact>>), Refusal> {
        self.look_here();
        let rows = self.known(job_id)?;
        match self.made_as_promised(&rows, stage) {
            Ok(made) => Ok((StageOutcome::Made(made), self.bare_artifacts(&rows))),
            Err(refusal) if refusal.code == RefusalCode::Invalid => {
                Ok((StageOutcome::Failed(refusal.message), BTreeMap::new()))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// `Invalid` is the command's own fault; everything else is the disk's or the database's.
    fn made_as_promised(&self, rows: &JobRows, stage: &StageName) -> Result<Vec<GateArtifact>, Refusal> {
        let mut made = Vec::new();
        for promised in rows.stage_spec(stage).iter().flat_map(|spec| &spec.artifacts) {
            made.push(self.keep(rows, stage, &promised.kind, &promised.path)?.ok_or_else(|| {
                let why = format!("the command ended well but did not make {}", promised.path);
                Refusal::invalid(why)
            })?);
        }
        self.add_sidecars(rows, stage, &mut made)?;
        Ok(made)
    }

    /// How many stages come before the one of this job that waits for its start, and how many may
    /// run at once; none where none waits.
    pub(crate) fn slots(&self, rows: &JobRows) -> Option<Slots> {
        rows.waiting().filter(|_| rows.job.status == JobStatus::Queued)?;
        Some(Slots {
            ahead: self.reader.attempts_before(Some(&rows.job.id)).ok()?,
            limit: self.config.pipeline.slots(),
        })
    }

    /// Whether files of the job may not be in place yet; whether they are on disk is another
    /// matter.
    pub(crate) fn is_owed(&self, job_id: &JobId) -> Result<bool, Refusal> {
        let owed = self.reader.owed_of(job_id)?;
        Ok(owed.is_some_and(|owed| owed.up_to > owed.published_seq.max(self.in_place.up_to(job_id))))
    }

    /// What is not owed any more, or was put there by this process, is in place, whatever became of
    /// it since. A file that cannot be read is not there for whoever waits.
    pub(crate) fn is_in_place(&self, sealed: &SealedDecision) -> Result<bool, StoreError> {
        // Elsewhere no file is waited for.
        if !self.is_here()? {
            return Ok(true);
        }
        let job_id = sealed.decision.job_id();
        let put_up_to = self.in_place.up_to(job_id);
        let is_owed = self.reader.owed_with(sealed.seq)?.is_some_and(|seq| seq > put_up_to);
        let run = self.runs.run(job_id);
        let is_there = |file: &FileLeft| artifacts::read(&run, &file.path).is_ok_and(|bytes| file.is(bytes.as_deref()));
        Ok(!is_owed || sealed.decision.files().iter().all(is_there))
    }

    fn start(&self, job_id: &JobId, new: &NewJob, by: &Operator) -> Result<Evidence, Refusal> {
        let job = new_job(job_id, new, by, self.context(&by.via))?;
        if new.id.is_some() {
            self.refuse_old_record(job_id)?;
        }
        Ok(Evidence {
            bare: self.bare_artifacts(&JobRows::of(job)),
            ..Evidence::default()
        })
    }

    /// What the old system left under a job's name is history: a new job of that name would write
    /// over it (SPEC §4).
    fn refuse_old_record(&self, job_id: &JobId) -> Result<(), Refusal> {
        if self.history.knows(Some(&self.reader), job_id)? {
            return Err(Refusal::old_record(job_id));
        }
        Ok(())
    }

    /// The refusal of a command as it is told: that there is no such job is half the truth of an
    /// old record.
    pub(crate) fn as_answered(&self, job_id: Option<&JobId>, refusal: Refusal) -> Refusal {
        match job_id {
            Some(job_id) if refusal == Refusal::no_such_job(job_id) => {
                self.refuse_old_record(job_id).err().unwrap_or(refusal)
            }
            Some(_) | None => refusal,
        }
    }

    fn open_gate(
        &mut self,
        job_id: &JobId,
        ask: &Ask,
        stage: &StageName,
        outside: &[OutsideArtifact],
        bases: &[OutsideFile],
    ) -> Result<Evidence, Refusal> {
        let rows = self.rows(job_id)?;
        if rows.is_none() {
            self.refuse_old_record(job_id)?;
        }
        let run = self.runs.run(job_id);
        let names: Vec<_> = outside.iter().map(|artifact| artifact.file.as_ref()).collect();
        let given = given_bases(&names, bases)?;
        let mut artifacts: Vec<GateArtifact> = Vec::with_capacity(outside.len());
        let keep = |file: &OutsideFile| self.keeping.keep_outside(&self.reader, &run, file);
        for (OutsideArtifact { kind, file }, given) in outside.iter().zip(given) {
            let path = path_in_run_dir(stage, file.as_ref())?;
            if artifacts.iter().any(|other| other.path == path) {
                let name = path.file_name().to_owned();
                return Err(Refusal::invalid(format!("two artifacts are called {name}"))
                    .with_hint("rename one: both would become the same file in the run directory")
                    .at("artifact"));
            }
            let (digest, size_bytes) = keep(file)?;
            let given = match given {
                Some(base) => Some(keep(base)?.0),
                None => None,
            };
            let with = comparison(rows.as_ref(), stage, &path, given);
            artifacts.push(self.compared(job_id, kind.clone(), path, digest, size_bytes, with)?);
        }
        let placed: Vec<_> = artifacts
            .iter()
            .map(|artifact| (artifact.path.clone(), artifact.digest))
            .collect();
        if let Some(rows) = &rows {
            self.add_sidecars(rows, stage, &mut artifacts)?;
        }
        let evidence = Evidence {
            brought: artifacts,
            ..Evidence::default()
        };
        let cx = self.context(&ask.by.via);
        // Tried first: a gate that may not be opened leaves the files in the run directory as they
        // are.
        if !asked(job_id, rows.as_ref(), ask, &evidence, cx)?.is_empty() {
            // On another host the leader's places them.
            for (path, digest) in placed.iter().filter(|_| !self.sees_rows_only()) {
                artifacts::place(&run, path, digest)?;
            }
        }
        Ok(evidence)
    }
}

impl Files for Preparer {
    fn rows(&self, job_id: &JobId) -> Result<Option<JobRows>, Refusal> {
        let rows = self.reader.job(job_id)?;
        self.see(rows.as_ref());
        Ok(rows)
    }

    fn context<'a>(&'a self, via: &'a Via) -> Context<'a> {
        Context {
            now: self.clock.now(),
            policies: &self.config.gates,
            stages: &self.config.pipeline.stages,
            grace_s: self.config.pipeline.overdue_grace_s,
            via,
        }
    }

    fn hash(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        Ok(match self.registered(job_id)? {
            Some(registered) => registered_at(&registered, path),
            None => artifacts::hash(&self.runs.run(job_id), path)?,
        })
    }

    fn hash_known(&self, job_id: &JobId, path: &ArtifactPath) -> Option<(Digest, u64)> {
        if let Some(registered) = self.registered(job_id).ok()? {
            return registered_at(&registered, path);
        }
        let found = self.digests.hash(&self.runs.run(job_id), path, self.clock.now().utc);
        found.ok().flatten()
    }

    fn list(&self, job_id: &JobId) -> Result<Vec<String>, Refusal> {
        Ok(match self.registered(job_id)? {
            Some(registered) => names_of(&registered),
            None => files::list(&self.runs.run(job_id))?,
        })
    }

    fn keep_file(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        Ok(match self.registered(job_id)? {
            // Its bytes were kept before the row that names them.
            Some(registered) => registered_at(&registered, path),
            None => self.keeping.keep_artifact(&self.reader, &self.runs.run(job_id), path)?,
        })
    }

    fn keep_bytes(&self, job_id: &JobId, bytes: &[u8]) -> Result<(Digest, u64), Refusal> {
        Ok(self.keeping.keep(&self.reader, &self.runs.run(job_id), bytes)?)
    }

    fn read(&self, job_id: &JobId, digest: &Digest) -> Result<Vec<u8>, Refusal> {
        Ok(self.keeping.read(&self.reader, &self.runs.run(job_id), digest)?)
    }

    fn sayings(&self, key: &GateKey) -> Result<Vec<Event>, Refusal> {
        let kinds = [EventType::GateOpened, EventType::GateContextChanged];
        Ok(self.reader.gate_events(key, kinds)?)
    }

    fn has_draft(&self, by: &str, key: &GateKey) -> bool {
        let kept = self.runs.drafts_of(by, &Draft::new(key.clone()).file_name());
        let drafts = kept.unwrap_or_default().drafts.into_iter();
        let draft = |bytes: &[u8]| match serde_json::from_slice::<Discarded>(bytes) {
            Ok(discarded) => Some(discarded.draft),
            Err(_) => serde_json::from_slice::<Draft>(bytes).ok(),
        };
        let is_theirs = |draft: &Draft| draft.by.as_deref().is_none_or(|name| name == by);
        let mut drafts = drafts.filter_map(|(_, bytes)| draft(&bytes));
        drafts.any(|draft| draft.key == *key && !draft.is_empty() && is_theirs(&draft))
    }

    fn owed(&self, job_id: &JobId) -> Result<Vec<Event>, Refusal> {
        if self.sees_rows_only() {
            return Ok(Vec::new());
        }
        let in_place = self.in_place.up_to(job_id);
        let owed = self.reader.owed_of(job_id)?.map(|owed| owed.events);
        let is_owed = |event: &Event| event.seq > in_place;
        Ok(owed.into_iter().flatten().filter(is_owed).collect())
    }
}

fn path_in_run_dir(stage: &StageName, outside: &std::path::Path) -> Result<ArtifactPath, Refusal> {
    let name = outside.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ArtifactPath::new(&format!("artifacts/{stage}/{name}")).map_err(|error| {
        Refusal::invalid(format!("{} cannot be an artifact: {error}", outside.display()))
            .with_hint("name a regular file with a plain UTF-8 name")
            .at("artifact")
    })
}

fn new_job_id(micros: i64) -> Result<JobId, Refusal> {
    let seconds = u64::try_from(micros / 1_000_000).unwrap_or_default();
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos));
    JobId::new(&id.to_string()).map_err(|error| Refusal::invalid(error.to_string()))
}
