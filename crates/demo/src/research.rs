//! Research: findings for the points of the outline, as JSON.

use super::DemoError;
use super::work::Work;
use serde_json::{Value, json};

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let outline = work.read_text("artifacts/outline/outline.md")?;
    let film = work.brief.film.clone();
    let mut findings = Vec::new();
    for (index, fact) in film.facts.iter().enumerate() {
        let Some(tip) = film.tips.get(fact.tip) else { continue };
        work.step(&format!("looking into: {}", tip.label), 0.3);
        if outline.contains(&tip.label) {
            let id = format!("F{}", index + 1);
            findings
                .push(json!({"id": id, "supports": tip.label, "claim": fact.claim, "source": "S1", "checked": true}));
        }
    }
    let asked: Vec<Value> = work
        .notes
        .texts
        .iter()
        .map(|note| json!({"question": note, "status": "open"}))
        .collect();
    // Notes ask for more than a sample pipeline can know; it says so instead of inventing an
    // answer.
    if work.env.attempt > 1 {
        for finding in &mut findings {
            finding["checked"] = json!(false);
            finding["remark"] = json!("asked about at review; confirm before release");
        }
    }
    let document = json!({
        "topic": film.title,
        "findings": findings,
        "questions": asked,
        "sources": [{"id": "S1", "kind": "sample", "title": "common knowledge, written down for this demo"}],
    });
    work.write_json("research.json", &document)
}
