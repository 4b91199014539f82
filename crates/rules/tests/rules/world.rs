//! One job in the world that the tests share, and what persons, timer and leader do to it.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command, NewJob};
use domain::comment::{Comment, CountedVersion};
use domain::context::GateContext;
use domain::decision::Decision;
use domain::event::EventType;
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use domain::rights::Rights;
use domain::stage::StageSpec;
use domain::time::{SECOND_US, Timestamp};
use domain::timer::GateTimer;
use rules::{Evidence, Happening, StageOutcome, Trigger};
use testing::world::{self, clocks, found, job_id, newest, operator, spec, stage};

pub(crate) type Done = Result<(), Refusal>;

/// A stage of this name: `name!` has a command.
fn stage_spec(name: &str) -> StageSpec {
    let command = ["make"];
    let words = if name.ends_with('!') { &command[..] } else { &[] };
    spec(name.trim_end_matches('!'), words)
}

pub(crate) fn text(bytes: &str) -> Digest {
    Digest::of(bytes.as_bytes())
}

pub(crate) fn path_of(stage: &str) -> ArtifactPath {
    ArtifactPath::new(&format!("artifacts/{stage}/{stage}.txt")).unwrap()
}

/// What a stage makes, of these bytes.
pub(crate) fn artifact(stage: &str, bytes: &str) -> GateArtifact {
    world::artifact(stage, &path_of(stage), text(bytes), bytes.len() as u64)
}

/// A stage ends well and has made that.
pub(crate) fn made(stage: &str, bytes: &str) -> StageOutcome {
    StageOutcome::Made(vec![artifact(stage, bytes)])
}

/// The script as somebody has found it; none: it is gone.
pub(crate) fn looked(registered: &str, found: Option<&str>) -> Vec<OnDisk> {
    let found = found.map(|bytes| (text(bytes), bytes.len() as u64));
    vec![OnDisk::new(&path_of("script"), text(registered), found)]
}

/// A person's verdict, and what they found before.
pub(crate) struct Judgement {
    pub by: &'static str,
    pub verdict: Verdict,
    pub notes: Option<String>,
    pub comments: Vec<Comment>,
    pub draft_by: Option<String>,
    pub has_draft: bool,
    pub counted: Vec<CountedVersion>,
    pub patch: Option<Proposal>,
    pub digest: Option<Digest>,
    pub context_digest: Option<Digest>,
    pub on_disk: Vec<OnDisk>,
}

/// The world with one job.
pub(crate) struct World {
    world: world::World,
    pub(crate) job_id: JobId,
    /// The session that asks; none: a command.
    pub session: Option<String>,
    /// What was found on disk of everything that a stage may read which would start; none: nobody
    /// has looked.
    ahead: Option<Vec<OnDisk>>,
    /// What those who ask may do.
    rights: Rights,
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
    pub(crate) fn new(stages: &[&str], gates: &[&str]) -> Self {
        let mut world = Self::empty();
        world.policies = gates.iter().map(|name| (stage(name), GatePolicy::default())).collect();
        world.start(stages);
        world
    }

    /// A world without a job.
    pub(crate) fn empty() -> Self {
        Self {
            world: world::World {
                now: clocks(Timestamp::from_micros(1000 * SECOND_US)),
                grace_s: 60,
                ..world::World::default()
            },
            job_id: job_id("j-1"),
            session: None,
            ahead: None,
            rights: Rights::default(),
        }
    }

    /// The script is ready for review, and audio comes after it.
    pub(crate) fn reviewed() -> Self {
        let mut world = Self::new(&["script!", "audio!"], &["script"]);
        world.run("script", 1, made("script", "one")).unwrap();
        world
    }

    /// A gate with a timer at which nothing was made, and audio comes after it.
    pub(crate) fn timed(after_s: u64, on_timeout: OnTimeout) -> Self {
        let mut world = Self::empty();
        world.timer("script", after_s, on_timeout);
        world.start(&["script", "audio!"]);
        world
    }

    pub(crate) fn start(&mut self, stages: &[&str]) {
        self.start_saying(stages, &GateContext::default());
    }

    /// The same, and its gates say why.
    pub(crate) fn start_saying(&mut self, stages: &[&str], context: &GateContext) {
        let saying = |spec: StageSpec| StageSpec {
            context: context.clone(),
            ..spec
        };
        self.stages = stages.iter().map(|name| saying(stage_spec(name))).collect();
        let new = NewJob {
            slug: "tides".into(),
            ..NewJob::default()
        };
        self.ask("ana", Command::StartJob(new)).unwrap();
    }

    pub(crate) fn step_s(&mut self, seconds: i64) {
        self.now.utc = self.now.utc.plus_us(seconds * SECOND_US);
    }

    pub(crate) fn pass_s(&mut self, seconds: i64) {
        self.now = self.now.plus_us(seconds * SECOND_US);
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

    fn take(&mut self, trigger: &Trigger, evidence: &Evidence) -> Done {
        self.world.put(&self.job_id, trigger, evidence).map(|_| ())
    }

    /// Somebody wants something for which nothing has to be found before.
    pub(crate) fn ask(&mut self, who: &str, command: Command) -> Done {
        self.ask_with(who, command, Evidence::default())
    }

    /// Somebody wants something.
    pub(crate) fn ask_with(&mut self, who: &str, command: Command, evidence: Evidence) -> Done {
        let ahead = self.ahead.clone();
        let ask = Ask {
            session: self.session.clone(),
            ..Ask::new(operator(who), "", command)
        };
        let trigger = Trigger::Asked(ask.within(self.rights.clone())?);
        self.take(&trigger, &Evidence { ahead, ..evidence })
    }

    /// From now on whoever asks is limited to these stages; none: not at all.
    pub(crate) fn limit(&mut self, stages: Option<&[&str]>) {
        self.rights.stages = stages.map(|stages| stages.iter().map(|name| stage(name)).collect());
    }

    /// Somebody wants something in a console of their own.
    pub(crate) fn ask_at_console(&mut self, who: &str, command: Command) -> Done {
        let former = self.session.replace(format!("{who}'s session"));
        let done = self.ask(who, command);
        self.session = former;
        done
    }

    /// Something happens while this lies on disk.
    pub(crate) fn happen(&mut self, happening: Happening, on_disk: Vec<OnDisk>) -> Done {
        self.take(&Trigger::Happened(happening), &found(on_disk))
    }

    pub(crate) fn rows(&self) -> &JobRows {
        &self.jobs[&self.job_id]
    }

    pub(crate) fn rows_mut(&mut self) -> &mut JobRows {
        self.world.jobs.get_mut(&self.job_id).unwrap()
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

    /// The state of the script's newest gate.
    pub(crate) fn state(&self) -> GateState {
        self.newest("script").state
    }

    /// The timer of the script's newest gate.
    pub(crate) fn timer_of_script(&self) -> &GateTimer {
        self.newest("script").timer.as_ref().unwrap()
    }

    /// How much time the script's timer has left.
    pub(crate) fn left_s(&self) -> i64 {
        self.timer_of_script().deadline.us_since(self.now.utc) / SECOND_US
    }

    /// The decision on the script.
    pub(crate) fn decision(&self) -> &Decision {
        &self.rows().decisions[0].decision
    }

    /// The last line of the log: what it is and what it says.
    pub(crate) fn last(&self) -> (EventType, &Value) {
        let event = self.events.last().unwrap();
        (event.kind, &event.payload)
    }

    /// What the log says where it first says this.
    pub(crate) fn payload(&self, kind: EventType) -> &Value {
        &self.events.iter().find(|event| event.kind == kind).unwrap().payload
    }

    pub(crate) fn gate_ref(&self, name: &str) -> GateRef {
        newest(&self.job_id, &stage(name))
    }

    pub(crate) fn key(&self, name: &str) -> GateKey {
        self.newest(name).key.clone()
    }

    /// What lies on disk is what the gate shows; nothing, where there is no gate.
    pub(crate) fn on_disk(&self, name: &str) -> Vec<OnDisk> {
        let gate = self.rows().newest_gate(&stage(name));
        let shown = gate.iter().flat_map(|gate| &gate.artifacts);
        shown
            .map(|made| OnDisk::new(&made.path, made.digest, Some((made.digest, made.size_bytes))))
            .collect()
    }

    /// On the script, as it lies there.
    pub(crate) fn request(&self, by: &'static str, verdict: Verdict) -> Judgement {
        Judgement {
            by,
            verdict,
            notes: None,
            comments: Vec::new(),
            draft_by: None,
            has_draft: false,
            counted: Vec::new(),
            patch: None,
            digest: None,
            context_digest: None,
            on_disk: self.on_disk("script"),
        }
    }

    pub(crate) fn decide(&mut self, name: &str, who: &'static str, verdict: Verdict, notes: Option<&str>) -> Done {
        let request = Judgement {
            notes: notes.map(str::to_owned),
            on_disk: self.on_disk(name),
            ..self.request(who, verdict)
        };
        self.judge_at(self.gate_ref(name), request)
    }

    /// Judges the script.
    pub(crate) fn judge(&mut self, judgement: Judgement) -> Done {
        self.judge_at(self.gate_ref("script"), judgement)
    }

    pub(crate) fn judge_at(&mut self, gate: GateRef, judgement: Judgement) -> Done {
        let command = Command::Decide {
            gate,
            verdict: judgement.verdict,
            notes: judgement.notes,
            comments: judgement.comments,
            draft_by: judgement.draft_by,
            patch: judgement.patch.as_ref().map(|patch| patch.patch().clone()),
            digest: judgement.digest,
            context_digest: judgement.context_digest,
        };
        let evidence = Evidence {
            proposal: judgement.patch,
            counted: judgement.counted,
            has_draft: judgement.has_draft,
            read_context: judgement
                .context_digest
                .and_then(|digest| GateContext::logged(&self.events, digest)),
            ..found(judgement.on_disk)
        };
        self.ask_with(judgement.by, command, evidence)
    }

    pub(crate) fn patch_on(
        &mut self,
        who: &str,
        effect: FileEffect,
        digest: Option<Digest>,
        on_disk: Vec<OnDisk>,
    ) -> Done {
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

    pub(crate) fn approve(&mut self, name: &str, who: &'static str) -> Done {
        self.decide(name, who, Verdict::Approve, None)
    }

    /// What this stage may read is as it was agreed on.
    pub(crate) fn agreed(&self, name: &str) -> Vec<OnDisk> {
        let agreed = self.rows().agreed_before(&stage(name)).into_iter();
        agreed
            .map(|agreed| OnDisk::new(&agreed.artifact.path, agreed.digest, Some((agreed.digest, 1))))
            .collect()
    }

    pub(crate) fn begin(&mut self, name: &str, attempt: u32) -> Done {
        let stage = stage(name);
        self.happen(
            Happening::StageStarted {
                stage,
                attempt,
                host: None,
            },
            self.agreed(name),
        )
    }

    pub(crate) fn run(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Done {
        self.begin(name, attempt)?;
        self.end(name, attempt, outcome)
    }

    pub(crate) fn end(&mut self, name: &str, attempt: u32, outcome: StageOutcome) -> Done {
        let ended = Happening::StageEnded {
            stage: stage(name),
            attempt,
            host: None,
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

    pub(crate) fn resume(&mut self, who: &str, evidence: Evidence) -> Done {
        self.ask_with(who, Command::resume(self.job_id.clone()), evidence)
    }

    /// Somebody resumes, and nothing had to be found before.
    pub(crate) fn resumes(&mut self, who: &str) {
        self.resume(who, Evidence::default()).unwrap();
    }

    pub(crate) fn cancel(&mut self, who: &str) -> Done {
        self.ask(who, Command::Cancel(self.job_id.clone()))
    }

    /// A gate is opened from outside.
    pub(crate) fn open(&mut self, name: &str, bytes: &str, by: &str) -> Done {
        self.open_saying(name, bytes, by, GateContext::default())
    }

    /// The same, and it says why.
    pub(crate) fn open_saying(&mut self, name: &str, bytes: &str, by: &str, context: GateContext) -> Done {
        let command = Command::OpenGate {
            job_id: self.job_id.clone(),
            stage: stage(name),
            artifacts: Vec::new(),
            bases: Vec::new(),
            context: Box::new(context),
            heartbeat: None,
        };
        let evidence = Evidence {
            brought: vec![artifact(name, bytes)],
            ..Evidence::default()
        };
        self.ask_with(by, command, evidence)
    }

    pub(crate) fn count(&self, kind: EventType) -> usize {
        self.events.iter().filter(|event| event.kind == kind).count()
    }
}

/// A patch that makes `after` of the stage's artifact when that is `before`.
pub(crate) fn effect(name: &str, before: &str, after: &str) -> FileEffect {
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
pub(crate) fn proposal(before: &str, after: &str) -> Proposal {
    Proposal::File(Box::new(effect("script", before, after)))
}

/// Who did it, and over whom.
pub(crate) fn names(payload: &Value) -> [&str; 2] {
    ["by", "overridden"].map(|key| payload[key].as_str().unwrap())
}

#[track_caller]
pub(crate) fn code(result: Done) -> RefusalCode {
    result.expect_err("this has to be refused").code
}
