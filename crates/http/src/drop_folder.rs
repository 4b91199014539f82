//! Gates opened by dropped files (SPEC §8): for pipelines without any client.
//!
//! Runs beside the loop of whoever may lead, and works while that process does. It comes in through
//! the engine's client like HTTP does, in the name of the file's owner.
//!
//! ```text
//! gates/<stage>.open.json ─ watch ─ claim ─ parse ─ read artifacts ─ OpenGate ─ settle
//!                                     └────────┴──────────┴────────── refuse: <stage>.open.error.json
//! ```

mod file;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use nix::errno::Errno;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use domain::ask::{Command, OutsideArtifact, OutsideFile};
use domain::gate::{Gate, GateState};
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::key::GateRef;
use domain::operator::{Operator, Surface, Via};
use domain::refusal::{Refusal, RefusalCode};
use engine::client::Client;
use runs::drop_folder::{self, Claim, DroppedGate, Misplaced};
use runs::{RunDir, RunsDir, RunsError, artifacts};

use file::{DropFault, GateRequest};
use watch::{DropWatcher, WATCHED_MAX};

/// How long a file that ends in the middle, or whose gate cannot be opened for now, is left alone.
const AGAIN_TIME: Duration = Duration::from_secs(2);

/// Answers dropped files for as long as the engine lives; in a task of its own.
pub async fn serve(engine: Client, runs: RunsDir) {
    let mut standing = engine.changes();
    while standing.wait_for(|standing| standing.is_lead).await.is_ok() {
        let mut news = engine.follow();
        // One job more than can be watched is asked for: if it comes, not all are watched.
        let Ok(newest) = engine.newest_unfinished(WATCHED_MAX + 1).await else {
            // The database cannot be read for now; when the engine is gone, the wait above says so.
            tokio::time::sleep(AGAIN_TIME).await;
            continue;
        };
        let begun = blocking({
            let runs = runs.clone();
            move || Ok(DropWatcher::new(&runs, newest))
        });
        let mut watch = match begun.await {
            Ok(watch) => watch,
            Err(error) => {
                tracing::error!("dropped files are not answered: {error}");
                return;
            }
        };
        let mut taker = Taker {
            engine: &engine,
            runs: &runs,
            torn: BTreeMap::new(),
            misplaced: BTreeMap::new(),
        };
        // Whoever waits is not hurried by what others drop, nor kept waiting by it.
        let mut left = BTreeSet::new();
        let mut pause = pin!(tokio::time::sleep(AGAIN_TIME));
        let mut is_again = false;
        while standing.borrow().is_lead {
            let had_left = !left.is_empty();
            watch.look().await;
            left.extend(taker.answer(watch.take_due(), watch.take_strays(), is_again).await);
            if is_again || !had_left {
                pause.set(tokio::time::sleep(AGAIN_TIME));
            }
            is_again = false;
            tokio::select! {
                () = watch.changed() => {}
                () = &mut pause, if !left.is_empty() => {
                    is_again = true;
                    std::mem::take(&mut left).into_iter().for_each(|job_id| watch.again(job_id));
                }
                changed = standing.changed() => if changed.is_err() { return },
                events = news.recv() => match events {
                    Ok(events) => events
                        .iter()
                        .filter(|event| event.status.is_ended())
                        .for_each(|event| watch.ended(event.job_id.clone())),
                    // Events were missed: some directory stays watched for longer than needed.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// Opens the gates that dropped files ask for, one after the other.
struct Taker<'a> {
    engine: &'a Client,
    runs: &'a RunsDir,
    /// Files that ended in the middle when they were looked at last, and after how many bytes.
    torn: BTreeMap<DroppedGate, usize>,
    /// What was told of files that open nothing where they lie: each once, as long as it lies
    /// there.
    misplaced: BTreeMap<String, BTreeSet<Misplaced>>,
}

/// What became of one look.
enum Taken {
    /// A file was answered.
    Answered,
    /// It is to be looked at again.
    Left,
    /// There was none.
    Nothing,
}

/// How the answer to a dropped file ends.
enum DropOutcome {
    /// Its gate is open, or was opened by it before.
    Settled,
    /// It is looked at again.
    Later,
    /// No gate is opened, and the pipeline is told why.
    Refused(Refusal),
}

impl Taker<'_> {
    /// Answers what lies in these jobs' directories, and tells of what lies in strays; `is_again`
    /// when what was left before has had its time. Returns the jobs to look at again.
    async fn answer(&mut self, jobs: Vec<JobId>, strays: Vec<String>, is_again: bool) -> BTreeSet<JobId> {
        let mut again = BTreeSet::new();
        if jobs.is_empty() && strays.is_empty() {
            return again;
        }
        let runs = self.runs.clone();
        let found = match blocking(move || Ok(drop_folder::find(&runs, &jobs, &strays))).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!("dropped files: {error}");
                return again;
            }
        };
        for (job_id, error) in found.unread {
            tracing::warn!("dropped files: {error}");
            // What its owner has closed is not asked for again and again: it is looked into when it
            // has changed.
            if error.source.kind() != std::io::ErrorKind::PermissionDenied {
                again.insert(job_id);
            }
        }
        self.tell_misplaced(found.misplaced);
        for dropped in found.drops {
            // Another one may have been dropped while this one was answered.
            loop {
                match self.take(&dropped, is_again).await {
                    Ok(Taken::Answered) => continue,
                    Ok(Taken::Nothing) => {}
                    Ok(Taken::Left) => {
                        again.insert(dropped.job_id.clone());
                    }
                    Err(error) => {
                        tracing::warn!("{}/gates/{}.open.json: {error}", dropped.job_id, dropped.stage);
                        again.insert(dropped.job_id.clone());
                    }
                }
                break;
            }
        }
        again
    }

    fn tell_misplaced(&mut self, found: BTreeMap<String, BTreeSet<Misplaced>>) {
        for (home, now) in found {
            let told = self.misplaced.remove(&home).unwrap_or_default();
            for Misplaced { place, why } in now.difference(&told) {
                tracing::warn!("{place}: {why}");
            }
            if !now.is_empty() {
                self.misplaced.insert(home, now);
            }
        }
    }

    /// Answers one.
    async fn take(&mut self, dropped: &DroppedGate, is_again: bool) -> Result<Taken, RunsError> {
        let (run, stage) = (self.runs.run(&dropped.job_id), dropped.stage.clone());
        let claim = {
            let (run, stage) = (run.clone(), stage.clone());
            blocking(move || drop_folder::claim(&run, &stage)).await
        };
        let claim = match claim {
            Ok(Some(claim)) => claim,
            Ok(None) => return Ok(Taken::Nothing),
            // A symlink, a pipe, more bytes than are read: it will not become better.
            Err(error) if is_for_good(&error) => {
                let refusal = Refusal::new(RefusalCode::Invalid, error.to_string());
                refuse(run, dropped, String::new(), refusal).await?;
                return Ok(Taken::Answered);
            }
            Err(error) => return Err(error),
        };
        let outcome = match file::parse(&claim.bytes) {
            Ok(asked) => self.open(&run, dropped, &claim, asked).await?,
            Err(DropFault::Wrong(refusal)) => DropOutcome::Refused(refusal),
            Err(DropFault::Torn(refusal)) => {
                let former = self.torn.get(dropped).copied();
                if is_again && former == Some(claim.bytes.len()) {
                    DropOutcome::Refused(refusal)
                } else {
                    if is_again || former.is_none() {
                        self.torn.insert(dropped.clone(), claim.bytes.len());
                    }
                    DropOutcome::Later
                }
            }
        };
        match outcome {
            DropOutcome::Later => return Ok(Taken::Left),
            DropOutcome::Settled => {
                blocking(move || drop_folder::settle(&run, &stage)).await?;
            }
            DropOutcome::Refused(refusal) => {
                refuse(
                    run,
                    dropped,
                    String::from_utf8_lossy(&claim.bytes).into_owned(),
                    refusal,
                )
                .await?;
            }
        }
        self.torn.remove(dropped);
        Ok(Taken::Answered)
    }

    async fn open(
        &self,
        run: &RunDir,
        dropped: &DroppedGate,
        claim: &Claim,
        asked: GateRequest,
    ) -> Result<DropOutcome, RunsError> {
        let Ok(rows) = self.engine.job(&dropped.job_id).await else {
            return Ok(DropOutcome::Later);
        };
        let newest = rows.as_ref().and_then(|rows| rows.newest_gate(&dropped.stage));
        // Where the decision on its gate was taken back, another one opened in its place.
        let own = rows
            .as_ref()
            .and_then(|rows| Some(rows.answering(rows.gate(&dropped.stage, asked.attempt)?)));
        let attempt = own.map_or(asked.attempt, |own| own.key.attempt);
        if newest.is_some_and(|newest| newest.recall.is_some() && newest.key.attempt < attempt) {
            return Ok(DropOutcome::Later);
        }
        if let Some(refusal) = wrong_attempt(newest, attempt, asked.attempt) {
            return Ok(DropOutcome::Refused(refusal));
        }
        let mut artifacts = Vec::with_capacity(asked.artifacts.len());
        for (index, (kind, path)) in asked.artifacts.into_iter().enumerate() {
            match bytes_of(run, path, format!("artifacts[{index}].path")).await? {
                Ok(file) => artifacts.push(OutsideArtifact { kind, file }),
                Err(refusal) => return Ok(DropOutcome::Refused(refusal)),
            }
        }
        // Opened by this very file before a crash kept it from being removed, and perhaps decided
        // since.
        if newest.is_some_and(|gate| gate.key.attempt == attempt) {
            let Some(gate) = newest.filter(|gate| is_of(gate, &artifacts)) else {
                return Ok(DropOutcome::Refused(taken(newest, asked.attempt)));
            };
            // Written again it is a sign of life, and may say otherwise why and promise otherwise.
            // By this attempt: it never opens another one.
            if gate.state == GateState::Open {
                let keep = Command::KeepAlive {
                    gate: GateRef::from(&gate.key),
                    context: Some(Box::new(asked.context)),
                    heartbeat: asked.heartbeat,
                };
                let kept = self.engine.command_of(owner_of(self.engine, claim), keep).await;
                match kept {
                    Err(refusal) if refusal.code.passes() => return Ok(DropOutcome::Later),
                    Err(refusal) if refusal.code == RefusalCode::Invalid => return Ok(DropOutcome::Refused(refusal)),
                    // What else is refused: it was decided.
                    Ok(_) | Err(_) => {}
                }
            }
            return Ok(DropOutcome::Settled);
        }
        let mut bases = Vec::new();
        if let Some(path) = asked.base {
            match bytes_of(run, path, "base".to_owned()).await? {
                Ok(file) => bases.push(file),
                Err(refusal) => return Ok(DropOutcome::Refused(refusal)),
            }
        }
        let command = Command::OpenGate {
            job_id: dropped.job_id.clone(),
            stage: dropped.stage.clone(),
            artifacts,
            bases,
            context: Box::new(asked.context),
            heartbeat: asked.heartbeat,
        };
        Ok(
            match self.engine.command_of(owner_of(self.engine, claim), command).await {
                Ok((receipt, _)) => {
                    for warning in &receipt.warnings {
                        tracing::warn!("{} / {}: {warning}", dropped.job_id, dropped.stage);
                    }
                    DropOutcome::Settled
                }
                Err(refusal) if refusal.code.passes() => {
                    tracing::warn!("{}/gates/{}.open.json: {refusal}", dropped.job_id, dropped.stage);
                    DropOutcome::Later
                }
                Err(refusal) => DropOutcome::Refused(refusal),
            },
        )
    }
}

/// Which attempt a file may ask for: the next, or the newest, when that is the one it opened
/// itself.
fn wrong_attempt(newest: Option<&Gate>, attempt: u32, asked: u32) -> Option<Refusal> {
    let highest = newest.map_or(0, |gate| gate.key.attempt);
    let is_right = attempt == highest + 1 || (attempt == highest && highest > 0);
    (!is_right).then(|| {
        Refusal::new(
            RefusalCode::Invalid,
            format!("attempt {asked} is not the next; the highest there is {highest}"),
        )
        .with_hint(format!("write \"attempt\": {}", highest + 1))
        .at("attempt")
    })
}

/// The newest gate is not what the file asks for.
// A gate that opened in the place of a decision that was taken back has a number of its own, and its
// answer a file of that number: a request that was given the number too would take that answer for
// its own.
fn taken(newest: Option<&Gate>, asked: u32) -> Refusal {
    let highest = newest.map_or(asked, |gate| gate.key.attempt);
    let message = if highest != asked {
        format!(
            "attempt {asked} is there already, with other artifacts; its decision was taken back, and {highest} opened in its place"
        )
    } else if newest.is_some_and(|gate| gate.recalls.is_some()) {
        let former = asked.saturating_sub(1);
        format!("attempt {asked} opened in the place of {former}, whose decision was taken back, with other artifacts")
    } else {
        format!("attempt {asked} is there already, with other artifacts")
    };
    Refusal::new(RefusalCode::Invalid, message)
        .with_hint(format!("write \"attempt\": {}", highest + 1))
        .at("attempt")
}

fn is_of(gate: &Gate, artifacts: &[OutsideArtifact]) -> bool {
    let digest_of = |name: &str| {
        let artifact = gate.artifacts.iter().find(|artifact| artifact.path.file_name() == name);
        artifact.map(|artifact| artifact.digest)
    };
    artifacts.iter().all(|artifact| match &artifact.file {
        OutsideFile::Bytes { name, bytes } => digest_of(name) == Some(Digest::of(bytes)),
        OutsideFile::Path(_) => false,
    })
}

/// The bytes of a file under the run directory; nothing outside is read, whatever links lie on the
/// way.
async fn bytes_of(run: &RunDir, path: ArtifactPath, field: String) -> Result<Result<OutsideFile, Refusal>, RunsError> {
    let run = run.clone();
    let name = path.file_name().to_owned();
    let read = blocking({
        let path = path.clone();
        move || artifacts::read(&run, &path)
    });
    let refusal = |message: String| {
        Ok(Err(Refusal::new(RefusalCode::Invalid, message)
            .with_hint("name a regular file under the run directory, and write it before the request")
            .at(field)))
    };
    match read.await {
        Ok(Some(bytes)) => Ok(Ok(OutsideFile::Bytes {
            name,
            bytes: bytes.into(),
        })),
        Ok(None) => refusal(format!("{path} is not there")),
        Err(error) if is_for_good(&error) => refusal(error.to_string()),
        Err(error) => Err(error),
    }
}

/// Whether trying again is in vain: a rule of ours refused the file (not regular, too large), or a
/// symlink was in the way.
fn is_for_good(error: &RunsError) -> bool {
    let code = error.source.raw_os_error().map(Errno::from_raw);
    error.source.kind() == std::io::ErrorKind::InvalidInput || matches!(code, Some(Errno::ELOOP | Errno::EXDEV))
}

/// Whoever owns the file asks for the gate.
fn owner_of(engine: &Client, claim: &Claim) -> Operator {
    Operator {
        name: claim.owner.clone(),
        via: Via {
            surface: Surface::File,
            login: claim.owner.clone(),
            uid: claim.uid,
            ssh_client: None,
            ..engine.operator().via.clone()
        },
    }
}

async fn refuse(run: RunDir, dropped: &DroppedGate, request: String, refusal: Refusal) -> Result<(), RunsError> {
    let document = json!({ "error": refusal, "request": request });
    let stage = dropped.stage.clone();
    blocking(move || drop_folder::refuse(&run, &stage, format!("{document:#}\n").as_bytes())).await?;
    tracing::warn!("{}/gates/{}.open.json: {refusal}", dropped.job_id, dropped.stage);
    Ok(())
}

/// Does what blocks on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunsError> + Send + 'static,
) -> Result<T, RunsError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // The task panicked, or the runtime is shutting down.
        Err(error) => Err(RunsError {
            operation: "look at dropped files".to_owned(),
            source: std::io::Error::other(error).into(),
        }),
    }
}
