//! Assets of real-looking storyboards, and every way to be refused.

use serde_json::{Value, json};

use super::super::elements::Elements;
use super::super::{Patch, PatchError, PatchFault, Plan, Surroundings, json_tree};

const PATH: &str = "artifacts/storyboard/storyboard.json";
const BOARD: &str = r#"{
  "fps": 25.0,
  "scenes": [
    {"id": "s01", "duration_ms": 306.0, "layers": [
      {"element_id": "ground", "asset": "ground.svg", "x": 0.0},
      {"element_id": "figure", "asset": "figure.svg", "x": 306.0}
    ]},
    {"id": "s02", "image": "artifacts/assets/sea.svg", "layers": [
      {"element_id": "ground", "asset": "ground.svg"},
      {"element_id": "figure", "asset": "figure-2.svg"}
    ]},
    {"id": "s03", "src": "a.svg", "path": "b.svg", "hold": true}
  ],
  "sections": [{"beats": [{"beat_id": "intro", "elements": {"list": [{"id": 7, "image": {"src": "old.png", "alt": "x"}}]}}, {"id": "outro", "file": null}]}]
}"#;

fn plan(substitutions: Value, text: &str) -> Result<Plan, PatchError> {
    let files = [
        "artifacts/assets/figure-2.svg",
        "artifacts/assets/figure.svg",
        "artifacts/assets/ground.svg",
        "artifacts/assets/sea.png",
        "artifacts/assets/sea.svg",
        "input/reef.svg",
    ]
    .map(str::to_owned);
    let patch = Patch::from_value(json!({"type": "asset_substitute", "substitutions": substitutions}))?;
    let surroundings = Surroundings {
        files: &files,
        sidecar: None,
    };
    patch.plan_among(PATH, text.as_bytes(), surroundings)
}

fn one(id: &str, path: &str) -> Value {
    json!([{"element_id": id, "asset_path": path}])
}

fn made(substitutions: Value) -> (String, Vec<String>, Vec<String>) {
    let plan = plan(substitutions, BOARD).unwrap();
    (plan.text().to_owned(), plan.told(), plan.consequences)
}

fn refused(substitutions: Value) -> (String, String) {
    let error = plan(substitutions, BOARD).unwrap_err();
    (error.message, error.hint.map(String::from).unwrap_or_default())
}

#[test]
fn only_the_name_of_the_asset_changes() {
    let (text, changes, consequences) = made(one("s01/figure", "artifacts/assets/figure-2.svg"));
    assert_eq!(text, BOARD.replace("figure.svg", "figure-2.svg"));
    assert_eq!(
        changes,
        ["scenes[0].layers[1].asset \"figure.svg\" -> \"figure-2.svg\""]
    );
    assert!(consequences.is_empty(), "{consequences:?}");
    let (text, ..) = made(one("s02", "figure.svg"));
    assert_eq!(
        text,
        BOARD.replace("artifacts/assets/sea.svg", "artifacts/assets/figure.svg")
    );
}

#[test]
fn elements_are_found_wherever_they_lie() {
    let (text, changes, consequences) = made(json!([
        {"element_id": "outro", "asset_path": "reef.svg"},
        {"element_id": "7", "asset_path": "sea.png"},
        {"element_id": "s02", "asset_path": "sea.png"},
    ]));
    assert_eq!(
        changes,
        [
            "scenes[1].image \"artifacts/assets/sea.svg\" -> \"artifacts/assets/sea.png\"",
            "sections[0].beats[0].elements.list[0].image.src \"old.png\" -> \"sea.png\"",
            "sections[0].beats[1].file null -> \"reef.svg\"",
        ]
    );
    assert_eq!(
        consequences,
        [
            "`7` named `old.png` before, which is no file of this run",
            "`s02` had an asset of kind .svg; the new one is .png",
        ]
    );
    assert!(
        text.contains("\"image\": {\"src\": \"sea.png\", \"alt\": \"x\"}"),
        "{text}"
    );
}

#[test]
fn an_element_that_stands_in_many_scenes_changes_in_all_of_them() {
    let (text, changes, consequences) = made(one("ground", "input/reef.svg"));
    assert_eq!(text, BOARD.replace("ground.svg", "input/reef.svg"));
    assert_eq!(changes.len(), 2);
    assert_eq!(
        consequences,
        [
            "`ground` stands in 2 places: all get the asset",
            "`input/reef.svg` lies in another folder than `ground.svg`, and is written from the run directory on",
        ]
    );
    assert_eq!(
        refused(one("figure", "sea.svg")),
        (
            format!("element `figure` stands 2 times in `{PATH}`, with different assets"),
            "say which: `s01/figure` and `s02/figure`".to_owned()
        )
    );
}

#[test]
fn an_element_that_is_not_there_is_refused_with_those_that_are() {
    assert_eq!(
        refused(one("grund", "sea.svg")),
        (
            format!("element `grund` not found; `{PATH}` has `ground`, `figure`, `s02`, `s03`, `7` and `outro`"),
            "did you mean `ground`?".to_owned()
        )
    );
    let error = plan(one("s09/ground", "sea.svg"), BOARD).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("substitutions[0].element_id"));
    assert_eq!(error.candidates.len(), 6);
    let error = plan(one("a", "sea.svg"), "{\"scenes\": []}").unwrap_err();
    assert!(error.message.ends_with("has no elements with an id"), "{error}");
}

#[test]
fn an_element_must_name_one_asset() {
    assert_eq!(
        refused(one("s03", "sea.svg")),
        (
            "element `s03` (line 12) names its asset in 2 fields: path and src".to_owned(),
            "json_patch can set the one that is meant".to_owned()
        )
    );
    assert_eq!(
        refused(one("s01", "sea.svg")),
        (
            "element `s01` (line 4) names no asset".to_owned(),
            "in it are `s01/ground` and `s01/figure`".to_owned()
        )
    );
    let error = plan(one("a", "sea.svg"), "[{\"id\": \"a\", \"asset\": 5}]").unwrap_err();
    assert_eq!(
        error.hint.as_deref(),
        Some("an asset is a text in one of asset_path, asset, image, path, file and src; json_patch can add it")
    );
}

#[test]
fn the_asset_must_exist_inside_the_run() {
    let error = plan(one("s02", "seas.svg"), BOARD).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("substitutions[0].asset_path"));
    assert_eq!(error.message, "there is no file `seas.svg` in the run directory");
    assert_eq!(error.hint.as_deref(), Some("closest is artifacts/assets/sea.svg"));
    for path in ["../secret.svg", "/etc/passwd", ""] {
        let error = plan(one("s02", path), BOARD).unwrap_err();
        assert_eq!(
            (error.fault, error.field.as_deref()),
            (PatchFault::Field, Some("substitutions[0].asset_path"))
        );
    }
    let patch = Patch::from_value(json!({"type": "asset_substitute", "substitutions": one("s02", "sea.svg")})).unwrap();
    let error = patch.plan(PATH, BOARD.as_bytes()).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("it holds no files at all"));
}

#[test]
fn nothing_is_written_twice_or_for_nothing() {
    assert_eq!(
        plan(one("ground", "ground.svg"), BOARD).unwrap_err().fault,
        PatchFault::NoChange
    );
    let twice = json!([{"element_id": "s01/ground", "asset_path": "sea.svg"}, {"element_id": "ground", "asset_path": "sea.svg"}]);
    assert_eq!(refused(twice).0, "`ground` and an earlier id both mean `s01/ground`");
    let twice = json!([{"element_id": "s02", "asset_path": "sea.svg"}, {"element_id": "s02", "asset_path": "sea.png"}]);
    assert_eq!(refused(twice).0, "element `s02` is given an asset twice");
    let (_, _, consequences) = made(json!([
        {"element_id": "s02", "asset_path": "sea.svg"},
        {"element_id": "s01/figure", "asset_path": "figure-2.svg"},
    ]));
    assert_eq!(consequences, ["`s02` shows `artifacts/assets/sea.svg` already"]);
}

#[test]
fn elements_are_offered_as_a_patch_can_name_them() {
    let root = json_tree::read(BOARD).unwrap();
    let shown = Elements::of(BOARD, &root).shown();
    let shown: Vec<String> = shown
        .iter()
        .map(|element| format!("{} {} {}", element.id, element.asset, element.places))
        .collect();
    assert_eq!(
        shown,
        [
            "ground ground.svg 2",
            "s01/figure figure.svg 1",
            "s02 artifacts/assets/sea.svg 1",
            "s02/figure figure-2.svg 1",
            "7 old.png 1"
        ]
    );
}
