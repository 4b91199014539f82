//! Every rule of the configuration, from literal texts.

mod gates;
mod sections;
mod stages;
mod text;
mod whole;

use super::*;

fn told(text: &str) -> Vec<String> {
    let problems = match Config::load(text, "c.yaml") {
        Ok(loaded) => {
            assert!(loaded.warnings.iter().all(|problem| !problem.is_error()));
            loaded.warnings
        }
        Err(problems) => {
            assert!(
                problems.iter().any(Problem::is_error),
                "refused without a reason: {text}"
            );
            problems
        }
    };
    problems.iter().map(Problem::to_string).collect()
}

fn loaded(text: &str) -> Loaded {
    Config::load(text, "c.yaml").unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn stage(name: &str) -> StageName {
    StageName::new(name).unwrap()
}

/// One gate `script`, given as a flow mapping that begins in column 11, and what is said about it
/// without the file's name.
fn about_gate(keys: &str) -> Vec<String> {
    let said = told(&format!("gates:\n  script: {{{keys}}}\n"));
    said.into_iter()
        .map(|line| line.strip_prefix("c.yaml:").unwrap_or(&line).to_owned())
        .collect()
}

/// One stage under `pipeline.stages`, given as the text of its mapping, and what is said about it.
fn about_stage(keys: &str) -> Vec<String> {
    let said = told(&format!("gates: {{s: {{}}}}\npipeline:\n  stages:\n    - {{{keys}}}\n"));
    said.into_iter()
        .map(|line| line.strip_prefix("c.yaml:").unwrap_or(&line).to_owned())
        .collect()
}

const SEED: &str = "\
gates:
  script:
    required: true
    auto_approve: false
    auto_approve_after_s: null  # null = no auto-approval

  storyboard:
    required: true
    auto_approve: false
    auto_approve_after_s: null

  assets:
    required: true
    auto_approve: false
    auto_approve_after_s: null

  audio:
    required: true
    auto_approve: false
    auto_approve_after_s: null

  # Optional gates with auto-approval
  outline:
    required: false
    auto_approve: true
    auto_approve_after_s: 1800  # 30 minutes
";
