//! A primary that is lost while its synchronous standby lives: what was answered is there after the
//! standby was promoted, and it goes on from there.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use serde_json::json;
use testing::postgres::{PostgresServer, address};

use crate::support::client::{Client, Served, configuration};
use crate::support::environment::STORE_FILE;
use crate::support::pty::{Waiting, patience};
use crate::support::run::Workspace;

/// Jobs that wait for a decision: more than are decided before the primary is lost.
const GATES: usize = 40;
/// So many are answered before it is.
const BEFORE: usize = 12;

/// A primary, its standby, and a workspace whose record is in whichever of them takes writes.
fn pair() -> Option<(PostgresServer, PostgresServer, Workspace)> {
    let primary = PostgresServer::of_own()?;
    let database = primary.database().unwrap();
    let database = database.rsplit('/').next().unwrap();
    let standby = primary.standby().unwrap();
    let workspace = Workspace::new(&configuration(""));
    workspace.write(STORE_FILE, address(&[primary.dir(), standby.dir()], database));
    Some((primary, standby, workspace))
}

/// Approves its first gate until somebody says that it is approved; how many others it was told before.
#[track_caller]
fn approved(ana: &Client, job: &str) -> u32 {
    let began = Waiting::begun();
    let mut others = 0;
    loop {
        let body = json!({"stage": "outline", "notes": job}).to_string();
        let reply = ana.try_send("POST", &format!("/api/v1/jobs/{job}/approve"), &[], body.as_bytes());
        match reply {
            Ok(reply) if reply.status == 200 => return others,
            Ok(reply) if reply.status == 409 => {
                let decision = ana.job(job, "/gates/outline/decision");
                assert_eq!(decision["notes"], job, "nobody else decides");
                return others;
            }
            Ok(_) | Err(_) => others += 1,
        }
        assert!(!began.has_lasted(patience()), "{job} is never approved");
    }
}

/// Decides them one after the other, and tells of each one that was answered; in the end how many
/// were not at once.
fn decides(served: &Served, jobs: &[String]) -> (JoinHandle<u32>, Receiver<String>) {
    let (told, answered) = sync_channel(jobs.len());
    let (ana, jobs) = (served.ana(), jobs.to_vec());
    let deciding = std::thread::spawn(move || {
        let mut troubled = 0;
        for job in jobs {
            troubled += u32::from(approved(&ana, &job) > 0);
            told.send(job).unwrap();
        }
        troubled
    });
    (deciding, answered)
}

/// Each of them is approved, once.
#[track_caller]
fn assert_decided(workspace: &Workspace, jobs: &[String]) {
    let decisions = workspace.json("decisions list");
    let decisions = decisions.as_array().unwrap();
    for job in jobs {
        let of_job = decisions.iter().filter(|decision| decision["notes"] == job.as_str());
        assert_eq!(of_job.count(), 1, "{job}");
    }
    assert_eq!(decisions.len(), jobs.len());
    workspace.ok("decisions verify --versions");
    workspace.ok("doctor");
}

#[test]
fn what_was_answered_is_there_after_a_synchronous_standby_took_over() {
    let Some((mut primary, standby, workspace)) = pair() else {
        return;
    };
    let served = Served::start(&workspace);
    let ana = served.ana();
    let jobs: Vec<String> = (0..GATES).map(|_| ana.start_job("tides")).collect();
    let (deciding, answered) = decides(&served, &jobs);
    let before = answered.iter().take(BEFORE).count();
    // In the midst of whatever is being decided at this moment.
    primary.kill().unwrap();
    let before = before + answered.try_iter().count();
    standby.promote().unwrap();
    assert!(before < GATES, "all were decided before the primary was lost");
    deciding.join().unwrap();
    served.leaves();
    assert_decided(&workspace, &jobs);
}

#[test]
fn what_only_a_primary_had_that_was_started_again_is_not_answered() {
    let Some((mut primary, mut standby, workspace)) = pair() else {
        return;
    };
    let served = Served::start(&workspace);
    let jobs = [served.ana().start_job("tides")];
    let waits_for_standby = |primary: &PostgresServer| {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        primary.psql("postgres", sql).is_ok_and(|count| count.trim() != "0")
    };
    standby.kill().unwrap();
    let (deciding, answered) = decides(&served, &jobs);
    while !waits_for_standby(&primary) {}
    // The primary has it on its disk, and takes it for done when it comes back.
    primary.kill().unwrap();
    primary.start_again().unwrap();
    // Whoever was waiting for the answer asks what became of it.
    while answered.try_recv().is_err() && !waits_for_standby(&primary) {}
    let is_answered = deciding.is_finished();
    if !is_answered {
        standby.start_again().unwrap();
        answered.recv().unwrap();
    }
    primary.kill().unwrap();
    if is_answered {
        standby.start_again().unwrap();
    }
    standby.promote().unwrap();
    deciding.join().unwrap();
    served.leaves();
    assert_decided(&workspace, &jobs);
}
