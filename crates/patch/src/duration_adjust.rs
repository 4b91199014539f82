//! `duration_adjust`: how long beats and scenes of a storyboard last (SPEC §6).

use std::collections::{BTreeMap, HashSet};

use serde_json::{Number, Value, json};

use super::PATCH_ITEMS_MAX;
use super::decimal::Decimal;
use super::error::PatchError;
use super::json_edit::Edits;
use super::keyframes::{Stretch, stretch};
use super::lines::line_at;
use super::offers::{Named, Offer};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChange, PlannedChanges};
use super::quote::quote;
use super::storyboard::{Beat, Duration, Storyboard, tree_of};
use super::totals::Adjusted;
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc, names};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "duration_adjust",
    family: Family::Storyboard,
    applies_to: "storyboard JSON",
    description: "Sets how long beats (sections[].beats[]) or scenes (scenes[]) last, in seconds, above 0 and up to 86400. Keeps the field and its \
                  number style; scale_keyframes moves keyframes in proportion, update_totals writes the totals anew.",
    example: || {
        json!({
            "type": "duration_adjust",
            "beat_adjustments": [{"beat_id": "scene_000", "duration": 15}],
            "scale_keyframes": false,
            "update_totals": true,
        })
    },
    fields: &[
        FieldDoc::new("beat_adjustments", "[{beat_id, duration}]", Holds::Items(ADJUSTMENT)),
        FieldDoc::new("scale_keyframes", "true moves keyframes in proportion", Holds::Flag),
        FieldDoc::new("update_totals", "true writes the totals anew", Holds::Flag),
    ],
    template,
    edited_first: Some("duration"),
    parse: |fields| Ok(Box::new(DurationAdjust::parse(fields)?)),
};

const ADJUSTMENT: &[FieldDoc] = &[
    FieldDoc::new(
        "beat_id",
        "the id of a beat or scene",
        Holds::Offered(|asked| Some(Offer::Texts(asked.contents.beats.clone()))),
    ),
    FieldDoc::new(
        "duration",
        "seconds",
        Holds::Offered(|asked| {
            let seconds = asked.contents.seconds.get(asked.sibling("beat_id")?)?;
            Some(Offer::Json(vec![Named::new(seconds, "seconds, as it is")]))
        }),
    ),
];

/// How many beats are tried for one with a clear id and length.
const BEATS_TRIED_MAX: usize = 100;
/// The longest duration, in seconds (SPEC §6): one day.
const DURATION_S_MAX: u32 = 86_400;

#[derive(Debug)]
struct DurationAdjust {
    adjustments: Vec<Adjustment>,
    is_scaling_keyframes: bool,
    is_updating_totals: bool,
}

#[derive(Debug)]
struct Adjustment {
    place: String,
    beat_id: String,
    seconds: Decimal,
}

/// The first beat with a clear id, as long as it is.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let text = subject.text()?;
    let root = tree_of(subject.path, text).ok()?;
    let storyboard = Storyboard::of(subject.path, text, &root).ok()?;
    let (id, seconds) = storyboard.beats.iter().take(BEATS_TRIED_MAX).find_map(|beat| {
        let id = beat.id()?;
        storyboard.find(id).ok()?;
        Some((id, beat.seconds(text).filter(|seconds| seconds.is_positive())?))
    })?;
    let duration: Value = serde_json::from_str(&seconds.to_string()).ok()?;
    Some(json!({
        "beat_adjustments": [{"beat_id": id, "duration": duration}],
        "scale_keyframes": false,
        "update_totals": true,
    }))
}

impl DurationAdjust {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let mut seen = HashSet::new();
        let adjustments = fields.items("beat_adjustments", PATCH_ITEMS_MAX, |item| {
            let adjustment = Adjustment::parse(item)?;
            item.once("beat_id", &mut seen, |id| format!("beat {id} is adjusted twice"))?;
            Ok(adjustment)
        })?;
        let flag = |key| Ok(fields.read::<Option<bool>>(key)?.unwrap_or(false));
        Ok(Self {
            adjustments,
            is_scaling_keyframes: flag("scale_keyframes")?,
            is_updating_totals: flag("update_totals")?,
        })
    }
}

impl Adjustment {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        fields.only(&names(ADJUSTMENT))?;
        let beat_id = fields.filled("beat_id")?.to_owned();
        let literal = fields.read::<&Number>("duration")?.to_string();
        let field = fields.path("duration");
        let allowed = |value: Decimal| value.is_positive() && value <= Decimal::from(DURATION_S_MAX);
        match Decimal::parse(&literal) {
            Some(seconds) if allowed(seconds) => Ok(Self {
                place: field,
                beat_id,
                seconds,
            }),
            Some(_) | None => Err(PatchError::wrong_field(
                field,
                format!("`duration` {literal} is not a length in seconds"),
            )
            .with_hint("a duration is above 0 and at most 86400 seconds")),
        }
    }

    /// The fields of the beat that say how long it is; at least one, and all of them agree.
    fn durations<'t>(&self, storyboard: &Storyboard<'t>, beat: &Beat<'_>) -> Result<Vec<Duration<'t>>, PatchError> {
        let place = beat.place();
        let durations = beat.durations(storyboard.text)?;
        let line = || line_at(storyboard.text, beat.node.span.start);
        match durations.as_slice() {
            [] => {
                let line = line();
                let usual = storyboard.usual_field().unwrap_or("duration_ms");
                Err(PatchError::unfit(format!(
                    "{place} ({}, line {line}) has no duration to change",
                    quote(&self.beat_id)
                ))
                .at_artifact_line(line)
                .with_hint(format!(
                    "a field `{usual}` would be expected there; text_replace can add it"
                )))
            }
            [first, rest @ ..] => match rest.iter().find(|other| other.seconds != first.seconds) {
                Some(other) => Err(PatchError::unfit(format!(
                    "{place} (line {}) says {} {} and {} {}: they do not agree",
                    line(),
                    first.name,
                    first.literal,
                    other.name,
                    other.literal
                ))
                .at_artifact_line(line())
                .with_hint("make them agree with text_replace first")),
                None => Ok(durations),
            },
        }
    }

    /// The new number in the style of the old one.
    fn written(&self, storyboard: &Storyboard<'_>, place: &str, duration: &Duration<'_>) -> Result<String, PatchError> {
        let unit = duration.unit;
        let value = unit.of_seconds(self.seconds);
        let in_style = value.and_then(|value| value.written_like(duration.literal));
        // A whole number may stand among fractions by chance (7.5, 12, 8.25): then a fraction is no
        // breach of style.
        let among_fractions = || {
            value
                .filter(|_| storyboard.is_fraction_field(duration.name))
                .map(|value| value.to_string())
        };
        in_style.or_else(among_fractions).ok_or_else(|| {
            let field = format!("{place}.{}", duration.name);
            let error = PatchError::unfit(format!(
                "{field} is written in whole {}; {} s is not",
                unit.words(),
                self.seconds
            ));
            match value
                .map(Decimal::whole_neighbours)
                .and_then(|(below, above)| Some((unit.to_seconds(below)?, unit.to_seconds(above)?)))
            {
                Some((below, above)) if below.is_positive() => {
                    error.with_hint(format!("the nearest are {below} and {above}"))
                }
                Some((_, above)) => error.with_hint(format!("the nearest is {above}")),
                None => error,
            }
        })
    }
}

impl Planner for DurationAdjust {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let root = tree_of(material.path, text)?;
        let storyboard = Storyboard::of(material.path, text, &root)?;
        let mut edits = Edits::default();
        let mut changes = PlannedChanges::default();
        let mut consequences = Vec::new();
        let mut inner = Vec::new();
        let mut new_s: BTreeMap<usize, Decimal> = BTreeMap::new();
        for adjustment in &self.adjustments {
            let id_field = adjustment.place.replace(".duration", ".beat_id");
            let index = storyboard
                .find(&adjustment.beat_id)
                .map_err(|error| error.at_field(id_field.clone()))?;
            let Some(beat) = storyboard.beats.get(index) else {
                continue;
            };
            let place = beat.place();
            if new_s.contains_key(&index) {
                let message = format!("{} and an earlier id both mean {place}", quote(&adjustment.beat_id));
                return Err(PatchError::unfit(message).at_field(id_field));
            }
            let durations = adjustment
                .durations(&storyboard, beat)
                .map_err(|error| error.at_field(id_field))?;
            let Some((old_s, unit)) = durations.first().map(|duration| (duration.seconds, duration.unit)) else {
                continue;
            };
            if old_s == adjustment.seconds {
                consequences.push(format!("{place} lasts {old_s} s already"));
                continue;
            }
            for duration in &durations {
                let written = adjustment
                    .written(&storyboard, &place, duration)
                    .map_err(|error| error.at_field(adjustment.place.clone()))?;
                changes.note(|| PlannedChange {
                    place: format!("{place}.{}", duration.name),
                    before: duration.literal.to_owned(),
                    after: written.clone(),
                });
                edits.replace(duration.span.clone(), written);
            }
            let by = Stretch {
                old_s,
                new_s: adjustment.seconds,
                unit,
            };
            stretch(
                text,
                beat,
                by,
                self.is_scaling_keyframes,
                &mut edits,
                &mut changes,
                &mut inner,
            )?;
            new_s.insert(index, adjustment.seconds);
        }
        Adjusted {
            storyboard: &storyboard,
            new_s: &new_s,
        }
        .settle(self.is_updating_totals, &mut edits, &mut changes, &mut consequences)?;
        consequences.append(&mut inner);
        Ok(Planned::new(edits.applied_to(text), changes, consequences))
    }
}

#[cfg(test)]
mod tests;
