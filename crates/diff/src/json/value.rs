//! One level of a JSON value at a time, everything below it as the text it was written in.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

const SPELLED_CHARS_MAX: usize = 200;

/// What a value is, one level deep.
pub(super) enum Shape<'a> {
    Object(Members<'a>),
    Array(Vec<&'a str>),
    Scalar,
    /// An object in which a key occurs twice.
    Ambiguous,
}

pub(super) fn shape(raw: &str) -> Shape<'_> {
    match raw.as_bytes().first() {
        Some(b'{') => match serde_json::from_str::<Entries<'_>>(raw) {
            Ok(Entries(entries)) => Members::new(entries).map_or(Shape::Ambiguous, Shape::Object),
            Err(_) => Shape::Scalar,
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(elements) => Shape::Array(elements.into_iter().map(RawValue::get).collect()),
            Err(_) => Shape::Scalar,
        },
        Some(_) | None => Shape::Scalar,
    }
}

/// True if two scalars that are written differently mean the same.
pub(super) fn is_same(old: &str, new: &str) -> bool {
    match (serde_json::from_str::<Value>(old), serde_json::from_str::<Value>(new)) {
        (Ok(Value::Number(old_number)), Ok(Value::Number(new_number))) => {
            old_number == new_number || (is_exact(old) && is_exact(new) && old_number.as_f64() == new_number.as_f64())
        }
        (Ok(old), Ok(new)) => old == new,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Numbers with up to 15 digits are not rounded in an f64: two that are equal there are equal.
fn is_exact(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() <= 15
}

/// A value on one line, cut where it is long.
pub fn spelled(raw: &str) -> String {
    let mut line = String::new();
    let mut is_inside_text = false;
    let mut is_escaped = false;
    for (count, character) in raw
        .chars()
        .filter(|&character| {
            // White space between the parts of a value goes, that inside a text stays.
            if is_inside_text {
                is_inside_text = is_escaped || character != '"';
                is_escaped = !is_escaped && character == '\\';
                true
            } else {
                is_inside_text = character == '"';
                !character.is_ascii_whitespace()
            }
        })
        .enumerate()
    {
        if count == SPELLED_CHARS_MAX {
            line.push('…');
            break;
        }
        line.push(character);
    }
    line
}

/// The members of an object in their order, each key once.
pub(super) struct Members<'a> {
    entries: Vec<(String, &'a str)>,
    places: HashMap<String, usize>,
}

impl<'a> Members<'a> {
    fn new(entries: Vec<(String, &'a RawValue)>) -> Option<Self> {
        let entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, value.get())).collect();
        let places: HashMap<_, _> = entries
            .iter()
            .enumerate()
            .map(|(at, (key, _))| (key.clone(), at))
            .collect();
        (places.len() == entries.len()).then_some(Members { entries, places })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), *value))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.places
            .get(key)
            .and_then(|&at| self.entries.get(at))
            .map(|&(_, value)| value)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }
}

/// All members of an object, repeated keys too.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
