//! `text_replace` for an edit: each spot as a text that stands once, equal spots as one
//! replacement.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::quote::counted;
use super::context::made_unique;
use super::spots::Spot;
use super::{Candidate, Texts};

/// Each replacement is looked for in the whole text: so many bytes may be searched for all of them.
const SEARCHED_BYTES_MAX: usize = 512 << 20;
/// A place that is the first of its likes is counted rather than told apart by more context than
/// this, in bytes.
const CONTEXT_BYTES_MAX: usize = 80;

/// The replacements that make the edit, fewest first; those that would be more than `most` are left
/// out.
pub(super) fn candidates(texts: &Texts<'_>, most: usize) -> Vec<Candidate> {
    let mut lists = vec![listed(texts, &texts.joined, most)];
    if texts.words != texts.joined {
        lists.push(listed(texts, &texts.words, most));
    }
    let mut lists: Vec<(Vec<Value>, usize)> = lists.into_iter().flatten().collect();
    // Equal changes side by side are one replacement only while they are apart.
    lists.sort_by_key(|(replacements, _)| replacements.len());
    lists
        .into_iter()
        .map(|(replacements, spots)| Candidate {
            reason: format!("{} changed", counted(spots, "spot")),
            value: json!({"type": "text_replace", "artifact": texts.path, "replacements": replacements}),
        })
        .collect()
}

/// The replacements for these spots and how many spots they are; none when a spot cannot be told
/// apart, or there are too many.
fn listed(texts: &Texts<'_>, spots: &[Spot], most: usize) -> Option<(Vec<Value>, usize)> {
    let mut rewrite = Rewrite {
        texts,
        text: texts.old.to_owned(),
        replacements: Vec::new(),
        made: Vec::new(),
    };
    let mut single: Vec<&Spot> = Vec::new();
    for group in grouped(texts, spots) {
        if group.len() < 2 || !rewrite.replace_likes(&group) {
            single.extend(group);
        }
    }
    single.sort_by_key(|spot| spot.old.start);
    let count = rewrite.replacements.len() + single.len();
    let searched = count.saturating_mul(texts.old.len().max(texts.new.len()));
    if count > most || searched > SEARCHED_BYTES_MAX {
        return None;
    }
    for spot in single {
        rewrite.replace_one(spot)?;
    }
    Some((rewrite.replacements, spots.len()))
}

/// Spots that change the same text into the same text, in the order of their first one.
fn grouped<'s>(texts: &Texts<'_>, spots: &'s [Spot]) -> Vec<Vec<&'s Spot>> {
    let mut groups: Vec<Vec<&Spot>> = Vec::new();
    let mut known = HashMap::new();
    for spot in spots {
        let key = (texts.old.get(spot.old.clone()), texts.new.get(spot.new.clone()));
        let at = *known.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.push(spot);
        }
    }
    groups
}

/// The text as the replacements so far leave it: what the next one is looked for in.
struct Rewrite<'a, 's> {
    texts: &'a Texts<'a>,
    text: String,
    replacements: Vec<Value>,
    made: Vec<&'s Spot>,
}

impl<'a, 's> Rewrite<'a, 's> {
    /// Where a byte of the old text stands now, given that no spot around it was made yet.
    fn now(&self, old_at: usize) -> usize {
        let before = self.made.iter().filter(|made| made.old.end <= old_at);
        let (gained, lost) = before.fold((0, 0), |(gained, lost), made| {
            (gained + made.new.len(), lost + made.old.len())
        });
        old_at + gained - lost
    }

    /// One replacement for equal spots, when they are all the places that read so, or the first of
    /// them.
    fn replace_likes(&mut self, group: &[&'s Spot]) -> bool {
        let Some((old, new)) = group.first().and_then(|spot| self.sides(spot)) else {
            return false;
        };
        if old.is_empty() {
            return false;
        }
        let mut wanted: Vec<usize> = group.iter().map(|spot| self.now(spot.old.start)).collect();
        wanted.sort_unstable();
        let places: Vec<usize> = self
            .text
            .match_indices(old)
            .map(|(at, _)| at)
            .take(wanted.len() + 1)
            .collect();
        if !places.starts_with(&wanted) {
            return false;
        }
        let is_all = places.len() == wanted.len();
        self.text = self.text.replacen(old, new, wanted.len());
        let mut replacement = json!({"old": old, "new": new});
        if let Some(fields) = replacement.as_object_mut().filter(|_| !is_all) {
            fields.insert("count".to_owned(), wanted.len().into());
        }
        self.replacements.push(replacement);
        self.made.extend(group);
        true
    }

    /// A replacement of its own for one spot.
    fn replace_one(&mut self, spot: &'s Spot) -> Option<()> {
        let (_, new) = self.sides(spot)?;
        let start = self.now(spot.old.start);
        let place = start..start + spot.old.len();
        let unique = made_unique(&self.text, place.clone());
        let context = unique.as_ref().map(|unique| unique.len() - place.len());
        let is_counted = !place.is_empty() && context.is_none_or(|context| context > CONTEXT_BYTES_MAX) && {
            let old = self.text.get(place.clone())?;
            self.text.find(old) == Some(place.start)
        };
        let around = if is_counted { place.clone() } else { unique? };
        let old = self.text.get(around.clone())?;
        let before = self.text.get(around.start..place.start)?;
        let after = self.text.get(place.end..around.end)?;
        let mut replacement = json!({"old": old, "new": format!("{before}{new}{after}")});
        if let Some(fields) = replacement.as_object_mut().filter(|_| is_counted) {
            fields.insert("count".to_owned(), 1.into());
        }
        self.text.replace_range(place, new);
        self.replacements.push(replacement);
        self.made.push(spot);
        Some(())
    }

    fn sides(&self, spot: &Spot) -> Option<(&'a str, &'a str)> {
        Some((
            self.texts.old.get(spot.old.clone())?,
            self.texts.new.get(spot.new.clone())?,
        ))
    }
}
