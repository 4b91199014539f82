//! The engine's side of the world: answers queries, and carries commands out by the domain's own rules.

use std::sync::Arc;

use holdpoint::domain::decision::SealedDecision;
use holdpoint::domain::event::Event;
use holdpoint::domain::gate::{DecisionRequest, GateState, OnDisk, Settled, Verdict};
use holdpoint::domain::hold::Hold;
use holdpoint::domain::ids::{Digest, JobId};
use holdpoint::domain::lease::Lease;
use holdpoint::domain::refusal::{Refusal, RefusalCode};
use holdpoint::domain::timer::GateTimer;
use holdpoint::domain::view::{QueueKind, QueueRow};
use holdpoint::engine::api::{Answer, Command, OldAnswer, Query, Receipt};

use crate::world::{World, job_id, operator, stage};

impl World {
    pub fn queue(&self) -> Vec<QueueRow> {
        let mut queue = self.slots.clone();
        for rows in self.jobs.values() {
            for gate in rows.gates.iter().filter(|gate| gate.state == GateState::Open) {
                queue.push(QueueRow {
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
                });
            }
        }
        queue
    }

    pub fn answer(&self, query: Query) -> Answer {
        match query {
            Query::Queue => Answer::Queue(self.queue()),
            Query::Job(id) => Answer::Job(self.jobs.get(&id).cloned().map(Arc::new)),
            Query::Jobs(_) => Answer::Jobs(self.jobs.values().cloned().collect()),
            Query::Events { job_id, .. } => {
                let is_asked = |event: &&Event| job_id.as_ref().is_none_or(|job_id| event.job_id == *job_id);
                Answer::Events(self.events.iter().filter(is_asked).cloned().collect())
            }
            Query::Decisions { .. } => Answer::Decisions(self.decisions.iter().rev().cloned().collect()),
            Query::Version { digest, .. } => {
                Answer::Bytes(self.versions.get(&digest).map(|bytes| Arc::from(&bytes[..])))
            }
            Query::OnDisk { job_id, path } => {
                Answer::Bytes(self.disk.get(&(job_id, path)).map(|bytes| Arc::from(&bytes[..])))
            }
            Query::Files(job_id) => {
                let of_job = self.disk.keys().filter(|(owner, _)| *owner == job_id);
                let mut files: Vec<_> = of_job.map(|(_, path)| path.to_string()).collect();
                files.sort();
                Answer::Files(files.into())
            }
            Query::Log {
                job_id, stage, attempt, ..
            } => Answer::Bytes(
                self.logs
                    .get(&(job_id, stage, attempt))
                    .map(|bytes| Arc::from(&bytes[..])),
            ),
            Query::Leader => Answer::Leader(self.leader.clone()),
            Query::Old(_) => Answer::Old(OldAnswer::Decisions(self.old_decisions.clone())),
            Query::EventPage { .. } | Query::Owing(_) | Query::Webhooks(_) => unreachable!("no screen asks for it"),
        }
    }

    /// Decides as the engine would: by the domain's rule.
    pub fn settle(
        &mut self,
        id: &str,
        name: &str,
        verdict: Verdict,
        who: &str,
        notes: Option<String>,
        digest: Option<Digest>,
    ) -> Result<SealedDecision, Refusal> {
        let seq = self.decisions.len() as u64 + 1;
        let rows = self.jobs.get_mut(&job_id(id)).unwrap();
        let gate = rows
            .gates
            .iter_mut()
            .rfind(|gate| gate.key.stage == stage(name))
            .unwrap();
        let on_disk = gate.artifacts.iter().map(|artifact| OnDisk {
            registered: artifact.digest,
            path: artifact.path.clone(),
            found: self
                .disk
                .get(&(job_id(id), artifact.path.clone()))
                .map(|bytes| (Digest::of(bytes), bytes.len() as u64)),
        });
        let request = DecisionRequest {
            operator: operator(who),
            verdict,
            notes,
            patch: None,
            digest,
            on_disk: on_disk.collect(),
        };
        let decision = gate.decide(request, self.now.utc)?;
        gate.state = if verdict == Verdict::Approve {
            GateState::Approved
        } else {
            GateState::Rejected
        };
        gate.settled = Some(Settled {
            by: who.to_owned(),
            at: self.now.utc,
        });
        let sealed = decision.seal(seq, Digest::ZERO);
        rows.decisions.push(sealed.clone());
        self.decisions.push(sealed.clone());
        Ok(sealed)
    }

    /// The timer approves, as the engine would have it.
    pub fn expire(&mut self, id: &str, name: &str) {
        let seq = self.decisions.len() as u64 + 1;
        let now = self.now.utc;
        let rows = self.jobs.get_mut(&job_id(id)).unwrap();
        let gate = rows
            .gates
            .iter_mut()
            .rfind(|gate| gate.key.stage == stage(name))
            .unwrap();
        let looked = gate.artifacts.iter().map(|artifact| OnDisk {
            path: artifact.path.clone(),
            registered: artifact.digest,
            found: Some((artifact.digest, artifact.size_bytes)),
        });
        let on_disk: Vec<_> = looked.collect();
        let expiry = gate.expire(operator("ops").via, now, &on_disk).unwrap();
        if let holdpoint::domain::gate::Expiry::Decided(decision) = expiry {
            gate.state = GateState::Approved;
            gate.settled = Some(Settled {
                by: "timer".to_owned(),
                at: now,
            });
            let sealed = decision.seal(seq, Digest::ZERO);
            rows.decisions.push(sealed.clone());
            self.decisions.push(sealed);
        }
    }

    pub fn change_timer(&mut self, id: &JobId, change: impl FnOnce(&GateTimer) -> GateTimer) {
        let gate = self.jobs.get_mut(id).unwrap().gates.last_mut().unwrap();
        gate.timer = gate.timer.as_ref().map(change);
    }

    /// Carries a command out; none: it is not answered (yet).
    pub fn submit(&mut self, command: Command) -> Option<Result<Box<Receipt>, Refusal>> {
        let (id, words, decision) = match command {
            Command::Decide {
                gate,
                verdict,
                notes,
                patch,
                digest,
            } => {
                let patch = patch
                    .map(|patch| format!(" patch {}", patch["type"]))
                    .unwrap_or_default();
                let words = format!(
                    "{verdict:?} {}/{} #{} note {notes:?}{patch} digest {}",
                    gate.job_id,
                    gate.stage,
                    gate.attempt.unwrap(),
                    digest.unwrap().short()
                );
                self.sent.push(words);
                if self.is_slow {
                    return None;
                }
                let (id, name) = (gate.job_id.to_string(), gate.stage.to_string());
                match self.settle(&id, &name, verdict, "bea", notes, digest) {
                    Ok(sealed) => (gate.job_id, None, Some(sealed)),
                    Err(refusal) => return Some(Err(refusal)),
                }
            }
            Command::ApplyPatch { gate, patch, .. } => (
                gate.job_id.clone(),
                Some(format!("ApplyPatch {}/{} {}", gate.job_id, gate.stage, patch["type"])),
                None,
            ),
            Command::UndoPatch { gate, path, digest } => {
                let words = format!(
                    "UndoPatch {}/{} {} digest {}",
                    gate.job_id,
                    gate.stage,
                    path.as_ref().unwrap(),
                    digest.unwrap().short()
                );
                self.sent.push(words);
                if self.is_slow {
                    return None;
                }
                self.take_back(&gate.job_id, path.as_ref().unwrap());
                (gate.job_id, None, None)
            }
            Command::Resume(id) => (id.clone(), Some(format!("Resume {id}")), None),
            Command::Cancel(id) => (id.clone(), Some(format!("Cancel {id}")), None),
            Command::TakeLease {
                gate,
                purpose,
                is_takeover,
            } => {
                let id = gate.job_id.to_string();
                let holder = self.jobs[&gate.job_id].gates.last().unwrap().lease.clone();
                let over = if is_takeover { " over" } else { "" };
                self.sent.push(format!("TakeLease {id} {}{over}", purpose.as_str()));
                let is_other = |lease: &Lease| lease.holder.name != "bea" && lease.is_live(self.now);
                if let Some(lease) = holder.filter(|lease| is_other(lease) && !is_takeover) {
                    let key = self.jobs[&gate.job_id].gates.last().unwrap().key.clone();
                    return Some(Err(Refusal::held_by(&key, &lease.holder.name)));
                }
                self.set_lease(&id, Some(("bea", purpose)));
                (gate.job_id, None, None)
            }
            Command::Hold { gate, reason } => {
                let now = self.now;
                self.change_timer(&gate.job_id, |timer| GateTimer {
                    hold: Some(Box::new(Hold {
                        holder: operator("bea"),
                        taken_at: now.utc,
                        reason: reason.clone(),
                    })),
                    ..timer.stopped(now)
                });
                let words = format!("Hold {} {reason:?}", gate.job_id);
                (gate.job_id, Some(words), None)
            }
            Command::Release { gate, reason } => {
                let now = self.now;
                self.change_timer(&gate.job_id, |timer| timer.started_again(now, 0, 3600, 60));
                let words = format!("Release {} {reason:?}", gate.job_id);
                (gate.job_id, Some(words), None)
            }
            Command::Extend { gate, seconds, .. } => {
                let words = format!("Extend {} {seconds}", gate.job_id);
                self.sent.push(words);
                let key = self.jobs[&gate.job_id].gates.last().unwrap().key.clone();
                if seconds > 3600 {
                    return Some(Err(Refusal::new(
                        RefusalCode::NotPossible,
                        format!("{seconds} s are more than may still be added to {key}: 3600 s"),
                    )));
                }
                let now = self.now;
                self.change_timer(&gate.job_id, |timer| timer.extended(now, seconds, 60));
                (gate.job_id, None, None)
            }
            Command::ReleaseLease { gate } => {
                let id = gate.job_id.to_string();
                self.set_lease(&id, None);
                (gate.job_id, Some(format!("ReleaseLease {id}")), None)
            }
            Command::MarkSeen { gate, digest, extent } => (
                gate.job_id.clone(),
                Some(format!(
                    "MarkSeen {} {} {} of {}",
                    gate.job_id,
                    digest.short(),
                    extent.hunks_shown,
                    extent.hunks
                )),
                None,
            ),
            other => panic!("the console does not send {other:?}"),
        };
        self.sent.extend(words);
        Some(Ok(Box::new(Receipt {
            job_id: id.clone(),
            message: "done".to_owned(),
            decision,
            rows: Arc::new(self.jobs[&id].clone()),
            patches_applied: 0,
            is_change: true,
            changes: Vec::new(),
        })))
    }
}
