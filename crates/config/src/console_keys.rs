//! The keys of a console that are bound anew: a set of them by name, and single ones by place and
//! action.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::kinds::{Kind as _, Word};
use super::node::Value;
use super::reader::Field;
use keymap::{BoundKeys, KeyFault, PRESETS};

const SET: &str = "preset";

/// What the configuration says of keys, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleKeys {
    preset: &'static str,
    /// By place and action, as they are written.
    written: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub bound: BoundKeys,
}

impl Default for ConsoleKeys {
    fn default() -> Self {
        Self {
            preset: PRESETS[0],
            written: BTreeMap::new(),
            bound: BoundKeys::default(),
        }
    }
}

impl Serialize for ConsoleKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shown = Map::from_iter([(SET.to_owned(), json!(self.preset))]);
        let places = self.written.iter();
        shown.extend(places.map(|(place, rows)| (place.clone(), json!(rows))));
        Json::Object(shown).serialize(serializer)
    }
}

/// As JSON Schema: the places and actions that there are.
pub(super) fn schema() -> Json {
    let keys = json!({ "type": ["string", "array"], "items": { "type": "string" }, "minItems": 1 });
    let places = keymap::places().into_iter().map(|place| {
        let names: Vec<_> = place.rows().map(|(name, _)| name).collect();
        let place_of =
            json!({ "type": ["object", "null"], "propertyNames": { "enum": names }, "additionalProperties": keys });
        (place.name, place_of)
    });
    let mut properties: Map<_, _> = places.collect();
    properties.insert(SET.to_owned(), json!({ "enum": PRESETS }));
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

pub(super) fn read(field: &Field<'_>) -> Option<ConsoleKeys> {
    let mut keys = ConsoleKeys::default();
    if let Some(set) = field.get(SET) {
        let known = |text: &str| PRESETS.iter().copied().find(|known| *known == text);
        let word = Word(PRESETS, known, "a set of keys", "write default or emacs");
        keys.preset = word.read(&set)?;
        keys.bound = BoundKeys::preset(keys.preset).unwrap_or_default();
    }
    let places = keymap::places();
    let mut bound = Vec::new();
    for place in field.entries()?.filter(|place| place.name != SET) {
        if !places.iter().any(|known| known.name == place.name) {
            let known: Vec<_> = places.iter().map(|known| known.name.as_str()).collect();
            place.unknown_key("console.keys", &known);
            continue;
        }
        for action in place.entries().into_iter().flatten() {
            let Some(names) = names(&action) else { continue };
            match keys.bound.set(place.name, action.name, &names) {
                Ok(()) => {
                    let rows = keys.written.entry(place.name.to_owned()).or_default();
                    rows.insert(action.name.to_owned(), names);
                    bound.push((place.name, action));
                }
                Err(fault) => note(&action, fault),
            }
        }
    }
    // Two actions may change their keys with each other, so what is bound twice shows at the end.
    for (place, action) in bound {
        if let Err(fault) = keys.bound.clash(place, action.name) {
            note(&action, fault);
        }
    }
    field.is_sound().then_some(keys)
}

fn note(action: &Field<'_>, fault: KeyFault) {
    action.key_error(fault.message, fault.hint);
}

/// One key, or a list of them.
fn names(action: &Field<'_>) -> Option<Vec<String>> {
    if !matches!(action.node.value, Value::List(_)) {
        return action.text().map(|name| vec![name.to_owned()]);
    }
    let items = action.items("write a key, or a list of keys")?;
    items.map(|item| item.text().map(str::to_owned)).collect()
}
