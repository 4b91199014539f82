//! What a patch would make of a file: its diff, and its effect in words.

use crate::effect::{PatchPreview, PlannedFile};
use diff::summary::is_binary;
use diff::{DiffDocument, Limit};
use patch::running_time;
use sound::AudioFacts;
use text::words::length;

/// Compares the file with what the patch would make of it. Decodes sound: takes as long as that.
pub fn preview(planned: &PlannedFile, limit: Limit<'_>) -> PatchPreview {
    let before = planned.before.as_ref();
    let is_binary = is_binary(&planned.after) || before.is_some_and(|before| is_binary(before));
    if is_binary {
        let before = before.and_then(|before| sound::facts(before).ok());
        let facts = match (before, sound::facts(&planned.after)) {
            (Some(before), Ok(after)) => sound(&before, &after),
            (_, Err(_)) | (None, Ok(_)) => Vec::new(),
        };
        return PatchPreview { document: None, facts };
    }
    let running = |bytes: &[u8]| running_time(&planned.path, bytes);
    let time = before.and_then(|before| running(before)?.change_to(running(&planned.after)?));
    PatchPreview {
        document: Some(DiffDocument::compare(before.cloned(), planned.after.clone(), limit)),
        facts: time.into_iter().collect(),
    }
}

fn sound(before: &AudioFacts, after: &AudioFacts) -> Vec<String> {
    let level = |value: Option<f64>| value.map_or("silence".to_owned(), |value| format!("{value:.1}"));
    let loudness = |value: Option<f64>| value.map_or("unknown".to_owned(), |value| format!("{value:.1}"));
    vec![
        format!("peak {} -> {} dBFS", level(before.peak_dbfs), level(after.peak_dbfs)),
        format!(
            "loudness {} -> {} LUFS",
            loudness(before.loudness_lufs),
            loudness(after.loudness_lufs)
        ),
        format!("length {} -> {}", length(before.duration_s), length(after.duration_s)),
    ]
}
