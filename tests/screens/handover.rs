//! What colleagues leave, and a draft of theirs that is adopted: both names go into the record.

use std::sync::Arc;

use domain::comment::CommentSide;
use domain::draft::{Draft, DraftComment};
use domain::gate::Verdict;
use domain::handover::{HandedGate, Handover};
use domain::hold::Hold;
use domain::ids::Digest;
use serde_json::json;
use testing::world::operator;

use crate::console::{Console, SIZES};
use crate::world::{SCRIPT_NEW, World};

/// Ana has written about the script of j-17, and holds the storyboard of j-21.
fn left() -> World {
    let mut world = World::drawn();
    let handed = |world: &World, id: &str| {
        let rows = Arc::new(world.jobs[&testing::world::job_id(id)].clone());
        HandedGate {
            key: rows.gates[0].key.clone(),
            rows,
            hold: None,
            lease: None,
            draft: None,
            adopted_by: Vec::new(),
            is_marked: false,
            is_marked_otherwise: false,
            is_wholly_seen: false,
        }
    };
    let script = handed(&world, "j-17");
    let mut draft = Draft::new(script.key.clone());
    draft.rejection = "not signed".to_owned();
    draft.written_at = Some(world.now.utc.plus_us(-7 * 60_000_000));
    draft.comments.push(DraftComment {
        path: script.rows.gates[0].artifacts[0].path.clone(),
        version: Digest::of(SCRIPT_NEW.as_bytes()),
        side: CommentSide::New,
        line: 5,
        text: "which boots?".to_owned(),
    });
    let hold = Hold {
        holder: operator("ana"),
        taken_at: world.now.utc,
        reason: Some("waits for legal".to_owned()),
    };
    let storyboard = handed(&world, "j-21");
    let gates = vec![
        HandedGate {
            hold: Some(hold),
            ..storyboard
        },
        HandedGate {
            draft: Some(draft),
            is_wholly_seen: true,
            ..script
        },
    ];
    let by = "ana".to_owned();
    world.handovers.all = vec![Handover { by, gates }];
    world
}

#[test]
fn what_colleagues_leave_is_listed_and_a_draft_is_adopted_with_both_names() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(left(), columns, rows).then("j < Down");
        console.shows("what colleagues leave   ana: draft 7m ago, seen wholly");
        console.shows("Enter adopts the draft");
        console.press("Up");
        insta::assert_snapshot!(format!("handover_{columns}"), console.picture());
        console
            .press("Down Enter")
            .shows("Adopted from ana: note of a rejection");
        console.shows("; bea: which boots?");
        console.press("r");
        insta::assert_snapshot!(format!("handover_reject_{columns}"), console.picture());
        console.press("Enter").decides(1);
        let sent = console.decisions()[0].to_owned();
        assert!(
            sent.contains(r#"note Some("not signed") script.txt:5 "which boots?" draft by ana"#),
            "{sent}"
        );
    }
}

#[test]
fn what_is_written_here_is_not_written_over() {
    let mut console = Console::new(left(), 80, 24).then("r");
    console.shows("ana has a draft here (note of a rejection, 1 comment, 7m ago)");
    console.typed("too slow").press("Esc <").typed("script").press("Enter");
    console.shows("Not adopted: a note of a rejection is kept for");
    console.press("r").shows("note: too slow").hides("From a draft of ana");
    console.press("Enter").decides(1);
    assert!(
        !console.decisions()[0].contains("draft by"),
        "{:?}",
        console.decisions()
    );
}

#[test]
fn the_list_leads_to_a_gate_and_says_where_there_is_none() {
    let console = Console::new(left(), 80, 24).then("< Enter");
    console.shows("j-21 dunes / storyboard").decides(0);
    let console = Console::drawn().then("<");
    console.shows("no colleague holds, has written, has marked or has wholly seen an open gate");
}

#[test]
fn what_a_colleague_has_marked_is_marked_together_and_says_what_changed_since() {
    let mut world = left();
    let handed = |id: &str| {
        let rows = Arc::new(world.jobs[&testing::world::job_id(id)].clone());
        HandedGate {
            key: rows.gates[0].key.clone(),
            rows,
            hold: None,
            lease: None,
            draft: None,
            adopted_by: Vec::new(),
            is_marked: true,
            is_marked_otherwise: false,
            is_wholly_seen: false,
        }
    };
    let gates = ["j-17", "j-21", "j-22"].map(handed).to_vec();
    let by = "cy".to_owned();
    world.handovers.all.push(Handover { by, gates });
    let mut console = Console::new(world, 80, 24).then("j Space <");
    console.typed("cy").shows("cy           j-17 tides / script #2  marked");
    console.shows("Enter adopts the marks");
    // It was patched after it was read.
    let gate = &mut console.backend.rows_of("j-22").gates[0];
    gate.artifacts[0].digest = Digest::of(b"louder");
    console.press("Enter");
    let marked: Vec<_> = console.model.marks.on.keys().map(|key| key.job_id.as_str()).collect();
    assert_eq!(marked, ["j-17", "j-21"], "{}", console.text());
    console.shows("j-22 marsh");
    // One's own marks are kept for whoever comes next.
    let kept: Vec<_> = console
        .backend
        .kept_marks
        .iter()
        .map(|gate| gate.key.job_id.as_str())
        .collect();
    assert_eq!(kept, ["j-17", "j-21"]);
    assert!(console.decisions().is_empty());
    console.press("Esc Esc");
    assert!(console.backend.kept_marks.is_empty());
}

#[test]
fn what_changed_since_a_colleague_marked_it_is_not_marked_and_is_counted() {
    let mut world = left();
    let gates = &mut world.handovers.all[0].gates;
    (gates[0].is_marked_otherwise, gates[1].is_marked) = (true, true);
    let mut console = Console::new(world, 120, 40);
    console.press("<");
    console.shows("marked before it changed");
    console.press("Enter");
    console.shows("1 more gate marked, as ana had them: 1 in all   NOT marked: 1 gate, changed since");
    let marked: Vec<_> = console.model.marks.on.keys().map(|key| key.job_id.as_str()).collect();
    assert_eq!(marked, ["j-17"]);
}

#[test]
fn a_colleague_whose_draft_is_gone_is_not_named_and_that_is_said() {
    let mut console = Console::new(left(), 120, 40).then("<");
    console.typed("script").press("Enter");
    console.backend.handovers.all.clear();
    console.press("r Enter").decides(1);
    console.shows("the record does not name ana: no draft of theirs was found");
    assert_eq!(console.backend.chain.last().unwrap().decision.draft_by(), None);
}

#[test]
fn marks_of_a_session_that_a_bad_line_has_ended_are_set_again_on_what_they_were_set_on() {
    let mut console = Console::drawn();
    console.press("Space Space Space");
    let left = console.backend.kept_marks.clone();
    assert_eq!(left.len(), 3);
    let mut world = World::drawn();
    world.kept_marks = left;
    // One was decided since, one says something else now.
    world.settle("j-17", "script", Verdict::Approve, "ana");
    world.says("j-22", &json!({ "title": "louder" }));
    let mut console = Console::new(world, 80, 24);
    console.shows("In the last day: ana approved 1   4: history   M: marks 2 gates");
    assert!(console.model.marks.on.is_empty() && console.backend.kept_marks.len() == 3);
    console.press("M").shows("Mark taken off j-22");
    let marked: Vec<_> = console.model.marks.on.keys().map(|key| key.job_id.as_str()).collect();
    assert_eq!(marked, ["j-21"]);
}
