//! Which rows of the queue and which gates of a list are wanted: words, all of which must hold. The
//! console's filter, its saved views, `gate list --filter` and `GET /gates?filter=` read the same.

use std::fmt;

use serde::{Serialize, Serializer};
use text::near_miss::near_miss;

use super::context::{ContextFilter, Headline};
use super::gate::{Gate, GateState};
use super::job::{JobRows, JobStatus};
use super::stage_state::StageState;
use super::time::{Now, SECOND_US, parse_span_s};

/// The most bytes of a filter.
pub const FILTER_BYTES_MAX: usize = 400;

/// The words of a filter, as whoever writes one is told them.
pub const FILTER_WORDS: [&str; 9] = [
    "unseen",
    "mine",
    "failed",
    "!unseen",
    "left<10m",
    "by:ana",
    "severity>=high",
    "stage:audio",
    "label:team=media",
];

/// The words that stand alone.
const PLAIN: [&str; 3] = ["unseen", "mine", "failed"];
/// What the words before a sign are.
const KEYS: [&str; 5] = ["by", "left", "stage", "label", "severity"];

/// What a filter looks at of a gate, or of a job that is not at one.
pub trait Filtered {
    /// The job, its short name, the stage and the title; empty where there is none.
    fn names(&self) -> [&str; 4];
    /// What its requester says of a gate.
    fn headline(&self) -> Option<&Headline>;
    /// Whether it is an open gate the whole change of which was shown to nobody, as the policy's
    /// `unseen` asks.
    fn is_unseen(&self) -> bool;
    /// Whether it is a failed job, or a gate of one.
    fn is_failed(&self) -> bool;
    /// Whether this person holds it, has it open, has words for it that are not sent, or has
    /// decided it.
    fn is_by(&self, name: &str) -> bool;
    /// Microseconds that its timer has left, as lists show it; none: no timer will act.
    fn left_us(&self) -> Option<i64>;
}

/// What is wrong with a word of a filter, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterFault {
    /// As it was written; empty: it is about all of them.
    pub word: String,
    pub why: String,
    /// What to write instead.
    pub hint: String,
}

impl FilterFault {
    /// What is wrong with which word.
    pub fn fault(&self) -> String {
        let after = if self.word.is_empty() { "" } else { ": " };
        format!("{}{after}{}", self.word, self.why)
    }
}

impl fmt::Display for FilterFault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}; {}", self.fault(), self.hint)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// Stands in one of the names; in small letters.
    Text(String),
    Unseen,
    Failed,
    Mine,
    By(String),
    /// The stage's name begins so.
    Stage(String),
    /// So many microseconds are left: at most or at least.
    Left {
        is_most: bool,
        us: i64,
    },
    Said(ContextFilter),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    /// Whether it must not hold.
    is_not: bool,
    wanted: Wanted,
}

/// What is wanted of a row; nothing: all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateFilter {
    text: String,
    words: Vec<Word>,
}

/// As it was written.
impl Serialize for GateFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl GateFilter {
    /// Reads the words of a filter. What stands in double quotes is text as it is.
    pub fn parse(text: &str) -> Result<Self, FilterFault> {
        let text = text.trim();
        if text.len() > FILTER_BYTES_MAX {
            return Err(FilterFault {
                word: String::new(),
                why: format!("a filter of {} bytes is too long", text.len()),
                hint: format!("write at most {FILTER_BYTES_MAX}"),
            });
        }
        let words = split(text).iter().map(word).collect::<Result<_, _>>()?;
        let text = text.to_owned();
        Ok(Self { text, words })
    }

    /// What of a filter that is being written says something already: all but a last word that
    /// may still become another, as `left` on the way to `left<10m`.
    pub fn begun(text: &str) -> &str {
        let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        let before = text.strip_suffix(last).unwrap_or(text);
        let last = last.strip_prefix('!').unwrap_or(last);
        let is_begun = PLAIN
            .iter()
            .any(|word| word.len() > last.len() && word.starts_with(last))
            || KEYS.iter().any(|word| word.starts_with(last));
        if is_begun { before } else { text }
    }

    /// As it was written, without blanks around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether all rows are wanted.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The same, and what its requester must have said.
    #[must_use]
    pub fn and_said(mut self, said: ContextFilter) -> Self {
        if !said.is_empty() {
            let wanted = Wanted::Said(said);
            self.words.push(Word { is_not: false, wanted });
        }
        self
    }

    /// Whether what it wants of a row changes by itself, without a change of the row.
    pub fn is_of_the_moment(&self) -> bool {
        let is_it = |wanted: &Wanted| matches!(wanted, Wanted::Left { .. } | Wanted::Mine | Wanted::By(_));
        self.words.iter().any(|word| is_it(&word.wanted))
    }

    /// Whether a row is wanted by somebody of this name.
    pub fn takes(&self, row: &impl Filtered, me: &str) -> bool {
        // Made once, and only where a word asks for it.
        let mut names = None;
        self.words.iter().all(|word| {
            let is_so = match &word.wanted {
                Wanted::Text(text) => names
                    .get_or_insert_with(|| row.names().join(" ").to_lowercase())
                    .contains(text.as_str()),
                Wanted::Unseen => row.is_unseen(),
                Wanted::Failed => row.is_failed(),
                Wanted::Mine => row.is_by(me),
                Wanted::By(name) => row.is_by(name),
                Wanted::Stage(begin) => row.names()[2].starts_with(begin.as_str()),
                Wanted::Left { is_most, us } => row.left_us().is_some_and(|left| match is_most {
                    true => left <= *us,
                    false => left >= *us,
                }),
                Wanted::Said(said) => said.is_met_by(row.headline()),
            };
            is_so != word.is_not
        })
    }
}

/// A word as it was written, and without its quotes; `is_quoted`: it is text, whatever it says.
struct Raw {
    written: String,
    bare: String,
    is_quoted: bool,
}

/// Blanks stand between words, but for those in quotes.
fn split(text: &str) -> Vec<Raw> {
    let (mut words, mut is_inside): (Vec<Raw>, bool) = (Vec::new(), false);
    let mut is_new = true;
    for letter in text.chars() {
        if letter.is_whitespace() && !is_inside {
            is_new = true;
            continue;
        }
        if std::mem::take(&mut is_new) {
            words.push(Raw {
                written: String::new(),
                bare: String::new(),
                is_quoted: false,
            });
        }
        let Some(word) = words.last_mut() else { continue };
        word.written.push(letter);
        if letter == '"' {
            is_inside = !is_inside;
            word.is_quoted |= matches!(word.bare.as_str(), "" | "!");
        } else {
            word.bare.push(letter);
        }
    }
    words
}

fn word(raw: &Raw) -> Result<Word, FilterFault> {
    let (is_not, bare) = match raw.bare.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, raw.bare.as_str()),
    };
    let fault = |why: &str, hint: String| FilterFault {
        word: text::visible_line(&raw.written).into_owned(),
        why: why.to_owned(),
        hint,
    };
    if bare.is_empty() && is_not {
        let hint = "write !unseen".to_owned();
        return Err(fault("nothing stands behind the !", hint));
    }
    let wanted = match bare.find([':', '<', '>', '=']).filter(|_| !raw.is_quoted) {
        None => plain(bare, raw.is_quoted),
        Some(at) => {
            let (key, rest) = bare.split_at(at);
            keyed(key, rest).map_err(|(why, hint)| fault(&why, hint))?
        }
    };
    Ok(Word { is_not, wanted })
}

fn plain(bare: &str, is_quoted: bool) -> Wanted {
    match bare {
        "unseen" if !is_quoted => Wanted::Unseen,
        "failed" if !is_quoted => Wanted::Failed,
        "mine" if !is_quoted => Wanted::Mine,
        text => Wanted::Text(text.to_lowercase()),
    }
}

/// A key and what stands behind it, its sign first. Why it is none, and what would be right.
fn keyed(key: &str, rest: &str) -> Result<Wanted, (String, String)> {
    let behind_colon = |what: &str, example: &str| {
        let text = rest.strip_prefix(':').filter(|text| !text.is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| (format!("{what} is wanted behind {key}:"), format!("write {example}")))
    };
    match key {
        "by" => behind_colon("a name", "by:ana").map(Wanted::By),
        "stage" => behind_colon("the beginning of a stage's name", "stage:audio").map(Wanted::Stage),
        "left" => left(rest).map_err(|why| (why, "write left<10m, left>1h or left<1h30m".to_owned())),
        "label" => {
            let text = behind_colon("a label", "label:team=media, or label:team for any value")?;
            let mut said = ContextFilter::default();
            let read = said.label(&text);
            read.map_err(|why| (why, "write label:team=media, or label:team for any value".to_owned()))?;
            Ok(Wanted::Said(said))
        }
        "severity" => {
            let mut said = ContextFilter::default();
            let read = said.severity(rest.strip_prefix(':').unwrap_or(rest));
            read.map_err(|_| {
                let why = "low, normal, high or critical is wanted".to_owned();
                (why, "write severity>=high or severity=low".to_owned())
            })?;
            Ok(Wanted::Said(said))
        }
        _ => {
            let meant = near_miss(key, KEYS).map(|meant| format!("did you mean {meant}?"));
            let hint = meant.unwrap_or_else(|| {
                let (last, others) = KEYS.split_last().unwrap_or((&"", &[]));
                format!("write {} or {last}, or put text in \"quotes\"", others.join(", "))
            });
            Err(("no filter word begins so".to_owned(), hint))
        }
    }
}

/// `<10m`, `<=10m`, `>1h`, `>=1h`.
fn left(rest: &str) -> Result<Wanted, String> {
    let (is_most, length) = match (rest.strip_prefix('<'), rest.strip_prefix('>')) {
        (Some(length), _) => (true, length),
        (_, Some(length)) => (false, length),
        (None, None) => return Err("< or > is wanted behind left".to_owned()),
    };
    let length = length.strip_prefix('=').unwrap_or(length);
    if length.is_empty() {
        return Err("a length of time is wanted behind it".to_owned());
    }
    let seconds = parse_span_s(length).map_err(|_| format!("{:?} is no length of time", text::visible_line(length)))?;
    let us = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
    Ok(Wanted::Left { is_most, us })
}

/// Who reads a list, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The name that `mine` means.
    pub me: &'a str,
    pub now: Now,
    /// Seconds of grace for an overdue gate.
    pub grace_s: u64,
}

/// Each stage's newest gate that is in this state, if one is named, and that the filter takes: open
/// gates first, by deadline; gates without a deadline by age.
pub fn listed<'a>(
    jobs: &'a [JobRows],
    state: Option<StageState>,
    filter: &GateFilter,
    reading: Reading<'_>,
) -> Vec<(&'a JobRows, &'a Gate)> {
    let mut gates: Vec<(&JobRows, &Gate)> = Vec::new();
    for rows in jobs {
        let newest = rows.job.stages.iter().filter_map(|spec| rows.newest_gate(&spec.name));
        let is_wanted = |gate: &&Gate| {
            let headline = gate.context.headline();
            let listed = ListedGate {
                rows,
                gate,
                headline: headline.as_ref(),
                reading,
            };
            state.is_none_or(|state| StageState::of_gate(gate) == state) && filter.takes(&listed, reading.me)
        };
        gates.extend(newest.filter(is_wanted).map(|gate| (rows, gate)));
    }
    gates.sort_by_key(|(_, gate)| {
        let is_settled = gate.state != GateState::Open;
        (is_settled, gate.deadline().is_none(), gate.deadline(), gate.opened_at)
    });
    gates
}

/// A gate of a list, as a filter looks at it. Words that were not sent are known only in the
/// console where they were written.
struct ListedGate<'a> {
    rows: &'a JobRows,
    gate: &'a Gate,
    headline: Option<&'a Headline>,
    reading: Reading<'a>,
}

impl Filtered for ListedGate<'_> {
    fn names(&self) -> [&str; 4] {
        let (job, key) = (&self.rows.job, &self.gate.key);
        let title = self.gate.context.title.as_deref().unwrap_or_default();
        [key.job_id.as_str(), &job.slug, key.stage.as_str(), title]
    }

    fn headline(&self) -> Option<&Headline> {
        self.headline
    }

    fn is_unseen(&self) -> bool {
        self.gate.state == GateState::Open && !self.gate.is_wholly_seen()
    }

    fn is_failed(&self) -> bool {
        self.rows.job.status == JobStatus::Failed
    }

    fn is_by(&self, name: &str) -> bool {
        let hold = self.gate.timer.as_ref().and_then(|timer| timer.hold.as_deref());
        let lease = self.gate.lease.as_ref().filter(|lease| lease.is_live(self.reading.now));
        let settled = self.gate.settled.as_ref();
        hold.is_some_and(|hold| hold.holder.name == name)
            || lease.is_some_and(|lease| lease.holder.name == name)
            || settled.is_some_and(|settled| settled.by == name)
    }

    fn left_us(&self) -> Option<i64> {
        let gate = self.gate;
        let timer = gate.timer.as_ref().filter(|_| gate.state == GateState::Open)?;
        let Reading { now, grace_s, .. } = self.reading;
        timer.left_us(gate.lease.as_ref(), now, gate.policy.max_hold_s, grace_s)
    }
}

#[cfg(test)]
mod tests;
