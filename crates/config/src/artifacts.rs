//! A stage's `artifacts`: what its command makes, relative to the run directory (SPEC §5, §10).

use std::collections::HashMap;

use domain::ids::ArtifactPath;
use domain::stage::ArtifactSpec;

use super::keys;
use super::node::{Node, Value};
use super::problem::SourcePosition;
use super::reader::{Path, ProblemCollector, Show, quoted};

/// Names in the run directory that holdpoint writes itself (SPEC §4).
const NAMES_TAKEN: [&str; 5] = ["state.json", "events.jsonl", "gates", "versions", "logs"];

/// The paths that the pipeline's stages make so far, and where they are written.
pub(super) type Paths = HashMap<ArtifactPath, SourcePosition>;

/// Reads the list.
pub(super) fn read(reader: &mut ProblemCollector, node: &Node, path: &Path, taken: &mut Paths) -> Vec<ArtifactSpec> {
    let hint = "write each as `- {kind: script, path: artifacts/script/script.txt}`";
    let items = match node.value {
        Value::Null => &[],
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            reader.list(node, path, Show::Value, hint).unwrap_or_default()
        }
    };
    let items = items.iter().enumerate();
    items
        .filter_map(|(index, item)| artifact(reader, item, &path.item(index), taken, hint))
        .collect()
}

fn artifact(
    reader: &mut ProblemCollector,
    node: &Node,
    path: &Path,
    taken: &mut Paths,
    hint: &str,
) -> Option<ArtifactSpec> {
    let Value::Map(entries) = &node.value else {
        reader.error(node.at, path, "this is not an artifact", hint);
        return None;
    };
    let (mut kind, mut file) = (None, None);
    let (mut has_kind, mut has_path) = (false, false);
    for entry in entries {
        let (node, key_path) = (&entry.node, path.key(&entry.key));
        match entry.key.as_str() {
            "kind" => {
                has_kind = true;
                kind = kind_of(reader, node, &key_path);
            }
            "path" if has_path => {}
            "path" => {
                has_path = true;
                file = path_of(reader, node, &key_path, taken);
            }
            _ => reader.unknown_key(
                entry,
                path,
                "an artifact",
                &keys::under("pipeline.stages[].artifacts[]"),
            ),
        }
    }
    for (is_there, key) in [(has_kind, "kind"), (has_path, "path")] {
        if !is_there {
            reader.error(node.at, path, format!("this artifact has no {key}"), hint);
        }
    }
    Some(ArtifactSpec {
        kind: kind?,
        path: file?,
    })
}

fn kind_of(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<String> {
    let text = reader.text(node, path, Show::Value)?;
    let is_good = !text.is_empty()
        && text.len() <= 50
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !is_good {
        let hint = "a kind is 1 to 50 letters, digits, _, - and ., such as script, storyboard, voiceover";
        reader.error(
            node.at,
            path,
            format!("{} is not a kind of artifact", quoted(text)),
            hint,
        );
    }
    is_good.then(|| text.to_owned())
}

fn path_of(reader: &mut ProblemCollector, node: &Node, path: &Path, taken: &mut Paths) -> Option<ArtifactPath> {
    let text = reader.text(node, path, Show::Value)?;
    let file = match ArtifactPath::new(text) {
        Ok(file) => file,
        Err(error) => {
            reader.error(
                node.at,
                path,
                format!("{} is not an artifact's path", quoted(text)),
                error.rule,
            );
            return None;
        }
    };
    let first = text.split('/').next().unwrap_or(text);
    if NAMES_TAKEN.contains(&first) {
        let message = format!("holdpoint keeps its own records under {first}");
        reader.error(node.at, path, message, "put artifacts under artifacts/<stage>/");
    }
    if let Some(before) = taken.insert(file.clone(), node.at) {
        let message = format!("{} is made in line {} already", quoted(text), before.line);
        reader.error(node.at, path, message, "every artifact has a path of its own");
    }
    Some(file)
}
