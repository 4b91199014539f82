//! The fields of a patch: the first fault is told, with the path of its field, and a field nobody
//! knows is one.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::closest::closest_name;
use super::error::{PatchError, PatchFault};
use super::fields::{FieldReader, FieldValue, Fields};
use super::quote::{excerpt, listed, quote};

/// Patches are read.
pub(crate) enum Patches {}

/// One object of a patch.
pub(crate) type PatchFields<'v> = Fields<'v, Patches>;

impl FieldReader for Patches {
    type Fault = PatchError;
    const IS_NULL_NOTHING: bool = false;

    fn missing(fields: &PatchFields<'_>, key: &str, needed: &str) -> PatchError {
        PatchError::wrong_field(fields.path(key), format!("`{key}` is missing: {needed} is needed"))
    }
}

impl<'v> PatchFields<'v> {
    /// The path of a field: `replacements[0].old`.
    pub(super) fn path(&self, key: &str) -> String {
        let mut path = String::new();
        for step in self.place(key) {
            match step.as_str() {
                Some(name) if path.is_empty() => path = excerpt(name),
                Some(name) => path = format!("{path}.{}", excerpt(name)),
                None => path = format!("{path}[{step}]"),
            }
        }
        path
    }

    /// Refuses every field but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), PatchError> {
        let Some(stranger) = self.object().keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let message = match closest_name(known.iter().copied(), stranger) {
            Some(near) => format!("unknown field {}; did you mean `{near}`?", quote(stranger)),
            None => format!("unknown field {}", quote(stranger)),
        };
        Err(PatchError::new(PatchFault::UnknownField, message)
            .at_field(self.path(stranger))
            .with_hint(format!("the fields here are {}", listed(known))))
    }

    /// A list of objects with at least one and at most `max` items, each read in turn.
    pub(super) fn items<T>(
        &self,
        key: &str,
        max: usize,
        mut read: impl FnMut(&Self) -> Result<T, PatchError>,
    ) -> Result<Vec<T>, PatchError> {
        let Objects(items) = self.read(key)?;
        let refused = |message: String| PatchError::wrong_field(self.path(key), message);
        if items.is_empty() {
            return Err(refused(format!("`{key}` is empty: the patch would change nothing")));
        }
        if items.len() > max {
            let message = format!(
                "`{key}` has {} items; at most {max} are taken in one patch",
                items.len()
            );
            return Err(refused(message).with_hint("send it as several patches"));
        }
        let objects = items.iter().enumerate().map(|(index, item)| {
            let object = item.as_object().ok_or_else(|| {
                let place = format!("{}[{index}]", self.path(key));
                PatchError::wrong_field(place, format!("{} is not an object: {{ … }}", shown(item)))
            })?;
            Ok(self.item(key, index, object))
        });
        // What is no object at all is told before what is wrong inside of one.
        let objects: Vec<Self> = objects.collect::<Result<_, PatchError>>()?;
        objects.iter().map(&mut read).collect()
    }

    /// A text that is not empty.
    pub(super) fn filled(&self, key: &str) -> Result<&'v str, PatchError> {
        let text: &str = self.read(key)?;
        if text.is_empty() {
            return Err(PatchError::wrong_field(self.path(key), format!("`{key}` is empty")));
        }
        Ok(text)
    }

    /// Refuses an item whose id an earlier one had.
    pub(super) fn once(
        &self,
        key: &str,
        seen: &mut HashSet<&'v str>,
        twice: impl FnOnce(&str) -> String,
    ) -> Result<(), PatchError> {
        let id = self.read(key)?;
        if seen.insert(id) {
            return Ok(());
        }
        Err(PatchError::wrong_field(self.path(key), twice(&quote(id))).with_hint("keep one of the two"))
    }

    /// The fault of a field with another value than is wanted.
    pub(super) fn wrong(&self, key: &str, value: &Value, wanted: &str) -> PatchError {
        PatchError::wrong_field(self.path(key), format!("`{key}` is {}, not {wanted}", shown(value)))
    }
}

/// Fields of a patch by their types: the type, what is needed where it is missing, how it is read
/// and what is wanted where it cannot be.
macro_rules! patch_fields {
    ($($kind:ty, $needed:literal, $read:expr, $wanted:literal;)*) => {
        $(impl<'v> FieldValue<'v, Patches> for $kind {
            const NEEDED: &'static str = $needed;

            fn of(fields: &PatchFields<'v>, key: &str, value: &'v Value) -> Result<Self, PatchError> {
                let read: fn(&'v Value) -> Option<Self> = $read;
                read(value).ok_or_else(|| fields.wrong(key, value, $wanted))
            }
        })*
    };
}

struct Objects<'v>(&'v Vec<Value>);

patch_fields! {
    &'v Value, "a value", Some, "a value";
    &'v str, "a text", Value::as_str, "a text in quotation marks";
    &'v Number, "a number", Value::as_number, "a number, without quotation marks";
    &'v Map<String, Value>, "an object", Value::as_object, "an object: { … }";
    bool, "true or false", Value::as_bool, "true or false";
    Objects<'v>, "a list of objects", |value| value.as_array().map(Objects), "a list: [ … ]";
}

/// A value in a few words.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("the text {}", quote(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
