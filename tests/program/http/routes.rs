//! Every route of the contract: what it does, its shape and status, and that OpenAPI says the same.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::{Served, configuration, serving};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_lacks};

#[track_caller]
fn has(value: &Value, keys: &str) {
    for key in keys.split_whitespace() {
        assert!(value.get(key).is_some(), "no {key} in {value}");
    }
}

#[test]
fn a_job_from_start_to_end_over_http_alone() {
    let (workspace, _served, ana) = serving("");
    let shapes = Shapes::of(&ana);
    let job = shapes.post("/api/v1/jobs", &json!({"slug": "tides", "intent": "a film", "brief": {"tone": "calm"}, "params": {"length_s": 45}, "operator": "eve", "extra": 1}), 201);
    has(
        &job,
        "id slug intent status stage cfg gates artifacts params created_at updated_at operator",
    );
    assert_has!(job, "operator": "ana", "cfg/brief/tone": "calm");
    assert_has!(job, "status": "needs_approval", "stage": "outline");
    has(
        &job["gates"][0],
        "stage required approved by at notes patch auto_approved timeout_seconds",
    );
    assert_eq!(job["gates"][0]["approved"], Value::Null);
    let id = job["id"].as_str().unwrap();
    let at = |rest: &str| format!("/api/v1/jobs/{id}{rest}");
    let status = shapes.get(&at("/gates/status"), 200);
    assert_has!(status, "total_gates": 9, "pending_gates": 1);
    has(&status, "job_id job_status current_stage approved_gates rejected_gates");
    has(
        &status["gates"][0],
        "has_patch state attempt opened_at deadline auto_approve_enabled time_remaining time_elapsed",
    );
    let decided = shapes.post(
        &at("/approve"),
        &json!({"notes": "good", "operator": "eve", "by": "eve", "decision": "approve"}),
        200,
    );
    assert_eq!(decided["message"], "Gate outline approved successfully");
    assert_has!(decided, "decision/by": "ana", "published": true);
    assert_eq!(decided["decision"]["via"]["surface"], "http");
    // The answer came after the file.
    assert_eq!(workspace.decision(id, "outline"), decided["decision"]);
    let decision = shapes.get(&at("/gates/outline/decision"), 200);
    assert_eq!(decision, decided["decision"]);
    let decisions = shapes.get(&at("/gates/decisions"), 200);
    assert_has!(decisions, "decisions/outline": decided["decision"], "total_decisions": 1);
    let rejected = shapes.post(&at("/reject"), &json!({"stage": "script", "notes": "slow"}), 200);
    assert_has!(rejected, "message": "Gate script rejected successfully", "job_status": "paused");
    let resumed = shapes.post(&at("/resume"), &json!({}), 200);
    assert_eq!(resumed["patches_applied"], 0);
    let queue = shapes.get("/api/v1/gates?state=open", 200);
    assert_has!(queue[0], "job_id": id, "stage": "script", "attempt": 2);
    let all = shapes.get("/api/v1/decisions?limit=1", 200);
    assert_eq!(all[0]["stage"], "script");
    shapes.post(&at("/cancel"), &json!({}), 200);
    for path in ["", "/artifacts"] {
        shapes.get(&at(path), 200);
    }
    let listed = shapes.get("/api/v1/jobs?status=canceled&limit=1", 200);
    assert_eq!(listed[0]["id"], *id);
    let none = ana.get("/api/v1/jobs?before=2020-01-01T00:00:00Z").expect(200);
    assert_eq!(none, json!([]));
}

#[test]
fn events_by_number_and_by_time() {
    let (_workspace, _served, ana) = serving("");
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let path = format!("/api/v1/jobs/{id}/events");
    let all = shapes.get(&path, 200);
    has(&all, "job_id events total has_more last_event_time since timestamp");
    let events = all["events"].as_array().unwrap();
    assert_has!(all, "total": events.len(), "has_more": false);
    for event in events {
        has(event, "seq job_id stage status message payload");
        assert_has!(event, "ts": event["timestamp"], "type": event["event_type"]);
    }
    let page = ana.get(&format!("{path}?limit=1")).expect(200);
    assert_eq!(
        (page["events"].as_array().unwrap().len(), &page["has_more"]),
        (1, &json!(true))
    );
    let first = page["events"][0]["seq"].as_u64().unwrap();
    let rest = ana.get(&format!("{path}?since={first}")).expect(200);
    assert_eq!(rest["events"].as_array().unwrap()[..], events[1..]);
    let newest = all["last_event_time"].as_str().unwrap();
    // `Z`, and a `+` that nobody escaped.
    for time in [
        newest.to_owned(),
        newest.replace("+00:00", "Z"),
        newest.replace('+', "%2B"),
    ] {
        assert_eq!(
            ana.get(&format!("{path}?since={time}")).expect(200)["events"],
            json!([]),
            "{time}"
        );
    }
    assert_eq!(
        ana.get(&format!("{path}?since=2020-01-01T00:00:00+00:00")).expect(200)["total"],
        all["total"]
    );
}

#[test]
fn a_gate_is_opened_with_bytes_patched_and_read_back() {
    let (workspace, served, ana) = serving("");
    let pipe = served.pipe();
    let shapes = Shapes::of(&ana);
    let gate = json!({
        "stage": "release",
        "artifacts": [{"kind": "plan", "name": "plan.txt", "content": "one\ntwo\n"}, {"kind": "blob", "name": "b.bin", "content_base64": "AAECAw=="}],
        "bases": [{"name": "plan.txt", "content": "one\n"}],
    });
    let opened = pipe.post("/api/v1/jobs/deploy-42/gates", &gate);
    shapes.check("POST", "/api/v1/jobs/{id}/gates", &opened);
    let opened = opened.expect(201);
    assert_has!(opened, "state": "open", "attempt": 1, "published": true);
    assert_eq!(
        pipe.post("/api/v1/jobs/deploy-42/gates", &gate).expect(200)["attempt"],
        1,
        "the same gate"
    );
    let diff = shapes.get("/api/v1/jobs/deploy-42/gates/release/diff", 200);
    assert_has!(diff[0], "added_lines": 1);
    assert_has!(diff[1], "is_binary": true);
    assert!(diff[0]["diff"].as_str().unwrap().contains("\n+two\n"), "{diff}");
    // The command tells the same, and what only it looks at: facts of media, and the bytes on disk.
    let mut told = workspace.json("gate diff deploy-42 release");
    for document in told.as_array_mut().unwrap() {
        document.as_object_mut().unwrap().remove("facts").unwrap();
    }
    assert_eq!(told, diff);
    let whole = ana
        .get("/api/v1/jobs/deploy-42/gates/release/diff?base=none")
        .expect(200);
    assert_has!(whole[0], "base_sha256": null, "added_lines": 2);
    let base = diff[0]["base_sha256"].as_str().unwrap();
    for given in ["given", &base[..8], base] {
        let same = ana.get(&format!("/api/v1/jobs/deploy-42/gates/release/diff?base={given}"));
        assert_eq!(
            same.expect(200),
            json!([diff[0]]),
            "{given}: the binary has no such base"
        );
    }
    ana.get("/api/v1/jobs/deploy-42/gates/release/diff?base=rejected")
        .expect(404);
    ana.get("/api/v1/jobs/deploy-42/gates/release/diff?base=attempt")
        .expect(404);
    ana.get("/api/v1/jobs/deploy-42/gates/release/diff?base=x").expect(422);
    let told = ana
        .get("/api/v1/jobs/deploy-42/gates/release/diff?base=seen")
        .expect(404);
    assert_contains(&told["detail"].to_string(), "ana has looked at no other version of ");
    let patch = json!({"type": "text_replace", "artifact": "artifacts/release/plan.txt", "replacements": [{"old": "two", "new": "2"}]});
    let patched = ana.act("deploy-42", "patches/release/apply", &patch);
    shapes.check("POST", "/api/v1/jobs/{id}/patches/{stage}/apply", &patched);
    let patched = patched.expect(200);
    assert!(!patched["changed"].as_array().unwrap().is_empty());
    assert_eq!(patched["digest"].as_str().unwrap().len(), 64);
    let undone = shapes.post(
        "/api/v1/jobs/deploy-42/patches/release/undo",
        &json!({"digest": patched["digest"]}),
        200,
    );
    assert_eq!(undone["digest"], opened["digest"]);
    ana.act("deploy-42", "patches/release/undo", &json!({"artifact": "../x"}))
        .expect(422);
    ana.act("deploy-42", "patches/release/apply", &patch).expect(200);
    let bytes = pipe.get("/api/v1/jobs/deploy-42/artifacts/artifacts/release/plan.txt");
    assert_eq!((bytes.status, bytes.body.as_slice()), (200, &b"one\n2\n"[..]));
    let binary = pipe.get("/api/v1/jobs/deploy-42/artifacts/artifacts/release/b.bin");
    assert_eq!(binary.body, [0, 1, 2, 3]);
    let old = json!({"stage": "release", "digest": opened["digest"]});
    ana.act("deploy-42", "approve", &old).expect(409);
    ana.act(
        "deploy-42",
        "approve",
        &json!({"stage": "release", "digest": patched["digest"]}),
    )
    .expect(200);
    let completed = pipe.post("/api/v1/jobs/deploy-42/complete", &json!({}));
    shapes.check("POST", "/api/v1/jobs/{id}/complete", &completed);
    assert_eq!(completed.expect(200)["job_status"], "completed");
}

#[test]
fn no_request_makes_holdpoint_read_a_file_of_its_machine() {
    let workspace = Workspace::new(&configuration(""));
    workspace.write("secret.txt", "hunter2");
    let served = Served::start(&workspace);
    let pipe = served.pipe();
    let secret = workspace.root().join("secret.txt");
    let secret = secret.to_str().unwrap();
    for artifact in [
        json!({"kind": "plan", "path": secret}),
        json!({"kind": "plan", "name": secret, "content": "x"}),
        json!({"kind": "plan", "name": "../../secret.txt", "content": "x"}),
        json!({"kind": "plan", "name": "..", "content": "x"}),
        json!({"kind": "plan", "name": "a", "content": "x", "content_base64": "eA=="}),
        json!({"kind": "plan", "name": "a", "content_base64": "%"}),
        json!({"kind": "", "name": "a", "content": "x"}),
        json!("a"),
    ] {
        let body = json!({"stage": "release", "artifacts": [artifact]});
        let refused = pipe.post("/api/v1/jobs/j-1/gates", &body).expect(422);
        assert_eq!(refused["detail"][0]["loc"][1], "artifacts", "{refused}");
    }
    pipe.post("/api/v1/jobs/j-1/gates", &json!({"stage": "release", "artifacts": []}))
        .expect(422);
    pipe.get("/api/v1/jobs/j-1").expect(404);
    let good = json!({"stage": "release", "artifacts": [{"kind": "plan", "name": "plan.txt", "content": "x"}]});
    pipe.post("/api/v1/jobs/j-1/gates", &good).expect(201);
    for path in [
        "../../secret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "..%2f..%2fsecret.txt",
        "/etc/passwd",
        "state.json",
        "artifacts/release/none",
    ] {
        let reply = pipe.get(&format!("/api/v1/jobs/j-1/artifacts/{path}"));
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
}

#[test]
fn configuration_health_patches_briefs_and_documents() {
    let (workspace, served, ana) = serving("");
    let nobody = served.nobody();
    let shapes = Shapes::of(&ana);
    for path in ["/healthz", "/api/v1/healthz"] {
        let health = nobody.get(path);
        shapes.check("GET", path, &health);
        let health = health.expect(200);
        assert_has!(health, "ok": true, "status": "healthy");
        has(&health["services"], "database storage configuration");
    }
    let shown = ana.get("/api/v1/config/operator");
    let text = String::from_utf8_lossy(&shown.body).into_owned();
    for secret in ["\"ana\"", "\"pipe\"", "sha256", "token"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let shown = shown.expect(200);
    has(&shown["server"], "host port workers log_level allow_external_bind");
    has(&shown["security"], "rate_limiting cors security_headers");
    has(&shown["gates"]["script"], "required auto_approve auto_approve_after_s");
    has(&shown, "storage pipeline");
    let as_json = ana.post("/api/v1/config/validate", &json!({"gates": 3}));
    assert_eq!(as_json.expect(200)["valid"], false);
    let in_force = ana.send("POST", "/api/v1/config/validate", &[], b"");
    shapes.check("POST", "/api/v1/config/validate", &in_force);
    let in_force = in_force.expect(200);
    assert_has!(in_force, "valid": true, "problems": []);
    let wrong = ana
        .send(
            "POST",
            "/api/v1/config/validate",
            &[],
            b"gates:\n  script: {required: maybe}\n",
        )
        .expect(200);
    assert_has!(wrong, "valid": false, "problems/0/line": 2);
    has(&wrong["problems"][0], "line column path message hint");
    let types = ana.get("/api/v1/patches/types").expect(200);
    for kind in ["script", "storyboard"] {
        has(&types["patch_types"][kind], "description examples");
        has(&types["patch_types"][kind]["examples"][0], "type description example");
    }
    let brief = shapes.post(
        "/api/v1/compile-brief",
        &json!({"free_text_brief": "A calm 90 second film on dunes."}),
        200,
    );
    assert_eq!(
        brief["compiled_brief"]["params"],
        json!({"length_s": 90, "tone": "calm"})
    );
    ana.post("/api/v1/jobs", &brief["compiled_brief"]).expect(201);
    ana.post("/api/v1/compile-brief", &json!({"free_text_brief": " "}))
        .expect(400);
    let page = nobody.get("/docs");
    let page = page.text();
    assert_contains(&page, "/api/v1/jobs/{id}/approve");
    assert_lacks(&page, "src=");
    assert_eq!(
        page.matches("http").count(),
        page.matches("httponly").count(),
        "it needs nothing from elsewhere"
    );
    ana.until_on_disk();
    let metrics = ana.get("/metrics");
    let text = metrics.text();
    for name in [
        "holdpoint_open_gates{stage=\"outline\"} 1",
        "holdpoint_open_gate_oldest_age_seconds",
        "holdpoint_jobs_owing_files 0",
        "holdpoint_http_request_duration_seconds_bucket",
        "holdpoint_timer_lateness_seconds",
        // What has not happened yet is there, at zero.
        "holdpoint_open_gates{stage=\"script\"} 0",
        "holdpoint_open_gate_oldest_age_seconds{stage=\"script\"} 0.0",
        "holdpoint_decisions_total{by=\"ana\",outcome=\"approved\"} 0",
        "holdpoint_decisions_total{by=\"ana\",outcome=\"rejected\"} 0",
        "holdpoint_decisions_total{by=\"timer\",outcome=\"auto_approved\"} 0",
        "holdpoint_decisions_total{by=\"timer\",outcome=\"rejected\"} 0",
    ] {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(
        !text.contains("by=\"pipe\""),
        "who cannot decide has no count of decisions: {text}"
    );
    // What --version tells a person.
    let version = workspace.ok("--version");
    let build = text
        .lines()
        .find(|line| line.starts_with("holdpoint_build_info{"))
        .unwrap();
    let labels: Vec<_> = build.split('"').skip(1).step_by(2).collect();
    let [number, commit, date, sqlite] = labels[..] else {
        panic!("four labels: {build}")
    };
    for part in [
        number,
        &commit[..commit.len().min(10)],
        date,
        &format!("SQLite {sqlite})"),
    ] {
        assert_contains(&version, part);
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn events_by_time_lose_none_of_those_that_share_one() {
    let (_workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    for _ in 0..4 {
        ana.act(&id, "reject", &json!({"stage": "outline"})).expect(200);
        ana.act(&id, "resume", &json!({})).expect(200);
    }
    let path = format!("/api/v1/jobs/{id}/events");
    let all = ana.get(&path).expect(200)["events"].as_array().unwrap().clone();
    let times: std::collections::BTreeSet<_> = all.iter().map(|event| event["ts"].as_str().unwrap()).collect();
    assert!(times.len() < all.len(), "some share a time: {all:?}");
    for limit in [1, 2, 3] {
        let (mut since, mut seen) = ("2000-01-01T00:00:00Z".to_owned(), Vec::new());
        loop {
            let page = ana.get(&format!("{path}?since={since}&limit={limit}")).expect(200);
            seen.extend(page["events"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                break;
            }
            since = page["last_event_time"].as_str().unwrap().to_owned();
        }
        assert_eq!(seen, all, "limit {limit}");
    }
    // By number a page has no more than it was asked for.
    assert_eq!(
        ana.get(&format!("{path}?since=0&limit=2")).expect(200)["events"]
            .as_array()
            .unwrap()[..],
        all[..2]
    );
}

#[test]
fn an_attempt_that_is_none_is_told_those_there_are() {
    let (workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    ana.act(&id, "reject", &json!({"stage": "outline"})).expect(200);
    ana.act(&id, "resume", &json!({})).expect(200);
    for rest in ["decision?attempt=7", "diff?attempt=7"] {
        let told = ana.get(&format!("/api/v1/jobs/{id}/gates/outline/{rest}")).expect(404);
        assert_eq!(told["detail"], format!("{id} / outline has no attempt #7"));
        assert_eq!(told["hint"], "its attempts are 1, 2");
    }
    // By the command line in the same words.
    let output = workspace
        .command(&["decisions", "show", &id, "outline", "--attempt", "7"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert_contains(&said, "has no attempt #7");
    assert_contains(&said, "its attempts are 1, 2");
}
