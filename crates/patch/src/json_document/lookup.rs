//! Finding the place that a pointer means, or saying how far it leads and what is near.

use super::super::closest::closest_name;
use super::super::error::PatchError;
use super::super::pointer::{Pointer, in_words, index_of, item_place, member_place};
use super::super::quote::{counted, excerpt, listed, quote};
use super::layout::Kind;
use super::{Content, Id, JsonDocument, described};

/// How many items are asked for their id when a step is none of a list's places.
const IDS_ASKED_MAX: usize = 10_000;
/// How many keys are offered to choose from.
const CANDIDATES_MAX: usize = 50;

/// A value that is there.
#[derive(Debug)]
pub(in super::super) struct Target {
    pub(in super::super) id: Id,
    /// Its path in words.
    pub(in super::super) place: String,
    /// The list or object that holds it, and at which entry; none for the whole document.
    pub(in super::super) holder: Option<(Id, usize)>,
}

/// Where something is to be put.
#[derive(Debug)]
pub(super) enum Opening {
    /// In the place of what stands there.
    There(Target),
    /// As an item before this place of a list.
    Item { list: Id, at: usize, place: String },
    /// As a new last member of an object.
    Member { object: Id, place: String },
}

impl<'t> JsonDocument<'t> {
    /// The value that a pointer means.
    pub(in super::super) fn find(&mut self, pointer: &Pointer) -> Result<Target, PatchError> {
        self.walk(pointer, &pointer.steps)
    }

    /// The place at which `add` puts a value (RFC 6902 §4.1).
    pub(super) fn opening(&mut self, pointer: &Pointer) -> Result<Opening, PatchError> {
        let Some((last, steps)) = pointer.steps.split_last() else {
            return self.find(pointer).map(Opening::There);
        };
        let Target { id, place, .. } = self.walk(pointer, steps)?;
        match self.kind(id) {
            Some(Kind::Object) => {
                self.open(id)?;
                Ok(match self.position(id, last, &place)? {
                    Some(at) => Opening::There(self.entry(id, at, member_place(&place, last))),
                    None => Opening::Member {
                        object: id,
                        place: member_place(&place, last),
                    },
                })
            }
            Some(Kind::List) => {
                self.open(id)?;
                let count = self.entries(id).len();
                let at = if last == "-" { Some(count) } else { index_of(last) };
                match at.filter(|at| *at <= count) {
                    Some(at) => Ok(Opening::Item {
                        list: id,
                        at,
                        place: item_place(&place, at),
                    }),
                    None => Err(self.no_item(pointer, id, &place, last).with_hint(format!(
                        "something can be put in at 0 … {count}, or with `-` at the end"
                    ))),
                }
            }
            None => Err(self.nothing_inside(pointer, id, &place)),
        }
    }

    /// The member of an object that must not be ambiguous; opens the object.
    pub(super) fn member(&mut self, object: Id, key: &str, place: &str) -> Result<Option<Target>, PatchError> {
        self.open(object)?;
        let at = self.position(object, key, place)?;
        Ok(at.map(|at| self.entry(object, at, member_place(place, key))))
    }

    fn walk(&mut self, pointer: &Pointer, steps: &[String]) -> Result<Target, PatchError> {
        let mut target = Target {
            id: self.root(),
            place: String::new(),
            holder: None,
        };
        for step in steps {
            let Target { id, place, .. } = &target;
            let (id, place) = (*id, place.as_str());
            target = match self.kind(id) {
                Some(Kind::Object) => match self.member(id, step, place)? {
                    Some(member) => member,
                    None => return Err(self.no_key(pointer, id, place, step)),
                },
                Some(Kind::List) => {
                    self.open(id)?;
                    match index_of(step).filter(|at| *at < self.entries(id).len()) {
                        Some(at) => self.entry(id, at, item_place(place, at)),
                        None => return Err(self.no_item(pointer, id, place, step)),
                    }
                }
                None => return Err(self.nothing_inside(pointer, id, place)),
            };
        }
        Ok(target)
    }

    fn entry(&self, holder: Id, at: usize, place: String) -> Target {
        Target {
            id: self.entries(holder).get(at).copied().unwrap_or(holder),
            place,
            holder: Some((holder, at)),
        }
    }

    /// Where the key stands among the entries of an opened object. Two equal keys are refused.
    fn position(&self, object: Id, key: &str, place: &str) -> Result<Option<usize>, PatchError> {
        let is_it = |entry: &Id| self[*entry].key.is_some_and(|own| own.name == key);
        let entries = self.entries(object);
        let first = entries.iter().position(is_it);
        if let (Some(first), Some(origin)) = (first, self.origin(object))
            && entries.iter().skip(first + 1).any(is_it)
        {
            origin.get(self.text, place, key)?;
        }
        Ok(first)
    }

    fn not_found(&self, pointer: &Pointer, deepest: Id, reason: &str) -> PatchError {
        let error = PatchError::unfit(format!("{} not found: {reason}", quote(&pointer.text)));
        match self.line(deepest) {
            Some(line) => error.at_artifact_line(line),
            None => error,
        }
    }

    fn no_key(&self, pointer: &Pointer, object: Id, place: &str, key: &str) -> PatchError {
        let entries = self.entries(object);
        let names: Vec<&str> = entries
            .iter()
            .filter_map(|entry| self[*entry].key.map(|key| key.name))
            .collect();
        let mut reason = format!("{} has no key {}", in_words(place), quote(key));
        if let Some(near) = closest_name(names.iter().copied(), key) {
            reason.push_str(&format!("; closest is {}", quote(near)));
        }
        let shown: Vec<String> = names.iter().map(|name| quote(name)).collect();
        let hint = if names.is_empty() {
            "it is empty; add puts something in".to_owned()
        } else {
            format!("its keys are {}", listed(&shown))
        };
        self.not_found(pointer, object, &reason)
            .with_hint(hint)
            .with_candidates(
                names
                    .iter()
                    .take(CANDIDATES_MAX)
                    .map(|name| (*name).to_owned())
                    .collect(),
            )
    }

    fn no_item(&self, pointer: &Pointer, list: Id, place: &str, step: &str) -> PatchError {
        let entries = self.entries(list);
        let place = in_words(place);
        let has = match entries.len() {
            0 => format!("{place} has no items"),
            1 => format!("{place} has 1 item (0)"),
            count => format!("{place} has {} (0 … {})", counted(count, "item"), count - 1),
        };
        if index_of(step).is_some() {
            return self.not_found(pointer, list, &has);
        }
        if step == "-" {
            let reason = format!("{has}; `-` is the place behind the last, where add can put something");
            return self.not_found(pointer, list, &reason);
        }
        let error = self.not_found(pointer, list, &format!("{has}, and {} is no place in it", quote(step)));
        match entries
            .iter()
            .take(IDS_ASKED_MAX)
            .position(|entry| self.has_id(*entry, step))
        {
            Some(at) => error.with_hint(format!(
                "{} is the id of item {at}: write {at} in its place",
                quote(step)
            )),
            None => error.with_hint("a place in a list is a number from 0, without leading zeros"),
        }
    }

    fn nothing_inside(&self, pointer: &Pointer, id: Id, place: &str) -> PatchError {
        let what = match &self[id].content {
            Content::Kept(node) => described(&node.shape),
            Content::New(_) | Content::Opened(_) => "a plain value",
        };
        let reason = format!(
            "{} is {what} ({}), with nothing inside",
            in_words(place),
            excerpt(&self.spelled(id))
        );
        self.not_found(pointer, id, &reason)
    }

    /// Whether an item of a list has this id: what an operator may write in place of its number.
    fn has_id(&self, item: Id, wanted: &str) -> bool {
        let Content::Kept(node) = &self[item].content else {
            return false;
        };
        node.members().iter().any(|member| {
            (member.key == "id" || member.key.ends_with("_id"))
                && member.value.as_text(self.text).is_some_and(|id| id == wanted)
        })
    }
}
