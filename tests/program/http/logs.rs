//! What stages' commands say.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::assert_has;

/// A command that speaks once, waits for a file, and speaks again.
const SPEAKS: &str = "pipeline: {stages: [{name: script, command: [/bin/sh, -c, \
    'echo one; until [ -e ../../go ]; do sleep 0.05; done; echo två; exit 3']}]}\n";

#[test]
fn a_log_is_read_in_parts_and_followed_to_its_end() {
    let (workspace, served, ana) = serving(SPEAKS);
    let id = ana.start_job("tides");
    let view = served.view();
    let shapes = Shapes::of(&view);
    let path = format!("/api/v1/jobs/{id}/logs/script");
    let mut follow = view.follow(&format!("{path}/stream"), &[]);
    let (next, said) = follow.next().unwrap();
    assert_eq!((next, &said["text"]), (Some(4), &json!("one\n")), "{said}");
    let part = shapes.get(&path, 200);
    assert_has!(part, "attempt": 1, "text": "one\n", "next_offset": 4, "size_bytes": 4, "is_ended": false, "outcome": null);
    workspace.write("go", "");
    let (next, said) = follow.until("text");
    assert_has!(said, "offset": 4, "text": "två\n", "next_offset": 9);
    assert_eq!(next, Some(9));
    let (_, ended) = follow.until("ended");
    assert_eq!(ended["message"], "exit status 3", "{ended}");
    assert_eq!(follow.next(), None);
    // Whoever comes back is told what came after; a character is never torn.
    let mut again = view.follow(&format!("{path}/stream"), &[("Last-Event-ID", "4")]);
    assert_has!(again.next().unwrap().1, "offset": 4, "text": "två\n");
    assert_has!(again.next().unwrap().1, "type": "ended");
    let part = shapes.get(&format!("{path}?offset=2&limit=5"), 200);
    assert_has!(part, "text": "e\ntv", "next_offset": 6, "is_ended": true, "outcome": "exit status 3");
    let end = shapes.get(&format!("{path}?limit=4&attempt=1"), 200);
    assert_has!(end, "offset": 5, "next_offset": 9);
    let behind = shapes.get(&format!("{path}?offset=18446744073709551615"), 200);
    assert_has!(behind, "text": "", "next_offset": 9);
    for (wrong, status) in [("?attempt=2", 404), ("?limit=3", 422), ("?offset=-1", 422)] {
        shapes.get(&format!("{path}{wrong}"), status);
    }
    shapes.get(&format!("/api/v1/jobs/{id}/logs/outline"), 404);
    shapes.get(&format!("{path}/stream?attempt=2"), 404);
    served.nobody().get(&path).expect(401);
}
