//! The other sections, old configurations, and secrets.

use super::*;
use domain::operator::TokenRole;

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
  rate_limiting: {enabled: true, burst: hunter2}
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
            format!("c.yaml:5:3: warning: server.secret: {unused}"),
            "c.yaml:7:3: warning: security.default_token: a default token is never honoured   hint: take it out: a token that stands in a \
             file for everybody protects nothing"
                .to_owned(),
            format!("c.yaml:8:34: warning: security.rate_limiting.burst: {unused}"),
            "c.yaml:11:3: warning: storage.db_path: the old system's database is read as history and never written: holdpoint keeps its own in the runs \
             directory"
                .to_owned(),
            format!("c.yaml:12:3: warning: storage.artifacts_dir: {unused}"),
            format!("c.yaml:15:3: warning: pipeline.retry: {unused}"),
            format!("c.yaml:16:1: warning: ui: {unused}"),
            format!("c.yaml:17:1: warning: telemetry: {unused}"),
        ]
    );
    assert_eq!(config.pipeline.max_concurrent_jobs, 2);
    assert_eq!(config.server.address().to_string(), "127.0.0.1:8008");
    let doc = serde_json::to_string(&config.doc()).unwrap();
    let shown = format!("{said:?}{config:?}{doc}{warnings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_message_and_no_document_shows_what_may_be_a_secret() {
    let texts = [
        "server: hunter2",
        "security: hunter2",
        "server: {host: hunter2, port: hunter2, enabled: hunter2, log_level: hunter2, workers: hunter2}",
        "security: {tokens: hunter2, rate_limiting: hunter2, cors: hunter2, security_headers: hunter2}",
        "security: {tokens: [hunter2, {name: \" hunter2\", role: hunter2, sha256: hunter2, token: hunter2}]}",
        "security: {rate_limiting: {enabled: hunter2, api_requests_per_minute: hunter2}, cors: {allow_origins: [hunter2]}}",
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
    let shown = format!("{config:?}{:?}{}", config.doc(), config.to_yaml().unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("TOKEN"), "{shown}");
}

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn tokens_are_taken_whole_or_refused_with_what_is_missing() {
    let text =
        format!("gates: {{script: {{}}}}\nsecurity: {{tokens: [{{name: ana, role: operator, sha256: {DIGEST}}}]}}\n");
    let Loaded { config, warnings } = loaded(&text);
    assert_eq!(warnings, []);
    let token = &config.security.tokens[0];
    assert_eq!(
        (token.name.as_str(), token.role, token.sha256.to_string()),
        ("ana", TokenRole::Operator, DIGEST.to_owned())
    );
    let shown = serde_json::to_string(&config.doc()).unwrap();
    assert!(
        !shown.contains("ana") && !shown.contains("ba7816"),
        "not even the name: {shown}"
    );
}

#[test]
fn limits_and_origins() {
    let security = |keys: &str| {
        loaded(&format!("gates: {{script: {{}}}}\nsecurity: {{{keys}}}\n"))
            .config
            .security
    };
    let limits = security("rate_limiting: {api_requests_per_minute: 7}").rate_limiting;
    assert_eq!(
        (
            limits.enabled,
            limits.api_requests_per_minute,
            limits.job_creation_per_minute,
            limits.unauthorized_per_minute
        ),
        (true, 7, 30, 60)
    );
    let guesses = security("rate_limiting: {enabled: false, unauthorized_per_minute: 900}").rate_limiting;
    assert_eq!((guesses.enabled, guesses.unauthorized_per_minute), (false, 900));
    assert!(!security("rate_limiting: false").rate_limiting.enabled);
    assert!(!security("security_headers: {enabled: false}").security_headers.enabled);
    let origins = "cors: {allow_origins: ['https://a.example', 'http://localhost:7860']}";
    assert_eq!(
        *security(origins).cors.allow_origins,
        ["https://a.example", "http://localhost:7860"]
    );
    assert!(
        security("cors: {enabled: false, allow_origins: ['https://a.example']}")
            .cors
            .allow_origins
            .is_empty()
    );
}

#[test]
fn http_stays_on_this_machine_until_more_is_asked_for_by_name() {
    let server = |keys: &str| loaded(&format!("gates: {{script: {{}}}}\nserver: {{{keys}}}\n"));
    for (keys, address) in [
        ("", "127.0.0.1:8008"),
        ("host: localhost, port: 9000", "127.0.0.1:9000"),
        ("host: '::1'", "[::1]:8008"),
        ("host: 0.0.0.0, allow_external_bind: true", "0.0.0.0:8008"),
        ("host: 0.0.0.0", "127.0.0.1:8008"),
    ] {
        assert_eq!(server(keys).config.server.address().to_string(), address, "{keys}");
    }
    let warnings = server("host: 0.0.0.0").warnings;
    assert!(
        warnings[0].to_string().contains("this address is not listened on"),
        "{warnings:?}"
    );
    assert_eq!(server("workers: 4").warnings.len(), 1);
    assert!(
        server("enabled: true, log_level: WARNING, workers: 1")
            .warnings
            .is_empty()
    );
}

#[test]
fn old_databases_are_looked_for_where_the_old_system_kept_them() {
    let found = |storage: &str, runs: &str| {
        let loaded = Config::load(storage, "c.yaml").unwrap();
        let paths = loaded.config.old_databases(std::path::Path::new(runs));
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("gates: {}", "runs"), ["jobs.db"]);
    assert_eq!(found("gates: {}", "/srv/hp/runs"), ["jobs.db", "/srv/hp/jobs.db"]);
    for (db_path, file) in [
        ("data/old.db", "data/old.db"),
        ("sqlite:///data/old.db", "data/old.db"),
        ("sqlite:////srv/old.db?mode=ro", "/srv/old.db"),
        ("sqlite+aiosqlite:///old.db", "old.db"),
    ] {
        let storage = format!("storage: {{db_path: '{db_path}'}}");
        assert_eq!(found(&storage, "runs"), [file, "jobs.db"], "{db_path}");
    }
    for other in [
        "sqlite://u:hunter2@/jobs.db",
        "postgresql://u:p@h/jobs",
        "sqlite:///:memory:",
        "sqlite://",
    ] {
        let storage = format!("storage: {{db_path: '{other}'}}");
        assert_eq!(found(&storage, "runs"), ["jobs.db"], "{other}");
    }
}

#[test]
fn a_secret_that_is_named_twice_is_not_taken_for_two_ways_to_name_it() {
    let webhook = "webhooks:\n  - name: chat\n    url: https://h/x\n    secret_env: HOLDPOINT_A\n";
    let twice = told(&format!("{webhook}    secret_env: HOLDPOINT_B\n")).join("\n");
    assert!(
        twice.contains("secret_env") && !twice.contains("secret_file"),
        "{twice}"
    );
    let both = told(&format!("{webhook}    secret_file: /x\n")).join("\n");
    assert!(both.contains("there are secret_env and secret_file"), "{both}");
}
