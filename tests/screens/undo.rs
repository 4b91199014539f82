//! `u` takes the newest patch back; a patch of the parameters goes with a rejection.

use console::editor::Editor;
use console::effect::Msg;
use domain::artifact::GateArtifact;
use domain::ids::{ArtifactPath, Digest};
use domain::proposal::FileEffect;
use insta::assert_snapshot;
use serde_json::json;

use crate::console::{Console, SIZES};
use crate::world::{SCRIPT_OLD, World, at, job_id};

/// The world as drawn, the script on screen patched by two people.
fn patched() -> World {
    let mut world = World::drawn();
    let once = format!("{SCRIPT_OLD}\nBring a lamp.");
    world.patch("j-17", "ana", "02:08:11", once.as_bytes());
    world.patch("j-17", "cy", "02:10:41", format!("{once}\nAnd a rope.").as_bytes());
    world
}

#[test]
fn u_asks_first_and_says_what_is_put_back() {
    for (columns, rows) in SIZES {
        let console = Console::new(patched(), columns, rows).then("u");
        assert_snapshot!(format!("undo_{columns}"), console.picture());
    }
}

#[test]
fn each_undo_goes_one_patch_further_back() {
    let mut console = Console::new(patched(), 80, 24);
    let before: Vec<_> = console.backend.jobs[&job_id("j-17")].gates[0].artifacts.clone();
    console.press("u");
    console.shows("This takes back cy's text_replace of 02:10:41Z.");
    console.press("Esc");
    assert!(console.decisions().is_empty(), "nothing happens before Enter");
    assert_eq!(console.backend.jobs[&job_id("j-17")].gates[0].artifacts, before);
    console.press("u Enter");
    console.shows("Patch taken back of j-17 tides / script #2");
    console.press("u");
    console.shows("This takes back ana's text_replace of 02:08:11Z.");
    console.press("Enter u");
    console.shows("Not undone: nothing to undo: script.txt is as script #2 made it");
    let sent = console.decisions();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].starts_with("UndoPatch j-17/script artifacts/script/script.txt digest "));
}

#[test]
fn a_patch_that_arrives_while_the_question_stands_turns_it_into_a_refusal() {
    let mut console = Console::new(patched(), 80, 24).then("u");
    console.backend.patch("j-17", "ana", "02:12:41", b"another text\n");
    console.tell(Msg::Changed);
    console.shows("Not undone: script.txt changed while it was on screen");
    console.press("Enter").decides(0);
}

#[test]
fn a_file_that_a_patch_makes_is_awaited_until_it_is_on_disk() {
    let mut world = World::drawn();
    let gate = &mut world.rows_of("j-17").gates[0];
    let path = ArtifactPath::new("artifacts/script/script.txt.mix.json").unwrap();
    let sidecar = GateArtifact {
        kind: "mix".to_owned(),
        path: path.clone(),
        digest: Digest::of(b"{}"),
        base: None,
        ..gate.artifacts[0].clone()
    };
    let effect = FileEffect {
        patch: json!({"type": "level_adjust"}),
        artifact: gate.artifacts[0].path.clone(),
        planned_on: gate.artifacts[0].digest,
        former: None,
        after: sidecar,
        changes: Vec::new(),
    };
    gate.artifacts = effect.applied_to(gate.artifacts.clone(), "ana", at("02:12:59"));
    let mut console = Console::new(world, 80, 24);
    console.press("2 ]").shows("x.json 2/2");
    console
        .backend
        .disk
        .insert((job_id("j-17"), path.clone()), b"{}".to_vec());
    console.tell(Msg::Changed);
    let files = &console.model.gate.as_ref().unwrap().files;
    assert_eq!(files[1].digest, Some(Digest::of(b"{}")), "it is read again");
    // Taken back, it is gone.
    console.press("u").shows("This takes back ana's level_adjust of");
    console.press("Enter");
    assert_eq!(console.model.gate.as_ref().unwrap().files.len(), 1);
}

#[test]
fn params_go_with_a_rejection_only() {
    let mut world = World::drawn();
    let rows = world.rows_of("j-17");
    rows.job.params = json!({"tone": "calm", "length_s": 45}).as_object().unwrap().clone();
    let mut console = Console::new(world, 80, 24).then("p");
    let templates = &console.model.compose.as_ref().unwrap().subject;
    assert!(format!("{templates:?}").contains("calm"), "filled with the job's own");
    console.model.compose.as_mut().unwrap().editor = Editor::of_text("");
    console.paste("{\"type\": \"params\", \"params\": {\"tone\": \"bright\", \"length_s\": null}}");
    console.shows("params.tone");
    console.press("Esc").hides("approve with it");
    console.hides("apply only");
    console.press("a");
    console.shows("Not approved: a params patch goes with a rejection");
    console.press("r");
    assert_snapshot!("params_reject_80", console.picture());
    console.typed("brighter").press("Enter");
    let sent = console.decisions();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("patch \"params\""), "{sent:?}");
}
