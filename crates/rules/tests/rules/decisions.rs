//! One decision per gate, about what was seen, with or without a patch.

use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::job::JobStatus;
use domain::key::GateRef;
use domain::policy::OnTimeout;
use domain::refusal::RefusalCode;
use rules::Evidence;
use testing::world::stage;

use crate::world::{Judgement, World, code, effect, looked, made, path_of, proposal, text};

#[test]
fn the_second_decision_is_refused_and_names_who_won_and_when() {
    let mut world = World::reviewed();
    world.approve("script", "ana").unwrap();
    world.pass_s(4);
    let refusal = world.decide("script", "bea", Verdict::Reject, None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDecided);
    assert_eq!(refusal.message, "ana approved j-1 / script #1 at 1970-01-01 00:16:40Z");
    assert_eq!(world.rows().decisions.len(), 1);
    assert_eq!(
        world.count(EventType::GateApproved) + world.count(EventType::GateRejected),
        1
    );
}

#[test]
fn all_orders_of_two_verdicts_and_the_timer_make_exactly_one_decision() {
    let acts = ["ana", "bea", "timer"];
    for first in 0..3 {
        for second in (0..3).filter(|second| *second != first) {
            let third = 3 - first - second;
            let mut world = World::empty();
            world.timer("script", 30, OnTimeout::Approve);
            world.start(&["script", "audio"]);
            world.pass_s(30);
            let mut done = 0;
            for act in [first, second, third] {
                let result = match acts[act] {
                    "timer" => world.expire(false),
                    "ana" => world.approve("script", "ana"),
                    _ => world.decide("script", "bea", Verdict::Reject, None),
                };
                done += usize::from(result.is_ok());
            }
            assert_eq!((done, world.rows().decisions.len()), (1, 1));
        }
    }
}

#[test]
fn a_decision_on_other_bytes_than_were_seen_is_refused() {
    let mut world = World::reviewed();
    let moved = looked("one", Some("two"));
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let request = Judgement {
            on_disk: moved.clone(),
            ..world.request("ana", verdict)
        };
        let refusal = world.judge(request).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
        assert!(refusal.message.contains(&text("one").short()) && refusal.message.contains(&text("two").short()));
    }
    let request = Judgement {
        on_disk: moved,
        digest: Some(text("two")),
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(request).unwrap();
    assert_eq!(world.decision().artifacts()[0].sha256, Some(text("two")));
    assert_eq!(world.rows().registered(&path_of("script")), Some(text("two")));
    assert_eq!(world.count(EventType::ArtifactChanged), 1);
}

#[test]
fn what_was_seen_before_somebody_patched_it_cannot_be_approved() {
    let mut world = World::reviewed();
    let on_disk = world.on_disk("script");
    let patch = effect("script", "one", "two");
    world.patch_on("bea", patch, None, on_disk).unwrap();
    assert_eq!(world.state(), GateState::Open, "the gate stays open");
    let request = Judgement {
        digest: Some(text("one")),
        ..world.request("ana", Verdict::Approve)
    };
    assert_eq!(code(world.judge(request)), RefusalCode::ArtifactChanged);
    world.approve("script", "ana").unwrap();
}

#[test]
fn a_vanished_artifact_cannot_be_approved_but_rejected() {
    let mut world = World::reviewed();
    let gone = looked("one", None);
    let request = |world: &World, verdict| Judgement {
        on_disk: gone.clone(),
        ..world.request("ana", verdict)
    };
    let approve = request(&world, Verdict::Approve);
    assert_eq!(code(world.judge(approve)), RefusalCode::ArtifactChanged);
    let reject = request(&world, Verdict::Reject);
    world.judge(reject).unwrap();
}

#[test]
fn approving_with_a_patch_is_one_decision_that_holds_both_digests() {
    let mut world = World::reviewed();
    let request = Judgement {
        patch: Some(proposal("one", "two")),
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(request).unwrap();
    let decided = world.decision();
    assert_eq!(decided.artifacts()[0].sha256, Some(text("one")));
    assert_eq!(decided.artifacts()[0].sha256_after, Some(text("two")));
    assert!(decided.patch().is_some());
    assert_eq!(world.rows().registered(&path_of("script")), Some(text("two")));
    assert_eq!((world.count(EventType::PatchApplied), world.at()), (1, Some("audio")));
}

#[test]
fn a_patch_planned_against_other_bytes_decides_nothing() {
    let mut world = World::reviewed();
    let request = Judgement {
        patch: Some(proposal("older", "two")),
        ..world.request("ana", Verdict::Approve)
    };
    assert_eq!(code(world.judge(request)), RefusalCode::ArtifactChanged);
    assert!(world.rows().decisions.is_empty());
    assert_eq!(world.state(), GateState::Open);
}

#[test]
fn rejection_patch_and_approval_stay_three_facts() {
    let mut world = World::reviewed();
    let request = Judgement {
        patch: Some(proposal("one", "two")),
        notes: Some("too long".into()),
        ..world.request("ana", Verdict::Reject)
    };
    world.judge(request).unwrap();
    assert_eq!(
        (world.status(), world.count(EventType::PatchApplied)),
        (JobStatus::Paused, 0)
    );
    assert_eq!(
        world.decision().artifacts()[0].sha256_after,
        None,
        "nothing is applied yet"
    );
    let plan = Evidence {
        proposal: Some(proposal("one", "two")),
        on_disk: world.on_disk("script"),
        ..Evidence::default()
    };
    world.resume("bea", plan).unwrap();
    let [rejection, approval] = &world.chain[..] else {
        panic!("two decisions")
    };
    assert!(!rejection.decision.is_approved() && rejection.decision.by() == "ana" && rejection.decision.attempt() == 1);
    assert!(approval.decision.is_approved() && approval.decision.by() == "bea" && approval.decision.attempt() == 2);
    assert_eq!(approval.decision.notes(), Some("approved after patch"));
    assert_eq!(approval.decision.artifacts()[0].sha256, Some(text("two")));
    assert_eq!(world.count(EventType::PatchApplied), 1);
    assert_eq!(
        world
            .rows()
            .attempts
            .iter()
            .filter(|attempt| attempt.stage == stage("script"))
            .count(),
        1,
        "the stage does not run"
    );
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
}

#[test]
fn a_rejection_patch_that_no_longer_fits_leaves_the_job_paused() {
    let mut world = World::reviewed();
    let request = Judgement {
        patch: Some(proposal("one", "two")),
        ..world.request("ana", Verdict::Reject)
    };
    world.judge(request).unwrap();
    let moved = looked("one", Some("other"));
    let plan = Evidence {
        proposal: Some(proposal("other", "two")),
        on_disk: moved,
        ..Evidence::default()
    };
    assert_eq!(code(world.resume("bea", plan)), RefusalCode::ArtifactChanged);
    assert_eq!((world.status(), world.rows().decisions.len()), (JobStatus::Paused, 1));
}

#[test]
fn an_old_attempt_and_unknown_names_are_refused_by_name() {
    let mut world = World::reviewed();
    world.decide("script", "ana", Verdict::Reject, Some("again")).unwrap();
    world.resumes("ana");
    world.run("script", 2, made("script", "two")).unwrap();
    let old = GateRef {
        attempt: Some(1),
        ..world.gate_ref("script")
    };
    let request = world.request("bea", Verdict::Approve);
    assert_eq!(code(world.judge_at(old, request)), RefusalCode::AlreadyDecided);
    assert_eq!(code(world.approve("trailer", "ana")), RefusalCode::NotFound);
    assert_eq!(code(world.approve("audio", "ana")), RefusalCode::NotFound);
    assert_eq!(world.state(), GateState::Open);
}

#[test]
fn a_note_over_the_limit_is_refused_and_one_at_the_limit_kept() {
    let mut world = World::reviewed();
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(
        code(world.decide("script", "ana", Verdict::Approve, Some(&long))),
        RefusalCode::Invalid
    );
    world
        .decide("script", "ana", Verdict::Approve, Some(&long[1..]))
        .unwrap();
}

#[test]
fn a_patch_that_was_registered_after_the_look_at_the_files_makes_the_look_stale() {
    let mut world = World::reviewed();
    let looked = world.on_disk("script");
    let patch = effect("script", "one", "two");
    world.patch_on("bea", patch, None, looked.clone()).unwrap();
    // Ana saw the former bytes and says so; what lies on disk when her transaction runs is not
    // known to be them any more.
    let request = Judgement {
        digest: Some(text("one")),
        on_disk: looked,
        ..world.request("ana", Verdict::Approve)
    };
    assert_eq!(code(world.judge(request)), RefusalCode::ArtifactChanged);
    assert_eq!(
        world.rows().registered(&path_of("script")),
        Some(text("two")),
        "bea's patch stands"
    );
}
