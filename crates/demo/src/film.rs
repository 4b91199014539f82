//! What the sample films say, read from `films.json`, and a plain film made up for any other brief.

use super::DemoError;
use serde::Deserialize;

const FILMS: &str = include_str!("films.json");

/// The matter of one film.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Film {
    /// Name of the job that makes it.
    pub(crate) slug: String,
    /// Title on the first line of the script.
    pub(crate) title: String,
    /// What the film is for, in a sentence.
    pub(crate) intent: String,
    /// Whom it talks to.
    pub(crate) audience: String,
    /// Default of the parameter `tone`.
    pub(crate) tone: String,
    /// Default of the parameter `length_s`.
    pub(crate) length_s: f64,
    /// The opening, and another one for a revision.
    pub(crate) hook: [String; 2],
    /// The ending, and another one for a revision.
    pub(crate) close: [String; 2],
    /// What the film teaches, in order.
    pub(crate) tips: Vec<Tip>,
    /// What research finds.
    pub(crate) facts: Vec<ResearchFact>,
    /// Background, light and accent as `#rrggbb`.
    pub(crate) palette: [String; 3],
    /// Key note of the tune.
    pub(crate) key_hz: f64,
}

/// One thing the film teaches.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Tip {
    /// Heading.
    pub(crate) label: String,
    /// What is said.
    pub(crate) line: String,
    /// The same in other words, for a revision.
    pub(crate) other: String,
    /// What is seen.
    pub(crate) cue: String,
}

/// One finding of research.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ResearchFact {
    /// Index of the tip it belongs to.
    pub(crate) tip: usize,
    /// The finding.
    pub(crate) claim: String,
}

#[derive(Deserialize)]
struct Films {
    films: Vec<Film>,
}

impl Film {
    /// The sample films, in the order in which the demo starts them.
    pub(crate) fn samples() -> Result<Vec<Film>, DemoError> {
        let films: Films = serde_json::from_str(FILMS).map_err(DemoError::Films)?;
        Ok(films.films)
    }

    /// A film for a brief that no sample fits: thin, but about that brief.
    pub(crate) fn imagined(slug: &str, intent: &str) -> Film {
        let title = title_of(slug);
        let intent = if intent.trim().is_empty() {
            format!("Introduce {title}")
        } else {
            intent.trim().to_string()
        };
        let hue = slug
            .bytes()
            .fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let subject = lower_first(&intent);
        let tip = |label: &str, line: String, other: String, cue: &str| Tip {
            label: label.to_string(),
            line,
            other,
            cue: format!("{title}: {cue}"),
        };
        Film {
            hook: [
                format!("One thing stands between you and {title}: the first step. Here it is."),
                format!("{title} – what is it good for? Let us look."),
            ],
            close: [
                format!("That is all. Now {subject} – today."),
                format!("Try it once. {title} begins there."),
            ],
            tips: vec![
                tip(
                    "Begin with the reason",
                    format!("The point is to {subject}. Keep it in sight while you work."),
                    format!("Say it aloud once: we want to {subject}."),
                    "wide shot",
                ),
                tip(
                    "Take the smallest step that counts",
                    format!("Choose one part of {title} that fits into ten minutes, and finish it."),
                    format!("Ten minutes, one part of {title}, nothing else."),
                    "hands at work",
                ),
                tip(
                    "Show somebody",
                    format!("Another pair of eyes finds what is missing in {title}."),
                    format!("Let someone who has never heard of {title} have a look."),
                    "two people, one screen",
                ),
            ],
            facts: vec![ResearchFact {
                tip: 1,
                claim: "Small steps are easier to check, and to take back.".to_string(),
            }],
            palette: [
                format!("#{:06x}", 0x101018 + (hue % 0x30)),
                format!("#{:06x}", 0xb0_80_40 + (hue >> 8) % 0x40_60_70),
                format!("#{:06x}", 0x40_90_80 + (hue >> 16) % 0x30_40_50),
            ],
            key_hz: 196.0 * 2f64.powf(f64::from(hue % 8) / 12.0),
            slug: slug.to_string(),
            audience: "everyone who asked".to_string(),
            tone: "plain".to_string(),
            length_s: 45.0,
            title,
            intent,
        }
    }
}

fn title_of(slug: &str) -> String {
    let words = slug.replace(['-', '_'], " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(
        || "Untitled".to_string(),
        |first| first.to_uppercase().chain(letters).collect(),
    )
}

fn lower_first(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_films_parse_and_are_complete() {
        let films = Film::samples().unwrap();
        assert!((6..=8).contains(&films.len()));
        for film in films {
            assert!(film.tips.len() >= 3, "{}", film.slug);
            assert!(
                film.facts.iter().all(|fact| fact.tip < film.tips.len()),
                "{}",
                film.slug
            );
            assert!(
                film.palette
                    .iter()
                    .all(|colour| colour.len() == 7 && colour.starts_with('#')),
                "{}",
                film.slug
            );
        }
    }

    #[test]
    fn an_unknown_brief_gets_a_film_about_itself() {
        let film = Film::imagined("rope-splicing", "Show climbers how to splice a rope.");
        assert_eq!(film.title, "Rope splicing");
        assert!(film.tips[0].line.contains("show climbers how to splice a rope"));
        assert!(film.palette.iter().all(|colour| colour.len() == 7));
    }
}
