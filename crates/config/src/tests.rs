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

/// Texts, each with what is said about it behind `> `; a line behind `== ` says what they show.
#[test]
fn each_text_is_told_what_is_wrong_with_it() {
    for case in include_str!("tests/messages.txt").split("\n\n") {
        let lines = case.lines().filter(|line| !line.starts_with("== "));
        let (expected, text): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("> "));
        let expected: Vec<_> = expected.iter().filter(|line| **line != "> nothing").collect();
        let said = told(&(text.join("\n") + "\n"));
        let said: Vec<_> = said.iter().map(|line| line.replacen("c.yaml:", "> ", 1)).collect();
        assert!(
            said.iter().eq(expected.iter().copied()),
            "{case}\n\nis told\n{}",
            said.join("\n")
        );
    }
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
