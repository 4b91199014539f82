//! What a holdpoint on another machine asks: the engine's questions and commands as they are, and
//! news. The shapes are the engine's own (`engine::far`); the other routes are for everybody else.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Sse};
use futures_util::future::join_all;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::answer::{self, Answered, ApiError};
use crate::app::{App, Asker, PATIENCE};
use crate::auth::Caller;
use crate::body::Document;
use crate::follow::unbuffered;
use crate::news::News;
use crate::params::QueryParams;
use domain::ids::JobId;
use domain::operator::{Surface, TokenRole};
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;
use engine::client::{Caller as EngineCaller, SubmittedAs};
use engine::far::{AskedDoc, CommandsDoc, OutcomeDoc, SessionDoc, SubmittedDoc, TOGETHER_MAX, ToldDoc, job_of};
use engine::questions;
use remote::SESSION;
use text::words::duration;

/// The longest name of a session, in bytes.
const SESSION_BYTES_MAX: usize = 200;

/// The longest name of a submission, in bytes.
pub(crate) const SUBMISSION_BYTES_MAX: usize = 200;

/// So many bytes of answers are not made more: what was asked behind them is asked again.
const ANSWERS_BYTES: usize = 8 * 1024 * 1024;

/// Who asks from elsewhere: the token's name, through this front end, in a session of their own. A
/// session that cannot be told from others is refused: leases would be another's.
pub(crate) fn caller(caller: &Caller, headers: &HeaderMap, surface: Surface) -> Result<EngineCaller, ApiError> {
    let mut operator = caller.operator.clone();
    operator.via.surface = surface;
    let session = session_name(caller, headers)?;
    Ok(EngineCaller {
        operator,
        ..caller.in_session(Some(session))
    })
}

/// What the leases of this client are known by: clients of one token that do not name themselves are
/// one.
pub(crate) fn session_name(caller: &Caller, headers: &HeaderMap) -> Result<String, ApiError> {
    let session = headers.get(SESSION).map_or(Ok(""), |session| session.to_str());
    let session = session.ok().filter(|session| session.len() <= SESSION_BYTES_MAX);
    let session = session.ok_or_else(|| {
        let msg = format!("Input should be at most {SESSION_BYTES_MAX} bytes of visible ASCII");
        ApiError::fault("session", vec!["header".into(), SESSION.into()], msg, &Value::Null)
    })?;
    // Nobody takes over another's leases by a name, in which there is no line feed.
    Ok(format!("{}\n{session}", caller.operator.name))
}

/// The front ends that another machine has.
fn surface(asked: &QueryParams) -> Result<Surface, ApiError> {
    let known = [Surface::Console, Surface::Cli];
    let words = known.map(Surface::as_str);
    let parse = |word: &str| known.into_iter().find(|surface| surface.as_str() == word);
    Ok(asked.word("surface", &words, parse)?.unwrap_or(Surface::Cli))
}

pub(crate) async fn session_of(
    app: &App,
    by: EngineCaller,
    expires: Option<Timestamp>,
) -> Result<SessionDoc, ApiError> {
    let newest = app.read(app.engine.last_events(None, 1)).await?;
    let newest = newest.last().map_or(0, |event| event.seq);
    Ok(SessionDoc::of(&app.engine, by, expires, app.clock.now(), newest))
}

/// Who the caller is to this server, what its clocks say, and the rules that it goes by.
#[utoipa::path(get, path = "/session", tag = "other machines",
    params(("surface" = Option<String>, Query, description = "`console` or `cli`")),
    responses((status = 200, description = "The session", body = serde_json::Value)))]
pub(crate) async fn session(Asker { app, caller: by, .. }: Asker, headers: HeaderMap, asked: QueryParams) -> Answered {
    let expires = by.expires;
    let by = caller(&by, &headers, surface(&asked)?)?;
    Ok(answer::ok(&session_of(&app, by, expires).await?))
}

/// Questions of a holdpoint on another machine, each answered in its place: `[{"ask": NAME, "of": …}]`, at most 100. Where answers are
/// large or take long, only the first of them come; the rest is to be asked again. With `has`, which names the answer that the asker has, the next one
/// is told in pieces of that.
#[utoipa::path(post, path = "/questions", tag = "other machines",
    request_body = serde_json::Value,
    responses((status = 200, description = "`[{\"answer\": …} | {\"pieces\": …} | {\"refused\": …}]`, not more than were asked", body = serde_json::Value)))]
pub(crate) async fn ask(
    Asker { app, caller: by, .. }: Asker,
    headers: HeaderMap,
    Document(asked, _place): Document<Vec<AskedDoc>>,
) -> Answered {
    refuse_many(asked.len())?;
    let asker = caller(&by, &headers, Surface::Console)?;
    let answers = asked.iter().map(async |AskedDoc { ask, of, .. }| {
        by.rights.allow_role(&by.operator.name, questions::role(ask))?;
        questions::answer_named(&app.engine, asker.clone(), ask, of).await
    });
    // The reader answers one after the other: whoever waits for it waits here, without an answer
    // that is held.
    let turn = app.answering_place(&by.operator.name).await?;
    let answered = the_first_of(answers).await;
    refuse_not_now(&answered)?;
    let session = asker.session.as_deref().unwrap_or_default();
    let told = answered.into_iter().zip(&asked).map(|(told, asked)| match told {
        Ok(answer) => app.told.told(session, asked, answer),
        Err(refusal) => ToldDoc::Refused(refusal),
    });
    let told = serde_json::to_vec(&told.collect::<Vec<_>>());
    drop(turn);
    let told = told.map_err(|error| ApiError::unavailable(format!("the answer cannot be written: {error}")))?;
    let place = app.answer_place(told.len() as u64)?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, answer::in_pieces(told.into(), place)).into_response())
}

/// What one question came to.
type Told = Result<Box<RawValue>, Refusal>;

/// The answers in their order, as many as are made in time and are not too large together: one at
/// least, be it that it takes too long.
async fn the_first_of(answers: impl Iterator<Item = impl Future<Output = Told>>) -> Vec<Told> {
    let (until, mut bytes, mut told) = (Instant::now() + PATIENCE, 0, Vec::new());
    for answer in answers {
        match timeout_at(until, answer).await {
            Ok(answer) => {
                bytes += answer.as_ref().map_or(0, |answer| answer.get().len());
                told.push(answer);
            }
            Err(_) if told.is_empty() => {
                let message = format!("no answer within {}", duration(PATIENCE.as_secs()));
                told.push(Err(Refusal::not_possible(message)));
                break;
            }
            Err(_) => break,
        }
        if bytes > ANSWERS_BYTES {
            break;
        }
    }
    told
}

/// Commands of a holdpoint on another machine, done in their order, each once under the name of its submission: at most 100. What a
/// command needs beside the role pipeline is refused in its place.
#[utoipa::path(post, path = "/commands", tag = "other machines",
    request_body = serde_json::Value,
    responses((status = 200, description = "`[{\"done\": …} | {\"pieces\": …} | {\"refused\": …}]`", body = serde_json::Value)))]
pub(crate) async fn command(
    Asker { app, caller: by, .. }: Asker,
    headers: HeaderMap,
    Document(asked, _place): Document<CommandsDoc>,
) -> Answered {
    refuse_many(asked.commands.len())?;
    let surface = match asked.surface {
        surface @ (Surface::Console | Surface::Cli) => surface,
        Surface::Http | Surface::File | Surface::Timer => Surface::Http,
    };
    let caller = caller(&by, &headers, surface)?;
    let hand_over = |submitted: SubmittedDoc| {
        let command = submitted.command()?;
        if submitted.submission.len() > SUBMISSION_BYTES_MAX {
            return Err(Refusal::invalid("the name of the submission is too long"));
        }
        let caller = caller.clone();
        let submission = SubmittedAs::new(submitted.submission, submitted.command.get().as_bytes());
        app.engine.hand_over(caller, Some(&submission), command)
    };
    count_new_jobs(&app, &caller, &asked.commands).await?;
    // All are handed over before any is waited for: they go into one transaction.
    let (mut handed, mut jobs) = (Vec::new(), Vec::new());
    for submitted in asked.commands {
        let has = submitted.has.clone();
        jobs.push(has.and_then(|has| job_of(&submitted.command().ok()?, Some(has))));
        match hand_over(submitted) {
            // Nothing behind it is done before it. All of them are sent again, each under its name.
            Err(refusal) if refusal.code == RefusalCode::NotNow => return Err(refusal.into()),
            one => handed.push(one),
        }
    }
    let done = join_all(handed.into_iter().map(async |one| match one {
        Ok(done) => done.await,
        Err(refusal) => Err(refusal),
    }));
    let done = done.await;
    refuse_not_now(&done)?;
    let session = caller.session.as_deref().unwrap_or_default();
    let outcomes = done.into_iter().map(OutcomeDoc::from).zip(jobs);
    let outcomes: Vec<_> = outcomes
        .map(|(done, job)| app.told.outcome(session, job, done))
        .collect();
    Ok(answer::ok(&outcomes))
}

/// What of a command says whether it makes a job: the rest, which may be large, is passed over.
#[derive(Deserialize)]
struct MakesJob {
    start_job: Option<IgnoredAny>,
    open_gate: Option<GateOfJob>,
}

#[derive(Deserialize)]
struct GateOfJob {
    job_id: JobId,
}

/// Counts the jobs that these make. One that was done before makes none: whoever did not hear of it
/// asks again.
async fn count_new_jobs(app: &App, by: &EngineCaller, commands: &[SubmittedDoc]) -> Result<(), ApiError> {
    let name = &by.operator.name;
    if by.rights.allow_role(name, TokenRole::Pipeline).is_err() {
        return Ok(());
    }
    for SubmittedDoc {
        submission, command, ..
    } in commands
    {
        // What cannot be read is refused in its place.
        let Ok(MakesJob { start_job, open_gate }) = serde_json::from_str(command.get()) else {
            continue;
        };
        if start_job.is_none() && open_gate.is_none() {
            continue;
        }
        let known = app.engine.find_submitted(Some(by.clone()), submission);
        if app.read(known).await?.is_some() {
            continue;
        }
        match open_gate {
            Some(GateOfJob { job_id }) => app.count_job_of_gate(name, &job_id).await?,
            None => app.rates.new_job(name)?,
        }
    }
    Ok(())
}

/// Whoever asks asks again where one of several found nobody: its answer is not known.
fn refuse_not_now<T>(answered: &[Result<T, Refusal>]) -> Result<(), ApiError> {
    let refusals = answered.iter().filter_map(|one| one.as_ref().err());
    match refusals.into_iter().find(|refusal| refusal.code == RefusalCode::NotNow) {
        Some(refusal) => Err(refusal.clone().into()),
        None => Ok(()),
    }
}

fn refuse_many(count: usize) -> Result<(), ApiError> {
    if count <= TOGETHER_MAX {
        return Ok(());
    }
    let refusal =
        Refusal::invalid(format!("{count} at once are too many")).with_hint(format!("at most {TOGETHER_MAX}"));
    Err(refusal.into())
}

/// News of all jobs for a holdpoint on another machine, as server-sent events of these types: `events`, `changed`, `session`,
/// `trouble`, `alive` every 5 s, `closing`. `since`: events after this one come first.
#[utoipa::path(get, path = "/news/stream", tag = "other machines",
    params(
        ("since" = Option<u32>, Query, description = "The newest event that is known"),
        ("surface" = Option<String>, Query, description = "`console` or `cli`"),
    ),
    responses((status = 200, description = "News", content_type = "text/event-stream", body = String)))]
pub(crate) async fn news(Asker { app, caller: by, .. }: Asker, headers: HeaderMap, asked: QueryParams) -> Answered {
    let place = app.long_place()?;
    let session = caller(&by, &headers, surface(&asked)?)?;
    let since = asked.value("since", "int_parsing", |text| {
        text.parse::<u64>().map_err(|_| "Input should be an event's number")
    })?;
    let since = match since {
        Some(since) => since.min(i64::MAX.unsigned_abs()),
        None => session_of(&app, session.clone(), by.expires).await?.newest,
    };
    let news = News::new(Arc::clone(&app), by, session, since, place);
    Ok(unbuffered(Sse::new(news.into_stream()).into_response()))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use super::*;

    type Answer = Pin<Box<dyn Future<Output = Told>>>;

    fn of(bytes: usize) -> Answer {
        let text = RawValue::from_string(format!("\"{}\"", "a".repeat(bytes)));
        Box::pin(std::future::ready(Ok(text.unwrap())))
    }

    fn never() -> Answer {
        Box::pin(std::future::pending())
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_takes_too_long_is_refused_and_keeps_no_other_from_its_answer() {
        let told = the_first_of([of(1), never(), of(1)].into_iter()).await;
        assert!(matches!(told[..], [Ok(_)]), "{told:?}");
        // Asked again it comes first.
        let told = the_first_of([never(), of(1)].into_iter()).await;
        let [Err(refusal)] = &told[..] else { panic!("{told:?}") };
        assert_eq!(refusal.message, "no answer within 0:30");
    }

    #[tokio::test]
    async fn large_answers_come_in_several_requests() {
        let told = the_first_of([of(1), of(ANSWERS_BYTES), of(1)].into_iter()).await;
        assert_eq!(told.len(), 2);
    }
}
