//! The table of keys as people and editors read it: the reference page (docs/CONFIGURATION.md) and
//! the JSON Schema.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use domain::policy::GatePolicy;
use text::words::duration;

use super::keys::{Group, Holds, Key, Section as _};
use super::reader::SECONDS_MAX;
use super::{Config, console_keys};

use Holds::{ByStage, Count, Items, Keys, KeysByPlace, OrNull, Seconds, Switch, Text, TextByName, Texts, Times, Word};

/// What `10m` and `1h30m` are to a schema (see [`domain::time::parse_span_s`]).
const LENGTH_OF_TIME: &str = "^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s?)?$";

/// What every key is when it is left out, as `config show` tells it.
fn defaults() -> Value {
    let mut document = Config::default().doc();
    document["gates"] = json!({ "*": GatePolicy::default() });
    document
}

impl Holds {
    /// In words.
    fn words(&self) -> String {
        match self {
            Switch => "true or false".to_owned(),
            Count(least, most) if *most == u64::from(u32::MAX) => format!("a number from {least}"),
            Count(least, most) => format!("a number from {least} to {most}"),
            Seconds(0, SECONDS_MAX) => "a length of time".to_owned(),
            Seconds(_, SECONDS_MAX) => "a length of time, more than none".to_owned(),
            Seconds(_, most) => format!("a length of time, at most {}", duration(*most)),
            Text => "a text".to_owned(),
            Word(words) => words.join(", "),
            Texts => "a list of texts".to_owned(),
            Times => "a list of lengths of time".to_owned(),
            TextByName => "texts by their names".to_owned(),
            KeysByPlace => "keys by place and action".to_owned(),
            OrNull(holds) => {
                let comma = if matches!(**holds, Seconds(..)) { "," } else { "" };
                format!("{}{comma} or null", holds.words())
            }
            Keys(_) | ByStage(_) => "a mapping".to_owned(),
            Items(usize::MAX, _) => "a list".to_owned(),
            Items(most, _) => format!("a list of at most {most}"),
        }
    }

    /// As JSON Schema, without the keys under it.
    fn schema(&self) -> Value {
        match self {
            Switch => json!({ "type": "boolean" }),
            Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            // The numbers of a text are no schema's matter.
            Seconds(least, most) => {
                json!({ "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": LENGTH_OF_TIME })
            }
            Text => json!({ "type": "string" }),
            Word(words) => json!({ "enum": words }),
            Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Times => json!({ "type": "array", "items": Seconds(1, SECONDS_MAX).schema() }),
            TextByName => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            KeysByPlace => console_keys::schema(),
            OrNull(holds) => {
                let mut schema = holds.schema();
                for (list, none) in [("type", json!("null")), ("enum", Value::Null)] {
                    match schema.get_mut(list) {
                        Some(Value::Array(kinds)) => kinds.push(none),
                        Some(kind) => *kind = json!([*kind, none]),
                        None => {}
                    }
                }
                schema
            }
            Keys(group) | ByStage(group) => {
                let kinds: Vec<_> = ["object"].iter().chain(group.others).collect();
                json!({ "type": kinds })
            }
            Items(usize::MAX, _) => json!({ "type": ["array", "null"] }),
            Items(most, _) => json!({ "type": ["array", "null"], "maxItems": most }),
        }
    }
}

/// A key, or what each item of a list or each named stage is, with its path from the top: `*` stands
/// for a stage's name, `[]` for each item.
struct Row {
    path: String,
    key: Key,
    under: Vec<Row>,
}

impl Row {
    fn of(path: String, key: Key) -> Self {
        let each = |mark: &str, group: &Group| {
            let (path, about) = (format!("{path}{mark}"), group.about);
            let holds = Keys(*group);
            vec![Self::of(path, Key::new("*", about, holds))]
        };
        let under = match &key.holds {
            Keys(group) => Self::all(&format!("{path}."), (group.keys)()),
            ByStage(group) => each(".*", group),
            Items(_, group) => each("[]", group),
            Switch | Count(..) | Seconds(..) | Times | Text | Word(_) | Texts | TextByName | KeysByPlace
            | OrNull(_) => Vec::new(),
        };
        Self { path, key, under }
    }

    fn all(above: &str, keys: Vec<Key>) -> Vec<Self> {
        let keys = keys.into_iter().filter(|key| !key.is_old);
        keys.map(|key| Self::of(format!("{above}{}", key.name), key)).collect()
    }

    /// What it is when it is left out, where that is a value.
    fn default<'d>(&self, defaults: &'d Value) -> Option<&'d Value> {
        let mut parts = self.path.split('.');
        let value = parts.try_fold(defaults, |value, part| value.get(part))?;
        self.under.is_empty().then_some(value)
    }

    /// Its JSON Schema, with the keys under it.
    fn schema(&self, defaults: &Value) -> Value {
        let mut schema = self.key.holds.schema();
        schema["description"] = self.key.about().into();
        if let Some(default) = self.default(defaults) {
            schema["default"] = default.clone();
        }
        match (&self.key.holds, self.under.first()) {
            (Keys(_), _) => {
                schema["properties"] = properties(&self.under, defaults);
                if self.path.ends_with(['*', ']']) {
                    schema["additionalProperties"] = false.into();
                }
            }
            (ByStage(_), Some(each)) => schema["additionalProperties"] = each.schema(defaults),
            (_, Some(each)) => schema["items"] = each.schema(defaults),
            (_, None) => {}
        }
        schema
    }

    fn write_to(&self, page: &mut String, defaults: &Value) {
        let mut told = Vec::new();
        self.tell(defaults, &mut told);
        for key in told {
            let default = key.left_out.map_or(String::new(), |value| format!("`{value}`"));
            let hidden = if key.is_hidden { " *hidden*" } else { "" };
            let (path, holds, about) = (key.path, key.holds, key.about);
            let _ = writeln!(page, "| `{path}` | {holds}{hidden} | {default} | {about} |");
        }
    }

    fn tell(&self, defaults: &Value, told: &mut Vec<KeyWords>) {
        told.push(KeyWords {
            path: self.path.clone(),
            holds: self.key.holds.words(),
            left_out: self.default(defaults).map(Value::to_string),
            about: self.key.about(),
            is_hidden: self.key.is_secret,
        });
        self.under.iter().for_each(|row| row.tell(defaults, told));
    }
}

/// A key as people read of it.
pub struct KeyWords {
    /// From the top: `*` stands for a stage's name, `[]` for each item of a list.
    pub path: String,
    /// What it holds.
    pub holds: String,
    /// What it is when it is left out, where that is a value.
    pub left_out: Option<String>,
    /// What it does, and since when.
    pub about: String,
    /// No value of it reaches a message or a document.
    pub is_hidden: bool,
}

/// Every key, in the order of the table.
pub fn keys() -> Vec<KeyWords> {
    let mut told = Vec::new();
    let defaults = defaults();
    for row in Row::all("", Config::keys()) {
        row.tell(&defaults, &mut told);
    }
    told
}

fn properties(rows: &[Row], defaults: &Value) -> Value {
    let named = rows.iter().map(|row| (row.key.name.to_owned(), row.schema(defaults)));
    Value::Object(named.collect::<Map<_, _>>())
}

/// The JSON Schema of the configuration. What a section does not know is a warning and not refused;
/// in an item, it is.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "holdpoint's configuration",
        "type": ["object", "null"],
        "properties": properties(&Row::all("", Config::keys()), &defaults()),
    })
}

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = "# Configuration: every key\n\nPrinted by `holdpoint config keys`; `holdpoint config schema` prints the same for editors, as JSON Schema. \
                    The file is the one of `--config`, else of the context, else of `HOLDPOINT_CONFIG`, else the first that is there of \
                    `conf/operator.yaml`, `~/.config/holdpoint/operator.yaml` (`$XDG_CONFIG_HOME`) and `/etc/holdpoint/operator.yaml`; \
                    `holdpoint config path` tells which, and what was looked at. A length of time is a number of seconds, or \
                    written as `45s`, `30m`, `1h30m`. \
                    `*` stands for a stage's name, `[]` for each item of a list. conf/operator.yaml explains the same by example. \
                    Values marked *hidden* reach no message and no document.\n\n\
                    | Key | Holds | Left out | What it does |\n|---|---|---|---|\n"
        .to_owned();
    let defaults = defaults();
    let rows = Row::all("", Config::keys());
    rows.iter().for_each(|row| row.write_to(&mut page, &defaults));
    page.push_str(
        "\n## Keys of the console\n\nWhat `console.keys` may bind anew, with the keys of `preset: default`. A place is where a key holds; the \
         help (`?`) has its name in the first column. Refused at load: a key that is bound twice where it holds, \
         a key that a text field needs, Enter, Esc and Ctrl-c, and what a terminal cannot tell from another key.\n\n",
    );
    page.push_str(&keymap::reference());
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Rules, keys};

    impl Row {
        fn each(&self, see: &mut dyn FnMut(&Self)) {
            see(self);
            self.under.iter().for_each(|row| row.each(see));
        }
    }

    fn each_row(mut see: impl FnMut(&Row)) {
        let rows = Row::all("", Config::keys());
        rows.iter().for_each(|row| row.each(&mut see));
    }

    /// A text that gives this key this value, and all that must stand beside it.
    fn text_with(path: &str, value: &Value) -> String {
        let parts: Vec<_> = path.split('.').collect();
        let whole = parts
            .iter()
            .enumerate()
            .rev()
            .fold(value.clone(), |inner, (place, part)| {
                let part = part.replace('*', "script");
                let above = parts.get(..place).unwrap_or_default().join(".");
                let mut map = match (above.as_str(), part.as_str()) {
                    ("pipeline.stages[]", _) => json!({ "name": "script" }),
                    ("pipeline.stages[].artifacts[]", _) => json!({ "kind": "script", "path": "artifacts/a.txt" }),
                    ("security.tokens[]", _) => json!({ "name": "ana", "role": "viewer", "sha256": "a".repeat(64) }),
                    ("server.trusted_proxy", _) => json!({ "from": ["10.0.0.5"] }),
                    // Formats of services that sign nothing: a secret would have to be part of the address.
                    ("webhooks[]", "format") if !["json", "pagerduty"].map(Value::from).contains(value) => {
                        json!({ "name": "w", "url": "https://a/topic" })
                    }
                    ("webhooks[]", "secret_file") => json!({ "name": "w", "url": "https://a/" }),
                    ("webhooks[]", _) => json!({ "name": "w", "url": "https://a/", "secret_env": "HOLDPOINT_S" }),
                    _ => json!({}),
                };
                match part.strip_suffix("[]") {
                    Some(list) => map[list] = json!([inner]),
                    None => map[&part] = inner,
                }
                map
            });
        whole.to_string()
    }

    fn is_taken(path: &str, value: &Value) -> bool {
        let text = text_with(path, value);
        Config::load(&text, "t").is_ok_and(|loaded| {
            let unknown = |problem: &&crate::Problem| problem.message.starts_with("unused: holdpoint does nothing");
            loaded.warnings.iter().find(unknown).is_none()
        })
    }

    /// Values that a key takes, and values that it refuses. What a text must be is for its reader to
    /// say.
    fn samples(holds: &Holds) -> (Vec<Value>, Vec<Value>) {
        let range = |least: u64, most: u64| {
            let below = i64::try_from(least).unwrap() - 1;
            let bad = vec![json!(most + 1), json!(below), json!("x"), json!(null)];
            (vec![json!(least), json!(most)], bad)
        };
        match holds {
            Switch => (vec![json!(true), json!(false)], vec![json!(7), json!("x")]),
            Count(least, most) => range(*least, *most),
            Seconds(least, most) => {
                let (mut good, mut bad) = range(*least, *most);
                good.extend([json!("5m"), json!("2m30s"), json!(format!("{most}s"))]);
                bad.extend([
                    json!("5 minutes"),
                    json!("30m1h"),
                    json!(format!("{}", most + 1)),
                    json!("-1m"),
                ]);
                (good, bad)
            }
            Word(words) => (
                words.iter().map(|word| json!(word)).collect(),
                vec![json!("x"), json!(7)],
            ),
            OrNull(holds) => {
                let (mut good, mut bad) = samples(holds);
                good.push(json!(null));
                bad.retain(|value| !value.is_null());
                (good, bad)
            }
            Text => (vec![], vec![json!(7), json!([]), json!({})]),
            Texts => (vec![], vec![json!(7), json!({})]),
            Times => (vec![json!([600, "2m"])], vec![json!(7), json!([0]), json!(["x"])]),
            TextByName => (vec![json!({ "A": "x" })], vec![json!(7), json!([1])]),
            KeysByPlace => (
                vec![
                    json!({ "preset": "emacs" }),
                    json!({ "decide": { "edit": ["x", "F8"] } }),
                ],
                vec![json!(7), json!({ "preset": "x" }), json!({ "decide": { "edit": "a" } })],
            ),
            Keys(_) | ByStage(_) => (vec![], vec![json!(7), json!([])]),
            Items(..) => (vec![], vec![json!(7), json!({ "a": 1 })]),
        }
    }

    #[test]
    fn every_key_is_read_as_the_table_says() {
        each_row(|Row { path, key, .. }| {
            let (good, bad) = samples(&key.holds);
            for value in good {
                assert!(
                    is_taken(path, &value),
                    "{path} takes {value}: {}",
                    text_with(path, &value)
                );
            }
            for value in bad {
                assert!(!is_taken(path, &value), "{path} refuses {value}");
            }
        });
    }

    #[test]
    fn no_hidden_key_has_a_place_in_the_shown_document_and_every_other_scalar_has() {
        let defaults = defaults();
        each_row(|row| {
            if !row.path.contains('[') && row.under.is_empty() {
                assert_eq!(row.default(&defaults).is_none(), row.key.is_secret, "{}", row.path);
            }
        });
    }

    #[test]
    fn what_a_later_version_brings_says_so() {
        keys! {
            /// Keys of a test.
            #[derive(Clone)]
            pub struct Since [] {
                /// New.
                #[since("0.2.0")]
                new: bool = true => crate::kinds::Switch;
            }
        }
        impl Rules for Since {}
        let rows = Row::all("", Since::keys());
        let mut page = String::new();
        rows[0].write_to(&mut page, &Since::default().show());
        assert_eq!(page, "| `new` | true or false | `true` | New. Since 0.2.0. |\n");
        let shown = (Since { new: false }).show();
        assert_eq!(shown, json!({ "new": false }));
    }

    #[test]
    fn the_reference_page_is_what_the_table_says() {
        let page = include_str!("../../../docs/CONFIGURATION.md");
        assert_eq!(
            page,
            reference(),
            "write it anew: holdpoint config keys > docs/CONFIGURATION.md"
        );
    }
}
