//! One job's rows while a rule changes them: what several rules do in the same way, and the list of
//! changes that comes of it.

use serde_json::{Value, json};

use domain::artifact::{Artifact, GateArtifact};
use domain::change::{Change, LogEntry};
use domain::context::GateContext;
use domain::decision::Decision;
use domain::event::{EventType, MADE_AT, NewEvent, OVERRIDDEN, while_open};
use domain::gate::{Gate, GateState, Settled, Verdict};
use domain::heartbeat::Heartbeat;
use domain::ids::{ArtifactPath, StageName};
use domain::job::{Attempt, AttemptState, Job, JobRows, JobStatus, Told};
use domain::key::GateKey;
use domain::operator::{Operator, Surface};

use domain::policy::{Doubt, GatePolicy, GateRule};
use domain::proposal::{FileEffect, Proposal};
use domain::recall::RecallWindow;
use domain::refusal::Refusal;
use domain::time::{Timestamp, clock_time};
use domain::timer::GateTimer;
use domain::view::Pause;

use super::{Context, Evidence};
use domain::key::GateRef;

/// The gate that was meant, or why there is none such.
pub fn find_gate<'r>(rows: &'r JobRows, wanted: &GateRef) -> Result<&'r Gate, Refusal> {
    let Some(newest) = rows.newest_gate(&wanted.stage) else {
        return Err(Refusal::no_gate(rows, &wanted.stage, None));
    };
    match wanted.attempt {
        None => Ok(newest),
        Some(attempt) if attempt == newest.key.attempt => Ok(newest),
        Some(attempt) => match rows.gate(&wanted.stage, attempt) {
            // Its own end is the better answer; that there is a newer one comes second.
            Some(old) => old
                .open_or_refuse()
                .and_then(|()| Err(Refusal::old_attempt(&old.key, newest.key.attempt))),
            None => Err(Refusal::no_gate(rows, &wanted.stage, Some(attempt))),
        },
    }
}

/// A gate that is opened from outside.
pub(super) struct AskedFor<'o> {
    pub(crate) by: &'o Operator,
    /// All that it says of itself.
    pub(crate) context: GateContext,
    /// The sign of life that is promised.
    pub(crate) heartbeat: Option<Heartbeat>,
}

/// The rows as they will be, and the changes that make them so.
pub(super) struct JobEdit<'a> {
    pub(crate) rows: JobRows,
    pub(crate) cx: Context<'a>,
    /// Whose open editor or prompt is passed over, on which gate.
    pub(crate) overridden: Vec<(GateKey, String)>,
    pub(crate) evidence: &'a Evidence,
    before: Option<Job>,
    changes: Vec<Change>,
}

impl<'a> JobEdit<'a> {
    pub(crate) fn new(rows: &JobRows, evidence: &'a Evidence, cx: Context<'a>) -> Self {
        Self {
            rows: rows.clone(),
            cx,
            overridden: Vec::new(),
            evidence,
            before: Some(rows.job.clone()),
            changes: Vec::new(),
        }
    }

    /// A draft of a job that does not exist yet; logs its creation.
    pub(crate) fn of_new_job(job: Job, evidence: &'a Evidence, cx: Context<'a>) -> Self {
        let mut draft = Self {
            before: None,
            ..Self::new(&JobRows::of(job), evidence, cx)
        };
        let job = &draft.rows.job;
        let message = format!("{} started by {}", job.slug, job.created_by);
        let payload = json!({ "slug": job.slug, "intent": job.intent, "manual": job.is_manual, "by": job.created_by, "params": job.params });
        draft.log(EventType::JobCreated, None, message, payload);
        draft
    }

    /// The changes, the job's own row first.
    pub(crate) fn finish(mut self) -> Vec<Change> {
        let job = &mut self.rows.job;
        match &self.before {
            None => {
                job.updated_at = self.cx.now.utc;
                self.changes.insert(0, Change::InsertJob(Box::new(job.clone())));
            }
            Some(before) if before != job => {
                job.updated_at = self.cx.now.utc;
                self.changes.insert(0, Change::PutJob(Box::new(job.clone())));
            }
            Some(_) => {}
        }
        self.changes
    }

    /// Logs an event; one that does something to a gate says who had that open.
    pub(crate) fn log(
        &mut self,
        kind: EventType,
        stage: Option<&StageName>,
        message: impl Into<String>,
        mut payload: Value,
    ) {
        let status = self.rows.job.status;
        let mut message = message.into();
        if let Some(name) = self.passed_over(kind, stage, &payload) {
            message.push_str(&while_open(&name));
            payload[OVERRIDDEN] = json!(name);
        }
        self.changes.push(Change::Event(Box::new(NewEvent {
            kind,
            stage: stage.cloned(),
            status,
            message,
            payload,
        })));
    }

    /// Whether something of this kind was logged.
    pub(crate) fn has_logged(&self, kind: EventType) -> bool {
        let is_of = |change: &Change| matches!(change, Change::Event(event) if event.kind == kind);
        self.changes.iter().any(is_of)
    }

    /// Whose open editor or prompt on this gate is passed over.
    pub(crate) fn overridden_on(&self, key: &GateKey) -> Option<String> {
        self.overridden_where(|of| of == key)
    }

    fn overridden_where(&self, is_it: impl Fn(&GateKey) -> bool) -> Option<String> {
        let found = self.overridden.iter().find(|(key, _)| is_it(key));
        found.map(|(_, name)| name.clone())
    }

    fn passed_over(&self, kind: EventType, stage: Option<&StageName>, payload: &Value) -> Option<String> {
        use EventType::{
            DecisionMade, GateApproved, GateCanceled, GateExtended, GateHeld, GateRejected, GateReleased, PatchApplied,
            PatchUndone,
        };
        let is_done_to_gate = matches!(
            kind,
            DecisionMade
                | GateApproved
                | GateCanceled
                | GateExtended
                | GateHeld
                | GateRejected
                | GateReleased
                | PatchApplied
                | PatchUndone
        );
        self.overridden_where(|key| {
            is_done_to_gate && Some(&key.stage) == stage && payload["attempt"] == json!(key.attempt)
        })
    }

    /// The gate that was meant, or why there is none such.
    pub(crate) fn gate(&self, wanted: &GateRef) -> Result<Gate, Refusal> {
        find_gate(&self.rows, &self.evidence.pinned(wanted)).cloned()
    }

    /// The same, where it is still open.
    pub(crate) fn still_open(&self, wanted: &GateRef) -> Result<Gate, Refusal> {
        let gate = self.gate(wanted)?;
        gate.open_or_refuse()?;
        Ok(gate)
    }

    /// What this patch would do, as it was found out before; none: there is no patch.
    pub(crate) fn planned(&self, patch: Option<&Value>) -> Result<Option<&'a Proposal>, Refusal> {
        match (patch, &self.evidence.proposal) {
            (None, _) => Ok(None),
            (Some(_), Some(proposal)) => Ok(Some(proposal)),
            (Some(_), None) => Err(Refusal::stale_look(&self.rows.job.id)),
        }
    }

    /// Makes a change to the rows here. One that their guards refuse is refused by the store too,
    /// and with it the whole draft.
    fn make(&mut self, change: Change) {
        if let Ok(LogEntry::Decision(decision)) = change.clone().apply_to_job(&mut self.rows) {
            self.rows.note_newest(*decision);
        }
        self.changes.push(change);
    }

    pub(crate) fn put_gate(&mut self, gate: Gate) {
        self.make(Change::PutGate(Box::new(gate)));
    }

    pub(crate) fn put_timer(&mut self, gate: Gate, timer: GateTimer) {
        let timer = Some(timer);
        self.put_gate(Gate { timer, ..gate });
    }

    pub(crate) fn put_attempt(&mut self, attempt: Attempt) {
        self.make(Change::PutAttempt(Box::new(attempt)));
    }

    /// An attempt is over.
    pub(crate) fn end_attempt(&mut self, attempt: Attempt, state: AttemptState, outcome: impl Into<String>) {
        self.put_attempt(Attempt {
            state,
            ended_at: Some(self.cx.now.utc),
            outcome: Some(outcome.into()),
            ..attempt
        });
    }

    /// Registers these as the current versions; what is registered already stays as it is.
    pub(crate) fn put_artifacts(&mut self, stage: &StageName, artifacts: &[GateArtifact]) {
        for made in artifacts {
            let slot = self.rows.artifacts.iter().find(|other| other.path == made.path);
            let former = slot.map(|old| old.digest);
            if former == Some(made.digest) {
                continue;
            }
            self.make(Change::PutArtifact(Box::new(Artifact {
                stage: stage.clone(),
                kind: made.kind.clone(),
                path: made.path.clone(),
                digest: made.digest,
                size_bytes: made.size_bytes,
                created_at: self.cx.now.utc,
                former,
            })));
        }
    }

    /// Asks for one execution of a stage; the leader starts it.
    pub(crate) fn queue_attempt(&mut self, stage: &StageName, told: Told) {
        let Told { notes, comments, patch } = told;
        let attempt = Attempt {
            stage: stage.clone(),
            number: self.rows.next_attempt(stage),
            state: AttemptState::Queued,
            notes,
            comments,
            patch,
            queued_at: self.cx.now.utc,
            started_at: None,
            ended_at: None,
            outcome: None,
            host: None,
        };
        self.rows.job.stage = Some(stage.clone());
        self.rows.job.status = JobStatus::Queued;
        self.put_attempt(attempt);
    }

    /// The policy for a gate of this stage that opens now; none: the stage has no gate.
    pub(crate) fn policy_in_force(&self, stage: &StageName) -> Option<GatePolicy> {
        let policy = self.cx.policies.get(stage)?;
        match policy.rule() {
            GateRule::Pass => None,
            GateRule::Person | GateRule::Timer { .. } => Some(policy.clone()),
        }
    }

    /// A stage's work is done: its gate opens, or it passes and the job goes on.
    pub(crate) fn stage_done(&mut self, stage: &StageName, attempt: u32, artifacts: Vec<GateArtifact>) {
        self.put_artifacts(stage, &artifacts);
        self.drop_lost_sidecars(&artifacts);
        match self.policy_in_force(stage) {
            Some(policy) => self.open_gate(stage, attempt, policy, artifacts, None),
            None => {
                let payload = json!({ "attempt": attempt, "gate": false });
                let message = format!("{stage} passed: no gate is asked for");
                self.log(EventType::StageCompleted, Some(stage), message, payload);
                self.advance_from(Some(stage));
            }
        }
    }

    /// What a gate of this stage says of itself where nobody says otherwise: what its last one
    /// said, else what the stage was configured with.
    fn context_of(&self, stage: &StageName) -> GateContext {
        let former = self.rows.newest_gate(stage).map(|gate| gate.context.clone());
        let of_stage = || self.rows.stage_spec(stage).map(|spec| spec.context.clone());
        former.or_else(of_stage).unwrap_or_default()
    }

    /// Registers these and opens a gate on them; the policy is frozen into it. One that is opened
    /// from outside names who did it.
    pub(crate) fn open_gate(
        &mut self,
        stage: &StageName,
        attempt: u32,
        policy: GatePolicy,
        artifacts: Vec<GateArtifact>,
        asked: Option<AskedFor<'_>>,
    ) {
        let opened_by = asked.as_ref().map(|asked| asked.by);
        let (context, heartbeat) = match asked {
            Some(asked) => (asked.context, asked.heartbeat),
            None => (self.context_of(stage), None),
        };
        self.put_artifacts(stage, &artifacts);
        let timer = match policy.rule() {
            GateRule::Timer { after_s, on_timeout } => {
                let timer = GateTimer::start(self.cx.now, after_s, on_timeout);
                Some(timer.reminding(&policy.remind_before_s, self.cx.now, self.cx.grace_s))
            }
            GateRule::Person | GateRule::Pass => None,
        };
        let key = GateKey {
            job_id: self.rows.job.id.clone(),
            stage: stage.clone(),
            attempt,
        };
        self.open(
            Gate {
                key,
                state: GateState::Open,
                policy,
                opened_at: self.cx.now.utc,
                timer,
                lease: None,
                artifacts,
                seen: Vec::new(),
                settled: None,
                context,
                heartbeat,
                recall: None,
                recalls: None,
            },
            opened_by.map(|operator| (operator.name.as_str(), Some(operator.via.surface))),
        );
    }

    /// Opens this gate; `by` is who asks for it from outside, and how they came in where that is
    /// known.
    pub(crate) fn open(&mut self, gate: Gate, by: Option<(&str, Option<Surface>)>) {
        let GateKey { stage, attempt, .. } = gate.key.clone();
        let until = match (gate.at_zero(), gate.deadline()) {
            (Some(at_zero), Some(deadline)) => {
                format!(
                    "the timer will {}",
                    at_zero.will(&format!("at {}", clock_time(deadline)))
                )
            }
            (None, _) | (_, None) => "a person must decide".to_owned(),
        };
        let mut payload = json!({
            "attempt": attempt, "deadline": gate.deadline(), "digest": gate.digest(), "policy": gate.policy,
            "artifacts": gate.artifacts.iter().map(|artifact| json!({
                "kind": artifact.kind, "path": artifact.path, "sha256": artifact.digest,
                "added_lines": artifact.added_lines, "removed_lines": artifact.removed_lines,
            })).collect::<Vec<_>>(),
        });
        if !gate.context.is_empty() {
            payload["context"] = json!(gate.context);
        }
        if let Some(heartbeat) = &gate.heartbeat {
            payload["heartbeat"] = json!(heartbeat.terms);
        }
        if let Some((name, surface)) = by {
            payload["by"] = json!(name);
            payload["via"] = json!(surface);
        }
        if let Some(recalled) = &gate.recalls {
            payload["recalls"] = json!(recalled);
        }
        self.rows.job.stage = Some(stage.clone());
        self.rows.job.status = JobStatus::NeedsApproval;
        self.make(Change::OpenGate(Box::new(gate)));
        let message = format!("{stage} #{attempt} waits: {until}");
        self.log(EventType::GateOpened, Some(&stage), message, payload);
    }

    /// The one transition of a gate, with a decision. What comes of it follows at once, or when a
    /// person's decision can no longer be taken back.
    pub(crate) fn settle(
        &mut self,
        gate: &Gate,
        decision: &Decision,
        artifacts: Vec<GateArtifact>,
        effect: Option<&FileEffect>,
    ) {
        // What silence decides is no slip of anybody's.
        let recall_s = Some(gate.policy.recall_s).filter(|recall_s| *recall_s > 0 && !decision.is_by_timer());
        let window = recall_s.map(|recall_s| RecallWindow::begun(self.cx.now, recall_s, effect.cloned()));
        let artifacts = match (effect, &window) {
            (Some(effect), None) => {
                self.patched(decision.stage(), decision.attempt(), artifacts, effect, decision.by())
            }
            (Some(_) | None, _) => artifacts,
        };
        let state = match Verdict::of(decision) {
            Verdict::Approve => GateState::Approved,
            Verdict::Reject => GateState::Rejected,
        };
        let gate = Gate {
            artifacts,
            recall: window.map(Box::new),
            ..gate.clone()
        };
        self.settle_gate(gate.clone(), state, decision.by(), Some(decision));
        match &gate.recall {
            None => self.decided(decision, None),
            Some(window) => self.made(decision, window),
        }
    }

    /// The event of a decision that may be taken back.
    fn made(&mut self, decision: &Decision, window: &RecallWindow) {
        let (message, mut payload) = told(decision);
        payload["recall_until"] = json!(window.until);
        let until = clock_time(window.until);
        let message = format!("{message}; it can be taken back until {until}");
        self.log(EventType::DecisionMade, Some(decision.stage()), message, payload);
    }

    fn settle_gate(&mut self, gate: Gate, state: GateState, by: &str, decision: Option<&Decision>) {
        let settled = Settled {
            by: by.to_owned(),
            at: decision.map_or(self.cx.now.utc, Decision::at),
        };
        let gate = Gate {
            state,
            settled: Some(settled),
            lease: None,
            ..gate
        };
        self.make(Change::SettleGate {
            gate: Box::new(gate),
            decision: decision.cloned().map(Box::new),
        });
    }

    /// Notes what came of a decision that could be taken back.
    pub(crate) fn finish_gate(&mut self, gate: Gate) {
        self.make(Change::FinishGate(Box::new(gate)));
    }

    /// Ends a gate without a decision, and says so.
    pub(crate) fn cancel_gate(&mut self, gate: &Gate, by: &str, why: &str) {
        let GateKey { stage, attempt, .. } = self.end_gate(gate, by);
        let payload = json!({ "attempt": attempt, "by": by, "why": why });
        let message = format!("{stage} #{attempt} canceled: {why}");
        self.log(EventType::GateCanceled, Some(&stage), message, payload);
    }

    /// Ends a gate without a decision; which.
    pub(crate) fn end_gate(&mut self, gate: &Gate, by: &str) -> GateKey {
        self.settle_gate(gate.clone(), GateState::Canceled, by, None);
        gate.key.clone()
    }

    /// Puts a patch's result in place of what was there; returns the artifacts as they are then.
    pub(crate) fn patched(
        &mut self,
        stage: &StageName,
        attempt: u32,
        artifacts: Vec<GateArtifact>,
        effect: &FileEffect,
        by: &str,
    ) -> Vec<GateArtifact> {
        let artifacts = effect.applied_to(artifacts, by, self.cx.now.utc);
        self.put_artifacts(stage, &artifacts);
        let (path, after) = (effect.path(), effect.after.digest);
        let payload = json!({
            "attempt": attempt, "by": by, "path": path, "sha256": effect.before(), "sha256_after": after,
            "changes": effect.changes, "patch": effect.patch,
        });
        let (name, of, made) = (path.file_name(), effect.artifact.file_name(), after.short());
        let message = match effect.before() {
            Some(before) => format!("{by} patched {name}: {} -> {made}", before.short()),
            None => format!("{by} patched {of}: {name} is new, {made}"),
        };
        self.log(EventType::PatchApplied, Some(stage), message, payload);
        artifacts
    }

    /// A stage that ran again may have removed what a patch had set beside its artifacts: nothing
    /// may wait for that any more.
    fn drop_lost_sidecars(&mut self, made: &[GateArtifact]) {
        let sidecars: Vec<_> = made
            .iter()
            .map(|artifact| patch::sidecar_path(artifact.path.as_str()))
            .collect();
        let is_lost = |artifact: &&Artifact| {
            sidecars.iter().any(|path| path == artifact.path.as_str())
                && !made.iter().any(|other| other.path == artifact.path)
        };
        let lost: Vec<_> = self
            .rows
            .artifacts
            .iter()
            .filter(is_lost)
            .map(|artifact| artifact.path.clone())
            .collect();
        for path in &lost {
            self.drop_artifact(path);
        }
    }

    /// What was under review at this stage before, was rejected or withdrawn, and is not what was
    /// approved now, is no artifact of a job whose stages would read it: nobody has agreed to that.
    fn drop_unnamed(&mut self, approval: &Decision) {
        if self.rows.job.is_manual {
            return;
        }
        let is_named = |path: &ArtifactPath| approval.artifacts().iter().any(|named| named.path == *path);
        let of_stage = self
            .rows
            .artifacts
            .iter()
            .filter(|artifact| artifact.stage == *approval.stage());
        let unnamed: Vec<_> = of_stage
            .filter(|artifact| !is_named(&artifact.path))
            .map(|artifact| artifact.path.clone())
            .collect();
        for path in &unnamed {
            self.drop_artifact(path);
        }
    }

    /// An artifact that only a patch made is none any more.
    pub(crate) fn drop_artifact(&mut self, path: &ArtifactPath) {
        self.make(Change::DropArtifact(path.clone()));
    }

    /// Logs and registers versions that somebody else put in place and the decider read.
    pub(crate) fn take_reviewed(
        &mut self,
        stage: &StageName,
        attempt: u32,
        former: &[GateArtifact],
        current: &[GateArtifact],
        by: &str,
    ) {
        for (old, new) in former.iter().zip(current).filter(|(old, new)| old.digest != new.digest) {
            let (name, was, is) = (new.path.file_name(), old.digest.short(), new.digest.short());
            let message = format!("{name} was changed on disk: {was} -> {is}; {by} read it");
            let payload = json!({ "attempt": attempt, "path": new.path, "sha256": old.digest, "sha256_after": new.digest, "by": by });
            self.log(EventType::ArtifactChanged, Some(stage), message, payload);
        }
        self.put_artifacts(stage, current);
    }

    /// The job goes on after this stage; none: from the beginning. Everything that needs no child
    /// process happens here and now.
    pub(crate) fn advance_from(&mut self, stage: Option<&StageName>) {
        if self.rows.job.is_manual {
            // Rejected at one gate: an approval at another does not end the pause.
            if self.rows.job.status == JobStatus::Paused {
                return;
            }
            let is_any_open = self.rows.gates.iter().any(Gate::is_live);
            self.rows.job.status = if is_any_open {
                JobStatus::NeedsApproval
            } else {
                JobStatus::Running
            };
            return;
        }
        let stages = self.rows.job.stages.clone();
        let after = stage.and_then(|stage| stages.iter().position(|spec| spec.name == *stage));
        for spec in stages.iter().skip(after.map_or(0, |index| index + 1)) {
            if !spec.is_bare() {
                let told = self.unheard(&spec.name);
                return self.queue_attempt(&spec.name, told);
            }
            let artifacts = self.bare_artifacts(&spec.name);
            self.rows.job.stage = Some(spec.name.clone());
            match self.policy_in_force(&spec.name) {
                Some(policy) => {
                    let attempt = self.rows.next_attempt(&spec.name);
                    return self.open_gate(&spec.name, attempt, policy, artifacts, None);
                }
                None => {
                    let message = format!("{} passed: no command and no gate", spec.name);
                    let payload = json!({ "gate": false });
                    self.log(EventType::StageCompleted, Some(&spec.name), message, payload);
                }
            }
        }
        self.rows.job.stage = None;
        self.rows.job.status = JobStatus::Completed;
        self.log(EventType::JobCompleted, None, "all stages are through", json!({}));
    }

    /// What an operator said to a stage whose execution was dropped before it began.
    fn unheard(&self, stage: &StageName) -> Told {
        let newest = self.rows.newest_attempt(stage);
        let dropped = newest.filter(|attempt| attempt.state == AttemptState::Canceled && attempt.started_at.is_none());
        dropped.map(Told::to).unwrap_or_default()
    }

    /// What a bare stage has to show.
    pub(crate) fn bare_artifacts(&self, stage: &StageName) -> Vec<GateArtifact> {
        self.evidence.bare.get(stage).cloned().unwrap_or_default()
    }

    /// The event of a decision, and what the job does because of it; `made_at`: when it was made,
    /// where it could be taken back since.
    pub(crate) fn decided(&mut self, decision: &Decision, made_at: Option<Timestamp>) {
        let (stage, attempt) = (decision.stage().clone(), decision.attempt());
        let verdict = Verdict::of(decision);
        let kind = match (verdict, decision.is_auto_approved()) {
            (Verdict::Approve, true) => EventType::GateAutoApproved,
            (Verdict::Approve, false) => EventType::GateApproved,
            (Verdict::Reject, _) => EventType::GateRejected,
        };
        let (message, mut payload) = told(decision);
        if let Some(made_at) = made_at {
            payload[MADE_AT] = json!(made_at);
        }
        if decision.is_approved() {
            self.log(kind, Some(&stage), message, payload);
            self.drop_unnamed(decision);
            self.advance_from(Some(&stage));
        } else {
            self.rows.job.stage = Some(stage.clone());
            self.rows.job.status = JobStatus::Paused;
            self.log(kind, Some(&stage), message, payload);
            let why = format!("{} paused: {stage} #{attempt} was rejected", self.rows.job.slug);
            let payload = json!({ "attempt": attempt, "reason": Pause::Rejected.as_str() });
            self.log(EventType::JobPaused, Some(&stage), why, payload);
        }
    }
}

/// What the events of a decision say of it: in words, and as a document.
fn told(decision: &Decision) -> (String, Value) {
    let (by, stage, attempt) = (decision.by(), decision.stage(), decision.attempt());
    let mut message = format!("{by} {} {stage} #{attempt}", Verdict::of(decision).past());
    if let Some(draft_by) = decision.draft_by() {
        message.push_str(&format!(", from a draft of {draft_by}"));
    }
    if decision.unseen().is_some() {
        message.push_str(&format!("; {}", Doubt::Unseen.words()));
    } else if decision.is_by_timer() && decision.seen().is_empty() {
        message.push_str("; nobody had looked");
    }
    let mut payload = json!({
        "attempt": attempt, "by": by, "approved": decision.is_approved(), "auto_approved": decision.is_auto_approved(),
        "notes": decision.notes(), "patch": decision.patch(), "artifacts": decision.artifacts(),
    });
    if let Some(unseen) = decision.unseen() {
        payload["unseen"] = json!(unseen);
    }
    if let Some(draft_by) = decision.draft_by() {
        payload["draft_by"] = json!(draft_by);
    }
    if !decision.comments().is_empty() {
        payload["comments"] = json!(decision.comments());
    }
    (message, payload)
}
