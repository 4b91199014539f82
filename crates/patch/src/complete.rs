//! Completion: what could stand at the cursor of a patch that is being written, taken from the
//! artifact it is for.
//!
//! Owns: which fields and values each patch type takes at which place, and what the artifact offers
//! for them. Must not know the editor: a text, a cursor and a list of candidates, each with the
//! range that it replaces.

mod cursor;
mod fields;
mod material;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::catalog::find;
use super::target::{ArtifactFacts, applicable};
use super::{TypeDoc, template_of};
use cursor::{CursorContext, Expected, Step, Word, Written, place_at};
use material::{ArtifactContents, Named};

/// The most candidates that are offered at once.
pub const CANDIDATES_MAX: usize = 200;

/// A place in a text: line and character, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorPosition {
    /// The line, from 0.
    pub line: usize,
    /// The character in that line, from 0.
    pub character: usize,
}

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
    holdings: ArtifactContents,
    templates: Vec<Named>,
}

/// What may be offered for a value.
enum Offer {
    /// Texts, to be written between quotation marks.
    Texts(Vec<Named>),
    /// Values as JSON writes them.
    Json(Vec<Named>),
}

impl Completer {
    /// Looks up what the artifact offers. `files` are the paths of the run directory
    /// ([`Surroundings::files`](super::Surroundings)).
    pub fn new(kind: &str, path: &str, bytes: &[u8], files: &[String]) -> Self {
        let templates = applicable(ArtifactFacts { path, kind })
            .into_iter()
            .filter_map(|doc| {
                let text = template_of(doc.name, kind, path, bytes)?;
                Some(Named {
                    text,
                    detail: doc.name.to_owned(),
                })
            })
            .collect();
        Self {
            kind: kind.to_owned(),
            path: path.to_owned(),
            files: files.to_vec(),
            holdings: ArtifactContents::of(path, bytes),
            templates,
        }
    }

    /// What could stand at the cursor (line and character from 0), the likeliest first, at most
    /// [`CANDIDATES_MAX`].
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
        let named = |(name, detail): (&str, &str)| Named {
            text: name.to_owned(),
            detail: detail.to_owned(),
        };
        let doc = self.doc(&place.root);
        let names: Vec<Named> = match (place.path.as_slice(), doc) {
            ([], None) => fields::ROOT.into_iter().map(named).collect(),
            ([], Some(doc)) => {
                let own = doc.fields.iter().map(|name| (*name, fields::detail(name)));
                fields::ROOT.into_iter().chain(own).map(named).collect()
            }
            ([Step::Key(list), Step::Item], Some(doc)) => {
                fields::of_item(doc.name, list).iter().copied().map(named).collect()
            }
            ([Step::Key(field), rest @ ..], Some(doc)) if doc.name == "merge_patch" && field == "merge" => {
                keys_of(rest).map(|keys| self.holdings.keys(&keys)).unwrap_or_default()
            }
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
        let sibling = |name: &str| written(&place.siblings, name);
        let holdings = &self.holdings;
        let flag = || Offer::Json(fields::FLAGS.map(plain).to_vec());
        match place.path.as_slice() {
            [Step::Key(field)] if field == "type" => Some(Offer::Texts(self.type_names())),
            [Step::Key(field)] if field == "artifact" => Some(Offer::Texts(vec![Named {
                text: self.path.clone(),
                detail: self.kind.clone(),
            }])),
            [Step::Key(field)] if field == "section_marker" => Some(Offer::Texts(holdings.markers.clone())),
            [Step::Key(field)] if fields::is_flag(field) => Some(flag()),
            // A bare `{op, path, value}` is taken as one op.
            [Step::Key(field)] => self.of_op(place, field, typed),
            [Step::Key(list), Step::Item, Step::Key(field)] => match (list.as_str(), field.as_str()) {
                ("replacements", "old") => Some(Offer::Texts(holdings.lines(typed))),
                ("replacements", "new") => Some(Offer::Texts(vec![Named {
                    text: sibling("old")?.to_owned(),
                    detail: "as `old`, to be changed".to_owned(),
                }])),
                ("beat_adjustments", "beat_id") => Some(Offer::Texts(holdings.beats.clone())),
                ("beat_adjustments", "duration") => Some(Offer::Json(vec![Named {
                    text: holdings.seconds.get(sibling("beat_id")?)?.clone(),
                    detail: "seconds, as it is".to_owned(),
                }])),
                ("substitutions", "element_id") => Some(Offer::Texts(holdings.elements.clone())),
                ("substitutions", "asset_path") => Some(Offer::Texts(self.assets())),
                ("ops", field) => self.of_op(place, field, typed),
                (_, _) => self.of_merge(place),
            },
            _ => self.of_merge(place),
        }
    }

    /// Values of a JSON Patch operation.
    fn of_op(&self, place: &CursorContext, field: &str, typed: &str) -> Option<Offer> {
        if self.doc(&place.root)?.name != "json_patch" {
            return self.of_merge(place);
        }
        match field {
            "op" => Some(Offer::Texts(fields::OPS.into_iter().map(described).collect())),
            "path" | "from" => Some(Offer::Texts(self.holdings.pointers(typed))),
            "value" => {
                let text = self.holdings.value_at(written(&place.siblings, "path")?)?;
                Some(Offer::Json(vec![as_it_is(text)]))
            }
            _ => None,
        }
    }

    /// The value that a merged key has now.
    fn of_merge(&self, place: &CursorContext) -> Option<Offer> {
        let doc = self.doc(&place.root)?;
        match place.path.as_slice() {
            [Step::Key(field), rest @ ..] if doc.name == "merge_patch" && field == "merge" && !rest.is_empty() => {
                let text = self.holdings.value_of(&keys_of(rest)?)?;
                Some(Offer::Json(vec![as_it_is(text)]))
            }
            _ => None,
        }
    }

    fn type_names(&self) -> Vec<Named> {
        applicable(ArtifactFacts {
            path: &self.path,
            kind: &self.kind,
        })
        .into_iter()
        .map(|doc| Named {
            text: doc.name.to_owned(),
            detail: doc.description.split(". ").next().unwrap_or_default().to_owned(),
        })
        .collect()
    }

    /// Files that could be an asset: those below `assets` first.
    fn assets(&self) -> Vec<Named> {
        let (assets, others): (Vec<&String>, Vec<&String>) = self
            .files
            .iter()
            .filter(|file| **file != self.path)
            .partition(|file| file.split('/').any(|part| part == "assets"));
        assets
            .into_iter()
            .chain(others)
            .map(|file| Named {
                text: file.clone(),
                detail: String::new(),
            })
            .collect()
    }
}

fn plain(text: &str) -> Named {
    Named {
        text: text.to_owned(),
        detail: String::new(),
    }
}

fn described((text, detail): (&str, &str)) -> Named {
    Named {
        text: text.to_owned(),
        detail: detail.to_owned(),
    }
}

fn as_it_is(text: String) -> Named {
    Named {
        text,
        detail: "as it is".to_owned(),
    }
}

fn written<'w>(fields: &'w [Written], name: &str) -> Option<&'w str> {
    fields.iter().find(|(known, _)| known == name)?.1.as_deref()
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
