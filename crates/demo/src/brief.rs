//! The task of a stage, settled: which film, in what tone, how long, for whom.
//!
//! Parameters of the demo (all optional): `tone` warm | plain | playful, `length_s` 20 to 180,
//! `audience` free text; `pace` 0 to 60 stretches the waiting, 0 switches it off. `brief` overrides
//! the job's intent, `film` its slug.

use super::{DemoError, Film, StageEnv};
use serde_json::{Map, Value};

/// How the film talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilmTone {
    /// Encouraging.
    Warm,
    /// Only what matters.
    Plain,
    /// With asides.
    Playful,
}

/// The settled task.
#[derive(Debug, Clone)]
pub(crate) struct Brief {
    /// The matter.
    pub(crate) film: Film,
    /// What the film is for.
    pub(crate) intent: String,
    /// How it talks.
    pub(crate) tone: FilmTone,
    /// Wanted length in seconds.
    pub(crate) length_s: f64,
    /// Whom it talks to.
    pub(crate) audience: String,
    /// Factor of all waiting; 0 waits never.
    pub(crate) pace: f64,
}

impl Brief {
    /// Settles the task from the parameters; what they do not say is taken from the job
    /// (`state.json`), then from the film.
    pub(crate) fn settle(env: &StageEnv) -> Result<Self, DemoError> {
        let params = &env.params;
        let job = read_job(env);
        let from_job = |key: &str| job.get(key).and_then(Value::as_str).map(str::to_string);
        let slug = text(params, "film")?
            .or_else(|| from_job("slug"))
            .unwrap_or_else(|| env.job_id.clone());
        let intent = text(params, "brief")?.or_else(|| from_job("intent"));
        let sample = Film::samples()?.into_iter().find(|film| film.slug == slug);
        let film = sample.unwrap_or_else(|| Film::imagined(&slug, intent.as_deref().unwrap_or_default()));
        let tone = text(params, "tone")?.unwrap_or_else(|| film.tone.clone());
        Ok(Brief {
            tone: match tone.as_str() {
                "warm" => FilmTone::Warm,
                "plain" => FilmTone::Plain,
                "playful" => FilmTone::Playful,
                other => return Err(unfit("tone", &Value::from(other), "warm, plain or playful")),
            },
            length_s: number(params, "length_s", 20.0..=180.0, "a number of seconds from 20 to 180")?
                .unwrap_or(film.length_s),
            audience: text(params, "audience")?.unwrap_or_else(|| film.audience.clone()),
            pace: number(params, "pace", 0.0..=60.0, "a number from 0 to 60")?.unwrap_or(1.0),
            intent: intent.unwrap_or_else(|| film.intent.clone()),
            film,
        })
    }
}

/// The job's own record. It is not there when a stage is tried by hand, and then the parameters
/// must do.
fn read_job(env: &StageEnv) -> Map<String, Value> {
    let text = std::fs::read_to_string(env.run_dir.join("state.json")).unwrap_or_default();
    let state: Value = serde_json::from_str(&text).unwrap_or_default();
    let job = state.get("job").unwrap_or(&state);
    job.as_object().cloned().unwrap_or_default()
}

fn unfit(name: &'static str, found: &Value, expected: &'static str) -> DemoError {
    DemoError::Param {
        name,
        found: found.to_string(),
        expected,
    }
}

fn text(params: &Map<String, Value>, name: &'static str) -> Result<Option<String>, DemoError> {
    match params.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
        Some(found) => Err(unfit(name, found, "a text")),
    }
}

fn number(
    params: &Map<String, Value>,
    name: &'static str,
    range: std::ops::RangeInclusive<f64>,
    expected: &'static str,
) -> Result<Option<f64>, DemoError> {
    // `--param length_s=40` arrives as a text, a params patch as a number: both are meant alike.
    let value = match params.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
    };
    let found = params.get(name).unwrap_or(&Value::Null);
    value
        .filter(|value| range.contains(value))
        .map(Some)
        .ok_or_else(|| unfit(name, found, expected))
}
