//! One job in the world that the tests share, and what persons, timer and leader do to it.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use domain::anchor::Anchor;
use domain::artifact::GateArtifact;
use domain::ask::{Command, NewJob};
use domain::decision::{Decision, Extent};
use domain::event::EventType;
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::lease::LeasePurpose;
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use domain::stage::StageSpec;
use domain::time::{SECOND_US, Timestamp};
use domain::timer::GateTimer;
use domain::wake::{Wake, WakeKind};
use rules::{Evidence, Happening, StageOutcome, Trigger};
use testing::world::{self, asked, clocks, found, job_id, later, newest, operator, spec, stage};

type Done = Result<(), Refusal>;

/// A stage of this name: `name!` has a command.
fn stage_spec(name: &str) -> StageSpec {
    let command = ["make"];
    let words = if name.ends_with('!') { &command[..] } else { &[] };
    spec(name.trim_end_matches('!'), words)
}

pub fn text(bytes: &str) -> Digest {
    Digest::of(bytes.as_bytes())
}

pub fn path_of(stage: &str) -> ArtifactPath {
    ArtifactPath::new(&format!("artifacts/{stage}/{stage}.txt")).unwrap()
}

/// What a stage makes, of these bytes.
pub fn artifact(stage: &str, bytes: &str) -> GateArtifact {
    world::artifact(stage, &path_of(stage), text(bytes), bytes.len() as u64)
}

/// A stage ends well and has made that.
pub fn made(stage: &str, bytes: &str) -> StageOutcome {
    StageOutcome::Made(vec![artifact(stage, bytes)])
}

/// The script as somebody has found it; none: it is gone.
pub fn looked(registered: &str, found: Option<&str>) -> Vec<OnDisk> {
    vec![OnDisk {
        path: path_of("script"),
        registered: text(registered),
        found: found.map(|bytes| (text(bytes), bytes.len() as u64)),
    }]
}

/// A person's verdict, and what they found before.
pub struct Judgement {
    pub by: &'static str,
    pub verdict: Verdict,
    pub notes: Option<String>,
    pub patch: Option<Proposal>,
    pub digest: Option<Digest>,
    pub on_disk: Vec<OnDisk>,
}

/// The world with one job.
pub struct World {
    world: world::World,
    job_id: JobId,
    /// The session that asks; none: a command.
    pub session: Option<String>,
    /// What was found on disk of everything that a stage may read which would start; none: nobody
    /// has looked.
    ahead: Option<Vec<OnDisk>>,
}

impl Deref for World {
    type Target = world::World;

    fn deref(&self) -> &world::World {
        &self.world
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut world::World {
        &mut self.world
    }
}

impl World {
    /// A world with a job of these stages (`name`, or `name!` for one with a command) and a
    /// person's gate on each stage named in `gates`.
    pub fn new(stages: &[&str], gates: &[&str]) -> Self {
        let mut world = Self::empty();
        world.policies = gates.iter().map(|name| (stage(name), GatePolicy::default())).collect();
        world.start(stages);
        world
    }

    /// A world without a job.
    pub fn empty() -> Self {
        Self {
            world: world::World {
                now: clocks(Timestamp::from_micros(1000 * SECOND_US)),
                grace_s: 60,
                ..world::World::default()
            },
            job_id: job_id("j-1"),
            session: None,
            ahead: None,
        }
    }

    /// The script is ready for review, and audio comes after it.
    pub fn reviewed() -> Self {
        let mut world = Self::new(&["script!", "audio!"], &["script"]);
        world.run("script", 1, made("script", "one")).unwrap();
        world
    }

    /// A gate with a timer at which nothing was made, and audio comes after it.
    pub fn timed(after_s: u64, on_timeout: OnTimeout) -> Self {
        let mut world = Self::empty();
        world.timer("script", after_s, on_timeout);
        world.start(&["script", "audio!"]);
        world
    }

    pub fn start(&mut self, stages: &[&str]) {
        self.stages = stages.iter().map(|name| stage_spec(name)).collect();
        let new = NewJob {
            slug: "tides".into(),
            ..NewJob::default()
        };
        self.ask("ana", Command::StartJob(new)).unwrap();
    }

    pub fn step_s(&mut self, seconds: i64) {
        self.now.utc = self.now.utc.plus_us(seconds * SECOND_US);
    }

    pub fn pass_s(&mut self, seconds: i64) {
        self.now = later(self.now, seconds * SECOND_US);
    }

    pub fn timer(&mut self, name: &str, after_s: u64, on_timeout: OnTimeout) {
        let policy = GatePolicy {
            auto_approve: true,
            auto_approve_after_s: Some(after_s),
            on_timeout,
            ..GatePolicy::default()
        };
        self.policies.insert(stage(name), policy);
    }

    fn take(&mut self, trigger: &Trigger, evidence: &Evidence) -> Done {
        self.world.put(&self.job_id, trigger, evidence).map(|_| ())
    }

    /// Somebody wants something for which nothing has to be found before.
    pub fn ask(&mut self, who: &str, command: Command) -> Done {
        self.ask_with(who, command, Evidence::default())
    }

    /// Somebody wants something.
    pub fn ask_with(&mut self, who: &str, command: Command, evidence: Evidence) -> Done {
        let ahead = self.ahead.clone();
        let trigger = asked(operator(who), self.session.clone(), command);
        self.take(&trigger, &Evidence { ahead, ..evidence })
    }

    /// Somebody wants something in a console of their own.
    fn ask_at_console(&mut self, who: &str, command: Command) -> Done {
        let former = self.session.replace(format!("{who}'s session"));
        let done = self.ask(who, command);
        self.session = former;
        done
    }

    /// Something happens while this lies on disk.
    pub fn happen(&mut self, happening: Happening, on_disk: Vec<OnDisk>) -> Done {
        self.take(&Trigger::Happened(happening), &found(on_disk))
    }

    pub fn rows(&self) -> &JobRows {
        &self.jobs[&self.job_id]
    }

    pub fn rows_mut(&mut self) -> &mut JobRows {
        self.world.jobs.get_mut(&self.job_id).unwrap()
    }

    pub fn status(&self) -> JobStatus {
        self.rows().job.status
    }

    pub fn at(&self) -> Option<&str> {
        self.rows().job.stage.as_ref().map(StageName::as_str)
    }

    pub fn newest(&self, name: &str) -> &Gate {
        self.rows().newest_gate(&stage(name)).unwrap()
    }

    /// The state of the script's newest gate.
    pub fn state(&self) -> GateState {
        self.newest("script").state
    }

    /// The timer of the script's newest gate.
    pub fn timer_of_script(&self) -> &GateTimer {
        self.newest("script").timer.as_ref().unwrap()
    }

    /// How much time the script's timer has left.
    pub fn left_s(&self) -> i64 {
        self.timer_of_script().deadline.us_since(self.now.utc) / SECOND_US
    }

    /// The decision on the script.
    pub fn decision(&self) -> &Decision {
        &self.rows().decisions[0].decision
    }

    /// The last line of the log: what it is and what it says.
    pub fn last(&self) -> (EventType, &Value) {
        let event = self.events.last().unwrap();
        (event.kind, &event.payload)
    }

    /// What the log says where it first says this.
    pub fn payload(&self, kind: EventType) -> &Value {
        &self.events.iter().find(|event| event.kind == kind).unwrap().payload
    }

    pub fn gate_ref(&self, name: &str) -> GateRef {
        newest(&self.job_id, &stage(name))
    }

    pub fn key(&self, name: &str) -> GateKey {
        self.newest(name).key.clone()
    }

    /// What lies on disk is what the gate shows; nothing, where there is no gate.
    pub fn on_disk(&self, name: &str) -> Vec<OnDisk> {
        let gate = self.rows().newest_gate(&stage(name));
        let shown = gate.iter().flat_map(|gate| &gate.artifacts);
        shown
            .map(|made| OnDisk {
                path: made.path.clone(),
                registered: made.digest,
                found: Some((made.digest, made.size_bytes)),
            })
            .collect()
    }

    /// On the script, as it lies there.
    pub fn request(&self, by: &'static str, verdict: Verdict) -> Judgement {
        Judgement {
            by,
            verdict,
            notes: None,
            patch: None,
            digest: None,
            on_disk: self.on_disk("script"),
        }
    }

    pub fn decide(&mut self, name: &str, who: &'static str, verdict: Verdict, notes: Option<&str>) -> Done {
        let request = Judgement {
            notes: notes.map(str::to_owned),
            on_disk: self.on_disk(name),
            ..self.request(who, verdict)
        };
        self.judge_at(self.gate_ref(name), request)
    }

    /// Judges the script.
    pub fn judge(&mut self, judgement: Judgement) -> Done {
        self.judge_at(self.gate_ref("script"), judgement)
    }

    pub fn judge_at(&mut self, gate: GateRef, judgement: Judgement) -> Done {
        let command = Command::Decide {
            gate,
            verdict: judgement.verdict,
            notes: judgement.notes,
            patch: judgement.patch.as_ref().map(|patch| patch.patch().clone()),
            digest: judgement.digest,
        };
        let evidence = Evidence {
            proposal: judgement.patch,
            ..found(judgement.on_disk)
        };
        self.ask_with(judgement.by, command, evidence)
    }

    pub fn patch_on(&mut self, who: &str, effect: FileEffect, digest: Option<Digest>, on_disk: Vec<OnDisk>) -> Done {
        let command = Command::ApplyPatch {
            gate: self.gate_ref("script"),
            patch: effect.patch.clone(),
            digest,
        };
        let evidence = Evidence {
            proposal: Some(Proposal::File(Box::new(effect))),
            ..found(on_disk)
        };
        self.ask_with(who, command, evidence)
    }

    pub fn approve(&mut self, name: &str, who: &'static str) -> Done {
        self.decide(name, who, Verdict::Approve, None)
    }

    /// What the ticker says of the script's timer that is up.
    pub fn expired(&self, is_missed: bool) -> Happening {
        let (key, wake) = (self.key("script"), self.wake());
        Happening::Expired { key, wake, is_missed }
    }

    pub fn expire(&mut self, is_missed: bool) -> Done {
        self.happen(self.expired(is_missed), self.on_disk("script"))
    }

    /// The script's timer is up, and is heard.
    pub fn expires(&mut self) {
        self.expire(false).unwrap();
    }

    #[track_caller]
    pub fn is_approved_by_its_timer(&mut self) {
        self.expires();
        assert_eq!(self.state(), GateState::Approved);
    }

    /// Nothing comes of the script's timer now.
    #[track_caller]
    pub fn runs_on(&mut self, why: &str) {
        assert_eq!(code(self.expire(false)), RefusalCode::WrongState, "{why}");
    }

    /// When the ticker would ask about the script, as one that has just looked knows it.
    pub fn wake(&self) -> Wake {
        let gate = self.newest("script");
        let timer = gate.timer.as_ref();
        let wake = timer.and_then(|timer| timer.wake(gate.lease.as_ref(), gate.policy.max_hold_s, 60));
        wake.unwrap_or(Wake {
            at: self.now.utc,
            kind: WakeKind::Deadline,
            anchor: Anchor::default(),
        })
    }

    /// What this stage may read is as it was agreed on.
    pub fn agreed(&self, name: &str) -> Vec<OnDisk> {
        let agreed = self.rows().agreed_before(&stage(name)).into_iter();
        agreed
            .map(|agreed| OnDisk {
                path: agreed.artifact.path.clone(),
                registered: agreed.digest,
                found: Some((agreed.digest, 1)),
            })
            .collect()
    }

    pub fn begin(&mut self, name: &str, attempt: u32) -> Done {
        let stage = stage(name);
        self.happen(Happening::StageStarted { stage, attempt }, self.agreed(name))
    }

    pub fn run(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Done {
        self.begin(name, attempt)?;
        self.end(name, attempt, outcome)
    }

    pub fn end(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Done {
        let ended = Happening::StageEnded {
            stage: stage(name),
            attempt,
            outcome,
        };
        self.happen(ended, Vec::new())
    }

    /// Does something of which whoever asks has found this on disk, of everything that a stage may
    /// read which starts because of it.
    pub fn seeing<T>(&mut self, ahead: Vec<OnDisk>, deed: impl FnOnce(&mut Self) -> T) -> T {
        self.ahead = Some(ahead);
        let done = deed(self);
        self.ahead = None;
        done
    }

    pub fn resume(&mut self, who: &str, evidence: Evidence) -> Done {
        self.ask_with(who, Command::resume(self.job_id.clone()), evidence)
    }

    /// Somebody resumes, and nothing had to be found before.
    pub fn resumes(&mut self, who: &str) {
        self.resume(who, Evidence::default()).unwrap();
    }

    pub fn cancel(&mut self, who: &str) -> Done {
        self.ask(who, Command::Cancel(self.job_id.clone()))
    }

    /// A gate is opened from outside.
    pub fn open(&mut self, name: &str, bytes: &str, by: &str) -> Done {
        let command = Command::OpenGate {
            job_id: self.job_id.clone(),
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

    /// Somebody takes the script's lease.
    pub fn lease(&mut self, who: &str) -> Done {
        self.take_lease(who, false)
    }

    pub fn take_over(&mut self, who: &str) -> Done {
        self.take_lease(who, true)
    }

    fn take_lease(&mut self, who: &str, is_takeover: bool) -> Done {
        let command = Command::TakeLease {
            gate: self.gate_ref("script"),
            purpose: LeasePurpose::Compose,
            is_takeover,
        };
        self.ask_at_console(who, command)
    }

    pub fn hold(&mut self, who: &str) -> Done {
        let (gate, reason) = (self.gate_ref("script"), None);
        self.ask(who, Command::Hold { gate, reason })
    }

    pub fn unhold(&mut self, who: &str) -> Done {
        let (gate, reason) = (self.gate_ref("script"), Some(" the lawyer said so\n".to_owned()));
        self.ask(who, Command::Release { gate, reason })
    }

    pub fn extend(&mut self, who: &str, seconds: u64) -> Done {
        self.extend_from(who, seconds, None)
    }

    pub fn extend_from(&mut self, who: &str, seconds: u64, expected: Option<Timestamp>) -> Done {
        let command = Command::Extend {
            gate: self.gate_ref("script"),
            seconds,
            expected,
        };
        self.ask(who, command)
    }

    pub fn release(&mut self, who: &str) -> Done {
        let gate = self.gate_ref("script");
        self.ask_at_console(who, Command::ReleaseLease { gate })
    }

    pub fn see(&mut self, who: &str, digest: Digest, hunks: u32, hunks_shown: u32) {
        let command = Command::MarkSeen {
            gate: self.gate_ref("script"),
            digest,
            extent: Extent { hunks, hunks_shown },
        };
        self.ask(who, command).unwrap();
    }

    pub fn count(&self, kind: EventType) -> usize {
        self.events.iter().filter(|event| event.kind == kind).count()
    }
}

/// A patch that makes `after` of the stage's artifact when that is `before`.
pub fn effect(name: &str, before: &str, after: &str) -> FileEffect {
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

/// A patch of the script.
pub fn proposal(before: &str, after: &str) -> Proposal {
    Proposal::File(Box::new(effect("script", before, after)))
}

/// Who did it, and over whom.
pub fn names(payload: &Value) -> [&str; 2] {
    ["by", "overridden"].map(|key| payload[key].as_str().unwrap())
}

#[track_caller]
pub fn code(result: Done) -> RefusalCode {
    result.expect_err("this has to be refused").code
}
