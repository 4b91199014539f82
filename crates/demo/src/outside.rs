//! What another pipeline hands in at a gate: artifacts made by the very same stage commands, in a
//! directory of their own.

use super::{DemoError, DemoJob, OutsideStage, STAGES, StageEnv, perform};
use std::path::{Path, PathBuf};

/// What `gate open` needs.
#[derive(Debug, Clone)]
pub struct OutsideGate {
    /// Stage of the gate.
    pub stage: &'static str,
    /// Kind and path of each artifact.
    pub artifacts: Vec<(&'static str, PathBuf)>,
    /// The version that went out before, to compare with.
    pub base: Option<PathBuf>,
}

/// What the other pipeline was told after its first draft.
const NOTE: &str = "The opening is slow. Tip 2 needs more detail. Mention that dogs stay on the lead near the pools.";

/// Makes the artifacts of such a job in `folder`, without waiting; None for a job that holdpoint
/// runs itself.
pub fn outside_gate(job: &DemoJob, folder: &Path) -> Result<Option<OutsideGate>, DemoError> {
    let Some(outside) = job.outside else { return Ok(None) };
    let last = match outside {
        OutsideStage::RevisedScript => "script",
        OutsideStage::Audio => "audio",
    };
    let mut env = StageEnv {
        job_id: job.slug.clone(),
        stage: String::new(),
        attempt: 1,
        run_dir: folder.to_path_buf(),
        params: job.params.clone(),
        notes: None,
        patch: None,
    };
    env.params.insert("brief".to_string(), job.intent.clone().into());
    env.params.insert("pace".to_string(), 0.into());
    for stage in STAGES {
        env.stage = stage.to_string();
        perform(stage, &env, |_| ())?;
        if stage == last {
            break;
        }
    }
    let made = |path: &str| folder.join("artifacts").join(last).join(path);
    Ok(Some(match outside {
        OutsideStage::RevisedScript => {
            let base = made("script.v1.txt");
            std::fs::rename(made("script.txt"), &base).map_err(DemoError::file("rename", &base))?;
            env.attempt = 2;
            env.notes = Some(NOTE.to_string());
            perform(last, &env, |_| ())?;
            OutsideGate {
                stage: "script",
                artifacts: vec![("script", made("script.txt"))],
                base: Some(base),
            }
        }
        OutsideStage::Audio => OutsideGate {
            stage: "audio",
            artifacts: vec![
                ("voiceover", made("voiceover.mp3")),
                ("guide_track", made("guide.wav")),
                ("captions", made("captions.srt")),
            ],
            base: None,
        },
    }))
}
