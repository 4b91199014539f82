//! `gate diff`: bases, files, context, values, facts; and that what it prints is a diff that
//! `patch` applies.

use std::process::Command;

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_lacks, assert_starts};

/// A gate over files of `out/`, each compared with the file of its name in `last/`.
fn opened(files: &[(&str, &[u8], &[u8])]) -> Workspace {
    let workspace = Workspace::new("{}\n");
    let mut arguments: Vec<String> = ["gate", "open", "j-1", "script"].map(str::to_owned).into();
    for (name, base, now) in files {
        workspace.write(&format!("out/{name}"), now);
        workspace.write(&format!("last/{name}"), base);
        arguments.extend(["--artifact".to_owned(), format!("text=out/{name}")]);
        arguments.extend(["--base".to_owned(), format!("last/{name}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    workspace.json(&arguments);
    workspace
}

const DIFF: [&str; 4] = ["gate", "diff", "j-1", "script"];

fn diff(workspace: &Workspace, more: &[&str]) -> String {
    workspace.ok(&[&DIFF[..], more].concat())
}

#[test]
fn what_it_prints_is_applied_by_patch() {
    let crlf = (b"one\r\ntwo\r\nthree\r\n".as_slice(), b"one\r\nTWO\r\nthree".as_slice());
    let texts: [(&[u8], &[u8]); 4] = [
        (
            b"Tip 1: breathe\nTip 2: 10\xe2\x80\x9312 km",
            b"Tip 1: breathe\nTip 2: 10\xe2\x80\x9314 km\n",
        ),
        crlf,
        (b"caf\xe9\nmoved\n", b"caf\xe9 au lait\nmoved\n"),
        (b"all of it goes\n", b""),
    ];
    for (base, now) in texts {
        let workspace = opened(&[("script.txt", base, now)]);
        let arguments = [&DIFF[..], &["--lines", "all"]].concat();
        let output = workspace.command(&arguments).output().unwrap();
        workspace.write("change.diff", &output.stdout);
        let status = Command::new("patch")
            .args(["-s", "--binary", "-F0", "last/script.txt", "change.diff"])
            .current_dir(workspace.root())
            .status();
        match status {
            Ok(status) => assert!(status.success()),
            Err(error) => return println!("not tried: no patch here: {error}"),
        }
        let made = std::fs::read(workspace.root().join("last/script.txt")).unwrap_or_default();
        assert_eq!(made, now);
    }
}

#[test]
fn bases_files_and_context_are_chosen() {
    let lines = |word: &str| (1..20).map(|line| format!("{word} {line}\n")).collect::<String>();
    let old = lines("line");
    let new = old.replace("line 10\n", "line ten\n");
    let workspace = opened(&[("a.txt", old.as_bytes(), new.as_bytes()), ("b.txt", b"x\n", b"y\n")]);
    let text = diff(&workspace, &["--file", "a.txt"]);
    assert_contains(&text, "@@ -7,7 +7,7 @@");
    assert_lacks(&text, "b.txt");
    let text = diff(&workspace, &["--file", "a.txt", "--lines", "all"]);
    assert_contains(&text, "@@ -1,19 +1,19 @@");
    let text = diff(&workspace, &["--file", "artifacts/script/b.txt", "--base", "none"]);
    assert_starts(&text, "--- /dev/null");
    assert_contains(&text, "+y");
    let given = diff(&workspace, &["--file", "b.txt", "--base", "given"]);
    assert_eq!(given, diff(&workspace, &["--file", "b.txt"]));
    let stderr = workspace.refused(&[&DIFF[..], &["--base", "decided"]].concat(), 6);
    assert_contains(&stderr, "a.txt has no such base; it may be compared with");
    assert_contains(&stderr, "(sent along)");
    let stderr = workspace.refused(&[&DIFF[..], &["--file", "c.txt"]].concat(), 6);
    assert_contains(&stderr, "c.txt is not under review; these are: a.txt, b.txt");
    workspace.run(&[&DIFF[..], &["--base", "yesterday"]].concat(), 2);
    workspace.run(&[&DIFF[..], &["--lines", "-1"]].concat(), 2);
}

#[test]
fn values_and_facts_are_told() {
    let storyboard = |ms: u32| format!(r#"{{"scenes": [{{"id": "scene_000", "duration_ms": {ms}}}]}}"#);
    let sound = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/audio/mono_48.mp3")).unwrap();
    let (old, new) = (storyboard(12_000), storyboard(19_000));
    let workspace = opened(&[
        ("storyboard.json", old.as_bytes(), new.as_bytes()),
        ("voice.mp3", &sound, &sound),
    ]);
    let text = diff(&workspace, &["--values"]);
    assert_contains(&text, "  scenes[0].duration_ms 12000 -> 19000  (scene_000)");
    assert_contains(&text, "loudness");
    assert_contains(&text, "same");
    let documents = workspace.json(&DIFF);
    let value = &documents[0]["values"][0];
    assert_has!(value, "path": "scenes[0].duration_ms", "kind": "changed", "after": "19000");
    assert_has!(documents[1], "facts/0/name": "length", "values": null);
}

#[test]
fn two_columns_to_be_read() {
    let lines = |word: &str| (1..20).map(|line| format!("{word} {line}\n")).collect::<String>();
    let old = lines("line");
    let new = old
        .replace("line 10\n", "line ten, \u{6f6e}\u{6c50} and \u{1b}[31mfar\n")
        .replace("line 12\n", "");
    let workspace = opened(&[("a.txt", old.as_bytes(), new.as_bytes())]);
    let columns = |more: &[&str]| diff(&workspace, &[&["--side-by-side", "--width", "60"], more].concat());
    insta::assert_snapshot!("side_by_side", columns(&[]));
    let wide = columns(&["--lines", "all"]);
    assert!(wide.lines().any(|line| line.matches("line 19").count() == 2), "{wide}");
    let changed = columns(&["--lines", "0"]);
    assert_lacks(&changed, "line 9");
    assert_contains(&changed, "line ten");
    assert!(!wide.contains('\u{1b}'));
    workspace.run(&[&DIFF[..], &["--side-by-side", "--values"]].concat(), 2);
    workspace.run(&[&DIFF[..], &["--width", "60"]].concat(), 2);
}

#[test]
fn into_a_pipe_go_the_bytes_or_marks_for_them() {
    let evil = b"one\n\x1b[2Jtwo \xe2\x80\xae \xff\n";
    let workspace = opened(&[("script.txt", b"one\ntwo\n", evil)]);
    let bytes = |more: &[&str]| workspace.command(&[&DIFF[..], more].concat()).output().unwrap().stdout;
    let raw = bytes(&[]);
    assert!(
        raw.windows(4).any(|window| window == b"\x1b[2J"),
        "patch has to get what there is"
    );
    let marks = String::from_utf8(bytes(&["--visible"])).unwrap();
    assert_contains(&marks, "+\u{241b}[2Jtwo <U+202E> <FF>");
    assert!(marks.chars().all(|c| c == '\n' || !c.is_control()), "{marks:?}");
    for form in [&["--values"][..], &["--side-by-side"], &["--json"]] {
        let text = String::from_utf8(bytes(form)).unwrap();
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{form:?}: {text:?}"
        );
    }
}

#[test]
fn a_given_base_is_not_outranked_by_what_was_rejected() {
    let workspace = Workspace::new("{}\n");
    workspace.write("old.txt", "one\ntwo\nthree\n");
    workspace.write("new.txt", "one\nTWO\nthree\nfour\n");
    let open = "gate open j-1 script --artifact text=new.txt --base old.txt";
    workspace.json(open);
    workspace.ok("gate reject j-1 script --notes loud");
    workspace.write("new.txt", "one\nTWO\nthree\nFOUR\n");
    let opened = workspace.json(open);
    let artifact = &opened["artifacts"][0];
    assert_has!(artifact, "base": "sent along", "added_lines": 2, "removed_lines": 1);
    assert_eq!(artifact["since_rejection"]["added_lines"], 1);
    let (text, told) = workspace.run(&DIFF, 0);
    assert_contains(&text, "-two\n+TWO\n");
    assert_contains(&text, "+FOUR\n");
    assert_eq!(
        told,
        "artifacts/script/new.txt: since your rejection: +1 -1   hint: --base rejected shows that\n"
    );
    let (text, told) = workspace.run(&[&DIFF[..], &["--base", "rejected"]].concat(), 0);
    assert_contains(&text, "-four\n+FOUR\n");
    assert_lacks(&text, "+TWO");
    assert_eq!(told, "");
    assert_eq!(text, diff(&workspace, &["--base", "decided"]), "nothing was approved");
    workspace.run(&[&DIFF[..], &["--base", "approved"]].concat(), 6);
    let shown = workspace.ok("gate show j-1 script");
    assert_contains(&shown, "sent along\n          since your rejection: +1 -1\n");
}
