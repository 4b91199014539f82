//! The outline: what the film must do and the points it makes, in Markdown.

use super::notes::{Passage, Wish};
use super::work::Work;
use super::{DemoError, FilmTone};

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    work.step("opening the brief", 0.3);
    let brief = &work.brief;
    let mut points: Vec<String> = brief.film.tips.iter().map(|tip| tip.label.clone()).collect();
    let mut opening = brief.film.hook[0].clone();
    let mut must_say = Vec::new();
    let wishes = if work.env.attempt > 1 {
        work.notes.wishes()
    } else {
        Vec::new()
    };
    for wish in &wishes {
        match wish {
            Wish::Mention(words) => must_say.push(words.clone()),
            Wish::Remove(words) => points.retain(|point| !point.to_lowercase().contains(&words.to_lowercase())),
            Wish::Replace(old, new) => {
                for point in &mut points {
                    *point = point.replace(old, new);
                }
            }
            Wish::Reword(Passage::Opening) => opening = brief.film.hook[1].clone(),
            Wish::Shorten(_) => points.truncate(points.len().saturating_sub(1).max(1)),
            Wish::Reword(Passage::Ending | Passage::Tip(_) | Passage::Anywhere) | Wish::Extend(_) => {
                points.rotate_left(1)
            }
        }
    }
    if work.env.attempt > 1 && wishes.is_empty() {
        // Nobody said what was wrong, so the order is the first thing to try.
        points.rotate_left(1);
    }
    work.step(&format!("{} points in order", points.len()), 0.4);
    let text = render(work, &opening, &points, &must_say);
    work.write("outline.md", text.as_bytes())
}

fn render(work: &Work, opening: &str, points: &[String], must_say: &[String]) -> String {
    let brief = &work.brief;
    let tone = match brief.tone {
        FilmTone::Warm => "warm: encourage, never lecture",
        FilmTone::Plain => "plain: only what matters",
        FilmTone::Playful => "playful: an aside now and then",
    };
    let mut text = format!("# {}\n\n{}.\n\n", brief.film.title, brief.intent.trim_end_matches('.'));
    text += &format!(
        "- For: {}\n- Length: about {} s\n- Tone: {tone}\n\n",
        brief.audience, brief.length_s
    );
    text += &format!("## Opening\n\n{opening}\n\n## Points\n\n");
    for (index, point) in points.iter().enumerate() {
        text += &format!("{}. {point}\n", index + 1);
    }
    if !must_say.is_empty() {
        text += "\n## Must be said\n\n";
        for words in must_say {
            text += &format!("- {words}\n");
        }
    }
    text + "\n## Ending\n\nOne thing to do today, and the end card.\n"
}
