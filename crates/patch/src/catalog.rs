//! The patch types that are built.

use super::error::{PatchError, PatchFault};
use super::quote::quote;
use super::type_doc::TypeDoc;
use super::{
    asset_substitute, duration_adjust, json_patch, level_adjust, merge_patch, params, section_replace, text_replace,
    unified_diff,
};

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
    use crate::type_doc::{Family, Subject};
    use crate::{Patch, Surroundings};

    /// A patch of this type for something of its family: what it makes differs.
    fn makes(doc: &TypeDoc, patch: serde_json::Value) -> Result<bool, PatchError> {
        let (path, bytes) = sample(doc.family);
        let files = ["artifacts/assets/figure.svg", "artifacts/assets/figure-2.svg"].map(str::to_owned);
        let surroundings = Surroundings {
            files: &files,
            sidecar: None,
        };
        let plan = Patch::from_value(patch)?.plan_among(path, &bytes, surroundings)?;
        Ok(plan.bytes != bytes)
    }

    fn sample(family: Family) -> (&'static str, Vec<u8>) {
        let storyboard = "{\n  \"scenes\": [\n    {\"id\": \"scene_000\", \"duration_ms\": 8000, \"layers\": [{\"element_id\": \"figure\", \"asset\": \"figure.svg\"}]}\n  ]\n}";
        match family {
            Family::Text => (
                "artifacts/script/script.txt",
                "**Opening**\n\nLow tide is at noon \u{2013} bring boots.\n\n**Close**\n\nSee you there.".into(),
            ),
            Family::Storyboard | Family::Json => ("artifacts/storyboard/storyboard.json", storyboard.into()),
            Family::Audio => ("artifacts/audio/voiceover.wav", testing::sound::tone(9_000)),
            Family::Job => ("params", b"{\"tone\": \"calm\"}".to_vec()),
        }
    }

    #[test]
    fn every_example_applies_to_sample_material() {
        for doc in types() {
            assert_eq!(makes(doc, (doc.example)()), Ok(true), "{}", doc.name);
            for key in (doc.example)().as_object().unwrap().keys().filter(|key| *key != "type") {
                assert!(doc.holds(key).is_some(), "{}: {key}", doc.name);
            }
        }
    }

    #[test]
    fn every_template_is_filled_from_sample_material_and_changes_nothing_as_it_opens() {
        for doc in types() {
            let (path, bytes) = sample(doc.family);
            let params = serde_json::from_slice(&bytes).unwrap_or_default();
            let subject = Subject {
                path,
                bytes: &bytes,
                params: &params,
            };
            let mut patch = (doc.template)(&subject).unwrap_or_else(|| panic!("{} is not filled", doc.name));
            let edited = doc
                .edited_first
                .is_none_or(|field| doc.field_names().any(|name| name == field));
            assert!(edited, "{}: no field is called so", doc.name);
            patch["type"] = doc.name.into();
            // These see without the artifact that nothing would change.
            let fault = match doc.name {
                "text_replace" | "level_adjust" => PatchFault::Field,
                _ => PatchFault::NoChange,
            };
            assert_eq!(makes(doc, patch).unwrap_err().fault, fault, "{}", doc.name);
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
