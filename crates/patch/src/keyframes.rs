//! The keyframes inside a beat: where they lie in time, moved along with its duration or found past
//! its end.

use std::ops::Range;

use super::decimal::{Decimal, is_fraction_style};
use super::error::PatchError;
use super::json_edit::Edits;
use super::json_tree::Node;
use super::lines::line_at;
use super::plan::{PlannedChange, PlannedChanges};
use super::quote::{counted, excerpt, quote};
use super::storyboard::{Beat, Unit};

/// The fields that hold a keyframe's time; `None`: in the unit of the beat's own duration.
const TIME_FIELDS: [(&str, Option<Unit>); 9] = [
    ("time_ms", Some(Unit::Milliseconds)),
    ("t_ms", Some(Unit::Milliseconds)),
    ("at_ms", Some(Unit::Milliseconds)),
    ("time_s", Some(Unit::Seconds)),
    ("t_s", Some(Unit::Seconds)),
    ("at_s", Some(Unit::Seconds)),
    ("time", None),
    ("t", None),
    ("at", None),
];
/// How many keyframes a consequence names.
const NAMED_MAX: usize = 3;

#[derive(Debug)]
struct Keyframe<'t> {
    place: String,
    span: Range<usize>,
    literal: &'t str,
    value: Decimal,
    unit: Unit,
    is_bare: bool,
}

/// The new length of a beat, and the old one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) old_s: Decimal,
    pub(super) new_s: Decimal,
    pub(super) unit: Unit,
}

/// Moves the keyframes of a beat in proportion, or leaves them; names those that lie past the new
/// end.
pub(super) fn stretch(
    text: &str,
    beat: &Beat<'_>,
    by: Stretch,
    is_scaled: bool,
    edits: &mut Edits,
    changes: &mut PlannedChanges,
    consequences: &mut Vec<String>,
) -> Result<(), PatchError> {
    let mut found = KeyframeScan::default();
    found.collect(text, beat.node, &beat.place(), by.unit);
    if let Some(fault) = found.fault.filter(|_| is_scaled) {
        return Err(fault
            .at_field("scale_keyframes")
            .with_hint("leave scale_keyframes out, or mend the keyframe first"));
    }
    let found = found.keyframes;
    let are_fractions = are_fractions(&found, by);
    let mut past = Vec::new();
    if is_scaled && found.is_empty() {
        consequences.push(format!("{} has no keyframes to scale", beat.place()));
    }
    if is_scaled && are_fractions {
        consequences.push(format!(
            "the keyframes of {} run from 0 to 1 and move with it: not scaled",
            beat.place()
        ));
    }
    for keyframe in found {
        if keyframe.is_bare && are_fractions {
            continue;
        }
        let mut value = keyframe.value;
        if is_scaled {
            value = keyframe.scaled(by)?;
            if value != keyframe.value {
                let written = value
                    .written_like(keyframe.literal)
                    .unwrap_or_else(|| value.to_string());
                changes.note(|| PlannedChange {
                    place: keyframe.place.clone(),
                    before: keyframe.literal.to_owned(),
                    after: written.clone(),
                });
                edits.replace(keyframe.span.clone(), written);
            }
        }
        if keyframe.unit.to_seconds(value).is_some_and(|at| at > by.new_s) {
            past.push(format!("{} {value}", keyframe.place));
        }
    }
    if let Some(end) = by.unit.of_seconds(by.new_s)
        && !past.is_empty()
    {
        let count = past.len();
        let more = if count > NAMED_MAX {
            format!(" and {} more", count - NAMED_MAX)
        } else {
            String::new()
        };
        past.truncate(NAMED_MAX);
        let what = counted(count, "keyframe");
        let verb = if count == 1 { "lies" } else { "lie" };
        consequences.push(format!(
            "{what} {verb} past the new end {end} {}: {}{more}",
            by.unit.sign(),
            past.join(", ")
        ));
    }
    Ok(())
}

impl Keyframe<'_> {
    fn scaled(&self, by: Stretch) -> Result<Decimal, PatchError> {
        let is_whole = !is_fraction_style(self.literal);
        let decimals = match (is_whole, self.unit) {
            // A millisecond is finer than a frame: rounding to it loses nothing.
            (true, Unit::Milliseconds) => 0,
            (false, Unit::Milliseconds) => 3,
            (_, Unit::Seconds) => 6,
        };
        let value = self.value.scaled(by.new_s, by.old_s, decimals).ok_or_else(|| {
            PatchError::unfit(format!(
                "{} {} cannot be scaled from {} s to {} s",
                self.place, self.literal, by.old_s, by.new_s
            ))
            .at_field("scale_keyframes")
        })?;
        if is_whole && !value.is_whole() {
            return Err(PatchError::unfit(format!(
                "{} {} would become {value}, but is written in whole seconds",
                self.place, self.literal
            ))
            .at_field("scale_keyframes")
            .with_hint("leave scale_keyframes out, or choose a duration that keeps it whole"));
        }
        Ok(value)
    }
}

/// Times from 0 to 1 in a longer beat are shares of it, not seconds: it reaches 1 exactly, or the
/// unit would be milliseconds.
fn are_fractions(found: &[Keyframe<'_>], by: Stretch) -> bool {
    let one = Decimal::from(1);
    let highest = found
        .iter()
        .filter(|keyframe| keyframe.is_bare)
        .map(|keyframe| keyframe.value)
        .max();
    let is_longer = by.unit.of_seconds(by.old_s).is_some_and(|length| length > one);
    highest.is_some_and(|highest| {
        is_longer && highest.is_positive() && highest <= one && (highest == one || by.unit == Unit::Milliseconds)
    })
}

#[derive(Debug, Default)]
struct KeyframeScan<'t> {
    keyframes: Vec<Keyframe<'t>>,
    /// The first that could not be read: in the way of scaling, not of looking.
    fault: Option<PatchError>,
}

impl<'t> KeyframeScan<'t> {
    fn collect(&mut self, text: &'t str, node: &Node, place: &str, bare: Unit) {
        for member in node.members() {
            let inner = format!("{place}.{}", excerpt(&member.key));
            if member.key == "keyframes" {
                for (index, item) in member.value.items().iter().enumerate() {
                    match keyframe(text, item, &format!("{inner}[{index}]"), bare) {
                        Ok(keyframe) => self.keyframes.extend(keyframe),
                        Err(error) => self.fault = self.fault.take().or(Some(error)),
                    }
                }
            } else {
                self.collect(text, &member.value, &inner, bare);
            }
        }
        for (index, item) in node.items().iter().enumerate() {
            self.collect(text, item, &format!("{place}[{index}]"), bare);
        }
    }
}

/// Reads one item of a `keyframes` list; `None` when it has no time at all.
fn keyframe<'t>(text: &'t str, item: &Node, place: &str, bare: Unit) -> Result<Option<Keyframe<'t>>, PatchError> {
    let mut timed = item.as_number(text).map(|_| (place.to_owned(), None, item));
    for (name, unit) in TIME_FIELDS {
        if timed.is_some() {
            break;
        }
        timed = item
            .get(text, place, name)?
            .map(|node| (format!("{place}.{name}"), unit, node));
    }
    let Some((place, unit, node)) = timed else {
        return Ok(None);
    };
    let value = node
        .as_number(text)
        .and_then(|literal| Some((literal, Decimal::parse(literal)?)));
    let Some((literal, value)) = value else {
        let line = line_at(text, node.span.start);
        let message = format!("{place} is {}, not a time (line {line})", quote(node.raw(text)));
        return Err(PatchError::unfit(message).at_artifact_line(line));
    };
    let is_bare = unit.is_none();
    Ok(Some(Keyframe {
        place,
        span: node.span.clone(),
        literal,
        value,
        unit: unit.unwrap_or(bare),
        is_bare,
    }))
}
