//! The rules as lists of inputs: each test feeds a small world and looks at what became of it.

mod decisions;
mod holds;
mod jobs;
mod moved;
mod patches;
mod timers;
mod withdrawals;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Context, Evidence, Happening, OpeningRecord, Review, StageOutcome, Trigger, reduce};
use domain::anchor::{Anchor, BootId};
use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command, NewJob};
use domain::change::{Change, LogEntry};
use domain::decision::{Extent, SealedDecision};
use domain::event::EventType;
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{AttemptState, JobRows, JobStatus};
use domain::key::GateKey;
use domain::key::GateRef;
use domain::lease::LeasePurpose;
use domain::operator::{Operator, Surface, Via};
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use domain::stage::StageSpec;
use domain::time::{Now, SECOND_US, Timestamp};
use domain::wake::{Wake, WakeKind};

pub(super) fn stage(name: &str) -> StageName {
    StageName::new(name).unwrap()
}

fn via(login: &str) -> Via {
    Via {
        surface: Surface::Console,
        login: login.into(),
        uid: 1000,
        host: "ops1".into(),
        ssh_client: None,
        pid: 42,
    }
}

pub(super) fn person(name: &str) -> Operator {
    Operator {
        name: name.into(),
        via: via(name),
    }
}

fn spec(name: &str, has_command: bool) -> StageSpec {
    let command = if has_command {
        vec!["make".to_owned(), name.to_owned()]
    } else {
        Vec::new()
    };
    StageSpec {
        name: stage(name),
        command,
        env: BTreeMap::new(),
        timeout_s: None,
        artifacts: Vec::new(),
    }
}

pub(super) fn artifact(stage: &str, bytes: &str) -> GateArtifact {
    GateArtifact {
        kind: stage.into(),
        path: ArtifactPath::new(&format!("artifacts/{stage}/{stage}.txt")).unwrap(),
        digest: Digest::of(bytes.as_bytes()),
        size_bytes: bytes.len() as u64,
        base: None,
        bases: Vec::new(),
        added_lines: 1,
        removed_lines: 0,
        is_binary: false,
        since_rejection: None,
        patches: Vec::new(),
    }
}

/// A person's verdict, and what they found before.
pub(super) struct Judgement {
    pub(crate) by: Operator,
    pub(crate) verdict: Verdict,
    pub(crate) notes: Option<String>,
    pub(crate) patch: Option<Proposal>,
    pub(crate) digest: Option<Digest>,
    pub(crate) on_disk: Vec<OnDisk>,
}

/// One job, a clock that is moved by hand, and the policies in force.
pub(super) struct World {
    pub(crate) rows: Option<JobRows>,
    pub(crate) policies: BTreeMap<StageName, GatePolicy>,
    pub(crate) now_s: i64,
    pub(crate) stepped_s: i64,
    pub(crate) log: Vec<(EventType, Value)>,
    /// The session that asks; none: a command.
    pub(crate) session: Option<String>,
    /// What was found on disk of everything that a stage may read which would start; none: nobody
    /// has looked.
    pub(crate) ahead: Option<Vec<OnDisk>>,
    /// All decisions; the rows keep the newest of each stage.
    pub(crate) chain: Vec<SealedDecision>,
}

impl World {
    /// A world with a job of these stages (`name` or `name!` for one with a command) and a person's
    /// gate on each stage named in `gates`.
    pub(crate) fn new(stages: &[&str], gates: &[&str]) -> Self {
        let policies = gates.iter().map(|name| (stage(name), GatePolicy::default())).collect();
        let mut world = Self {
            rows: None,
            session: None,
            ahead: None,
            policies,
            now_s: 1000,
            stepped_s: 0,
            log: Vec::new(),
            chain: Vec::new(),
        };
        let stages = stages
            .iter()
            .map(|name| spec(name.trim_end_matches('!'), name.ends_with('!')))
            .collect();
        world.start(stages).unwrap();
        world
    }

    /// A world without a job.
    pub(crate) fn empty() -> Self {
        Self {
            session: None,
            ahead: None,
            rows: None,
            policies: BTreeMap::new(),
            now_s: 1000,
            stepped_s: 0,
            log: Vec::new(),
            chain: Vec::new(),
        }
    }

    fn start(&mut self, stages: Vec<StageSpec>) -> Result<(), Refusal> {
        let new = NewJob {
            slug: "tides".into(),
            ..NewJob::default()
        };
        let ask = self.asked("ana", Command::StartJob(new));
        self.reduce(&ask, &Evidence::default(), &stages)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_s * SECOND_US)
    }

    /// Both clocks. They began to count together; `stepped_s` is what somebody set the civil one
    /// forward by.
    pub(crate) fn both(&self) -> Now {
        Now {
            utc: self.now(),
            boot_us: (self.now_s - self.stepped_s) * SECOND_US,
            boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
        }
    }

    pub(crate) fn step_s(&mut self, seconds: i64) {
        self.now_s += seconds;
        self.stepped_s += seconds;
    }

    pub(crate) fn pass_s(&mut self, seconds: i64) {
        self.now_s += seconds;
    }

    pub(crate) fn timer(&mut self, name: &str, after_s: u64, on_timeout: OnTimeout) {
        let policy = GatePolicy {
            auto_approve: true,
            auto_approve_after_s: Some(after_s),
            on_timeout,
            ..GatePolicy::default()
        };
        self.policies.insert(stage(name), policy);
    }

    fn asked(&self, who: &str, command: Command) -> Trigger {
        Trigger::Asked(Ask {
            by: person(who),
            session: self.session.clone(),
            command,
        })
    }

    /// Somebody wants something for which nothing has to be found before.
    pub(crate) fn ask(&mut self, who: &str, command: Command) -> Result<(), Refusal> {
        self.ask_with(who, command, Evidence::default())
    }

    /// Somebody wants something.
    pub(crate) fn ask_with(&mut self, who: &str, command: Command, evidence: Evidence) -> Result<(), Refusal> {
        let evidence = Evidence {
            ahead: self.ahead.clone(),
            ..evidence
        };
        let trigger = self.asked(who, command);
        self.reduce(&trigger, &evidence, &[])
    }

    /// The same in a console of their own.
    fn ask_at_console(&mut self, who: &str, command: Command) -> Result<(), Refusal> {
        let former = self.session.replace(format!("{who}'s session"));
        let done = self.ask(who, command);
        self.session = former;
        done
    }

    /// Something happens while this lies on disk.
    pub(crate) fn happen(&mut self, happening: Happening, on_disk: Vec<OnDisk>) -> Result<(), Refusal> {
        let evidence = Evidence {
            on_disk,
            ..Evidence::default()
        };
        self.reduce(&Trigger::Happened(happening), &evidence, &[])
    }

    /// Applies what comes of a trigger as the store would.
    fn reduce(&mut self, trigger: &Trigger, evidence: &Evidence, stages: &[StageSpec]) -> Result<(), Refusal> {
        let via = via("serve");
        let cx = Context {
            now: self.both(),
            policies: &self.policies,
            stages,
            grace_s: 60,
            via: &via,
        };
        let changes = reduce(&JobId::new("j-1").unwrap(), self.rows.as_ref(), trigger, evidence, cx)?;
        for change in changes {
            self.apply(change);
        }
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change
            .apply_to(&mut self.rows)
            .expect("the rules keep the rows' guards")
        {
            LogEntry::Nothing | LogEntry::Opened(_) => {}
            LogEntry::Event(event) => self.log.push((event.kind, event.payload)),
            LogEntry::Decision(decision) => {
                let sealed = decision.seal(self.chain.len() as u64 + 1, Digest::ZERO);
                self.chain.push(sealed.clone());
                self.rows.as_mut().expect("a job comes first").note_decision(sealed);
            }
        }
    }

    pub(crate) fn rows(&self) -> &JobRows {
        self.rows.as_ref().unwrap()
    }

    pub(crate) fn status(&self) -> JobStatus {
        self.rows().job.status
    }

    pub(crate) fn at(&self) -> Option<&str> {
        self.rows().job.stage.as_ref().map(StageName::as_str)
    }

    pub(crate) fn newest(&self, name: &str) -> &Gate {
        self.rows().newest_gate(&stage(name)).unwrap()
    }

    pub(crate) fn gate_ref(&self, name: &str) -> GateRef {
        GateRef {
            job_id: JobId::new("j-1").unwrap(),
            stage: stage(name),
            attempt: None,
        }
    }

    pub(crate) fn key(&self, name: &str) -> GateKey {
        self.newest(name).key.clone()
    }

    /// What lies on disk is what the gate shows.
    pub(crate) fn on_disk(&self, name: &str) -> Vec<OnDisk> {
        let gate = self.newest(name);
        gate.artifacts
            .iter()
            .map(|made| OnDisk {
                path: made.path.clone(),
                registered: made.digest,
                found: Some((made.digest, made.size_bytes)),
            })
            .collect()
    }

    pub(crate) fn request(&self, who: &str, verdict: Verdict) -> Judgement {
        Judgement {
            by: person(who),
            verdict,
            notes: None,
            patch: None,
            digest: None,
            on_disk: Vec::new(),
        }
    }

    pub(crate) fn decide(
        &mut self,
        name: &str,
        who: &str,
        verdict: Verdict,
        notes: Option<&str>,
    ) -> Result<(), Refusal> {
        let on_disk = self
            .rows()
            .newest_gate(&stage(name))
            .map(|_| self.on_disk(name))
            .unwrap_or_default();
        let request = Judgement {
            notes: notes.map(str::to_owned),
            on_disk,
            ..self.request(who, verdict)
        };
        self.judge(self.gate_ref(name), request)
    }

    pub(crate) fn judge(&mut self, gate: GateRef, judgement: Judgement) -> Result<(), Refusal> {
        let command = Command::Decide {
            gate,
            verdict: judgement.verdict,
            notes: judgement.notes,
            patch: judgement.patch.as_ref().map(|patch| patch.patch().clone()),
            digest: judgement.digest,
        };
        let evidence = Evidence {
            on_disk: judgement.on_disk,
            proposal: judgement.patch,
            ..Evidence::default()
        };
        self.ask_with(&judgement.by.name, command, evidence)
    }

    pub(crate) fn patch_on(
        &mut self,
        who: &str,
        effect: FileEffect,
        digest: Option<Digest>,
        on_disk: Vec<OnDisk>,
    ) -> Result<(), Refusal> {
        let command = Command::ApplyPatch {
            gate: self.gate_ref("script"),
            patch: effect.patch.clone(),
            digest,
        };
        let evidence = Evidence {
            on_disk,
            proposal: Some(Proposal::File(Box::new(effect))),
            ..Evidence::default()
        };
        self.ask_with(who, command, evidence)
    }

    pub(crate) fn approve(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        self.decide(name, who, Verdict::Approve, None)
    }

    pub(crate) fn expire(&mut self, name: &str, is_missed: bool) -> Result<(), Refusal> {
        let wake = self.wake(name);
        let key = self.key(name);
        self.happen(Happening::Expired { key, wake, is_missed }, self.on_disk(name))
    }

    /// When the ticker would ask, as one that has just looked knows it.
    pub(crate) fn wake(&self, name: &str) -> Wake {
        let gate = self.newest(name);
        let timer = gate.timer.as_ref();
        let wake = timer.and_then(|timer| timer.wake(gate.lease.as_ref(), gate.policy.max_hold_s, 60));
        wake.unwrap_or(Wake {
            at: self.now(),
            kind: WakeKind::Deadline,
            anchor: Anchor::default(),
        })
    }

    /// What this stage may read is as it was agreed on.
    pub(crate) fn agreed(&self, name: &str) -> Vec<OnDisk> {
        let agreed = self.rows().agreed_before(&stage(name)).into_iter();
        agreed
            .map(|agreed| OnDisk {
                path: agreed.artifact.path.clone(),
                registered: agreed.digest,
                found: Some((agreed.digest, 1)),
            })
            .collect()
    }

    pub(crate) fn begin(&mut self, name: &str, attempt: u32) -> Result<(), Refusal> {
        let stage = stage(name);
        self.happen(Happening::StageStarted { stage, attempt }, self.agreed(name))
    }

    pub(crate) fn run(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Result<(), Refusal> {
        self.begin(name, attempt)?;
        self.end(name, attempt, outcome)
    }

    pub(crate) fn end(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Result<(), Refusal> {
        let stage = stage(name);
        let ended = Happening::StageEnded {
            stage,
            attempt,
            outcome,
        };
        self.happen(ended, Vec::new())
    }

    /// Does something of which whoever asks has found this on disk, of everything that a stage may
    /// read which starts because of it.
    pub(crate) fn seeing<T>(&mut self, ahead: Vec<OnDisk>, deed: impl FnOnce(&mut Self) -> T) -> T {
        self.ahead = Some(ahead);
        let done = deed(self);
        self.ahead = None;
        done
    }

    pub(crate) fn resume(&mut self, who: &str, evidence: Evidence) -> Result<(), Refusal> {
        let command = Command::resume(self.rows().job.id.clone());
        self.ask_with(who, command, evidence)
    }

    pub(crate) fn cancel(&mut self, who: &str) -> Result<(), Refusal> {
        self.ask(who, Command::Cancel(self.rows().job.id.clone()))
    }

    /// A gate is opened from outside.
    pub(crate) fn open(&mut self, name: &str, bytes: &str, by: &str) -> Result<(), Refusal> {
        let command = Command::OpenGate {
            job_id: JobId::new("j-1").unwrap(),
            stage: stage(name),
            artifacts: Vec::new(),
            bases: Vec::new(),
        };
        let evidence = Evidence {
            brought: vec![artifact(name, bytes)],
            ..Evidence::default()
        };
        self.ask_with(by, command, evidence)
    }

    pub(crate) fn lease(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        self.take_lease(name, who, false)
    }

    pub(crate) fn take_over(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        self.take_lease(name, who, true)
    }

    fn take_lease(&mut self, name: &str, who: &str, is_takeover: bool) -> Result<(), Refusal> {
        let command = Command::TakeLease {
            gate: self.gate_ref(name),
            purpose: LeasePurpose::Compose,
            is_takeover,
        };
        self.ask_at_console(who, command)
    }

    pub(crate) fn hold(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        let (gate, reason) = (self.gate_ref(name), None);
        self.ask(who, Command::Hold { gate, reason })
    }

    pub(crate) fn unhold(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        let (gate, reason) = (self.gate_ref(name), Some(" the lawyer said so\n".to_owned()));
        self.ask(who, Command::Release { gate, reason })
    }

    pub(crate) fn extend(&mut self, name: &str, who: &str, seconds: u64) -> Result<(), Refusal> {
        self.extend_from(name, who, seconds, None)
    }

    pub(crate) fn extend_from(
        &mut self,
        name: &str,
        who: &str,
        seconds: u64,
        expected: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let command = Command::Extend {
            gate: self.gate_ref(name),
            seconds,
            expected,
        };
        self.ask(who, command)
    }

    pub(crate) fn release(&mut self, name: &str, who: &str) -> Result<(), Refusal> {
        let gate = self.gate_ref(name);
        self.ask_at_console(who, Command::ReleaseLease { gate })
    }

    pub(crate) fn see(&mut self, name: &str, who: &str, digest: Digest, extent: Extent) -> Result<(), Refusal> {
        let gate = self.gate_ref(name);
        self.ask(who, Command::MarkSeen { gate, digest, extent })
    }

    pub(crate) fn count(&self, kind: EventType) -> usize {
        self.log.iter().filter(|(logged, _)| *logged == kind).count()
    }
}

/// A patch that makes `after` of the stage's artifact when that is `before`.
pub(super) fn effect(name: &str, before: &str, after: &str) -> FileEffect {
    let former = artifact(name, before);
    FileEffect {
        patch: json!({ "type": "text_replace", "replacements": [{ "old": before, "new": after }] }),
        artifact: former.path.clone(),
        planned_on: former.digest,
        former: Some(former.version()),
        after: artifact(name, after),
        changes: vec![format!("{before} -> {after}")],
    }
}

pub(super) fn proposal(name: &str, before: &str, after: &str) -> Proposal {
    Proposal::File(Box::new(effect(name, before, after)))
}

pub(super) fn code(result: Result<(), Refusal>) -> RefusalCode {
    result.expect_err("this has to be refused").code
}

#[test]
fn a_gate_opens_after_its_stage_and_the_job_goes_on_when_it_is_approved() {
    let mut world = World::new(&["script!", "audio!"], &["script"]);
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("script")));
    world
        .run("script", 1, StageOutcome::Made(vec![artifact("script", "one")]))
        .unwrap();
    assert_eq!(world.status(), JobStatus::NeedsApproval);
    world.approve("script", "ana").unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    assert_eq!(
        world.rows().newest_attempt(&stage("audio")).unwrap().state,
        AttemptState::Queued
    );
    world.run("audio", 1, StageOutcome::Made(vec![])).unwrap();
    assert_eq!(world.status(), JobStatus::Completed, "audio has no gate");
}
