//! Whether what a preview said is what then happened: claims read from its sentences and facts, and
//! claims read from the rows before and after, by someone who knows nothing of the rules nor of
//! their changes.

use std::collections::BTreeSet;

use domain::gate::{Gate, GateState};
use domain::job::{Attempt, AttemptState, JobRows, JobStatus};
use domain::outlook::{Fact, Outlook};
use domain::policy::OnTimeout;
use domain::time::Timestamp;
use serde_json::Value;

/// What differs between a preview and what then happened; empty when it told the truth, and all of
/// it.
pub fn lies(outlook: &Outlook, before: &JobRows, after: &JobRows) -> Vec<String> {
    let happened = happened(before, after);
    let mut lies = Vec::new();
    compare(
        "facts",
        &outlook.facts.iter().filter(is_in_the_rows).map(claimed).collect(),
        &happened,
        &mut lies,
    );
    let mut said = Outlook {
        resumed: None,
        ..outlook.clone()
    }
    .sentences();
    let is_recallable = said
        .pop_if(|last| last.starts_with("It can be taken back for "))
        .is_some();
    let is_final = said.pop_if(|last| last == "Cannot be taken back.").is_some();
    let ended = after.job.status != before.job.status && after.job.status.is_ended();
    let settled = |claim: &String| claim.starts_with("decided") || claim.starts_with("closed");
    if is_final != (!is_recallable && (ended || happened.iter().any(settled))) {
        lies.push(format!("said to be final: {is_final}"));
    }
    let words: BTreeSet<_> = said.iter().flat_map(|sentence| heard(sentence)).collect();
    // What goes without saying: the decision that is asked about, on a gate that was open before.
    let goes_without = |claim: &&String| {
        let decided = claim.strip_prefix("decided ");
        let gate = decided.map(|decided| decided.split(' ').take(2).collect::<Vec<_>>().join(" "));
        gate.is_some_and(|gate| {
            !happened
                .iter()
                .any(|claim| claim.starts_with(&format!("opened {gate} ")))
        })
    };
    let worth_saying = happened
        .iter()
        .filter(|claim| !goes_without(claim))
        .map(|claim| plain(claim))
        .collect();
    compare("sentences", &words, &worth_saying, &mut lies);
    let now = (after.job.status, after.job.stage.clone());
    if (outlook.job_status, outlook.job_stage.clone()) != now {
        lies.push(format!(
            "the job is {now:?}, not {:?} {:?}",
            outlook.job_status, outlook.job_stage
        ));
    }
    lies
}

/// What a preview said of timers' times that is not what the rows then held, read at the moment of
/// the preview.
pub fn timer_lies(facts: &[Fact], after: &JobRows, now: Timestamp) -> Vec<String> {
    let lie = |fact: &Fact| {
        let (stage, attempt) = match fact {
            Fact::TimerStops { stage, attempt, .. }
            | Fact::TimerRuns { stage, attempt, .. }
            | Fact::TimerMoves { stage, attempt, .. } => (stage, *attempt),
            _ => return None,
        };
        let gate = after
            .gate(stage, attempt)
            .filter(|gate| gate.state == GateState::Open)?;
        let timer = gate.timer.as_ref().filter(|timer| timer.overdue_since.is_none())?;
        // Time that begins to run is whole seconds, where one that is begun counts.
        let left_from = |at: Timestamp| timer.deadline.us_since(at).max(0).unsigned_abs().div_ceil(1_000_000);
        let bound_us = i64::try_from(gate.policy.max_hold_s).unwrap() * 1_000_000 - timer.added_us;
        let (said, is) = match (fact, timer.stopped_at) {
            (Fact::TimerStops { until, left_s, .. }, Some(at)) => (
                (Some(*until), *left_s),
                (Some(at.plus_us(bound_us.max(0))), left_from(at)),
            ),
            // What somebody's open prompt goes on stopping has no time yet at which it runs.
            (Fact::TimerRuns { .. }, Some(_)) => return None,
            (Fact::TimerRuns { left_s, .. } | Fact::TimerMoves { left_s, .. }, at) => {
                ((None, *left_s), (None, left_from(at.unwrap_or(now))))
            }
            _ => return Some(format!("{fact:?}, and nothing stopped it")),
        };
        (said != is).then(|| format!("{fact:?}: said {said:?}, is {is:?}"))
    };
    facts.iter().filter_map(lie).collect()
}

/// How far a deadline is from now is not in the rows: see [`timer_lies`].
fn is_in_the_rows(fact: &&Fact) -> bool {
    !matches!(fact, Fact::TimerMoves { .. })
}

/// What a resume was said to do, and what it then did.
pub fn lies_of_resume(facts: &[Fact], before: &JobRows, after: &JobRows) -> Vec<String> {
    let mut lies = Vec::new();
    compare(
        "facts of the resume",
        &facts.iter().map(claimed).collect(),
        &happened(before, after),
        &mut lies,
    );
    lies
}

fn compare(what: &str, said: &BTreeSet<String>, happened: &BTreeSet<String>, lies: &mut Vec<String>) {
    lies.extend(
        said.difference(happened)
            .map(|claim| format!("{what}: said and not happened: {claim}")),
    );
    lies.extend(
        happened
            .difference(said)
            .map(|claim| format!("{what}: happened and not said: {claim}")),
    );
}

fn what(approved: bool) -> &'static str {
    if approved { "approval" } else { "rejection" }
}

/// A claim as sentences make it: digests in short, values as people write them, no gate's deadline
/// in figures.
fn plain(claim: &str) -> String {
    claim.split(" | ").next().unwrap_or(claim).to_owned()
}

/// A fact as a claim; what stands behind `|` is in no sentence.
fn claimed(fact: &Fact) -> String {
    match fact {
        Fact::ArtifactChanges { path, from, to, .. } => {
            let short =
                |digest: &Option<domain::ids::Digest>| digest.map_or("none".to_owned(), |digest| digest.short());
            format!(
                "artifact {} {} {} | {path} {from:?} {to:?}",
                path.file_name(),
                short(from),
                short(to)
            )
        }
        Fact::ParamsChange { set, removed } => params(set.iter(), removed.iter()),
        Fact::GateOpens {
            stage,
            attempt,
            after_s,
            on_timeout,
            because: _,
            stage_ran: _,
        } => format!("opened {stage} #{attempt} | {after_s:?} {on_timeout:?}"),
        Fact::GateDecided {
            stage,
            attempt,
            approved,
            by,
            recall_s: _,
        } => format!("decided {stage} #{attempt} {approved} {by}"),
        Fact::DecisionRecalled {
            stage,
            attempt,
            approved,
            by,
        } => format!("recalled {} of {stage} #{attempt} by {by}", what(*approved)),
        Fact::GateCloses { stage, attempt } => format!("closed {stage} #{attempt}"),
        Fact::GateStaysOpen { stage, attempt, digest } => {
            format!("stays {} | {stage} #{attempt} {digest}", digest.short())
        }
        Fact::TimerStops { stage, attempt, .. } => format!("timer held | {stage} #{attempt}"),
        Fact::TimerRuns { stage, attempt, .. } => format!("timer released | {stage} #{attempt}"),
        Fact::TimerMoves { stage, attempt, .. } => format!("timer moved | {stage} #{attempt}"),
        Fact::TimerEnds { stage, attempt, .. } => format!("timer ended | {stage} #{attempt}"),
        Fact::StagePasses { stage } => format!("passed {stage}"),
        Fact::StageStarts {
            stage,
            attempt,
            gets_note,
            comments: _,
            ran_before: _,
            slots: _,
        } => format!(
            "starts {stage} #{attempt}{}",
            if *gets_note { " with the note" } else { "" }
        ),
        Fact::StageHeldUp { stage, attempt, .. } => format!("held up {stage} #{attempt}"),
        Fact::StageStops {
            stage,
            attempt,
            is_running,
        } => format!("stops {stage} #{attempt} {is_running}"),
        Fact::OutsideGoesOn { stage } => format!("outside goes on | behind {stage}"),
        Fact::OutsideOpens { stage, attempt } => format!("outside opens {stage} #{attempt}"),
        Fact::JobIs { status } => format!("job {}", status.as_str()),
    }
}

fn params<'p>(set: impl Iterator<Item = (&'p String, &'p Value)>, removed: impl Iterator<Item = &'p String>) -> String {
    let set = set.map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)));
    let all: Vec<_> = set.chain(removed.map(|name| format!("without {name}"))).collect();
    format!("params {}", all.join(", "))
}

/// What a sentence claims. A sentence that nobody here understands is a claim that never happened.
fn heard(sentence: &str) -> Vec<String> {
    let inner = |before: &str, after: &str| sentence.strip_prefix(before)?.strip_suffix(after);
    let last = |text: &str| text.rsplit(' ').next().unwrap_or_default().to_owned();
    // Whether at once or when a slot is free is seen later.
    let (start, note) = match sentence.strip_suffix("; its command gets the note.") {
        Some(start) => (start, " with the note"),
        None => (sentence.strip_suffix('.').unwrap_or(sentence), ""),
    };
    if let Some(stage) = start.strip_prefix("Then stage ") {
        let first = stage.strip_suffix(" starts").map(|stage| (stage, "#1"));
        let later = || stage.split_once(" starts as ");
        let waits = || stage.split_once(" waits for a free slot: ")?.0.split_once(' ');
        if let Some((stage, attempt)) = first.or_else(later).or_else(waits) {
            return vec![format!("starts {stage} {attempt}{note}")];
        }
    }
    if let Some((stage, attempt)) = start
        .strip_prefix("Stage ")
        .and_then(|rest| rest.split_once(" runs again as "))
    {
        return vec![format!("starts {stage} {attempt}{note}")];
    }
    if let Some((stage, _)) = inner("Stage ", "; the job pauses.").and_then(|rest| rest.split_once(" does not start: "))
    {
        let (stage, attempt) = stage.split_once(' ').unwrap_or((stage, "#1"));
        return vec![format!("held up {stage} {attempt}")];
    }
    for (before, after, claim) in [
        ("Stage ", " passes: it has no command and no gate.", "passed @"),
        ("Stage ", " is stopped.", "stops @ true"),
        ("Stage ", " does not start.", "stops @ false"),
        ("Gate ", " closes without a decision.", "closed @"),
        (
            "The timer stands still for everybody until it is released, ",
            ".",
            "timer held",
        ),
        ("The gate stays open; its digest is then ", ".", "stays @"),
        ("The parameters of the job change: ", ".", "params @"),
        ("The job waits for its pipeline to open ", ".", "outside opens @"),
        ("The ", " is taken back: nothing comes of it.", "recalled @"),
    ] {
        if let Some(inner) = inner(before, after) {
            return vec![claim.replace('@', inner)];
        }
    }
    if let Some((gate, rest)) = inner("Gate ", " does not run.").and_then(|rest| rest.split_once(" opens and is ")) {
        let (verdict, rest) = rest.split_once(" as ").unwrap();
        let by = rest.split(';').next().unwrap();
        return vec![
            format!("opened {gate}"),
            format!("decided {gate} {} {by}", verdict == "approved"),
        ];
    }
    if let Some((gate, _)) = inner("Then gate ", ".").and_then(|rest| rest.split_once(" opens: ")) {
        return vec![format!("opened {gate}")];
    }
    if let Some((gate, _)) = inner("Gate ", ".").and_then(|rest| rest.split_once(" opens on what lies there: ")) {
        return vec![format!("opened {gate}")];
    }
    if inner("The time left: ", ".").is_some() {
        return Vec::new();
    }
    if sentence.contains("The timer runs again with ") {
        return vec!["timer released".to_owned()];
    }
    let whole = [
        ("Then the pipeline that opened the gate may go on.", "outside goes on"),
        ("Then the job is complete.", "job completed"),
        ("The job pauses.", "job paused"),
        ("The job ends: it is canceled.", "job canceled"),
    ];
    if let Some((_, claim)) = whole.iter().find(|(known, _)| *known == sentence) {
        return vec![(*claim).to_owned()];
    }
    for middle in [" is patched: ", " goes back: ", " was changed on disk: "] {
        if let Some((name, versions)) = inner("", ".").and_then(|rest| rest.split_once(middle)) {
            let claim = match (versions.split_once(" -> "), versions.strip_prefix("new, ")) {
                (Some((from, to)), _) => format!("{from} {to}"),
                (None, Some(to)) => format!("none {to}"),
                (None, None) => format!(
                    "{} none",
                    versions.strip_suffix(" is removed").unwrap_or(&last(versions))
                ),
            };
            return vec![format!("artifact {name} {claim}")];
        }
    }
    vec![format!("(nobody understands) {sentence}")]
}

/// What happened, by the rows alone.
fn happened(before: &JobRows, after: &JobRows) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    artifacts(before, after, &mut all);
    let removed = before
        .job
        .params
        .keys()
        .filter(|name| !after.job.params.contains_key(*name));
    if before.job.params != after.job.params {
        let set = after
            .job
            .params
            .iter()
            .filter(|(name, value)| before.job.params.get(*name) != Some(value));
        all.insert(params(set, removed));
    }
    attempts(before, after, &mut all);
    gates(before, after, &mut all);
    passed(before, after, &mut all);
    let status = after.job.status;
    let is_held_up = all.iter().any(|claim| claim.starts_with("held up "));
    if status != before.job.status && (status.is_ended() || status == JobStatus::Paused && !is_held_up) {
        all.insert(format!("job {}", status.as_str()));
    }
    let is_opened = after.gates.len() > before.gates.len();
    let is_resumed =
        before.job.status == JobStatus::Paused && !status.is_ended() && status != JobStatus::Paused && !is_opened;
    if let (true, true, Some(stage)) = (after.job.is_manual, is_resumed, &after.job.stage) {
        all.insert(format!("outside opens {stage} #{}", after.next_attempt(stage)));
    }
    all
}

fn artifacts(before: &JobRows, after: &JobRows, all: &mut BTreeSet<String>) {
    let paths: BTreeSet<_> = before
        .artifacts
        .iter()
        .chain(&after.artifacts)
        .map(|one| one.path.clone())
        .collect();
    for path in paths {
        let (from, to) = (before.registered(&path), after.registered(&path));
        let is_of_patch = || {
            let mut reviewed = after.gates.iter().flat_map(|gate| &gate.artifacts);
            reviewed.any(|artifact| artifact.path == path && !artifact.patches.is_empty())
        };
        // What was rejected and is not among what is approved now is of no concern any more.
        let is_unnamed = || {
            let mut approved = after.gates.iter().filter(|gate| gate.state == GateState::Approved);
            let stage = before
                .artifacts
                .iter()
                .find(|one| one.path == path)
                .map(|one| &one.stage);
            approved.any(|gate| Some(&gate.key.stage) == stage && gate.artifacts.iter().all(|one| one.path != path))
        };
        // The first version of what a bare stage shows belongs to its gate, that opens.
        if from != to && !(to.is_none() && is_unnamed()) && (from.is_some() || is_of_patch()) {
            let short = |digest: Option<domain::ids::Digest>| digest.map_or("none".to_owned(), |digest| digest.short());
            all.insert(format!(
                "artifact {} {} {} | {path} {from:?} {to:?}",
                path.file_name(),
                short(from),
                short(to)
            ));
        }
    }
}

fn attempts(before: &JobRows, after: &JobRows, all: &mut BTreeSet<String>) {
    for attempt in &after.attempts {
        let was = before.attempt(&attempt.stage, attempt.number).map(|one| one.state);
        let Attempt { stage, number, .. } = attempt;
        let is_held_up = after.job.status == JobStatus::Paused && after.job.stage.as_ref() == Some(stage);
        let is_let_go = before.job.status == JobStatus::Paused && after.job.status == JobStatus::Queued;
        match attempt.state {
            AttemptState::Queued if was != Some(AttemptState::Queued) && is_held_up => {
                all.insert(format!("held up {stage} #{number}"));
            }
            AttemptState::Queued if was != Some(AttemptState::Queued) || is_let_go => {
                // A first attempt answers to no note.
                let note = if attempt.notes.is_some() { " with the note" } else { "" };
                all.insert(format!("starts {stage} #{number}{note}"));
            }
            AttemptState::Canceled if was != Some(AttemptState::Canceled) => {
                all.insert(format!(
                    "stops {stage} #{number} {}",
                    was == Some(AttemptState::Running)
                ));
            }
            _ => {}
        }
    }
}

fn gates(before: &JobRows, after: &JobRows, all: &mut BTreeSet<String>) {
    for gate in &after.gates {
        let was = before.gate(&gate.key.stage, gate.key.attempt);
        let name = format!("{} #{}", gate.key.stage, gate.key.attempt);
        if was.is_none() {
            let timer = gate.timer.as_ref();
            let after_s = timer.and(gate.policy.auto_approve_after_s);
            // Nobody was shown a gate that has just opened, and no call of it reached anybody.
            let doubts = (gate.policy.unseen, gate.policy.nobody_reached);
            let on_timeout = timer.map(|timer| match (timer.on_timeout, doubts) {
                (OnTimeout::Approve, (OnTimeout::Approve, unreached)) => unreached,
                (OnTimeout::Approve, (OnTimeout::Reject, OnTimeout::Hold)) => OnTimeout::Hold,
                (OnTimeout::Approve, (unseen, _)) => unseen,
                (agreed, _) => agreed,
            });
            all.insert(format!("opened {name} | {after_s:?} {on_timeout:?}"));
        }
        let was_open = was.is_none_or(|was| was.state == GateState::Open);
        match gate.state {
            GateState::Open => {
                if was.is_some_and(|was| was.digest() != gate.digest()) {
                    all.insert(format!("stays {} | {name} {}", gate.digest().short(), gate.digest()));
                }
                let is_held = |gate: &Gate| gate.timer.as_ref().is_some_and(|timer| timer.hold.is_some());
                match (was.is_some_and(is_held), is_held(gate)) {
                    (false, true) => all.insert(format!("timer held | {name}")),
                    (true, false) => all.insert(format!("timer released | {name}")),
                    (true, true) | (false, false) => false,
                };
            }
            GateState::Approved | GateState::Rejected if was_open => {
                let by = &gate.settled.as_ref().unwrap().by;
                all.insert(format!("decided {name} {} {by}", gate.state == GateState::Approved));
                if after.job.is_manual && gate.state == GateState::Approved {
                    all.insert(format!("outside goes on | behind {}", gate.key.stage));
                }
            }
            GateState::Recalled => {
                let was = was.filter(|was| was.state != GateState::Recalled);
                all.extend(was.map(|was| {
                    let by = &was.settled.as_ref().unwrap().by;
                    format!("recalled {} of {name} by {by}", what(was.state == GateState::Approved))
                }));
            }
            GateState::Canceled if was_open => {
                all.insert(format!("closed {name}"));
            }
            _ => {}
        }
    }
}

/// Bare stages that the job went over: those between the stage it was at and the stage it is at
/// now.
fn passed(before: &JobRows, after: &JobRows, all: &mut BTreeSet<String>) {
    if after.job.is_manual || after.job.stage == before.job.stage {
        return;
    }
    let place = |rows: &JobRows| {
        let stage = rows.job.stage.as_ref()?;
        rows.job.stages.iter().position(|spec| spec.name == *stage)
    };
    let from = place(before).map_or(0, |place| place + 1);
    let to = match after.job.status {
        JobStatus::Completed => after.job.stages.len(),
        _ => place(after).unwrap_or(from),
    };
    for spec in &after.job.stages[from..to.max(from)] {
        all.insert(format!("passed {}", spec.name));
    }
}
