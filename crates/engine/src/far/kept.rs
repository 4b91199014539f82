//! Answers that both ends keep, so that of the next answer to the same question only what is new
//! goes over the line.
//!
//! Whoever asks says which answer they have, by a mark of its text. The other end tells the next one
//! in pieces of that very text, or whole where it does not have it: after a restart, after an answer
//! that was lost, when too much was kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::documents::{AskedDoc, OutcomeDoc, ToldDoc};
use crate::questions::{self, Question};
use domain::ask::Command;
use domain::ids::Digest;
use domain::refusal::Refusal;

/// The most answers that are kept, all their bytes, and those of one.
const ANSWERS_MAX: usize = 4096;
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes that pieces are put together to.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Texts are compared by blocks of so many bytes.
const BLOCK: usize = 16;
/// The most places of the former text that are looked at for one block.
const PLACES_MAX: usize = 64;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Bytes of the former text: the first one, and how many.
    Former(usize, usize),
    /// What is new.
    New(String),
}

/// A text in pieces of a former one.
fn apart(former: &str, text: &str) -> Vec<Piece> {
    let (old, new) = (former.as_bytes(), text.as_bytes());
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (number, block) in old.chunks_exact(BLOCK).enumerate() {
        let places = places.entry(block).or_default();
        if places.len() < PLACES_MAX {
            places.push(number * BLOCK);
        }
    }
    let alike = |from: usize, at: usize| {
        old[from..]
            .iter()
            .zip(&new[at..])
            .take_while(|(old, new)| old == new)
            .count()
    };
    let (mut pieces, mut told, mut at) = (Vec::new(), 0, 0);
    while at + BLOCK <= new.len() {
        let found = places.get(&new[at..at + BLOCK]).into_iter().flatten();
        let longest = found.map(|from| (alike(*from, at), *from)).max();
        let Some((length, from)) = longest else {
            at += 1;
            continue;
        };
        // What stands before the block may be the same too.
        let before = new[told..at].iter().rev().zip(old[..from].iter().rev());
        let before = before.take_while(|(new, old)| new == old).count();
        let former_at = |place: usize| from + place - at;
        let is_cut = |place: usize| !text.is_char_boundary(place) || !former.is_char_boundary(former_at(place));
        // A character has four bytes at most, so much of the block stays.
        let (mut begins, mut ends) = (at - before, at + length);
        while is_cut(begins) {
            begins += 1;
        }
        while is_cut(ends) {
            ends -= 1;
        }
        if begins > told {
            pieces.push(Piece::New(text[told..begins].to_owned()));
        }
        pieces.push(Piece::Former(former_at(begins), ends - begins));
        (told, at) = (ends, ends);
    }
    if told < text.len() {
        pieces.push(Piece::New(text[told..].to_owned()));
    }
    pieces
}

/// The text again; none: these are no pieces of that one.
pub(super) fn together(former: &str, pieces: &[Piece]) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        let piece = match piece {
            Piece::Former(from, bytes) => former.get(*from..from.checked_add(*bytes)?)?,
            Piece::New(new) => new,
        };
        if text.len() + piece.len() > TEXT_BYTES_MAX {
            return None;
        }
        text.push_str(piece);
    }
    Some(text)
}

/// What a text is known by at the other end.
fn mark(text: &str) -> String {
    let mut mark = Digest::of(text.as_bytes()).to_string();
    mark.truncate(16);
    mark
}

/// The last answers, each of its question, the oldest forgotten first. Whatever was forgotten is told
/// whole.
#[derive(Default)]
pub struct KeptAnswers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<Digest, Arc<str>>,
    order: VecDeque<Digest>,
    bytes: usize,
}

impl KeptAnswers {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How somebody is told the answer to what they asked. Nobody is told anything in pieces of
    /// what another one was told.
    pub fn told(&self, session: &str, asked: &AskedDoc, answer: Box<RawValue>) -> ToldDoc {
        let pieces = self.pieces(session, asked, answer.get());
        self.lock().keep(question(session, asked), answer.get().into());
        pieces.map_or(ToldDoc::Answer(answer), ToldDoc::Pieces)
    }

    /// The same of what came of a command: most of it is the job, which was asked for before.
    pub fn outcome(&self, session: &str, of: Option<AskedDoc>, outcome: OutcomeDoc) -> OutcomeDoc {
        let text = serde_json::to_string(&outcome).ok();
        let pieces = of.zip(text).and_then(|(of, text)| self.pieces(session, &of, &text));
        pieces.map_or(outcome, OutcomeDoc::Pieces)
    }

    /// None: whole it is shorter, or nobody can put it together.
    fn pieces(&self, session: &str, asked: &AskedDoc, text: &str) -> Option<Vec<Piece>> {
        let former = self.lock().answers.get(&question(session, asked)).cloned()?;
        let is_had = asked.has.as_deref() == Some(&*mark(&former));
        let pieces = is_had.then(|| apart(&former, text))?;
        (size(&pieces) < text.len()).then_some(pieces)
    }

    /// The last answer to a question of ours, which the other end is told that we have.
    pub(super) fn had(&self, asked: &mut AskedDoc) -> Option<Arc<str>> {
        let had = self.lock().answers.get(&question("", asked)).cloned();
        asked.has = had.as_deref().map(mark);
        had
    }

    /// The answer to what was asked while that one was had.
    pub(super) fn taken(&self, asked: &AskedDoc, had: Option<&str>, told: ToldDoc) -> Result<Arc<str>, Refusal> {
        let answer = match told {
            ToldDoc::Answer(answer) => answer.get().into(),
            ToldDoc::Pieces(pieces) => {
                let whole = had.and_then(|had| together(had, &pieces));
                whole.ok_or_else(|| unfit(&asked.ask))?.into()
            }
            ToldDoc::Refused(refusal) => return Err(refusal),
        };
        self.lock().keep(question("", asked), Arc::clone(&answer));
        Ok(answer)
    }
}

impl Kept {
    fn keep(&mut self, question: Digest, answer: Arc<str>) {
        self.forget(question);
        if answer.len() > ANSWER_BYTES_MAX {
            return;
        }
        self.bytes += answer.len();
        self.order.push_back(question);
        self.answers.insert(question, answer);
        while self.bytes > KEPT_BYTES_MAX || self.order.len() > ANSWERS_MAX {
            let Some(oldest) = self.order.front().copied() else {
                return;
            };
            self.forget(oldest);
        }
    }

    fn forget(&mut self, question: Digest) {
        if let Some(answer) = self.answers.remove(&question) {
            self.bytes -= answer.len();
            self.order.retain(|kept| *kept != question);
        }
    }
}

/// A question, and whose it is.
fn question(session: &str, AskedDoc { ask, of, .. }: &AskedDoc) -> Digest {
    // No name of a question or a session has a line feed in it.
    Digest::of(format!("{session}\n{ask}\n{}", of.get()).as_bytes())
}

/// The question for the job that a command is about, by somebody who has that answer to it; none: it
/// is about none that there is.
pub fn job_of(command: &Command, has: Option<String>) -> Option<AskedDoc> {
    let id = command.job_id()?.clone();
    let ask = questions::Job::NAME.to_owned();
    let of = to_raw_value(&questions::Job { id }).ok()?;
    Some(AskedDoc { ask, of, has })
}

pub(super) fn unfit(what: &str) -> Refusal {
    Refusal::not_possible(format!("the answer about {what} does not fit the one before"))
}

/// How long pieces are on the line.
fn size(pieces: &[Piece]) -> usize {
    serde_json::to_string(pieces).map_or(usize::MAX, |text| text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(has: Option<String>) -> AskedDoc {
        AskedDoc {
            ask: "queue".to_owned(),
            of: RawValue::from_string("{}".to_owned()).unwrap(),
            has,
        }
    }

    fn answer(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn rows(gone: usize, unseen: bool) -> String {
        let row = |number: usize| {
            let is_seen = !(unseen && number == 7);
            serde_json::json!({"job_id": format!("j-{number:03}"), "stage": "script", "is_seen": is_seen, "lines": number * 37 % 11})
        };
        let rows: Vec<_> = (0..100).filter(|number| *number != gone).map(row).collect();
        serde_json::to_string(&rows).unwrap()
    }

    #[test]
    fn of_a_hundred_rows_of_which_one_goes_and_one_changes_the_line_carries_as_much_as_that() {
        let (before, after) = (rows(100, true), rows(40, false));
        let pieces = apart(&before, &after);
        assert_eq!(together(&before, &pieces).as_deref(), Some(&*after));
        assert!(size(&pieces) < 120, "{}", serde_json::to_string(&pieces).unwrap());
        assert_eq!(apart(&before, &before), [Piece::Former(0, before.len())]);
    }

    #[test]
    fn what_one_end_has_lost_is_told_whole() {
        let (here, there) = (KeptAnswers::default(), KeptAnswers::default());
        let ask = |answered: &str, there: &KeptAnswers| {
            let mut asked = asked(None);
            let had = here.had(&mut asked);
            let told = there.told("ana 1", &asked, answer(answered));
            let is_whole = matches!(told, ToldDoc::Answer(_));
            assert_eq!(&*here.taken(&asked, had.as_deref(), told).unwrap(), answered);
            is_whole
        };
        let (before, after) = (rows(100, true), rows(40, false));
        assert!(ask(&before, &there), "nothing was told before");
        assert!(!ask(&after, &there));
        assert!(!ask(&after, &there), "the same again");
        // An answer that never came.
        there.told("ana 1", &asked(None), answer(&before));
        assert!(ask(&after, &there));
        assert!(ask(&before, &KeptAnswers::default()), "another server");
        // What somebody else was told is nobody's business.
        let has = Some(mark(&after));
        assert!(matches!(
            there.told("bea 1", &asked(has), answer(&after)),
            ToldDoc::Answer(_)
        ));
    }

    #[test]
    fn what_came_of_a_command_is_told_in_pieces_of_its_job() {
        let (here, there) = (KeptAnswers::default(), KeptAnswers::default());
        let id = domain::ids::JobId::new("j-1").unwrap();
        let command = Command::resume(id);
        let mut job = job_of(&command, None).unwrap();
        let rows = format!("\"{}\"", "as long as a job is ".repeat(40));
        let told = there.told("ana 1", &job, answer(&rows));
        here.taken(&job, None, told).unwrap();
        let had = here.had(&mut job);
        let refusal = Refusal::not_possible(rows.trim_matches('"').to_owned());
        let outcome = there.outcome("ana 1", Some(job), OutcomeDoc::Refused(refusal.clone()));
        assert!(matches!(outcome, OutcomeDoc::Pieces(_)));
        let read = |had| outcome_again(&outcome).whole(had).map(OutcomeDoc::result);
        assert_eq!(read(had.as_deref()).unwrap().unwrap_err(), refusal);
        assert!(read(None).is_none(), "nobody knows what came of it");
    }

    fn outcome_again(outcome: &OutcomeDoc) -> OutcomeDoc {
        serde_json::from_str(&serde_json::to_string(outcome).unwrap()).unwrap()
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let mut kept = Kept::default();
        for number in 0..3 * ANSWERS_MAX {
            kept.keep(Digest::of(&number.to_le_bytes()), "x".repeat(20_000).into());
        }
        assert!(kept.bytes <= KEPT_BYTES_MAX && kept.order.len() == kept.answers.len());
        kept.keep(Digest::ZERO, "x".repeat(ANSWER_BYTES_MAX + 1).into());
        assert!(!kept.answers.contains_key(&Digest::ZERO));
    }

    #[test]
    fn pieces_of_another_text_are_refused() {
        let pieces = [Piece::Former(2, usize::MAX)];
        assert_eq!(together("ab", &pieces), None);
        assert_eq!(together("aé", &[Piece::Former(0, 2)]), None);
    }

    proptest! {
        #[test]
        fn a_text_in_pieces_of_any_other_is_that_text(
            before in "(abcdefghijklmnopqr|[aé日]{1,9}|0123456789é12345678){0,20}",
            after in "(abcdefghijklmnopqr|[aé日]{1,9}|0123456789é12345678){0,20}",
        ) {
            let pieces = apart(&before, &after);
            prop_assert_eq!(together(&before, &pieces), Some(after));
        }
    }
}
