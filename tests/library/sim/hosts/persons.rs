//! What persons submit under a name, at any host, and ask again for as long as nobody has answered.

use domain::ask::{Ask, Command};
use domain::decision::Extent;
use domain::gate::{Gate, Verdict};
use domain::ids::{Digest, JobId};
use domain::job::JobRows;
use domain::key::GateRef;
use domain::lease::LeasePurpose;
use domain::refusal::{Refusal, RefusalCode};
use engine::find;
use rules::Trigger;
use store::{Batched, Submission};
use testing::world::operator;

use super::super::steps::Deed;
use super::super::store::Plant;
use super::process::{Tell, Work};
use super::record::Outcome;
use super::world::Hosts;

/// One submission, and the first answer to it that is a last word.
#[derive(Debug, Clone)]
pub struct Asked {
    pub job_id: JobId,
    pub ask: Ask,
    pub answer: Option<Outcome>,
    /// It was last told that it is refused for now.
    pub is_put_off: bool,
}

fn name(number: usize) -> String {
    format!("s-{number}")
}

impl Hosts {
    /// Somebody submits something at a host; they are told nothing while it does not answer.
    pub fn deed(&mut self, host: usize, job: usize, deed: Deed) {
        let Some(rows) = self.jobs.get(job).and_then(|id| self.record.rows(id)) else {
            return;
        };
        let Some(command) = command(&rows, deed) else { return };
        self.submit(host, rows.job.id.clone(), command);
    }

    pub fn submit(&mut self, host: usize, job_id: JobId, command: Command) {
        let by = operator(["ana", "bea", "cem"][host % 3]);
        let ask = Ask::new(by, &format!("session {host}"), command);
        self.asked.push(Asked {
            job_id,
            ask,
            answer: None,
            is_put_off: false,
        });
        self.ask(host, self.asked.len() - 1);
    }

    /// It is sent, or sent again under the same name.
    pub fn ask(&mut self, host: usize, number: usize) {
        let one = &self.hosts[host];
        let Some(process) = one.process.as_ref().filter(|_| !one.is_stopped && !one.is_cut) else {
            return;
        };
        if !process.watch.has_the_time() {
            return;
        }
        let id = name(number);
        if let Some(outcome) = self.record.submission(&id).cloned() {
            return self.answer(number, Some(outcome));
        }
        let Asked { job_id, ask, .. } = self.asked[number].clone();
        self.looking = host;
        match find::evidence(self, &ask) {
            Ok(evidence) => {
                let command = Digest::of(format!("{:?}", ask.command).as_bytes());
                let entry = Batched {
                    submission: Some(Submission { id, command }),
                    ..Batched::new(job_id, (Trigger::Asked(ask), evidence))
                };
                self.hand(host, Work::Commit(Box::new(entry), Tell::Asker(number)));
            }
            Err(refusal) => match self.transacts(host) {
                Some(is_answered) => {
                    self.record.keep_refused(&id, &refusal);
                    self.answer(number, is_answered.then_some(Err(refusal)));
                }
                None => self.answer(number, None),
            },
        }
    }

    /// What came of it; none: nobody knows, and it is asked again.
    pub fn answer(&mut self, number: usize, answer: Option<Outcome>) {
        let lost = || Err(Refusal::new(RefusalCode::WrongState, "the line was lost"));
        let answer = match answer {
            None if self.plant == Plant::LostIsRefused => Some(lost()),
            answer => answer,
        };
        // Another one was quicker with the very same: its answer counts.
        let answer = match (answer, self.record.submission(&name(number))) {
            (Some(Err(_)), Some(kept)) if self.plant != Plant::LostIsRefused => Some(kept.clone()),
            (answer, _) => answer,
        };
        let Some(answer) = answer else { return };
        self.asked[number].is_put_off = matches!(&answer, Err(refusal) if refusal.code.passes());
        if self.asked[number].is_put_off {
            return;
        }
        match &self.asked[number].answer {
            Some(former) if *former != answer => {
                let what = format!("{} was answered {former:?}, and then {answer:?}", name(number));
                self.broken(what);
            }
            Some(_) => {}
            None => self.asked[number].answer = Some(answer),
        }
    }
}

fn command(rows: &JobRows, deed: Deed) -> Option<Command> {
    let of_job = match deed {
        Deed::Resume => Some(Command::resume(rows.job.id.clone())),
        Deed::Cancel => Some(Command::Cancel(rows.job.id.clone())),
        _ => None,
    };
    of_job.or_else(|| of_gate(rows.gates.last()?, deed))
}

fn of_gate(newest: &Gate, deed: Deed) -> Option<Command> {
    let gate = GateRef::from(&newest.key);
    let (digest, reason) = (newest.digest(), None);
    Some(match deed {
        Deed::Approve | Deed::Reject => Command::Decide {
            gate,
            verdict: if deed == Deed::Approve {
                Verdict::Approve
            } else {
                Verdict::Reject
            },
            notes: None,
            comments: Vec::new(),
            draft_by: None,
            patch: None,
            digest: Some(digest),
            context_digest: None,
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
                hunks: 1,
                hunks_shown: 1,
            },
        },
        Deed::Recall => Command::Recall { gate },
        _ => return None,
    })
}
