//! A YAML (or JSON) text as a tree in which every key and value knows its place.
//!
//! It knows YAML and nothing of gates. The tree exists because serde stops at the first fault, and
//! an operator wants all of them. No `Debug` here: a tree may hold secrets.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{Error as YamlError, NonFiniteFloatPolicy, Spanned};

use super::problem::SourcePosition;

/// The largest configuration text, in bytes.
pub(super) const CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// The deepest nesting of lists and mappings.
pub(super) const CONFIG_DEPTH_MAX: usize = 32;

/// The most values after anchors are expanded: far beyond any pipeline, and read in milliseconds.
const CONFIG_NODES_MAX: usize = 100_000;

const KEY_IS_NO_TEXT: &str = "a key is a text, not a list or a mapping";

/// A value and its place.
pub(super) struct Node {
    /// Where the value is written; for an alias or a merge, where its anchor is: that is what must
    /// be changed.
    pub(crate) at: SourcePosition,
    pub(crate) value: Value,
}

impl Node {
    /// Its text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }
}

/// What a value is.
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One `key: value`; equal keys are kept, so that the reader can name the second.
pub(super) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: SourcePosition,
    pub(crate) node: Node,
}

/// Why a text is no YAML: one place, one reason.
pub(super) struct NotYaml {
    pub(crate) at: SourcePosition,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Reads the text; no document at all is null.
pub(super) fn parse(text: &str) -> Result<Node, NotYaml> {
    if text.len() > CONFIG_BYTES_MAX {
        return Err(NotYaml {
            at: SourcePosition::default(),
            message: format!(
                "{} bytes are more than a configuration may have: {CONFIG_BYTES_MAX}",
                text.len()
            ),
            hint: None,
        });
    }
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: CONFIG_DEPTH_MAX,
            flow_nesting_limit: CONFIG_DEPTH_MAX,
            max_nodes: CONFIG_NODES_MAX,
            max_events: CONFIG_NODES_MAX * 3,
            max_recorded_anchor_events: CONFIG_NODES_MAX,
            // A hundred gates may share one anchor; the totals above are what stops a bomb.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: CONFIG_NODES_MAX,
            max_replay_stack_depth: CONFIG_DEPTH_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        // With comments the parser refuses 33 comment lines in a row.
        emit_comments: false,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_yaml::from_str_with_options(text, options).map_err(|error| not_yaml(&error))
}

fn not_yaml(error: &YamlError) -> NotYaml {
    let error = error.without_snippet();
    let at = error
        .location()
        .map_or_else(SourcePosition::default, |location| place(&location));
    let (message, hint) = reason(error);
    NotYaml { at, message, hint }
}

// Own words instead of the crate's: its rendering quotes the source, which may hold a token.
fn reason(error: &YamlError) -> (String, Option<String>) {
    let say = |message: &str, hint: &str| (message.to_owned(), Some(hint.to_owned()));
    if let YamlError::AliasError { error, .. } = error {
        return reason(error);
    }
    // The scanner's messages are fixed texts that name at most one character of the source.
    if let YamlError::ExternalMessage { msg, .. } = error {
        let text: String = msg.lines().next().unwrap_or_default().chars().take(200).collect();
        let hint = text.contains("tabs").then(|| "indent with spaces".to_owned());
        return (format!("not YAML: {text}"), hint);
    }
    if matches!(error, YamlError::Message { msg, .. } if msg == KEY_IS_NO_TEXT) {
        return (KEY_IS_NO_TEXT.to_owned(), None);
    }
    if matches!(error, YamlError::Eof { .. }) {
        return say(
            "not YAML: the text ends too early",
            "close the last bracket, brace or quote",
        );
    }
    if matches!(error, YamlError::MultipleDocuments { .. }) {
        return say(
            "a second document begins here",
            "a configuration is one document: take out the --- line before it",
        );
    }
    if matches!(error, YamlError::UnknownAnchor { .. }) {
        return say(
            "this alias names no anchor above it",
            "an anchor is written &name; a text that begins with * needs quotes",
        );
    }
    if matches!(error, YamlError::MergeValueNotMapOrSeqOfMaps { .. }) {
        return say(
            "<< takes a mapping",
            "write <<: *name after &name on the mapping it repeats",
        );
    }
    if matches!(
        error,
        YamlError::Budget { .. }
            | YamlError::AliasReplayCounterOverflow { .. }
            | YamlError::AliasReplayLimitExceeded { .. }
            | YamlError::AliasExpansionLimitExceeded { .. }
            | YamlError::AliasReplayStackDepthExceeded { .. }
    ) {
        return (
            format!(
                "too large to be a configuration: more than {CONFIG_NODES_MAX} values or {CONFIG_DEPTH_MAX} levels with its \
                 anchors expanded"
            ),
            None,
        );
    }
    if matches!(error, YamlError::RecursiveReferencesRequireWeakTypes { .. }) {
        return say("this alias contains itself", "write the value out");
    }
    say(
        "not YAML that holdpoint reads",
        "tags such as !name are not known here; a key is a plain text",
    )
}

fn place(location: &serde_yaml::Location) -> SourcePosition {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    SourcePosition {
        line: count(location.line()),
        column: count(location.column()),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            at: place(&spanned.defined),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        // Beyond every range that a key takes, so the exact number does not matter.
        Ok(Value::Int(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, node)) = entries.next_entry::<Node, Node>()? {
            let text = match key.value {
                Value::Text(text) => text,
                Value::Null => "null".to_owned(),
                Value::Bool(value) => value.to_string(),
                Value::Int(value) => value.to_string(),
                Value::Float(value) => value.to_string(),
                Value::List(_) | Value::Map(_) => {
                    return Err(A::Error::custom(KEY_IS_NO_TEXT));
                }
            };
            map.push(Entry {
                key: text,
                key_at: key.at,
                node,
            });
        }
        Ok(Value::Map(map))
    }
}
