//! What operators asked for, read as a writer would read it: where, and what to do there.
//!
//! A small reader of plain sentences, not of language. What it does not understand still leads to
//! other words in the text, because a rejected draft that comes back unchanged is an insult.

use super::{FilmTone, StageEnv};
use serde_json::Value;

/// Where in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// The first section.
    Opening,
    /// The last section.
    Ending,
    /// The tip of that number, from 1.
    Tip(usize),
    /// No place was named.
    Anywhere,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Say the same in other words.
    Reword(Passage),
    /// Use fewer words.
    Shorten(Passage),
    /// Say more.
    Extend(Passage),
    /// Say this, too.
    Mention(String),
    /// Put other words in the place of these.
    Replace(String, String),
    /// Take out what contains these words.
    Remove(String),
}

/// The notes of all attempts so far, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// As the operators wrote them.
    pub(crate) texts: Vec<String>,
}

impl Notes {
    /// The notes of earlier rejections, from their decision files, and the newest from the
    /// environment: what was asked for in attempt 1 must not be forgotten in attempt 3.
    pub(crate) fn gather(env: &StageEnv) -> Self {
        let mut texts: Vec<String> = (1..env.attempt)
            .filter_map(|attempt| rejected_with(env, attempt))
            .collect();
        if let Some(newest) = &env.notes
            && texts.last() != Some(newest)
        {
            texts.push(newest.clone());
        }
        Notes { texts }
    }

    /// Everything asked for, in order.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        self.texts
            .iter()
            .flat_map(|text| clauses(text))
            .map(|clause| read_clause(&clause))
            .collect()
    }

    /// The tone that the newest note about it asks for.
    pub(crate) fn tone(&self) -> Option<FilmTone> {
        self.texts.iter().rev().find_map(|text| {
            let lower = text.to_lowercase();
            if has_word(
                &lower,
                &["warm", "warmer", "warmth", "friendly", "friendlier", "kinder", "cold"],
            ) {
                Some(FilmTone::Warm)
            } else if has_word(
                &lower,
                &["plain", "plainer", "sober", "silly", "serious", "drier", "no jokes"],
            ) {
                Some(FilmTone::Plain)
            } else {
                has_word(&lower, &["playful", "funny", "funnier", "humour", "dry", "boring"])
                    .then_some(FilmTone::Playful)
            }
        })
    }

    /// Whether any note contains one of these words.
    pub(crate) fn speak_of(&self, words: &[&str]) -> bool {
        self.texts.iter().any(|text| has_word(&text.to_lowercase(), words))
    }
}

fn rejected_with(env: &StageEnv, attempt: u32) -> Option<String> {
    let path = env.run_dir.join("gates").join(format!("{}.{attempt}.json", env.stage));
    let decision: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let rejected = decision.get("approved").and_then(Value::as_bool) == Some(false);
    let notes = decision.get("notes").and_then(Value::as_str).filter(|_| rejected)?;
    Some(notes.to_string()).filter(|notes| !notes.trim().is_empty())
}

/// Cuts a note into its sentences; a full stop inside a number or a quotation does not end one.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        quoted = match letter {
            '“' | '„' => true,
            '”' => false,
            '"' => !quoted,
            _ => quoted,
        };
        let ends = matches!(letter, '.' | '!' | '?') && letters.peek().is_none_or(|next| next.is_whitespace());
        if !quoted && (ends || matches!(letter, ';' | '\n')) {
            clauses.push(String::new());
        } else if let Some(last) = clauses.last_mut() {
            last.push(letter);
        }
    }
    clauses
        .iter()
        .map(|clause| clause.trim().to_string())
        .filter(|clause| !clause.is_empty())
        .collect()
}

fn read_clause(clause: &str) -> Wish {
    let lower = clause.to_lowercase();
    let place = read_place(&lower);
    let quotes = quotations(clause);
    if let [old, new, ..] = quotes.as_slice() {
        return Wish::Replace(old.clone(), new.clone());
    }
    if has_word(&lower, &["remove", "drop", "delete", "without", "leave out"])
        && let Some(words) = quotes
            .first()
            .cloned()
            .or_else(|| after(clause, &["remove", "drop", "delete", "leave out"]))
    {
        return Wish::Remove(words);
    }
    if let Some(words) = quotes.first() {
        return Wish::Mention(words.clone());
    }
    if let Some(words) = after(
        clause,
        &["mention that", "mention", "say that", "add that", "point out that"],
    ) {
        return Wish::Mention(words);
    }
    if has_word(
        &lower,
        &[
            "short", "shorter", "shorten", "cut", "trim", "tighten", "tighter", "long", "wordy",
        ],
    ) {
        return Wish::Shorten(place);
    }
    if has_word(
        &lower,
        &["longer", "more", "explain", "why", "detail", "expand", "thin"],
    ) {
        return Wish::Extend(place);
    }
    Wish::Reword(place)
}

fn read_place(lower: &str) -> Passage {
    if has_word(lower, &["opening", "start", "beginning", "hook", "intro", "first line"]) {
        return Passage::Opening;
    }
    if has_word(
        lower,
        &["ending", "end", "close", "closing", "last line", "call to action"],
    ) {
        return Passage::Ending;
    }
    let after_tip = lower.split("tip ").nth(1).unwrap_or_default();
    let digits: String = after_tip.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_or(Passage::Anywhere, Passage::Tip)
}

/// Whether one of the words (or phrases) stands in the lower-case text as a whole word.
fn has_word(lower: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        lower.match_indices(word).any(|(start, found)| {
            let before = lower[..start].chars().next_back();
            let behind = lower[start + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric)
        })
    })
}

fn quotations(clause: &str) -> Vec<String> {
    let even = clause.replace(['“', '”', '„'], "\"");
    even.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_string)
        .filter(|words| !words.trim().is_empty())
        .collect()
}

/// What follows the first of these verbs; None when nothing does.
fn after(clause: &str, verbs: &[&str]) -> Option<String> {
    // ASCII case folding keeps byte positions, which `to_lowercase` does not.
    let lower = clause.to_ascii_lowercase();
    let (start, verb) = verbs
        .iter()
        .find_map(|verb| lower.find(verb).map(|start| (start, verb)))?;
    let rest = clause[start + verb.len()..].trim_matches(|letter: char| letter.is_whitespace() || letter == ':');
    Some(rest.to_string()).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(text: &str) -> Vec<Wish> {
        Notes {
            texts: vec![text.to_string()],
        }
        .wishes()
    }

    #[test]
    fn a_note_is_read_sentence_by_sentence() {
        assert_eq!(
            wishes(
                "The opening is weak. Tip 2 is too long; mention that the stair has 31.5 m.\nReplace “lift” by \"elevator\"."
            ),
            vec![
                Wish::Reword(Passage::Opening),
                Wish::Shorten(Passage::Tip(2)),
                Wish::Mention("the stair has 31.5 m".into()),
                Wish::Replace("lift".into(), "elevator".into()),
            ]
        );
    }

    #[test]
    fn the_newest_word_about_the_tone_counts() {
        let notes = Notes {
            texts: vec!["too cold".into(), "Now it is silly".into(), "drop tip 3".into()],
        };
        assert_eq!(notes.tone(), Some(FilmTone::Plain));
        assert_eq!(Notes::default().tone(), None);
    }

    #[test]
    fn a_word_inside_a_word_is_not_that_word() {
        assert_eq!(
            wishes("recommend friendlier words"),
            vec![Wish::Reword(Passage::Anywhere)]
        );
        assert_eq!(wishes("Drop the lime tree"), vec![Wish::Remove("the lime tree".into())]);
    }

    #[test]
    fn letters_that_change_length_in_lower_case_do_no_harm() {
        assert_eq!(wishes("İİ mention Ärger"), vec![Wish::Mention("Ärger".into())]);
        assert_eq!(wishes("„“ ..."), vec![Wish::Reword(Passage::Anywhere)]);
    }
}
