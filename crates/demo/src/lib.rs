//! The demo: a sample pipeline about short films whose stages make real artifacts from a brief,
//! without a network.
//!
//! ```text
//! outline ─ research ─ script ─ storyboard ─ assets ─ animatics ─ audio ─ assemble ─ acceptance
//! ```
//! Each stage is a command like any other: `holdpoint __demo-stage STAGE`, told about its task by
//! environment variables only. This module knows the layout of `artifacts/` and nothing of gates,
//! the store or the console. The same brief, parameters, notes and attempt give the same bytes.

mod acceptance;
mod animatics;
mod assemble;
mod assets;
mod audio;
mod brief;
mod captions;
mod env;
mod error;
mod film;
mod jobs;
mod notes;
mod outline;
mod outside;
mod research;
mod revise;
mod script;
mod storyboard;
mod tune;
mod voice;
mod work;

#[cfg(test)]
mod pipeline_tests;

use brief::{Brief, FilmTone};
pub use env::StageEnv;
pub use error::DemoError;
use film::Film;
pub use jobs::{DemoJob, OutsideStage, jobs};
use notes::Notes;
pub use outside::{OutsideGate, outside_gate};
use std::path::PathBuf;
use work::{Log, Work};

/// The configuration of the demo, in the format of `conf/operator.yaml`; `{holdpoint}` stands for
/// the running binary.
pub const CONFIG: &str = include_str!("operator.yaml");

/// The stages, in order: those of a pipeline that names none.
pub const STAGES: [&str; 9] = domain::stage::STAGES_DEFAULT;

/// Runs one stage and prints what it does. Returns the paths of the files it wrote, relative to the
/// run directory.
pub fn run_stage(stage: &str, env: &StageEnv) -> Result<Vec<PathBuf>, DemoError> {
    perform(stage, env, work::print_line)
}

fn perform(stage: &str, env: &StageEnv, log: Log) -> Result<Vec<PathBuf>, DemoError> {
    let run = match stage {
        "outline" => outline::run,
        "research" => research::run,
        "script" => script::run,
        "storyboard" => storyboard::run,
        "assets" => assets::run,
        "animatics" => animatics::run,
        "audio" => audio::run,
        "assemble" => assemble::run,
        "acceptance" => acceptance::run,
        _ => {
            return Err(DemoError::UnknownStage {
                stage: stage.to_string(),
            });
        }
    };
    // The stage asked for decides where files go, whatever the environment calls it.
    let env = StageEnv {
        stage: stage.to_string(),
        ..env.clone()
    };
    let mut work = Work::begin(&env, log)?;
    run(&mut work)?;
    Ok(work.finish())
}
