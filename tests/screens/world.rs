//! A runs directory in memory, with the material that WIRE.md describes. What happens in it is
//! decided by the real reducer (see `engine`).

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use console::draft::{Discarded, Draft};
use console::question::Answered;
use domain::artifact::{Artifact, Base, BaseOrigin, GateArtifact};
use domain::ask::Command;
use domain::context::GateContext;
use domain::decision::Extent;
use domain::event::{Event, EventType};
use domain::gate::{Gate, GateState, Verdict};
use domain::handover::MarkedGate;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{Attempt, AttemptState, Job, JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::lease::LeasePurpose;
use domain::old::OldDecision;
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::{FileEffect, Proposal};
use domain::stage::STAGES_DEFAULT;
use domain::time::{Now, Timestamp};
use domain::timer::GateTimer;
use domain::view::{LeaderInfo, Pause, QueueKind, QueueRow};
use engine::api::{Notice, Ticket};
use engine::far::LeftCommand;
use engine::find;
use engine::handover::Handovers;
use rules::{Evidence, OpeningRecord};
use tempfile::TempDir;
use testing::world::{artifact, asked, clocks, found, job_id, newest, operator, spec, stage};

pub fn at(clock: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-22T{clock}Z")).unwrap()
}

pub fn start() -> Now {
    Now {
        boot_us: 1_000_000_000,
        ..clocks(at("02:13:00"))
    }
}

pub const SCRIPT_OLD: &str = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to.\n\n**Low tide**\nTip 1: Bring boots.\nTip 2: Bring a lamp, and a second lamp.\n[music fades]\nWe walk out until the water is a line.\n\n**Close**\nThe tide returns – on time.";
pub const SCRIPT_NEW: &str = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to.\n\n**Low tide**\nTip 1: Bring tall boots.\nTip 2: Bring a lamp, and a second lamp.\nTip 3: Tell someone.\n[music fades]\nWe walk out until the water is a line.\n\n**Close**\nThe tide returns – on time.";

pub fn storyboard(low_ms: &str, last: &str, first: &str) -> String {
    let mut scenes = Vec::new();
    for scene in 1..=12 {
        let duration = match scene {
            2 => first.to_owned(),
            3 => low_ms.to_owned(),
            11 => last.to_owned(),
            _ => "4000".to_owned(),
        };
        let line = if scene == 7 {
            String::new()
        } else {
            format!("      \"duration_ms\": {duration},\n")
        };
        scenes.push(format!(
            "    {{\n      \"id\": \"scene_{scene:03}\",\n{line}      \"caption\": \"shot {scene}\"\n    }}"
        ));
    }
    format!(
        "{{\n  \"title\": \"dunes\",\n  \"scenes\": [\n{}\n  ]\n}}",
        scenes.join(",\n")
    )
}

/// One artifact of a gate: kind, path, base, current bytes.
pub struct File(pub &'static str, pub &'static str, pub Option<Vec<u8>>, pub Vec<u8>);

impl File {
    /// A script that is there for the first time.
    pub fn new(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self("script", name, None, bytes.into())
    }

    /// A script that was another one before.
    pub fn changed(name: &'static str, base: impl Into<Vec<u8>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self("script", name, Some(base.into()), bytes.into())
    }
}

/// `j-17 tides / script #2` in its parts: job, slug, stage, attempt.
pub fn parts(title: &str) -> (&str, &str, &str, u32) {
    let (job, rest) = title.split_once(' ').unwrap();
    let (slug, gate) = rest.split_once(" / ").unwrap();
    let (stage, attempt) = gate.split_once(" #").unwrap();
    (job, slug, stage, attempt.parse().unwrap())
}

#[derive(Default)]
pub struct World {
    pub world: testing::world::World,
    pub slots: Vec<QueueRow>,
    /// How many stages may run at once.
    pub slots_max: usize,
    /// Of which jobs it was asked what their timers will do; none: of all.
    pub foreseen: Vec<Option<BTreeSet<JobId>>>,
    pub disk: HashMap<(JobId, ArtifactPath), Vec<u8>>,
    pub versions: RefCell<HashMap<Digest, Vec<u8>>>,
    /// What operators leave.
    pub handovers: Handovers,
    pub logs: HashMap<(JobId, StageName, u32), Vec<u8>>,
    pub old_decisions: Vec<OldDecision>,
    pub leader: Option<LeaderInfo>,
    /// Every command, in words.
    pub sent: Vec<String>,
    /// Commands are taken but not answered.
    pub is_slow: bool,
    /// Whether previews are not answered.
    pub is_asking: bool,
    pub publish_problem: Option<String>,
    /// What the console has not heard yet.
    pub notices: VecDeque<Notice>,
    /// What the rules answered, and the console has not heard yet.
    pub previews: VecDeque<Answered>,
    pub saved: Vec<(GateKey, Option<Draft>)>,
    pub put_aside: Vec<Discarded>,
    /// The marks that were kept last.
    pub kept_marks: Vec<MarkedGate>,
    /// What former consoles have left, what of it is forgotten, and which answers were read.
    pub left: (Vec<LeftCommand>, Vec<String>),
    pub forgotten: Vec<LeftCommand>,
    pub read: Vec<Ticket>,
    /// Where copies for external editors lie.
    pub copies: OnceCell<TempDir>,
}

fn lines(bytes: &[u8]) -> u32 {
    String::from_utf8_lossy(bytes).lines().count() as u32
}

impl Deref for World {
    type Target = testing::world::World;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.world
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            world: testing::world::World {
                now: start(),
                grace_s: 60,
                ..Default::default()
            },
            slots_max: 4,
            leader: Some(LeaderInfo {
                epoch: 3,
                name: "ops".to_owned(),
                role: "serve".to_owned(),
                host: "ops1".to_owned(),
                pid: 99,
                since: at("01:00:00"),
            }),
            ..Self::default()
        }
    }

    pub fn job(&mut self, id: &str, slug: &str, current: Option<&str>, status: JobStatus) -> &mut JobRows {
        let stages = STAGES_DEFAULT.iter().map(|name| spec(name, &["make-it"]));
        let job = Job {
            id: job_id(id),
            slug: slug.to_owned(),
            intent: format!("a short film about {slug}"),
            is_manual: false,
            status,
            stage: current.map(stage),
            params: Default::default(),
            cfg: Default::default(),
            stages: stages.collect(),
            created_by: "ana".to_owned(),
            created_at: at("01:50:00"),
            updated_at: at("02:10:00"),
            acknowledged_at: None,
        };
        self.jobs.entry(job_id(id)).or_insert(JobRows::of(job))
    }

    /// Opens the gate of that title; `left_s` seconds are left, none: a person must decide.
    pub fn gate(&mut self, title: &str, left_s: Option<u64>, files: impl IntoIterator<Item = File>) {
        let (id, slug, name, attempt) = parts(title);
        let opened_at = at("02:08:00");
        let timer = left_s.map(|left_s| GateTimer::start(self.now, left_s, OnTimeout::Approve));
        let mut artifacts = Vec::new();
        for File(kind, path, base, bytes) in files {
            let path = ArtifactPath::new(&format!("artifacts/{name}/{path}")).unwrap();
            let is_binary = bytes.contains(&0);
            let (mut added, mut removed) = (lines(&bytes), 0);
            if let Some(base) = &base {
                let summary = diff::summary(Some(base), &bytes, diff::Limit::NONE);
                (added, removed) = (summary.added as u32, summary.removed as u32);
                self.versions.get_mut().insert(Digest::of(base), base.clone());
            }
            let origin = BaseOrigin::Decided {
                attempt: 1,
                approved: true,
            };
            let digest = Digest::of(&bytes);
            artifacts.push(GateArtifact {
                base: base.map(|base| Base {
                    digest: Digest::of(&base),
                    origin,
                }),
                added_lines: if is_binary { 0 } else { added },
                removed_lines: removed,
                is_binary,
                ..artifact(kind, &path, digest, bytes.len() as u64)
            });
            // The engine keeps every version that it registers.
            self.versions.get_mut().insert(digest, bytes.clone());
            self.disk.insert((job_id(id), path), bytes);
        }
        let gate = Gate {
            key: GateKey {
                job_id: job_id(id),
                stage: stage(name),
                attempt,
            },
            state: GateState::Open,
            policy: GatePolicy {
                auto_approve: timer.is_some(),
                auto_approve_after_s: timer.as_ref().map(|_| 300),
                ..GatePolicy::default()
            },
            opened_at,
            timer,
            lease: None,
            artifacts,
            seen: Vec::new(),
            settled: None,
            context: GateContext::default(),
            heartbeat: None,
            recall: None,
            recalls: None,
        };
        let rows = self.job(id, slug, Some(name), JobStatus::NeedsApproval);
        rows.attempts.push(Attempt {
            stage: stage(name),
            number: attempt,
            state: AttemptState::Completed,
            notes: None,
            comments: Vec::new(),
            patch: None,
            queued_at: opened_at,
            started_at: Some(opened_at),
            ended_at: Some(opened_at),
            outcome: Some("exit status 0".to_owned()),
            host: None,
        });
        for artifact in &gate.artifacts {
            rows.artifacts.push(Artifact {
                stage: stage(name),
                kind: artifact.kind.clone(),
                path: artifact.path.clone(),
                digest: artifact.digest,
                size_bytes: artifact.size_bytes,
                created_at: opened_at,
                former: None,
            });
        }
        rows.gates.push(gate);
    }

    /// The five gates of the drawing in SCREENS.md, a paused and a running job.
    pub fn drawn() -> Self {
        let mut world = Self::new();
        let mp3 = |seed: u8| {
            (0..9000u32)
                .map(|n| (n as u8).wrapping_mul(seed) & 0xfe)
                .collect::<Vec<u8>>()
        };
        world.gate(
            "j-17 tides / script #2",
            Some(102),
            [File::changed("script.txt", SCRIPT_OLD, SCRIPT_NEW)],
        );
        let captions = "1\n00:00:01,000 --> 00:00:04,000\nlow tide\n";
        world.gate(
            "j-21 dunes / storyboard #1",
            Some(298),
            [
                File(
                    "storyboard",
                    "storyboard.json",
                    Some(storyboard("12000", "306.0", "4000").into()),
                    storyboard("19000", "310.0", "4500").into(),
                ),
                File("captions", "captions.srt", None, captions.into()),
            ],
        );
        world.gate(
            "j-22 marsh / audio #1",
            Some(1650),
            [File("voiceover", "voice.mp3", Some(mp3(3)), mp3(7))],
        );
        world.gate(
            "j-19 reef / script #1",
            Some(2 * 3600 + 300),
            [File::new("script.txt", SCRIPT_OLD)],
        );
        world.gate("j-23 delta / acceptance #1", None, []);
        world.set_lease("j-19", Some(("cy", LeasePurpose::Compose)));
        world
            .slots
            .push(job_row("j-24", "fjord", QueueKind::Running, Some("assets")));
        let running = world.job("j-24", "fjord", Some("assets"), JobStatus::Running);
        running.attempts.push(Attempt {
            stage: stage("assets"),
            number: 1,
            state: AttemptState::Running,
            notes: None,
            comments: Vec::new(),
            patch: None,
            queued_at: at("02:09:00"),
            started_at: Some(at("02:09:00")),
            ended_at: None,
            outcome: None,
            host: None,
        });
        world.logs.insert(
            (job_id("j-24"), stage("assets"), 1),
            b"fetch plate 1\nfetch plate 2\n\x1b[2Jrender\rrender 10%\rrender 20%\n".to_vec(),
        );
        world
    }

    /// A rejected job that waits to be resumed.
    pub fn paused(&mut self, id: &str, slug: &str) {
        self.gate(
            &format!("{id} {slug} / script #1"),
            None,
            [File::new("script.txt", SCRIPT_OLD)],
        );
        self.settle_noting(id, "script", Verdict::Reject, "ana", "too long, cut the second tip");
        self.slots.push(job_row(id, slug, QueueKind::Paused, Some("script")));
    }

    /// The newest gate of a job, and how a command names it.
    fn newest_gate(&self, id: &str) -> (&Gate, GateRef) {
        let gate = self.jobs[&job_id(id)].gates.last().unwrap();
        (gate, newest(&gate.key.job_id, &gate.key.stage))
    }

    /// Somebody has looked at the newest gate of a job as it is.
    pub fn looked(&mut self, id: &str, who: &str) {
        let (gate, wanted) = self.newest_gate(id);
        let command = Command::MarkSeen {
            digest: gate.digest(),
            gate: wanted,
            extent: Extent {
                hunks: 1,
                hunks_shown: 1,
            },
        };
        self.does(who, None, command);
    }

    /// The requester of the job's newest gate says why it is there.
    pub fn says(&mut self, id: &str, context: &serde_json::Value) {
        let context = Some(Box::new(GateContext::read(context).unwrap()));
        let (_, gate) = self.newest_gate(id);
        let opening = OpeningRecord {
            opened_by: Some("ci".to_owned()),
            ..OpeningRecord::default()
        };
        let evidence = Evidence {
            opening,
            ..Evidence::default()
        };
        let keep = Command::KeepAlive {
            gate,
            context,
            heartbeat: None,
        };
        let trigger = asked(operator("ci"), None, keep);
        self.put(&job_id(id), &trigger, &evidence).unwrap();
    }

    /// Somebody has the gate open, and takes it away from whoever had it; none: it is given back.
    pub fn set_lease(&mut self, id: &str, who: Option<(&str, LeasePurpose)>) {
        let (gate, wanted) = self.newest_gate(id);
        let holder = gate.lease.as_ref().map(|lease| lease.session.clone());
        match who {
            Some((name, purpose)) => {
                let command = Command::TakeLease {
                    gate: wanted,
                    purpose,
                    is_takeover: true,
                };
                self.does(name, Some(name.to_owned()), command);
            }
            None => self.does("bea", holder, Command::ReleaseLease { gate: wanted }),
        }
    }

    /// Somebody holds the timer of a job's newest gate.
    pub fn hold(&mut self, id: &str, who: &str, reason: Option<&str>) {
        let (_, gate) = self.newest_gate(id);
        let reason = reason.map(str::to_owned);
        self.does(who, None, Command::Hold { gate, reason });
    }

    fn does(&mut self, who: &str, session: Option<String>, command: Command) {
        let id = command.job_id().unwrap().clone();
        let trigger = asked(operator(who), session, command);
        self.put(&id, &trigger, &Evidence::default()).unwrap();
    }

    /// Notes an event of the past.
    pub fn log(&mut self, clock: &str, id: &str, name: &str, kind: EventType, by: &str, message: &str) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event {
            seq,
            ts: at(clock),
            job_id: job_id(id),
            kind,
            stage: Some(stage(name)),
            status: JobStatus::Running,
            message: message.to_owned(),
            payload: serde_json::json!({ "by": by }),
        });
    }

    /// Somebody patches the first file of a job's newest gate.
    pub fn patch(&mut self, id: &str, who: &str, clock: &str, bytes: &[u8]) {
        let rows = self.jobs[&job_id(id)].clone();
        let gate = rows.gates.last().unwrap();
        let first = gate.artifacts[0].clone();
        let base = first
            .base
            .as_ref()
            .map(|base| self.versions.borrow()[&base.digest].clone());
        let summary = diff::summary(base.as_deref(), bytes, diff::Limit::NONE);
        self.versions.get_mut().insert(Digest::of(bytes), bytes.to_vec());
        let effect = FileEffect {
            patch: serde_json::json!({"type": "text_replace"}),
            artifact: first.path.clone(),
            planned_on: first.digest,
            former: Some(first.version()),
            after: GateArtifact {
                digest: Digest::of(bytes),
                size_bytes: bytes.len() as u64,
                added_lines: summary.added as u32,
                removed_lines: summary.removed as u32,
                ..first
            },
            changes: Vec::new(),
        };
        let command = Command::ApplyPatch {
            gate: newest(&gate.key.job_id, &gate.key.stage),
            patch: effect.patch.clone(),
            digest: None,
        };
        let evidence = Evidence {
            proposal: Some(Proposal::File(Box::new(effect))),
            ..found(find::on_disk(self, &rows, gate).unwrap())
        };
        let utc = std::mem::replace(&mut self.now.utc, at(clock));
        let trigger = asked(operator(who), None, command);
        self.put(&job_id(id), &trigger, &evidence).unwrap();
        self.now.utc = utc;
    }

    /// The first file of a job's newest gate, as it is registered.
    pub fn text_of(&self, id: &str) -> Vec<u8> {
        let gate = self.jobs[&job_id(id)].gates.last().unwrap();
        self.versions.borrow()[&gate.artifacts[0].digest].clone()
    }

    /// Somebody writes over an artifact, in no one's name.
    pub fn overwrite(&mut self, id: &str, path: &str, bytes: impl AsRef<[u8]>) {
        let path = ArtifactPath::new(&format!("artifacts/{path}")).unwrap();
        let former = self.disk.insert((job_id(id), path), bytes.as_ref().to_vec());
        assert!(former.is_some());
    }

    /// The rows of a job, to change behind everybody's back.
    pub fn rows_of(&mut self, id: &str) -> &mut JobRows {
        self.jobs.get_mut(&job_id(id)).unwrap()
    }
}

pub fn job_row(id: &str, slug: &str, kind: QueueKind, name: Option<&str>) -> QueueRow {
    QueueRow {
        kind,
        job_id: job_id(id),
        slug: Arc::from(slug),
        stage: name.map(stage),
        attempt: 1,
        since: at("02:09:00"),
        timer: None,
        at_zero: None,
        max_hold_s: 3600,
        lease: None,
        added_lines: 0,
        removed_lines: 0,
        files: 0,
        is_new: false,
        is_binary: false,
        is_seen: false,
        is_wholly_seen: false,
        context_digest: None,
        pause: (kind == QueueKind::Paused).then_some(Pause::Rejected),
        headline: None,
        decided: None,
        group: None,
    }
}
