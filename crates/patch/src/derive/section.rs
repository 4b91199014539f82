//! `section_replace` for an edit: the smallest section that holds all of it.

use serde_json::json;

use super::super::lines::{is_all_crlf, without_end};
use super::super::markers::{Marker, MarkerKind, markers};
use super::super::quote::quote;
use super::super::section_replace::{Section, own_marker};
use super::spots::{common_prefix, common_suffix};
use super::{Candidate, Texts};

/// How many markers of one kind and level before the edit are looked at: the edit's first byte may
/// lie in the next marker's line when both begin alike.
const MARKERS_TRIED_MAX: usize = 2;

/// How much of the section changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// At least half of its bytes.
    Most,
    Less,
}

/// A section_replace, and how much of the section it changes.
pub(super) struct SectionEdit {
    pub(super) candidate: Candidate,
    pub(super) share: Share,
}

/// Where a section stands, in bytes of the old text.
struct Bounds<'t> {
    marker: &'t Marker<'t>,
    head: usize,
    body: usize,
    tail: usize,
}

/// The sections that hold the whole edit, the smallest first, each in every way that its new text
/// could be written.
pub(super) fn candidates(texts: &Texts<'_>) -> Vec<SectionEdit> {
    let (old, new) = (texts.old, texts.new);
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let all = markers(&lines);
    if all.is_empty() {
        return Vec::new();
    }
    let starts = starts_of(&lines);
    let start_of = |line: usize| starts.get(line).copied().unwrap_or(old.len());
    let head = common_prefix(old.as_bytes(), new.as_bytes());
    let tail = common_suffix(old.as_bytes(), new.as_bytes());
    let mut sections: Vec<Bounds<'_>> = nearest(&all, |marker| start_of(marker.index) <= head)
        .into_iter()
        .map(|marker| {
            let section = Section::of(marker, &all, &lines);
            Bounds {
                marker,
                head: start_of(section.head),
                body: start_of(section.body),
                tail: start_of(section.tail),
            }
        })
        .filter(|section| old.len() - section.tail <= tail)
        .collect();
    sections.sort_by_key(|section| section.tail - section.body);
    let changed: usize = texts.joined.iter().map(|spot| spot.old.len().max(spot.new.len())).sum();
    sections
        .iter()
        .flat_map(|section| written(texts, section, head, changed))
        .collect()
}

/// The byte at which each line begins, and where the text ends.
fn starts_of(lines: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = Vec::with_capacity(lines.len() + 1);
    for line in lines {
        starts.push(at);
        at += line.len();
    }
    starts.push(at);
    starts
}

/// The last markers before the edit, of each kind and level.
fn nearest<'m>(all: &'m [Marker<'m>], is_before: impl Fn(&Marker<'_>) -> bool) -> Vec<&'m Marker<'m>> {
    let mut found: Vec<&Marker<'_>> = Vec::new();
    let mut taken: Vec<(MarkerKind, usize)> = Vec::new();
    for marker in all.iter().rev().filter(|marker| is_before(marker)) {
        match taken.iter_mut().find(|(kind, _)| *kind == marker.kind) {
            Some((_, count)) if *count >= MARKERS_TRIED_MAX => continue,
            Some((_, count)) => *count += 1,
            None => taken.push((marker.kind, 1)),
        }
        found.push(marker);
    }
    found
}

fn written(texts: &Texts<'_>, section: &Bounds<'_>, common_head: usize, changed: usize) -> Vec<SectionEdit> {
    let (old, new) = (texts.old, texts.new);
    let end = new.len() - (old.len() - section.tail);
    let is_retitled = common_head < section.body;
    let mut start = if is_retitled { section.head } else { section.body };
    let Some(mut body) = new.get(start..end) else {
        return Vec::new();
    };
    if !is_retitled && own_marker(body, section.marker.kind).is_some() {
        // A first line that looks like the section's marker would take that one's place: it goes
        // along.
        start = section.head;
        body = new.get(start..end).unwrap_or(body);
    }
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let old_length = section.tail.saturating_sub(start);
    let share = if 2 * changed >= old_length.max(body.len()) {
        Share::Most
    } else {
        Share::Less
    };
    let plain = without_end(body);
    let mut ways = Vec::new();
    if is_all_crlf(old) {
        ways.push(plain.replace("\r\n", "\n"));
    }
    for way in [plain, body] {
        if !ways.iter().any(|known| known == way) {
            ways.push(way.to_owned());
        }
    }
    let title = section.marker.text;
    let reason = match (is_retitled, share) {
        (true, _) => format!("section {} changed with its marker", quote(title)),
        (false, Share::Most) => format!("most of section {} changed", quote(title)),
        (false, Share::Less) => format!("section {} changed", quote(title)),
    };
    ways.into_iter()
        .map(|way| SectionEdit {
            share,
            candidate: Candidate {
                reason: reason.clone(),
                value: json!({
                    "type": "section_replace",
                    "artifact": texts.path,
                    "section_marker": title,
                    "new_section": way,
                }),
            },
        })
        .collect()
}
