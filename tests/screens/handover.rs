//! What colleagues leave, and a draft of theirs that is adopted: both names go into the record.

use std::sync::Arc;

use domain::comment::CommentSide;
use domain::draft::{Draft, DraftComment};
use domain::handover::{HandedGate, Handover};
use domain::hold::Hold;
use domain::ids::Digest;
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
            is_wholly_seen: false,
        }
    };
    let script = handed(&world, "j-17");
    let mut draft = Draft::new(script.key.clone());
    draft.rejection = "not signed".to_owned();
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
        let mut console = Console::new(left(), columns, rows).then("j <");
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
    console.shows("ana has a draft here (note of a rejection, 1 comment)");
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
    console.shows("no colleague holds, has written or has wholly seen an open gate");
}
