//! The sidecar of a sound that is not changed in place: `<file>.mix.json`, whose `gain_db` the next
//! stage applies.
//!
//! Its other keys are somebody else's: only the one number is written, every other byte of an
//! existing sidecar stays.

use std::str::FromStr;

use serde_json::Value;

use super::decimal::Decimal;
use super::error::PatchError;
use super::json_document::JsonDocument;
use super::json_edit::Edits;
use super::json_tree::{Node, Shape, read_artifact};
use super::lines::line_at;
use super::plan::PlannedChanges;
use super::pointer::Pointer;
use super::quote::quote;

/// The key that holds the gain, in dB.
pub(super) const GAIN_KEY: &str = "gain_db";

/// A sidecar with another gain.
#[derive(Debug)]
pub(super) struct Mixed {
    pub(super) bytes: Vec<u8>,
    /// The gain as it was written; none: there was none.
    pub(super) before: Option<String>,
    /// The gain as it is written now: the sum of the former and the change.
    pub(super) after: String,
}

/// Adds a change to the gain of a sidecar; none given: makes one.
pub(super) fn mixed(path: &str, sidecar: Option<&[u8]>, change_db: Decimal) -> Result<Mixed, PatchError> {
    let Some(bytes) = sidecar else {
        let after = written(change_db, "0.0");
        return Ok(Mixed {
            bytes: format!("{{\n  \"{GAIN_KEY}\": {after}\n}}\n").into_bytes(),
            before: None,
            after,
        });
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| unreadable(path, "is not UTF-8 text").with_hint("move it away; a new one is then made"))?;
    let root = read_artifact(path, text)?;
    let Shape::Object(_) = &root.shape else {
        return Err(unreadable(path, "is JSON, but not an object with a `gain_db`"));
    };
    match root.get(text, "", GAIN_KEY)? {
        Some(node) => {
            let sum = node.as_number(text).and_then(|literal| {
                let sum = Decimal::parse(literal)?.plus(change_db)?;
                Some((literal, written(sum, literal)))
            });
            let Some((literal, after)) = sum else {
                let line = line_at(text, node.span.start);
                let message = format!("has in line {line} the `{GAIN_KEY}` {}", quote(node.raw(text)));
                return Err(unreadable(path, &message)
                    .at_artifact_line(line)
                    .with_hint("a number in dB is needed there"));
            };
            let mut edits = Edits::default();
            edits.replace(node.span.clone(), after.clone());
            Ok(Mixed {
                bytes: edits.applied_to(text).into_bytes(),
                before: Some(literal.to_owned()),
                after,
            })
        }
        None => {
            let after = written(change_db, "0.0");
            Ok(Mixed {
                bytes: with_member(path, text, &root, &after)?.into_bytes(),
                before: None,
                after,
            })
        }
    }
}

fn unreadable(path: &str, what: &str) -> PatchError {
    PatchError::unfit(format!("the sidecar {} {what}", quote(path)))
}

/// In the style of the former number, or with as many decimals as it needs.
fn written(gain_db: Decimal, like: &str) -> String {
    gain_db.written_like(like).unwrap_or_else(|| gain_db.to_string())
}

/// The document with a further member, laid out as its others are.
fn with_member(path: &str, text: &str, root: &Node, gain: &str) -> Result<String, PatchError> {
    let value = Value::from_str(gain).map_err(|error| unreadable(path, &error.to_string()))?;
    let pointer = Pointer {
        text: format!("/{GAIN_KEY}"),
        steps: vec![GAIN_KEY.to_owned()],
    };
    let mut document = JsonDocument::new(text, root);
    document.add_at(&pointer, &value, &mut PlannedChanges::default())?;
    document.finished(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "artifacts/audio/voice.ogg.mix.json";

    fn made(sidecar: Option<&str>, change_db: &str) -> Result<String, PatchError> {
        mixed(PATH, sidecar.map(str::as_bytes), Decimal::parse(change_db).unwrap())
            .map(|mixed| String::from_utf8(mixed.bytes).unwrap())
    }

    #[test]
    fn a_missing_sidecar_is_made() {
        assert_eq!(made(None, "3").unwrap(), "{\n  \"gain_db\": 3.0\n}\n");
        assert_eq!(made(None, "-1.25").unwrap(), "{\n  \"gain_db\": -1.25\n}\n");
    }

    #[test]
    fn a_gain_is_added_to_and_every_other_byte_stays() {
        for (before, change, after) in [
            ("{\"gain_db\": 3.0}", "1.5", "{\"gain_db\": 4.5}"),
            ("{\"gain_db\":3}", "-3", "{\"gain_db\":0}"),
            ("{\"gain_db\":3}", "0.5", "{\"gain_db\":3.5}"),
            (
                "\u{feff}{\r\n\t\"pan\": 0.10,\r\n\t\"gain_db\": -0.50 ,\"x\":[1]}",
                "0.1",
                "\u{feff}{\r\n\t\"pan\": 0.10,\r\n\t\"gain_db\": -0.40 ,\"x\":[1]}",
            ),
            (
                "{\n    \"pan\": 0.10,\n    \"fade\": {}\n}",
                "3",
                "{\n    \"pan\": 0.10,\n    \"fade\": {},\n    \"gain_db\": 3.0\n}",
            ),
            ("{\n  \"pan\": 1\n}\n", "3", "{\n  \"pan\": 1,\n  \"gain_db\": 3.0\n}\n"),
            (
                "{\"pan\": 1, \"b\": 2}",
                "3",
                "{\"pan\": 1, \"b\": 2, \"gain_db\": 3.0}",
            ),
            ("{ }\n", "3", "{\"gain_db\": 3.0}\n"),
        ] {
            assert_eq!(made(Some(before), change).unwrap(), after, "{before}");
        }
    }

    #[test]
    fn what_cannot_hold_a_gain_is_refused_with_its_place() {
        for (sidecar, expected) in [
            ("[1]", "not an object"),
            ("{\n\"gain_db\": \"loud\"}", "has in line 2 the `gain_db`"),
            ("{\"gain_db\": 1, \"gain_db\": 2}", "twice"),
            ("{\"gain_db\": 1e300}", "has in line 1"),
            ("{", "JSON"),
            ("", "JSON"),
        ] {
            let error = made(Some(sidecar), "3").unwrap_err();
            assert!(error.message.contains(expected), "{sidecar}: {error}");
        }
        assert!(mixed(PATH, Some(b"\xff"), Decimal::from(3)).is_err());
    }
}
