//! The JSON Schema of the configuration, as editors read it: held against the shipped files and
//! against faults, by a validator.

use std::process::Command;

use serde_json::{Value, json};

use crate::http::examples::{has, python};
use crate::support::run::{Workspace, printed};
use crate::support::said::assert_contains;

/// Prints the faults of each line of standard input, one JSON document a line; an empty line for none.
const VALIDATE: &str = "\
import json, sys
from jsonschema import Draft202012Validator as Validator
schema = json.load(open('schema.json'))
Validator.check_schema(schema)
for line in open('documents'):
    print(' | '.join(fault.message for fault in Validator(schema).iter_errors(json.loads(line))))
";

/// Reads YAML files as an editor does, one JSON document a line.
const YAML: &str = "\
import json, sys, yaml
for path in sys.argv[1:]: print(json.dumps(yaml.safe_load(open(path)), default=str))
";

fn run(workspace: &Workspace, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(python());
    let output = command
        .args(["-c", program])
        .args(args)
        .current_dir(workspace.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What the validator says of each.
fn faults(workspace: &Workspace, documents: &[String]) -> Vec<String> {
    workspace.write("documents", documents.join("\n") + "\n");
    let faults = run(workspace, VALIDATE, &[]);
    faults.lines().map(str::to_owned).collect()
}

#[test]
fn the_shipped_files_fit_the_schema_and_name_it() {
    let python = python();
    if !has("config schema", &[&[&python, "-c", "import jsonschema, yaml"]]) {
        return;
    }
    let workspace = Workspace::without_configuration();
    workspace.write("schema.json", workspace.ok("config schema"));
    let conf = concat!(env!("CARGO_MANIFEST_DIR"), "/conf");
    let shipped = std::fs::read_dir(conf).unwrap().flatten().map(|entry| entry.path());
    let files: Vec<_> = shipped
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "yaml"))
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=./operator.schema.json\n"),
            "{}",
            file.display()
        );
        let read = run(&workspace, YAML, &[&file.display().to_string()]);
        assert_eq!(
            faults(&workspace, &[read.trim().to_owned()]),
            [""],
            "{}",
            file.display()
        );
    }
    let shipped = std::fs::read_to_string(format!("{conf}/operator.schema.json")).unwrap();
    assert_eq!(
        shipped,
        workspace.ok("config schema"),
        "holdpoint config schema > conf/operator.schema.json"
    );
}

#[test]
fn what_the_schema_can_say_is_refused_by_it_as_by_the_program() {
    let python = python();
    if !has("config schema", &[&[&python, "-c", "import jsonschema"]]) {
        return;
    }
    let workspace = Workspace::without_configuration();
    workspace.write("schema.json", workspace.ok("config schema"));
    let gate = |key: &str, value: Value| json!({"gates": {"script": {key: value}}});
    let stage = |key: &str, value: Value| json!({"pipeline": {"stages": [{"name": "script", key: value}]}});
    let good = [
        gate("auto_approve_after_s", json!("1h30m")),
        gate("auto_approve_after_s", json!(null)),
        gate("max_hold_s", json!("45s")),
        gate("remind_before_s", json!([600, "2m"])),
        gate("recall_s", json!("10m")),
        stage("timeout_s", json!("30m")),
        stage("context", json!({"severity": null})),
        json!({"security": {"rate_limiting": true}}),
        json!(null),
    ];
    let bad = [
        gate("required", json!("yes")),
        gate("requird", json!(true)),
        gate("auto_approve_after_s", json!("soon")),
        gate("auto_approve_after_s", json!("30m1h")),
        gate("auto_approve_after_s", json!(1.5)),
        gate("auto_approve_after_s", json!(-30)),
        gate("auto_approve_after_s", json!(400_000_000)),
        gate("max_hold_s", json!(null)),
        gate("on_timeout", json!("pass")),
        gate("remind_before_s", json!([0])),
        gate("recall_s", json!(601)),
        stage("timeout_s", json!(0)),
        stage("command", json!("make")),
        stage("nmae", json!("x")),
        stage("context", json!({"severity": "urgent"})),
        json!({"pipeline": {"max_concurrent_jobs": 0}}),
        json!({"server": {"port": "80"}}),
        json!({"server": {"log_level": "loud"}}),
        json!({"webhooks": [{"name": "w", "urll": "https://a/"}]}),
        json!({"console": {"groups": "yes"}}),
        json!([]),
    ];
    let documents: Vec<_> = good.iter().chain(&bad).map(Value::to_string).collect();
    let said = faults(&workspace, &documents);
    assert_eq!(said.len(), documents.len());
    for (document, said) in documents.iter().zip(&said) {
        workspace.write("conf/operator.yaml", document);
        let output = workspace.cmd(&["config", "check"]).output().unwrap();
        let is_taken = output.status.success();
        assert_eq!(said.is_empty(), is_taken, "{document}: {said}\n{}", printed(&output));
    }
    assert!(said[..good.len()].iter().all(String::is_empty), "{said:?}");
    assert!(said[good.len()..].iter().all(|said| !said.is_empty()), "{said:?}");
    assert_contains(&said[good.len()], "is not of type 'boolean'");
}
