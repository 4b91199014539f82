//! `examples/pipelines` as users run them: each waits at its gate, is decided over HTTP, and goes
//! on or ends. An example whose tools are not on this machine is skipped, and the output says so.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::client::{Served, configuration};
use crate::support::environment;
use crate::support::run::Workspace;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pipelines");

struct House {
    workspace: Workspace,
    served: Served,
}

impl House {
    fn new() -> Self {
        let workspace = Workspace::new(&configuration(""));
        let served = Served::start(&workspace);
        Self { workspace, served }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let own = Path::new(env!("CARGO_BIN_EXE_holdpoint")).parent().unwrap();
        let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.workspace.root())
            .env_clear()
            .envs(environment::clean(self.workspace.root()))
            .env("PATH", path)
            .env("HOLDPOINT_URL", format!("http://{}", self.served.address))
            .env("HOLDPOINT_TOKEN", "pipe-token")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
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

fn status(house: &House, job: &str) -> Value {
    house.served.ana().get(&format!("/api/v1/jobs/{job}")).expect(200)["status"].clone()
}

#[test]
fn a_shell_pipeline_goes_on_with_the_bytes_as_decided_and_ends_when_rejected() {
    if !has("release.sh", &[JQ]) {
        return;
    }
    let house = House::new();
    let script = format!("{EXAMPLES}/release.sh");
    let output = house.decided(house.command("sh", &[&script, "r-1"]), "r-1", "approve", &patched());
    assert!(
        output.status.success() && said(&output).contains(AS_DECIDED),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("as ana decided"));
    assert_eq!(status(&house, "r-1"), "completed");
    let output = house.decided(
        house.command("sh", &[&script, "r-2"]),
        "r-2",
        "reject",
        &json!({"stage": "release"}),
    );
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(!said(&output).contains("releasing"));
}

#[test]
fn the_same_with_curl_from_any_machine() {
    if !has("release-curl.sh", &[JQ, CURL]) {
        return;
    }
    let house = House::new();
    let script = format!("{EXAMPLES}/release-curl.sh");
    let output = house.decided(house.command("sh", &[&script, "c-1"]), "c-1", "approve", &patched());
    assert!(
        output.status.success() && said(&output).contains(AS_DECIDED),
        "{}",
        said(&output)
    );
    assert_eq!(status(&house, "c-1"), "completed");
    let output = house.decided(
        house.command("sh", &[&script, "c-2"]),
        "c-2",
        "reject",
        &json!({"stage": "release"}),
    );
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
}

#[test]
fn a_makefile_releases_only_what_was_approved() {
    if !has("Makefile", &[JQ, &["make", "--version"]]) {
        return;
    }
    let house = House::new();
    let file = format!("{EXAMPLES}/Makefile");
    let make = |job: &str| house.command("make", &["-f", &file, &format!("JOB={job}"), "deploy"]);
    let output = house.decided(make("m-1"), "m-1", "reject", &json!({"stage": "release"}));
    assert!(!output.status.success(), "{}", said(&output));
    assert!(!house.workspace.exists("released-m-1.txt"));
    let output = house.decided(make("m-2"), "m-2", "approve", &patched());
    assert!(
        output.status.success() && said(&output).contains(AS_DECIDED),
        "{}",
        said(&output)
    );
    assert_eq!(status(&house, "m-2"), "completed");
    assert_eq!(
        status(&house, "m-1"),
        "paused",
        "somebody has to say what becomes of a rejected one"
    );
    // What one job released is no release for the next.
    let output = house.decided(make("m-3"), "m-3", "reject", &json!({"stage": "release"}));
    assert!(!output.status.success(), "{}", said(&output));
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
    let output = house.decided(
        command("7"),
        "gha-7-1",
        "reject",
        &json!({"stage": "release", "notes": "not today"}),
    );
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
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
    let script = format!("{EXAMPLES}/release.py");
    let output = house.decided(house.command(&python, &[&script, "p-1"]), "p-1", "approve", &patched());
    assert!(
        output.status.success() && said(&output).contains(AS_DECIDED),
        "{}",
        said(&output)
    );
    assert_eq!(status(&house, "p-1"), "completed");
    let output = house.decided(
        house.command(&python, &[&script, "p-2"]),
        "p-2",
        "reject",
        &json!({"stage": "release"}),
    );
    assert!(
        said(&output).contains("rejected by ana") && !output.status.success(),
        "{}",
        said(&output)
    );
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
    let output = house.decided(command("a-1"), "a-1", "approve", &patched());
    assert!(
        output.status.success() && said(&output).contains(AS_DECIDED),
        "{}",
        said(&output)
    );
    let output = house.decided(
        command("a-2"),
        "a-2",
        "reject",
        &json!({"stage": "release", "notes": "no"}),
    );
    assert!(
        said(&output).contains("rejected by ana: no") && !output.status.success(),
        "{}",
        said(&output)
    );
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
