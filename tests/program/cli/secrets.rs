//! What nobody else is to read: the token that opens HTTP, and the files of the runs directory.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::run::{Workspace, below};
use crate::support::said::{assert_contains, assert_lacks};

const SECRET: &str = "planted-Zq8vT2xW-secret";

/// A stage that writes down its whole environment, and what its parent's looks like from where it
/// stands.
const CONFIG: &str = r#"
security:
  default_token: planted-Zq8vT2xW-secret
pipeline:
  stages:
    - name: script
      command: [/bin/sh, -c, "mkdir -p artifacts/script && env > artifacts/script/env.txt && env"]
      artifacts: [{kind: script, path: artifacts/script/env.txt}]
    - name: handover
gates:
  script: {required: true}
  handover: {required: true}
"#;

/// holdpoint with the secret in its environment, and a umask that protects nothing.
fn open_handed(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = workspace.through("/bin/sh", &["-c", "umask 000; exec \"$0\" \"$@\""], args);
    command
        .env("ADMIN_TOKEN", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn holds(text: &[u8]) -> bool {
    text.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

#[test]
fn a_secret_reaches_no_stage_no_file_and_no_output_and_files_are_private_whatever_the_umask() {
    let workspace = Workspace::new(CONFIG);
    let serve = open_handed(&workspace, &["serve", "--no-http"]).spawn().unwrap();
    let mut outputs = Vec::new();
    let mut told = |args: &[&str]| {
        let output = open_handed(&workspace, args).output().unwrap();
        outputs.push((args.join(" "), output.stdout));
        outputs.push((args.join(" "), output.stderr));
    };
    told(&["job", "start", "--slug", "tides"]);
    let jobs = workspace.json("job list");
    let id = jobs[0]["job_id"]
        .as_str()
        .or(jobs[0]["id"].as_str())
        .unwrap()
        .to_owned();
    // The stage has run when its gate can be shown; a wait that ends at once says whether it has.
    while run_code(&workspace, &["gate", "show", &id, "script"]) != 0 {}
    for args in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["config", "check"],
        &["job", "show", &id],
        &["gate", "show", &id, "script", "--json"],
        &["gate", "diff", &id, "script"],
        &["gate", "approve", &id, "script", "--digest", "00"],
        &["gate", "reject", &id, "script", "--notes", "no"],
        &["job", "resume", &id],
        &["gate", "wait", &id, "script", "--timeout", "0"],
        &["job", "cancel", &id],
        &["events", &id, "--json"],
        &["decisions", "list", "--json"],
        &["doctor"],
    ] {
        told(args);
    }
    kill(Pid::from_raw(i32::try_from(serve.id()).unwrap()), Signal::SIGTERM).unwrap();
    let ended = serve.wait_with_output().unwrap();
    outputs.push(("serve".to_owned(), ended.stdout));
    outputs.push(("serve".to_owned(), ended.stderr));
    for (what, text) in &outputs {
        assert!(!holds(text), "{what}: {}", String::from_utf8_lossy(text));
    }

    let environment = workspace.read(&format!("runs/{id}/artifacts/script/env.txt"));
    assert_contains(&environment, "HOLDPOINT_JOB_ID=");
    assert_lacks(&environment, "ADMIN_TOKEN");
    let mut checked = 0;
    for path in below(&workspace.runs()) {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        // What the stage made itself has the mode that it gave; nobody else reaches it through a
        // private directory.
        let is_stages_own = path.components().any(|part| part.as_os_str() == "artifacts");
        if metadata.is_dir() {
            assert!(is_stages_own || mode == 0o700, "{} {mode:o}", path.display());
        } else if metadata.is_file() {
            assert!(is_stages_own || mode & 0o177 == 0, "{} {mode:o}", path.display());
            assert!(!holds(&fs::read(&path).unwrap()), "{}", path.display());
        }
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
    assert_eq!(fs::metadata(workspace.runs()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(
        fs::metadata(workspace.run_directory(&id)).unwrap().mode() & 0o777,
        0o700
    );
    workspace.ok("decisions verify");
}

fn run_code(workspace: &Workspace, args: &[&str]) -> i32 {
    let output = workspace.cmd(args).output().expect("it runs");
    output.status.code().unwrap_or(-1)
}
