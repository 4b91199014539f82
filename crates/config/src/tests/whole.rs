//! The file as a whole: the seed, the shipped file, the text that counts without one, the shape of
//! problems and of the shown document.

use super::*;
use crate::Starter;
use domain::policy::{GateRule, OnTimeout};
use domain::stage::STAGES_DEFAULT;

/// The file of this repository.
const SHIPPED: &str = include_str!("../../../../conf/operator.yaml");

#[test]
fn the_seeds_configuration_loads_without_a_word() {
    let Loaded { config, warnings } = loaded(SEED);
    assert_eq!(warnings, []);
    let rule = |name| {
        config
            .gates
            .get(&stage(name))
            .map_or(GateRule::Pass, |policy| policy.rule())
    };
    for name in ["script", "storyboard", "assets", "audio"] {
        assert_eq!(rule(name), GateRule::Person, "{name}");
    }
    let timer = GateRule::Timer {
        after_s: 1800,
        on_timeout: OnTimeout::Approve,
    };
    assert_eq!(rule("outline"), timer);
    assert_eq!(rule("research"), GateRule::Pass, "a stage absent from gates has none");
    let names: Vec<&str> = config.pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, STAGES_DEFAULT);
    assert!(config.pipeline.stages.iter().all(|stage| stage.is_bare()));
    assert_eq!(
        (config.pipeline.max_concurrent_jobs, config.pipeline.overdue_grace_s),
        (4, 60)
    );
    assert_eq!(config.runs_dir(), Path::new("runs"));
    assert!(config.is_shared_account("root") && !config.is_shared_account("ana"));
}

#[test]
fn the_shipped_file_is_the_seeds_and_says_nothing_against_itself() {
    let shipped = loaded(SHIPPED);
    assert_eq!(shipped.warnings, []);
    assert_eq!(shipped.config, loaded(SEED).config);
}

#[test]
fn without_a_file_nothing_is_run_and_any_stage_may_have_a_gate_from_outside() {
    let embedded = crate::ConfigText::embedded();
    let Ok(Loaded { config, warnings }) = embedded.load() else {
        panic!("refused")
    };
    assert_eq!(warnings, []);
    assert!(config.pipeline.stages.is_empty() && config.gates.is_empty());
    for name in ["release", "deploy"] {
        assert_eq!(config.unknown_stage(&stage(name)), None, "{name}");
    }
    for film in STAGES_DEFAULT {
        assert!(!embedded.text.contains(film), "{film}");
    }
}

#[test]
fn what_a_configuration_is_begun_with_holds_together_commented_parts_too() {
    let Loaded { config, warnings } = loaded(Starter::Stages.text());
    assert_eq!(warnings, []);
    assert_eq!(config.pipeline.stages.len(), 2);
    let (used, commented) = Starter::Gates.text().split_once("gates: {}\n").unwrap();
    let prose = ["# In place", "# Who"];
    let commented = commented
        .lines()
        .filter(|line| !prose.iter().any(|begin| line.starts_with(begin)));
    let uncommented: Vec<_> = commented.map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let Loaded { config, warnings } = loaded(&format!("{used}{}", uncommented.join("\n")));
    assert_eq!(warnings, []);
    let rule = config.gates[&stage("release")].rule();
    let on_timeout = OnTimeout::Reject;
    assert_eq!(
        rule,
        GateRule::Timer {
            after_s: 1800,
            on_timeout
        }
    );
    assert_eq!(config.security.tokens.len(), 1);
}

#[test]
fn the_commented_parts_of_the_shipped_file_are_right_too() {
    let sample = |first: &str, mark: &str| -> String {
        let lines = SHIPPED.lines().skip_while(|line| *line != first);
        let block = lines.take_while(|line| !line.is_empty());
        block
            .map(|line| format!("{}\n", line.strip_prefix(mark).unwrap_or(line)))
            .collect()
    };
    let stages = sample("  # stages:", "  # ").replace('\n', "\n  ");
    let storage = sample("# storage:", "# ");
    let server = sample("# server:", "# ");
    let keys = [
        "tokens:",
        "  - {name: ana",
        "  - {name: lea",
        "rate_limiting:",
        "cors:",
        "security_headers:",
    ];
    let security: String = SHIPPED
        .lines()
        .filter_map(|line| line.strip_prefix("  # "))
        .filter(|line| keys.iter().any(|key| line.starts_with(key)))
        .map(|line| format!("  {line}\n"))
        .collect();
    assert_eq!(security.lines().count(), keys.len());
    let Loaded { mut config, warnings } = loaded(&format!(
        "gates: {{script: {{}}}}\n{storage}{server}security:\n{security}pipeline:\n  {stages}\n"
    ));
    assert_eq!(config.security.tokens.len(), 2);
    assert!(config.server.trusted_proxy.is_at([10, 0, 0, 5].into()));
    config.server.trusted_proxy = crate::TrustedProxy::default();
    let public_url = config.server.public_url.take();
    assert_eq!(public_url.as_deref(), Some("https://holdpoint.example"));
    assert_eq!(config.security.rate_limiting, Config::default().security.rate_limiting);
    assert_eq!(*config.security.cors.allow_origins, ["https://console.example"]);
    assert_eq!(config.server, Config::default().server);
    assert_eq!(warnings, []);
    assert_eq!(config.pipeline.stages.len(), 2);
    assert_eq!(config.pipeline.stages[1].timeout_s, Some(600));
    assert_eq!(
        config.pipeline.stages[1].artifacts[0].path.as_str(),
        "artifacts/script/script.txt"
    );
    assert_eq!(config.storage.group.as_deref(), Some("operators"));
}

#[test]
fn a_problem_has_the_shape_that_clients_read() {
    let Err(problems) = Config::load("gates: {audio: {required: 1}}", "conf/operator.yaml") else {
        panic!("accepted")
    };
    assert_eq!(
        serde_json::to_value(&problems).unwrap(),
        serde_json::json!([{
            "severity": "error", "file": "conf/operator.yaml", "line": 1, "column": 27, "path": "gates.audio.required",
            "message": "1 is not true or false", "hint": "write true"
        }])
    );
}

#[test]
fn the_shown_document_loads_back_as_the_same_configuration() {
    let text = format!(
        "{SEED}storage: {{runs_dir: /srv/runs}}\npipeline:\n  stages: [outline, {{name: script, command: ['{{holdpoint}}', \"a: b\"], \
         timeout_s: 5, artifacts: [{{kind: k, path: artifacts/script/a}}]}}, storyboard, assets, audio]\nsecurity: {{shared_accounts: []}}\n"
    );
    let config = loaded(&text).config;
    let yaml = config.to_yaml().unwrap();
    assert_eq!(loaded(&yaml).config, config, "{yaml}");
    let json = serde_json::to_string(&config.doc()).unwrap();
    assert_eq!(loaded(&json).config, config, "{json}");
    let doc = serde_json::to_value(config.doc()).unwrap();
    let keys: Vec<&String> = doc.as_object().into_iter().flat_map(|map| map.keys()).collect();
    assert_eq!(keys, ["server", "security", "gates", "storage", "pipeline", "console"]);
}

#[test]
fn a_problem_never_carries_an_escape_sequence() {
    let text = "gates:\n  \"a\\e[2J\\u202e\": {}\n  audio: {required: \"\\e]0;x\\a\", \"\\x9b\": 1}\n";
    let said = told(text);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said.iter()
            .all(|line| !line.contains(|c: char| c.is_control() || c == '\u{202e}')),
        "{said:?}"
    );
}
