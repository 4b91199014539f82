//! The OpenAPI document as tools read it: names that are unique, and nothing that a validator
//! finds.

use std::process::Command;

use super::examples::{has, python};
use crate::support::client::serving;
use crate::support::run::printed;
use crate::support::said::assert_contains;

/// Prints every fault that the validator finds.
const VALIDATE: &str = "import json, sys\nfrom openapi_spec_validator import OpenAPIV31SpecValidator\n\
                        for fault in OpenAPIV31SpecValidator(json.load(open(sys.argv[1]))).iter_errors(): print(fault)\n";

#[test]
fn operations_have_names_of_their_own() {
    let (_workspace, _served, ana) = serving("");
    let document = ana.get("/openapi.json").expect(200);
    let mut names = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str();
            names.push(
                name.unwrap_or_else(|| panic!("{method} {path} has no operationId"))
                    .to_owned(),
            );
        }
    }
    assert!(names.len() > 25, "{names:?}");
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_validator_finds_nothing() {
    let python = python();
    if !has("openapi.json", &[&[&python, "-c", "import openapi_spec_validator"]]) {
        return;
    }
    let (workspace, _served, ana) = serving("");
    let document = ana.get("/openapi.json");
    let validate = |text: &[u8]| {
        workspace.write("openapi.json", text);
        let mut command = Command::new(&python);
        let output = command
            .args(["-c", VALIDATE, "openapi.json"])
            .current_dir(workspace.root())
            .output()
            .unwrap();
        let faults = printed(&output);
        (output.status.success(), faults)
    };
    assert_eq!(validate(&document.body), (true, String::new()));
    // It would find a name that is there twice.
    let spoiled = String::from_utf8(document.body)
        .unwrap()
        .replace("\"list_jobs\"", "\"list_gates\"");
    let (_, faults) = validate(spoiled.as_bytes());
    assert_contains(&faults, "list_gates");
}
