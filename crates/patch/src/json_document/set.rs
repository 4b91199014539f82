//! The changes: each keeps what the new value has in common with the old one.

use serde_json::{Map, Value};

use super::super::error::PatchError;
use super::super::plan::PlannedChanges;
use super::super::pointer::{Pointer, in_words, item_place, member_place};
use super::equality::Numbers;
use super::layout::Kind;
use super::lookup::Opening;
use super::{Container, Content, Id, JsonDocument, Key, Target, change};

impl<'t> JsonDocument<'t> {
    /// Writes a value where a pointer leads: in the place of a member, between the items of a list
    /// (RFC 6902 §4.1).
    pub(in super::super) fn add_at(
        &mut self,
        pointer: &'t Pointer,
        value: &'t Value,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        match self.opening(pointer)? {
            Opening::There(Target { id, place, .. }) => self.set(id, value, &place, changes),
            vacant @ (Opening::Item { .. } | Opening::Member { .. }) => {
                let (id, place) = self.fill(pointer, vacant, Content::New(value), false)?;
                changes.note(|| change(&place, None, Some(self.spelled(id))));
                Ok(())
            }
        }
    }

    /// Takes out the value that a pointer means.
    pub(in super::super) fn remove_at(
        &mut self,
        pointer: &Pointer,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        let target = self.find(pointer)?;
        let Some((holder, at)) = target.holder else {
            return Err(PatchError::unfit("the whole document cannot be removed")
                .with_hint("replace writes another in its place"));
        };
        changes.note(|| change(&target.place, Some(self.spelled(target.id)), None));
        self.remove(holder, at);
        Ok(())
    }

    /// Puts a value that stands in one place into another, and leaves the former empty.
    pub(in super::super) fn move_to(
        &mut self,
        from: &Pointer,
        to: &'t Pointer,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        let source = self.find(from)?;
        if from == to {
            return Ok(());
        }
        let before = self.spelled(source.id);
        let content = self.take(source.id);
        if let Some((holder, at)) = source.holder {
            self.remove(holder, at);
        }
        let opening = self.opening(to)?;
        let covered = self.covered(&opening);
        let (id, place) = self.fill(to, opening, content, true)?;
        changes.note(|| {
            change(
                &source.place,
                Some(before),
                Some(format!("moved to {}", in_words(&place))),
            )
        });
        if covered.is_some() {
            changes.note(|| change(&place, covered, Some(self.spelled(id))));
        }
        Ok(())
    }

    /// Puts a second copy of a value into another place.
    pub(in super::super) fn copy_to(
        &mut self,
        from: &Pointer,
        to: &'t Pointer,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        let source = self.find(from)?;
        let content = self.copy(source.id)?;
        let opening = self.opening(to)?;
        let covered = self.covered(&opening);
        let (id, place) = self.fill(to, opening, content, true)?;
        changes.note(|| change(&place, covered, Some(self.spelled(id))));
        Ok(())
    }

    /// What goes away when something is put there.
    fn covered(&self, opening: &Opening) -> Option<String> {
        match opening {
            Opening::There(target) => Some(self.spelled(target.id)),
            Opening::Item { .. } | Opening::Member { .. } => None,
        }
    }

    fn fill(
        &mut self,
        pointer: &'t Pointer,
        opening: Opening,
        content: Content<'t>,
        is_moved: bool,
    ) -> Result<(Id, String), PatchError> {
        match opening {
            Opening::There(Target { id, place, .. }) => {
                self.replace(id, content, is_moved);
                Ok((id, place))
            }
            Opening::Item { list, at, place } => {
                let id = self.add_new(None, content)?;
                self[id].is_moved = is_moved;
                self.insert(list, at, id);
                Ok((id, place))
            }
            Opening::Member { object, place } => {
                let key = pointer.steps.last().map(String::as_str);
                let id = self.add_new(key, content)?;
                self[id].is_moved = is_moved;
                self.insert(object, usize::MAX, id);
                Ok((id, place))
            }
        }
    }

    /// Makes a value read as the patch says. What already does stays byte for byte: equal members,
    /// the equal items at both ends of a list, the order of the keys, the spelling of an equal
    /// number or text.
    pub(in super::super) fn set(
        &mut self,
        id: Id,
        value: &'t Value,
        place: &str,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        if self.is_equal(id, value, Numbers::ByStyle) {
            return Ok(());
        }
        match (self.kind(id), value) {
            (Some(Kind::Object), Value::Object(map)) if !self.has_equal_keys(id)? => {
                self.set_object(id, map, place, changes)
            }
            (Some(Kind::List), Value::Array(items)) => self.set_list(id, items, place, changes),
            (_, value) => {
                let before = self.spelled(id);
                self.replace(id, Content::New(value), false);
                changes.note(|| change(place, Some(before), Some(self.spelled(id))));
                Ok(())
            }
        }
    }

    fn has_equal_keys(&mut self, object: Id) -> Result<bool, PatchError> {
        self.open(object)?;
        let mut keys: Vec<&str> = self
            .entries(object)
            .iter()
            .filter_map(|entry| self[*entry].key.map(|key| key.name))
            .collect();
        keys.sort_unstable();
        Ok(keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b)))
    }

    fn set_object(
        &mut self,
        id: Id,
        map: &'t Map<String, Value>,
        place: &str,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        self.open(id)?;
        for at in (0..self.entries(id).len()).rev() {
            let Some(&entry) = self.entries(id).get(at) else {
                continue;
            };
            if let Some(Key { name, .. }) = self[entry].key
                && !map.contains_key(name)
            {
                changes.note(|| change(&member_place(place, name), Some(self.spelled(entry)), None));
                self.remove(id, at);
            }
        }
        let places: std::collections::HashMap<&str, Id> = self
            .entries(id)
            .iter()
            .filter_map(|entry| self[*entry].key.map(|key| (key.name, *entry)))
            .collect();
        for (key, value) in map {
            match places.get(key.as_str()) {
                Some(&entry) => self.set(entry, value, &member_place(place, key), changes)?,
                None => self.add_member(id, key, value, place, changes)?,
            }
        }
        Ok(())
    }

    fn add_member(
        &mut self,
        object: Id,
        key: &'t str,
        value: &'t Value,
        place: &str,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        let entry = self.add_new(Some(key), Content::New(value))?;
        self.insert(object, usize::MAX, entry);
        changes.note(|| change(&member_place(place, key), None, Some(self.spelled(entry))));
        Ok(())
    }

    fn set_list(
        &mut self,
        id: Id,
        items: &'t [Value],
        place: &str,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        self.open(id)?;
        let own = self.entries(id).to_vec();
        let is_same = |(entry, item): (&Id, &Value)| self.is_equal(*entry, item, Numbers::ByStyle);
        let head = own.iter().zip(items).take_while(|pair| is_same(*pair)).count();
        let room = own.len().min(items.len()) - head;
        let ends = own.iter().rev().zip(items.iter().rev());
        let tail = ends.take(room).take_while(|pair| is_same(*pair)).count();
        let own = own.get(head..own.len() - tail).unwrap_or_default();
        let items = items.get(head..items.len() - tail).unwrap_or_default();
        for (at, (entry, item)) in own.iter().zip(items).enumerate() {
            self.set(*entry, item, &item_place(place, head + at), changes)?;
        }
        for at in (items.len()..own.len()).rev() {
            if let Some(&entry) = own.get(at) {
                changes.note(|| change(&item_place(place, head + at), Some(self.spelled(entry)), None));
            }
            self.remove(id, head + at);
        }
        for (at, item) in items.iter().enumerate().skip(own.len()) {
            let entry = self.add_new(None, Content::New(item))?;
            self.insert(id, head + at, entry);
            changes.note(|| change(&item_place(place, head + at), None, Some(self.spelled(entry))));
        }
        Ok(())
    }

    /// Merges as RFC 7396 says: `null` removes a member, an object goes into the member, anything
    /// else takes its place.
    pub(in super::super) fn merge(
        &mut self,
        id: Id,
        merge: &'t Value,
        place: &str,
        changes: &mut PlannedChanges,
    ) -> Result<(), PatchError> {
        let Value::Object(map) = merge else {
            return self.set(id, merge, place, changes);
        };
        if self.kind(id) != Some(Kind::Object) {
            let before = self.spelled(id);
            let content = self.merged_into_nothing(map)?;
            self.replace(id, content, false);
            changes.note(|| change(place, Some(before), Some(self.spelled(id))));
            return Ok(());
        }
        for (key, value) in map {
            let member = self.member(id, key, place)?;
            match (member, value) {
                (None, Value::Null) => {}
                (Some(member), Value::Null) => {
                    changes.note(|| change(&member.place, Some(self.spelled(member.id)), None));
                    if let Some((holder, at)) = member.holder {
                        self.remove(holder, at);
                    }
                }
                (Some(member), value) => self.merge(member.id, value, &member.place, changes)?,
                (None, Value::Object(inner)) => {
                    let content = self.merged_into_nothing(inner)?;
                    let entry = self.add_new(Some(key), content)?;
                    self.insert(id, usize::MAX, entry);
                    changes.note(|| change(&member_place(place, key), None, Some(self.spelled(entry))));
                }
                (None, value) => self.add_member(id, key, value, place, changes)?,
            }
        }
        Ok(())
    }

    /// A new object of what a merge would put into an empty one: its members without the `null`s.
    fn merged_into_nothing(&mut self, map: &'t Map<String, Value>) -> Result<Content<'t>, PatchError> {
        let mut entries = Vec::new();
        for (key, value) in map {
            let content = match value {
                Value::Null => continue,
                Value::Object(inner) => self.merged_into_nothing(inner)?,
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Content::New(value),
            };
            entries.push(self.add_new(Some(key), content)?);
        }
        Ok(Content::Opened(Container {
            kind: Kind::Object,
            origin: None,
            entries,
        }))
    }
}
