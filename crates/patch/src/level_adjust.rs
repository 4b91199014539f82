//! `level_adjust`: how loud a sound is (SPEC §6).
//!
//! Three ways, chosen by what the bytes are and not by the name: PCM samples are multiplied, the
//! gains of MP3 frames are stepped, and for every other form the wish is written into the sidecar.

use serde_json::{Number, json};

use sound::{AudioFault, Level, Levelled, Levels, Mp3Levels, STEP_DB, STEP_NOMINAL_DB, WavLevels};

use super::decimal::Decimal;
use super::error::{PatchError, PatchFault};
use super::gain_sidecar::{GAIN_KEY, mixed};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChange, PlannedChanges};
use super::quote::{counted, quote};
use super::target::{is_named_as_audio, sidecar_path};
use super::type_doc::{Family, FieldDoc, Holds, Planner, TypeDoc};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "level_adjust",
    family: Family::Audio,
    applies_to: "sound",
    description: "Makes sound louder or quieter by up to 24 dB. PCM WAV: every sample is multiplied, rounded, not dithered. MP3: the global_gain of \
                  every frame is moved without coding anew, in steps called 1.5 dB (exactly 1.50515). Refused where it would clip, unless \
                  allow_clipping. Other formats are not touched: gain_db in the sidecar <file>.mix.json, which the next stage has to apply.",
    example: || json!({"type": "level_adjust", "level_change_db": -3.0}),
    fields: &[
        FieldDoc::new(CHANGE_FIELD, "decibels, -24 to 24", Holds::Anything),
        FieldDoc::new("allow_clipping", "true accepts clipped peaks", Holds::Flag),
    ],
    template: |_| Some(json!({CHANGE_FIELD: 0, "allow_clipping": false})),
    edited_first: None,
    parse: |fields| Ok(Box::new(LevelAdjust::parse(fields)?)),
};

const CHANGE_FIELD: &str = "level_change_db";
/// The largest change either way, in dB (SPEC §6).
const CHANGE_DB_MAX: f64 = 24.0;

#[derive(Debug)]
struct LevelAdjust {
    change: Decimal,
    /// The same number for arithmetic on sound.
    change_db: f64,
    is_clipping_allowed: bool,
}

impl LevelAdjust {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let number: &Number = fields.read(CHANGE_FIELD)?;
        let wrong = |what: &str| {
            PatchError::wrong_field(CHANGE_FIELD, format!("`{CHANGE_FIELD}` {number} {what}"))
                .with_hint("a change is from -24 to 24 dB and not 0; below 0 is quieter")
        };
        let change_db = number.as_f64().unwrap_or(f64::INFINITY);
        if change_db.abs() > CHANGE_DB_MAX {
            return Err(wrong("is beyond the range"));
        }
        let Some(change) = Decimal::parse(&number.to_string()) else {
            return Err(wrong("has more digits than a level needs"));
        };
        if change == Decimal::ZERO {
            return Err(wrong("would change nothing"));
        }
        Ok(Self {
            change,
            change_db,
            is_clipping_allowed: fields.read::<Option<bool>>("allow_clipping")?.unwrap_or(false),
        })
    }
}

impl Planner for LevelAdjust {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        match sound::levels(material.bytes).map_err(|fault| unreadable(material, fault))? {
            Some(Levels::Wav(wav)) => self.plan_wav(material, &wav),
            Some(Levels::Mp3(mp3)) => self.plan_mp3(material, &mp3),
            Some(Levels::Elsewhere(form)) => self.plan_sidecar(material, &form),
            None if is_named_as_audio(material.path) => match ending(material.path).as_str() {
                named @ ("mp3" | "wav" | "wave") => Err(PatchError::unfit(format!(
                    "{} holds no {} sound",
                    quote(material.path),
                    if named == "mp3" { "MP3" } else { "WAV" }
                ))
                .with_hint("its first bytes are those of no sound that is known here")),
                other => self.plan_sidecar(material, &other.to_ascii_uppercase()),
            },
            None => Err(
                PatchError::unfit(format!("{} is no sound that is known here", quote(material.path)))
                    .with_hint("WAV and MP3 are changed, other sound gets a sidecar"),
            ),
        }
    }
}

impl LevelAdjust {
    fn plan_wav(&self, material: &Material<'_>, wav: &WavLevels<'_>) -> Result<Planned, PatchError> {
        let levelled = wav
            .changed(self.change_db)
            .map_err(|fault| unreadable(material, fault))?;
        let fits = |headroom_db: f64| {
            // Rounded down to a hundredth, because the change that is offered must fit.
            let fits = (headroom_db * 100.0).floor() / 100.0;
            (fits > 0.0).then_some(fits)
        };
        self.check(material, &levelled, fits)?;
        let mut consequences = Vec::new();
        if levelled.over > 0 {
            let share = format!("{} of {} samples", levelled.over, levelled.samples);
            consequences.push(if wav.holds_more_than_full_scale() {
                format!("{share} are beyond full scale: the float format keeps them, a player may cut them off")
            } else {
                format!("{share} clip: they are cut off at full scale")
            });
        }
        let mut changes = PlannedChanges::default();
        note_levels(&mut changes, levelled.before, levelled.after);
        consequences.extend(levelled.remarks);
        Ok(Planned::new(levelled.bytes, changes, consequences))
    }

    fn plan_mp3(&self, material: &Material<'_>, mp3: &Mp3Levels<'_>) -> Result<Planned, PatchError> {
        let steps = self.steps()?;
        let Some(range) = mp3.gains() else {
            return Err(silent(material));
        };
        let (down, up) = range.steps();
        if !(down..=up).contains(&steps) {
            let message = format!(
                "the global_gain of {} is from {} to {}; {steps:+} steps would leave 0 to 255",
                quote(material.path),
                range.lowest,
                range.highest
            );
            let bound = if steps < 0 { down } else { up };
            let hint = match bound {
                0 => "no change in that direction fits".to_owned(),
                bound => format!("the largest change that fits is {}", f64::from(bound) * STEP_NOMINAL_DB),
            };
            return Err(PatchError::unfit(message).at_field(CHANGE_FIELD).with_hint(hint));
        }
        let (levelled, outcome) = mp3.stepped(steps).map_err(|fault| unreadable(material, fault))?;
        let fits = |headroom_db: f64| {
            let steps = sound::steps_within(headroom_db);
            (steps > 0).then(|| f64::from(steps) * STEP_NOMINAL_DB)
        };
        self.check(material, &levelled, fits)?;
        let mut changes = PlannedChanges::default();
        note_levels(&mut changes, levelled.before, levelled.after);
        changes.note(|| {
            let of = |by: i32| format!("{}-{}", i32::from(range.lowest) + by, i32::from(range.highest) + by);
            let plural = if steps.abs() == 1 { "step" } else { "steps" };
            let granules = counted(outcome.granules, "granule");
            PlannedChange {
                place: "global_gain".to_owned(),
                before: of(0),
                after: format!("{} ({steps:+} {plural} in {granules})", of(steps)),
            }
        });
        let mut consequences = vec![format!(
            "the level changes by {:+.2} dB: a step is 1.505 dB",
            f64::from(steps) * STEP_DB
        )];
        if levelled.over > 0 {
            let words = if self.change_db > 0.0 {
                "are beyond full scale when decoded: players cut them off"
            } else {
                "are still beyond full scale when decoded"
            };
            consequences.push(format!("{} of {} samples {words}", levelled.over, levelled.samples));
        }
        if outcome.checksums > 0 {
            let frames = counted(outcome.checksums, "frame");
            consequences.push(format!("the checksums of {frames} are made anew"));
        }
        consequences.extend(levelled.remarks);
        Ok(Planned::new(levelled.bytes, changes, consequences))
    }

    fn plan_sidecar(&self, material: &Material<'_>, form: &str) -> Result<Planned, PatchError> {
        let path = sidecar_path(material.path);
        let mixed = mixed(&path, material.surroundings.sidecar, self.change)?;
        let mut changes = PlannedChanges::default();
        changes.note(|| PlannedChange {
            place: GAIN_KEY.to_owned(),
            before: mixed.before.unwrap_or_else(|| "(none)".to_owned()),
            after: mixed.after,
        });
        let name = path.rsplit('/').next().unwrap_or(&path);
        let consequences = vec![
            format!(
                "{} is {form}, which is not changed in place: it stays as it is, and the next stage has to apply {GAIN_KEY} from {name}",
                quote(material.path)
            ),
            "whether the gain clips was not checked".to_owned(),
        ];
        Ok(Planned {
            sidecar_path: Some(path),
            bytes: mixed.bytes,
            changes,
            consequences,
        })
    }

    /// How many steps the change is; refused with its neighbours when it is none.
    fn steps(&self) -> Result<i32, PatchError> {
        // In range: 24 dB are 16 steps. A multiple of 1.5 is exact in binary, so equality is meant.
        let below = (self.change_db / STEP_NOMINAL_DB).floor();
        if below * STEP_NOMINAL_DB == self.change_db {
            return Ok(below as i32);
        }
        let words = |steps: f64| match steps * STEP_NOMINAL_DB {
            0.0 => "0, which changes nothing".to_owned(),
            change_db => format!("{change_db}"),
        };
        let message = format!("MP3 changes in steps of 1.5 dB; {} is none", self.change);
        Err(PatchError::unfit(message).at_field(CHANGE_FIELD).with_hint(format!(
            "the nearest are {} and {}",
            words(below),
            words(below + 1.0)
        )))
    }

    /// Silence is refused, and a change upwards that puts samples beyond full scale, with what would
    /// fit.
    fn check(
        &self,
        material: &Material<'_>,
        levelled: &Levelled,
        fits: impl Fn(f64) -> Option<f64>,
    ) -> Result<(), PatchError> {
        if levelled.before.peak_dbfs.is_none() {
            return Err(silent(material));
        }
        let Some(headroom_db) = levelled.headroom_db else {
            return Ok(());
        };
        if levelled.over == 0 || self.is_clipping_allowed || self.change_db < 0.0 {
            return Ok(());
        }
        let message = format!(
            "{} would clip: the headroom is {} dB, and {} dB puts {} of {} samples beyond full scale",
            quote(material.path),
            hundredths_down(headroom_db),
            self.change,
            levelled.over,
            levelled.samples
        );
        let hint = match fits(headroom_db) {
            Some(fits) => {
                format!("the largest change that fits is {fits}; \"allow_clipping\": true takes the clipping")
            }
            None => "no louder change fits; \"allow_clipping\": true takes the clipping".to_owned(),
        };
        Err(PatchError::unfit(message).at_field(CHANGE_FIELD).with_hint(hint))
    }
}

fn unreadable(material: &Material<'_>, fault: AudioFault) -> PatchError {
    PatchError::unfit(format!("{}: {}", quote(material.path), fault.message)).hinted(fault.hint)
}

fn silent(material: &Material<'_>) -> PatchError {
    PatchError::new(
        PatchFault::NoChange,
        format!("{} is silent: no change of level is heard in it", quote(material.path)),
    )
}

fn ending(path: &str) -> String {
    path.rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default()
}

/// `level -20.1 -> -17.1 LUFS`, `peak -6.2 -> -3.2 dBFS`; what was not measured is left out.
fn note_levels(changes: &mut PlannedChanges, before: Level, after: Level) {
    for (place, unit, before, after) in [
        ("level", "LUFS", before.loudness_lufs, after.loudness_lufs),
        ("peak", "dBFS", before.peak_dbfs, after.peak_dbfs),
    ] {
        let Some(before) = before else { continue };
        changes.note(|| PlannedChange {
            place: place.to_owned(),
            before: tenths(before),
            after: after.map_or_else(|| "silence".to_owned(), |after| format!("{} {unit}", tenths(after))),
        });
    }
}

/// One decimal, and never `-0.0`.
fn tenths(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{:.1}", if rounded == 0.0 { 0.0 } else { rounded })
}

fn hundredths_down(value: f64) -> String {
    let floor = (value * 100.0).floor() / 100.0;
    format!("{:.2}", if floor == 0.0 { 0.0 } else { floor })
}

#[cfg(test)]
mod tests;
