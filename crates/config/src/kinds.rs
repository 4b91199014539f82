//! What a key can hold: how it is read, what the table says of it, and how `config show` prints it.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::keys::{Group, Holds, Rules};
use super::node::{Entry, Node, Value};
use super::reader::{Field, SECONDS_MAX, Show};
use text::near_miss::near_miss;

/// Reads a value, and tells of it.
pub(super) trait Kind {
    type Value: Serialize;

    fn holds(&self) -> Holds;

    /// None: refused and noted, or as if it were left out.
    fn read(&self, field: &Field<'_>) -> Option<Self::Value>;

    fn show(&self, value: &Self::Value) -> Json {
        serde_json::to_value(value).unwrap_or_default()
    }
}

/// A key, and the value that was read last.
pub(super) struct Reading<K: Kind> {
    kind: K,
    pub(crate) value: Option<K::Value>,
}

impl<K: Kind> Reading<K> {
    pub(crate) fn of(kind: K) -> Self {
        Self { kind, value: None }
    }

    pub(crate) fn read(&mut self, field: &Field<'_>) {
        self.value = self.kind.read(field).or(self.value.take());
    }
}

/// true or false.
pub(super) struct Switch;

impl Kind for Switch {
    type Value = bool;

    fn holds(&self) -> Holds {
        Holds::Switch
    }

    fn read(&self, field: &Field<'_>) -> Option<bool> {
        field.switch()
    }
}

/// A whole number, from and to.
pub(super) struct Count<T>(pub(crate) T, pub(crate) T);

impl<T: TryFrom<i128> + Into<u64> + PartialOrd + Display + Copy + Serialize> Kind for Count<T> {
    type Value = T;

    fn holds(&self) -> Holds {
        Holds::Count(self.0.into(), self.1.into())
    }

    fn read(&self, field: &Field<'_>) -> Option<T> {
        field.count(&(self.0..=self.1))
    }
}

/// A length of time of at least so many seconds, and what to write where no better hint is known.
pub(super) struct Seconds<H>(pub(crate) u64, pub(crate) H);

impl<H: AsRef<str>> Kind for Seconds<H> {
    type Value = u64;

    fn holds(&self) -> Holds {
        Holds::Seconds(self.0, SECONDS_MAX)
    }

    fn read(&self, field: &Field<'_>) -> Option<u64> {
        field.seconds(&(self.0..=SECONDS_MAX), self.1.as_ref())
    }
}

/// A length of time of at most so many seconds; none is allowed.
pub(super) struct SecondsTo(pub(crate) u64);

impl Kind for SecondsTo {
    type Value = u64;

    fn holds(&self) -> Holds {
        Holds::Seconds(0, self.0)
    }

    fn read(&self, field: &Field<'_>) -> Option<u64> {
        field.seconds(&(0..=self.0), "write seconds, or 10m")
    }
}

/// A text, and what it must be.
pub(super) struct Text<T>(pub(crate) fn(&Field<'_>, &str) -> Option<T>);

impl<T: Serialize> Kind for Text<T> {
    type Value = T;

    fn holds(&self) -> Holds {
        Holds::Text
    }

    fn read(&self, field: &Field<'_>) -> Option<T> {
        (self.0)(field, field.text()?)
    }
}

/// One of some words, how one is read, what they are, and the hint.
pub(super) struct Word<T>(
    pub(crate) &'static [&'static str],
    pub(crate) fn(&str) -> Option<T>,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

impl<T: Serialize> Kind for Word<T> {
    type Value = T;

    fn holds(&self) -> Holds {
        Holds::Word(self.0)
    }

    fn read(&self, field: &Field<'_>) -> Option<T> {
        let Self(words, parse, what, hint) = self;
        if field.show == Show::KindOnly {
            return parse(field.text()?).or_else(|| field.refuse(format!("there is no such {what}"), *hint));
        }
        let text = field.node.text().unwrap_or_default();
        parse(text).or_else(|| {
            let meant = near_miss(text, words.iter().copied()).map(|meant| format!("did you mean {meant}?"));
            let message = format!("{} is not {what}", field.described());
            field.refuse(message, meant.unwrap_or_else(|| (*hint).to_owned()))
        })
    }
}

/// A list of texts, what each must be, and what to write instead of something else.
pub(super) struct Texts<T>(pub(crate) fn(&Field<'_>, &str) -> Option<T>, pub(crate) &'static str);

impl<T: Serialize> Kind for Texts<T> {
    type Value = Vec<T>;

    fn holds(&self) -> Holds {
        Holds::Texts
    }

    fn read(&self, field: &Field<'_>) -> Option<Vec<T>> {
        let items = field.items(self.1)?;
        Some(items.filter_map(|item| (self.0)(&item, item.text()?)).collect())
    }
}

/// The same, or null for none.
pub(super) struct OrNull<K>(pub(crate) K);

impl<K: Kind> Kind for OrNull<K> {
    type Value = Option<K::Value>;

    fn holds(&self) -> Holds {
        Holds::OrNull(Box::new(self.0.holds()))
    }

    fn read(&self, field: &Field<'_>) -> Option<Option<K::Value>> {
        if field.is_null() {
            return Some(None);
        }
        self.0.read(field).map(Some)
    }
}

/// What has a reader of its own.
pub(super) struct By<T>(pub(crate) Holds, pub(crate) fn(&Field<'_>) -> Option<T>);

impl<T: Serialize> Kind for By<T> {
    type Value = T;

    fn holds(&self) -> Holds {
        self.0.clone()
    }

    fn read(&self, field: &Field<'_>) -> Option<T> {
        (self.1)(field)
    }
}

/// Other keys. Where the section may be switched, true and false stand for its `enabled`.
pub(super) struct Mapping<T>(PhantomData<T>);

pub(super) fn mapping<T>() -> Mapping<T> {
    Mapping(PhantomData)
}

impl<T: Rules + Serialize> Kind for Mapping<T> {
    type Value = T;

    fn holds(&self) -> Holds {
        Holds::Keys(Group::of::<T>())
    }

    fn read(&self, field: &Field<'_>) -> Option<T> {
        let Node {
            at,
            value: Value::Bool(is_on),
        } = *field.node
        else {
            return T::read(field);
        };
        if !T::OTHERS.contains(&"boolean") {
            return T::read(field);
        }
        let enabled = Entry {
            key: "enabled".to_owned(),
            key_at: at,
            node: Node {
                at,
                value: Value::Bool(is_on),
            },
        };
        let node = Node {
            at,
            value: Value::Map(vec![enabled]),
        };
        T::read(&field.holding(&node))
    }
}

/// A list of at most so many of such groups of keys, and how it is read.
pub(super) struct Items<T>(pub(crate) usize, pub(crate) fn(&Field<'_>) -> Option<Vec<T>>);

impl<T: Rules + Serialize> Kind for Items<T> {
    type Value = Vec<T>;

    fn holds(&self) -> Holds {
        Holds::Items(self.0, Group::of::<T>())
    }

    fn read(&self, field: &Field<'_>) -> Option<Vec<T>> {
        (self.1)(field)
    }

    /// What an item leaves out stays out.
    fn show(&self, value: &Vec<T>) -> Json {
        let mut items: Vec<_> = value.iter().map(T::show).collect();
        for keys in items.iter_mut().filter_map(Json::as_object_mut) {
            keys.retain(|_, value| !value.is_null() && *value != json!([]));
        }
        items.into()
    }
}
