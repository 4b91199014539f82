//! The template of `asset_substitute`.

use serde_json::{Value, json};

use super::super::elements::Elements;
use super::super::json_tree;

/// The first element with one asset, and that asset.
pub(super) fn substitute(path: &str, text: &str) -> Option<Value> {
    let root = json_tree::read(text).ok()?;
    let first = Elements::of(text, &root).shown().into_iter().next()?;
    Some(json!({
        "type": "asset_substitute",
        "artifact": path,
        "substitutions": [{"element_id": first.id, "asset_path": first.asset}],
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Patch, PatchFault, Surroundings};
    use super::super::template_of;
    use super::*;

    #[test]
    fn the_first_element_is_offered_with_the_asset_it_has() {
        let text = r#"{"scenes": [{"id": "s0", "duration_ms": 1, "layers": [{"element_id": "ground", "asset": "ground.svg"}]},
            {"id": "s1", "layers": [{"element_id": "ground", "asset": "sea.svg"}]}]}"#;
        let path = "artifacts/storyboard/storyboard.json";
        let shown = template_of("asset_substitute", "storyboard", path, text.as_bytes()).unwrap();
        let mut value: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(
            value["substitutions"],
            json!([{"element_id": "s0/ground", "asset_path": "ground.svg"}])
        );
        let files = ["artifacts/assets/ground.svg", "artifacts/assets/sea.svg"].map(str::to_owned);
        let plan = |value: &Value| {
            let patch = Patch::from_value(value.clone()).unwrap();
            let surroundings = Surroundings {
                files: &files,
                sidecar: None,
            };
            patch.plan_among(path, text.as_bytes(), surroundings)
        };
        assert_eq!(plan(&value).unwrap_err().fault, PatchFault::NoChange);
        value["substitutions"][0]["asset_path"] = "sea.svg".into();
        assert_eq!(plan(&value).unwrap().changes[0].place, "scenes[0].layers[0].asset");
        assert_eq!(
            template_of("asset_substitute", "storyboard", path, b"{\"scenes\": [{\"id\": 1}]}"),
            None
        );
    }
}
