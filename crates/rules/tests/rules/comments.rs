//! Comments on lines: recorded as they were meant, refused where there is no such line, and told to
//! the attempt that follows.

use domain::artifact::{Base, BaseOrigin};
use domain::comment::{COMMENT_BYTES_MAX, COMMENTS_MAX, Comment, CommentSide, CountedVersion};
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::ArtifactPath;
use rules::StageOutcome;
use testing::world::stage;

use crate::world::{Judgement, World, made, text};

fn on(artifact: &str, line: u32, words: &str) -> Comment {
    Comment {
        artifact: ArtifactPath::new(artifact).unwrap(),
        line,
        side: CommentSide::New,
        text: words.to_owned(),
    }
}

/// The script as it was looked at has 12 lines.
fn judged(world: &World, verdict: Verdict, comments: Vec<Comment>) -> Judgement {
    Judgement {
        comments,
        counted: vec![CountedVersion {
            digest: text("one"),
            lines: Some(12),
        }],
        ..world.request("ana", verdict)
    }
}

/// Why a rejection with this comment is refused, and what would be right.
fn refused(comment: Comment) -> [String; 2] {
    let mut world = World::reviewed();
    let request = judged(&world, Verdict::Reject, vec![comment]);
    let refusal = world.judge(request).unwrap_err();
    assert_eq!(world.state(), GateState::Open);
    assert_eq!(refusal.place.as_deref(), Some("comments"));
    [refusal.message, refusal.hint.unwrap()]
}

#[test]
fn they_are_recorded_by_line_with_the_whole_path_and_told_in_the_log() {
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let mut world = World::reviewed();
        let path = world.newest("script").artifacts[0].path.as_str().to_owned();
        let name = path.rsplit('/').next().unwrap().to_owned();
        let said = vec![
            on(&path, 12, "the end"),
            on(&name, 3, "wrong unit \n"),
            on(&path, 3, "and again"),
        ];
        let request = judged(&world, verdict, said);
        world.judge(request).unwrap();
        let wanted = [
            on(&path, 3, "wrong unit"),
            on(&path, 3, "and again"),
            on(&path, 12, "the end"),
        ];
        assert_eq!(world.decision().comments(), wanted);
        let kind = match verdict {
            Verdict::Approve => EventType::GateApproved,
            Verdict::Reject => EventType::GateRejected,
        };
        assert_eq!(world.payload(kind)["comments"], serde_json::to_value(&wanted).unwrap());
        let recorded = serde_json::to_value(&world.rows().decisions[0]).unwrap();
        let first = serde_json::json!({ "artifact": path, "line": 3, "text": "wrong unit" });
        assert_eq!(recorded["comments"][0], first);
    }
}

#[test]
fn a_decision_without_any_is_written_as_it_always_was() {
    let mut world = World::reviewed();
    let request = judged(&world, Verdict::Reject, Vec::new());
    world.judge(request).unwrap();
    let recorded = serde_json::to_value(&world.rows().decisions[0]).unwrap();
    assert_eq!(recorded.get("comments"), None);
    assert_eq!(world.payload(EventType::GateRejected).get("comments"), None);
    world.resumes("ana");
    let attempt = world.rows().newest_attempt(&stage("script")).unwrap();
    assert_eq!(serde_json::to_value(attempt).unwrap().get("comments"), None);
}

#[test]
fn a_comment_on_a_line_that_there_is_not_is_refused_and_nothing_is_decided() {
    let world = World::reviewed();
    let path = world.newest("script").artifacts[0].path.as_str().to_owned();
    let name = path.rsplit('/').next().unwrap().to_owned();
    for line in [0, 13] {
        assert_eq!(
            refused(on(&path, line, "x")),
            [
                format!("a comment on {name}:{line}: {name} has 12 lines"),
                "name a line from 1 to 12".to_owned(),
            ]
        );
    }
    assert_eq!(
        refused(on("notes.txt", 1, "x")),
        [
            "a comment on notes.txt:1: notes.txt is not under review".to_owned(),
            format!("under review: {path}"),
        ]
    );
    assert!(refused(on(&path, 1, " \n"))[0].ends_with("it says nothing"));
    let long = "x".repeat(COMMENT_BYTES_MAX + 1);
    assert!(refused(on(&path, 1, &long))[0].ends_with("it has 4097 bytes; at most 4096 are kept"));
    let many = vec![on(&path, 1, "x"); COMMENTS_MAX + 1];
    let mut world = World::reviewed();
    let request = judged(&world, Verdict::Reject, many);
    let refusal = world.judge(request).unwrap_err();
    assert_eq!(
        (refusal.place.as_deref(), &*refusal.message),
        (
            Some("comments"),
            "101 comments are too many; at most 100 go with a decision"
        )
    );
    let much = vec![on(&path, 1, &"x".repeat(4000)); 17];
    let request = judged(&world, Verdict::Reject, much);
    assert!(
        world
            .judge(request)
            .unwrap_err()
            .message
            .contains("68000 bytes together")
    );
    // What is no text, and what nobody has looked at.
    let no_text = CountedVersion {
        digest: text("one"),
        lines: None,
    };
    for (counted, why) in [(vec![no_text], "is no text"), (Vec::new(), "changed meanwhile")] {
        let request = Judgement {
            counted,
            ..judged(&world, Verdict::Reject, vec![on(&path, 1, "x")])
        };
        assert!(world.judge(request).unwrap_err().message.ends_with(why));
    }
    assert_eq!(world.state(), GateState::Open);
}

#[test]
fn whose_draft_was_adopted_is_recorded_beside_who_decided() {
    let mut world = World::reviewed();
    let request = |world: &World, draft_by: &str| Judgement {
        draft_by: Some(draft_by.to_owned()),
        has_draft: true,
        ..judged(world, Verdict::Reject, Vec::new())
    };
    let wrong = request(&world, "an\na");
    assert_eq!(world.judge(wrong).unwrap_err().place.as_deref(), Some("draft_by"));
    let right = request(&world, "bea");
    world.judge(right).unwrap();
    assert_eq!(
        (world.decision().by(), world.decision().draft_by()),
        ("ana", Some("bea"))
    );
    assert_eq!(world.payload(EventType::GateRejected)["draft_by"], "bea");
    // A name that nothing was found for is not recorded.
    let mut world = World::reviewed();
    let claimed = Judgement {
        has_draft: false,
        ..request(&world, "bea")
    };
    world.judge(claimed).unwrap();
    assert_eq!((world.decision().by(), world.decision().draft_by()), ("ana", None));
    // One's own draft is nobody else's.
    let mut world = World::reviewed();
    let own = request(&world, "ana");
    world.judge(own).unwrap();
    assert_eq!(world.decision().draft_by(), None);
    let recorded = serde_json::to_value(&world.rows().decisions[0]).unwrap();
    assert_eq!(recorded.get("draft_by"), None);
}

#[test]
fn a_removed_line_counts_in_the_version_that_is_compared_with() {
    let of_base = |world: &World| Comment {
        side: CommentSide::Base,
        ..on(world.newest("script").artifacts[0].path.as_str(), 14, "why?")
    };
    let mut world = World::reviewed();
    let request = judged(&world, Verdict::Reject, vec![of_base(&world)]);
    let refusal = world.judge(request).unwrap_err();
    assert!(
        refusal
            .message
            .ends_with("is compared with nothing: it has no removed lines")
    );
    let gate = world.rows_mut().gates.last_mut().unwrap();
    gate.artifacts[0].base = Some(Base {
        digest: text("old"),
        origin: BaseOrigin::Given,
    });
    let old = |lines: usize| CountedVersion {
        digest: text("old"),
        lines: Some(lines),
    };
    let request = |world: &World, lines: usize| Judgement {
        counted: vec![old(lines)],
        ..judged(world, Verdict::Reject, vec![of_base(world)])
    };
    let short = request(&world, 13);
    let refusal = world.judge(short).unwrap_err();
    assert!(
        refusal
            .message
            .contains("13 lines in the version that it is compared with")
    );
    let long = request(&world, 14);
    world.judge(long).unwrap();
    assert_eq!(world.decision().comments(), [of_base(&world)]);
}

#[test]
fn the_stage_that_runs_again_is_told_also_when_its_supervisor_dies() {
    let mut world = World::reviewed();
    let path = world.newest("script").artifacts[0].path.as_str().to_owned();
    let request = judged(&world, Verdict::Reject, vec![on(&path, 2, "wrong unit")]);
    world.judge(request).unwrap();
    world.resumes("ana");
    let told = |world: &World| world.rows().newest_attempt(&stage("script")).unwrap().comments.clone();
    assert_eq!(told(&world), [on(&path, 2, "wrong unit")]);
    world.run("script", 2, StageOutcome::Lost).unwrap();
    assert_eq!(told(&world), [on(&path, 2, "wrong unit")]);
    world.run("script", 3, made("script", "two")).unwrap();
    world.decide("script", "ana", Verdict::Reject, None).unwrap();
    world.resumes("ana");
    assert!(
        told(&world).is_empty(),
        "what the newest rejection says, and nothing older"
    );
}
