//! The patch types that are built, and what each is for.

use std::fmt;

use serde_json::Value;

use super::error::{PatchError, PatchFault};
use super::fields::Fields;
use super::plan::{Material, Planned};
use super::quote::quote;
use super::{
    asset_substitute, duration_adjust, json_patch, level_adjust, merge_patch, params, section_replace, text_replace,
    unified_diff,
};

/// What a patch type works on; decides which artifacts it is offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Any text, JSON included.
    Text,
    /// Any JSON document.
    Json,
    /// A storyboard in JSON.
    Storyboard,
    /// Sound.
    Audio,
    /// The job itself, not an artifact.
    Job,
}

/// One patch type, as `patch types` and `GET patches/types` show it.
#[derive(Clone, Copy)]
pub struct TypeDoc {
    /// The value of `type`.
    pub name: &'static str,
    /// What it works on.
    pub family: Family,
    /// What it works on, in words.
    pub applies_to: &'static str,
    /// What it does and its rules, in a sentence or two.
    pub description: &'static str,
    /// A filled-in patch of this type.
    pub example: fn() -> Value,
    /// The fields beside `type` and `artifact`.
    pub fields: &'static [&'static str],
    pub(super) parse: Parse,
}

/// Checks the fields of one type and makes its planner.
pub(super) type Parse = fn(&Fields<'_>) -> Result<Box<dyn Planner>, PatchError>;

/// A checked patch of one type.
pub(super) trait Planner: fmt::Debug + Send + Sync {
    /// What the patch makes of these bytes; pure.
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError>;
}

impl fmt::Debug for TypeDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeDoc")
            .field("name", &self.name)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

static TYPES: &[TypeDoc] = &[
    text_replace::TYPE,
    section_replace::TYPE,
    unified_diff::TYPE,
    duration_adjust::TYPE,
    asset_substitute::TYPE,
    json_patch::TYPE,
    merge_patch::TYPE,
    level_adjust::TYPE,
    params::TYPE,
];

/// Every patch type that is built.
pub fn types() -> &'static [TypeDoc] {
    TYPES
}

/// The type of this name, or a refusal that lists the known ones.
pub(super) fn find(name: &str) -> Result<&'static TypeDoc, PatchError> {
    TYPES.iter().find(|doc| doc.name == name).ok_or_else(|| {
        let names: Vec<String> = TYPES.iter().map(|doc| doc.name.to_owned()).collect();
        let near = super::closest::closest_name(TYPES.iter().map(|doc| doc.name), name);
        let hint = match near {
            Some(near) => format!("did you mean {near}? The types are {}", names.join(", ")),
            None => format!("the types are {}", names.join(", ")),
        };
        PatchError::new(PatchFault::Type, format!("unknown patch type {}", quote(name)))
            .at_field("type")
            .with_hint(hint)
            .with_candidates(names)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Patch, Surroundings};

    #[test]
    fn every_example_applies_to_sample_material() {
        let script = "**Opening**\n\nLow tide is at noon \u{2013} bring boots.\n\n**Close**\n\nSee you there.";
        let storyboard = "{\n  \"scenes\": [\n    {\"id\": \"scene_000\", \"duration_ms\": 8000, \"layers\": [{\"element_id\": \"figure\", \"asset\": \"figure.svg\"}]}\n  ]\n}";
        let files = ["artifacts/assets/figure.svg", "artifacts/assets/figure-2.svg"].map(str::to_owned);
        for doc in types() {
            let (path, bytes) = match doc.family {
                Family::Text => ("artifacts/script/script.txt", script.as_bytes().to_vec()),
                Family::Storyboard | Family::Json => {
                    ("artifacts/storyboard/storyboard.json", storyboard.as_bytes().to_vec())
                }
                Family::Audio => ("artifacts/audio/voiceover.wav", testing::sound::tone(9_000)),
                Family::Job => ("params", b"{\"tone\": \"calm\"}".to_vec()),
            };
            let surroundings = Surroundings {
                files: &files,
                sidecar: None,
            };
            let patch = Patch::from_value((doc.example)()).unwrap();
            let plan = patch
                .plan_among(path, &bytes, surroundings)
                .unwrap_or_else(|error| panic!("{}: {error}", doc.name));
            assert_ne!(plan.bytes, bytes, "{}", doc.name);
            for key in (doc.example)().as_object().unwrap().keys().filter(|key| *key != "type") {
                assert!(doc.fields.contains(&key.as_str()), "{}: {key}", doc.name);
            }
        }
    }

    #[test]
    fn an_unknown_type_is_refused_by_name_with_the_known_ones() {
        let error = Patch::parse(r#"{"type": "text_replac", "replacements": []}"#).unwrap_err();
        assert_eq!(error.message, "unknown patch type `text_replac`");
        let names: Vec<String> = types().iter().map(|doc| doc.name.to_owned()).collect();
        let hint = format!("did you mean text_replace? The types are {}", names.join(", "));
        assert_eq!(error.hint.as_deref(), Some(hint.as_str()));
        assert_eq!((error.line, error.column), (Some(1), Some(10)));
        let error = Patch::parse(r#"{"type": "pitch_adjust", "cents": 3}"#).unwrap_err();
        assert_eq!(error.fault, PatchFault::Type);
        assert!(error.message.contains("pitch_adjust"));
    }
}
