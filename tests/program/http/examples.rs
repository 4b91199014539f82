//! `examples/pipelines` as users run them: each waits at its gate, is decided over HTTP, and goes
//! on or ends. An example whose tools are not on this machine is skipped, and the output says so.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::client::{Served, serving};
use crate::support::environment;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_lacks};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pipelines");

pub struct House {
    pub workspace: Workspace,
    pub served: Served,
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
    pub fn new() -> Self {
        let (workspace, served, _) = serving("");
        Self { workspace, served }
    }

    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = command(&self.workspace, program, arguments);
        let url = format!("http://{}", self.served.address);
        command.env("HOLDPOINT_URL", url).env("HOLDPOINT_TOKEN", "pipe-token");
        command
    }

    /// Decides the gate that it opens.
    fn decides(&self, child: &mut Child, job: &str, deed: &str, body: &Value) {
        let ana = self.served.ana();
        let is_waiting = || {
            let open = ana.get("/api/v1/gates").expect(200);
            open.as_array().unwrap().iter().any(|gate| gate["job_id"] == job)
        };
        while !is_waiting() {
            if let Some(status) = child.try_wait().unwrap() {
                let mut text = String::new();
                child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                panic!("it ended without a gate: {status} {text}");
            }
        }
        ana.post(&format!("/api/v1/jobs/{job}/{deed}"), body).expect(200);
    }

    /// Runs it and decides the gate that it opens.
    pub fn decided(&self, mut command: Command, job: &str, deed: &str, body: &Value) -> Output {
        let mut child = command.spawn().unwrap();
        self.decides(&mut child, job, deed, body);
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

pub fn said(output: &Output) -> String {
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
pub fn patched() -> Value {
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

/// What a YAML file says, read by a program of its own; none: there is no interpreter for it here.
fn yaml(example: &str) -> Option<Value> {
    let python = python();
    if !has(
        example,
        &[JQ, CURL, &["bash", "--version"], &[&python, "-c", "import yaml"]],
    ) {
        return None;
    }
    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let path = format!("{}/{example}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).args(["-c", read, &path]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The script of the CI examples, where they look for it.
const HOLD_POINT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/ci/hold-point.sh");

impl House {
    /// Runs a step as a CI system does, in a shell that ends at the first fault.
    fn step(&self, script: &str, variables: &[(&str, &str)]) -> Command {
        self.workspace
            .write("ci/hold-point.sh", std::fs::read_to_string(HOLD_POINT).unwrap());
        let mut command = self.command("bash", &["-e", "-o", "pipefail", "-c", script]);
        command.envs(variables.iter().copied());
        command
    }

    /// The three steps of an example: what is planned is held, and what comes back is deployed. Then a hold point that is rejected.
    #[track_caller]
    fn plans_holds_and_deploys(
        &self,
        [plan, hold, deploy]: [&str; 3],
        job: &str,
        variables: &[(&str, &str)],
        next: &str,
    ) {
        let run = |script: &str| {
            let output = self.step(script, variables).output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            said(&output)
        };
        run(plan);
        let held = self.decided(self.step(hold, variables), job, "approve", &patched());
        assert!(held.status.success(), "{}", said(&held));
        assert_contains(&said(&held), "approved by ana: slowly");
        assert_contains(&run(deploy), AS_DECIDED);
        self.is(job, "completed");
        run(plan);
        let hold = hold.replace(job, next);
        let rejected = self.ends(
            self.step(&hold, variables),
            next,
            Some(3),
            &json!({"stage": "release", "notes": "no"}),
        );
        assert_contains(&rejected, "rejected by ana: no");
        assert_eq!(
            self.workspace.read("plan.txt"),
            "migrate the database\nrestart the workers\n"
        );
    }
}

fn lines(script: &Value) -> String {
    let lines = script.as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_jobs_of_a_gitlab_pipeline_hold_and_go_on() {
    let Some(pipeline) = yaml("examples/pipelines/gitlab-ci.yml") else {
        return;
    };
    let house = House::new();
    let script = |job: &str| lines(&pipeline[job]["script"]).replace("$CI_PIPELINE_ID", "7");
    let variables = [
        ("CI_PROJECT_NAME", "shop"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("GITLAB_USER_LOGIN", "lea"),
        ("CI_PIPELINE_URL", "https://gitlab.example/7"),
    ];
    let (plan, hold, deploy) = (script("plan"), script("hold"), script("deploy"));
    house.plans_holds_and_deploys([&plan, &hold, &deploy], "gitlab-7", &variables, "gitlab-8");
    let gate = &house.served.ana().job("gitlab-8", "/gates/status")["gates"][0];
    assert_eq!(gate["context"]["title"], "shop main");
    assert_eq!(gate["context"]["links"][0]["url"], "https://gitlab.example/7");
}

#[test]
fn the_stages_of_a_jenkins_pipeline_hold_and_go_on() {
    if !has("Jenkinsfile", &[JQ, CURL, &["bash", "--version"]]) {
        return;
    }
    let text = std::fs::read_to_string(format!("{EXAMPLES}/Jenkinsfile")).unwrap();
    let count = |character: char| text.matches(character).count();
    assert_eq!(count('{'), count('}'), "every block of Groovy ends");
    // Groovy reads backslashes in such a text, too.
    let steps = text.split("'''").skip(1).step_by(2);
    let steps: Vec<_> = steps
        .map(|step| step.replace("\\\\", "\\").replace("$BUILD_TAG", "jenkins-shop-7"))
        .collect();
    let [plan, hold, deploy] = &steps[..] else {
        panic!("three steps: {steps:?}");
    };
    let variables = [("JOB_NAME", "shop"), ("BUILD_URL", "https://jenkins.example/7")];
    let house = House::new();
    house.plans_holds_and_deploys([plan, hold, deploy], "jenkins-shop-7", &variables, "jenkins-shop-8");
    // As Jenkins calls the build of a branch in a folder.
    let branch = hold.replace("jenkins-shop-7", "jenkins-shop-a%2Fb 1-9");
    house.ends(
        house.step(&branch, &variables),
        "jenkins-shop-a-2Fb-1-9",
        Some(3),
        &release(),
    );
}

#[test]
fn the_templates_of_an_argo_workflow_hold_and_go_on() {
    let Some(workflow) = yaml("examples/pipelines/argo-workflow.yml") else {
        return;
    };
    let templates = workflow["spec"]["templates"].as_array().unwrap();
    let house = House::new();
    let place = house.workspace.root().display().to_string();
    let source = |name: &str| {
        let template = templates.iter().find(|template| template["name"] == name).unwrap();
        let source = template["script"]["source"].as_str().unwrap();
        let source = source.replace("{{workflow.name}}", "release-x7");
        source
            .replace("/tmp/", &format!("{place}/"))
            .replace("/hold-point/", "ci/")
    };
    let named = templates
        .iter()
        .flat_map(|template| template["steps"].as_array().cloned().unwrap_or_default());
    for step in named {
        source(step[0]["template"].as_str().unwrap());
    }
    let (plan, hold, deploy) = (source("plan"), source("hold"), source("deploy"));
    house.plans_holds_and_deploys([&plan, &hold, &deploy], "release-x7", &[], "release-x8");
}

#[test]
fn the_github_action_gives_its_inputs_to_the_script_and_says_who_decided() {
    let Some(action) = yaml("contrib/github-action/action.yml") else {
        return;
    };
    let house = House::new();
    let step = &action["runs"]["steps"][0];
    let script = step["run"].as_str().unwrap();
    assert!(!script.contains("${{"), "an input in the text of a script would be run");
    let root = house.workspace.root();
    let inputs = |job: &'static str| {
        move |name: &str| match name {
            "inputs.job" => job,
            "inputs.stage" => "release",
            "inputs.file" => "plan.txt",
            "inputs.title" => "ship $(touch evil)",
            "inputs.complete" => "true",
            _ => "",
        }
    };
    let command = |job: &'static str| {
        let mut command = house.step(script, &[]);
        for (name, value) in step["env"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            // The address and the token are the house's.
            let Some(expression) = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
                command.env(name, "https://github.example/run");
                continue;
            };
            if let Some(input) = expression.strip_prefix("inputs.") {
                assert!(action["inputs"].get(input).is_some(), "there is no input {input}");
            }
            if !matches!(name.as_str(), "HOLDPOINT_URL" | "HOLDPOINT_TOKEN") {
                command.env(name, inputs(job)(expression));
            }
        }
        command
            .env(
                "GITHUB_ACTION_PATH",
                concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/github-action"),
            )
            .env("GITHUB_RUN_ID", "7")
            .env("GITHUB_RUN_ATTEMPT", "1")
            .env("RUNNER_TEMP", root)
            .env("GITHUB_OUTPUT", root.join("output"))
            .env("GITHUB_STEP_SUMMARY", root.join("summary.md"));
        command
    };
    house
        .workspace
        .write("plan.txt", "migrate the database\nrestart the workers\n");
    house.ends(
        command(""),
        "gha-7-1",
        Some(3),
        &json!({"stage": "release", "notes": "not today"}),
    );
    let output = house.decided(command("ship-1"), "ship-1", "approve", &patched());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(house.workspace.read("plan.txt"), AS_DECIDED);
    assert_eq!(
        house.workspace.read("summary.md"),
        "ana: rejected not today\nana: approved slowly\n"
    );
    assert_eq!(
        house.workspace.read("output"),
        "job=gha-7-1\nby=ana\napproved=false\njob=ship-1\nby=ana\napproved=true\n"
    );
    house.is("ship-1", "completed");
    assert!(!house.workspace.exists("evil"));
}

#[test]
fn a_pipeline_that_is_canceled_takes_its_gate_back_and_one_that_runs_again_goes_on_with_it() {
    if !has("hold-point.sh", &[JQ, CURL]) {
        return;
    }
    let house = House::new();
    house.workspace.write("plan.txt", "one\n");
    // Once it says that it waits, it knows what to take back.
    let waiting = || {
        let mut command = house.command("sh", &[HOLD_POINT, "wait", "s-1", "release", "plan.txt"]);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_contains(&line, "s-1 / release #1 waits for a decision");
        child
    };
    let mut killed = waiting();
    killed.kill().unwrap();
    killed.wait().unwrap();
    // The same bytes: the same gate.
    let child = waiting();
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let gate = &house.served.ana().job("s-1", "/gates/status")["gates"][0];
    assert_eq!(gate["state"], "canceled");
    assert_eq!(house.workspace.count_events("s-1", "gate_opened"), 1);
}

/// Runs an example of a Python framework, which leaves its things in the workspace.
fn framework(house: &House, python: &str, arguments: &[&str]) -> Command {
    let mut command = house.command(python, arguments);
    let root = house.workspace.root();
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PREFECT_HOME", root.join("prefect"))
        .env("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        // Its server starts with it, and takes its time on a machine that has other work.
        .env("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
        .env("DAGSTER_HOME", root)
        .env("DAGSTER_DISABLE_TELEMETRY", "1");
    command
}

#[test]
fn a_prefect_flow_waits_and_does_not_try_a_rejection_again() {
    let python = python();
    // By `env`: where the interpreter may not be missing, Prefect still may. It takes too long for .ci/run.
    if !has("prefect_holdpoint.py", &[&["env", &python, "-c", "import prefect"]]) {
        return;
    }
    let house = House::new();
    // Both in one process: each starts a server of Prefect's, which takes 20 s.
    let both = "from prefect_holdpoint import release; release('f-1'); release('f-2')";
    let mut command = framework(&house, &python, &["-c", both]);
    let mut child = command.env("PYTHONPATH", EXAMPLES).spawn().unwrap();
    house.decides(&mut child, "f-1", "approve", &patched());
    house.decides(&mut child, "f-2", "reject", &release());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    assert_contains(&said(&output), AS_DECIDED);
    assert_contains(&said(&output), "rejected by ana");
    house.is("f-1", "completed");
    assert_eq!(house.workspace.count_events("f-2", "gate_opened"), 1);
}

#[test]
fn a_dagster_job_waits_and_does_not_try_a_rejection_again() {
    let python = python();
    if !has("dagster_holdpoint.py", &[&[&python, "-c", "import dagster"]]) {
        return;
    }
    let house = House::new();
    house.workspace.write("dagster.yaml", "telemetry: {enabled: false}\n");
    let file = format!("{EXAMPLES}/dagster_holdpoint.py");
    let command = |job: &str| framework(&house, &python, &[&file, job]);
    house.goes_on(command("d-1"), "d-1");
    house.is("d-1", "completed");
    assert_contains(
        &house.ends(command("d-2"), "d-2", Some(1), &release()),
        "rejected by ana",
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
