//! What somebody looked at, and what of it is another version now.

use domain::gate::{GateState, Verdict};
use domain::look::{former_look, outdated_look};
use domain::refusal::RefusalCode;

use crate::world::{Judgement, World, code, effect, text};

/// Ana is shown so many of two hunks of the script.
fn look(world: &mut World, who: &str, shown: u32) {
    let digest = world.newest("script").digest();
    world.see(who, digest, 2, shown);
}

/// Somebody else patches the script.
fn patch(world: &mut World, before: &str, after: &str) {
    let on_disk = world.on_disk("script");
    world
        .patch_on("bea", effect("script", before, after), None, on_disk)
        .unwrap();
}

/// What the script was when this person looked at it before.
fn before(world: &World, who: &str) -> Option<(domain::ids::Digest, u32)> {
    let gate = world.newest("script");
    let look = former_look(world.rows(), gate, &gate.artifacts[0], who)?;
    Some((look.digest, look.attempt))
}

/// Ana has looked at the script, and bea patched it since.
fn changed() -> World {
    let mut world = World::reviewed();
    look(&mut world, "ana", 2);
    patch(&mut world, "one", "two");
    world
}

#[test]
fn whoever_looked_decides_on_what_it_is_now_only_by_its_name() {
    let mut world = changed();
    let refusal = world.approve("script", "ana").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
    let (read, now) = (text("one").short(), text("two").short());
    assert_eq!(
        refusal.message,
        format!("script.txt changed since it was read (you read {read}, it is now {now})")
    );
    let hint = refusal.hint.unwrap();
    assert!(hint.contains(&format!("--base {}", text("one"))), "{hint}");
    assert_eq!(world.state(), GateState::Open);
    look(&mut world, "ana", 1);
    let result = world.approve("script", "ana");
    assert_eq!(code(result), RefusalCode::ArtifactChanged, "she has begun with it");
    look(&mut world, "ana", 2);
    world.approve("script", "ana").unwrap();
    let seen = world.decision().seen();
    assert!(seen.iter().all(|seen| seen.artifacts.is_empty()), "{seen:?}");
}

#[test]
fn whoever_names_the_bytes_or_never_looked_knows_what_they_do() {
    let mut named = changed();
    let digest = Some(named.newest("script").digest());
    let judgement = Judgement {
        digest,
        ..named.request("ana", Verdict::Approve)
    };
    named.judge(judgement).unwrap();
    changed().approve("script", "cy").unwrap();
}

#[test]
fn a_gate_that_was_opened_again_is_the_same_question_and_one_after_a_rejection_is_not() {
    let mut world = World::empty();
    world.open("script", "one", "ci").unwrap();
    look(&mut world, "ana", 2);
    world.open("script", "two", "ci").unwrap();
    let gate = world.newest("script");
    assert_eq!(gate.key.attempt, 2);
    assert!(outdated_look(world.rows(), gate, "ana").is_some());
    assert_eq!(before(&world, "ana"), Some((text("one"), 1)));
    let result = world.decide("script", "ana", Verdict::Reject, Some("no"));
    assert_eq!(code(result), RefusalCode::ArtifactChanged);
    look(&mut world, "ana", 2);
    world.decide("script", "ana", Verdict::Reject, Some("no")).unwrap();
    world.open("script", "three", "ci").unwrap();
    let gate = world.newest("script");
    assert!(outdated_look(world.rows(), gate, "ana").is_none());
    assert_eq!(
        before(&world, "ana"),
        Some((text("two"), 2)),
        "it can still be compared"
    );
}

#[test]
fn the_newest_look_at_other_bytes_is_the_one_that_counts() {
    let mut world = World::reviewed();
    assert_eq!(before(&world, "ana"), None, "she never looked");
    look(&mut world, "ana", 2);
    assert_eq!(before(&world, "ana"), None, "nothing has changed since");
    let versions = ["two", "three", "four"];
    let mut former = "one";
    for version in versions {
        patch(&mut world, former, version);
        assert_eq!(before(&world, "ana"), Some((text(former), 1)));
        assert_eq!(before(&world, "bea"), None);
        look(&mut world, "ana", 1);
        assert_eq!(
            before(&world, "ana"),
            Some((text(former), 1)),
            "she has begun with this one"
        );
        former = version;
    }
    let versions: Vec<_> = world
        .newest("script")
        .seen
        .iter()
        .map(|seen| seen.artifacts.len())
        .collect();
    assert_eq!(versions, [0, 0, 1, 1], "older versions are not kept");
    // She looks once more at what she knows already: that look is the newest.
    patch(&mut world, "four", "two");
    look(&mut world, "ana", 1);
    patch(&mut world, "two", "five");
    assert_eq!(before(&world, "ana"), Some((text("two"), 1)));
}

#[test]
fn however_many_have_looked_a_look_at_what_is_under_review_counts() {
    let mut world = World::reviewed();
    for version in 0..120 {
        world.see("cy", text(&version.to_string()), 1, 1);
    }
    look(&mut world, "ana", 2);
    let gate = world.newest("script");
    assert!(gate.is_wholly_seen_by("ana"));
    assert_eq!(gate.seen.len(), 100);
    for name in ["dee", "eli"] {
        look(&mut world, name, 2);
        assert!(world.newest("script").is_wholly_seen_by(name));
    }
}
