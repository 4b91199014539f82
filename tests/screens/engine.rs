//! The engine's side of the world: the real reducer over rows in memory. What is asked of files is
//! found in the world's disk; every rule, of commands, timers and previews alike, is the engine's
//! own.

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use console::Backend;
use console::draft::{Discarded, Draft};
use console::question::{Answered, Question};
use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command};
use domain::change::{Applied, LogEntry};
use domain::decision::SealedDecision;
use domain::event::{Event, EventType};
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{AttemptState, JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::operator::{Operator, Via};
use domain::outlook::{Fact, Outlook};
use domain::policy::GatePolicy;
use domain::proposal::{FileEffect, ParamsEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Now;
use domain::timer::GateTimer;
use domain::view::{Pause, QueueKind, QueueRow};
use engine::api::{Notice, Receipt, Ticket};
use engine::edit_copies::EditCopies;
use patch::{Patch, Surroundings};
use rules::{Ahead, Context, Evidence, Happening, Review, Trigger, find_gate, foresee, reduce};
use runs::RunsDir;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::{World, job_id, job_row, operator, stage};

const GRACE_S: u64 = 60;

/// The artifact with other bytes, its lines counted against what it is compared with.
fn compared(
    versions: &std::collections::HashMap<Digest, Vec<u8>>,
    artifact: &GateArtifact,
    bytes: &[u8],
) -> GateArtifact {
    let base = artifact.base.as_ref().and_then(|base| versions.get(&base.digest));
    let summary = diff::summary(base.map(Vec::as_slice), bytes, diff::Limit::NONE);
    GateArtifact {
        digest: Digest::of(bytes),
        size_bytes: bytes.len() as u64,
        added_lines: summary.added as u32,
        removed_lines: summary.removed as u32,
        is_binary: summary.is_binary,
        ..artifact.clone()
    }
}

fn unfit(error: patch::PatchError) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::PatchUnfit, error.to_string());
    refusal.hint = error.hint.as_deref().map(str::to_owned);
    refusal
}

impl World {
    fn why_paused(&self, id: &JobId) -> Option<Pause> {
        let is_it = |event: &&Event| event.job_id == *id && event.kind == EventType::JobPaused;
        let newest = self.events.iter().rev().find(is_it);
        Pause::parse(newest?.payload["reason"].as_str()?)
    }

    pub fn queue(&self) -> Vec<QueueRow> {
        let mut queue: Vec<_> = self.slots.iter().filter(|row| self.still_so(row)).cloned().collect();
        for rows in self.jobs.values() {
            let open: Vec<_> = rows.gates.iter().filter(|gate| gate.state == GateState::Open).collect();
            let is_listed = queue.iter().any(|row| row.job_id == rows.job.id);
            let is_active = matches!(rows.job.status, JobStatus::Queued | JobStatus::Running);
            // Nobody here has anything to do for what another program runs, nor for a failure that
            // somebody has noted.
            let is_hidden = rows.job.is_manual && is_active || rows.job.acknowledged_at.is_some();
            let kind = QueueKind::of(rows.job.status).filter(|_| !is_hidden);
            if let (Some(kind), true, false) = (kind, open.is_empty(), is_listed) {
                let name = rows.job.stage.as_ref().map(StageName::as_str);
                let why = self.why_paused(&rows.job.id);
                let row = job_row(rows.job.id.as_str(), &rows.job.slug, kind, name);
                queue.push(QueueRow {
                    pause: row.pause.and(why),
                    ..row
                });
            }
            for gate in open {
                queue.push(gate_row(rows, gate));
            }
        }
        queue
    }

    /// Whether a row that was put into the queue by hand is still what the job's rows say.
    fn still_so(&self, row: &QueueRow) -> bool {
        let Some(rows) = self.jobs.get(&row.job_id) else {
            return true;
        };
        let is_noted = rows.job.acknowledged_at.is_some();
        row.kind == QueueKind::Gate || QueueKind::of(rows.job.status) == Some(row.kind) && !is_noted
    }

    pub fn answer(&mut self, question: Question) -> Answered {
        match question {
            Question::Queue => Answered::Queue(Ok(self.queue())),
            Question::Leader => Answered::Leader(Ok(self.leader.clone())),
            Question::Job(id) => Answered::Job(id.clone(), Ok(self.rows(&id))),
            Question::Sought(id, stage) => Answered::Sought(id.clone(), stage, Ok(self.rows(&id))),
            Question::Marked(id) => Answered::Marked(id.clone(), Ok(self.rows(&id))),
            Question::Events(id) => {
                let of_job = self.events.iter().filter(|event| event.job_id == id);
                let events = of_job.cloned().collect();
                Answered::Events(id, Ok(events))
            }
            Question::Since => Answered::Since(Ok(self.events.clone())),
            Question::Decisions => Answered::Decisions(Ok(self.decisions.iter().rev().cloned().collect())),
            Question::OldDecisions => Answered::OldDecisions(Ok(self.old_decisions.clone())),
            Question::Base(number, file, _, digest) => Answered::Base(number, file, Ok(self.version(&digest))),
            Question::Edited(_, digest) => Answered::Edited(digest, Ok(self.version(&digest))),
            Question::OnDisk(number, file, id, path) => {
                let bytes = self.disk.get(&(id, path)).map(|bytes| Arc::from(&bytes[..]));
                Answered::OnDisk(number, file, Ok(bytes))
            }
            Question::Names(id) => {
                let of_job = self.disk.keys().filter(|(owner, _)| *owner == id);
                let mut files: Vec<_> = of_job.map(|(_, path)| path.to_string()).collect();
                files.sort();
                Answered::Names(id, Ok(files.into()))
            }
            Question::Log(id, stage, attempt) => {
                let key = (id, stage, attempt);
                let log = self.logs.get(&key).map(|bytes| Arc::from(&bytes[..]));
                Answered::Log(key.0, key.1, attempt, Ok(log))
            }
            Question::Preview(number, commands) => Answered::Preview(number, Ok(self.previews(&commands))),
            Question::Resumable(id) => {
                let foreseen = self.previews(&[Command::resume(id.clone())]).pop().unwrap();
                Answered::Resumable(id, Ok(foreseen))
            }
        }
    }

    fn rows(&self, id: &JobId) -> Option<Arc<JobRows>> {
        self.jobs.get(id).cloned().map(Arc::new)
    }

    fn version(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.versions.get(digest).map(|bytes| Arc::from(&bytes[..]))
    }

    fn previews(&mut self, commands: &[Command]) -> Vec<Result<Outlook, Refusal>> {
        let who = operator("bea");
        let jobs = self.jobs.clone();
        let foreseen = commands.iter().map(|command| self.preview(&who, command)).collect();
        self.jobs = jobs;
        foreseen
    }

    /// Has a trigger judged by the rules, and its consequences in the rows, the log and the files.
    pub fn put(&mut self, id: &JobId, trigger: &Trigger, evidence: &Evidence, now: Now) -> Result<Applied, Refusal> {
        let via = operator("ops").via;
        let cx = Context {
            now,
            policies: &self.policies,
            stages: &[],
            grace_s: GRACE_S,
            via: &via,
        };
        let changes = reduce(id, self.jobs.get(id), trigger, evidence, cx)?;
        let mut rows = self.jobs.get(id).cloned();
        let mut applied = Applied::default();
        for change in changes {
            match change.apply_to(&mut rows)? {
                LogEntry::Nothing => {}
                LogEntry::Opened(key) => applied.opened.push(key),
                LogEntry::Event(event) => {
                    let seq = self.events.len() as u64 + 1;
                    applied.last_event_seq = Some(seq);
                    let event = Event {
                        seq,
                        ts: now.utc,
                        job_id: id.clone(),
                        kind: event.kind,
                        stage: event.stage,
                        status: event.status,
                        message: event.message,
                        payload: event.payload,
                    };
                    self.publish(&event);
                    self.events.push(event);
                }
                LogEntry::Decision(decision) => {
                    let sealed = decision.seal(self.decisions.len() as u64 + 1, Digest::ZERO);
                    rows.as_mut().unwrap().note_decision(sealed.clone());
                    self.decisions.push(sealed.clone());
                    applied.decisions.push(sealed);
                }
            }
        }
        self.jobs.insert(id.clone(), rows.unwrap());
        Ok(applied)
    }

    /// The files follow the rows: what a patch made, or put back.
    fn publish(&mut self, event: &Event) {
        if !matches!(event.kind, EventType::PatchApplied | EventType::PatchUndone) {
            return;
        }
        let text = |key: &str| event.payload.get(key).and_then(Value::as_str);
        let Some(path) = text("path").map(|path| ArtifactPath::new(path).unwrap()) else {
            return;
        };
        match text("sha256_after").map(|digest| Digest::parse(digest).unwrap()) {
            Some(digest) => {
                let bytes = self.versions[&digest].clone();
                self.disk.insert((event.job_id.clone(), path), bytes);
            }
            None => {
                self.disk.remove(&(event.job_id.clone(), path));
            }
        }
    }

    fn happen(&mut self, id: &JobId, happening: Happening, on_disk: Vec<OnDisk>) -> Result<Applied, Refusal> {
        let evidence = Evidence {
            on_disk,
            ..Evidence::default()
        };
        self.put(id, &Trigger::Happened(happening), &evidence, self.now)
    }

    /// Somebody decides.
    pub fn settle(&mut self, id: &str, name: &str, verdict: Verdict, who: &str) -> SealedDecision {
        self.settle_as(id, name, verdict, operator(who), None)
    }

    /// Somebody decides and says why.
    pub fn settle_noting(&mut self, id: &str, name: &str, verdict: Verdict, who: &str, note: &str) {
        self.settle_as(id, name, verdict, operator(who), Some(note));
    }

    /// Somebody who came in in some way decides.
    pub fn settle_as(
        &mut self,
        id: &str,
        name: &str,
        verdict: Verdict,
        by: Operator,
        note: Option<&str>,
    ) -> SealedDecision {
        let command = Command::Decide {
            gate: GateRef {
                job_id: job_id(id),
                stage: stage(name),
                attempt: None,
            },
            verdict,
            notes: note.map(str::to_owned),
            patch: None,
            digest: None,
        };
        let ask = Ask {
            by,
            session: None,
            command,
        };
        let evidence = self.evidence(&ask).unwrap();
        let applied = self.put(&job_id(id), &Trigger::Asked(ask), &evidence, self.now);
        applied.unwrap().decisions.pop().unwrap()
    }

    /// The leader starts the stage that waits.
    pub fn starts(&mut self, id: &str) {
        let rows = &self.jobs[&job_id(id)];
        let waiting = rows
            .attempts
            .iter()
            .rfind(|attempt| attempt.state == AttemptState::Queued)
            .unwrap();
        let agreed = rows.agreed_before(&waiting.stage).into_iter();
        let look = |path: &ArtifactPath, digest| self.one_on_disk(&rows.job.id, path, digest);
        let on_disk = agreed
            .map(|agreed| look(&agreed.artifact.path, agreed.digest))
            .collect();
        let started = Happening::StageStarted {
            stage: waiting.stage.clone(),
            attempt: waiting.number,
        };
        self.happen(&job_id(id), started, on_disk).unwrap();
    }

    /// The leader finds that what the waiting stage would read is not what was decided on.
    pub fn moved(&mut self, id: &str) {
        let rows = &self.jobs[&job_id(id)];
        let waiting = rows
            .attempts
            .iter()
            .rfind(|attempt| attempt.state == AttemptState::Queued);
        let waiting = waiting.unwrap();
        let agreed = rows.agreed_before(&waiting.stage).into_iter();
        let look = |path: &ArtifactPath, digest| self.one_on_disk(&rows.job.id, path, digest);
        let mut looked = agreed.map(|agreed| look(&agreed.artifact.path, agreed.digest));
        let moved = Happening::ArtifactMoved {
            stage: waiting.stage.clone(),
            attempt: waiting.number,
            moved: looked.find(OnDisk::is_moved).unwrap(),
        };
        self.happen(&job_id(id), moved, Vec::new()).unwrap();
    }

    /// The timer is due: its time is up now, and nobody has the gate open.
    pub fn expire(&mut self, id: &str, name: &str) {
        let former = self.now;
        let gates = &mut self.jobs.get_mut(&job_id(id)).unwrap().gates;
        let gate = gates.iter_mut().rfind(|gate| gate.key.stage == stage(name)).unwrap();
        gate.lease = None;
        gate.timer = gate
            .timer
            .take()
            .map(|timer| GateTimer::start(former, 0, timer.on_timeout));
        let rows = &self.jobs[&job_id(id)];
        let gate = rows.newest_gate(&stage(name)).unwrap();
        let timer = gate.timer.as_ref().unwrap();
        let wake = timer
            .wake(gate.lease.as_ref(), gate.policy.max_hold_s, GRACE_S)
            .unwrap();
        // Both clocks must have reached the end.
        let utc = former.utc.max(timer.deadline);
        let boot_us = utc.micros() - timer.anchor.offset_us;
        let on_disk = self.on_disk(rows, gate);
        let expired = Happening::Expired {
            key: gate.key.clone(),
            wake,
            is_missed: false,
        };
        self.now = Now { utc, boot_us, ..former };
        self.happen(&job_id(id), expired, on_disk).unwrap();
        self.now = former;
    }

    pub fn change_timer(&mut self, id: &JobId, change: impl FnOnce(&GateTimer) -> GateTimer) {
        let gate = self.jobs.get_mut(id).unwrap().gates.last_mut().unwrap();
        gate.timer = gate.timer.as_ref().map(change);
    }

    fn found(&self, id: &JobId, path: &ArtifactPath) -> Option<(Digest, u64)> {
        let bytes = self.disk.get(&(id.clone(), path.clone()))?;
        Some((Digest::of(bytes), bytes.len() as u64))
    }

    fn one_on_disk(&self, id: &JobId, path: &ArtifactPath, registered: Digest) -> OnDisk {
        OnDisk {
            path: path.clone(),
            registered,
            found: self.found(id, path),
        }
    }

    pub fn on_disk(&self, rows: &JobRows, gate: &Gate) -> Vec<OnDisk> {
        let look = |artifact: &GateArtifact| self.one_on_disk(&rows.job.id, &artifact.path, artifact.digest);
        gate.artifacts.iter().map(look).collect()
    }

    /// Every version that somebody put there is kept, as the engine keeps it.
    fn keep_all(&mut self) {
        let kept = self.disk.values().map(|bytes| (Digest::of(bytes), bytes.clone()));
        self.versions.extend(kept);
    }

    fn propose(&mut self, rows: &JobRows, gate: &Gate, value: &Value, on_disk: &[OnDisk]) -> Result<Proposal, Refusal> {
        self.keep_all();
        let parsed = Patch::from_value(value.clone()).map_err(unfit)?;
        let facts: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| patch::ArtifactFacts {
                path: artifact.path.as_str(),
                kind: artifact.kind.as_str(),
            })
            .collect();
        let in_words = |changes: &[patch::PlannedChange]| changes.iter().map(ToString::to_string).collect();
        let chosen = match patch::choose_target(&parsed, &facts).map_err(unfit)? {
            patch::Target::Job => {
                let plan = patch::plan_params(&parsed, &rows.job.params).map_err(unfit)?;
                return Ok(Proposal::Params(Box::new(ParamsEffect {
                    patch: value.clone(),
                    before: rows.job.params.clone(),
                    after: plan.params,
                    changes: in_words(&plan.changes),
                })));
            }
            patch::Target::Artifact(chosen) => chosen,
        };
        let target = &gate.artifacts[chosen];
        let (planned_on, _) = on_disk[chosen].found.unwrap();
        let current = self.versions[&planned_on].clone();
        let surroundings = Surroundings {
            files: &[],
            sidecar: None,
        };
        let plan = parsed
            .plan_among(target.path.as_str(), &current, surroundings)
            .map_err(unfit)?;
        assert_eq!(plan.path, target.path.as_str(), "no screen patches what has a sidecar");
        self.versions.insert(Digest::of(&plan.bytes), plan.bytes.clone());
        let former = compared(&self.versions, target, &current);
        Ok(Proposal::File(Box::new(FileEffect {
            patch: value.clone(),
            artifact: target.path.clone(),
            planned_on,
            former: Some(former.version()),
            after: compared(&self.versions, &former, &plan.bytes),
            changes: in_words(&plan.changes),
        })))
    }

    /// What a resume needs to know.
    fn resume(&mut self, ask: &Ask, rows: &JobRows) -> Result<Evidence, Refusal> {
        let (mut on_disk, mut proposal) = (Vec::new(), None);
        if let Some(rejection) = rows.rejection_to_answer()
            && let Some(value) = rejection.decision.patch()
            && let Some(gate) = rows.gate(rejection.decision.stage(), rejection.decision.attempt())
        {
            on_disk = self.on_disk(rows, gate);
            proposal = Some(self.propose(rows, gate, value, &on_disk)?);
        }
        let evidence = Evidence {
            on_disk,
            proposal,
            ..Evidence::default()
        };
        let policies = self.policies.clone();
        let cx = self.context(&policies, &ask.by.via);
        let Ok(Some(ahead)) = Ahead::of(rows, ask, &evidence, cx) else {
            return Ok(evidence);
        };
        let looks = self.looks(rows, &ahead)?;
        Ok(Evidence {
            review: self.review(&ahead, &looks)?,
            ahead: Some(looks),
            ..evidence
        })
    }

    fn looks(&self, rows: &JobRows, ahead: &Ahead<'_>) -> Result<Vec<OnDisk>, Refusal> {
        ahead.looks(|path, digest| Ok(self.one_on_disk(&rows.job.id, path, digest)))
    }

    fn context<'a>(&self, policies: &'a BTreeMap<StageName, GatePolicy>, via: &'a Via) -> Context<'a> {
        Context {
            now: self.now,
            policies,
            stages: &[],
            grace_s: GRACE_S,
            via,
        }
    }

    fn review(&mut self, ahead: &Ahead<'_>, looks: &[OnDisk]) -> Result<Option<Review>, Refusal> {
        self.keep_all();
        let Some((name, agreed)) = ahead.review(looks)? else {
            return Ok(None);
        };
        let rows = ahead.rows();
        let shown = |path: &ArtifactPath| {
            let gate = rows.newest_gate(name).unwrap();
            let artifact = gate.artifacts.iter().find(|artifact| artifact.path == *path).unwrap();
            compared(
                &self.versions,
                artifact,
                &self.disk[&(rows.job.id.clone(), path.clone())],
            )
        };
        let artifacts = agreed.iter().map(|agreed| shown(&agreed.artifact.path)).collect();
        Ok(Some(Review {
            stage: name.clone(),
            artifacts,
        }))
    }

    /// What the engine finds out before its transaction.
    fn evidence(&mut self, ask: &Ask) -> Result<Evidence, Refusal> {
        let open = |world: &Self, wanted: &GateRef| {
            let rows = world.jobs[&wanted.job_id].clone();
            let gate = find_gate(&rows, wanted)?.clone();
            gate.open_or_refuse()?;
            let on_disk = world.on_disk(&rows, &gate);
            Ok::<_, Refusal>((rows, gate, on_disk))
        };
        match &ask.command {
            Command::Decide { gate, patch, .. } => {
                let (rows, gate, on_disk) = open(self, gate)?;
                let proposal = patch
                    .as_ref()
                    .map(|patch| self.propose(&rows, &gate, patch, &on_disk))
                    .transpose()?;
                let evidence = Evidence {
                    attempt: Some(gate.key.attempt),
                    on_disk,
                    proposal,
                    ..Evidence::default()
                };
                let policies = self.policies.clone();
                let ahead = Ahead::of(&rows, ask, &evidence, self.context(&policies, &ask.by.via));
                let ahead = ahead.ok().flatten();
                let ahead = ahead.and_then(|ahead| self.looks(&rows, &ahead).ok());
                Ok(Evidence { ahead, ..evidence })
            }
            Command::ApplyPatch { gate, patch, .. } => {
                let (rows, gate, on_disk) = open(self, gate)?;
                Ok(Evidence {
                    attempt: Some(gate.key.attempt),
                    proposal: Some(self.propose(&rows, &gate, patch, &on_disk)?),
                    on_disk,
                    ..Evidence::default()
                })
            }
            Command::UndoPatch { gate, path, .. } => {
                let (_, gate, on_disk) = open(self, gate)?;
                Ok(Evidence {
                    attempt: Some(gate.key.attempt),
                    taken_back: Some(gate.undoable(path.as_ref())?.words()),
                    on_disk,
                    ..Evidence::default()
                })
            }
            Command::Resume { job_id, .. } => {
                let rows = self.jobs[job_id].clone();
                self.resume(ask, &rows)
            }
            Command::Cancel(_)
            | Command::TakeLease { .. }
            | Command::Hold { .. }
            | Command::Release { .. }
            | Command::Extend { .. }
            | Command::Acknowledge(_)
            | Command::ReleaseLease { .. }
            | Command::MarkSeen { .. } => Ok(Evidence::default()),
            other => panic!("the console does not send {other:?}"),
        }
    }

    /// Leaves the rows as they would be, for the command that comes after it.
    fn preview(&mut self, who: &Operator, command: &Command) -> Result<Outlook, Refusal> {
        let id = command.job_id().unwrap().clone();
        // A console is a session; what others do here comes by the command line.
        let ask = Ask {
            by: who.clone(),
            session: Some(who.name.clone()),
            command: command.clone(),
        };
        let evidence = self.evidence(&ask)?;
        let (rows, policies) = (self.jobs[&id].clone(), self.policies.clone());
        let cx = self.context(&policies, &who.via);
        let foreseen = foresee(&id, Some(&rows), &ask, &evidence, cx, &mut |ask, rows| {
            self.resume(ask, rows)
        });
        let (outlook, after) = foreseen?;
        self.jobs.insert(id, after);
        Ok(outlook)
    }

    /// Carries a command out; none: it is not answered (yet).
    pub fn submit(&mut self, command: Command) -> Option<Result<Box<Receipt>, Refusal>> {
        self.sent.push(in_words(&command));
        if self.is_slow && matches!(command, Command::Decide { .. } | Command::UndoPatch { .. }) {
            return None;
        }
        let id = command.job_id().unwrap().clone();
        let ask = Ask {
            by: operator("bea"),
            session: Some("bea".to_owned()),
            command,
        };
        let applied = self
            .evidence(&ask)
            .and_then(|evidence| self.put(&id, &Trigger::Asked(ask), &evidence, self.now));
        Some(applied.map(|mut applied| {
            Box::new(Receipt {
                job_id: id.clone(),
                message: "done".to_owned(),
                decision: applied.decisions.pop(),
                rows: Arc::new(self.jobs[&id].clone()),
                patches_applied: 0,
                is_change: applied.last_event_seq.is_some(),
                changes: Vec::new(),
                review: None,
                next: Fact::of_waiting(&self.jobs[&id], applied.held_up.as_ref()),
                warnings: Vec::new(),
            })
        }))
    }
}

fn gate_row(rows: &JobRows, gate: &Gate) -> QueueRow {
    QueueRow {
        kind: QueueKind::Gate,
        job_id: gate.key.job_id.clone(),
        slug: Arc::from(rows.job.slug.as_str()),
        stage: Some(gate.key.stage.clone()),
        attempt: gate.key.attempt,
        since: gate.opened_at,
        timer: gate.timer.clone(),
        max_hold_s: gate.policy.max_hold_s,
        lease: gate.lease.clone().map(Arc::new),
        added_lines: gate.artifacts.iter().map(|artifact| artifact.added_lines).sum(),
        removed_lines: gate.artifacts.iter().map(|artifact| artifact.removed_lines).sum(),
        files: gate.artifacts.len() as u16,
        is_new: gate.artifacts.iter().all(|artifact| artifact.base.is_none()),
        is_binary: !gate.artifacts.is_empty() && gate.artifacts.iter().all(|artifact| artifact.is_binary),
        is_seen: !gate.seen.is_empty(),
        pause: None,
    }
}

/// What was sent, for tests to look at.
fn in_words(command: &Command) -> String {
    match command {
        Command::Decide {
            gate,
            verdict,
            notes,
            patch,
            digest,
        } => {
            let patch = patch.as_ref().map(|patch| format!(" patch {}", patch["type"]));
            format!(
                "{verdict:?} {}/{} #{} note {notes:?}{} digest {}",
                gate.job_id,
                gate.stage,
                gate.attempt.unwrap(),
                patch.unwrap_or_default(),
                digest.unwrap().short()
            )
        }
        Command::ApplyPatch { gate, patch, .. } => {
            format!("ApplyPatch {}/{} {}", gate.job_id, gate.stage, patch["type"])
        }
        Command::UndoPatch { gate, path, digest } => format!(
            "UndoPatch {}/{} {} digest {}",
            gate.job_id,
            gate.stage,
            path.as_ref().unwrap(),
            digest.unwrap().short()
        ),
        Command::Resume { job_id, .. } => format!("Resume {job_id}"),
        Command::Cancel(id) => format!("Cancel {id}"),
        Command::TakeLease {
            gate,
            purpose,
            is_takeover,
        } => {
            let over = if *is_takeover { " over" } else { "" };
            format!("TakeLease {} {}{over}", gate.job_id, purpose.as_str())
        }
        Command::Hold { gate, reason } => format!("Hold {} {reason:?}", gate.job_id),
        Command::Release { gate, reason } => format!("Release {} {reason:?}", gate.job_id),
        Command::Extend { gate, seconds, .. } => format!("Extend {} {seconds}", gate.job_id),
        Command::Acknowledge(id) => format!("Acknowledge {id}"),
        Command::ReleaseLease { gate } => format!("ReleaseLease {}", gate.job_id),
        Command::MarkSeen { gate, digest, extent } => format!(
            "MarkSeen {} {} {} of {}",
            gate.job_id,
            digest.short(),
            extent.hunks_shown,
            extent.hunks
        ),
        other => panic!("the console does not send {other:?}"),
    }
}

/// The engine's side of the console's loop.
impl Backend for World {
    fn now(&self) -> Now {
        self.now
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn submit(&mut self, ticket: Ticket, command: Command) {
        if let Some(result) = World::submit(self, command) {
            let is_done = result.is_ok();
            self.notices.push_back(Notice::Done(ticket, result));
            if is_done {
                let problem = self.publish_problem.clone();
                let refusal = |why| Refusal::new(RefusalCode::NotPossible, why);
                let published = problem.map_or(Ok(()), |why| Err(refusal(why)));
                self.notices.push_back(Notice::Published(ticket, published));
            }
        }
    }

    /// What the rules answer comes when all else has been told; until then its place is held by an
    /// answer to no question.
    fn ask(&mut self, question: Question) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
        let is_preview = matches!(question, Question::Preview(..));
        let mut answer = self.answer(question);
        if is_preview {
            let preview = std::mem::replace(&mut answer, Answered::Preview(0, Ok(Vec::new())));
            if !self.is_asking {
                self.previews.push_back(preview);
            }
        }
        Box::pin(ready(answer))
    }

    fn settle(&mut self) {}

    async fn notice(&mut self) -> Notice {
        match self.notices.pop_front() {
            Some(notice) => notice,
            None => pending().await,
        }
    }

    fn resign(&mut self) {}

    async fn rest(&mut self) {}

    fn stand(&mut self) {}

    fn save_draft(&mut self, key: &GateKey, draft: Option<&Draft>) {
        self.saved.push((key.clone(), draft.cloned()));
    }

    fn put_aside(&mut self, discarded: &Discarded) {
        self.put_aside.push(discarded.clone());
    }

    fn restore(&mut self, draft: &Draft, discarded: &Discarded) {
        self.put_aside.retain(|other| other != discarded);
        self.saved.push((draft.key.clone(), Some(draft.clone())));
    }

    fn load_discarded(&mut self) -> Vec<Discarded> {
        Vec::new()
    }

    fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>) {
        (Vec::new(), Vec::new())
    }

    fn edit_copies(&self) -> EditCopies {
        let directory = self.copies.get_or_init(|| TempDir::new().unwrap());
        EditCopies::new(RunsDir::open(directory.path(), None).unwrap(), "bea".to_owned())
    }
}
