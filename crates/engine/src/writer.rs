//! The writer thread: SQLite first, then files, in that order, and nobody else writes.
//!
//! What waits is taken together: one SAVEPOINT each, one COMMIT, then all answers, then the files
//! in a group (SPEC §4). A crash between commit and files leaves a debt that the rows explain; it
//! is paid at the next start, or by any other process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

use config::{Config, Webhook};
use domain::change::Applied;
use domain::gate::OnDisk;
use domain::ids::JobId;
use domain::job::{AttemptState, JobRows};
use domain::key::GateKey;
use domain::operator::Operator;
use domain::refusal::{Refusal, RefusalCode};
use domain::wake::DueGate;

use runs::locks::LeadGuard;
use runs::{atomic, supervisor};
use store::{Answer, Batched, LeadCandidate, OutboxChange, Store, StoreError, Submission};

use super::api::{Notice, Receipt, Ticket};
use super::client::{Asker, Committed};
use super::draft_keeper::{DraftKeeper, Typed};
use super::evidence::{Files as _, Finds as _};
use super::find;
use super::flusher::Flusher;
use super::inbox::{Inbox, LaunchOutcome};
use super::owed_files::PUBLISH_JOBS_MAX;
use super::prepare::Preparer;
use super::receipt::{receipt, verb};
use super::stage_plan::{StageKey, Term};
use super::stage_watch::WatchContext;
use super::trouble::not_recorded;
use domain::ask::{Ask, Command};
use rules::{Evidence, Happening, StageOutcome, Trigger, reduce};

/// The most entries of one transaction.
const BATCH_MAX: usize = 100;
/// How long the writer waits before it tries again to pay a debt to the files.
const RETRY: Duration = Duration::from_secs(2);

/// What the loop asks of the writer.
pub(super) enum Work {
    /// What somebody wants, and who is told what came of it.
    Ask(Asker, Box<Ask>),
    Expire(Vec<DueGate>),
    /// A webhook took a last call of the gate.
    Reached {
        key: GateKey,
        webhook: String,
        is_asked_for: bool,
    },
    StartStage {
        key: StageKey,
        epoch: u64,
    },
    StageEnded {
        key: StageKey,
        term: Term,
        outcome: StageOutcome,
    },
    TakeLead(LeadCandidate),
    /// Gives the lead back: the lock falls after the row is written, and after every stage start
    /// that was handed over before.
    Resign(u64, Option<LeadGuard>),
    /// Nobody wants these any more: end their process groups, unless the rows say that they run.
    EndStages(Vec<StageKey>),
    PutConfig(Arc<Config>),
    /// The leader of this epoch notes what is told to webhooks; answered whether it still leads, or
    /// why it could not be noted.
    Outbox(u64, Vec<OutboxChange>, SyncSender<Result<bool, StoreError>>),
    /// Some job's files are behind its rows.
    Publish,
    /// Keeps what was typed, or no longer.
    Typed(Typed),
    /// Tells when everything before is done, and does nothing more until the other end is let go
    /// of.
    Rest(oneshot::Sender<()>, Receiver<()>),
}

/// Everything the thread owns.
pub(super) struct Writer {
    pub(crate) store: Store,
    pub(crate) flusher: Flusher,
    pub(crate) drafts: DraftKeeper,
    pub(crate) preparer: Preparer,
    /// In whose name the process runs.
    pub(crate) operator: Operator,
    pub(crate) work: Receiver<Work>,
    pub(crate) inbox: Sender<Inbox>,
    pub(crate) watch: WatchContext,
    /// Whose files are not in place yet, by job.
    pub(crate) owed: BTreeMap<JobId, Vec<Unpublished>>,
    pub(crate) is_owing: bool,
    /// This host has taken the lead from another one, and is owed much.
    pub(crate) is_catching_up: bool,
    /// The last group was not the last one, and nothing is in the way of the next.
    pub(crate) has_more: bool,
    /// The chain in the files has every link that was published, on whichever host.
    pub(crate) is_chain_whole: bool,
    /// How long to wait for another publisher.
    pub(crate) patience: Duration,
    pub(crate) trouble: Option<Refusal>,
}

/// What the rules read of one entry of a transaction, and who hears what came of it.
struct Matter {
    trigger: Trigger,
    evidence: Evidence,
    tell: Tell,
}

/// Who waits for the files of a command, which is committed.
pub(super) enum Unpublished {
    Loop(Ticket),
    Client(oneshot::Sender<Result<Committed, Refusal>>, Box<Receipt>),
}

enum Tell {
    Asker(Asker),
    Expiry(JobId),
    Start(StageKey, u64),
    End(StageKey, Term),
    Nothing,
}

impl Writer {
    /// Works until the loop is gone; then pays what is owed once more.
    pub(crate) fn run(mut self) {
        self.sweep();
        self.is_owing = true;
        loop {
            let first = if self.is_owing {
                match self.work.try_recv() {
                    Ok(work) => Some(work),
                    Err(TryRecvError::Disconnected) => break,
                    Err(TryRecvError::Empty) => {
                        self.publish();
                        if !self.is_owing || self.has_more {
                            continue;
                        }
                        match self.work.recv_timeout(RETRY) {
                            Ok(work) => Some(work),
                            Err(RecvTimeoutError::Timeout) => None,
                            Err(RecvTimeoutError::Disconnected) => break,
                        }
                    }
                }
            } else {
                match self.work.recv() {
                    Ok(work) => Some(work),
                    Err(_) => break,
                }
            };
            let mut waiting: Vec<_> = first.into_iter().collect();
            while waiting.len() < BATCH_MAX
                && let Ok(more) = self.work.try_recv()
            {
                waiting.push(more);
            }
            self.turn(waiting);
        }
        self.publish_to_the_end();
    }

    /// What a crash left half written in the directories of unfinished jobs goes.
    fn sweep(&self) {
        for (job_id, _) in self.preparer.reader.owed(PUBLISH_JOBS_MAX).unwrap_or_default() {
            atomic::sweep_stale(&self.preparer.runs.run(&job_id));
        }
    }

    pub(super) fn send(&self, message: Inbox) {
        // The loop is gone when this fails, and with it everyone who could listen.
        let _ = self.inbox.blocking_send(message);
    }

    fn notify(&self, notice: Notice) {
        self.send(Inbox::Notice(notice));
    }

    fn turn(&mut self, waiting: Vec<Work>) {
        let mut items = Vec::with_capacity(waiting.len());
        for work in waiting {
            match work {
                Work::Ask(asker, ask) => self.ask(asker, *ask, &mut items),
                Work::Expire(gates) => self.expire(gates, &mut items),
                Work::Reached {
                    key,
                    webhook,
                    is_asked_for,
                } => {
                    let matter = Matter {
                        trigger: Trigger::Happened(Happening::Answered {
                            key: key.clone(),
                            webhook,
                            is_asked_for,
                        }),
                        evidence: Evidence::default(),
                        tell: Tell::Nothing,
                    };
                    items.push(Batched::new(key.job_id, matter));
                }
                Work::StageEnded { key, term, outcome } => self.stage_ended(key, term, outcome, &mut items),
                Work::StartStage { key, epoch } => {
                    // What the stage reads must be what was decided: everything before is committed
                    // and published first.
                    self.commit(std::mem::take(&mut items));
                    self.publish();
                    if self.has_more {
                        self.publish_now(&key.job_id);
                    }
                    self.start_stage(key, epoch);
                }
                Work::TakeLead(info) => {
                    let epoch = self.store.take_lead(&info, self.preparer.host.as_ref());
                    fault::point("lead_taken");
                    if let Ok(Some(epoch)) = &epoch {
                        self.begin_webhooks(*epoch);
                        if self.preparer.host.is_some() {
                            // Another host may have led meanwhile.
                            self.preparer.in_place.retain(|_| false);
                            self.is_chain_whole = false;
                            self.is_catching_up = true;
                            self.is_owing = true;
                        }
                    }
                    self.send(Inbox::Leading(epoch));
                    self.nudge();
                }
                Work::Resign(epoch, guard) => {
                    self.commit(std::mem::take(&mut items));
                    if let Err(error) = self.store.resign(epoch) {
                        tracing::warn!("cannot note that the lead was given back: {error}");
                    }
                    drop(guard);
                    self.nudge();
                }
                Work::EndStages(keys) => self.end_stages(keys),
                Work::PutConfig(config) => self.preparer.config = config,
                Work::Outbox(epoch, changes, answer) => {
                    // Decisions go first: what waits before it is committed, and answered.
                    self.commit(std::mem::take(&mut items));
                    let changed = self.store.change_outbox(epoch, &changes);
                    // If this fails, the webhook's thread has ended.
                    let _ = answer.send(changed);
                }
                Work::Publish => self.is_owing = true,
                // Whether the text was accepted decides whether something is still owed.
                Work::Typed(typed) => self.is_owing |= !self.drafts.take(typed),
                Work::Rest(rested, released) => {
                    self.commit(std::mem::take(&mut items));
                    self.publish_to_the_end();
                    // If this fails, nobody waits any more.
                    let _ = rested.send(());
                    let _ = released.recv();
                }
            }
            if items.len() >= BATCH_MAX {
                self.commit(std::mem::take(&mut items));
            }
        }
        self.commit(items);
    }

    fn ask(&mut self, asker: Asker, ask: Ask, items: &mut Vec<Batched<Matter>>) {
        // What was prepared before an earlier command on the same job was committed might be stale.
        // Jobs know nothing of each other: the decisions of a bulk go into one transaction.
        let is_of_same_job = |item: &Batched<Matter>| ask.command.job_id() == Some(&item.job_id);
        // One that is sent twice gets the answer of the first.
        let name = match &asker {
            Asker::Client(_, submission) => submission.as_ref().map(|one| one.id.clone()),
            Asker::Loop(_) => None,
        };
        let is_same =
            |item: &Batched<Matter>| name.is_some() && item.submission.as_ref().map(|one| &one.id) == name.as_ref();
        if items.iter().any(|item| is_of_same_job(item) || is_same(item)) {
            self.commit(std::mem::take(items));
        }
        fault::begin(verb(&ask.command));
        let Some((asker, submission)) = self.unless_done_before(asker, &ask.command) else {
            return;
        };
        match self.evidence(&ask) {
            Ok((job_id, evidence)) => {
                fault::point("prepared");
                let matter = Matter {
                    trigger: Trigger::Asked(ask),
                    evidence,
                    tell: Tell::Asker(asker),
                };
                items.push(Batched {
                    submission,
                    ..Batched::new(job_id, matter)
                });
            }
            Err(refusal) => {
                let refusal = self.preparer.as_answered(ask.command.job_id(), refusal);
                self.refuse_unprepared(asker, submission.as_ref(), refusal);
            }
        }
    }

    /// What another host has decided may not be in place here yet, and is no change of anybody's: it
    /// is put in place, and looked at again.
    fn evidence(&mut self, ask: &Ask) -> Result<(JobId, Evidence), Refusal> {
        let found = self.preparer.evidence(ask);
        let is_moved = match &found {
            Ok((_, evidence)) => evidence.on_disk.iter().any(OnDisk::is_moved),
            Err(refusal) => refusal.code == RefusalCode::ArtifactChanged,
        };
        let Some(job_id) = ask
            .command
            .job_id()
            .filter(|_| is_moved && self.preparer.host.is_some())
        else {
            return found;
        };
        self.publish_now(job_id);
        self.preparer.evidence(ask)
    }

    /// The same for what a timer is to decide on.
    fn expiry(&mut self, gate: &DueGate) -> Result<Option<Evidence>, Refusal> {
        let found = self.preparer.expiry(gate, &self.operator.via)?;
        let is_moved = |evidence: &Evidence| evidence.on_disk.iter().any(OnDisk::is_moved);
        if self.preparer.host.is_none() || !found.as_ref().is_some_and(is_moved) {
            return Ok(found);
        }
        self.publish_now(&gate.key.job_id);
        self.preparer.expiry(gate, &self.operator.via)
    }

    fn expire(&mut self, gates: Vec<DueGate>, items: &mut Vec<Batched<Matter>>) {
        for gate in gates {
            let job_id = gate.key.job_id.clone();
            match self.expiry(&gate) {
                Ok(None) => {}
                Ok(Some(evidence)) => {
                    let matter = Matter {
                        trigger: Trigger::Happened(Happening::Expired(gate)),
                        evidence,
                        tell: Tell::Expiry(job_id.clone()),
                    };
                    items.push(Batched::new(job_id, matter));
                }
                Err(refusal) => self.report(Some(refusal)),
            }
            if items.len() >= BATCH_MAX {
                self.commit(std::mem::take(items));
            }
        }
    }

    fn stage_ended(&mut self, key: StageKey, term: Term, outcome: StageOutcome, items: &mut Vec<Batched<Matter>>) {
        fault::point("stage_ended");
        let (outcome, bare) = match outcome {
            StageOutcome::Made(_) => match self.preparer.stage_made(&key.job_id, &key.stage) {
                Ok(made) => made,
                Err(refusal) => {
                    // Disk or database: the stage is done, its end will be told again after a
                    // while.
                    self.report(Some(refusal));
                    self.watch.again(key, term);
                    return;
                }
            },
            StageOutcome::Failed(_) | StageOutcome::Lost => (outcome, BTreeMap::new()),
        };
        let ended = Happening::StageEnded {
            stage: key.stage.clone(),
            attempt: key.attempt,
            host: key.host.clone(),
            outcome,
        };
        let evidence = Evidence {
            bare,
            ..Evidence::default()
        };
        let tell = Tell::End(key.clone(), term);
        items.push(of_stage(&key, term, ended, evidence, tell));
    }

    fn start_stage(&mut self, key: StageKey, epoch: u64) {
        let not_started = |why: Refusal| Inbox::Started(key.clone(), LaunchOutcome::Hindered(why));
        match self.preparer.is_owed(&key.job_id) {
            Ok(false) => {}
            Ok(true) => {
                let why = format!("the files of {} are not in place yet", key.job_id);
                return self.send(not_started(Refusal::not_possible(why)));
            }
            Err(refusal) => return self.send(not_started(refusal)),
        }
        let run = self.preparer.runs.run(&key.job_id);
        match supervisor::former_alive(&run, &key.stage, key.attempt) {
            Ok(None) => {}
            Ok(Some(attempt)) => {
                let why = format!("attempt {attempt} of {} still runs here", key.stage);
                return self.send(not_started(Refusal::not_possible(why)));
            }
            Err(error) => return self.send(not_started(error.into())),
        }
        self.preparer.look_here();
        let rows = self.preparer.known(&key.job_id);
        let on_disk = match rows.and_then(|rows| find::look_before(&self.preparer, &rows, &key.stage)) {
            Ok(on_disk) => on_disk,
            Err(refusal) => return self.send(not_started(refusal)),
        };
        let happening = match on_disk.iter().find(|looked| looked.is_moved()) {
            None => Happening::StageStarted {
                stage: key.stage.clone(),
                attempt: key.attempt,
                host: self.preparer.host.clone(),
            },
            Some(moved) => artifact_moved(&key, moved),
        };
        let evidence = Evidence {
            on_disk,
            ..Evidence::default()
        };
        let tell = Tell::Start(key.clone(), epoch);
        // On its own: what the stage is launched with are the rows after this, and nothing has come
        // behind it.
        self.commit(vec![of_stage(&key, Some(epoch), happening, evidence, tell)]);
    }

    /// Ends what the rows do not know as running: a look may be older than the start of a stage.
    fn end_stages(&self, keys: Vec<StageKey>) {
        let (mut unwanted, mut unknown) = (Vec::new(), Vec::new());
        for key in keys {
            let is_wanted = |rows: &JobRows| {
                let attempt = rows.attempt(&key.stage, key.attempt);
                attempt.is_some_and(|attempt| attempt.state == AttemptState::Running)
            };
            match self.preparer.rows(&key.job_id) {
                Ok(Some(rows)) if !is_wanted(&rows) => unwanted.push(key),
                Ok(_) => {}
                Err(_) => unknown.push(key),
            }
        }
        self.watch.end(unwanted);
        if !unknown.is_empty() {
            self.send(Inbox::NotEnded(unknown));
        }
    }

    /// One transaction for all of them, then all answers.
    fn commit(&mut self, items: Vec<Batched<Matter>>) {
        if items.is_empty() {
            return;
        }
        let cx = self.preparer.context(&self.operator.via);
        fault::point("before_commit");
        let results = self.store.commit(&items, cx.now.utc, &mut |job_id, rows, matter| {
            reduce(job_id, rows, &matter.trigger, &matter.evidence, cx)
        });
        fault::point("after_commit");
        match results {
            Ok(results) => {
                let is_anything_new = results.iter().any(Result::is_ok);
                for (entry, result) in items.into_iter().zip(results) {
                    self.answer(entry.job_id, entry.submission, entry.matter, result);
                }
                fault::point("answered");
                if is_anything_new {
                    self.is_owing = true;
                    fault::point("before_nudge");
                    self.nudge();
                    self.send(Inbox::Nudged);
                }
            }
            Err(error) => self.refuse_all(items, error),
        }
    }

    fn refuse_all(&mut self, items: Vec<Batched<Matter>>, error: StoreError) {
        let refusal = not_recorded(error);
        self.report(Some(refusal.clone()));
        for entry in items {
            match entry.matter.tell {
                Tell::Asker(asker) => self.refuse(asker, refusal.clone()),
                Tell::Start(key, _) => self.send(Inbox::Started(key, LaunchOutcome::Hindered(refusal.clone()))),
                // The ticker asks again.
                Tell::Expiry(_) | Tell::Nothing => {}
                Tell::End(key, term) => {
                    self.watch.again(key, term);
                }
            }
        }
    }

    fn answer(&mut self, job_id: JobId, submission: Option<Submission>, matter: Matter, answer: Answer) {
        let Matter {
            trigger,
            evidence,
            tell,
        } = matter;
        match (tell, answer) {
            (Tell::Asker(asker), Ok((applied, rows))) => {
                if let Trigger::Asked(ask) = &trigger {
                    self.done(asker, &ask.command, &evidence, applied, rows);
                }
            }
            (Tell::Asker(asker), Err(refusal)) => {
                let refusal = self.preparer.as_answered(Some(&job_id), refusal);
                match &trigger {
                    Trigger::Asked(ask) => self.refuse_submitted(asker, submission, &ask.command, refusal),
                    Trigger::Happened(_) => self.refuse(asker, refusal),
                }
            }
            (Tell::Start(key, epoch), Ok((_, rows))) => {
                let start = if matches!(trigger, Trigger::Happened(Happening::ArtifactMoved { .. })) {
                    LaunchOutcome::NotWanted
                } else {
                    self.launch(&key, epoch, &rows)
                };
                self.send(Inbox::Started(key, start));
            }
            (Tell::Start(key, _), Err(refusal)) => {
                let start = if refusal.code == RefusalCode::WrongState {
                    LaunchOutcome::NotWanted
                } else {
                    LaunchOutcome::Hindered(refusal)
                };
                self.send(Inbox::Started(key, start));
            }
            (Tell::Expiry(job_id), Err(_)) => self.send(Inbox::NotDue(vec![job_id])),
            (Tell::Expiry(_) | Tell::Nothing | Tell::End(..), Ok(_)) => {}
            (Tell::Nothing | Tell::End(..), Err(refusal)) => tracing::debug!("{job_id}: {refusal}"),
        }
    }

    fn done(&mut self, asker: Asker, command: &Command, evidence: &Evidence, applied: Applied, rows: JobRows) {
        let job_id = rows.job.id.clone();
        if matches!(command, Command::Cancel(_)) {
            let canceled = rows
                .attempts
                .iter()
                .filter(|attempt| attempt.state == AttemptState::Canceled);
            let keys = canceled.map(|attempt| StageKey::new(&job_id, attempt)).collect();
            self.watch.end(keys);
        }
        let slots = self.preparer.slots(&rows);
        let mut receipt = receipt(command, evidence, applied, rows, slots);
        if let Command::OpenGate { stage, .. } = command
            && receipt.rows.job.is_manual
        {
            receipt.warnings.extend(self.preparer.config.unknown_stage(stage));
        }
        let receipt = Box::new(receipt);
        let unpublished = match asker {
            Asker::Loop(ticket) => {
                self.notify(Notice::Done(ticket, Ok(receipt)));
                Unpublished::Loop(ticket)
            }
            Asker::Client(answer, _) => Unpublished::Client(answer, receipt),
        };
        self.owed.entry(job_id).or_default().push(unpublished);
    }

    pub(super) fn refuse(&self, asker: Asker, refusal: Refusal) {
        match asker {
            Asker::Loop(ticket) => self.notify(Notice::Done(ticket, Err(refusal))),
            // If this fails, the caller no longer waits for the answer. The same holds below.
            Asker::Client(answer, _) => {
                let _ = answer.send(Err(refusal));
            }
        }
    }

    pub(super) fn published(&self, unpublished: Unpublished, result: Result<(), Refusal>) {
        match unpublished {
            Unpublished::Loop(ticket) => self.notify(Notice::Published(ticket, result)),
            Unpublished::Client(answer, receipt) => {
                let _ = answer.send(Ok((receipt, result)));
            }
        }
    }

    /// Starts the supervisor of an attempt whose row says that it runs, unless something that it
    /// may read was replaced meanwhile.
    fn launch(&mut self, key: &StageKey, epoch: u64, rows: &JobRows) -> LaunchOutcome {
        let can_go_on =
            fault::step("before_launch").map_err(|error| Refusal::not_possible(error.to_string()).because(error));
        self.preparer.look_here();
        let looked = can_go_on.and_then(|()| find::look_before(&self.preparer, rows, &key.stage));
        let why = match looked.map(|on_disk| on_disk.into_iter().find(OnDisk::is_moved)) {
            Ok(None) => match self.supervise(key, epoch, rows) {
                Ok(()) => return LaunchOutcome::Launched,
                Err(why) => why,
            },
            Ok(Some(moved)) => {
                self.put_back(key, epoch, artifact_moved(key, &moved));
                return LaunchOutcome::NotWanted;
            }
            Err(why) => why,
        };
        let not_started = Happening::StageNotStarted {
            stage: key.stage.clone(),
            attempt: key.attempt,
            why: why.message.clone(),
        };
        self.put_back(key, epoch, not_started);
        LaunchOutcome::Hindered(why)
    }

    fn supervise(&self, key: &StageKey, epoch: u64, rows: &JobRows) -> Result<(), Refusal> {
        let launch = self
            .watch
            .launch_of(rows, key)
            .ok_or_else(|| Refusal::not_found(format!("{} has no such attempt", key.job_id)))?;
        let run = self.preparer.runs.run(&key.job_id);
        let supervised = supervisor::start(&run, &launch)?;
        fault::point("after_launch");
        let term = key.host.is_none().then_some(epoch);
        if !self.watch.follow(Some(supervised), key.clone(), term) {
            // The stage runs. The next look sees that no thread waits for it, and starts one.
            tracing::warn!("{} {} #{} runs unwatched for now", key.job_id, key.stage, key.attempt);
        }
        Ok(())
    }

    /// The row says that it runs, and nothing does: the attempt waits again.
    fn put_back(&mut self, key: &StageKey, epoch: u64, happening: Happening) {
        self.commit(vec![of_stage(
            key,
            Some(epoch),
            happening,
            Evidence::default(),
            Tell::Nothing,
        )]);
    }

    /// Webhooks that are new are told of what happens once this process leads, and of nothing
    /// before.
    fn begin_webhooks(&mut self, epoch: u64) {
        let webhooks = Arc::clone(&self.preparer.config.webhooks);
        let begin = |webhook: &Webhook| OutboxChange::Begin(webhook.name.clone());
        let changes: Vec<_> = webhooks.iter().map(begin).collect();
        if !changes.is_empty()
            && let Err(error) = self.store.change_outbox(epoch, &changes)
        {
            // The webhook's own thread tries again.
            tracing::warn!("{error}");
        }
    }

    fn nudge(&self) {
        let last_seq = self.preparer.reader.last_event_seq().ok();
        if let Err(error) = self.preparer.runs.touch_nudge(last_seq) {
            tracing::debug!("cannot touch the nudge file: {error}");
        }
    }

    pub(super) fn report(&mut self, trouble: Option<Refusal>) {
        if self.trouble != trouble {
            self.trouble.clone_from(&trouble);
            self.notify(Notice::Trouble(trouble));
        }
    }
}

fn artifact_moved(key: &StageKey, moved: &OnDisk) -> Happening {
    Happening::ArtifactMoved {
        stage: key.stage.clone(),
        attempt: key.attempt,
        moved: moved.clone(),
    }
}

/// What only the leader of this epoch may tell of a stage, or the host that it runs on.
fn of_stage(key: &StageKey, term: Term, happening: Happening, evidence: Evidence, tell: Tell) -> Batched<Matter> {
    Batched {
        job_id: key.job_id.clone(),
        epoch: term,
        submission: None,
        matter: Matter {
            trigger: Trigger::Happened(happening),
            evidence,
            tell,
        },
    }
}
