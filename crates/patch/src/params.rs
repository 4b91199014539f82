//! `params`: changes the job's parameters, not an artifact; the stage runs again with them (SPEC
//! §6).
//!
//! Merged as RFC 7396 says, like `merge_patch`: an object goes into an object, anything else
//! replaces, null removes.

use serde_json::{Map, Value, json};

use super::error::{PatchError, PatchFault};
use super::merge_patch::merged;
use super::patch_fields::PatchFields;
use super::plan::{Material, Patch, Planned, PlannedChange};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc};

/// The most bytes of a job's parameters, as JSON.
pub const PARAMS_BYTES_MAX: usize = 1 << 20;

/// What a params patch calls the document that it changes.
const DOCUMENT: &str = "params";
/// The longest parameters of a template, in bytes.
const TEMPLATE_BYTES_MAX: usize = 64 << 10;

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "params",
    family: Family::Job,
    applies_to: "the job's parameters",
    description: "Merges `params` into the job's parameters (RFC 7396: an object goes into an object, null removes). \
                  It goes with a rejection; when the job is resumed, the stage runs again with the new parameters.",
    example: || json!({"type": "params", "params": {"tone": "bright", "length_s": 45}}),
    fields: &[FieldDoc::new(
        "params",
        "what is to differ in the job's parameters",
        Holds::Anything,
    )],
    template,
    edited_first: None,
    parse,
};

#[derive(Debug)]
struct Params {
    /// An object.
    merge: Value,
}

fn parse(fields: &PatchFields<'_>) -> Result<Box<dyn Planner>, PatchError> {
    let merge: &Map<String, Value> = fields.read("params")?;
    if fields.get("artifact").is_some() {
        return Err(
            PatchError::wrong_field("artifact", "a params patch is for the job, not for an artifact")
                .with_hint("leave `artifact` out"),
        );
    }
    if let Some(name) = merge.keys().find(|name| name.trim().is_empty()) {
        return Err(
            PatchError::wrong_field("params", format!("`params` has a parameter without a name: {name:?}"))
                .with_hint("a name has at least one letter"),
        );
    }
    Ok(Box::new(Params {
        merge: Value::Object(merge.clone()),
    }))
}

impl Planner for Params {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let mut planned = merged(material, &self.merge, DOCUMENT, "params")?;
        let consequence = "the stage runs again with them when the job is resumed";
        planned.consequences.push(consequence.to_owned());
        Ok(planned)
    }
}

fn printed(params: &Map<String, Value>) -> Result<Vec<u8>, PatchError> {
    serde_json::to_vec_pretty(params)
        .map_err(|error| PatchError::unfit(format!("the parameters cannot be written as JSON: {error}")))
}

/// The parameters as they are. None when they are too long to be written in an editor.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let fields = json!({"params": subject.params});
    let length = serde_json::to_vec_pretty(&fields).ok()?.len();
    (length <= TEMPLATE_BYTES_MAX).then_some(fields)
}

/// What a params patch makes of a job's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsPlan {
    /// The parameters after it.
    pub params: Map<String, Value>,
    /// What changes.
    pub changes: Vec<PlannedChange>,
    /// What follows from it.
    pub consequences: Vec<String>,
}

/// Plans a params patch; pure, and a plan always changes something.
pub fn plan_params(patch: &Patch, params: &Map<String, Value>) -> Result<ParamsPlan, PatchError> {
    let plan = patch.plan(DOCUMENT, &printed(params)?)?;
    let params: Map<String, Value> = serde_json::from_slice(&plan.bytes)
        .map_err(|error| PatchError::unfit(format!("the parameters would not be a JSON object: {error}")))?;
    let bytes = serde_json::to_vec(&params).map_or(0, |bytes| bytes.len());
    if bytes > PARAMS_BYTES_MAX {
        let message = format!("the job's parameters would have {bytes} bytes; at most {PARAMS_BYTES_MAX} are kept");
        return Err(PatchError::new(PatchFault::Unfit, message).at_field("params"));
    }
    Ok(ParamsPlan {
        params,
        changes: plan.changes,
        consequences: plan.consequences,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(merge: Value, params: &Value) -> Result<ParamsPlan, PatchError> {
        let patch = Patch::from_value(json!({"type": "params", "params": merge}))?;
        plan_params(&patch, params.as_object().unwrap())
    }

    /// The examples of RFC 7396, appendix A, that begin and end with an object.
    #[test]
    fn merged_as_the_rfc_says() {
        for (params, merge, made) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let plan = plan(merge, &params).unwrap();
            assert_eq!(Value::Object(plan.params), made);
        }
    }

    #[test]
    fn the_changes_name_each_parameter_and_the_order_stays() {
        let params = json!({"tone": "calm", "length_s": 306.0, "voice": {"name": "ada", "rate": 1}, "old": 1});
        let plan = plan(
            json!({"tone": "bright", "voice": {"rate": 2}, "old": null, "new": [1], "length_s": 306.0}),
            &params,
        )
        .unwrap();
        let words: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "params.tone \"calm\" -> \"bright\"",
                "params.voice.rate 1 -> 2",
                "params.old 1 -> (deleted)",
                "params.new (none) -> [1]"
            ]
        );
        assert_eq!(
            serde_json::to_string(&plan.params).unwrap(),
            r#"{"tone":"bright","length_s":306.0,"voice":{"name":"ada","rate":2},"new":[1]}"#
        );
        assert_eq!(plan.consequences.len(), 1);
    }

    #[test]
    fn the_template_changes_nothing_until_a_value_is() {
        let params = json!({"tone": "calm", "voice": {"rate": 306.0}});
        let filled = |params: &Value| {
            let subject = Subject {
                path: "",
                bytes: b"",
                params: params.as_object().unwrap(),
            };
            template(&subject).map(|mut patch| {
                patch["type"] = TYPE.name.into();
                patch.to_string()
            })
        };
        let text = filled(&params).unwrap();
        let patch = |text: &str| plan_params(&Patch::parse(text).unwrap(), params.as_object().unwrap());
        assert_eq!(patch(&text).unwrap_err().fault, PatchFault::NoChange);
        let plan = patch(&text.replace("calm", "bright")).unwrap();
        assert_eq!(plan.changes.len(), 1);
        let long = json!({"a": "x".repeat(TEMPLATE_BYTES_MAX)});
        assert_eq!(filled(&long), None);
    }

    #[test]
    fn what_changes_nothing_or_too_much_is_refused() {
        let params = json!({"tone": "calm"});
        assert_eq!(
            plan(json!({"tone": "calm"}), &params).unwrap_err().fault,
            PatchFault::NoChange
        );
        assert_eq!(plan(json!({}), &params).unwrap_err().fault, PatchFault::NoChange);
        assert_eq!(plan(json!([1]), &params).unwrap_err().fault, PatchFault::Field);
        assert_eq!(plan(json!({" ": 1}), &params).unwrap_err().fault, PatchFault::Field);
        let long = json!({"a": "x".repeat(PARAMS_BYTES_MAX - 100)});
        let error = plan(json!({"b": "y".repeat(200)}), &long).unwrap_err();
        assert_eq!(error.fault, PatchFault::Unfit);
        assert!(error.message.contains("at most 1048576 are kept"), "{}", error.message);
        let named = json!({"type": "params", "artifact": "script.txt", "params": {"a": 1}});
        assert_eq!(
            Patch::from_value(named).unwrap_err().message,
            "a params patch is for the job, not for an artifact"
        );
    }
}
