//! Asks the rules what Enter would do, as long as a prompt is open that can be confirmed: with the
//! very commands that Enter sends, and again whenever something has happened to their jobs. No
//! sentence about the future is made here.

use std::collections::{BTreeMap, HashMap};

use super::{act, gate, prompt};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::lease::concerned;
use crate::facts::{enter, verb};
use crate::model::Model;
use crate::model::preview::{Foreseen, JobPreview, PreviewRequest};
use crate::prompt::bulk;
use crate::update::outcome::said_hint;
use crate::update::outgoing::{refuse, tell};
use domain::ask::Command;
use domain::event::{Event, EventType};
use domain::gate::NOTES_BYTES_MAX;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::outlook::Outlook;
use domain::refusal::{Refusal, RefusalCode};

use crate::question::{Question, Read};

/// The note that goes with each command of the prompt.
fn note(model: &Model) -> Option<&Editor> {
    model.ask()?.note().map(|note| &note.editor)
}

/// What Enter would send now, with no more of the note than that there is one: no other letter of
/// it is part of an answer.
fn gists(model: &Model) -> Vec<Command> {
    let gist = note(model).filter(|note| !note.is_blank()).map(|_| String::new());
    model.ask().map_or_else(Vec::new, |ask| ask.commands(model, gist))
}

/// Those of one job as Enter would send them.
fn whole(model: &Model, gists: &[Command]) -> Vec<Command> {
    let words = note(model).and_then(Editor::words);
    let mut commands = gists.to_vec();
    for command in &mut commands {
        if let Command::Decide { notes: Some(notes), .. } = command {
            *notes = words.clone().unwrap_or_default();
        }
    }
    commands
}

/// The commands of each job, jobs and commands in their order.
fn by_job(commands: Vec<Command>) -> Vec<(JobId, Vec<Command>)> {
    let mut places = HashMap::new();
    let mut jobs: Vec<(JobId, Vec<Command>)> = Vec::new();
    for command in commands {
        let Some(job_id) = command.job_id().cloned() else {
            continue;
        };
        let place = *places.entry(job_id.clone()).or_insert(jobs.len());
        match jobs.get_mut(place) {
            Some((_, of_job)) => of_job.push(command),
            None => jobs.push((job_id, vec![command])),
        }
    }
    jobs
}

/// Whether an answer to the former may stand until the latter is answered: a length of time is a
/// question of its own.
fn is_like(former: &[Command], now: &[Command]) -> bool {
    let is_like =
        |(former, now): (&Command, &Command)| former.gate() == now.gate() && !matches!(now, Command::Extend { .. });
    former.len() == now.len() && former.iter().zip(now).all(is_like)
}

/// The questions of now, each with what is known already.
fn align(model: &mut Model, jobs: Vec<(JobId, Vec<Command>)>) {
    let known = &model.preview.jobs;
    // Most messages change none of the questions, so the known ones are kept.
    let is_known = |((job_id, commands), known): (&(JobId, Vec<Command>), &JobPreview)| {
        known.job_id == *job_id && known.commands == *commands
    };
    if jobs.len() == known.len() && jobs.iter().zip(known).all(is_known) {
        return;
    }
    let former = std::mem::take(&mut model.preview.jobs).into_iter();
    let mut former: BTreeMap<_, _> = former.map(|question| (question.job_id.clone(), question)).collect();
    let question = |(job_id, commands): (JobId, Vec<Command>)| match former.remove(&job_id) {
        Some(known) if known.commands == commands => known,
        Some(known) if is_like(&known.commands, &commands) => JobPreview {
            commands,
            is_stale: true,
            ..known
        },
        Some(_) | None => JobPreview {
            job_id,
            commands,
            is_stale: false,
            is_awaited: false,
            answers: None,
        },
    };
    model.preview.jobs = jobs.into_iter().map(question).collect();
}

/// Asks where there is something to ask. One question at a time: what happens meanwhile is asked
/// after it.
pub(crate) fn refresh(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.prompt.is_none() {
        model.preview = Foreseen::default();
        return;
    }
    // A note that is too long is refused before anything is sent.
    if note(model)
        .and_then(Editor::words)
        .is_some_and(|words| words.len() > NOTES_BYTES_MAX)
    {
        return;
    }
    align(model, by_job(gists(model)));
    if model.preview.asked.is_some() {
        return;
    }
    let is_open = |question: &&mut JobPreview| question.is_stale || question.answers.is_none();
    let Some(question) = model.preview.jobs.iter_mut().find(is_open) else {
        return;
    };
    question.is_stale = false;
    let (job_id, gist) = (question.job_id.clone(), question.commands.clone());
    let commands = whole(model, &gist);
    let number = model.outgoing.next_number();
    model.preview.asked = Some(PreviewRequest { number, job_id, gist });
    fx.push(Effect::Ask(Question::Preview(number, commands)));
}

/// Something has happened, to some jobs or to what holds for all: what was answered may not be so
/// any more.
pub(crate) fn outdate(model: &mut Model, events: Option<&[Event]>) {
    let is_bulk = model.ask().is_some_and(|ask| ask.listed() > 0);
    // The lease that this console took with a question is nothing that a decision depends on.
    let leases: Vec<_> = model.outgoing.leases.keys().cloned().collect();
    let is_own = |event: &Event| {
        let says = |key: &str| event.payload.get(key).and_then(serde_json::Value::as_str);
        let is_lease = event.kind == EventType::GateHeld && says("kind") == Some("lease");
        let is_here = |key: &GateKey| key.job_id == event.job_id && Some(&key.stage) == event.stage.as_ref();
        is_lease && says("by") == Some(&model.session.operator.name) && leases.iter().any(is_here)
    };
    for question in &mut model.preview.jobs {
        let decides = question
            .commands
            .iter()
            .all(|one| matches!(one, Command::Decide { .. }));
        let is_of = |event: &Event| event.job_id == question.job_id && !(decides && is_own(event));
        if events.is_none_or(|events| events.iter().any(is_of)) {
            question.is_stale = true;
            // That it would be refused is no more than what was so: whoever had the gate open may
            // have left it. A bulk has the others.
            let is_refused = question.answers.iter().flatten().any(Result::is_err);
            question.answers.take_if(|_| is_refused && !is_bulk);
        }
    }
}

/// The answers as they are read: a second less until the same minute is nothing new.
fn said(answers: &[Result<Outlook, Refusal>]) -> Vec<Result<Vec<String>, Refusal>> {
    let said = |answer: &Result<Outlook, Refusal>| answer.as_ref().map(Outlook::sentences).map_err(Clone::clone);
    answers.iter().map(said).collect()
}

/// Takes an answer. Where it is not what stood there, Enter waits until somebody could read it.
pub(crate) fn answered(
    model: &mut Model,
    number: u64,
    foreseen: Read<Vec<Result<Outlook, Refusal>>>,
    fx: &mut Vec<Effect>,
) {
    let Some(asked) = model.preview.asked.take_if(|asked| asked.number == number) else {
        return;
    };
    let mut questions = model.preview.jobs.iter_mut();
    let Some(question) = questions.find(|one| one.job_id == asked.job_id && one.commands == asked.gist) else {
        return;
    };
    let unread = |why| vec![Err(Refusal::new(RefusalCode::NotPossible, why)); asked.gist.len()];
    let answers = Some(foreseen.unwrap_or_else(unread));
    let is_news = question.answers.as_deref().map(said) != answers.as_deref().map(said);
    let is_other = is_news && question.answers.is_some();
    question.answers = answers;
    question.is_awaited &= question.is_stale;
    bulk::recheck(model);
    if let Some(refusal) = closing(model) {
        return close(model, &refusal);
    }
    model.preview.has_stood = true;
    if is_news {
        model.ask_again();
        let is_enter_waiting = std::mem::take(&mut model.preview.is_enter_waiting);
        let enter = enter::key(model);
        if is_other && model.ask_mut().is_some_and(|ask| ask.ask_anew()) {
            tell(
                model,
                format!("What {enter} would do has changed: read it, then type the answer anew"),
            );
        } else if is_enter_waiting {
            tell(
                model,
                format!("What {enter} would do has changed: read it, then press {enter}"),
            );
        }
    } else if model.preview.is_enter_due() {
        model.preview.is_enter_waiting = false;
        let focus = model.focus();
        match verb::applies(model, focus, Action::Accept) {
            true => prompt::carry_out(model, fx),
            // Enter is passed on, and its handler says why it does nothing.
            false => act::act(model, focus, Action::Accept, fx),
        }
    }
}

/// Whether it is about a gate's being open elsewhere: it can be taken over in the prompt itself.
fn is_of_colleague(model: &Model, refusal: &Refusal) -> bool {
    let is_it = |key: &GateKey| refusal.place.as_deref() == Some(key.to_string().as_str());
    refusal.code == RefusalCode::NotPossible && concerned(model).keys().any(is_it)
}

/// What was refused so that nothing is asked any more.
fn closing(model: &Model) -> Option<Refusal> {
    let refusal = model.preview.refusal()?;
    let closes = model.ask()?.closes_on(model, refusal, is_of_colleague(model, refusal));
    closes.then(|| refusal.clone())
}

fn close(model: &mut Model, refusal: &Refusal) {
    let what = model.ask().map_or("Not done", |ask| ask.not_done());
    let hint = match refusal.code == RefusalCode::ContextChanged {
        true => Some(said_hint()),
        false => refusal.hint.clone(),
    };
    let has_stood = model.preview.has_stood;
    let ask = model.ask_mut().filter(|_| has_stood);
    // It stood there and could be confirmed: what became of it is said in its place.
    if !ask.is_some_and(|ask| ask.refuse(&refusal.message, hint.as_deref())) {
        model.prompt = None;
    }
    model.preview = Foreseen::default();
    refuse(model, what, &refusal.message, hint.as_deref().unwrap_or_default());
    if refusal.code == RefusalCode::ArtifactChanged {
        gate::show_moved(model);
    }
}
