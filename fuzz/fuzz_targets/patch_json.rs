//! JSON patches on JSON documents: what comes out is JSON, and a document that was touched nowhere keeps its bytes.
#![no_main]

use arbitrary::Arbitrary;
use patch::Patch;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Op {
    op: u8,
    path: String,
    from: String,
    value: String,
}

#[derive(Arbitrary, Debug)]
struct Input {
    document: String,
    ops: Vec<Op>,
    merge: Option<String>,
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fuzz_target!(|input: Input| {
    let patch = match &input.merge {
        Some(merge) => json!({ "type": "merge_patch", "merge": value(merge) }),
        None => {
            let ops: Vec<Value> = input
                .ops
                .iter()
                .map(|op| match op.op % 6 {
                    0 => json!({ "op": "add", "path": op.path, "value": value(&op.value) }),
                    1 => json!({ "op": "remove", "path": op.path }),
                    2 => json!({ "op": "replace", "path": op.path, "value": value(&op.value) }),
                    3 => json!({ "op": "move", "from": op.from, "path": op.path }),
                    4 => json!({ "op": "copy", "from": op.from, "path": op.path }),
                    _ => json!({ "op": "test", "path": op.path, "value": value(&op.value) }),
                })
                .collect();
            json!({ "type": "json_patch", "ops": ops })
        }
    };
    let Ok(patch) = Patch::from_value(patch) else { return };
    let Ok(plan) = patch.plan("artifacts/a/a.json", input.document.as_bytes()) else {
        return;
    };
    let body = plan.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&plan.bytes);
    assert!(
        serde_json::from_slice::<Value>(body).is_ok(),
        "the patched document is JSON"
    );
});
