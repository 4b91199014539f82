//! `pipeline.stages`: what runs, in which order, and what comes of it (SPEC §5).

use std::collections::{BTreeMap, HashMap};

use domain::ids::StageName;
use domain::stage::StageSpec;

use super::artifacts;
use super::keys;
use super::node::{Node, Value};
use super::problem::SourcePosition;
use super::reader::{Path, ProblemCollector, Show, quoted};

/// The most stages of a pipeline.
pub(crate) const STAGES_MAX: usize = 100;

/// A stage without a command.
pub(super) fn bare(name: StageName) -> StageSpec {
    StageSpec {
        name,
        command: Vec::new(),
        env: BTreeMap::new(),
        timeout_s: None,
        artifacts: Vec::new(),
    }
}

/// What was used up by earlier stages.
#[derive(Default)]
struct Taken {
    names: HashMap<StageName, SourcePosition>,
    paths: artifacts::Paths,
}

/// Reads the list.
pub(super) fn read(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<Vec<StageSpec>> {
    let hint = "write each stage as `- name: outline`; leave the key out for the nine default stages";
    let items = reader.list(node, path, Show::KindOnly, hint)?;
    if items.is_empty() {
        reader.error(
            node.at,
            path,
            "a pipeline has at least one stage",
            "leave the key out for the nine default stages",
        );
    }
    if items.len() > STAGES_MAX {
        reader.error(
            node.at,
            path,
            format!("{} stages are more than {STAGES_MAX}", items.len()),
            "",
        );
        return None;
    }
    let mut taken = Taken::default();
    let stages = items.iter().enumerate();
    Some(
        stages
            .filter_map(|(index, item)| stage(reader, item, &path.item(index), &mut taken))
            .collect(),
    )
}

fn stage(reader: &mut ProblemCollector, node: &Node, path: &Path, taken: &mut Taken) -> Option<StageSpec> {
    // `- outline` says all there is to say about a bare gate.
    if let Value::Text(_) = node.value {
        return name(reader, node, path, taken).map(bare);
    }
    let Value::Map(entries) = &node.value else {
        reader.error(
            node.at,
            path,
            "this is not a stage",
            "write `name: outline` and what else it has as a mapping",
        );
        return None;
    };
    let errors_before = reader.error_count();
    let (mut stage_name, mut command, mut env, mut timeout_s, mut artifacts) = Default::default();
    let mut has_name = false;
    for entry in entries {
        let (node, key_path) = (&entry.node, path.key(&entry.key));
        match entry.key.as_str() {
            // A second key of the same name was refused before.
            "name" if has_name => {}
            "name" => {
                has_name = true;
                stage_name = name(reader, node, &key_path, taken);
            }
            "command" => command = command_of(reader, node, &key_path),
            "env" => env = env_of(reader, node, &key_path),
            "timeout_s" => timeout_s = timeout_of(reader, node, &key_path),
            "artifacts" => artifacts = artifacts::read(reader, node, &key_path, &mut taken.paths),
            "required" | "auto_approve" | "auto_approve_after_s" | "on_timeout" | "max_hold_s" | "gate" => {
                reader.error(
                    entry.key_at,
                    &key_path,
                    "a stage has no gate in it",
                    "write it under gates, by the stage's name",
                );
            }
            _ => reader.unknown_key(entry, path, "a stage", &keys::under("pipeline.stages[]")),
        }
    }
    if !has_name {
        reader.error(
            node.at,
            path,
            "this stage has no name",
            "add `name:` with 1 to 50 lower-case letters, digits, _ and -",
        );
    }
    if reader.error_count() > errors_before {
        return stage_name.map(bare);
    }
    stage_name.map(|name| StageSpec {
        name,
        command,
        env,
        timeout_s,
        artifacts,
    })
}

fn name(reader: &mut ProblemCollector, node: &Node, path: &Path, taken: &mut Taken) -> Option<StageName> {
    let text = reader.text(node, path, Show::Value)?;
    match StageName::new(text) {
        Ok(name) => {
            if let Some(before) = taken.names.insert(name.clone(), node.at) {
                let message = format!("{name} is the name of the stage in line {} already", before.line);
                reader.error(node.at, path, message, "a stage's name is unique in the pipeline");
            }
            Some(name)
        }
        Err(error) => {
            reader.error(
                node.at,
                path,
                format!("{} is not the name of a stage", quoted(text)),
                error.rule,
            );
            None
        }
    }
}

fn command_of(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Vec<String> {
    let items = match &node.value {
        Value::Null => return Vec::new(),
        Value::List(items) => items,
        Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Map(_) => {
            let message = "a command is a list; no shell is used";
            reader.error(node.at, path, message, list_for(&node.value));
            return Vec::new();
        }
    };
    let words = items.iter().enumerate();
    let command: Vec<String> = words
        .filter_map(|(index, word)| reader.text(word, &path.item(index), Show::Value))
        .map(str::to_owned)
        .collect();
    match items.first() {
        None => {
            let hint = "leave the key out where a stage runs nothing: it is a bare gate then";
            reader.error(node.at, path, "a command names a program", hint);
        }
        Some(Node {
            at,
            value: Value::Text(program),
        }) if program.trim().is_empty() => {
            reader.error(
                *at,
                &path.item(0),
                "the program has no name",
                "the first of the list is the program",
            );
        }
        Some(_) => {}
    }
    command
}

/// The list that a command line comes to, where nothing but spaces divides it.
fn list_for(line: &Value) -> String {
    match line {
        Value::Text(text) if !text.trim().is_empty() && !text.contains(|c| "'\"\\|&;<>()$`*?[]{}#~".contains(c)) => {
            let words: Vec<String> = text.split_whitespace().take(20).map(quoted).collect();
            format!("write [{}]", words.join(", "))
        }
        Value::Text(_) => {
            r#"write ["program", "argument"], or ["sh", "-c", "…"] for what only a shell can do"#.to_owned()
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
            r#"write ["program", "argument"]"#.to_owned()
        }
    }
}

fn env_of(reader: &mut ProblemCollector, node: &Node, path: &Path) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for entry in reader.map(node, path, Show::KindOnly).unwrap_or_default() {
        let key_path = path.key(&entry.key);
        if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
            reader.error(
                entry.key_at,
                &key_path,
                "this is not the name of a variable",
                "a name is not empty and has no = in it",
            );
        } else if entry.key.starts_with("HOLDPOINT_") {
            let hint = "take another name: a stage finds its job, attempt and run directory there";
            reader.error(
                entry.key_at,
                &key_path,
                "names that begin with HOLDPOINT_ are set by holdpoint",
                hint,
            );
        }
        if let Some(text) = reader.text(&entry.node, &key_path, Show::KindOnly) {
            env.entry(entry.key.clone()).or_insert_with(|| text.to_owned());
        }
    }
    env
}

fn timeout_of(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<u64> {
    match node.value {
        Value::Null => None,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => reader
            .seconds(
                node,
                path,
                1,
                "write at least 1, or leave the key out to wait as long as it takes",
            ),
    }
}
