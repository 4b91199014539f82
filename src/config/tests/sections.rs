//! The other sections, old configurations, and secrets.

use super::*;

#[test]
fn an_old_configuration_is_taken_and_its_unused_parts_are_told_without_their_values() {
    let text = "\
server:
  host: 127.0.0.1
  port: 8008
  workers: 1
  secret: hunter2
security:
  default_token: hunter2
  tokens: [{name: a, sha256: hunter2}]
  rate_limiting: {enabled: true}
storage:
  runs_dir: runs
  db_path: sqlite://u:hunter2@/jobs.db
  artifacts_dir: artifacts
pipeline:
  max_concurrent_jobs: 2
  retry: {token: hunter2}
ui: {theme: dark}
telemetry: {token: hunter2}
gates: {script: {}}
";
    let Loaded { config, warnings } = loaded(text);
    let said: Vec<String> = warnings.iter().map(Problem::to_string).collect();
    let unused = "unused: holdpoint does nothing with it";
    assert_eq!(
        said,
        [
            "c.yaml:1:1: warning: server: unused: this build of holdpoint has no HTTP server".to_owned(),
            "c.yaml:7:3: warning: security.default_token: a default token is never honoured   hint: take it out: a token that stands in a \
             file for everybody protects nothing"
                .to_owned(),
            format!("c.yaml:8:3: warning: security.tokens: {unused}"),
            format!("c.yaml:9:3: warning: security.rate_limiting: {unused}"),
            "c.yaml:12:3: warning: storage.db_path: the old system's database is never written: holdpoint keeps its own in the runs \
             directory"
                .to_owned(),
            format!("c.yaml:13:3: warning: storage.artifacts_dir: {unused}"),
            format!("c.yaml:16:3: warning: pipeline.retry: {unused}"),
            format!("c.yaml:17:1: warning: ui: {unused}"),
            format!("c.yaml:18:1: warning: telemetry: {unused}"),
        ]
    );
    assert_eq!(config.pipeline.max_concurrent_jobs, 2);
    assert_eq!(config.server["port"], ServerValue::Int(8008));
    let doc = serde_json::to_string(&config.doc()).unwrap();
    let shown = format!("{said:?}{config:?}{doc}{warnings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_message_and_no_document_shows_what_may_be_a_secret() {
    let texts = [
        "server: hunter2",
        "security: hunter2",
        "security: {default_token: [hunter2], shared_accounts: hunter2}",
        "security: {shared_accounts: [hunter2/x, {hunter2: 1}]}",
        "storage: {runs_dir: [hunter2], db_path: ~hunter2}",
        "storage: hunter2",
        "pipeline: hunter2",
        "pipeline: {stages: hunter2}",
        "pipeline: {stages: [{name: a, env: {T: [hunter2]}}]}",
        "security: {default_token: *hunter2}",
        "security: {default_token: !hunter2 x}",
        "security: {default_token: \"hunter2",
        "security: {default_token: hunter2: hunter2}",
        "hunter2",
        "[hunter2]",
    ];
    for text in texts {
        let said = told(text);
        assert!(!said.is_empty(), "{text}");
        assert!(!format!("{said:?}").contains("hunter2"), "{text}: {said:?}");
    }
    let config = loaded("gates: {a: }\npipeline: {stages: [{name: a, command: [x], env: {TOKEN: hunter2}}]}").config;
    let shown = format!("{config:?}{:?}{}", config.doc(), config.doc().to_yaml().unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("TOKEN"), "{shown}");
}

#[test]
fn a_slip_in_a_key_that_counts_is_refused_not_taken_as_unused() {
    assert_eq!(
        told("gate: {script: {}}\npipeline: {max_concurent_jobs: 2}\nstages: []\ngates: {script: {}}\n"),
        [
            "c.yaml:1:1: gate: no key of this name is known here   hint: did you mean gates?",
            "c.yaml:2:12: pipeline.max_concurent_jobs: no key of this name is known here   hint: did you mean max_concurrent_jobs?",
            "c.yaml:3:1: stages: this key stands outside its section   hint: move it to pipeline.stages",
        ]
    );
}
