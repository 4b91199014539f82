//! Several hosts that share one record: two runs directories and one PostgreSQL.

use nix::sys::signal::Signal;

use super::postgres::psql;
use crate::support::beside::{Beside, wait_for};
use crate::support::pty::{Waiting, patience};
use crate::support::run::Workspace;

/// A host with this configuration, and another one; none without PostgreSQL.
fn two(configuration: &str) -> Option<(Workspace, Workspace)> {
    let ward = Workspace::on_postgres(configuration)?;
    let north = ward.other_host(configuration);
    Some((ward, north))
}

/// A pipeline of one stage that runs until there is a file `go` in the host's root, and then a gate.
fn slow(host: &Workspace) -> String {
    format!(
        "pipeline:\n  stages:\n    - name: build\n      artifacts: [{{kind: text, path: artifacts/build/out.txt}}]\n      \
         command: [sh, -c, 'mkdir -p artifacts/build; echo $$ > {0}/pid; while ! test -e {0}/go; do sleep 0.05; done; echo made > artifacts/build/out.txt']\n\
         gates: {{build: {{required: true}}}}\n",
        host.root().display()
    )
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Waiting::begun();
    while !is_so() {
        assert!(!began.has_lasted(patience()), "patience ran out: {what}");
    }
}

/// The pid of the command that runs on a host.
fn pid(host: &Workspace) -> i32 {
    until("the stage runs", || {
        host.exists("pid") && !host.read("pid").trim().is_empty()
    });
    host.read("pid").trim().parse().unwrap()
}

fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn another_host_leads_when_the_leader_was_killed_and_when_it_leaves() {
    let Some((ward, north)) = two("gates: {}\n") else {
        return;
    };
    let first = Beside::leader(&ward);
    let mut second = Beside::start(&north, "serve --no-http", crate::support::beside::Stream::Stderr);
    assert_eq!(psql(&ward, "SELECT epoch FROM leader"), "1");
    first.signal(Signal::SIGKILL);
    second.line_with("this process leads");
    assert_eq!(psql(&ward, "SELECT epoch FROM leader"), "2");
    let mut third = Beside::start(&ward, "serve --no-http", crate::support::beside::Stream::Stderr);
    let (status, _) = second.leaves();
    assert!(status.success());
    third.line_with("this process leads");
    assert_eq!(psql(&ward, "SELECT epoch FROM leader"), "3");
}

#[test]
fn a_decision_on_one_host_lets_the_job_go_on_on_the_other() {
    let Some((ward, north)) = two("gates: {deploy: {required: true}}\n") else {
        return;
    };
    let _leader = Beside::leader(&ward);
    north.write("plan.txt", "new\n");
    north.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let waits = Beside::start(
        &ward,
        "gate wait j-1 deploy --json",
        crate::support::beside::Stream::Stdout,
    );
    north.ok("gate approve j-1 deploy --notes fine");
    assert_eq!(waits.document(0)["notes"], "fine");
    until("the leader's host has the decision", || {
        ward.exists("runs/j-1/gates/deploy.json")
    });
    assert_eq!(ward.read("runs/j-1/artifacts/deploy/plan.txt"), "new\n");
    for host in [&ward, &north] {
        host.ok("decisions verify");
        host.ok("doctor");
    }
}

#[test]
fn what_ran_on_a_host_that_is_gone_runs_again_on_another_and_ends_when_that_comes_back() {
    let Some(ward) = Workspace::on_postgres("gates: {}\n") else {
        return;
    };
    ward.write("conf/operator.yaml", slow(&ward));
    let north = ward.other_host("gates: {}\n");
    north.write("conf/operator.yaml", slow(&north));
    let first = Beside::leader(&ward);
    ward.ok("job start --slug tides --id t-1");
    let orphan = pid(&ward);
    let _second = Beside::start(&north, "serve --no-http", crate::support::beside::Stream::Neither);
    first.signal(Signal::SIGKILL);
    // Its command goes on where nobody looks after it; the pipeline of the job names the first host's files.
    until("it runs again", || {
        psql(
            &ward,
            "SELECT count(*) FROM attempt WHERE number = 2 AND state = 'running'",
        ) == "1"
    });
    assert!(is_alive(orphan));
    let back = Beside::start(&ward, "serve --no-http", crate::support::beside::Stream::Neither);
    until("what it left is ended", || !is_alive(orphan));
    ward.write("go", "");
    wait_for(&north, "t-1", "gate_opened", 0);
    assert_eq!(north.read("runs/t-1/artifacts/build/out.txt"), "made\n");
    drop(back);
    ward.ok("gate approve t-1 build");
    until("the decision is on the leader's host", || {
        north.exists("runs/t-1/gates/build.json")
    });
    north.ok("decisions verify");
}

#[test]
fn a_stage_goes_on_when_the_lead_moves_to_another_host() {
    let Some(ward) = Workspace::on_postgres("gates: {}\n") else {
        return;
    };
    ward.write("conf/operator.yaml", slow(&ward));
    let north = ward.other_host(&slow(&ward));
    let first = Beside::leader(&ward);
    ward.ok("job start --slug tides --id t-1");
    let command = pid(&ward);
    let mut second = Beside::start(&north, "serve --no-http", crate::support::beside::Stream::Stderr);
    let (status, _) = first.leaves();
    assert!(status.success());
    second.line_with("this process leads");
    // It speaks for its host again, and leaves the lead where it is.
    let _back = Beside::start(&ward, "serve --no-http", crate::support::beside::Stream::Neither);
    assert!(is_alive(command));
    ward.write("go", "");
    wait_for(&north, "t-1", "gate_opened", 0);
    assert_eq!(psql(&ward, "SELECT max(number) FROM attempt"), "1");
    until("the leader's host has what was made", || {
        north.exists("runs/t-1/artifacts/build/out.txt")
    });
}

#[test]
fn a_host_whose_clock_is_not_that_of_the_database_is_refused_and_later_lets_nothing_expire() {
    let Some((ward, north)) = two("gates: {deploy: {auto_approve: true, auto_approve_after_s: 5, unseen: approve}}\n")
    else {
        return;
    };
    north.set_clocks(3, 0);
    let refused = north.refused("gate list", 1);
    assert!(
        refused.contains("the clock of this host is ") && refused.contains(" ms ahead of that of the database"),
        "{refused}"
    );
    let mut leader = Beside::leader(&ward);
    ward.write("plan.txt", "new\n");
    ward.ok("gate open j-1 deploy --artifact plan=plan.txt");
    ward.set_clocks(3600, 0);
    leader.line_with(" ms ahead of that of the database");
    until("it gives the lead back", || {
        psql(&ward, "SELECT count(*) FROM leader WHERE holder IS NOT NULL") == "0"
    });
    assert_eq!(psql(&ward, "SELECT count(*) FROM decision"), "0");
    ward.set_clocks(0, 0);
    until("it leads again, and the timer decides", || {
        psql(&ward, "SELECT count(*) FROM decision") == "1"
    });
}

#[test]
fn a_record_that_another_host_works_on_is_not_copied_away() {
    let Some((ward, north)) = two("gates: {}\n") else {
        return;
    };
    let _leader = Beside::leader(&north);
    let address = ward.read("store.url");
    std::fs::remove_file(ward.root().join("store.url")).unwrap();
    let (_, refused) = ward.run(&["store", "copy", &address, "runs"], 1);
    assert!(refused.contains("/runs works on postgres://"), "{refused}");
    assert!(!ward.exists("runs/holdpoint.db"));
}

#[test]
fn on_a_host_that_led_before_what_is_missing_is_told_and_what_was_changed_is_found() {
    let Some((ward, north)) = two("gates: {deploy: {required: true}}\n") else {
        return;
    };
    let first = Beside::leader(&ward);
    ward.write("plan.txt", "new\n");
    ward.ok("gate open j-1 deploy --artifact plan=plan.txt");
    ward.ok("gate approve j-1 deploy");
    first.leaves();
    let second = Beside::leader(&north);
    north.write("plan.txt", "newer\n");
    north.ok("gate open j-1 deploy --artifact plan=plan.txt");
    north.ok("gate approve j-1 deploy");
    north.ok("job complete j-1");
    second.leaves();
    // It leads again: the job has ended, and is not written anew.
    let _third = Beside::leader(&ward);
    assert!(!ward.exists("runs/j-1/gates/deploy.2.json"));
    let (told, _) = ward.run("decisions verify", 0);
    assert!(told.contains("holdpoint export j-1"), "{told}");
    let file = "runs/j-1/gates/deploy.1.json";
    let text = ward.read(file).replace("approved", "aproved");
    std::fs::set_permissions(
        ward.root().join(file),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    ward.write(file, text);
    std::fs::remove_file(ward.root().join("runs/j-1/state.json")).unwrap();
    let (found, _) = ward.run("decisions verify", 1);
    assert!(found.contains("deploy.1.json"), "{found}");
}
