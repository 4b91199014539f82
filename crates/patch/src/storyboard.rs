//! A storyboard as duration patches see it: its beats and scenes, their ids, and the fields that
//! say how long they are.

use std::collections::HashMap;
use std::ops::Range;

use super::closest::closest_name;
use super::decimal::{Decimal, is_fraction_style};
use super::error::PatchError;
use super::json_tree::{Node, read_artifact};
use super::lines::line_at;
use super::quote::{listed, quote};

/// The unit that a field's name says; a bare `duration` is in seconds (SPEC §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    /// The power of ten from seconds to this unit.
    fn power(self) -> i32 {
        match self {
            Self::Seconds => 0,
            Self::Milliseconds => 3,
        }
    }

    /// A number of seconds in this unit.
    pub(super) fn of_seconds(self, seconds: Decimal) -> Option<Decimal> {
        seconds.shifted(self.power())
    }

    /// A value in this unit as seconds.
    pub(super) fn to_seconds(self, value: Decimal) -> Option<Decimal> {
        value.shifted(-self.power())
    }

    /// `s`, `ms`.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
        }
    }

    /// `seconds`, `milliseconds`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
        }
    }
}

/// The fields that hold an id, the surest first.
pub(super) const ID_FIELDS: [&str; 4] = ["id", "beat_id", "scene_id", "element_id"];
/// The fields that hold a duration.
pub(super) const DURATION_FIELDS: [(&str, Unit); 3] = [
    ("duration", Unit::Seconds),
    ("duration_s", Unit::Seconds),
    ("duration_ms", Unit::Milliseconds),
];

/// Which list a beat stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// `sections[section].beats[]`
    Beats { section: usize },
    /// `scenes[]`
    Scenes,
}

impl List {
    /// Whether both belong to the same running order: all sections' beats form one.
    pub(super) fn is_same_order(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Scenes, Self::Scenes) | (Self::Beats { .. }, Self::Beats { .. })
        )
    }
}

/// A number that says how long something is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Duration<'t> {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) span: Range<usize>,
    pub(super) literal: &'t str,
    pub(super) seconds: Decimal,
}

/// One beat or scene.
#[derive(Debug)]
pub(super) struct Beat<'t> {
    pub(super) list: List,
    index: usize,
    pub(super) node: &'t Node,
    ids: Vec<(&'static str, String)>,
}

impl Beat<'_> {
    /// `scenes[2]`, `sections[0].beats[1]`
    pub(super) fn place(&self) -> String {
        match self.list {
            List::Scenes => format!("scenes[{}]", self.index),
            List::Beats { section } => format!("sections[{section}].beats[{}]", self.index),
        }
    }

    /// The id that a person would use.
    pub(super) fn id(&self) -> Option<&str> {
        ID_FIELDS
            .iter()
            .find_map(|field| self.ids.iter().find(|(name, _)| name == field))
            .map(|(_, id)| id.as_str())
    }

    /// The duration fields; a field that is not a usable number is refused.
    pub(super) fn durations<'t>(&self, text: &'t str) -> Result<Vec<Duration<'t>>, PatchError> {
        let place = self.place();
        let mut found = Vec::new();
        for (name, unit) in DURATION_FIELDS {
            let Some(node) = self.node.get(text, &place, name)? else {
                continue;
            };
            found.push(read_duration(text, &place, name, unit, node)?);
        }
        Ok(found)
    }

    /// How long it is, when it says so clearly.
    pub(super) fn seconds(&self, text: &str) -> Option<Decimal> {
        self.durations(text).ok()?.first().map(|duration| duration.seconds)
    }
}

/// The path of a field of an object; the document itself has an empty path.
pub(super) fn field_of(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

/// Reads one number as a duration.
pub(super) fn read_duration<'t>(
    text: &'t str,
    place: &str,
    name: &'static str,
    unit: Unit,
    node: &Node,
) -> Result<Duration<'t>, PatchError> {
    // Only a refusal needs the line: counting lines for every beat would be quadratic in the
    // document.
    let line = || line_at(text, node.span.start);
    let place = field_of(place, name);
    let Some(literal) = node.as_number(text) else {
        let line = line();
        return Err(PatchError::unfit(format!(
            "{place} is {}, not a number (line {line})",
            quote(node.raw(text))
        ))
        .at_artifact_line(line));
    };
    let seconds = Decimal::parse(literal)
        .and_then(|value| unit.to_seconds(value))
        .ok_or_else(|| {
            let line = line();
            PatchError::unfit(format!(
                "{place} is {}: more digits than a duration can have (line {line})",
                quote(literal)
            ))
            .at_artifact_line(line)
        })?;
    Ok(Duration {
        name,
        unit,
        span: node.span.clone(),
        literal,
        seconds,
    })
}

/// The parts of a storyboard that have a duration.
#[derive(Debug)]
pub(super) struct Storyboard<'t> {
    pub(super) path: &'t str,
    pub(super) text: &'t str,
    pub(super) root: &'t Node,
    pub(super) sections: &'t [Node],
    pub(super) beats: Vec<Beat<'t>>,
    /// The beats with an id in a field; the field by its rank in `ID_FIELDS`.
    by_id: HashMap<(usize, String), Vec<usize>>,
}

/// Reads the artifact as JSON, for `Storyboard::of`.
pub(super) fn tree_of(path: &str, text: &str) -> Result<Node, PatchError> {
    read_artifact(path, text)
}

impl<'t> Storyboard<'t> {
    /// Finds the beats and scenes; refuses a document that has no list for them.
    pub(super) fn of(path: &'t str, text: &'t str, root: &'t Node) -> Result<Self, PatchError> {
        let sections = root.get(text, "", "sections")?;
        let scenes = root.get(text, "", "scenes")?;
        if sections.is_none() && scenes.is_none() {
            let keys: Vec<String> = root.members().iter().map(|member| quote(&member.key)).collect();
            let message = format!(
                "{} is not a storyboard: it has neither `scenes` nor `sections`",
                quote(path)
            );
            return Err(PatchError::unfit(message).with_hint(format!("its keys are {}", listed(&keys))));
        }
        let mut beats = Vec::new();
        let sections = sections.map_or(&[][..], Node::items);
        for (section, node) in sections.iter().enumerate() {
            if let Some(list) = node.get(text, &format!("sections[{section}]"), "beats")? {
                collect(text, List::Beats { section }, list, &mut beats);
            }
        }
        if let Some(list) = scenes {
            collect(text, List::Scenes, list, &mut beats);
        }
        let by_id = by_id(&beats);
        Ok(Self {
            path,
            text,
            root,
            sections,
            beats,
            by_id,
        })
    }

    /// The index of the beat with this id. `id` goes before `beat_id`, `scene_id` and `element_id`,
    /// which may point at something else.
    pub(super) fn find(&self, id: &str) -> Result<usize, PatchError> {
        for (rank, field) in ID_FIELDS.iter().enumerate() {
            let found = self.by_id.get(&(rank, id.to_owned())).map_or(&[][..], Vec::as_slice);
            match found {
                [] => {}
                [only] => {
                    let Some(beat) = self.beats.get(*only) else { break };
                    beat.node.get(self.text, &beat.place(), field)?;
                    return Ok(*only);
                }
                several => {
                    let places: Vec<String> = several
                        .iter()
                        .filter_map(|index| self.beats.get(*index))
                        .map(Beat::place)
                        .collect();
                    let message = format!(
                        "beat {} stands {} times in {}: {}",
                        quote(id),
                        places.len(),
                        quote(self.path),
                        listed(&places)
                    );
                    return Err(
                        PatchError::unfit(message).with_hint("ids must be unique; mend the document with text_replace")
                    );
                }
            }
        }
        Err(self.missing(id))
    }

    fn missing(&self, id: &str) -> PatchError {
        let ids: Vec<&str> = self.beats.iter().filter_map(Beat::id).collect();
        let shown: Vec<String> = ids.iter().map(|id| quote(id)).collect();
        let what = if ids.is_empty() {
            "no ids".to_owned()
        } else {
            listed(&shown)
        };
        let error = PatchError::unfit(format!("beat {} not found; {} has {what}", quote(id), quote(self.path)));
        let error = match closest_name(ids.iter().copied(), id) {
            Some(near) => error.with_hint(format!("did you mean {}?", quote(near))),
            None => error.with_hint("beat_id is the `id` of a scene or beat"),
        };
        error.with_candidates(ids.iter().take(50).map(|id| (*id).to_owned()).collect())
    }

    /// Whether some beat writes this field with a fraction: then whole numbers in it are not a
    /// rule.
    pub(super) fn is_fraction_field(&self, name: &str) -> bool {
        self.beats.iter().any(|beat| {
            let mut members = beat.node.members().iter().filter(|member| member.key == name);
            members.any(|member| member.value.as_number(self.text).is_some_and(is_fraction_style))
        })
    }

    /// The duration field that most beats have, for a hint to one that has none.
    pub(super) fn usual_field(&self) -> Option<&'static str> {
        let count = |name: &str| {
            self.beats
                .iter()
                .filter(|beat| beat.node.members().iter().any(|member| member.key == name))
                .count()
        };
        let (most, name) = DURATION_FIELDS
            .iter()
            .map(|(name, _)| (count(name), *name))
            .max_by_key(|(count, _)| *count)?;
        (most > 0).then_some(name)
    }
}

fn collect<'t>(text: &str, list: List, items: &'t Node, beats: &mut Vec<Beat<'t>>) {
    for (index, node) in items.items().iter().enumerate() {
        let mut ids = Vec::new();
        for member in node.members() {
            let Some(field) = ID_FIELDS.iter().find(|field| **field == member.key) else {
                continue;
            };
            // A number can be an id too: `"id": 3` is what an operator means by `3`.
            let id = member
                .value
                .as_text(text)
                .or_else(|| member.value.as_number(text).map(str::to_owned));
            if let Some(id) = id {
                ids.push((*field, id));
            }
        }
        beats.push(Beat { list, index, node, ids });
    }
}

fn by_id(beats: &[Beat<'_>]) -> HashMap<(usize, String), Vec<usize>> {
    let mut found: HashMap<(usize, String), Vec<usize>> = HashMap::new();
    for (index, beat) in beats.iter().enumerate() {
        for (field, id) in &beat.ids {
            let Some(rank) = ID_FIELDS.iter().position(|name| name == field) else {
                continue;
            };
            let places = found.entry((rank, id.clone())).or_default();
            // An id key that stands twice in one beat is that beat's fault, not a second beat.
            if places.last() != Some(&index) {
                places.push(index);
            }
        }
    }
    found
}

/// A storyboard for tests: two-space indent, no final newline, a float among integers.
#[cfg(test)]
pub(super) const BOARD: &str = r#"{
  "title": "Low tide – ein Überblick",
  "total_duration": 62,
  "scenes": [
    { "id": "scene_000", "duration_ms": 20000, "caption": "intro" },
    { "id": "scene_001", "duration_ms": 30000.0, "x": 306.0 },
    {
      "id": "scene_002",
      "duration_ms": 12000,
      "keyframes": [{"t_ms": 0}, {"t_ms": 6000}, {"t_ms": 12000}]
    }
  ]
}"#;
