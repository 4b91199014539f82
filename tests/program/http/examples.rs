//! `examples/pipelines` as users run them: each waits at its gate, is decided over HTTP, and goes
//! on or ends. An example whose tools are not on this machine is skipped, and the output says so.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::client::{Served, serving};
use crate::support::environment;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_lacks};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pipelines");

struct House {
    workspace: Workspace,
    served: Served,
}

/// A program as a user of the workspace runs it, who has this holdpoint on the path.
pub fn command(workspace: &Workspace, program: &str, arguments: &[&str]) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_holdpoint")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace.root()).env_clear();
    command.envs(environment::clean(workspace.root())).env("PATH", path);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl House {
    fn new() -> Self {
        let (workspace, served, _) = serving("");
        Self { workspace, served }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = command(&self.workspace, program, arguments);
        let url = format!("http://{}", self.served.address);
        command.env("HOLDPOINT_URL", url).env("HOLDPOINT_TOKEN", "pipe-token");
        command
    }

    /// Runs it and decides the gate that it opens.
    fn decided(&self, mut command: Command, job: &str, deed: &str, body: &Value) -> Output {
        let mut child = command.spawn().unwrap();
        let ana = self.served.ana();
        let is_waiting = || {
            let open = ana.get("/api/v1/gates").expect(200);
            open.as_array().unwrap().iter().any(|gate| gate["job_id"] == job)
        };
        while !is_waiting() {
            if child.try_wait().unwrap().is_some() {
                panic!("it ended without a gate: {}", said(&child.wait_with_output().unwrap()));
            }
        }
        ana.post(&format!("/api/v1/jobs/{job}/{deed}"), body).expect(200);
        child.wait_with_output().unwrap()
    }
}

impl House {
    /// An approval lets it go on with the bytes as they were decided.
    #[track_caller]
    fn goes_on(&self, command: Command, job: &str) -> String {
        let output = self.decided(command, job, "approve", &patched());
        assert!(output.status.success(), "{}", said(&output));
        assert_contains(&said(&output), AS_DECIDED);
        said(&output)
    }

    /// A rejection ends it, with this code where one is promised.
    #[track_caller]
    fn ends(&self, command: Command, job: &str, code: Option<i32>, body: &Value) -> String {
        let output = self.decided(command, job, "reject", body);
        let is_as_told = code.is_none_or(|code| output.status.code() == Some(code));
        assert!(!output.status.success() && is_as_told, "{}", said(&output));
        said(&output)
    }

    #[track_caller]
    fn is(&self, job: &str, status: &str) {
        assert_eq!(self.served.ana().job(job, "")["status"], status, "{job}");
    }
}

fn release() -> Value {
    json!({"stage": "release"})
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The interpreter that has the packages of .ci/run.
pub fn python() -> String {
    std::env::var("HOLDPOINT_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether all of these can be run here; says so when not. What `HOLDPOINT_TEST_NEEDS` names may
/// not be missing: .ci/run sees to that.
pub fn has(example: &str, checks: &[&[&str]]) -> bool {
    for check in checks {
        let run = Command::new(check[0])
            .args(&check[1..])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !run.is_ok_and(|status| status.success()) {
            let needed = std::env::var("HOLDPOINT_TEST_NEEDS").unwrap_or_default();
            assert!(
                !needed.split(' ').any(|tool| tool == check[0]),
                "{example}: {} does not run here",
                check.join(" ")
            );
            println!("SKIPPED {example}: {} does not run here", check.join(" "));
            return false;
        }
    }
    true
}

const JQ: &[&str] = &["jq", "--version"];
const CURL: &[&str] = &["curl", "--version"];

/// An approval that changes what is released.
fn patched() -> Value {
    let replacements = json!([{"old": "restart the workers", "new": "restart the workers one by one"}]);
    json!({"stage": "release", "notes": "slowly", "patch": {"type": "text_replace", "replacements": replacements}})
}

const AS_DECIDED: &str = "migrate the database\nrestart the workers one by one\n";

#[test]
fn a_shell_pipeline_goes_on_with_the_bytes_as_decided_and_ends_when_rejected() {
    if !has("release.sh", &[JQ]) {
        return;
    }
    let house = House::new();
    let command = |job: &str| house.command("sh", &[&format!("{EXAMPLES}/release.sh"), job]);
    assert_contains(&house.goes_on(command("r-1"), "r-1"), "as ana decided");
    house.is("r-1", "completed");
    assert_lacks(&house.ends(command("r-2"), "r-2", Some(3), &release()), "releasing");
}

#[test]
fn the_same_with_curl_from_any_machine() {
    if !has("release-curl.sh", &[JQ, CURL]) {
        return;
    }
    let house = House::new();
    let command = |job: &str| house.command("sh", &[&format!("{EXAMPLES}/release-curl.sh"), job]);
    house.goes_on(command("c-1"), "c-1");
    house.is("c-1", "completed");
    house.ends(command("c-2"), "c-2", Some(3), &release());
}

#[test]
fn a_makefile_releases_only_what_was_approved() {
    if !has("Makefile", &[JQ, &["make", "--version"]]) {
        return;
    }
    let house = House::new();
    let file = format!("{EXAMPLES}/Makefile");
    let make = |job: &str| house.command("make", &["-f", &file, &format!("JOB={job}"), "deploy"]);
    house.ends(make("m-1"), "m-1", None, &release());
    assert!(!house.workspace.exists("released-m-1.txt"));
    house.goes_on(make("m-2"), "m-2");
    house.is("m-2", "completed");
    // Somebody has to say what becomes of a rejected one.
    house.is("m-1", "paused");
    // What one job released is no release for the next.
    house.ends(make("m-3"), "m-3", None, &release());
}

/// The script of a step, as the runner gets it.
fn step(name: &str) -> String {
    let text = std::fs::read_to_string(format!("{EXAMPLES}/github-actions.yml")).unwrap();
    let after = text.split(&format!("- name: {name}\n")).nth(1).unwrap();
    let block = after.split("run: |\n").nth(1).unwrap();
    let lines = block
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("          "));
    lines
        .map(|line| line.strip_prefix("          ").unwrap_or_default().to_owned() + "\n")
        .collect()
}

#[test]
fn the_step_of_a_github_action_waits_and_says_who_decided() {
    if !has("github-actions.yml", &[JQ, CURL, &["bash", "--version"]]) {
        return;
    }
    let house = House::new();
    house.workspace.write("step.sh", step("Hold point"));
    house
        .workspace
        .write("plan.txt", "migrate the database\nrestart the workers\n");
    let command = |run: &str| {
        let mut command = house.command("bash", &["-e", "-o", "pipefail", "step.sh"]);
        let summary = house.workspace.root().join("summary.md");
        command
            .env("GITHUB_RUN_ID", run)
            .env("GITHUB_RUN_ATTEMPT", "1")
            .env("GITHUB_STEP_SUMMARY", summary);
        command
    };
    house.ends(
        command("7"),
        "gha-7-1",
        Some(1),
        &json!({"stage": "release", "notes": "not today"}),
    );
    let output = house.decided(command("8"), "gha-8-1", "approve", &patched());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(house.workspace.read("plan.txt"), AS_DECIDED);
    assert_eq!(
        house.workspace.read("summary.md"),
        "ana: rejected not today\nana: approved slowly\n"
    );
}

#[test]
fn a_python_script_with_requests() {
    let python = python();
    if !has("release.py", &[&[&python, "-c", "import requests"]]) {
        return;
    }
    let house = House::new();
    let command = |job: &str| house.command(&python, &[&format!("{EXAMPLES}/release.py"), job]);
    house.goes_on(command("p-1"), "p-1");
    house.is("p-1", "completed");
    assert_contains(&house.ends(command("p-2"), "p-2", None, &release()), "rejected by ana");
}

const SENSOR: &str = "import logging\nclass BaseSensorOperator:\n    def __init__(self, *, task_id, mode): self.mode, self.log = mode, logging.getLogger()\n";

/// A task of the example that looks until somebody has decided, as the scheduler makes it look.
const DAG: &str = "import sys, time\nfrom airflow_holdpoint import HoldPoint\nclass Ti:\n    def xcom_push(self, key, value): print(value, end='')\n\
                   task = HoldPoint(task_id='release', job=sys.argv[1], stage='release', name='plan.txt',\n    \
                   content='migrate the database\\nrestart the workers\\n')\n\
                   while not task.poke({'ti': Ti()}): time.sleep(0.1)\n";

/// Approves one of its gates and rejects another.
fn looks_until_somebody_has_decided(house: &House, python: &str) {
    house.workspace.write("dag.py", DAG);
    let command = |job: &str| {
        // What Airflow will take away says so while the example is read.
        let mut command = house.command(python, &["-W", "error:::airflow_holdpoint", "dag.py", job]);
        command
            .env("PYTHONPATH", EXAMPLES)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AIRFLOW_HOME", house.workspace.root().join("airflow-home"));
        command
    };
    house.goes_on(command("a-1"), "a-1");
    let said = house.ends(command("a-2"), "a-2", None, &json!({"stage": "release", "notes": "no"}));
    assert_contains(&said, "rejected by ana: no");
}

/// Airflow itself is 200 MB: what the operator uses of it stands in for it, the rest is the real
/// thing.
#[test]
fn an_airflow_operator_looks_until_somebody_has_decided() {
    if !has("airflow_holdpoint.py", &[&["python3", "--version"]]) {
        return;
    }
    // Airflow 3 has the sensor in its SDK, Airflow 2 among the sensors.
    for (folder, module) in [("airflow/sdk", "__init__"), ("airflow/sensors", "base")] {
        let house = House::new();
        house.workspace.write("airflow/__init__.py", "");
        house
            .workspace
            .write("airflow/exceptions.py", "class AirflowException(Exception): pass\n");
        house.workspace.write(&format!("{folder}/__init__.py"), "");
        house.workspace.write(&format!("{folder}/{module}.py"), SENSOR);
        looks_until_somebody_has_decided(&house, "python3");
    }
}

/// The same with the real one, where the interpreter of the examples has it.
#[test]
fn the_airflow_that_is_installed_takes_the_operator() {
    let python = python();
    if has("airflow_holdpoint.py", &[&[&python, "-c", "import airflow.sdk"]]) {
        looks_until_somebody_has_decided(&House::new(), &python);
    }
}

#[test]
fn the_systemd_unit_is_one() {
    if !has("holdpoint.service", &[&["systemd-analyze", "--version"]]) {
        return;
    }
    let house = House::new();
    let unit = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/contrib/systemd/holdpoint.service"
    ))
    .unwrap();
    // The binary is not installed on this machine; everything else is as it is.
    house.workspace.write(
        "holdpoint.service",
        unit.replace("/usr/local/bin/holdpoint", "/bin/true"),
    );
    let verified = house
        .command("systemd-analyze", &["verify", "./holdpoint.service"])
        .output()
        .unwrap();
    let faults = String::from_utf8_lossy(&verified.stderr).into_owned();
    let is_ours = |line: &&str| line.contains("holdpoint.service");
    assert_eq!(
        faults.lines().filter(is_ours).collect::<Vec<_>>(),
        Vec::<&str>::new(),
        "{faults}"
    );
}
