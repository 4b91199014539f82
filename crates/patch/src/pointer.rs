//! JSON pointers (RFC 6901), and the places that they name in the words of the screen.

use diff::json::{push_key, push_place};

use super::quote::excerpt;

/// A pointer as a patch writes it: `/scenes/2/duration_ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) text: String,
    /// The decoded steps; none: the whole document.
    pub(super) steps: Vec<String>,
}

impl Pointer {
    /// Reads a pointer, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut steps = Vec::new();
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err("it does not begin with `/`; the whole document is the empty text");
        }
        for part in parts {
            let mut step = String::with_capacity(part.len());
            let mut characters = part.chars();
            while let Some(character) = characters.next() {
                step.push(match character {
                    '~' => match characters.next() {
                        Some('0') => '~',
                        Some('1') => '/',
                        Some(_) | None => return Err("a `~` in a key is written `~0`, a `/` in a key `~1`"),
                    },
                    other => other,
                });
            }
            steps.push(step);
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// The pointer of these steps.
    pub(super) fn of(steps: Vec<String>) -> Self {
        let written = steps.iter().map(|step| format!("/{}", escaped(step)));
        Self {
            text: written.collect(),
            steps,
        }
    }

    /// Whether the other place lies inside this one.
    pub(super) fn is_above(&self, other: &Self) -> bool {
        other.steps.len() > self.steps.len() && other.steps.starts_with(&self.steps)
    }
}

/// A key as a step of a pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The place in a list that a step means: digits without leading zeros (RFC 6901 §4).
pub(super) fn index_of(step: &str) -> Option<usize> {
    let is_index = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if is_index { step.parse().ok() } else { None }
}

/// The path of a member: `scenes[2].duration_ms`.
pub(super) fn member_place(place: &str, key: &str) -> String {
    let mut path = place.to_owned();
    push_key(&mut path, &excerpt(key));
    path
}

/// The path of an item: `scenes[2]`.
pub(super) fn item_place(place: &str, index: usize) -> String {
    let mut path = place.to_owned();
    push_place(&mut path, index);
    path
}

/// A path in a sentence; the whole document has no path.
pub(super) fn in_words(place: &str) -> &str {
    if place.is_empty() { "the document" } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_decoded_once() {
        let steps = |text: &str| Pointer::parse(text).map(|pointer| pointer.steps);
        assert_eq!(steps(""), Ok(vec![]));
        assert_eq!(steps("/"), Ok(vec![String::new()]));
        assert_eq!(steps("/a~1b/~01/-"), Ok(vec!["a/b".into(), "~1".into(), "-".into()]));
        assert!(steps("a").is_err());
        assert!(steps("/~2").is_err());
        assert!(steps("/a~").is_err());
        let odd = Pointer::parse("/a~1b/~01/-").unwrap();
        assert_eq!(Pointer::of(odd.steps.clone()), odd);
        for key in ["", "a/b", "~1", "~~/"] {
            assert_eq!(steps(&format!("/{}", escaped(key))), Ok(vec![key.to_owned()]));
        }
    }

    #[test]
    fn only_plain_digits_are_an_index() {
        assert_eq!(index_of("0"), Some(0));
        assert_eq!(index_of("10"), Some(10));
        for step in ["", "01", "-", "-1", "1e0", "+1", "99999999999999999999999"] {
            assert_eq!(index_of(step), None, "{step}");
        }
    }

    #[test]
    fn the_other_place_must_lie_inside() {
        let pointer = |text: &str| Pointer::parse(text).unwrap();
        assert!(pointer("/a").is_above(&pointer("/a/b")));
        assert!(pointer("").is_above(&pointer("/a")));
        assert!(!pointer("/a").is_above(&pointer("/a")));
        assert!(!pointer("/a").is_above(&pointer("/ab")));
    }
}
