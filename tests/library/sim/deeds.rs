//! What persons do in the world: a command as a front end hands it over, with what the engine's own
//! functions find before its transaction, and what a preview says of it.

use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command};
use domain::decision::Extent;
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::JobId;
use domain::job::JobRows;
use domain::key::GateRef;
use domain::lease::LeasePurpose;
use domain::operator::Surface;
use domain::outlook::{Fact, Outlook};
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::Refusal;
use engine::find;
use rules::{Evidence, OpeningRecord, Trigger, foresee};
use serde_json::{Value, json};
use testing::world::found;

use super::process::{InFlight, plain};
use super::steps::Deed;
use super::store::{Plant, Storage};
use super::world::{World, person, script_path};

impl<S: Storage> World<S> {
    /// A patch that fits on whatever lies there: it adds to the line.
    fn new_patch(&mut self) -> Value {
        self.contents += 1;
        let new = format!(" patched {}\n", self.contents);
        json!({ "type": "text_replace", "replacements": [{ "old": "\n", "new": new }] })
    }

    pub fn deed(&mut self, process: usize, job: usize, deed: Deed, at_once: bool) {
        if !self.processes[process].is_alive {
            return;
        }
        let job_id = self.jobs[job].clone();
        let Some(rows) = self.store.rows(&job_id) else { return };
        let Some(in_flight) = self.prepare(process, &rows, deed) else {
            return;
        };
        if !at_once {
            return self.send(process, &job_id, in_flight, false);
        }
        // Who is asked before it is done is asked with the very same input.
        let foreseen = self.foresee(process, &job_id, &in_flight);
        let in_flight = InFlight {
            job_id: job_id.clone(),
            ..in_flight
        };
        // None: a crash or a fault, of which no preview speaks.
        if let Some(done) = self.commit(process, &job_id, in_flight) {
            self.judge_preview(&rows, foreseen, &done.map(|_| ()));
        }
    }

    /// What a preview would say of this input, right before it is committed.
    fn foresee(&self, process: usize, job_id: &JobId, in_flight: &InFlight) -> Result<Outlook, Refusal> {
        let rows = self.store.rows_to_foresee(job_id);
        let Trigger::Asked(ask) = &in_flight.trigger else {
            panic!("only what somebody wants is foreseen");
        };
        let mut evidence = in_flight.evidence.clone();
        if self.plant == Plant::BlindPreview {
            look_away(&mut evidence);
        }
        let via = person(process).via;
        let cx = self.cx(&self.policies, &via);
        let resume = &mut |ask: &Ask, rows: &JobRows| find::resume(self, ask, rows);
        let (mut outlook, _) = foresee(job_id, rows.as_deref(), ask, &evidence, cx, resume)?;
        if self.plant == Plant::GuessingPreview {
            guess(&mut outlook, rows.as_deref());
        }
        Ok(outlook)
    }

    fn prepare(&mut self, process: usize, rows: &JobRows, deed: Deed) -> Option<InFlight> {
        let (gate, command) = match deed {
            Deed::Open => {
                let is_manual = Some(&rows.job.id) == self.manual.as_ref();
                return is_manual.then(|| self.opening(process, "opened"));
            }
            Deed::Cancel => (None, Command::Cancel(rows.job.id.clone())),
            Deed::Resume => (None, Command::resume(rows.job.id.clone())),
            of_gate => {
                let gate = rows.gates.last()?;
                (Some(gate), self.command_on(gate, of_gate))
            }
        };
        let mut by = person(process);
        if gate.is_none() || console(process).is_none() {
            by.via.surface = Surface::Cli;
        }
        let mut ask = Ask::new(by, &session(process), command);
        if self.plant == Plant::NamelessConsole && !matches!(deed, Deed::Lease | Deed::TakeOver | Deed::Unlease) {
            ask.session = None;
        }
        // What is refused here the rules refuse as well, in the transaction.
        let mut evidence = match find::evidence(self, &ask) {
            Ok(evidence) => evidence,
            Err(_) => self.evidence_all_the_same(rows, gate, &ask.command),
        };
        if let (Command::Withdraw { .. } | Command::Recall { .. } | Command::KeepAlive { .. }, Some(gate)) =
            (&ask.command, gate)
        {
            evidence.opening = OpeningRecord {
                opened_by: self.opened_by.get(&gate.key).cloned(),
                is_withdrawn: self.withdrawn.contains(&gate.key),
                may_any: false,
            };
        }
        Some(InFlight {
            looked_at: gate.and_then(|_| self.lies_there(rows, &script_path())),
            console: gate.and_then(|_| console(process)),
            ..plain(Trigger::Asked(ask), evidence)
        })
    }

    /// What there is for a command of which the engine finds nothing because it refuses it at once:
    /// the rules must not lean on that.
    fn evidence_all_the_same(&mut self, rows: &JobRows, gate: Option<&Gate>, command: &Command) -> Evidence {
        let Some(gate) = gate else {
            let rejected = rows.rejection_to_answer().map(|sealed| &sealed.decision);
            let answered = rejected.and_then(|decision| rows.gate(decision.stage(), decision.attempt()));
            return found(answered.map(|gate| self.on_disk(rows, gate)).unwrap_or_default());
        };
        let on_disk = self.on_disk(rows, gate);
        let patch = match command {
            // One that does not fit what lies there stays without a plan.
            _ if gate.state == GateState::Open => None,
            Command::Decide { patch, .. } => patch.as_ref(),
            Command::ApplyPatch { patch, .. } => Some(patch),
            _ => None,
        };
        Evidence {
            proposal: patch.and_then(|patch| self.planned(gate, &on_disk, patch)),
            ..found(on_disk)
        }
    }

    /// A plan for a gate that is no longer open, for which the engine makes none.
    fn planned(&mut self, gate: &Gate, on_disk: &[OnDisk], patch: &Value) -> Option<Proposal> {
        let artifact = gate.artifacts.first()?;
        let (planned_on, size_bytes) = on_disk.first()?.found?;
        let current = GateArtifact {
            digest: planned_on,
            size_bytes,
            ..artifact.clone()
        };
        let patched = self.new_content("patched");
        let after = GateArtifact {
            patches: artifact.patches.clone(),
            ..self.keep(&artifact.path, patched)
        };
        Some(Proposal::File(Box::new(FileEffect {
            patch: patch.clone(),
            artifact: artifact.path.clone(),
            planned_on,
            former: Some(current.version()),
            after,
            changes: vec!["changed".to_owned()],
        })))
    }

    fn command_on(&mut self, newest: &Gate, deed: Deed) -> Command {
        let gate = GateRef {
            job_id: newest.key.job_id.clone(),
            stage: newest.key.stage.clone(),
            attempt: Some(newest.key.attempt),
        };
        let (digest, reason) = (newest.digest(), None);
        match deed {
            Deed::Approve | Deed::ApprovePatched | Deed::Reject | Deed::RejectPatched => Command::Decide {
                gate,
                verdict: match deed {
                    Deed::Approve | Deed::ApprovePatched => Verdict::Approve,
                    _ => Verdict::Reject,
                },
                notes: Some("a note".to_owned()),
                comments: Vec::new(),
                draft_by: None,
                patch: match deed {
                    Deed::ApprovePatched | Deed::RejectPatched => Some(self.new_patch()),
                    _ => None,
                },
                digest: Some(digest),
                context_digest: Some(newest.context.digest()),
            },
            Deed::Patch => Command::ApplyPatch {
                gate,
                patch: self.new_patch(),
                digest: Some(digest),
            },
            Deed::Undo => Command::UndoPatch {
                gate,
                path: Some(script_path()),
                digest: None,
            },
            Deed::Hold => Command::Hold { gate, reason },
            Deed::Release => Command::Release { gate, reason },
            Deed::Extend => Command::Extend {
                gate,
                seconds: 45,
                expected: None,
            },
            Deed::Lease | Deed::TakeOver => Command::TakeLease {
                gate,
                purpose: LeasePurpose::Compose,
                is_takeover: deed == Deed::TakeOver,
            },
            Deed::Unlease => Command::ReleaseLease { gate },
            Deed::Seen => Command::MarkSeen {
                gate,
                digest,
                extent: Extent {
                    hunks: 3,
                    hunks_shown: self.contents % 4,
                },
            },
            Deed::Reached => Command::MarkReached { gate },
            Deed::Withdraw => Command::Withdraw { gate, reason },
            Deed::Recall => Command::Recall { gate },
            Deed::Alive => Command::KeepAlive {
                gate,
                context: None,
                heartbeat: None,
            },
            Deed::Resume | Deed::Cancel | Deed::Open => unreachable!("not about a gate"),
        }
    }
}

/// Whatever lies there, it is taken for what is registered.
fn look_away(evidence: &mut Evidence) {
    for looked in evidence.on_disk.iter_mut().chain(evidence.ahead.iter_mut().flatten()) {
        looked.found = Some((looked.registered, 1));
    }
}

/// As the screen had it before November 2026: after an approval the next stage of the list starts.
fn guess(outlook: &mut Outlook, rows: Option<&JobRows>) {
    let is_approval = |fact: &Fact| matches!(fact, Fact::GateDecided { approved: true, .. });
    let Some(Fact::GateDecided { stage, .. }) = outlook.facts.iter().find(|fact| is_approval(fact)).cloned() else {
        return;
    };
    let stages = rows.map(|rows| rows.job.stages.clone()).unwrap_or_default();
    let mut behind = stages.iter().skip_while(|spec| spec.name != stage).skip(1);
    outlook.facts.retain(is_approval);
    outlook.facts.extend(behind.next().map(|next| Fact::StageStarts {
        stage: next.name.clone(),
        attempt: 1,
        gets_note: false,
        comments: 0,
        ran_before: false,
        slots: None,
    }));
}

/// Which process somebody sits at; the first one's persons give commands.
fn console(process: usize) -> Option<String> {
    (process > 0).then(|| session(process))
}

fn session(process: usize) -> String {
    format!("session {process}")
}
