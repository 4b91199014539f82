//! The animatics: a timing sheet that says when each scene begins, moves and ends.

use super::DemoError;
use super::storyboard::{self, Scene};
use super::tune;
use super::work::Work;
use serde_json::{Value, json};

/// Where the sheet is written.
pub(crate) const PATH: &str = "artifacts/animatics/timing.json";
/// A patched sheet or storyboard may ask for more sound than anybody wants to hear, or memory to
/// hold.
const GUIDE_S_MAX: f64 = 60.0;

/// How much faster than the film the guide track runs, as the sheet says; between 0.1 and 100 000.
pub(crate) fn guide_speed(work: &Work) -> Result<f64, DemoError> {
    let speed = work.read_json(PATH)?.get("guide_speed").and_then(Value::as_f64);
    let speed = speed.filter(|speed| (0.1..=100_000.0).contains(speed));
    speed.ok_or_else(|| DemoError::artifact(PATH, "guide_speed is not a number from 0.1 to 100000"))
}

/// The same, refused when the track of these scenes would be longer than [`GUIDE_S_MAX`].
pub(crate) fn playable_speed(work: &Work, scenes: &[Scene]) -> Result<f64, DemoError> {
    let speed = guide_speed(work)?;
    let guide_s = scenes
        .iter()
        .map(|scene| scene.duration_ms as f64 / 1_000.0)
        .sum::<f64>()
        / speed;
    if guide_s <= GUIDE_S_MAX {
        return Ok(speed);
    }
    Err(DemoError::artifact(
        PATH,
        format!("the guide track would have {guide_s:.0} s, more than {GUIDE_S_MAX:.0}"),
    ))
}

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let scenes = storyboard::scenes(work)?;
    // An asset that was renamed or never drawn must stop the film here and not on the day of
    // release.
    let index = work.read_json(super::assets::INDEX_PATH)?;
    let assets = index.get("assets").and_then(Value::as_array).map_or(0, Vec::len);
    work.step(&format!("{} scenes, {assets} assets", scenes.len()), 0.3);
    let easings = ["ease-in-out", "linear", "ease-out"];
    let first = if work.notes.speak_of(&["calm", "calmer", "smooth", "smoother", "gentle"]) {
        2
    } else {
        0
    };
    let mut at_ms = 0;
    let mut sheet = Vec::new();
    for (number, scene) in scenes.iter().enumerate() {
        work.step(&format!("timing {}", scene.id), 0.15);
        let easing = easings[(number + first + work.env.attempt as usize) % easings.len()];
        sheet.push(row(scene, at_ms, easing));
        at_ms += scene.duration_ms;
    }
    work.write_json(
        "timing.json",
        &json!({"total_ms": at_ms, "guide_speed": tune::guide_speed(at_ms), "moves": sheet}),
    )
}

fn row(scene: &Scene, at_ms: u64, easing: &str) -> Value {
    let end_ms = at_ms + scene.duration_ms;
    json!({"scene": scene.id, "from_ms": at_ms, "to_ms": end_ms, "move": easing, "rest_ms": scene.duration_ms / 5})
}
