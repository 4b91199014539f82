//! The assets: three drawings in the film's colours and an index that names them with their
//! digests.

use super::DemoError;
use super::work::Work;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Where the index is written.
pub(crate) const INDEX_PATH: &str = "artifacts/assets/index.json";

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let storyboard = work.read_json(super::storyboard::PATH)?;
    let palette = palette(work);
    let title = storyboard
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or(&work.brief.film.title)
        .to_string();
    let drawings = [
        ("ground.svg", ground(&palette)),
        ("figure.svg", figure(&palette, work.brief.film.slug.len())),
        ("title.svg", title_card(&palette, &title)),
    ];
    let mut entries = Vec::new();
    for (name, drawing) in drawings {
        work.step(&format!("drawing {name}"), 0.3);
        work.write(name, drawing.as_bytes())?;
        let scenes = used_in(&storyboard, name);
        entries.push(
            json!({"asset": name, "media_type": "image/svg+xml", "size_bytes": drawing.len(),
            "sha256": digest(drawing.as_bytes()), "used_in": scenes}),
        );
    }
    // The index comes last: whoever sees it sees all that it names.
    work.write_json("index.json", &json!({"palette": palette, "assets": entries}))
}

/// The film's colours; every further attempt leads with another of them.
fn palette(work: &Work) -> [String; 3] {
    let mut palette = work.brief.film.palette.clone();
    if work
        .notes
        .speak_of(&["darker", "dark", "bright", "brighter", "light", "lighter", "contrast"])
    {
        palette.reverse();
    } else if work.env.attempt > 1 {
        palette.rotate_left((work.env.attempt as usize - 1) % 3);
    }
    palette
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn used_in(storyboard: &Value, asset: &str) -> Vec<String> {
    let scenes = storyboard
        .get("scenes")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let uses = |scene: &&Value| {
        let layers = scene
            .get("layers")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        layers
            .iter()
            .any(|layer| layer.get("asset").and_then(Value::as_str) == Some(asset))
    };
    scenes
        .iter()
        .filter(uses)
        .filter_map(|scene| Some(scene.get("id")?.as_str()?.to_string()))
        .collect()
}

fn svg(body: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1280 720\">\n{body}</svg>\n")
}

fn ground([dark, _, accent]: &[String; 3]) -> String {
    svg(&format!(
        "  <rect width=\"1280\" height=\"720\" fill=\"{dark}\"/>\n  \
         <path d=\"M0 560 Q320 500 640 560 T1280 560 V720 H0 Z\" fill=\"{accent}\" opacity=\"0.6\"/>\n"
    ))
}

fn figure([_, light, accent]: &[String; 3], petals: usize) -> String {
    let petals = petals.clamp(5, 24);
    let petal = |index: usize| {
        let angle = 360.0 * index as f64 / petals as f64;
        format!(
            "  <ellipse cx=\"640\" cy=\"250\" rx=\"26\" ry=\"90\" fill=\"{light}\" transform=\"rotate({angle:.1} 640 360)\"/>\n"
        )
    };
    let petals: String = (0..petals).map(petal).collect();
    svg(&format!(
        "{petals}  <circle cx=\"640\" cy=\"360\" r=\"70\" fill=\"{accent}\"/>\n"
    ))
}

fn title_card([dark, light, _]: &[String; 3], title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    svg(&format!(
        "  <rect width=\"1280\" height=\"720\" fill=\"{dark}\"/>\n  \
         <text x=\"640\" y=\"380\" fill=\"{light}\" font-size=\"56\" font-family=\"serif\" text-anchor=\"middle\">{title}</text>\n"
    ))
}
