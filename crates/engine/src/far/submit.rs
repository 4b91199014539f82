//! Commands on their way to the server: what waits together goes in one request, each under the name
//! of its submission. What was handed over and may have been done is never told as refused.

use std::sync::Arc;

use serde_json::value::to_raw_value;
use tokio::sync::mpsc::Receiver;

use domain::operator::Surface;
use domain::refusal::{Refusal, RefusalCode};
use remote::LineFault;

use super::documents::{CommandsDoc, OutcomeDoc, SubmittedDoc};
use super::kept::{KeptAnswers, job_of, unfit};
use super::patient::{Patient, Told};
use super::unsent::Keeper;
use super::{Answers, COMMANDS_PATH, TOGETHER_MAX, Waiting, WaitingCommand, refuse_all};

/// So many bytes of commands are not made more: what waits behind goes in the next request.
const TOGETHER_BYTES: usize = 1024 * 1024;

/// Has commands done, those that wait together in one request, one request after the other.
pub(super) async fn submit_all(
    way: Patient,
    surface: Surface,
    keeper: Option<Arc<Keeper>>,
    known: Arc<KeptAnswers>,
    mut waiting: Receiver<WaitingCommand>,
) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(first) => Some(first),
            None => waiting.recv().await,
        };
        let (mut bytes, mut commands, mut kept, mut answers, mut one) =
            (0, Vec::new(), Vec::new(), Answers::new(), first);
        let mut of = Vec::new();
        while let Some(Waiting { what, answer }) = one.take() {
            let command = match what.sent.clone().map_or_else(|| to_raw_value(&what.command), Ok) {
                Ok(command) => command,
                Err(error) => {
                    // Whoever waited may have left. The same holds below.
                    let _ = answer.send(Err(Refusal::not_possible(format!(
                        "the command has no JSON form: {error}"
                    ))));
                    one = waiting.try_recv().ok();
                    continue;
                }
            };
            bytes += command.get().len();
            if bytes > TOGETHER_BYTES && !commands.is_empty() {
                next = Some(Waiting { what, answer });
                break;
            }
            let submission = what.submission.clone();
            let mut job = job_of(&what.command, None);
            let is_kept = !what.command.is_repeatable();
            of.push((
                is_kept.then(|| submission.clone()),
                job.as_mut().and_then(|job| known.had(job)),
            ));
            commands.push(SubmittedDoc {
                submission,
                command,
                has: job.and_then(|job| job.has),
            });
            if is_kept {
                kept.push(what);
            }
            answers.push(answer);
            if commands.len() < TOGETHER_MAX {
                one = waiting.try_recv().ok();
            }
        }
        if commands.is_empty() {
            return;
        }
        // First on the disk, then on the line.
        way.keep(keeper.clone(), move |keeper| keeper.keep(kept)).await;
        // What is not settled stays on the disk: a console that starts asks whether it was done.
        let settle = |name: &Option<String>| {
            if let (Some(keeper), Some(name)) = (&keeper, name) {
                keeper.settle(name);
            }
        };
        match way.told_first(COMMANDS_PATH, &CommandsDoc { surface, commands }).await {
            Ok(Told {
                answers: outcomes,
                is_again,
            }) => {
                let result = |(name, had): &(Option<String>, Option<Arc<str>>), outcome: OutcomeDoc| {
                    let Some(whole) = outcome.whole(had.as_deref()) else {
                        return Err(not_known(&unfit("what was done").message));
                    };
                    let result = whole.result();
                    if let Err(refusal) = &result
                        && is_again
                        && is_before_looking(refusal)
                    {
                        return Err(not_known(&refusal.message));
                    }
                    settle(name);
                    result
                };
                way.answer(answers, outcomes, &of, result, |refusal| not_known(&refusal.message));
            }
            Err(LineFault::Refused(refusal)) => {
                of.iter().for_each(|(name, _)| settle(name));
                refuse_all(answers, &refusal);
            }
            Err(fault @ (LineFault::Lost(_) | LineFault::Unclear(_))) => {
                refuse_all(answers, &not_known(&Refusal::from(fault).message));
            }
        }
    }
}

/// Whether the server refuses so before it looks for what it has done under a name.
fn is_before_looking(refusal: &Refusal) -> bool {
    matches!(refusal.code, RefusalCode::NotAllowed | RefusalCode::NotUnderstood)
}

fn not_known(why: &str) -> Refusal {
    let hint = "look before you try again: it was asked for once, and is done once at most";
    Refusal::not_possible(format!("{why}; whether it was done is not known")).with_hint(hint)
}
