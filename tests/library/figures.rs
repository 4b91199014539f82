//! A generated year of decisions: what the figures say is what is found in the decision files and
//! event logs alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clock as _, ManualClock};
use domain::ask::{Command, OutsideArtifact};
use domain::context::{GateContext, LabelFilter};
use domain::decision::Extent;
use domain::figures::RecordFilter;
use domain::gate::Verdict;
use domain::ids::{JobId, StageName};
use domain::old::ListedDecision;
use domain::operator::Operator;
use domain::time::{Now, Timestamp};
use engine::{Engine, EngineSettings, Role};
use serde_json::{Value, json};
use wire::FiguresDoc;

use crate::support::engine::{decide, gate, read_json, settings};
use crate::support::random::Random;

const GATES: usize = 120;
const HOUR_S: u64 = 3600;

const CONFIGURATION: &str = "
gates:
  release: {required: true}
  schema: {required: true}
  canary: {auto_approve: true, auto_approve_after_s: 3600}
";

struct Year {
    clock: Arc<ManualClock>,
    engine: Engine,
    random: Random,
}

impl Year {
    async fn does(&mut self, who: &str, command: Command) {
        let client = self.engine.client();
        let via = client.operator().via.clone();
        let operator = Operator { name: who.into(), via };
        let done = client.command_of(operator, command);
        let (_, published) = self.engine.beside(done).await.unwrap();
        assert_eq!(published, Ok(()));
    }

    fn passes(&mut self, seconds_max: u64) {
        let us = self.random.below((seconds_max * 1_000_000) as usize);
        self.clock.pass(Duration::from_micros(us as u64));
    }

    async fn decides(&mut self, number: usize, folder: &Path) {
        let id = JobId::new(&format!("j-{number}")).unwrap();
        let stage = self.random.pick(&["release", "schema", "canary"]);
        let text = folder.join("plan.txt");
        std::fs::write(&text, "copy the table\ncheck the rows\n").unwrap();
        let open = Command::OpenGate {
            job_id: id.clone(),
            stage: StageName::new(stage).unwrap(),
            artifacts: vec![OutsideArtifact {
                kind: "plan".into(),
                file: text.into(),
            }],
            context: Box::new(labeled(number, &mut self.random)),
            heartbeat: None,
            bases: Vec::new(),
        };
        self.does("pipeline", open).await;
        let client = self.engine.client();
        let rows = self.engine.beside(client.job(&id)).await.unwrap().unwrap();
        let digest = rows.gates[0].digest();
        for who in ["ana", "bea"] {
            self.passes(HOUR_S / 8);
            if self.random.one_in(2) {
                let extent = Extent {
                    hunks: 2,
                    hunks_shown: self.random.below(3) as u32,
                };
                let gate = gate(&id, stage);
                self.does(who, Command::MarkSeen { gate, digest, extent }).await;
            }
        }
        let who = self.random.pick(&["ana", "bea", "cy, \"d\""]);
        let is_timed = stage == "canary";
        let is_held = is_timed && self.random.one_in(3);
        if is_held {
            let gate = gate(&id, stage);
            self.does(who, Command::Hold { gate, reason: None }).await;
        }
        if is_timed && !is_held && self.random.one_in(2) {
            // Nobody was away: a deadline that passed long ago would have a grace.
            let left_us = rows.gates[0].deadline().unwrap().us_since(self.clock.now().utc);
            self.clock.pass(Duration::from_micros(left_us as u64 + 1_000_000));
            let client = self.engine.client();
            let stage = StageName::new(stage).unwrap();
            let decided = client.until_decided(&id, &stage, None, None);
            self.engine.beside(decided).await.unwrap();
            return;
        }
        let longest = if is_timed { HOUR_S / 2 } else { 40 * HOUR_S };
        self.passes(longest);
        let patch = json!({"type": "text_replace", "replacements": [{"old": "table", "new": "index"}]});
        let patch = self.random.one_in(4).then_some(patch);
        let verdict = self.random.pick(&[Verdict::Approve, Verdict::Approve, Verdict::Reject]);
        self.does(who, decide(&id, stage, verdict, None, patch)).await;
    }
}

/// A team of the gate, and sixty labels that are as good as numbers: more than are told of.
fn labeled(number: usize, random: &mut Random) -> GateContext {
    let mut labels = json!({ "build": (number / 2).to_string() });
    if random.one_in(2) {
        labels["app.team"] = json!(random.pick(&["media", "video, \"x\""]));
    }
    GateContext::read(&json!({ "labels": labels })).unwrap()
}

/// The labels of a decision file, as figures name them.
fn labels_of(decision: &Value) -> Vec<String> {
    let labels = decision["context"]["labels"].as_object();
    let labels = labels.into_iter().flatten();
    labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap()))
        .collect()
}

/// The same counts by other means.
#[derive(Default)]
struct Found {
    counts: BTreeMap<&'static str, u64>,
    seconds: Vec<u64>,
}

impl Found {
    fn add(&mut self, name: &'static str, is_so: bool) {
        *self.counts.entry(name).or_default() += u64::from(is_so);
    }

    /// The value of which so many tenths of all are not larger, with three digits.
    fn tenths(&self, tenths: usize) -> Value {
        let mut seconds = self.seconds.clone();
        seconds.sort_unstable();
        let rank = (seconds.len() * tenths).div_ceil(10);
        let Some(exact) = rank.checked_sub(1).and_then(|index| seconds.get(index)) else {
            return Value::Null;
        };
        let mut digits = exact.to_string();
        let noughts = digits.len().saturating_sub(3);
        digits.truncate(3);
        digits.push_str(&"0".repeat(noughts));
        digits.parse::<u64>().unwrap().into()
    }

    fn document(&self) -> Value {
        let of = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        json!({
            "decisions": of("decisions"), "approved": of("approved"), "rejected": of("rejected"),
            "recalled": 0, "by_timer": of("by_timer"), "seen_wholly": of("seen_wholly"), "patched": of("patched"),
            "holds": of("holds"), "median_s": self.tenths(5), "p90_s": self.tenths(9),
        })
    }
}

fn time_us(of: &Value) -> i64 {
    chrono::DateTime::parse_from_rfc3339(of.as_str().unwrap())
        .unwrap()
        .timestamp_micros()
}

/// Counts the files below the runs directory.
fn found(runs: &Path) -> Value {
    let mut groups: BTreeMap<(&str, String), Found> = BTreeMap::new();
    let mut patches: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_labels: BTreeMap<String, Found> = BTreeMap::new();
    groups.entry(("all", String::new())).or_default();
    for number in 0..GATES {
        let run = runs.join(format!("j-{number}"));
        let mut labels = Vec::new();
        for file in std::fs::read_dir(run.join("gates")).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !name.ends_with(".1.json") {
                continue;
            }
            let decision = read_json(&path);
            let text = |name: &str| decision[name].as_str().unwrap().to_owned();
            let is_whole = |seen: &Value| {
                seen["digest"] == decision["artifacts"][0]["sha256"]
                    && seen["hunks_shown"].as_u64() >= seen["hunks"].as_u64()
            };
            let is_seen = decision["seen"].as_array().unwrap().iter().any(is_whole);
            let us = time_us(&decision["at"]) - time_us(&decision["opened_at"]);
            let day = text("at")[..10].to_owned();
            let keys = [
                ("all", String::new()),
                ("operators", text("by")),
                ("stages", text("stage")),
                ("days", day),
            ];
            labels = labels_of(&decision);
            let of_labels = labels.iter().map(|name| ("labels", name.clone()));
            for key in keys.into_iter().chain(of_labels) {
                let found = match key {
                    ("labels", name) => by_labels.entry(name).or_default(),
                    key => groups.entry(key).or_default(),
                };
                found.add("decisions", true);
                found.add("approved", decision["approved"] == true);
                found.add("rejected", decision["approved"] == false);
                found.add("by_timer", decision["by"] == "timer");
                found.add("seen_wholly", is_seen);
                found.add("patched", !decision["patch"].is_null());
                found.seconds.push((us / 1_000_000) as u64);
            }
            if let Some(kind) = decision["patch"]["type"].as_str() {
                *patches.entry(kind.to_owned()).or_default() += 1;
            }
        }
        for line in std::fs::read_to_string(run.join("events.jsonl")).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] != "gate_held" || event["payload"]["kind"] != "hold" {
                continue;
            }
            let text = |of: &Value| of.as_str().unwrap().to_owned();
            let day = text(&event["ts"])[..10].to_owned();
            let (by, stage) = (text(&event["payload"]["by"]), text(&event["stage"]));
            for key in [
                ("all", String::new()),
                ("operators", by),
                ("stages", stage),
                ("days", day),
            ] {
                groups.entry(key).or_default().add("holds", true);
            }
            for name in &labels {
                by_labels.entry(name.clone()).or_default().add("holds", true);
            }
        }
    }
    let mut ranked: Vec<_> = by_labels.into_iter().collect();
    ranked.sort_by(|(one, few), (other, many)| {
        many.counts["decisions"]
            .cmp(&few.counts["decisions"])
            .then(one.cmp(other))
    });
    let left_out = ranked.len() - 50;
    groups.extend(
        ranked
            .into_iter()
            .take(50)
            .map(|(name, found)| (("labels", name), found)),
    );
    let mut document = json!({
        "since": null, "operators": {}, "stages": {}, "labels": {}, "labels_left_out": left_out, "days": {}, "patches": patches,
    });
    for ((group, name), found) in groups {
        if group == "all" {
            document["all"] = found.document();
        } else {
            document[group][name] = found.document();
        }
    }
    document
}

#[tokio::test]
async fn a_years_figures_are_those_of_its_decision_files() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let begin = Now {
        utc: Timestamp::parse("2025-07-14T00:00:00Z").unwrap(),
        ..Now::default()
    };
    let clock = Arc::new(ManualClock::at(begin));
    let engine = Engine::open(EngineSettings {
        clock: clock.clone(),
        ..settings(&runs, CONFIGURATION, "ops", Role::Candidate("serve"))
    })
    .unwrap();
    let mut year = Year {
        clock,
        engine,
        random: Random::seeded(7),
    };
    for number in 0..GATES {
        year.passes(3 * 24 * HOUR_S);
        year.decides(number, folder.path()).await;
    }
    let client = year.engine.client();
    while !matches!(year.engine.beside(client.owing()).await, Ok(0)) {}
    let figures = year
        .engine
        .beside(client.figures(RecordFilter::default()))
        .await
        .unwrap();
    let told = serde_json::to_value(FiguresDoc::of(&figures, None)).unwrap();
    assert_eq!(told, found(&runs));
    // Nothing of it is empty, so that all of it was compared.
    for name in ["rejected", "by_timer", "seen_wholly", "patched", "holds"] {
        assert!(told["all"][name].as_u64() > Some(5), "{name}: {told:#}");
    }
    assert!(told["days"].as_object().unwrap().len() > 60);
    assert!(told["labels"]["app.team=media"]["holds"].as_u64() > Some(0), "{told:#}");
    // A part of it is what the list of that part counts.
    let filter = RecordFilter {
        stage: Some(StageName::new("canary").unwrap()),
        operator: Some("timer".into()),
        since: Timestamp::parse("2025-10-01T00:00:00Z"),
        ..RecordFilter::default()
    };
    let part = year.engine.beside(client.figures(filter.clone())).await.unwrap();
    let all = RecordFilter::default();
    let all = year.engine.beside(client.recorded(all, u32::MAX)).await.unwrap();
    let taken: Vec<_> = all
        .iter()
        .filter(|sealed| filter.takes(ListedDecision::Ours(sealed)))
        .collect();
    assert!(!taken.is_empty() && taken.iter().all(|sealed| sealed.decision.is_by_timer()));
    assert_eq!(part.all.decisions(), taken.len() as u64);
    let listed = year.engine.beside(client.recorded(filter, u32::MAX)).await.unwrap();
    assert_eq!(listed.iter().collect::<Vec<_>>(), taken);
    // What has a label is what was counted under it, holds too.
    for (text, name) in [("app.team=media", "app.team=media"), ("build=7", "build=7")] {
        let filter = RecordFilter {
            labels: vec![LabelFilter::parse(text).unwrap()],
            ..RecordFilter::default()
        };
        let part = year.engine.beside(client.figures(filter.clone())).await.unwrap();
        let part = serde_json::to_value(FiguresDoc::of(&part, None)).unwrap();
        assert_eq!(part["all"], part["labels"][name]);
        let listed = year
            .engine
            .beside(client.recorded(filter.clone(), u32::MAX))
            .await
            .unwrap();
        let taken = all.iter().filter(|sealed| filter.takes(ListedDecision::Ours(sealed)));
        assert_eq!(listed.iter().collect::<Vec<_>>(), taken.collect::<Vec<_>>());
    }
    let of_key = |key: &str| RecordFilter {
        labels: vec![LabelFilter::parse(key).unwrap()],
        ..RecordFilter::default()
    };
    let labeled = year.engine.beside(client.figures(of_key("app.team"))).await.unwrap();
    assert!((20..100).contains(&labeled.all.decisions()));
    let none = year.engine.beside(client.figures(of_key("app"))).await.unwrap();
    assert_eq!((none.all.decisions(), none.all.holds), (0, 0));
    year.engine.close();
}
