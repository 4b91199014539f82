//! Versions by their digests.

use super::shapes::Shapes;
use crate::support::client::{Reply, serving};
use crate::support::said::assert_contains;

#[test]
fn a_version_is_read_whole_or_in_part_and_may_be_kept_for_ever() {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "one\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let digest = workspace.json("gate show j-1 script")["artifacts"][0]["sha256"].clone();
    workspace.write("plan.txt", "two\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let digest = digest.as_str().unwrap();
    let (view, path) = (served.view(), format!("/api/v1/jobs/j-1/versions/{digest}"));
    let get = |headers: &[(&str, &str)]| view.send("GET", &path, headers, b"");
    let shapes = Shapes::of(&ana);
    let check = |reply: Reply, status: u16, body: &str, range: Option<&str>| {
        shapes.check("GET", &path, &reply);
        assert_eq!((reply.status, reply.text().as_str()), (status, body), "{reply:?}");
        assert_eq!(reply.header("content-range"), range, "{reply:?}");
        reply
    };
    // What was reviewed before is read, too; as it is, whatever a client would unpack.
    let whole = check(get(&[("Accept-Encoding", "gzip")]), 200, "one\n", None);
    let tag = format!("\"{digest}\"");
    for (name, value) in [
        ("etag", tag.as_str()),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
        ("content-length", "4"),
        ("content-type", "application/octet-stream"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    check(get(&[("Range", "bytes=1-2")]), 206, "ne", Some("bytes 1-2/4"));
    check(
        get(&[("Range", "bytes=-2"), ("If-Range", &tag)]),
        206,
        "e\n",
        Some("bytes 2-3/4"),
    );
    check(
        get(&[("Range", "bytes=1-2"), ("If-Range", "\"other\"")]),
        200,
        "one\n",
        None,
    );
    check(get(&[("Range", "bytes=0-0,2-2")]), 200, "one\n", None);
    let none = get(&[("Range", "bytes=4-")]);
    assert_eq!(none.header("content-range"), Some("bytes */4"));
    assert_contains(
        &none.expect(416)["detail"].to_string(),
        "has 4 bytes, and none of those",
    );
    check(get(&[("If-None-Match", &format!("\"x\", {tag}"))]), 304, "", None);
    let head = view.send("HEAD", &path, &[], b"");
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, Some("4"), 0)
    );
    for wrong in ["x", &"0".repeat(64), "..%2f..%2fstate.json"] {
        let reply = view.get(&format!("/api/v1/jobs/j-1/versions/{wrong}"));
        shapes.check("GET", &path, &reply);
        reply.expect(404);
    }
    served.nobody().get(&path).expect(401);
    // A file that is not what its name says is never given out as that.
    workspace.write(&format!("runs/j-1/versions/{digest}"), "forged");
    get(&[]).expect(503);
}

#[test]
fn so_many_large_answers_are_on_their_way_at_once() {
    let (workspace, _served, ana) = serving("");
    workspace.write("large.bin", vec![0; 8 * 1024 * 1024]);
    workspace.ok("gate open j-1 script --artifact plan=large.bin");
    let digest = workspace.json("gate show j-1 script")["artifacts"][0]["sha256"].clone();
    let path = format!("/api/v1/jobs/j-1/versions/{}", digest.as_str().unwrap());
    // Nothing of these is read, so they stay on their way.
    let mut begun = Vec::new();
    let refused = loop {
        begun.push(ana.open("GET", &path, &[], b"").unwrap());
        let reply = ana.send("HEAD", &path, &[], b"");
        if reply.status != 200 {
            break reply;
        }
    };
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.header("retry-after").is_some());
    assert!(begun.len() >= 8, "{}", begun.len());
    drop(begun);
    while ana.get(&path).status != 200 {}
}
