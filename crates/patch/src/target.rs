//! Which artifact a patch is for.

use super::catalog::types;
use super::error::{PatchError, PatchFault};
use super::plan::Patch;
use super::quote::{listed, quote};
use super::type_doc::{Family, TypeDoc};

/// What is known of an artifact without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactFacts<'a> {
    /// Its path under the run directory.
    pub path: &'a str,
    /// Its kind: `script`, `storyboard`, `voiceover`, …
    pub kind: &'a str,
}

/// File name endings that never hold text.
const BINARY_ENDINGS: &[&str] = &[
    "7z", "aac", "aif", "aiff", "avi", "bin", "blend", "bmp", "bz2", "db", "doc", "docx", "exe", "flac", "gif", "glb",
    "gz", "ico", "jpeg", "jpg", "m4a", "mkv", "mov", "mp3", "mp4", "npy", "npz", "ogg", "opus", "otf", "parquet",
    "pdf", "png", "pptx", "psd", "pyc", "so", "sqlite", "tar", "tgz", "tif", "tiff", "ttf", "wav", "webm", "webp",
    "wma", "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
];

/// File name endings of sound.
const AUDIO_ENDINGS: &[&str] = &[
    "aac", "aif", "aiff", "flac", "m4a", "mp3", "ogg", "opus", "wav", "wave", "wma",
];

impl ArtifactFacts<'_> {
    fn ending(&self) -> Option<String> {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
    }

    fn may_be(&self, family: Family) -> bool {
        if self.kind.ends_with("_directory") {
            return false;
        }
        let ending = self.ending();
        match family {
            Family::Text => !ending.is_some_and(|ending| BINARY_ENDINGS.contains(&ending.as_str())),
            Family::Json | Family::Storyboard => ending.as_deref() == Some("json"),
            Family::Audio => {
                self.kind == "voiceover" || ending.is_some_and(|ending| AUDIO_ENDINGS.contains(&ending.as_str()))
            }
            Family::Job => false,
        }
    }
}

/// Whether a file of this name is sound.
pub(super) fn is_named_as_audio(path: &str) -> bool {
    ArtifactFacts { path, kind: "" }.may_be(Family::Audio)
}

/// Whether the path that a patch names means this artifact: the whole path, or its last parts
/// (`script.txt`).
pub(super) fn is_same_artifact(named: &str, path: &str) -> bool {
    path == named || path.strip_suffix(named).is_some_and(|before| before.ends_with('/'))
}

/// The patch types that could apply to this artifact, judged by its name alone.
pub(crate) fn applicable(artifact: ArtifactFacts<'_>) -> Vec<&'static TypeDoc> {
    types().iter().filter(|doc| artifact.may_be(doc.family)).collect()
}

/// The kind of a sidecar under review.
pub const SIDECAR_KIND: &str = "mix";

/// Where the sidecar of an artifact lies: beside it (SPEC §6, `level_adjust`).
pub fn sidecar_path(artifact: &str) -> String {
    format!("{artifact}.mix.json")
}

/// What a patch changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The artifact of this index, or a file beside it.
    Artifact(usize),
    /// The job's parameters.
    Job,
}

/// What the patch is for: the job, or one of a stage's artifacts.
pub fn choose_target(patch: &Patch, artifacts: &[ArtifactFacts<'_>]) -> Result<Target, PatchError> {
    match patch.type_doc().family {
        Family::Job => Ok(Target::Job),
        Family::Text | Family::Json | Family::Storyboard | Family::Audio => {
            choose_artifact(patch, artifacts).map(Target::Artifact)
        }
    }
}

/// Which of a stage's artifacts the patch is for: the one that it names, else the only one that it
/// could apply to. Returns the index.
pub(crate) fn choose_artifact(patch: &Patch, artifacts: &[ArtifactFacts<'_>]) -> Result<usize, PatchError> {
    let doc = patch.type_doc();
    let all = || {
        artifacts
            .iter()
            .map(|artifact| artifact.path.to_owned())
            .collect::<Vec<_>>()
    };
    if let Some(named) = patch.artifact() {
        let exact = artifacts.iter().position(|artifact| artifact.path == named);
        let similar: Vec<usize> = indices(artifacts, |artifact| is_same_artifact(named, artifact.path));
        let index = match (exact, similar.as_slice()) {
            (Some(index), _) => index,
            (None, [index]) => *index,
            (None, []) => {
                return Err(refused(format!("this stage has no artifact {}", quote(named)), all()));
            }
            (None, several) => {
                return Err(refused(
                    format!("{} names several artifacts", quote(named)),
                    paths(artifacts, several),
                ));
            }
        };
        return match artifacts.get(index) {
            Some(artifact) if artifact.may_be(doc.family) => Ok(index),
            Some(_) | None => Err(PatchError::new(
                PatchFault::Target,
                format!("{} is for {}; {} is not that", doc.name, doc.applies_to, quote(named)),
            )
            .at_field("artifact")),
        };
    }
    let mut fitting = indices(artifacts, |artifact| artifact.may_be(doc.family));
    if doc.family == Family::Storyboard && fitting.len() > 1 {
        // Captions and acceptance reports are JSON too: what calls itself a storyboard goes first.
        let named: Vec<usize> = indices(artifacts, |artifact| {
            artifact.may_be(doc.family) && artifact.kind == "storyboard"
        });
        if !named.is_empty() {
            fitting = named;
        }
    }
    match fitting.as_slice() {
        [index] => Ok(*index),
        [] => Err(PatchError::new(
            PatchFault::Target,
            format!(
                "{} is for {}; this stage has {}",
                doc.name,
                doc.applies_to,
                listed(&all())
            ),
        )),
        several => Err(refused(
            format!("{} could apply to {} artifacts of this stage", doc.name, several.len()),
            paths(artifacts, several),
        )),
    }
}

fn indices(artifacts: &[ArtifactFacts<'_>], fits: impl Fn(&ArtifactFacts<'_>) -> bool) -> Vec<usize> {
    artifacts
        .iter()
        .enumerate()
        .filter(|(_, artifact)| fits(artifact))
        .map(|(index, _)| index)
        .collect()
}

fn paths(artifacts: &[ArtifactFacts<'_>], which: &[usize]) -> Vec<String> {
    which
        .iter()
        .filter_map(|index| artifacts.get(*index))
        .map(|artifact| artifact.path.to_owned())
        .collect()
}

fn refused(message: String, candidates: Vec<String>) -> PatchError {
    PatchError::new(PatchFault::Target, message)
        .at_field("artifact")
        .with_hint(format!("set \"artifact\" to one of {}", listed(&candidates)))
        .with_candidates(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn artifact(path: &'static str, kind: &'static str) -> ArtifactFacts<'static> {
        ArtifactFacts { path, kind }
    }

    const SCRIPT: ArtifactFacts<'_> = artifact("artifacts/script/script.txt", "script");
    const CAPTIONS: ArtifactFacts<'_> = artifact("artifacts/script/captions.srt", "captions");
    const BOARD: ArtifactFacts<'_> = artifact("artifacts/storyboard/storyboard.json", "storyboard");
    const REPORT: ArtifactFacts<'_> = artifact("artifacts/storyboard/report.json", "acceptance_report");
    const VOICE: ArtifactFacts<'_> = artifact("artifacts/audio/voice.MP3", "voiceover");
    const FRAMES: ArtifactFacts<'_> = artifact("artifacts/animatics/frames", "animatics_directory");

    fn text(artifact: Option<&str>) -> Patch {
        let mut value = serde_json::json!({"type": "text_replace", "replacements": [{"old": "a", "new": "b"}]});
        if let Some(path) = artifact {
            value["artifact"] = path.into();
        }
        Patch::from_value(value).unwrap()
    }

    fn duration() -> Patch {
        Patch::from_value(
            serde_json::json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "a", "duration": 1}]}),
        )
        .unwrap()
    }

    #[test]
    fn the_only_artifact_that_fits_is_taken() {
        assert_eq!(choose_artifact(&text(None), &[VOICE, SCRIPT, FRAMES]), Ok(1));
        assert_eq!(choose_artifact(&duration(), &[SCRIPT, BOARD]), Ok(1));
        assert_eq!(choose_artifact(&duration(), &[REPORT, BOARD]), Ok(1));
        assert_eq!(choose_artifact(&duration(), &[REPORT]), Ok(0));
    }

    #[test]
    fn several_are_refused_with_the_candidates_until_one_is_named() {
        let error = choose_artifact(&text(None), &[SCRIPT, VOICE, CAPTIONS]).unwrap_err();
        assert_eq!(error.message, "text_replace could apply to 2 artifacts of this stage");
        assert_eq!(*error.candidates, [SCRIPT.path.to_owned(), CAPTIONS.path.to_owned()]);
        assert_eq!(choose_artifact(&text(Some("captions.srt")), &[SCRIPT, CAPTIONS]), Ok(1));
        assert_eq!(choose_artifact(&text(Some(SCRIPT.path)), &[SCRIPT, CAPTIONS]), Ok(0));
        let error = choose_artifact(&text(Some("ript.txt")), &[SCRIPT]).unwrap_err();
        assert_eq!(error.message, "this stage has no artifact `ript.txt`");
        let twin = artifact("artifacts/assets/script.txt", "notes");
        assert_eq!(
            choose_artifact(&text(Some("script.txt")), &[SCRIPT, twin])
                .unwrap_err()
                .candidates
                .len(),
            2
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(
            choose_artifact(&text(None), &[VOICE]).unwrap_err().message,
            "text_replace is for text; this stage has artifacts/audio/voice.MP3"
        );
        assert!(choose_artifact(&text(Some("voice.MP3")), &[VOICE]).is_err());
        assert!(
            choose_artifact(&text(None), &[])
                .unwrap_err()
                .message
                .ends_with("this stage has none")
        );
        for (artifact, fitting) in [
            (
                BOARD,
                &[
                    "text_replace",
                    "section_replace",
                    "unified_diff",
                    "duration_adjust",
                    "asset_substitute",
                    "json_patch",
                    "merge_patch",
                ][..],
            ),
            (SCRIPT, &["text_replace", "section_replace", "unified_diff"]),
            (VOICE, &["level_adjust"]),
            (FRAMES, &[]),
        ] {
            let names: Vec<&str> = applicable(artifact).iter().map(|doc| doc.name).collect();
            assert_eq!(names, fitting, "{}", artifact.path);
        }
    }
}
