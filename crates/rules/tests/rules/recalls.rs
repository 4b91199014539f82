//! Decisions that may be taken back for a while: nothing moves before that is over, and then once.

use serde_json::json;

use domain::ask::Command;
use domain::comment::{Comment, CommentSide, CountedVersion};
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::job::{AttemptState, JobStatus};
use domain::key::GateRef;
use domain::outlook::{Fact, Outlook};
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::Proposal;
use domain::refusal::{Refusal, RefusalCode};
use domain::wake::{DueGate, Wake};
use rules::{Evidence, Happening, OpeningRecord, forecast, foresee};
use testing::world::{found, operator, stage};

use crate::world::{Done, Judgement, World, artifact, code, looked, made, proposal, text};

/// The script is ready for review at a gate whose decisions may be taken back for 10 s, and audio
/// comes after it.
fn reviewed() -> World {
    let mut world = World::empty();
    let policy = GatePolicy {
        auto_approve: true,
        auto_approve_after_s: Some(300),
        on_timeout: OnTimeout::Approve,
        recall_s: 10,
        ..GatePolicy::default()
    };
    world.policies.insert(stage("script"), policy);
    world.start(&["script!", "audio!"]);
    world.run("script", 1, made("script", "one")).unwrap();
    world
}

impl World {
    fn window_end(&self, name: &str, attempt: u32) -> Wake {
        let gate = self.rows().gate(&stage(name), attempt).unwrap();
        gate.recall.as_ref().unwrap().wake()
    }

    /// What the ticker says when the decision on this attempt can no longer be taken back.
    fn is_over(&mut self, name: &str, attempt: u32, wake: Wake) -> Done {
        let key = self.rows().gate(&stage(name), attempt).unwrap().key.clone();
        let due = DueGate::found(key, wake, false, self.now);
        self.happen(Happening::Expired(due), Vec::new())
    }

    fn recall(&mut self, who: &str, attempt: Option<u32>) -> Done {
        let gate = GateRef {
            attempt,
            ..self.gate_ref("script")
        };
        self.ask(who, Command::Recall { gate })
    }

    fn foreseen(&self, who: &str, command: Command, evidence: &Evidence) -> Result<Outlook, Refusal> {
        let by = operator(who);
        let via = by.via.clone();
        let ask = domain::ask::Ask {
            by,
            session: None,
            rights: domain::rights::Rights::default(),
            command,
        };
        let resume = &mut |_: &domain::ask::Ask, _: &domain::job::JobRows| Ok(Evidence::default());
        let foreseen = foresee(
            &self.job_id,
            Some(self.rows()),
            &ask,
            evidence,
            self.context(&via),
            resume,
        );
        foreseen.map(|(outlook, _)| outlook)
    }
}

#[test]
fn nothing_moves_before_the_decision_can_no_longer_be_taken_back_and_then_once() {
    let mut world = reviewed();
    world.approve("script", "ana").unwrap();
    let gate = world.newest("script").clone();
    assert_eq!(
        (gate.state, world.status()),
        (GateState::Approved, JobStatus::NeedsApproval)
    );
    assert_eq!(world.decision().by(), "ana");
    assert!(
        world
            .rows()
            .attempts
            .iter()
            .all(|attempt| attempt.stage != stage("audio"))
    );
    assert_eq!(
        world.count(EventType::DecisionMade) + world.count(EventType::GateApproved),
        1
    );
    let wake = world.window_end("script", 1);
    world.pass_s(9);
    assert_eq!(
        code(world.is_over("script", 1, wake)),
        RefusalCode::WrongState,
        "a second early"
    );
    assert_eq!(world.newest("script"), &gate);
    world.pass_s(1);
    world.is_over("script", 1, wake).unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    assert_eq!(world.newest("script").recall, None);
    assert_eq!(
        world.payload(EventType::GateApproved)["made_at"],
        json!(world.decision().at())
    );
    assert_eq!(code(world.is_over("script", 1, wake)), RefusalCode::WrongState, "once");
    assert_eq!(world.count(EventType::GateApproved), 1);
    assert_eq!(world.rows().decisions.len(), 1);
}

#[test]
fn a_clock_that_is_set_neither_shortens_nor_lengthens_it() {
    for step_s in [-3600, 3600] {
        let mut world = reviewed();
        world.approve("script", "ana").unwrap();
        let wake = world.window_end("script", 1);
        world.step_s(step_s);
        world.pass_s(9);
        assert_eq!(code(world.is_over("script", 1, wake)), RefusalCode::WrongState);
        world.pass_s(1);
        world.is_over("script", 1, wake).unwrap();
    }
}

#[test]
fn what_is_taken_back_stays_in_the_record_and_is_decided_anew_by_a_person() {
    let mut world = reviewed();
    world.see("bea", world.newest("script").digest(), 3, 3);
    world.decide("script", "ana", Verdict::Approve, Some("fine")).unwrap();
    let wake = world.window_end("script", 1);
    world.pass_s(5);
    world.recall("bea", None).unwrap();
    let former = world.rows().gate(&stage("script"), 1).unwrap();
    let settled = former.settled.as_ref().unwrap();
    assert_eq!((former.state, settled.by.as_str()), (GateState::Recalled, "bea"));
    let again = world.newest("script").clone();
    assert_eq!((again.key.attempt, again.state), (2, GateState::Open));
    assert_eq!(again.timer, None, "silence decides nothing that somebody doubts");
    assert_eq!(
        (again.digest(), again.is_wholly_seen_by("bea")),
        (former.digest(), true)
    );
    assert_eq!(
        world.rows().review_words(&again).unwrap(),
        "again: bea took decision 1 back"
    );
    let said = world.payload(EventType::DecisionRecalled);
    assert_eq!(
        (&said["by"], &said["decided_by"], &said["seq"]),
        (&json!("bea"), &json!("ana"), &json!(1))
    );
    world.pass_s(20);
    assert_eq!(
        code(world.is_over("script", 1, wake)),
        RefusalCode::WrongState,
        "it is never carried out"
    );
    assert_eq!((world.status(), world.at()), (JobStatus::NeedsApproval, Some("script")));

    world.decide("script", "bea", Verdict::Reject, None).unwrap();
    let decision = serde_json::to_value(&world.chain[1]).unwrap();
    assert_eq!(decision["recalls"]["seq"], 1);
    assert_eq!(serde_json::to_value(&world.chain[0]).unwrap().get("recalls"), None);
    let wake = world.window_end("script", 2);
    world.pass_s(10);
    world.is_over("script", 2, wake).unwrap();
    assert_eq!(world.status(), JobStatus::Paused);
}

#[test]
fn what_is_taken_back_does_not_count_as_the_decision_and_the_one_before_it_does() {
    let mut world = reviewed();
    let counts = |world: &World| {
        let standing = world.rows().standing_decision(&stage("script"));
        standing.map(|sealed| sealed.decision.attempt())
    };
    world.decide("script", "ana", Verdict::Reject, Some("no")).unwrap();
    assert_eq!(counts(&world), None, "it may still be taken back");
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    world.is_over("script", 1, wake).unwrap();
    assert_eq!(counts(&world), Some(1));
    world.resumes("ana");
    world.run("script", 2, made("script", "two")).unwrap();
    world.approve("script", "bea").unwrap();
    assert_eq!(counts(&world), Some(1));
    world.recall("bea", None).unwrap();
    assert_eq!(counts(&world), Some(1));
    assert_eq!(world.rows().decisions.len(), 2, "the newest is kept beside it");
    world.approve("script", "bea").unwrap();
    assert_eq!(counts(&world), Some(1));
    let wake = world.window_end("script", 3);
    world.pass_s(10);
    world.is_over("script", 3, wake).unwrap();
    assert_eq!((counts(&world), world.rows().decisions.len()), (Some(3), 1));
}

#[test]
fn both_events_of_a_decision_say_the_same_of_it() {
    let mut world = reviewed();
    let path = world.newest("script").artifacts[0].path.clone();
    let said = Comment {
        artifact: path,
        line: 1,
        side: CommentSide::New,
        text: "better".to_owned(),
    };
    let judgement = Judgement {
        comments: vec![said],
        counted: vec![CountedVersion {
            digest: text("one"),
            lines: Some(1),
        }],
        draft_by: Some("bea".to_owned()),
        has_draft: true,
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(judgement).unwrap();
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    world.is_over("script", 1, wake).unwrap();
    let mut made = world.payload(EventType::DecisionMade).clone();
    let mut carried_out = world.payload(EventType::GateApproved).clone();
    assert_eq!(
        (&made["draft_by"], &made["comments"][0]["text"]),
        (&json!("bea"), &json!("better"))
    );
    made.as_object_mut().unwrap().remove("recall_until").unwrap();
    carried_out.as_object_mut().unwrap().remove("made_at").unwrap();
    assert_eq!(made, carried_out);
    let of_draft = "ana approved script #1, from a draft of bea";
    let messages = world.events.iter().filter(|event| event.message.starts_with(of_draft));
    assert_eq!(messages.count(), 2);
}

#[test]
fn it_is_refused_with_what_happened_since() {
    let mut world = reviewed();
    let none = world.recall("ana", None).unwrap_err();
    assert!(none.message.ends_with("nobody has decided it yet"), "{none}");
    world.approve("script", "ana").unwrap();
    let twice = world.approve("script", "bea").unwrap_err();
    assert_eq!(twice.code, RefusalCode::AlreadyDecided);
    let hint = twice.hint.unwrap();
    assert!(
        hint.contains("it can be taken back: holdpoint gate recall j-1 script"),
        "{hint}"
    );
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    world.is_over("script", 1, wake).unwrap();
    let late = world.recall("ana", None).unwrap_err();
    assert!(
        late.message
            .ends_with("it is carried out, and the job is queued, at audio"),
        "{late}"
    );

    let mut world = reviewed();
    world.approve("script", "ana").unwrap();
    world.recall("ana", Some(1)).unwrap();
    let again = world.recall("bea", Some(1)).unwrap_err();
    assert!(
        again
            .message
            .starts_with("ana took the decision on j-1 / script #1 back"),
        "{again}"
    );
    let newest = world.recall("bea", None).unwrap_err();
    assert!(newest.message.ends_with("ana took decision 1 back"), "{newest}");

    let mut world = World::reviewed();
    world.approve("script", "ana").unwrap();
    let never = world.recall("ana", None).unwrap_err();
    assert!(never.message.ends_with("this gate's policy has no recall_s"), "{never}");
}

#[test]
fn a_patch_changes_its_file_only_then() {
    let mut world = reviewed();
    let patched = |world: &World| Judgement {
        patch: Some(proposal("one", "two")),
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(patched(&world)).unwrap();
    let registered = |world: &World| world.rows().artifacts[0].digest;
    assert_eq!(
        (registered(&world), world.count(EventType::PatchApplied)),
        (text("one"), 0)
    );
    world.recall("ana", None).unwrap();
    assert_eq!(
        world.newest("script").digest(),
        text("one"),
        "decided anew on what lies there"
    );
    world.judge(patched(&world)).unwrap();
    let wake = world.window_end("script", 2);
    world.pass_s(10);
    world.is_over("script", 2, wake).unwrap();
    assert_eq!(
        (registered(&world), world.newest("script").digest()),
        (text("two"), text("two"))
    );
    assert_eq!(world.payload(EventType::PatchApplied)["by"], "ana");
    let agreed = world.agreed("audio");
    world.begin("audio", 1).unwrap();
    assert_eq!(agreed[0].registered, text("two"));
}

#[test]
fn bytes_that_changed_meanwhile_pause_the_job() {
    let mut world = reviewed();
    world.approve("script", "ana").unwrap();
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    let over = world.expired_at(wake, true);
    let evidence = Evidence {
        ahead: Some(looked("one", Some("other"))),
        ..Evidence::default()
    };
    let job_id = world.job_id.clone();
    world.put(&job_id, &rules::Trigger::Happened(over), &evidence).unwrap();
    assert_eq!(world.status(), JobStatus::Paused);
    let waiting = world.rows().waiting().unwrap();
    assert_eq!((waiting.stage.as_str(), waiting.state), ("audio", AttemptState::Queued));
}

#[test]
fn the_timer_s_own_decisions_are_carried_out_at_once() {
    let mut world = reviewed();
    world.pass_s(300);
    world.expires();
    assert_eq!(
        (world.newest("script").recall.clone(), world.status()),
        (None, JobStatus::Queued)
    );
}

#[test]
fn a_job_that_is_canceled_meanwhile_takes_the_decision_back() {
    let mut world = reviewed();
    world.approve("script", "ana").unwrap();
    let wake = world.window_end("script", 1);
    world.cancel("cem").unwrap();
    assert_eq!(
        (world.status(), world.state()),
        (JobStatus::Canceled, GateState::Recalled)
    );
    let said = world.payload(EventType::DecisionRecalled);
    assert_eq!(
        (&said["by"], &said["why"]),
        (&json!("cem"), &json!("the job was canceled"))
    );
    world.pass_s(10);
    assert_eq!(code(world.is_over("script", 1, wake)), RefusalCode::WrongState);
    assert_eq!(world.rows().gates.len(), 1);
}

#[test]
fn an_outside_pipeline_goes_on_only_then_and_keeps_its_gate() {
    let mut world = World::empty();
    let policy = GatePolicy {
        recall_s: 10,
        ..GatePolicy::default()
    };
    world.policies.insert(stage("script"), policy);
    let terms = HeartbeatTerms {
        heartbeat_s: 60,
        when_gone: WhenGone::Keep,
    };
    let open = Command::OpenGate {
        job_id: world.job_id.clone(),
        stage: stage("script"),
        artifacts: Vec::new(),
        bases: Vec::new(),
        context: Box::default(),
        heartbeat: Some(terms),
    };
    let brought = Evidence {
        brought: vec![artifact("script", "one")],
        ..Evidence::default()
    };
    world.ask_with("ci", open.clone(), brought.clone()).unwrap();
    world.approve("script", "ana").unwrap();
    assert_eq!(world.status(), JobStatus::NeedsApproval);
    let complete = world.ask("ci", Command::Complete(world.job_id.clone())).unwrap_err();
    assert_eq!(complete.code, RefusalCode::StillRecallable);
    assert!(complete.code.passes(), "the drop folder tries again");
    assert_eq!(complete.again.unwrap().after_s, 10);
    let events = world.events.len();
    world.ask_with("ci", open.clone(), brought).unwrap();
    assert_eq!(
        (world.rows().gates.len(), world.events.len()),
        (1, events),
        "a request may be repeated"
    );
    let other = Evidence {
        brought: vec![artifact("script", "two")],
        ..Evidence::default()
    };
    let opened_again = world.ask_with("ci", open, other).unwrap_err();
    assert!(
        opened_again.hint.unwrap().starts_with("try again after"),
        "{}",
        opened_again.message
    );
    world.pass_s(5);
    let opening = OpeningRecord {
        opened_by: Some("ci".to_owned()),
        ..OpeningRecord::default()
    };
    let recall = Command::Recall {
        gate: world.gate_ref("script"),
    };
    let evidence = Evidence {
        opening,
        ..Evidence::default()
    };
    world.ask_with("ana", recall, evidence).unwrap();
    let (_, opened) = world.last();
    assert_eq!((&opened["by"], &opened["recalls"]["by"]), (&json!("ci"), &json!("ana")));
    let heartbeat = world.newest("script").heartbeat.clone().unwrap();
    assert_eq!(
        (heartbeat.terms, heartbeat.alive_at),
        (terms, world.now.utc),
        "and its requester has a minute again"
    );
    world.approve("script", "ana").unwrap();
    let wake = world.window_end("script", 2);
    world.pass_s(10);
    world.is_over("script", 2, wake).unwrap();
    assert_eq!(world.status(), JobStatus::Running);
}

#[test]
fn an_approval_by_a_resume_may_be_taken_back_too() {
    let mut world = reviewed();
    let judgement = crate::world::Judgement {
        patch: Some(proposal("one", "two")),
        ..world.request("ana", Verdict::Reject)
    };
    world.judge(judgement).unwrap();
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    world.is_over("script", 1, wake).unwrap();
    assert_eq!(world.status(), JobStatus::Paused);
    let Proposal::File(effect) = proposal("one", "two") else {
        unreachable!("it changes a file")
    };
    let evidence = Evidence {
        proposal: Some(Proposal::File(effect)),
        ..found(world.on_disk("script"))
    };
    world.resume("ana", evidence).unwrap();
    assert_eq!(
        (world.state(), world.status()),
        (GateState::Approved, JobStatus::NeedsApproval)
    );
    world.recall("ana", None).unwrap();
    assert_eq!(
        (world.newest("script").key.attempt, world.state()),
        (3, GateState::Open)
    );
}

#[test]
fn a_preview_says_how_long_and_what_follows_then() {
    let world = reviewed();
    let approve = Command::Decide {
        gate: world.gate_ref("script"),
        verdict: Verdict::Approve,
        notes: None,
        patch: None,
        comments: Vec::new(),
        draft_by: None,
        digest: None,
        context_digest: None,
    };
    let outlook = world.foreseen("ana", approve, &found(world.on_disk("script"))).unwrap();
    assert_eq!(
        outlook.sentences(),
        ["Then stage audio starts.", "It can be taken back for 0:10."]
    );
    assert_eq!(outlook.job_status, JobStatus::Queued);
    let mut world = world;
    world.approve("script", "ana").unwrap();
    let recall = Command::Recall {
        gate: world.gate_ref("script"),
    };
    let outlook = world.foreseen("bea", recall, &Evidence::default()).unwrap();
    assert_eq!(
        outlook.sentences(),
        [
            "The approval of script #1 by ana is taken back: nothing comes of it.",
            "Gate script #2 opens on what lies there: a person must decide."
        ]
    );
    assert!(matches!(
        outlook.facts[0],
        Fact::DecisionRecalled { approved: true, .. }
    ));
}

#[test]
fn the_forecast_goes_on_behind_it() {
    let mut world = World::empty();
    world.timer("outline", 100, OnTimeout::Approve);
    let policy = GatePolicy {
        recall_s: 10,
        ..GatePolicy::default()
    };
    world.policies.insert(stage("script"), policy);
    world.start(&["script", "outline", "audio!"]);
    world.approve("script", "ana").unwrap();
    let via = operator("ops").via;
    let until = world.now.utc.plus_s(1000);
    let find = &mut |_: &domain::job::JobRows, _: &domain::gate::Gate| Ok(Evidence::default());
    let ends = forecast(world.rows(), until, world.context(&via), find);
    let said: Vec<_> = ends.iter().map(|end| (end.key.stage.as_str(), end.at)).collect();
    assert_eq!(said, [("outline", world.now.utc.plus_s(110))]);
}

#[test]
fn a_patch_writes_over_nothing_that_somebody_put_there_meanwhile() {
    let mut world = reviewed();
    let patched = crate::world::Judgement {
        patch: Some(proposal("one", "two")),
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(patched).unwrap();
    let wake = world.window_end("script", 1);
    world.pass_s(10);
    let over = world.expired_at(wake, false);
    world.happen(over, looked("one", Some("theirs"))).unwrap();
    let gates = &world.rows().gates;
    let states: Vec<_> = gates.iter().map(|gate| gate.state).collect();
    assert_eq!(states, [GateState::Recalled, GateState::Open], "a person looks again");
    assert_eq!(world.count(EventType::PatchApplied), 0);
    let why = &world.payload(EventType::DecisionRecalled)["why"];
    assert!(why.as_str().unwrap().contains("is not what was decided on"), "{why}");
    assert!(world.newest("script").timer.is_none());
}

#[test]
fn taking_one_back_does_not_end_the_pause_that_another_gate_made() {
    let mut world = World::empty();
    let policy = GatePolicy {
        recall_s: 10,
        ..GatePolicy::default()
    };
    world.policies.insert(stage("script"), policy);
    world.open("script", "one", "ci").unwrap();
    world.approve("script", "ana").unwrap();
    world.open("other", "two", "ci").unwrap();
    world.decide("other", "bea", Verdict::Reject, Some("no")).unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Paused, Some("other")));
    world.recall("ana", None).unwrap();
    assert_eq!(world.newest("script").state, GateState::Open);
    assert_eq!((world.status(), world.at()), (JobStatus::Paused, Some("other")));
}

#[test]
fn under_other_policies_too_what_was_taken_back_is_for_a_person() {
    let mut world = reviewed();
    world.approve("script", "ana").unwrap();
    world.recall("ana", None).unwrap();
    let (rows, _) = rules::under_policies(world.rows().clone(), &world.policies, (world.now, 60));
    let gate = rows.newest_gate(&stage("script")).unwrap();
    assert!(gate.timer.is_none(), "{:?}", gate.timer);
}
