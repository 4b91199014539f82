//! Reading the fields of a patch: each refusal names the path of the field, and a field nobody
//! knows is refused.

use serde_json::{Map, Number, Value};

use super::closest::closest_name;
use super::error::{PatchError, PatchFault};
use super::quote::{excerpt, listed, quote};

/// One object of a patch, and where it stands in it.
pub(super) struct Fields<'v> {
    place: String,
    map: &'v Map<String, Value>,
}

impl<'v> Fields<'v> {
    /// The patch itself.
    pub(super) fn root(map: &'v Map<String, Value>) -> Self {
        Self {
            place: String::new(),
            map,
        }
    }

    /// The path of a field of this object.
    pub(super) fn path(&self, key: &str) -> String {
        let key = excerpt(key);
        if self.place.is_empty() {
            key
        } else {
            format!("{}.{key}", self.place)
        }
    }

    /// Refuses every field but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), PatchError> {
        let Some(stranger) = self.map.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let names: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let message = match closest_name(known.iter().copied(), stranger) {
            Some(near) => format!("unknown field {}; did you mean `{near}`?", quote(stranger)),
            None => format!("unknown field {}", quote(stranger)),
        };
        Err(PatchError::new(PatchFault::UnknownField, message)
            .at_field(self.path(stranger))
            .with_hint(format!("the fields here are {}", listed(&names))))
    }

    /// Whether the field is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// A value of any kind that must be there; `null` is one.
    pub(super) fn value(&self, key: &str) -> Result<&'v Value, PatchError> {
        self.required(key, "a value")
    }

    /// A text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<&'v str, PatchError> {
        let value = self.required(key, "a text")?;
        value
            .as_str()
            .ok_or_else(|| self.wrong(key, value, "a text in quotation marks"))
    }

    /// A number that must be there.
    pub(super) fn number(&self, key: &str) -> Result<&'v Number, PatchError> {
        let value = self.required(key, "a number")?;
        value
            .as_number()
            .ok_or_else(|| self.wrong(key, value, "a number, without quotation marks"))
    }

    /// A yes or no; `false` when missing.
    pub(super) fn flag(&self, key: &str) -> Result<bool, PatchError> {
        match self.map.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    /// A whole number from 1, if given.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, PatchError> {
        let Some(value) = self.map.get(key) else {
            return Ok(None);
        };
        match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(self.wrong(key, value, "a whole number from 1; leave it out for all occurrences")),
        }
    }

    /// An object that must be there.
    pub(super) fn object(&self, key: &str) -> Result<&'v Map<String, Value>, PatchError> {
        let value = self.required(key, "an object")?;
        value
            .as_object()
            .ok_or_else(|| self.wrong(key, value, "an object: { … }"))
    }

    /// A list of objects with at least one and at most `max` items.
    pub(super) fn objects(&self, key: &str, max: usize) -> Result<Vec<Fields<'v>>, PatchError> {
        let value = self.required(key, "a list of objects")?;
        let items = value
            .as_array()
            .ok_or_else(|| self.wrong(key, value, "a list: [ … ]"))?;
        if items.is_empty() {
            return Err(PatchError::wrong_field(
                self.path(key),
                format!("`{key}` is empty: the patch would change nothing"),
            ));
        }
        if items.len() > max {
            let message = format!(
                "`{key}` has {} items; at most {max} are taken in one patch",
                items.len()
            );
            return Err(PatchError::wrong_field(self.path(key), message).with_hint("send it as several patches"));
        }
        let place = self.path(key);
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let place = format!("{place}[{index}]");
                match item.as_object() {
                    Some(map) => Ok(Fields { place, map }),
                    None => Err(PatchError::wrong_field(
                        place,
                        format!("{} is not an object: {{ … }}", shown(item)),
                    )),
                }
            })
            .collect()
    }

    fn required(&self, key: &str, what: &str) -> Result<&'v Value, PatchError> {
        self.map
            .get(key)
            .ok_or_else(|| PatchError::wrong_field(self.path(key), format!("`{key}` is missing: {what} is needed")))
    }

    fn wrong(&self, key: &str, value: &Value, wanted: &str) -> PatchError {
        PatchError::wrong_field(self.path(key), format!("`{key}` is {}, not {wanted}", shown(value)))
    }
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
