//! `contrib/prometheus`: what alerts and the dashboard ask for is served, and the alerts fire when they
//! should.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::examples::{command, has};
use crate::support::client::serving;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, each};

const PROMETHEUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/prometheus");
const PROMTOOL: &[&str] = &["promtool", "--version"];

fn text_of(name: &str) -> String {
    std::fs::read_to_string(format!("{PROMETHEUS}/{name}")).unwrap()
}

/// What the dashboard asks for.
fn asked_by_the_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text_of("grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

/// The words that begin like our metrics.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_of_name(character));
    let ours = words.filter(|word| word.starts_with("holdpoint_"));
    ours.map(str::to_owned).collect()
}

/// The names of all series that families of these kinds have.
fn served(metrics: &str) -> BTreeSet<String> {
    let families = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = families.flat_map(|family| {
        let (name, kind) = family.split_once(' ').unwrap();
        let ends: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            "gauge" => &[""],
            _ => panic!("{family}: which series has this?"),
        };
        ends.iter().map(move |end| format!("{name}{end}"))
    });
    names.collect()
}

#[test]
fn every_metric_that_an_alert_or_the_dashboard_names_is_served() {
    let hook = "webhooks:\n  - {name: chat, url: 'http://127.0.0.1:9/x', format: slack}\n";
    let (workspace, _served, ana) = serving(hook);
    // A family is served once something of it has happened: a hold, and a decision with a patch by somebody
    // who was shown all of the change.
    workspace.write("plan.txt", "one\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    ana.act("j-1", "gates/script/hold", &json!({})).expect(200);
    let digest = ana.get("/api/v1/gates").expect(200)[0]["digest"].clone();
    let seen = json!({"digest": digest, "hunks": 1, "hunks_shown": 1});
    ana.act("j-1", "gates/script/seen", &seen).expect(200);
    let patch = json!({"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]});
    ana.act("j-1", "approve", &json!({"stage": "script", "patch": patch}))
        .expect(200);
    let metrics = ana.get("/metrics").text();
    let known = served(&metrics);
    let asked = asked_by_the_dashboard().join("\n");
    let wanted: BTreeSet<_> = named(&(text_of("rules.yml") + &asked));
    assert!(wanted.len() > 14, "{wanted:?}");
    let unknown: Vec<_> = wanted.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {known:?}");
    // The alert for a late timer counts what lies above this bound.
    assert_contains(&metrics, "holdpoint_timer_lateness_seconds_bucket{le=\"60.0\"}");
}

#[test]
fn every_alert_fires_when_it_should_and_every_question_of_the_dashboard_is_one() {
    if !has("contrib/prometheus", &[PROMTOOL]) {
        return;
    }
    let workspace = Workspace::without_configuration();
    let promtool = |args: &[&str], file: &str| {
        let file = if file.starts_with('/') {
            file.to_owned()
        } else {
            format!("{PROMETHEUS}/{file}")
        };
        let output = command(&workspace, "promtool", &[args, &[&file]].concat())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{args:?} {file}: {}", said.concat());
    };
    promtool(&["check", "config", "--syntax-only"], "prometheus.yml");
    promtool(&["check", "rules"], "rules.yml");
    promtool(&["test", "rules"], "rules_test.yml");
    let (rules, tests) = (text_of("rules.yml"), text_of("rules_test.yml"));
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert_contains(&tests, &format!("alertname: {alert}\n"));
    }
    // As Grafana asks it.
    let questions = asked_by_the_dashboard();
    let rules: Vec<_> = questions
        .iter()
        .map(|question| {
            let question = ["$__rate_interval", "$__range"]
                .iter()
                .fold(question.clone(), |text, span| text.replace(span, "5m"));
            json!({"record": "dashboard", "expr": question.replace("$job", ".*")})
        })
        .collect();
    let document = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    workspace.write("dashboard.yml", document.to_string());
    promtool(
        &["check", "rules", "--lint=none"],
        workspace.root().join("dashboard.yml").to_str().unwrap(),
    );
}

#[test]
fn the_dashboard_is_one_whose_panels_do_not_lie_on_one_another() {
    let dashboard: Value = serde_json::from_str(&text_of("grafana.json")).unwrap();
    let panels = dashboard["panels"].clone();
    let ids: BTreeSet<_> = each(&panels, "id").iter().map(|id| id.as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.as_array().unwrap().len());
    let mut taken = BTreeSet::new();
    for panel in panels.as_array().unwrap() {
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for column in place("x")..place("x") + place("w") {
            assert!(column < 24, "{panel}");
            for row in place("y")..place("y") + place("h") {
                assert!(taken.insert((column, row)), "{} lies on another", panel["title"]);
            }
        }
    }
}
