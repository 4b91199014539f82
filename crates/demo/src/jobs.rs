//! The jobs that `holdpoint demo` starts.

use super::{DemoError, Film};
use serde_json::{Map, Value, json};

/// One job to start.
#[derive(Debug, Clone)]
pub struct DemoJob {
    pub slug: String,
    pub intent: String,
    /// Its parameters.
    pub params: Map<String, Value>,
    /// A stage at which another pipeline asks for release; None for a job that holdpoint runs
    /// itself.
    pub outside: Option<OutsideStage>,
}

/// A gate that is opened from outside, on a manual job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutsideStage {
    /// A second draft of a script, with the first one as its base: a diff to read from the first
    /// second.
    RevisedScript,
    /// Sound and captions.
    Audio,
}

/// How fast each job works and who runs it. Different paces spread the jobs over the stages by
/// themselves, without decisions that nobody took.
const ROLES: [(f64, Option<OutsideStage>); 7] = [
    (1.0, None),
    (1.4, None),
    (4.0, None),
    (1.0, Some(OutsideStage::RevisedScript)),
    (9.0, None),
    (1.0, Some(OutsideStage::Audio)),
    (18.0, None),
];

/// The jobs, in the order in which they are to be started.
pub fn jobs() -> Result<Vec<DemoJob>, DemoError> {
    let films = Film::samples()?;
    Ok(films
        .into_iter()
        .zip(ROLES)
        .map(|(film, (pace, outside))| job(film, pace, outside))
        .collect())
}

fn job(film: Film, pace: f64, outside: Option<OutsideStage>) -> DemoJob {
    let mut params = Map::new();
    params.insert("film".to_string(), Value::from(film.slug.clone()));
    params.insert("tone".to_string(), Value::from(film.tone));
    params.insert("length_s".to_string(), json!(film.length_s as u64));
    params.insert("audience".to_string(), Value::from(film.audience));
    if pace != 1.0 {
        params.insert("pace".to_string(), json!(pace));
    }
    DemoJob {
        slug: film.slug,
        intent: film.intent,
        params,
        outside,
    }
}
