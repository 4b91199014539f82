//! Jobs in memory over the real rules: what the tests of the rules, the simulator and the screens
//! stand on. Every answer is the reducer's; the rows change as the store's do, under the guards
//! that the domain has for them.

use std::collections::BTreeMap;

use domain::anchor::BootId;
use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command};
use domain::change::{Applied, Change, LogEntry};
use domain::context::GateContext;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::gate::OnDisk;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateRef;
use domain::operator::{Operator, Surface, Via};
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::rights::Rights;
use domain::stage::StageSpec;
use domain::time::{Now, Timestamp};
use rules::{Context, Evidence, Trigger, reduce};

pub fn stage(name: &str) -> StageName {
    StageName::new(name).unwrap()
}

pub fn job_id(name: &str) -> JobId {
    JobId::new(name).unwrap()
}

/// The newest gate of a stage.
pub fn newest(job_id: &JobId, stage: &StageName) -> GateRef {
    GateRef {
        job_id: job_id.clone(),
        stage: stage.clone(),
        attempt: None,
    }
}

/// Somebody at a console of one machine, with the same login.
pub fn operator(name: &str) -> Operator {
    Operator {
        name: name.to_owned(),
        via: Via {
            surface: Surface::Console,
            login: name.to_owned(),
            uid: 1000,
            host: "ops1".to_owned(),
            ssh_client: Some("10.0.0.7".to_owned()),
            peer: None,
            by_proxy: false,
            pid: 4711,
        },
    }
}

/// What somebody wants; with a session, a console does.
pub fn asked(by: Operator, session: Option<String>, command: Command) -> Trigger {
    let rights = Rights::default();
    Trigger::Asked(Ask {
        by,
        session,
        rights,
        command,
    })
}

/// A stage that promises nothing; without words it has no command.
pub fn spec(name: &str, command: &[&str]) -> StageSpec {
    StageSpec {
        name: stage(name),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: BTreeMap::new(),
        timeout_s: None,
        artifacts: Vec::new(),
        context: GateContext::default(),
    }
}

/// An artifact of one line, for review; it is compared with nothing.
pub fn artifact(kind: &str, path: &ArtifactPath, digest: Digest, size_bytes: u64) -> GateArtifact {
    GateArtifact {
        kind: kind.to_owned(),
        path: path.clone(),
        digest,
        size_bytes,
        base: None,
        bases: Vec::new(),
        added_lines: 1,
        removed_lines: 0,
        is_binary: false,
        since_rejection: None,
        patches: Vec::new(),
    }
}

/// This lies on disk, and nothing else was found out.
pub fn found(on_disk: Vec<OnDisk>) -> Evidence {
    Evidence {
        on_disk,
        ..Evidence::default()
    }
}

/// Both clocks, which began to count together at this time.
pub fn clocks(utc: Timestamp) -> Now {
    Now {
        utc,
        boot_us: utc.micros(),
        boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
    }
}

/// The last numbers of a log and a chain, and the hash at the head of the chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    pub events: u64,
    pub decisions: u64,
    /// None before the first decision.
    pub head: Option<Digest>,
}

/// What became of a job in one transaction.
#[derive(Debug)]
pub struct Written {
    /// None: there still is no job.
    pub rows: Option<JobRows>,
    pub events: Vec<Event>,
    pub applied: Applied,
}

/// Makes these changes as the store does. `before` comes before each change, for whoever plants a
/// defect.
pub fn write(
    job_id: &JobId,
    mut rows: Option<JobRows>,
    changes: Vec<Change>,
    numbers: &mut Numbers,
    now: Timestamp,
    mut before: impl FnMut(&mut Option<JobRows>, &Change),
) -> Result<Written, Refusal> {
    let (mut applied, mut events, mut decisions) = (Applied::default(), Vec::new(), Vec::new());
    for change in changes {
        before(&mut rows, &change);
        match change.apply_to(&mut rows)? {
            LogEntry::Nothing => {}
            LogEntry::Opened(key) => applied.opened.push(key),
            LogEntry::Finished(key) => applied.finished.push(key),
            LogEntry::Decision(decision) => decisions.push(*decision),
            LogEntry::Event(event) => {
                numbers.events += 1;
                applied.last_event_seq = Some(numbers.events);
                events.push(Event {
                    seq: numbers.events,
                    ts: now,
                    job_id: job_id.clone(),
                    kind: event.kind,
                    stage: event.stage,
                    status: event.status,
                    message: event.message,
                    payload: event.payload,
                });
            }
        }
    }
    for decision in decisions {
        numbers.decisions += 1;
        let sealed = decision.seal(numbers.decisions, numbers.head.unwrap_or(Digest::ZERO));
        numbers.head = Some(sealed.hash);
        if let Some(rows) = &mut rows {
            rows.note_decision(sealed.clone());
        }
        applied.decisions.push(sealed);
    }
    Ok(Written { rows, events, applied })
}

/// The jobs of a runs directory, their log and the chain of their decisions.
#[derive(Debug, Default)]
pub struct World {
    pub jobs: BTreeMap<JobId, JobRows>,
    pub events: Vec<Event>,
    pub chain: Vec<SealedDecision>,
    /// For gates that open from now on.
    pub policies: BTreeMap<StageName, GatePolicy>,
    /// The stages of a job that starts now.
    pub stages: Vec<StageSpec>,
    pub grace_s: u64,
    pub now: Now,
}

impl World {
    /// What the rules need besides rows and evidence.
    pub fn context<'a>(&'a self, via: &'a Via) -> Context<'a> {
        Context {
            now: self.now,
            policies: &self.policies,
            stages: &self.stages,
            grace_s: self.grace_s,
            via,
        }
    }

    /// Has a trigger judged by the rules, and its consequences in the rows, the log and the chain.
    pub fn put(&mut self, job_id: &JobId, trigger: &Trigger, evidence: &Evidence) -> Result<Applied, Refusal> {
        let via = operator("ops").via;
        let rows = self.jobs.get(job_id);
        let changes = reduce(job_id, rows, trigger, evidence, self.context(&via))?;
        let mut numbers = Numbers {
            events: self.events.len() as u64,
            decisions: self.chain.len() as u64,
            // Each is sealed as the first: what a picture shows of a hash depends on no other.
            head: None,
        };
        let rows = rows.cloned();
        // A broken guard is no refusal: a test that wants one must not pass for it.
        let written = write(job_id, rows, changes, &mut numbers, self.now.utc, |_, _| {})
            .expect("the rules keep the rows' guards");
        self.jobs.extend(written.rows.map(|rows| (job_id.clone(), rows)));
        self.events.extend(written.events);
        self.chain.extend(written.applied.decisions.iter().cloned());
        Ok(written.applied)
    }
}
