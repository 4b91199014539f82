//! The script: plain text in sections, made from the outline's order, research's facts and the
//! film's words.

use super::revise::revise;
use super::work::Work;
use super::{DemoError, Film, FilmTone};
use serde_json::Value;

/// Words a speaker says in a second.
pub(crate) const WORDS_PER_SECOND: f64 = 2.6;
/// Below this many seconds for each tip there is no time for facts.
const SECONDS_PER_TIP_WITH_FACT: f64 = 14.0;
/// Words of the opening and the ending, roughly.
const FRAME_S: f64 = 12.0;
const SECONDS_PER_TIP_MIN: f64 = 8.0;

/// A script as its sections, each a marker line and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    /// From the opening to the ending.
    pub(crate) sections: Vec<Section>,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// `**Heading**` or `Tip 1: label`.
    pub(crate) marker: String,
    /// Cue lines in brackets, and what is said.
    pub(crate) lines: Vec<String>,
}

impl Script {
    /// The sections of a script, whoever wrote it; text above the first marker belongs to an
    /// untitled section.
    pub(crate) fn parse(text: &str) -> Script {
        let mut sections: Vec<Section> = Vec::new();
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if is_marker(line) || sections.is_empty() {
                sections.push(Section {
                    marker: line.to_string(),
                    lines: Vec::new(),
                });
            } else if let Some(section) = sections.last_mut() {
                section.lines.push(line.to_string());
            }
        }
        Script { sections }
    }

    /// The text of the file: sections parted by an empty line, no final newline.
    pub(crate) fn text(&self) -> String {
        let sections: Vec<String> = self
            .sections
            .iter()
            .map(|section| {
                let lines = section.lines.iter().map(|line| format!("\n{line}"));
                lines.fold(section.marker.clone(), |text, line| text + &line)
            })
            .collect();
        sections.join("\n\n")
    }
}

impl Section {
    /// Lines that are said, without cues.
    pub(crate) fn spoken(&self) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with('['))
    }

    /// What is seen, without its brackets.
    pub(crate) fn cue(&self) -> Option<&str> {
        let line = self.lines.iter().find(|line| line.starts_with('['))?;
        Some(line.trim_start_matches('[').trim_end_matches(']'))
    }

    /// The heading without its decoration.
    pub(crate) fn title(&self) -> &str {
        self.marker.trim_matches('*')
    }
}

fn is_marker(line: &str) -> bool {
    let bold = line.len() > 4 && line.starts_with("**") && line.ends_with("**");
    let tip = line.strip_prefix("Tip ").and_then(|rest| rest.split_once(':'));
    bold || tip.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    work.step("opening outline and research", 0.3);
    let outline = work.read_text("artifacts/outline/outline.md")?;
    let research = work.read_json("artifacts/research/research.json")?;
    let draft = write(work, &points(&outline), &research);
    work.step(&format!("{} sections drafted", draft.sections.len()), 0.7);
    let draft = if work.env.attempt > 1 {
        let wishes = work.notes.wishes();
        work.step(&format!("revising: {} wishes", wishes.len()), 0.5);
        revise(draft, &wishes, &work.brief.film, &facts(&research))
    } else {
        draft
    };
    work.write("script.txt", draft.text().as_bytes())
}

/// The numbered points of an outline, in their order: an operator who moved or struck one moved or
/// struck it in the film.
fn points(outline: &str) -> Vec<String> {
    let numbered = outline.lines().filter_map(|line| line.split_once(". "));
    numbered
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .map(|(_, label)| label.trim().to_string())
        .collect()
}

/// Findings with the heading of the tip they belong to.
pub(crate) fn facts(research: &Value) -> Vec<(String, String)> {
    let findings = research
        .get("findings")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    findings
        .iter()
        .map(|finding| (text(finding, "supports"), text(finding, "claim")))
        .collect()
}

fn write(work: &Work, points: &[String], research: &Value) -> Script {
    let brief = &work.brief;
    let film = &brief.film;
    let tone = work.notes.tone().unwrap_or(brief.tone);
    let room = ((brief.length_s - FRAME_S) / SECONDS_PER_TIP_MIN).floor().max(1.0) as usize;
    let count = points.len().min(room);
    let with_facts = (brief.length_s - FRAME_S) / count.max(1) as f64 >= SECONDS_PER_TIP_WITH_FACT;
    let facts = facts(research);
    let mut opening = vec!["[fade in, no music yet]".to_string(), film.hook[0].clone()];
    opening.extend(greeting(tone, &brief.audience));
    let mut sections = vec![Section {
        marker: format!("**{}**", film.title),
        lines: opening,
    }];
    for (index, label) in points.iter().take(count).enumerate() {
        let mut lines = tip_lines(film, label);
        if with_facts {
            lines.extend(
                facts
                    .iter()
                    .filter(|(tip, _)| tip == label)
                    .map(|(_, claim)| claim.clone()),
            );
        }
        lines.extend(aside(tone, index));
        sections.push(Section {
            marker: format!("Tip {}: {label}", index + 1),
            lines,
        });
    }
    let ending = vec![
        film.close[0].clone(),
        format!("[end card: {} – for {}]", film.title, brief.audience),
    ];
    sections.push(Section {
        marker: "**Before you go**".to_string(),
        lines: ending,
    });
    Script { sections }
}

fn tip_lines(film: &Film, label: &str) -> Vec<String> {
    match film.tips.iter().find(|tip| tip.label == label) {
        Some(tip) => vec![format!("[cut to: {}]", tip.cue), tip.line.clone()],
        // A point that an operator wrote into the outline; the film has no words of its own for it.
        None => vec![
            "[cut to: speaker]".to_string(),
            format!("{}. Take a moment for this one.", label.trim_end_matches('.')),
        ],
    }
}

fn greeting(tone: FilmTone, audience: &str) -> Option<String> {
    match tone {
        FilmTone::Warm => Some(format!(
            "This is for {audience} – take your time, nobody gets it right the first time."
        )),
        FilmTone::Plain => None,
        FilmTone::Playful => Some(format!("Dear {audience}: no exam at the end. Well – a small one.")),
    }
}

fn aside(tone: FilmTone, index: usize) -> Option<String> {
    let playful = [
        "(Yes, on Mondays too.)",
        "(No medals for this. Only a better evening.)",
        "(We have all done it wrong.)",
    ];
    match tone {
        FilmTone::Warm | FilmTone::Plain => None,
        FilmTone::Playful => playful.get(index).map(|line| line.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_reads_back_as_it_was_written() {
        let text =
            "**Ein Titel – kurz**\n[fade in]\nHello.\n\nTip 1: Find it\n[cut to: x]\nLook.\nAgain.\n\n**End**\nBye.";
        let draft = Script::parse(text);
        assert_eq!(draft.text(), text);
        assert_eq!(draft.sections[1].cue(), Some("cut to: x"));
        assert_eq!(draft.sections[1].spoken().collect::<Vec<_>>(), ["Look.", "Again."]);
    }

    #[test]
    fn only_numbered_lines_of_the_outline_are_points() {
        assert_eq!(
            points("# T\n\nIt costs 3. Or so\n1. One – é\n2. Two\n- no\n"),
            ["One – é", "Two"]
        );
    }
}
