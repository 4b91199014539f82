//! Completion: what could stand at the cursor of a patch that is being written, taken from the
//! artifact it is for.
//!
//! Owns: which fields and values each patch type takes at which place, and what the artifact offers
//! for them. Must not know the editor: a text, a cursor and a list of candidates, each with the
//! range that it replaces.

mod cursor;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::catalog::{find, types};
use super::lines::CursorPosition;
use super::offers::{ArtifactContents, Asked, CANDIDATES_MAX, Named, Offer, Written, written};
use super::target::{ArtifactFacts, applicable};
use super::template::templates_of;
use super::type_doc::{COMMON_FIELDS, FieldDoc, Holds, TypeDoc};
use cursor::{CursorContext, Expected, Step, Word, place_at};

/// One thing that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What it is, as a list shows it: `scene_002`.
    pub label: String,
    /// A few words on it: `12 s`, `line 14`.
    pub detail: String,
    /// The text to put in place of `replaces`, quotation marks and escapes included where they are
    /// needed.
    pub insert: String,
    /// What it takes the place of; empty where nothing was typed yet. It never spans lines.
    pub replaces: Range<CursorPosition>,
}

/// Completion for one artifact. Making it reads the whole artifact, asking it costs by the length
/// of the patch text.
#[derive(Debug)]
pub struct Completer {
    kind: String,
    path: String,
    files: Vec<String>,
    contents: ArtifactContents,
    templates: Vec<Named>,
}

impl Completer {
    /// Looks up what the artifact offers. `files` are the paths of the run directory
    /// ([`Surroundings::files`](super::Surroundings)).
    pub fn new(kind: &str, path: &str, bytes: &[u8], files: &[String]) -> Self {
        let templates = templates_of(ArtifactFacts { path, kind }, bytes);
        let templates = templates
            .into_iter()
            .map(|(name, template)| Named::new(&template.text, name));
        Self {
            kind: kind.to_owned(),
            path: path.to_owned(),
            files: files.to_vec(),
            contents: ArtifactContents::of(path, bytes),
            templates: templates.collect(),
        }
    }

    /// What could stand at the cursor (line and character from 0), the likeliest first, at most
    /// 200.
    ///
    /// Of what was typed a candidate repeats the beginning, or else some part, letter case aside.
    pub fn at(&self, text: &str, line: usize, character: usize) -> Vec<Completion> {
        let Some(cursor) = offset_of(text, line, character) else {
            return Vec::new();
        };
        let Some(place) = place_at(text, cursor) else {
            return Vec::new();
        };
        let typed = place.word.as_ref().map_or("", |word| word.typed.as_str());
        let writer = Writer {
            text,
            cursor,
            place: &place,
        };
        match place.position {
            Expected::Nothing => Vec::new(),
            Expected::Name => fitting(typed, self.names(&place))
                .into_iter()
                .map(|named| writer.name(named))
                .collect(),
            Expected::Value if place.path.is_empty() => self.whole(&writer),
            Expected::Value => match self.values(&place, typed) {
                Some(Offer::Texts(named)) => fitting(typed, named)
                    .into_iter()
                    .map(|named| writer.text(named))
                    .collect(),
                // A value that is no text cannot be written between quotation marks that stand
                // already.
                Some(Offer::Json(named)) if place.word.as_ref().is_none_or(|word| !word.is_opened) => {
                    fitting(typed, named)
                        .into_iter()
                        .map(|named| writer.json(named))
                        .collect()
                }
                Some(Offer::Json(_)) | None => Vec::new(),
            },
        }
    }

    /// A blank text may become a whole patch.
    fn whole(&self, writer: &Writer<'_>) -> Vec<Completion> {
        if !writer.text.trim().is_empty() {
            return Vec::new();
        }
        let whole =
            |named: &Named| writer.candidate(named.detail.clone(), "a whole patch".to_owned(), named.text.clone());
        self.templates.iter().map(whole).collect()
    }

    fn doc(&self, root: &[Written]) -> Option<&'static TypeDoc> {
        find(written(root, "type")?).ok()
    }

    /// Names of fields that the object at the cursor does not have yet.
    fn names(&self, place: &CursorContext) -> Vec<Named> {
        let named = |field: &FieldDoc| Named::new(field.name, field.detail);
        let doc = self.doc(&place.root);
        let names: Vec<Named> = match (place.path.as_slice(), doc) {
            ([], doc) => {
                let own = doc.map_or(&[][..], |doc| doc.fields);
                COMMON_FIELDS.iter().chain(own).map(named).collect()
            }
            ([Step::Key(field), rest @ ..], Some(doc)) => match (doc.holds(field), rest) {
                (Some(Holds::Items(fields)), [Step::Item]) => fields.iter().map(named).collect(),
                (Some(Holds::Merged), rest) => keys_of(rest).map_or_else(Vec::new, |keys| self.contents.keys(&keys)),
                (_, _) => Vec::new(),
            },
            (_, _) => Vec::new(),
        };
        let own = place.word.as_ref().map(|word| word.typed.as_str());
        let is_new = |name: &Named| {
            // The name under the cursor is no reason not to offer it again.
            own == Some(name.text.as_str()) || place.siblings.iter().all(|(known, _)| *known != name.text)
        };
        names.into_iter().filter(is_new).collect()
    }

    fn values(&self, place: &CursorContext, typed: &str) -> Option<Offer> {
        let (first, rest) = match place.path.as_slice() {
            [Step::Key(first), rest @ ..] => (first.as_str(), rest),
            _ => return None,
        };
        match (first, rest) {
            ("type", []) => return Some(Offer::Texts(self.type_names())),
            ("artifact", []) => return Some(Offer::Texts(vec![Named::new(&self.path, &self.kind)])),
            (_, _) => {}
        }
        // Without a type yet, the field says which is meant.
        let holds = match self.doc(&place.root) {
            Some(doc) => doc.holds(first)?,
            None => types().iter().find_map(|doc| doc.holds(first))?,
        };
        let holds = match (holds, rest) {
            (Holds::Items(fields), [Step::Item, Step::Key(name)]) => {
                fields.iter().find(|field| field.name == name)?.holds
            }
            (Holds::Merged, [_, ..]) => {
                let text = self.contents.value_of(&keys_of(rest)?)?;
                return Some(Offer::Json(vec![Named::new(&text, "as it is")]));
            }
            (holds, []) => holds,
            (_, _) => return None,
        };
        match holds {
            Holds::Flag => Some(Offer::Json(["true", "false"].map(|flag| Named::new(flag, "")).to_vec())),
            Holds::Offered(offer) => offer(&Asked {
                path: &self.path,
                contents: &self.contents,
                files: &self.files,
                siblings: &place.siblings,
                typed,
            }),
            Holds::Anything | Holds::Items(_) | Holds::Merged => None,
        }
    }

    fn type_names(&self) -> Vec<Named> {
        applicable(ArtifactFacts {
            path: &self.path,
            kind: &self.kind,
        })
        .into_iter()
        .map(|doc| Named::new(doc.name, doc.description.split(". ").next().unwrap_or_default()))
        .collect()
    }
}

/// A path of object keys alone: merge patches do not reach into lists.
fn keys_of(path: &[Step]) -> Option<Vec<String>> {
    path.iter()
        .map(|step| match step {
            Step::Key(key) => Some(key.clone()),
            Step::Item => None,
        })
        .collect()
}

/// Those that begin with what was typed, then those that begin so in another letter case, then
/// those that hold it.
fn fitting(typed: &str, named: Vec<Named>) -> Vec<Named> {
    let folded = typed.to_lowercase();
    let mut ranked: Vec<(u8, Named)> = named
        .into_iter()
        .filter_map(|named| {
            let lower = named.text.to_lowercase();
            let rank = match () {
                () if named.text.starts_with(typed) => 0,
                () if lower.starts_with(&folded) => 1,
                () if lower.contains(&folded) => 2,
                () => return None,
            };
            Some((rank, named))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(CANDIDATES_MAX);
    ranked.into_iter().map(|(_, named)| named).collect()
}

/// The byte at which a line and character stand; a cursor beyond a line's end stands at it.
fn offset_of(text: &str, line: usize, character: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 0..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let rest = text.get(start..)?;
    let rest = rest.split('\n').next().unwrap_or(rest);
    let within = rest.char_indices().nth(character).map_or(rest.len(), |(at, _)| at);
    Some(start + within)
}

/// Puts candidates into the text around the cursor.
struct Writer<'t> {
    text: &'t str,
    cursor: usize,
    place: &'t CursorContext,
}

impl Writer<'_> {
    /// A name of a field, with its colon when none follows.
    fn name(&self, named: Named) -> Completion {
        let insert = self.quoted(&named.text);
        let insert = if self.place.is_before_colon || self.is_closed() {
            insert
        } else {
            insert + ": "
        };
        self.candidate(named.text, named.detail, insert)
    }

    fn text(&self, named: Named) -> Completion {
        let insert = self.quoted(&named.text);
        self.candidate(named.text, named.detail, insert)
    }

    fn json(&self, named: Named) -> Completion {
        self.candidate(named.text.clone(), named.detail, named.text)
    }

    fn is_closed(&self) -> bool {
        self.place.word.as_ref().is_some_and(|word| word.is_closed)
    }

    /// The text as JSON writes it, without the quotation marks that stand already.
    fn quoted(&self, text: &str) -> String {
        let whole = serde_json::Value::from(text).to_string();
        let (is_opened, is_closed) = match &self.place.word {
            Some(Word {
                is_opened, is_closed, ..
            }) => (*is_opened, *is_closed),
            None => (false, false),
        };
        let whole = if is_opened {
            whole.get(1..).unwrap_or_default()
        } else {
            &whole
        };
        let end = if is_closed {
            whole.len().saturating_sub(1)
        } else {
            whole.len()
        };
        whole.get(..end).unwrap_or_default().to_owned()
    }

    fn candidate(&self, label: String, detail: String, insert: String) -> Completion {
        let span = self
            .place
            .word
            .as_ref()
            .map_or(self.cursor..self.cursor, |word| word.span.clone());
        Completion {
            label,
            detail,
            insert,
            replaces: self.place_of(span.start)..self.place_of(span.end),
        }
    }

    fn place_of(&self, offset: usize) -> CursorPosition {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        CursorPosition {
            line: before.matches('\n').count(),
            character: before.get(line_start..).map_or(0, |line| line.chars().count()),
        }
    }
}
