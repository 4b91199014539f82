//! Every key of the configuration, told once: its name, what it holds, what it is when it is left
//! out, since when it is known, whether it is secret, and what it does.
//!
//! A section tells its keys with [`keys!`], one row each. From the rows come its struct, how it is
//! read and shown, the reference page and the JSON Schema (`reference.rs`). What a section
//! does besides (keys that belong together, old keys) is in its [`Rules`].

use serde_json::Value;

use super::reader::{Field, Show};

/// What is told of one key. The last five are the words behind a row.
pub(super) struct Key {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) holds: Holds,
    /// The version that brought it; None: the first.
    pub(crate) since: Option<&'static str>,
    /// No value of it reaches a message or a document.
    pub(crate) is_secret: bool,
    /// Its values are no secrets, and still only their kind reaches a message: old files keep
    /// tokens everywhere.
    pub(crate) is_unshown: bool,
    /// Of the old system: read, and otherwise unknown.
    pub(crate) is_old: bool,
    /// How far behind (or before) its place in the table `config show` has it.
    pub(crate) moved: i8,
}

/// What a key holds.
#[derive(Clone)]
pub(super) enum Holds {
    Switch,
    /// A whole number, from and to.
    Count(u64, u64),
    /// A length of time, from and to so many whole seconds.
    Seconds(u64, u64),
    /// A list of them.
    Times,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    Texts,
    /// Texts by their names.
    TextByName,
    /// Keys of the console by place and action.
    KeysByPlace,
    OrNull(Box<Holds>),
    Keys(Group),
    /// The same keys for each stage that is named.
    ByStage(Group),
    /// At most so many of them.
    Items(usize, Group),
}

/// The keys of one mapping.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(crate) about: &'static str,
    pub(crate) keys: fn() -> Vec<Key>,
    pub(crate) others: &'static [&'static str],
}

impl Group {
    pub(crate) fn of<T: Rules>() -> Self {
        Self {
            about: T::about(),
            keys: T::keys,
            others: T::OTHERS,
        }
    }
}

/// What [`keys!`] makes of the rows.
pub(super) trait Section: Sized {
    fn about() -> &'static str;
    fn keys() -> Vec<Key>;
    /// Reads every key. None: one that must be there is not, which was noted.
    fn read(section: &Field<'_>) -> Option<Self>;
    fn show(&self) -> Value;

    /// The names of its keys, in the order of the table.
    fn names() -> Vec<&'static str> {
        let keys = Self::keys().into_iter().filter(|key| !key.is_old);
        keys.map(|key| key.name).collect()
    }
}

/// What holds in a section besides its rows.
pub(super) trait Rules: Section {
    /// What may stand there besides a mapping, in the words of JSON Schema.
    const OTHERS: &'static [&'static str] = &["null"];

    /// A key that has no row.
    fn unknown(entry: &Field<'_>) {
        entry.unused_key(&Self::names());
    }

    /// Says which of the keys that must be there are not. False: what was read goes no further.
    fn must_have(_section: &Field<'_>, _missing: &[&str]) -> bool {
        true
    }

    /// Looks at the keys together, once they are read.
    fn check(&mut self, _section: &Field<'_>) {}
}

/// One row for each key:
///
/// ```text
/// /// What it does.
/// #[since("0.2.0")]
/// pub name: Type = what it is when it is left out => kind, word, word;
/// ```
///
/// The kinds are in `kinds.rs`; the words are `secret`, `unshown`, `old` and `moved = 1` (see
/// [`Key`]), and those in brackets count for every row. A key without a value for when it is left
/// out must be there. For a struct of the domain, `impl` stands in place of `struct`, and the rows
/// are without types.
macro_rules! keys {
    ($(#[doc = $what:literal])+ $(#[derive($($derive:ident),+)])? $whole:vis struct $name:ident $common:tt {
        $($(#[doc = $about:literal])+ $(#[since($since:literal)])?
        $vis:vis $key:ident: $type:ty $(= $left_out:expr)? => $kind:expr $(, $word:ident $(= $of:literal)?)*;)+
    }) => {
        $(#[doc = $what])+
        $(#[derive($($derive),+)])?
        $whole struct $name {
            $($(#[doc = $about])+ $vis $key: $type,)+
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::keys::Section::show(self).serialize(serializer)
            }
        }
        keys! { @default $name { $($key $(= $left_out)?;)+ } }
        keys! { $(#[doc = $what])+ impl $name $common {
            $($(#[doc = $about])+ $(#[since($since)])? $key $(= $left_out)? => $kind $(, $word $(= $of)?)*;)+
        } }
    };
    ($(#[doc = $what:literal])+ impl $name:ident $common:tt {
        $($(#[doc = $about:literal])+ $(#[since($since:literal)])?
        $key:ident $(= $left_out:expr)? => $kind:expr $(, $word:ident $(= $of:literal)?)*;)+
    }) => {
        impl $crate::keys::Section for $name {
            fn about() -> &'static str {
                concat!($($what),+).trim_start()
            }

            fn keys() -> Vec<$crate::keys::Key> {
                use $crate::kinds::Kind as _;
                vec![$({
                    let about = concat!($($about),+).trim_start();
                    let mut key = $crate::keys::Key::new(stringify!($key), about, $kind.holds());
                    key.since = keys!(@since $($since)?);
                    keys!(@words key $common);
                    $(keys!(@word key $word $($of)?);)*
                    key
                }),+]
            }

            fn read(section: &$crate::reader::Field<'_>) -> Option<Self> {
                use $crate::keys::Rules as _;
                let keys = Self::keys();
                let ($(mut $key,)+) = ($($crate::kinds::Reading::of($kind),)+);
                for mut entry in section.entries()? {
                    match keys.iter().find(|key| key.name == entry.name) {
                        Some(key) => entry.show = key.show(),
                        None => Self::unknown(&entry),
                    }
                    $(if entry.name == stringify!($key) {
                        $key.read(&entry);
                    })+
                }
                let needed: &[&str] = &[$(keys!(@needed $key $($left_out)?)),+];
                let missing: Vec<_> = needed.iter().copied().filter(|key| {
                    !key.is_empty() && section.get(key).is_none()
                }).collect();
                if !Self::must_have(section, &missing) {
                    return None;
                }
                let mut read = Self { $($key: keys!(@value $key $($left_out)?)),+ };
                read.check(section);
                Some(read)
            }

            fn show(&self) -> serde_json::Value {
                use $crate::kinds::Kind as _;
                let shown = Self::keys().into_iter().filter(|key| !key.is_secret).map(|key| {
                    $(if key.name == stringify!($key) {
                        return (key, $kind.show(&self.$key));
                    })+
                    (key, serde_json::Value::Null)
                });
                $crate::keys::document(shown.collect())
            }
        }
    };
    (@default $name:ident { $($key:ident = $left_out:expr;)+ }) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $left_out),+ }
            }
        }
    };
    // One that has keys which must be there.
    (@default $name:ident $keys:tt) => {};
    (@words $row:ident [$($word:ident),*]) => { $(keys!(@word $row $word);)* };
    (@word $row:ident secret) => { $row.is_secret = true };
    (@word $row:ident unshown) => { $row.is_unshown = true };
    (@word $row:ident old) => { ($row.is_old, $row.is_secret) = (true, true) };
    (@word $row:ident moved $of:literal) => { $row.moved = $of };
    (@since) => { None };
    (@since $version:literal) => { Some($version) };
    (@needed $key:ident $left_out:expr) => { "" };
    (@needed $key:ident) => { stringify!($key) };
    (@value $key:ident $left_out:expr) => { $key.value.map_or_else(|| $left_out, Into::into) };
    (@value $key:ident) => { $key.value?.into() };
}
pub(super) use keys;

/// The document of these values. Their order is what `config show` has always had.
pub(super) fn document(shown: Vec<(Key, Value)>) -> Value {
    let mut shown: Vec<_> = (0..).zip(shown).collect();
    shown.sort_by_key(|(place, (key, _))| place + i32::from(key.moved));
    let named = shown.into_iter().map(|(_, (key, value))| (key.name.to_owned(), value));
    Value::Object(named.collect())
}

impl Key {
    pub(crate) fn new(name: &'static str, about: &'static str, holds: Holds) -> Self {
        Self {
            name,
            about,
            holds,
            since: None,
            is_secret: false,
            is_unshown: false,
            is_old: false,
            moved: 0,
        }
    }

    /// Whether a value of it may appear in a message.
    pub(crate) fn show(&self) -> Show {
        if self.is_secret || self.is_unshown {
            Show::KindOnly
        } else {
            Show::Value
        }
    }

    /// What it does, and since when.
    pub(crate) fn about(&self) -> String {
        match self.since {
            Some(version) => format!("{} Since {version}.", self.about),
            None => self.about.to_owned(),
        }
    }
}
