//! What several commands would do together: counted by what they have in common, in few words
//! however many they are.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::words::decided_at_once;
use super::{ChangeCause, FINAL, Fact, Outlook, Slots};
use crate::job::JobStatus;
use text::words::{counted, duration};

/// How many different things are told of many jobs.
const TOLD_MAX: usize = 5;

/// What would become of these jobs, in plain words; of each the outlooks in the order in which they
/// would happen.
pub fn together(jobs: &[Vec<&Outlook>]) -> Vec<String> {
    let count = jobs.len();
    let mut started = 0;
    let happens = jobs.iter().map(|outlooks| {
        let facts = outlooks.iter().flat_map(|outlook| &outlook.facts);
        let facts: Vec<_> = facts.map(|fact| behind(fact, &mut started)).collect();
        phrases(&facts).collect()
    });
    let mut told = vec![format!("{}: {}.", counted(count, "job"), tally(happens, count))];
    let resumed = jobs.iter().filter_map(|outlooks| outlooks.last()?.resumed.as_ref());
    let resumed: Vec<Vec<_>> = resumed
        .map(|resumed| match resumed {
            Ok(facts) => phrases(facts).collect(),
            Err(_) => vec!["it cannot be resumed as things are".to_owned()],
        })
        .collect();
    if !resumed.is_empty() {
        told.push(format!("Once resumed: {}.", tally(resumed.into_iter(), count)));
    }
    let is_final = jobs.iter().flatten().any(|outlook| outlook.is_final());
    let recall_s = jobs.iter().flatten().filter_map(|outlook| outlook.recall_s()).min();
    match recall_s.map(duration) {
        Some(time) if is_final => told.push(format!("Some can be taken back for {time}, the others cannot.")),
        Some(time) => told.push(format!("Each can be taken back for {time}.")),
        None if is_final => told.push(FINAL.to_owned()),
        None => {}
    }
    told
}

/// What happens in how many of them, the most frequent first; of the equally frequent, what happens
/// first.
fn tally(jobs: impl Iterator<Item = Vec<String>>, all: usize) -> String {
    let mut counts = HashMap::new();
    for phrases in jobs {
        let mut seen = HashSet::new();
        for phrase in phrases.into_iter().filter(|phrase| seen.insert(phrase.clone())) {
            let order = counts.len();
            counts.entry(phrase).or_insert((0_usize, order)).0 += 1;
        }
    }
    let mut counts: Vec<_> = counts
        .into_iter()
        .map(|(phrase, (count, order))| (phrase, count, order))
        .collect();
    counts.sort_by_key(|(_, count, order)| (Reverse(*count), *order));
    let rest = counts.len().saturating_sub(TOLD_MAX);
    let told = counts.into_iter().take(TOLD_MAX).map(|(phrase, count, _)| match count {
        _ if all == 1 => phrase,
        count if count == all => format!("{phrase} in each"),
        count => format!("{phrase} in {count}"),
    });
    let rest = (rest > 0).then(|| counted(rest, "other change"));
    let told: Vec<_> = told.chain(rest).collect();
    match told.is_empty() {
        true => "nothing else changes".to_owned(),
        false => told.join(", "),
    }
}

/// The fact as it is after so many stages were let go: each takes a place before the next.
fn behind(fact: &Fact, started: &mut usize) -> Fact {
    let Fact::StageStarts { slots, .. } = fact else {
        return fact.clone();
    };
    let slots = slots.map(|slots| Slots {
        ahead: slots.ahead.saturating_add(*started),
        ..slots
    });
    *started = started.saturating_add(1);
    fact.clone().among(slots)
}

fn phrases(facts: &[Fact]) -> impl Iterator<Item = String> {
    facts.iter().filter_map(|fact| match decided_at_once(facts, fact) {
        Some((stage, _, verdict, by)) => Some(format!("gate {stage} opens and is {verdict} as {by}")),
        None => fact.phrase(),
    })
}

impl Fact {
    /// What of the fact jobs can have in common; none where it goes without saying.
    fn phrase(&self) -> Option<String> {
        Some(match self {
            Self::GateDecided { .. } => return None,
            Self::DecisionRecalled { stage, .. } => format!("the decision on {stage} is taken back"),
            Self::ArtifactChanges { path, cause, .. } => {
                let name = path.file_name();
                match cause {
                    ChangeCause::Patch => format!("{name} is patched"),
                    ChangeCause::Undo => format!("{name} goes back"),
                    ChangeCause::Found => format!("{name} was changed on disk"),
                }
            }
            Self::ParamsChange { .. } => "the parameters change".to_owned(),
            Self::GateOpens { stage, .. } => format!("gate {stage} opens"),
            Self::GateCloses { stage, .. } => format!("gate {stage} closes without a decision"),
            Self::GateStaysOpen { stage, .. } => format!("gate {stage} stays open"),
            Self::TimerStops { stage, .. } => format!("the timer of {stage} stands still"),
            Self::TimerRuns { stage, .. } => format!("the timer of {stage} runs again"),
            Self::TimerMoves { stage, .. } => format!("the timer of {stage} gets more time"),
            Self::TimerEnds { stage, .. } => format!("only a person decides {stage}"),
            Self::StagePasses { stage } => format!("stage {stage} passes"),
            Self::StageStarts {
                stage,
                slots: Some(slots),
                ..
            } if !slots.is_free() => format!("stage {stage} waits for a free slot"),
            Self::StageStarts {
                stage,
                ran_before: false,
                ..
            } => format!("stage {stage} starts"),
            Self::StageHeldUp { stage, path, found, .. } => {
                let what = found.map_or("is missing", |_| "was replaced");
                format!(
                    "stage {stage} does not start and the job pauses: {} {what}",
                    path.file_name()
                )
            }
            Self::StageStarts {
                stage, gets_note: true, ..
            } => format!("stage {stage} runs again with the note"),
            Self::StageStarts { stage, .. } => format!("stage {stage} runs again"),
            Self::StageStops {
                stage,
                is_running: true,
                ..
            } => format!("stage {stage} is stopped"),
            Self::StageStops { stage, .. } => format!("stage {stage} does not start"),
            Self::OutsideGoesOn { .. } => "the pipeline that opened the gate may go on".to_owned(),
            Self::OutsideOpens { stage, .. } => format!("its pipeline is to open {stage}"),
            Self::JobIs { status } => match status {
                JobStatus::Completed => "the job is complete".to_owned(),
                JobStatus::Paused => "the job pauses".to_owned(),
                JobStatus::Canceled => "the job ends canceled".to_owned(),
                JobStatus::Failed => "the job ends failed".to_owned(),
                JobStatus::Queued | JobStatus::Running | JobStatus::NeedsApproval => {
                    format!("the job is {}", status.words())
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StageName;

    fn outlook(facts: Vec<Fact>) -> Outlook {
        Outlook {
            facts,
            resumed: None,
            job_status: JobStatus::Queued,
            job_stage: None,
        }
    }

    fn starts(stage: &str) -> Fact {
        Fact::StageStarts {
            stage: StageName::new(stage).unwrap(),
            attempt: 1,
            gets_note: false,
            comments: 0,
            ran_before: false,
            slots: None,
        }
    }

    fn said(outlooks: &[Outlook]) -> String {
        let jobs: Vec<_> = outlooks.iter().map(|outlook| vec![outlook]).collect();
        together(&jobs).join(" ")
    }

    #[test]
    fn what_jobs_have_in_common_is_counted_and_many_differences_are_bounded() {
        let complete = Fact::JobIs {
            status: JobStatus::Completed,
        };
        let outlooks = [
            outlook(vec![starts("audio")]),
            outlook(vec![starts("audio")]),
            outlook(vec![complete]),
        ];
        assert_eq!(
            said(&outlooks),
            "3 jobs: stage audio starts in 2, the job is complete in 1. Cannot be taken back."
        );
        assert_eq!(said(&outlooks[..2]), "2 jobs: stage audio starts in each.");
        let many: Vec<_> = (0..40)
            .map(|number| outlook(vec![starts(&format!("s{number}"))]))
            .collect();
        assert!(said(&many).ends_with(", 35 other changes."), "{}", said(&many));
        assert!(said(&many).len() < 160);
    }
}
