//! What a changed duration does to the sums around it: totals of the document and of its sections,
//! start and end times.

use std::collections::BTreeMap;

use super::decimal::Decimal;
use super::error::PatchError;
use super::json_edit::Edits;
use super::json_tree::Node;
use super::plan::{PlannedChange, PlannedChanges};
use super::running_time::RunningTime;
use super::storyboard::{List, Storyboard, Unit, field_of, read_duration};

/// The fields that hold a total; a name without a unit is judged by what it adds up.
const TOTAL_FIELDS: [(&str, Option<Unit>); 6] = [
    ("total_duration", None),
    ("total_duration_s", Some(Unit::Seconds)),
    ("total_duration_ms", Some(Unit::Milliseconds)),
    ("duration", None),
    ("duration_s", Some(Unit::Seconds)),
    ("duration_ms", Some(Unit::Milliseconds)),
];
/// The fields that place a beat in time.
const START_FIELDS: [&str; 5] = ["start", "start_s", "start_ms", "start_time", "start_time_ms"];
const END_FIELDS: [&str; 5] = ["end", "end_s", "end_ms", "end_time", "end_time_ms"];

/// Sums of some beats before and after, and how many of them do not say how long they are.
#[derive(Debug, Clone, Copy)]
struct Sum {
    old_s: Decimal,
    new_s: Decimal,
    missing: usize,
}

/// The new length of each beat that was adjusted, by its index.
pub(super) struct Adjusted<'a> {
    pub(super) storyboard: &'a Storyboard<'a>,
    pub(super) new_s: &'a BTreeMap<usize, Decimal>,
}

impl Adjusted<'_> {
    fn sum(&self, old_s: &[Option<Decimal>], belongs: impl Fn(List) -> bool) -> Option<Sum> {
        let mut sum = Sum {
            old_s: Decimal::ZERO,
            new_s: Decimal::ZERO,
            missing: 0,
        };
        let beats = self.storyboard.beats.iter().zip(old_s).enumerate();
        for (index, (_, old)) in beats.filter(|(_, (beat, _))| belongs(beat.list)) {
            let Some(old) = *old else {
                sum.missing += 1;
                continue;
            };
            let new = self.new_s.get(&index).copied().unwrap_or(old);
            sum.old_s = sum.old_s.plus(old)?;
            sum.new_s = sum.new_s.plus(new)?;
        }
        Some(sum)
    }

    fn lists(&self) -> Vec<List> {
        self.new_s
            .keys()
            .filter_map(|index| self.storyboard.beats.get(*index))
            .map(|beat| beat.list)
            .collect()
    }

    /// Names the new total and every field that would be stale, or writes those fields anew.
    pub(super) fn settle(
        &self,
        is_updated: bool,
        edits: &mut Edits,
        changes: &mut PlannedChanges,
        consequences: &mut Vec<String>,
    ) -> Result<(), PatchError> {
        let lists = self.lists();
        let old_s: Vec<_> = self
            .storyboard
            .beats
            .iter()
            .map(|beat| beat.seconds(self.storyboard.text))
            .collect();
        let Some(first) = lists.first().copied() else {
            return Ok(());
        };
        let mut fields = 0;
        let is_one_order = lists.iter().all(|list| list.is_same_order(first));
        match self
            .sum(&old_s, |list| list.is_same_order(first))
            .filter(|_| is_one_order)
        {
            Some(sum) => {
                let of = |seconds| RunningTime {
                    seconds,
                    untimed: sum.missing,
                };
                consequences.extend(of(sum.old_s).change_to(of(sum.new_s)));
                fields +=
                    self.settle_fields(self.storyboard.root, "", sum, is_updated, edits, changes, consequences)?;
            }
            None if is_updated => {
                return Err(PatchError::unfit(
                    "the patch changes both sections[].beats[] and scenes[]: which of them makes the total is unclear",
                )
                .at_field("update_totals")
                .with_hint("send two patches, or leave update_totals out"));
            }
            None => consequences
                .push("the total was not computed: the patch changes both sections[].beats[] and scenes[]".to_owned()),
        }
        for (section, node) in self.storyboard.sections.iter().enumerate() {
            let own = List::Beats { section };
            if !lists.contains(&own) {
                continue;
            }
            if let Some(sum) = self.sum(&old_s, |list| list == own) {
                let place = format!("sections[{section}]");
                fields += self.settle_fields(node, &place, sum, is_updated, edits, changes, consequences)?;
            }
        }
        if is_updated && fields == 0 {
            consequences.push("no field holds a total: none was updated".to_owned());
        }
        self.name_stale_times(consequences);
        Ok(())
    }

    /// Returns how many total fields the object has.
    #[expect(
        clippy::too_many_arguments,
        reason = "the three outputs are one plan under construction"
    )]
    fn settle_fields(
        &self,
        node: &Node,
        place: &str,
        sum: Sum,
        is_updated: bool,
        edits: &mut Edits,
        changes: &mut PlannedChanges,
        consequences: &mut Vec<String>,
    ) -> Result<usize, PatchError> {
        let text = self.storyboard.text;
        let mut fields = 0;
        for (name, unit) in TOTAL_FIELDS {
            let field = field_of(place, name);
            let total = match node.get(text, place, name) {
                Ok(None) => continue,
                Ok(Some(value)) => {
                    let unit = unit.unwrap_or_else(|| guessed_unit(value.as_number(text), sum.old_s));
                    read_duration(text, place, name, unit, value)
                }
                Err(error) => Err(error),
            };
            fields += 1;
            let total = match total {
                Ok(total) => total,
                // What cannot be read is only in the way of someone who wants it written.
                Err(error) if is_updated => return Err(error.at_field("update_totals")),
                Err(error) => {
                    consequences.push(format!("{field} was not compared: {error}"));
                    continue;
                }
            };
            // Beats without a duration take part in the total by an unknown amount: then only the
            // difference is sure.
            let wanted_s = if sum.missing == 0 {
                Some(sum.new_s)
            } else {
                sum.new_s
                    .minus(sum.old_s)
                    .and_then(|difference| total.seconds.plus(difference))
            };
            let Some(wanted_s) = wanted_s.filter(|wanted| *wanted != total.seconds) else {
                continue;
            };
            let was_stale = sum.missing == 0 && total.seconds != sum.old_s;
            if !is_updated {
                let what = if sum.missing == 0 {
                    "sum is"
                } else {
                    "with the change it would be"
                };
                let now = if was_stale {
                    "stale, and was before"
                } else {
                    "now stale"
                };
                consequences.push(format!("{field} {} s is {now}: {what} {wanted_s} s", total.seconds));
                continue;
            }
            if was_stale {
                consequences.push(format!(
                    "{field} was {} s, the sum was {} s: it becomes the sum",
                    total.seconds, sum.old_s
                ));
            }
            let value = total.unit.of_seconds(wanted_s);
            let written = value.and_then(|value| value.written_like(total.literal));
            let Some(written) = written else {
                let message = format!(
                    "{field} is written in whole {}; the new total is {wanted_s} s",
                    total.unit.words()
                );
                return Err(PatchError::unfit(message)
                    .at_field("update_totals")
                    .with_hint("choose durations that add up to a whole number"));
            };
            changes.note(|| PlannedChange {
                place: field,
                before: total.literal.to_owned(),
                after: written.clone(),
            });
            edits.replace(total.span.clone(), written);
        }
        Ok(fields)
    }

    /// Start and end times are left as they are; the first that no longer fits stands for all.
    fn name_stale_times(&self, consequences: &mut Vec<String>) {
        let beats = &self.storyboard.beats;
        let Some(first) = self.new_s.keys().next().copied() else {
            return;
        };
        let Some(adjusted) = beats.get(first) else { return };
        let later = beats
            .iter()
            .skip(first + 1)
            .filter(|beat| beat.list.is_same_order(adjusted.list));
        let end = time_field(adjusted.node, &END_FIELDS).map(|name| format!("{}.{name}", adjusted.place()));
        let start = later
            .filter_map(|beat| time_field(beat.node, &START_FIELDS).map(|name| format!("{}.{name}", beat.place())))
            .next();
        let stale: Vec<String> = end.into_iter().chain(start).collect();
        if !stale.is_empty() {
            consequences.push(format!(
                "start and end times are not moved: from {} on they are stale",
                stale.join(", ")
            ));
        }
    }
}

fn time_field(node: &Node, names: &[&'static str]) -> Option<&'static str> {
    names
        .iter()
        .copied()
        .find(|name| node.members().iter().any(|member| member.key == *name))
}

/// Seconds or milliseconds, whichever brings the number nearer to the sum.
fn guessed_unit(literal: Option<&str>, sum_s: Decimal) -> Unit {
    let distances = literal.and_then(Decimal::parse).and_then(|value| {
        let seconds = value.minus(sum_s)?;
        let milliseconds = value.minus(sum_s.shifted(3)?)?;
        Some((magnitude(seconds), magnitude(milliseconds)))
    });
    match distances {
        Some((seconds, milliseconds)) if milliseconds < seconds => Unit::Milliseconds,
        Some(_) | None => Unit::Seconds,
    }
}

fn magnitude(value: Decimal) -> Decimal {
    if value < Decimal::ZERO {
        Decimal::ZERO.minus(value).unwrap_or(value)
    } else {
        value
    }
}
