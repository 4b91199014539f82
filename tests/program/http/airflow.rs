//! `contrib/airflow` in the real Airflow, where the interpreter of the examples has it.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use serde_json::json;

use super::examples::{House, has, patched, python, said};
use crate::support::said::{assert_contains, assert_lacks};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/airflow");

const DAG: &str = r#"
import sys
from airflow.sdk import DAG, task
from holdpoint_airflow import HoldPointOperator

with DAG("nightly", schedule=None) as dag:
    release = HoldPointOperator(
        task_id="release", job="{{ params.job }}", stage="release", name="plan.txt", title="Release of tonight",
        content="migrate the database\nrestart the workers\n", params={"job": "none"})

    @task
    def deploy(plan):
        print("deploying", repr(plan))

    deploy(release.output)

if __name__ == "__main__":
    run = dag.test(run_conf={"job": sys.argv[1]})
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    print("ended:", run.state, "release", states["release"], "deploy", states["deploy"])
"#;

/// What a triggerer does with what it finds in Airflow's database: the class by its name, and its
/// arguments.
const TRIGGERER: &str = r#"
import asyncio, importlib, json, sys
name, arguments = json.loads(sys.argv[1])
module, kind = name.rsplit(".", 1)
trigger = getattr(importlib.import_module(module), kind)(**arguments)
assert list(trigger.serialize()) == [name, arguments], trigger.serialize()

async def run():
    events = trigger.run()
    waits = asyncio.ensure_future(events.__anext__())
    await asyncio.sleep(0)
    print("looking", flush=True)
    print("event:", json.dumps((await waits).payload), flush=True)

asyncio.run(run())
"#;

impl House {
    fn airflow(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&python(), arguments);
        let address = self.served.address;
        let connection = json!({
            "conn_type": "http", "schema": "http", "host": address.ip(), "port": address.port(), "password": "pipe-token",
        });
        command
            .env("AIRFLOW_HOME", self.workspace.root().join("airflow"))
            .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
            .env("AIRFLOW__CORE__DAGS_FOLDER", self.workspace.root().join("dags"))
            .env("AIRFLOW_CONN_HOLDPOINT", connection.to_string())
            .env("PYTHONPATH", FOLDER)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

#[test]
fn an_airflow_task_is_deferred_until_somebody_has_decided() {
    let python = python();
    if !has("contrib/airflow", &[&[&python, "-c", "import airflow.sdk"]]) {
        return;
    }
    let house = House::new();
    house.workspace.write("dags/nightly.py", DAG);
    house.workspace.write("triggerer.py", TRIGGERER);
    let made = house.airflow(&["-m", "airflow", "db", "migrate"]).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));

    let run = |job: &str| house.airflow(&["dags/nightly.py", job]);
    let told = said(&house.decided(run("af-1"), "af-1", "approve", &patched()));
    assert_contains(&told, "new_state=deferred");
    assert_contains(
        &told,
        r"deploying 'migrate the database\nrestart the workers one by one'",
    );
    assert_contains(&told, "ended: success release success deploy success");
    assert_lacks(&told, "pipe-token");

    let no = json!({"stage": "release", "notes": "not today"});
    let told = said(&house.decided(run("af-2"), "af-2", "reject", &no));
    assert_contains(&told, "rejected by ana: not today");
    assert_contains(&told, "ended: failed release failed deploy upstream_failed");

    // Another try of a task goes by the decision that is there, and opens nothing.
    let again = run("af-1").output().unwrap();
    assert_contains(&said(&again), "ended: success release success deploy success");
    assert_eq!(house.workspace.count_events("af-1", "gate_opened"), 1);
    house.goes_on_in_another_triggerer();
}

impl House {
    /// A triggerer is killed while it waits. Another one begins the same, and is told what was decided
    /// meanwhile.
    fn goes_on_in_another_triggerer(&self) {
        self.workspace.write("plan.txt", "restart the workers\n");
        self.workspace.ok("gate open af-3 release --artifact plan=plan.txt");
        let kept = json!([
            "holdpoint_airflow.HoldPointTrigger",
            {"conn_id": "holdpoint", "job": "af-3", "stage": "release", "attempt": 1},
        ])
        .to_string();
        let mut first = self.airflow(&["triggerer.py", &kept]).spawn().unwrap();
        let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
        while lines.next().expect("it looks").unwrap() != "looking" {}
        first.kill().unwrap();
        first.wait().unwrap();
        self.workspace.ok("gate approve af-3 release");
        let second = self.airflow(&["triggerer.py", &kept]).output().unwrap();
        assert_contains(&said(&second), r#"event: {"attempt": 1, "status": 200}"#);
        // It has looked, and done nothing else.
        assert_eq!(self.workspace.count_events("af-3", "gate_approved"), 1);
    }
}
