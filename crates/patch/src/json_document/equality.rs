//! Whether a value of the document is the one that a patch names.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Number, Value};

use super::super::decimal::Decimal;
use super::super::json_tree::{Node, Shape};
use super::{Content, Id, JsonDocument};

/// When two numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Numbers {
    /// `306` and `306.0` are (RFC 6902 §4.6).
    ByValue,
    /// They are not: one is written as a whole number.
    ByStyle,
}

/// A value, wherever it is kept.
#[derive(Clone, Copy)]
enum View<'a> {
    Slot(Id),
    Node(&'a Node),
    Value(&'a Value),
}

/// A value, one level deep.
enum Parts<'a> {
    Object(Vec<(&'a str, View<'a>)>),
    List(Vec<View<'a>>),
    Plain(Cow<'a, Value>),
    /// A text with half a surrogate pair: like nothing else.
    Unreadable,
}

impl JsonDocument<'_> {
    /// Whether a value of the document equals one of the patch. An object with two equal keys
    /// equals nothing.
    pub(in super::super) fn is_equal(&self, id: Id, value: &Value, numbers: Numbers) -> bool {
        self.is_same(View::Slot(id), value, numbers)
    }

    fn is_same(&self, view: View<'_>, value: &Value, numbers: Numbers) -> bool {
        match (self.parts(view), value) {
            (Parts::Object(members), Value::Object(map)) => {
                let keys: HashSet<&str> = members.iter().map(|(key, _)| *key).collect();
                keys.len() == members.len()
                    && members.len() == map.len()
                    && members
                        .iter()
                        .all(|(key, own)| map.get(*key).is_some_and(|other| self.is_same(*own, other, numbers)))
            }
            (Parts::List(own), Value::Array(items)) => {
                own.len() == items.len()
                    && own
                        .iter()
                        .zip(items)
                        .all(|(own, other)| self.is_same(*own, other, numbers))
            }
            (Parts::Plain(own), other) => match (own.as_ref(), other) {
                (Value::Number(own), Value::Number(other)) => is_same_number(own, other, numbers),
                (own, other) => own == other,
            },
            (Parts::Object(_) | Parts::List(_) | Parts::Unreadable, _) => false,
        }
    }

    fn parts<'a>(&'a self, view: View<'a>) -> Parts<'a> {
        match view {
            View::Slot(id) => match &self[id].content {
                Content::Kept(node) => self.parts(View::Node(node)),
                Content::New(value) => self.parts(View::Value(value)),
                Content::Opened(container) => match container.kind {
                    super::Kind::List => Parts::List(container.entries.iter().map(|id| View::Slot(*id)).collect()),
                    super::Kind::Object => Parts::Object(
                        container
                            .entries
                            .iter()
                            .map(|id| (self[*id].key.map_or("", |key| key.name), View::Slot(*id)))
                            .collect(),
                    ),
                },
            },
            View::Node(node) => match &node.shape {
                Shape::Object(members) => Parts::Object(
                    members
                        .iter()
                        .map(|member| (member.key.as_str(), View::Node(&member.value)))
                        .collect(),
                ),
                Shape::Array(items) => Parts::List(items.iter().map(View::Node).collect()),
                Shape::Text | Shape::Number | Shape::Word => serde_json::from_str(node.raw(self.text))
                    .map_or(Parts::Unreadable, |value| Parts::Plain(Cow::Owned(value))),
            },
            View::Value(value) => match value {
                Value::Object(map) => Parts::Object(
                    map.iter()
                        .map(|(key, value)| (key.as_str(), View::Value(value)))
                        .collect(),
                ),
                Value::Array(items) => Parts::List(items.iter().map(View::Value).collect()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    Parts::Plain(Cow::Borrowed(value))
                }
            },
        }
    }
}

fn is_same_number(own: &Number, other: &Number, numbers: Numbers) -> bool {
    let by_value = || match (Decimal::parse(&own.to_string()), Decimal::parse(&other.to_string())) {
        (Some(own), Some(other)) => own == other,
        (None, _) | (_, None) => false,
    };
    own == other || (numbers == Numbers::ByValue && by_value())
}
