//! Lists narrowed down and in every form, the line of `status`, colour and pager; here and over
//! `--server`.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::far::Elsewhere;
use crate::support::client::{configuration, serving_on};
use crate::support::pty::PtyOptions;
use crate::support::run::{Workspace, printed};
use crate::support::said::{assert_contains, assert_has, assert_lacks, assert_starts};

/// Three open gates of two stages, `script` with a timer of an hour, and two decisions.
fn waiting() -> Workspace {
    let workspace = Workspace::new(&configuration(""));
    workspace.write("plan.txt", "copy the table\n");
    for (job, stage) in [
        ("j-1", "outline"),
        ("j-2", "script"),
        ("j-3", "script"),
        ("j-4", "outline"),
        ("j-5", "script"),
    ] {
        workspace.ok(&format!(
            "gate open {job} {stage} --artifact plan=plan.txt --title 'about {job}'"
        ));
    }
    workspace.ok("gate approve j-4 outline");
    workspace.ok("gate reject j-5 script --notes no");
    workspace
}

/// The jobs of a list, in its order.
fn jobs(listed: &Value, key: &str) -> Vec<String> {
    let rows = listed.as_array().expect("a list").iter();
    rows.map(|row| row[key].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn lists_are_narrowed_down_here_and_over_a_line() {
    let (workspace, served, _ana) = serving_on(waiting());
    let far = Elsewhere::of(&served, "ana-token");
    for (list, key, right) in [
        ("gate list", "job_id", &["j-2", "j-3", "j-1"][..]),
        ("gate list --job j-3", "job_id", &["j-3"]),
        ("gate list --stage outline", "job_id", &["j-1"]),
        ("gate list --due 1h", "job_id", &["j-2", "j-3"]),
        ("gate list --due 30m", "job_id", &[]),
        ("gate list --since 1h --limit 2", "job_id", &["j-2", "j-3"]),
        ("gate list --since 2999-01-01", "job_id", &[]),
        (
            "gate list --all --stage script --filter !approved --limit 2",
            "job_id",
            &["j-2", "j-3"],
        ),
        ("decisions list --stage script --since 1h", "job_id", &["j-5"]),
        ("decisions list --limit 1", "job_id", &["j-5"]),
        ("job list --stage outline --since 1h", "id", &["j-4", "j-1"]),
        ("job list --limit 2", "id", &["j-5", "j-4"]),
        ("job list --by nobody", "id", &[]),
    ] {
        assert_eq!(jobs(&workspace.json(list), key), right, "{list}");
        let (stdout, _) = far.run(&format!("{list} --output json"), 0);
        let there = serde_json::from_str(&stdout).unwrap();
        assert_eq!(jobs(&there, key), right, "--server {list}");
    }
    let said = workspace.refused("gate list --due soon", 2);
    assert_contains(&said, "is no length of time");
    let said = workspace.refused("gate list --job j-9", 6);
    assert_contains(&said, "j-9");
}

#[test]
fn a_list_has_four_forms() {
    let workspace = waiting();
    let document = workspace.json("gate list");
    let same = workspace.ok("gate list --output json");
    assert_eq!(
        jobs(&serde_json::from_str(&same).unwrap(), "job_id"),
        jobs(&document, "job_id")
    );
    let lines = workspace.ok("job list --output jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(jobs(&json!(lines), "id"), ["j-5", "j-4", "j-3", "j-2", "j-1"]);
    let csv = workspace.ok("gate list --stage script --output csv");
    let mut rows = csv.lines();
    assert_starts(
        rows.next().unwrap(),
        "job_id,slug,job_status,stage,attempt,state,opened_at,deadline,",
    );
    assert_starts(rows.next().unwrap(), "j-2,");
    assert_eq!(rows.count(), 1);
    let csv = workspace.ok("decisions list --output csv");
    let fields: Vec<Vec<_>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(fields[0][..6], ["seq", "at", "job_id", "stage", "attempt", "approved"]);
    assert_eq!((fields[1][0], fields[1][2], fields[1][5]), ("1", "j-4", "true"));
    assert_eq!((fields[2][0], fields[2][2], fields[2][5]), ("2", "j-5", "false"));
    // A failure is a document wherever the list is one.
    let said = workspace.refused("gate list --job j-9 --output jsonl", 6);
    let failure: Value = serde_json::from_str(&said).unwrap();
    assert_has!(failure, "error/code": "not_found");
    workspace.refused("gate list --json --output csv", 2);
}

#[test]
fn a_table_fits_the_terminal_and_names_each_job_whole() {
    let workspace = waiting();
    let job = "a-name-of-a-job-that-is-rather-long";
    workspace.ok(&format!(
        "gate open {job} script --artifact plan=plan.txt --title 'a title that goes on and on'"
    ));
    for columns in [60, 80, 160] {
        let options = PtyOptions::new(workspace.root()).size(columns, 24);
        let pty = crate::support::pty::Pty::spawn(options.args(["gate", "list"]));
        assert!(pty.wait_exit().success());
        let text = pty.screen_text();
        let rows: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        // A row that wrapped would be two.
        assert_eq!(rows.len(), 5, "{columns}: {text}");
        assert!(rows.iter().any(|row| row.starts_with(job)), "{columns}: {text}");
        assert_eq!(rows[0].contains("OPENED"), columns == 160, "{columns}: {text}");
    }
    // What is not read on a terminal is whole.
    assert_contains(&workspace.ok("gate list"), "a title that goes on and on");
}

#[test]
fn status_is_one_line_and_waits_for_nobody() {
    let empty = Workspace::new(&configuration(""));
    assert_contains(&empty.refused("status", 6), "there is no record in ");
    let (workspace, served, _ana) = serving_on(waiting());
    let line = workspace.told("status", 4);
    assert_starts(&line, "3 gates wait | 3 unseen | next 59:");
    assert_contains(&line, " j-2 script | lead ");
    assert_eq!(line.lines().count(), 1);
    let far = Elsewhere::of(&served, "ana-token");
    assert_starts(&far.run("status", 4).0, "3 gates wait | ");
    let document: Value = serde_json::from_str(&workspace.told("status --json", 4)).unwrap();
    assert_has!(document, "waiting": 3, "next/job_id": "j-2", "next/at_zero": "approve", "leader/role": "serve");
    for gate in ["j-1 outline", "j-2 script", "j-3 script"] {
        workspace.ok(&format!("gate approve {gate}"));
    }
    assert_starts(&workspace.told("status", 0), "no gate waits | lead ");
    drop(served);
    assert_starts(&workspace.told("status", 1), "no gate waits | NO LEADER");
    // A server that takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let variables = [("HOLDPOINT_SERVER", server.as_str()), ("HOLDPOINT_TOKEN", "t")];
    let output = workspace.under(&variables, "status");
    assert_eq!(output.status.code(), Some(1));
    assert_contains(&printed(&output), "no answer within 2 seconds");
}

/// A pager that writes what it gets into a file, and says that it was there.
fn with_pager(workspace: &Workspace) -> String {
    workspace.write("pager", "#!/bin/sh\ncat > paged\necho the pager has it\n");
    let pager = workspace.root().join("pager");
    std::fs::set_permissions(&pager, PermissionsExt::from_mode(0o755)).unwrap();
    pager.display().to_string()
}

#[test]
fn a_diff_has_colours_and_a_pager_on_a_terminal_alone() {
    let workspace = waiting();
    let text: String = (0..40).map(|line| format!("line {line}\n")).collect();
    workspace.write("long.txt", text);
    workspace.ok("gate open j-6 script --artifact plan=long.txt");
    let pager = with_pager(&workspace);
    let diff = |args: &str, variables: &[(&str, &str)]| {
        let _ = std::fs::remove_file(workspace.root().join("paged"));
        let mut options = PtyOptions::new(workspace.root()).size(80, 24).args(args.split(' '));
        options = options.env("PAGER", pager.clone()).env("TERM", "xterm-256color");
        for (name, value) in variables {
            options = options.env(*name, *value);
        }
        let pty = crate::support::pty::Pty::spawn(options);
        assert!(pty.wait_exit().success());
        pty.wait_end_of_output();
        let bytes = String::from_utf8_lossy(&pty.raw_bytes()).into_owned();
        (std::fs::read_to_string(workspace.root().join("paged")).ok(), bytes)
    };
    let (paged, shown) = diff("gate diff j-6 script", &[]);
    let paged = paged.expect("a long diff is paged");
    assert_contains(&paged, "\x1b[32m+line 39\x1b[0m\n");
    assert_contains(&paged, "\x1b[36m@@ ");
    assert_contains(&shown, "the pager has it");
    // What a screen holds needs no pager, and nobody gets one who does not want it.
    let (paged, shown) = diff("gate diff j-1 outline", &[]);
    assert_eq!(paged, None);
    assert_contains(&shown, "\x1b[32m+copy the table");
    for (args, variables) in [
        ("gate diff j-6 script --no-pager", &[][..]),
        ("gate diff j-6 script", &[("PAGER", "cat")]),
        ("gate diff j-6 script", &[("PAGER", "no-such-pager")]),
    ] {
        let (paged, shown) = diff(args, variables);
        assert_eq!(paged, None, "{args}");
        assert_contains(&shown, "line 39");
    }
    for (args, variables) in [
        ("gate diff j-1 outline --color never", &[][..]),
        ("gate diff j-1 outline", &[("NO_COLOR", "1")]),
    ] {
        assert_lacks(&diff(args, variables).1, "\x1b[32m");
    }
    // Into a file go the bytes of the diff.
    let plain = workspace.ok("gate diff j-6 script");
    assert_lacks(&plain, "\x1b[");
    assert!(!workspace.root().join("paged").exists());
    assert_contains(
        &workspace.ok("gate diff j-6 script --visible --color always"),
        "\x1b[32m+line 0",
    );
}

#[test]
fn the_log_goes_where_it_is_told_to() {
    let workspace = Workspace::new("gates: {}\n");
    let mut serving = workspace.command(&["serve", "--no-http", "--log-file", "logs/serve.log"]);
    let mut child = serving
        .env("RUST_LOG", "info")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    crate::far::until(|| {
        std::fs::read_to_string(workspace.root().join("logs/serve.log")).is_ok_and(|log| log.contains("INFO"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_lacks(&said, "INFO");
    let mode = std::fs::metadata(workspace.root().join("logs/serve.log"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_events_of_all_jobs_are_a_list_too_here_and_over_a_line() {
    let (workspace, served, _ana) = serving_on(waiting());
    let far = Elsewhere::of(&served, "ana-token");
    let all = workspace.json_lines("events --all");
    let numbers = |from: u64| {
        let events = all.iter().filter(|event| event["seq"].as_u64() > Some(from));
        events.map(|event| format!("{event}\n")).collect::<String>()
    };
    let each: usize = (1..=5)
        .map(|job| workspace.json_lines(&format!("events j-{job}")).len())
        .sum();
    assert_eq!(all.len(), each);
    let third = all[2]["seq"].as_u64().unwrap();
    let at = all[2]["ts"].as_str().unwrap();
    let (from_third, none) = (numbers(third - 1), String::new());
    for (args, right) in [
        (format!("events --all --output jsonl --since {third}"), &numbers(third)),
        (format!("events --all --output jsonl --after {third}"), &numbers(third)),
        (format!("events --all --output jsonl --since {at}"), &from_third),
        ("events --all --output jsonl --since 1h".to_owned(), &numbers(0)),
        ("events --all --output jsonl --since 2999-01-01".to_owned(), &none),
    ] {
        let told = |text: &str| {
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&workspace.ok(&args)), told(right), "{args}");
        assert_eq!(told(&far.run(&args, 0).0), told(right), "{args} over the line");
    }
    // Two events may have one time: of those that share it, all come.
    assert!(workspace.ok("events --all").lines().count() == all.len());
    assert_contains(
        &workspace.ok("events --all"),
        " j-5          gate_rejected      script ",
    );
    assert_lacks(&workspace.ok("events j-5"), " j-5         ");
    let one = workspace.under(&[], "events --all --limit 1");
    assert_contains(&printed(&one), "Only the first 1 are listed; more with --limit");
    let csv = workspace.ok("events j-4 --output csv");
    assert_starts(&csv, "seq,ts,job_id,type,stage,status,message\n");
    let whole: Value = serde_json::from_str(&workspace.ok("events j-4 --output json")).unwrap();
    assert_eq!(whole.as_array().unwrap().len(), csv.lines().count() - 1);
    // What is followed ends when there are enough.
    let three = workspace.ok("events --all --follow --since 0 --limit 3 --output jsonl");
    assert_eq!(three.lines().count(), 3);
    for (args, code, why) in [
        (
            "events --all --follow --output json",
            1,
            "what goes on is never one whole document",
        ),
        ("events", 2, "<JOB>"),
        ("events j-1 --all", 2, "cannot be used with"),
        ("events --all --since yesterday", 2, "or an event's number"),
    ] {
        assert_contains(&workspace.refused(args, code), why);
    }
}
