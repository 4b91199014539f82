//! Hostile text on the command line of an operator: what reaches the terminal is compared byte for
//! byte (SPEC §7).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::{Workspace, printed};
use crate::support::said::assert_contains;
use crate::support::tame::{assert_tame, evil, evil_bytes, hostile_gate};

/// Runs a command in a terminal; how it ended, and what the screen shows at the end.
#[track_caller]
fn in_terminal(workspace: &Workspace, args: &[&str]) -> (Option<i32>, String) {
    let options = PtyOptions::new(workspace.root()).args(args.iter().copied());
    ended(&Pty::spawn(options.size(200, 120)))
}

#[track_caller]
fn ended(pty: &Pty) -> (Option<i32>, String) {
    let code = pty.wait_exit().code();
    pty.wait_end_of_output();
    assert_tame(&pty.raw_bytes());
    (code, pty.screen_text())
}

#[track_caller]
fn on_terminal(workspace: &Workspace, args: &[&str], expected_code: i32) -> String {
    let (code, screen) = in_terminal(workspace, args);
    assert_eq!(code, Some(expected_code), "{args:?}: {screen}");
    screen
}

#[test]
fn no_command_lets_it_act_on_the_terminal() {
    let workspace = hostile_gate();
    let evil = evil();
    for args in [
        &["job", "list"][..],
        &["job", "show", "j-1"],
        &["gate", "list"],
        &["gate", "show", "j-1", "script"],
        &["gate", "diff", "j-1", "script"],
        &["gate", "diff", "j-1", "script", "--values"],
        &["events", "j-1"],
        &["config", "show"],
    ] {
        on_terminal(&workspace, args, 0);
    }
    let shown = on_terminal(&workspace, &["gate", "diff", "j-1", "script"], 0);
    assert_contains(&shown, "␛[31337;5HEVIL");
    assert_contains(&shown, "<FF><FE>");
    let patch = serde_json::json!({
        "type": "text_replace", "artifact": "artifacts/script/script.txt", "replacements": [{ "old": evil, "new": "x" }, { "old": "\u{1b}[31337J no", "new": evil }],
    });
    workspace.write("patch.json", patch.to_string());
    for args in [
        &["patch", "check", "j-1", "script", "patch.json"][..],
        &["gate", "show", &evil, &evil],
        &["gate", "show", "j-1", &evil],
        &["job", "start", "--slug", "x", "--id", &evil],
        &["--config", &evil, "job", "list"],
        &["--operator", &evil, "gate", "approve", "j-1", "script"],
        &[
            "gate",
            "open",
            "j-2",
            "script",
            "--artifact",
            &format!("{evil}=out/script.txt"),
        ],
        &["gate", "approve", "j-1", "script", "--digest", &evil],
    ] {
        let (code, screen) = in_terminal(&workspace, args);
        assert_ne!(code, Some(0), "{args:?}: {screen}");
    }
    on_terminal(&workspace, &["gate", "reject", "j-1", "script", "--notes", &evil], 0);
    for args in [
        &["decisions", "list"][..],
        &["decisions", "show", "j-1", "script"],
        &["decisions", "verify"],
        &["gate", "show", "j-1", "script"],
        &["events", "j-1"],
        &["doctor"],
    ] {
        on_terminal(&workspace, args, 0);
    }
    assert_eq!(workspace.decision("j-1", "script")["notes"], evil);
}

#[test]
fn a_configuration_full_of_it_is_refused_in_plain_text() {
    let workspace = Workspace::new("{}\n");
    let evil = evil();
    for text in [
        format!("gates: {{script: {{required: \"{}\"}}}}\n", evil.escape_unicode()).into_bytes(),
        format!("\"{}\": 1\n", evil.escape_unicode())
            .replace("\\u{", "\\U{")
            .into_bytes(),
        evil_bytes(),
    ] {
        workspace.write("conf/operator.yaml", text);
        on_terminal(&workspace, &["config", "check"], 1);
        on_terminal(&workspace, &["job", "list"], 1);
    }
}

#[test]
fn a_file_name_made_of_it_is_taken_or_refused_in_plain_text() {
    let workspace = Workspace::new("{}\n");
    // Bidi controls are legal in a name; control characters are not, and neither is what is no
    // UTF-8.
    for (at, (name, is_taken)) in [
        (&b"a\x1b[31337J.txt"[..], false),
        ("b\u{202e}txt.exe".as_bytes(), true),
        ("c\u{9b}31337J.txt".as_bytes(), false),
        (b"d\xff\xfe.txt", false),
        (b"e\nEVIL.txt", false),
    ]
    .into_iter()
    .enumerate()
    {
        workspace.write(OsStr::from_bytes(name), "text\n");
        let argument = OsString::from_vec([b"script=".as_slice(), name].concat());
        let job = format!("j-{at}");
        let mut options = PtyOptions::new(workspace.root()).size(200, 40);
        // The terminal's command line takes text only; a shell brings the bytes.
        let script = format!(
            "exec \"$0\" gate open {job} script --artifact \"$(printf 'script={}')\"",
            argument.as_bytes()[7..]
                .iter()
                .map(|byte| format!("\\{byte:03o}"))
                .collect::<String>()
        );
        options = options.args(["-c".to_owned(), script, holdpoint().display().to_string()]);
        let pty = Pty::spawn_program(Path::new("/bin/sh"), options);
        let (code, screen) = ended(&pty);
        assert_eq!(code == Some(0), is_taken, "{}: {screen}", name.escape_ascii());
        if is_taken {
            on_terminal(&workspace, &["gate", "show", &job, "script"], 0);
            on_terminal(&workspace, &["gate", "diff", &job, "script"], 0);
            on_terminal(&workspace, &["job", "show", &job], 0);
        }
    }
}

/// Names that are none: they leave, they steer, they are too long, they are no text.
fn hostile_names() -> Vec<OsString> {
    let words = "..|.|/etc|a/b|a/../b|-x|.hidden|a\nb|\u{202e}cod.exe|a\u{200b}b|a b|a.b|";
    let mut names: Vec<OsString> = words.split('|').map(OsString::from).collect();
    names.extend([101, 256, 5000].map(|length| OsString::from("a".repeat(length))));
    names.push(OsString::from_vec(vec![b'a', 0xFF, 0xFE]));
    names
}

#[test]
fn a_name_that_is_none_makes_nothing_anywhere() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    workspace.write("plan.txt", "plan\n");
    workspace.ok("job start --manual --id j-1 --slug x");
    let names = |directory: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        names
    };
    let places = [
        workspace.root().to_owned(),
        workspace.runs(),
        workspace.run_directory("j-1"),
    ];
    let before: Vec<_> = places.iter().map(|place| names(place)).collect();
    for name in hostile_names() {
        for line in [
            "job start --slug x --id NAME",
            "job show NAME",
            "gate open NAME script --artifact plan=plan.txt",
            "gate open j-1 NAME --artifact plan=plan.txt",
            "gate approve j-1 NAME",
        ] {
            let named = |word| {
                if word == "NAME" {
                    name.as_os_str()
                } else {
                    OsStr::new(word)
                }
            };
            let output = workspace
                .command(&[])
                .args(line.split(' ').map(named))
                .output()
                .expect("holdpoint runs");
            assert_eq!(output.status.code(), Some(2), "{line}: {name:?}: {}", printed(&output));
        }
    }
    let after: Vec<_> = places.iter().map(|place| names(place)).collect();
    assert_eq!(after, before);
}
