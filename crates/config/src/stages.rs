//! `pipeline.stages`: what runs, in which order, and what comes of it (SPEC §5, §10).

use std::collections::BTreeMap;

use domain::context::GateContext;
use domain::ids::{ArtifactPath, StageName};
use domain::policy::GatePolicy;
use domain::stage::{ArtifactSpec, StageSpec};

use super::keys::{Holds, Rules, Section as _, keys};
use super::kinds::{By, Items, OrNull, Seconds, Text, mapping};
use super::node::Value;
use super::reader::{Field, quoted};

/// The most stages of a pipeline.
pub(super) const STAGES_MAX: usize = 100;

/// Names in the run directory that holdpoint writes itself (SPEC §4).
const NAMES_TAKEN: [&str; 5] = ["state.json", "events.jsonl", "gates", "versions", "logs"];

const ARTIFACT_HINT: &str = "write each as `- {kind: script, path: artifacts/script/script.txt}`";

keys! {
    /// A stage; a plain text is its name.
    impl StageSpec [] {
        /// 1 to 50 lower-case letters, digits, _ and -.
        name => By(Holds::Text, name);
        /// Program and arguments; no shell reads them. Left out, the stage is a gate and nothing more.
        command = Vec::new() => By(Holds::Texts, command);
        /// Variables added to the command's environment.
        env = BTreeMap::new() => By(Holds::TextByName, env), secret;
        /// Until the command and all it started are ended and the stage fails; left out: never.
        timeout_s = None => OrNull(Seconds(1, "write at least 1, or leave the key out to wait as long as it takes"));
        /// What the command makes: this is reviewed.
        artifacts = Vec::new() => Items(usize::MAX, artifacts);
        /// Why its gates are there.
        context = GateContext::default() => mapping::<GateContext>();
    }
}

keys! {
    /// One file.
    impl ArtifactSpec [] {
        /// What it is; script, storyboard and voiceover have patches of their own.
        kind => Text(kind);
        /// Relative to the job's run directory.
        path => By(Holds::Text, path);
    }
}

impl Rules for StageSpec {
    const OTHERS: &'static [&'static str] = &["string"];

    fn unknown(entry: &Field<'_>) {
        if entry.name == "gate" || GatePolicy::names().contains(&entry.name) {
            let hint = "write it under gates, by the stage's name";
            entry.key_error("a stage has no gate in it", hint);
        } else {
            entry.unknown_key("a stage", &Self::names());
        }
    }

    fn must_have(stage: &Field<'_>, missing: &[&str]) -> bool {
        if !missing.is_empty() {
            let hint = "add `name:` with 1 to 50 lower-case letters, digits, _ and -";
            stage.error("this stage has no name", hint);
        }
        true
    }
}

impl Rules for ArtifactSpec {
    const OTHERS: &'static [&'static str] = &[];

    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("an artifact", &Self::names());
    }

    fn must_have(artifact: &Field<'_>, missing: &[&str]) -> bool {
        for key in missing {
            artifact.error(format!("this artifact has no {key}"), ARTIFACT_HINT);
        }
        true
    }
}

/// A stage without a command.
pub(super) fn bare(name: StageName) -> StageSpec {
    StageSpec {
        name,
        command: Vec::new(),
        env: BTreeMap::new(),
        timeout_s: None,
        artifacts: Vec::new(),
        context: GateContext::default(),
    }
}

/// Reads the list.
pub(super) fn read(stages: &Field<'_>) -> Option<Vec<StageSpec>> {
    let hint = "write each stage as `- name: outline`; leave the key out for the nine default stages";
    let items = stages.items(hint)?;
    if items.len() > STAGES_MAX {
        return stages.refuse(format!("{} stages are more than {STAGES_MAX}", items.len()), "");
    }
    Some(items.filter_map(|item| stage(&item)).collect())
}

fn stage(stage: &Field<'_>) -> Option<StageSpec> {
    match &stage.node.value {
        // `- outline` says all there is to say about a bare gate.
        Value::Text(_) => name(stage).map(bare),
        Value::Map(_) => StageSpec::read(stage),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) => stage.refuse(
            "this is not a stage",
            "write `name: outline` and what else it has as a mapping",
        ),
    }
}

fn name(field: &Field<'_>) -> Option<StageName> {
    if field.is_second() {
        return None;
    }
    let text = field.text()?;
    let name = match StageName::new(text) {
        Ok(name) => name,
        Err(error) => return field.refuse(format!("{} is not the name of a stage", quoted(text)), error.rule),
    };
    if let Some(before) = field.taken_at("stage", text) {
        let message = format!("{name} is the name of the stage in line {} already", before.line);
        field.error(message, "a stage's name is unique in the pipeline");
    }
    Some(name)
}

fn command(field: &Field<'_>) -> Option<Vec<String>> {
    if field.is_null() {
        return None;
    }
    let Value::List(_) = &field.node.value else {
        return field.refuse("a command is a list; no shell is used", list_for(field.node.text()));
    };
    let words = field.items("")?;
    if words.len() == 0 {
        let hint = "leave the key out where a stage runs nothing: it is a bare gate then";
        field.error("a command names a program", hint);
    }
    let words = words.enumerate().filter_map(|(index, word)| {
        let text = word.text()?;
        if index == 0 && text.trim().is_empty() {
            word.error("the program has no name", "the first of the list is the program");
        }
        Some(text.to_owned())
    });
    Some(words.collect())
}

/// The list that a command line comes to, where nothing but spaces divides it.
fn list_for(line: Option<&str>) -> String {
    match line {
        Some(text) if !text.trim().is_empty() && !text.contains(|c| "'\"\\|&;<>()$`*?[]{}#~".contains(c)) => {
            let words: Vec<String> = text.split_whitespace().take(20).map(quoted).collect();
            format!("write [{}]", words.join(", "))
        }
        Some(_) => r#"write ["program", "argument"], or ["sh", "-c", "…"] for what only a shell can do"#.to_owned(),
        None => r#"write ["program", "argument"]"#.to_owned(),
    }
}

fn env(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    let mut env = BTreeMap::new();
    for variable in field.entries()? {
        let name = variable.name;
        if name.is_empty() || name.contains(['=', '\0']) {
            let hint = "a name is not empty and has no = in it";
            variable.key_error("this is not the name of a variable", hint);
        } else if name.starts_with("HOLDPOINT_") {
            let hint = "take another name: a stage finds its job, attempt and run directory there";
            variable.key_error("names that begin with HOLDPOINT_ are set by holdpoint", hint);
        }
        if let Some(text) = variable.text() {
            env.entry(name.to_owned()).or_insert_with(|| text.to_owned());
        }
    }
    Some(env)
}

fn artifacts(field: &Field<'_>) -> Option<Vec<ArtifactSpec>> {
    if field.is_null() {
        return None;
    }
    let read = |item: Field<'_>| match item.node.value {
        Value::Map(_) => ArtifactSpec::read(&item),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
            item.refuse("this is not an artifact", ARTIFACT_HINT)
        }
    };
    Some(field.items(ARTIFACT_HINT)?.filter_map(read).collect())
}

fn kind(field: &Field<'_>, text: &str) -> Option<String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if (1..=50).contains(&text.len()) && text.bytes().all(is_good) {
        return Some(text.to_owned());
    }
    let hint = "a kind is 1 to 50 letters, digits, _, - and ., such as script, storyboard, voiceover";
    field.refuse(format!("{} is not a kind of artifact", quoted(text)), hint)
}

fn path(field: &Field<'_>) -> Option<ArtifactPath> {
    if field.is_second() {
        return None;
    }
    let text = field.text()?;
    let path = match ArtifactPath::new(text) {
        Ok(path) => path,
        Err(error) => return field.refuse(format!("{} is not an artifact's path", quoted(text)), error.rule),
    };
    let first = text.split('/').next().unwrap_or(text);
    if NAMES_TAKEN.contains(&first) {
        let message = format!("holdpoint keeps its own records under {first}");
        field.error(message, "put artifacts under artifacts/<stage>/");
    }
    if let Some(before) = field.taken_at("artifact", text) {
        let message = format!("{} is made in line {} already", quoted(text), before.line);
        field.error(message, "every artifact has a path of its own");
    }
    Some(path)
}
