//! Stage commands under their supervisor, with real processes: what is waited for is an event,
//! never time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::ids::{JobId, StageName};
use domain::stage::StageSpec;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use runs::error::Result;
use runs::supervisor::{ExitRecord, StageEnd, StageLaunch, Supervised, adopt, end_orphan, signal_cancel, start};
use runs::{RunDir, RunsDir};
use serde_json::{Map, Value};

struct Stage {
    _temporary: tempfile::TempDir,
    run: RunDir,
    name: StageName,
}

fn run_in(runs: &Path) -> RunDir {
    let run = RunsDir::open(runs, None).unwrap().run(&JobId::new("j-17").unwrap());
    run.make("").unwrap();
    run
}

impl Stage {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let run = run_in(&temporary.path().join("runs"));
        mkfifo(&run.path().join("ready"), Mode::S_IRWXU).unwrap();
        Self {
            run,
            _temporary: temporary,
            name: StageName::new("script").unwrap(),
        }
    }

    fn start(&self, argv: &[&str], timeout_s: Option<u64>) -> Result<Supervised> {
        start_in(&self.run, argv, timeout_s, None)
    }

    fn shell(&self, script: &str) -> Supervised {
        self.start(&["sh", "-c", script], None).unwrap()
    }

    /// Blocks until the command has opened the FIFO and closed it again; returns what it wrote.
    fn ready(&self) -> String {
        fs::read_to_string(self.run.path().join("ready")).unwrap()
    }

    /// The supervisor, once it has noted its command and listens to signals again.
    fn supervisor_pid(&self) -> i32 {
        loop {
            let text = fs::read(self.run.stage().join("script.1.pid.json")).unwrap();
            let pids: Value = serde_json::from_slice(&text).unwrap();
            if !pids["command"].is_null() {
                return i32::try_from(pids["supervisor"]["pid"].as_i64().unwrap()).unwrap();
            }
            std::thread::yield_now();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.run.log(&self.name, 1)).unwrap()
    }
}

fn start_in(run: &RunDir, argv: &[&str], timeout_s: Option<u64>, notes: Option<&str>) -> Result<Supervised> {
    start_by(Path::new(env!("CARGO_BIN_EXE_holdpoint")), run, argv, timeout_s, notes)
}

fn start_by(
    program: &Path,
    run: &RunDir,
    argv: &[&str],
    timeout_s: Option<u64>,
    notes: Option<&str>,
) -> Result<Supervised> {
    start_attempt(1, program, run, argv, timeout_s, notes)
}

fn start_attempt(
    attempt: u32,
    program: &Path,
    run: &RunDir,
    argv: &[&str],
    timeout_s: Option<u64>,
    notes: Option<&str>,
) -> Result<Supervised> {
    let stage = StageSpec {
        name: StageName::new("script").unwrap(),
        command: argv.iter().map(|text| (*text).to_owned()).collect(),
        env: BTreeMap::from([("FLAVOUR".to_owned(), "sour".to_owned())]),
        timeout_s,
        artifacts: Vec::new(),
        context: Default::default(),
    };
    let launch = StageLaunch {
        stage: &stage,
        attempt,
        params: &Map::from_iter([("beats".to_owned(), Value::from(3))]),
        notes,
        comments: &[],
        patch: None,
        program: program.to_owned(),
    };
    start(run, &launch)
}

#[test]
fn no_attempt_runs_beside_one_before_it() {
    let stage = Stage::new();
    let first = stage.shell("echo > ready; exec sleep 1000");
    stage.ready();
    let program = Path::new(env!("CARGO_BIN_EXE_holdpoint"));
    let again = || start_attempt(2, program, &stage.run, &["true"], None, None);
    let refused = again().unwrap_err().to_string();
    assert!(refused.contains("attempt 1 still runs here"), "{refused}");
    assert!(signal_cancel(&stage.run, &stage.name, 1).unwrap());
    exited(first);
    assert!(exited(again().unwrap()).is_success());
}

fn exited(supervised: Supervised) -> ExitRecord {
    match supervised.wait().unwrap() {
        StageEnd::Exited(record) => record,
        StageEnd::Lost => panic!("lost"),
    }
}

/// Whether it runs anything of its own: one that the kernel is taking down has let go of its locks
/// before it is a zombie.
fn is_running(pid: &str) -> bool {
    const PF_EXITING: u32 = 0x4;
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(") ") else {
        return false;
    };
    // proc(5): state, parent, group, session, terminal, its group, flags.
    let flags = rest.split(' ').nth(6).and_then(|flags| flags.parse::<u32>().ok());
    !rest.starts_with('Z') && flags.is_some_and(|flags| flags & PF_EXITING == 0)
}

#[test]
fn an_exit_status_is_recorded_and_output_is_logged() {
    let stage = Stage::new();
    let record = exited(stage.shell("pwd; echo oh >&2; grep SigBlk /proc/self/status"));
    assert!(record.is_success(), "{record:?}");
    assert_eq!(record.message, "exit status 0");
    let directory = fs::canonicalize(stage.run.path()).unwrap();
    assert_eq!(
        stage.log(),
        format!("{}\noh\nSigBlk:\t0000000000000000\n", directory.display())
    );

    let stage = Stage::new();
    let record = exited(stage.shell("exit 3"));
    assert_eq!((record.status, record.is_success()), (Some(3), false));
    assert!(stage.start(&["true"], None).is_err(), "an attempt ends once");

    let record = exited(Stage::new().shell("kill -9 $$"));
    assert_eq!((record.status, record.signal), (None, Some(9)));
    assert_eq!(record.message, "killed by signal 9");
}

/// A stage that renames the directory away and puts a link in its place, again and again, while its
/// next attempt is started.
#[test]
fn starting_touches_nothing_outside_however_the_directory_is_swapped_for_a_link() {
    let temporary = tempfile::tempdir().unwrap();
    let run = run_in(&temporary.path().join("runs"));
    let elsewhere = temporary.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let theirs = ["script.1.cancel", "script.1.pid.json"];
    for name in theirs {
        fs::File::create(elsewhere.join(name)).unwrap();
    }
    let (inside, aside) = (run.stage(), run.path().join("aside"));
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                // Whoever starts makes the directory again where it is missing, so each of these
                // may fail.
                let _ = fs::rename(&inside, &aside);
                if symlink(&elsewhere, &inside).is_ok() {
                    fs::remove_file(&inside).unwrap();
                }
                let _ = fs::remove_dir_all(&aside);
            }
        });
        for _ in 0..20_000 {
            assert!(start_by(Path::new("/no/such/program"), &run, &["true"], None, None).is_err());
        }
        is_done.store(true, Ordering::Relaxed);
    });
    let mut left: Vec<_> = fs::read_dir(&elsewhere)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, theirs);
}

#[test]
fn a_command_that_cannot_be_started_is_an_end_and_no_loss() {
    let record = exited(Stage::new().start(&["no-such-program"], None).unwrap());
    assert_eq!((record.status, record.signal), (None, None));
    assert_eq!(
        record.message,
        "cannot start no-such-program: no such file or directory"
    );
}

#[test]
fn a_time_out_ends_grandchildren_also_those_that_left_the_session() {
    let stage = Stage::new();
    let script = "sleep 1000 & echo $! > near; setsid sh -c 'echo $$ > far; exec sleep 1000' & wait";
    let record = exited(stage.start(&["sh", "-c", script], Some(1)).unwrap());
    assert!(record.timed_out, "{record:?}");
    assert_eq!(record.message, "timed out after 0:01");
    for file in ["near", "far"] {
        let pid = fs::read_to_string(stage.run.path().join(file)).unwrap();
        assert!(!is_running(&pid), "{file}");
    }
}

#[test]
fn a_daemon_left_behind_is_ended_and_its_open_output_not_awaited() {
    let stage = Stage::new();
    let record = exited(stage.shell("setsid sleep 1000 & echo $! > far; exit 0"));
    assert!(record.is_success());
    assert!(!is_running(&fs::read_to_string(stage.run.path().join("far")).unwrap()));
}

#[test]
fn cancel_lets_the_command_clean_up() {
    let stage = Stage::new();
    // It ends only when it is let go: the answer is about a supervisor that still runs.
    let trap = "trap 'until [ -e go ]; do sleep 0.01; done; echo bye; exit 7' TERM";
    let supervised = stage.shell(&format!("{trap}; sleep 1000 & echo yes > ready; wait"));
    stage.ready();
    assert!(stage.start(&["true"], None).is_err(), "never two at once");
    assert!(end_orphan(&stage.run, &stage.name, 1).is_err(), "it is no orphan");
    assert!(signal_cancel(&stage.run, &stage.name, 1).unwrap());
    fs::write(stage.run.path().join("go"), "").unwrap();
    let record = exited(supervised);
    assert!(record.canceled);
    assert_eq!((record.status, record.message.as_str()), (Some(7), "canceled"));
    assert_eq!(stage.log(), "bye\n");
    assert!(!signal_cancel(&stage.run, &stage.name, 1).unwrap(), "nobody is left");
}

#[test]
fn a_killed_supervisor_is_lost_and_its_orphan_ended_before_the_next_run() {
    let stage = Stage::new();
    let supervised = stage.shell("sleep 1000 & setsid sleep 1000 & echo $$ $! > ready; wait");
    let pids = stage.ready();
    kill(Pid::from_raw(stage.supervisor_pid()), Signal::SIGKILL).unwrap();
    assert_eq!(supervised.wait().unwrap(), StageEnd::Lost);
    assert!(stage.start(&["true"], None).is_err(), "never beside its orphan");
    assert!(end_orphan(&stage.run, &stage.name, 1).unwrap());
    for pid in pids.split_whitespace() {
        assert!(!is_running(pid), "{pid}");
    }
    assert!(end_orphan(&stage.run, &stage.name, 1).unwrap(), "again is no harm");
    assert!(exited(stage.start(&["true"], None).unwrap()).is_success());
}

#[test]
fn a_supervisor_that_is_told_to_end_leaves_no_record_and_no_family() {
    let stage = Stage::new();
    let supervised = stage.shell("sleep 1000 & echo $! > ready; wait");
    let pid = stage.ready();
    kill(Pid::from_raw(stage.supervisor_pid()), Signal::SIGTERM).unwrap();
    assert_eq!(supervised.wait().unwrap(), StageEnd::Lost);
    assert!(!is_running(&pid));
    assert!(end_orphan(&stage.run, &stage.name, 1).unwrap());
}

/// Not a test of its own: the leader in [`the_command_outlives_its_leader_and_is_adopted`], in a
/// process that can be killed.
#[test]
fn leader() {
    let Some(runs) = std::env::var_os("TEST_LEADER_RUNS") else {
        return;
    };
    let run = run_in(Path::new(&runs));
    let script = "env > env.txt; cat $HOLDPOINT_PARAMS > params.txt; echo yes > ready; cat go";
    let _supervised = start_in(&run, &["sh", "-c", script], None, Some("slower\nplease")).unwrap();
    println!("started");
    // Until killed.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[test]
fn the_command_outlives_its_leader_and_is_adopted() {
    let stage = Stage::new();
    mkfifo(&stage.run.path().join("go"), Mode::S_IRWXU).unwrap();
    let mut leader = Command::new(std::env::current_exe().unwrap())
        .args(["supervisor::leader", "--exact", "--nocapture"])
        .env("TEST_LEADER_RUNS", stage.run.path().parent().unwrap())
        .env("ADMIN_TOKEN", "secret")
        .env("HOLDPOINT_CONFIG", "x")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(leader.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("started")));
    stage.ready();
    leader.kill().unwrap();
    leader.wait().unwrap();

    let adopted = adopt(&stage.run, &stage.name, 1);
    fs::OpenOptions::new()
        .write(true)
        .open(stage.run.path().join("go"))
        .unwrap();
    assert!(exited(adopted).is_success());

    let environment = fs::read_to_string(stage.run.path().join("env.txt")).unwrap();
    assert!(!environment.contains("secret") && !environment.contains("HOLDPOINT_CONFIG"));
    for line in [
        "FLAVOUR=sour",
        "HOLDPOINT_JOB_ID=j-17",
        "HOLDPOINT_STAGE=script",
        "HOLDPOINT_ATTEMPT=1",
        "HOLDPOINT_NOTES=slower",
    ] {
        assert!(
            environment.lines().any(|other| other == line),
            "{line} in\n{environment}"
        );
    }
    let params: Value = serde_json::from_slice(&fs::read(stage.run.path().join("params.txt")).unwrap()).unwrap();
    assert_eq!(params["beats"], 3);
}

#[test]
fn an_attempt_that_was_never_started_is_lost() {
    let stage = Stage::new();
    assert_eq!(adopt(&stage.run, &stage.name, 4).wait().unwrap(), StageEnd::Lost);
    assert!(end_orphan(&stage.run, &stage.name, 4).unwrap());
}
