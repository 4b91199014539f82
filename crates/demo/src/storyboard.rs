//! The storyboard: one scene for every section of the script, with times, as JSON without a final
//! newline.

use super::DemoError;
use super::notes::Wish;
use super::script::{Script, Section, WORDS_PER_SECOND};
use super::work::Work;
use serde_json::{Value, json};

/// Where it is written.
pub(crate) const PATH: &str = "artifacts/storyboard/storyboard.json";
/// Times are whole frames at 25 frames a second.
const FRAME_MS: f64 = 40.0;
const SCENE_MS_MIN: f64 = 2_000.0;
/// How long an end card stands when nothing says so.
pub(crate) const END_CARD_MS: u64 = 2_000;

/// One scene as later stages need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) id: String,
    /// What is said.
    pub(crate) text: String,
    /// How long, in milliseconds; an end card without a duration counts [`END_CARD_MS`].
    pub(crate) duration_ms: u64,
}

/// The scenes of the storyboard as it is on disk now, whoever patched it.
pub(crate) fn scenes(work: &Work) -> Result<Vec<Scene>, DemoError> {
    let document = work.read_json(PATH)?;
    let wrong = |reason: &str| DemoError::artifact(PATH, reason);
    let scenes = document
        .get("scenes")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("has no list named scenes"))?;
    if scenes.is_empty() {
        return Err(wrong("scenes is empty"));
    }
    scenes
        .iter()
        .map(|scene| read_scene(scene).ok_or_else(|| wrong("a scene has no id, or a duration that is not a time")))
        .collect()
}

fn read_scene(scene: &Value) -> Option<Scene> {
    let duration_ms = match scene.get("duration_ms") {
        None => END_CARD_MS,
        Some(value) => value
            .as_f64()
            .filter(|duration| (1.0..=86_400_000.0).contains(duration))?
            .round() as u64,
    };
    let text = scene
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string();
    Some(Scene {
        id: scene.get("id")?.as_str()?.to_string(),
        text,
        duration_ms,
    })
}

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let script = Script::parse(&work.read_text("artifacts/script/script.txt")?);
    if script.sections.is_empty() {
        return Err(DemoError::artifact(
            "artifacts/script/script.txt",
            "has no sections to draw",
        ));
    }
    let wishes = if work.env.attempt > 1 {
        work.notes.wishes()
    } else {
        Vec::new()
    };
    let mut stretch = 1.0;
    for wish in &wishes {
        stretch *= match wish {
            Wish::Shorten(_) => 0.85,
            Wish::Extend(_) => 1.15,
            Wish::Reword(_) | Wish::Mention(_) | Wish::Replace(..) | Wish::Remove(_) => 1.0,
        };
    }
    // The speaker talks faster or slower to meet the length that was ordered, as far as a speaker
    // can.
    let spoken_s: f64 = script
        .sections
        .iter()
        .map(|section| words(section) / WORDS_PER_SECOND)
        .sum();
    let ordered_s = work.brief.length_s - END_CARD_MS as f64 / 1_000.0;
    stretch *= (ordered_s / spoken_s.max(1.0)).clamp(0.85, 1.6);
    let mut scenes = Vec::new();
    for (index, section) in script.sections.iter().enumerate() {
        work.step(&format!("drawing scene {}: {}", index + 1, section.title()), 0.2);
        scenes.push(scene(work, index, section, stretch));
    }
    let total_ms: u64 = scenes
        .iter()
        .filter_map(|scene| scene.get("duration_ms").and_then(Value::as_u64))
        .sum();
    scenes.push(
        json!({"id": format!("s{:02}-end-card", scenes.len() + 1), "shot": "end card", "hold": true,
        "layers": [{"element_id": "title", "asset": "title.svg", "x": 306.0, "y": 172.5}]}),
    );
    let document = json!({
        "title": work.brief.film.title,
        "version": work.env.attempt,
        "fps": 25.0,
        "frame": {"width": 1280, "height": 720},
        "total_duration_ms": total_ms + END_CARD_MS,
        "scenes": scenes,
        "x-review": work.notes.texts,
    });
    work.write_json("storyboard.json", &document)
}

fn words(section: &Section) -> f64 {
    section.spoken().flat_map(str::split_whitespace).count() as f64
}

fn scene(work: &Work, index: usize, section: &Section, stretch: f64) -> Value {
    let text = section.spoken().collect::<Vec<_>>().join(" ");
    let raw_ms = (words(section) / WORDS_PER_SECOND * 1_000.0 * stretch).max(SCENE_MS_MIN);
    let duration_ms = ((raw_ms / FRAME_MS).round() * FRAME_MS) as u64;
    // Each new attempt tries other shots, because somebody did not like the first ones.
    let shots = ["wide", "medium", "close", "from above"];
    let shot = shots[(index * 3 + work.env.attempt as usize) % shots.len()];
    let start_x = 306.0 - 42.5 * (index % 3) as f64;
    json!({
        "id": format!("s{:02}-{}", index + 1, short_name(section.title())),
        "section": section.title(),
        "shot": shot,
        "picture": section.cue().unwrap_or("speaker"),
        "text": text,
        "duration_ms": duration_ms,
        "layers": [
            {"element_id": "ground", "asset": "ground.svg", "x": 0.0, "y": 0.0},
            {"element_id": "figure", "asset": "figure.svg", "x": start_x, "y": 172.5,
             "keyframes": [{"at_ms": 0, "x": start_x}, {"at_ms": duration_ms / 2, "x": start_x + 118.0}]},
        ],
    })
}

/// The first words of a heading, fit for an id.
fn short_name(title: &str) -> String {
    let title = title.split_once(": ").map_or(title, |(_, label)| label);
    let words = title
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(3);
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}
