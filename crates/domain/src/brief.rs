//! A brief in plain words, read for what a job can be started with.
//!
//! Only what the text says is taken, by rules that a person can check; whatever it does not say is
//! named instead of invented. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

/// The most bytes of a slug.
const SLUG_BYTES_MAX: usize = 60;
/// The most words of a slug.
const SLUG_WORDS_MAX: usize = 6;
/// The most bytes of an intent.
const INTENT_BYTES_MAX: usize = 500;
/// The most key words.
const KEYWORDS_MAX: usize = 8;
/// The most different words that are counted: a bound on the work.
const COUNTED_MAX: usize = 2000;

/// Words that say nothing of the matter.
const STOP_WORDS: &str = "a about above after again all also am an and any are as at be because been before being below between both but by \
    can could did do does doing down during each few for from further had has have having he her here hers him his how i if in into is it \
    its just let like make me more most my need no nor not now of off on once only or other our out over own please same she should so some \
    such than that the their them then there these they this those through to too under until up us very want was we were what when where \
    which while who whom why will with would you your video film short clip second seconds minute minutes sec min long";

/// Words that name a tone, and the tone.
const TONES: [(&str, &[&str]); 6] = [
    ("playful", &["playful", "funny", "humorous", "lighthearted", "witty"]),
    ("warm", &["warm", "friendly", "encouraging", "gentle", "kind"]),
    ("plain", &["plain", "matter-of-fact", "sober", "factual", "neutral"]),
    ("calm", &["calm", "quiet", "relaxed", "soothing"]),
    ("serious", &["serious", "formal", "professional", "authoritative"]),
    ("energetic", &["energetic", "upbeat", "lively", "dynamic"]),
];

/// What a job can be started with: the keys of `POST /api/v1/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompiledBrief {
    /// A short name, from the first words that mean something.
    pub(crate) slug: String,
    /// The first sentence.
    pub(crate) intent: String,
    /// What the text says of length, tone and audience.
    pub(crate) params: Map<String, Value>,
    /// The text and its key words.
    pub(crate) brief: Map<String, Value>,
}

/// Reads a text.
pub fn compile(text: &str) -> CompiledBrief {
    let words = words(text);
    let mut params = Map::new();
    if let Some(length_s) = length_s(&words) {
        params.insert("length_s".to_owned(), length_s.into());
    }
    if let Some(tone) = tone(&words) {
        params.insert("tone".to_owned(), tone.into());
    }
    if let Some(audience) = audience(text) {
        params.insert("audience".to_owned(), audience.into());
    }
    let mut brief = Map::new();
    brief.insert("text".to_owned(), text.trim().into());
    brief.insert("keywords".to_owned(), keywords(&words).into());
    CompiledBrief {
        slug: slug(&words),
        intent: first_sentence(text),
        params,
        brief,
    }
}

impl CompiledBrief {
    /// What the text does not say, a line each.
    pub fn assumptions(&self) -> Vec<String> {
        let asked = [
            ("length_s", "no length is named: the pipeline's own is used"),
            ("tone", "no tone is named: the pipeline's own is used"),
            ("audience", "no audience is named: the pipeline's own is used"),
        ];
        let missing = asked.iter().filter(|(key, _)| !self.params.contains_key(*key));
        let mut all: Vec<String> = missing.map(|(_, said)| (*said).to_owned()).collect();
        all.push(format!("the short name {} is taken from the first words", self.slug));
        all
    }
}

/// Lower-case words of letters, digits, `-` and `'`.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\''))
        .map(|word| word.trim_matches(['-', '\'']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_telling(word: &str) -> bool {
    !STOP_WORDS.split_whitespace().any(|stop| stop == word) && !word.starts_with(|c: char| c.is_ascii_digit())
}

fn slug(words: &[String]) -> String {
    let mut slug = String::new();
    let plain = |word: &String| -> String { word.chars().filter(char::is_ascii_alphanumeric).collect() };
    let telling = words.iter().filter(|word| is_telling(word)).map(plain);
    for word in telling.filter(|word| !word.is_empty()).take(SLUG_WORDS_MAX) {
        if slug.len() + word.len() >= SLUG_BYTES_MAX {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    if slug.is_empty() { "untitled".to_owned() } else { slug }
}

fn first_sentence(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut sentence = String::new();
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        if sentence.len() + c.len_utf8() > INTENT_BYTES_MAX {
            break;
        }
        sentence.push(c);
        let is_end = matches!(c, '.' | '!' | '?') && letters.peek().is_none_or(|next| next.is_whitespace());
        if is_end {
            break;
        }
    }
    sentence.trim().to_owned()
}

/// `90 seconds`, `2 minutes`, `45s`, `30-second`: the first that is named, in seconds.
fn length_s(words: &[String]) -> Option<u64> {
    let unit_s = |word: &str| match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        _ => None,
    };
    for (index, word) in words.iter().enumerate() {
        let digits_end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (digits, rest) = word.split_at(digits_end);
        let Ok(number) = digits.parse::<u64>() else { continue };
        let unit = match rest.trim_start_matches('-') {
            "" => words.get(index + 1).map(String::as_str).unwrap_or_default(),
            own => own,
        };
        if let Some(unit_s) = unit_s(unit) {
            return number.checked_mul(unit_s).filter(|seconds| *seconds > 0);
        }
    }
    None
}

fn tone(words: &[String]) -> Option<&'static str> {
    words
        .iter()
        .find_map(|word| TONES.iter().find(|(_, named)| named.contains(&word.as_str())))
        .map(|(tone, _)| *tone)
}

/// What stands behind `Audience:`, `for an audience of`, or `aimed at`, up to the end of the
/// phrase.
fn audience(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    // Lower-casing may change lengths; then places in one text mean nothing in the other.
    if lower.len() != text.len() {
        return None;
    }
    ["audience:", "for an audience of", "aimed at", "intended for"]
        .iter()
        .find_map(|mark| {
            let begin = lower.find(mark)? + mark.len();
            let rest = text.get(begin..)?;
            let end = rest.find(['.', ',', ';', '\n', '!', '?']).unwrap_or(rest.len());
            let phrase = rest.get(..end)?.trim();
            let phrase: String = phrase.chars().take(100).collect();
            (!phrase.is_empty()).then_some(phrase)
        })
}

/// The telling words that come most often, then first.
fn keywords(words: &[String]) -> Vec<String> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for word in words.iter().filter(|word| is_telling(word) && word.chars().count() > 2) {
        if let Some((_, count)) = counted.iter_mut().find(|(known, _)| known == word) {
            *count += 1;
        } else if counted.len() < COUNTED_MAX {
            counted.push((word, 1));
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
        .into_iter()
        .take(KEYWORDS_MAX)
        .map(|(word, _)| word.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_text_says_is_taken() {
        let brief = compile(
            "Please make a 45-second playful film about tide pools. Aimed at children from 8, and their parents.\nTide pools at dawn.",
        );
        assert_eq!(brief.slug, "playful-tide-pools-aimed-children-parents");
        assert_eq!(brief.intent, "Please make a 45-second playful film about tide pools.");
        assert_eq!(brief.params["length_s"], 45);
        assert_eq!(brief.params["tone"], "playful");
        assert_eq!(brief.params["audience"], "children from 8");
        let keywords = brief.brief["keywords"].as_array().unwrap();
        assert_eq!(keywords[..2], ["tide", "pools"]);
        assert_eq!(brief.assumptions().len(), 1);
    }

    #[test]
    fn what_it_does_not_say_is_named_not_invented() {
        let brief = compile("…");
        assert_eq!((brief.slug.as_str(), brief.params.len()), ("untitled", 0));
        assert_eq!(brief.assumptions().len(), 4);
    }

    #[test]
    fn lengths_in_the_ways_people_write_them() {
        for (text, seconds) in [
            ("2 minutes", Some(120)),
            ("90s", Some(90)),
            ("a 30-second spot", Some(30)),
            ("1 min", Some(60)),
            ("chapter 7", None),
            ("0 seconds", None),
            ("99999999999999999999 s", None),
            ("in 1999", None),
        ] {
            assert_eq!(length_s(&words(text)), seconds, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "İİİ aimed at İx",
            "\u{0}",
            "ß".repeat(5000).as_str(),
            "aimed at",
            "a.b.c",
        ] {
            let brief = compile(text);
            assert!(
                !brief.slug.is_empty() && brief.intent.len() <= INTENT_BYTES_MAX,
                "{text:?}"
            );
        }
    }
}
