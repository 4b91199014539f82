//! The leader's side: writes what to run, and starts the supervisor with its lock already held.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value};

use super::environment::{CommandText, added, is_withheld};
use super::wait::Supervised;
use super::{CANCEL, FAMILY, LOCK, PARAMS, PID, SPEC, SUBCOMMAND, Spec, StageFiles};
use domain::comment::Comment;
use domain::ids::StageName;
use domain::stage::StageSpec;

use crate::error::{Doing, Result, RunsError};
use crate::layout::{LOGS, RunDir, STAGE, log_file};
use crate::locks;

/// One execution of a stage.
#[derive(Debug, Clone)]
pub struct StageLaunch<'a> {
    /// What to run, as frozen into the job.
    pub stage: &'a StageSpec,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The job's parameters.
    pub params: &'a Map<String, Value>,
    /// What the operator said when the former attempt was rejected.
    pub notes: Option<&'a str>,
    /// What they said about lines.
    pub comments: &'a [Comment],
    /// The patch that came with it.
    pub patch: Option<&'a Value>,
    /// The executable that knows `__stage`: [`own_program`], but for tests.
    pub program: PathBuf,
}

/// This very executable, also after its file was replaced by an upgrade: a supervisor speaks the
/// same version as its leader.
pub fn own_program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

fn json_file(files: &StageFiles, path: &Path, value: &impl serde::Serialize, run: &RunDir) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(value).doing("create", path)?;
    files.write(path, &bytes, run.modes())
}

/// The run directory from the root. Only the way to the runs directory may lead through links, and
/// is looked at here: whoever gets this path follows none below it.
fn absolute(run: &RunDir) -> Result<PathBuf> {
    let runs = run.base();
    let runs = fs::canonicalize(if runs.as_os_str().is_empty() {
        Path::new(".")
    } else {
        runs
    })
    .doing("examine", runs)?;
    Ok(runs.join(run.job_id().as_str()))
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| RunsError::refused("use", path, "its path is not UTF-8 text"))
}

/// The attempt before this one whose supervisor, or a process of its family, still lives on this
/// host, as where the others took it for gone; none: there is none.
pub fn former_alive(run: &RunDir, stage: &StageName, attempt: u32) -> Result<Option<u32>> {
    for former in 1..attempt {
        let files = StageFiles::new(run, stage, former);
        if locks::is_held(&files.lock())? || locks::is_held(&files.family())? {
            return Ok(Some(former));
        }
    }
    Ok(None)
}

/// Starts a supervisor for this attempt. Refused while a former supervisor or a process of its
/// family lives, of this attempt or of one before, and when the attempt has already ended;
/// otherwise what a former try left is replaced.
pub fn start(run: &RunDir, launch: &StageLaunch<'_>) -> Result<Supervised> {
    let stage = &launch.stage.name;
    if let Some(attempt) = former_alive(run, stage, launch.attempt)? {
        let former = StageFiles::new(run, stage, attempt);
        let why = format!("attempt {attempt} still runs here");
        return Err(RunsError::refused("start", &former.lock(), why));
    }
    let files = StageFiles::new(run, stage, launch.attempt);
    let own = run.place(STAGE)?;
    let logs = run.place(LOGS)?;

    let lock_path = files.lock();
    let lock = own.append(&files.name_of(LOCK))?;
    if !locks::try_take(&lock, &lock_path)? {
        return Err(RunsError::refused(
            "start",
            &lock_path,
            "its supervisor is already running",
        ));
    }
    if files.exit().exists() {
        return Err(RunsError::refused(
            "start",
            &lock_path,
            "this attempt has already ended",
        ));
    }
    // Made here, so that a full disk is this call's error and not a lost supervisor.
    own.append(&files.name_of(FAMILY))?;
    if locks::is_held(&files.family())? {
        return Err(RunsError::refused(
            "start",
            &files.family(),
            "processes of its former supervisor are still running",
        ));
    }
    logs.append(&log_file(stage, launch.attempt))?;
    for stale in [PID, CANCEL] {
        own.remove(&files.name_of(stale))?;
    }
    write_spec(run, launch, &files)?;
    fault::point("spec_written");

    let spec_path = absolute(run)?.join(STAGE).join(files.name_of(SPEC));
    let mut command = Command::new(&launch.program);
    command
        .arg0("holdpoint")
        .arg(SUBCOMMAND)
        .arg(spec_path)
        .stdin(Stdio::from(lock))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Withheld already here: what a process is started with can be read in /proc as long as it
    // lives.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| is_withheld(name) && !fault::is_ours(name))
        {
            command.env_remove(name);
        }
    }
    let child = command.spawn().doing("start the supervisor", &files.spec())?;
    // `command` is dropped on return and with it our copy of the lock: the supervisor's standard
    // input is the only one left.
    Ok(Supervised::ours(files, child))
}

fn write_spec(run: &RunDir, launch: &StageLaunch<'_>, files: &StageFiles) -> Result<()> {
    let run_dir = absolute(run)?;
    let directory = text(&run_dir.join(STAGE))?;
    let beside = |what: &str| format!("{directory}/{}", files.name_of(what));
    json_file(files, &files.file(PARAMS), launch.params, run)?;
    let mut job = vec![
        ("JOB_ID", run.job_id().to_string()),
        ("STAGE", launch.stage.name.to_string()),
        ("ATTEMPT", launch.attempt.to_string()),
        ("RUN_DIR", text(&run_dir)?),
        ("PARAMS", beside(PARAMS)),
    ];
    if !launch.comments.is_empty() {
        let what = "comments.json";
        json_file(files, &files.file(what), &launch.comments, run)?;
        job.push(("COMMENTS", beside(what)));
    }
    let patch = launch.patch.map(Value::to_string);
    let mut told = Vec::new();
    for (name, text, what) in [
        ("NOTES", launch.notes, "notes.txt"),
        ("PATCH", patch.as_deref(), "patch.json"),
    ] {
        if let Some(text) = text {
            files.write(&files.file(what), text.as_bytes(), run.modes())?;
            let file = beside(what);
            told.push(CommandText { name, text, file });
        }
    }
    let spec = Spec {
        job_id: run.job_id().to_string(),
        stage: StageName::clone(&launch.stage.name),
        attempt: launch.attempt,
        argv: launch.stage.command.clone(),
        env: added(&launch.stage.env, &job, &told),
        timeout_s: launch.stage.timeout_s,
        run_dir,
        group: run.modes().group,
    };
    json_file(files, &files.spec(), &spec, run)
}
