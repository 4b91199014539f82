//! Who may come in, and as what.

use domain::ids::Digest;
use serde_json::json;

use crate::support::client::{GATES, Served, configuration, serving, serving_on};
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

#[test]
fn without_a_token_nothing_is_served_and_the_way_to_one_is_told() {
    let workspace = Workspace::new(GATES);
    for environment in [None, Some("")] {
        let mut command = workspace.cmd(&["serve"]);
        if let Some(value) = environment {
            command.env("ADMIN_TOKEN", value);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_contains(&said, "Not started: no token is configured");
        assert_contains(&said, "holdpoint token new");
    }
}

#[test]
fn the_default_token_of_an_old_configuration_opens_nothing() {
    let old = format!("{GATES}security: {{default_token: change-me}}\nserver: {{port: 0}}\n");
    let workspace = Workspace::new(&old);
    let output = workspace
        .cmd(&["serve"])
        .env("ADMIN_TOKEN", "change-me")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_contains(&said, "ADMIN_TOKEN is the text of security.default_token");
    let served = Served::start_with(&workspace, &[("ADMIN_TOKEN", "another-one")]);
    served.as_("change-me").get("/api/v1/jobs").expect(401);
    let job = served
        .as_("another-one")
        .post("/api/v1/jobs", &json!({"slug": "a", "intent": "b"}))
        .expect(201);
    assert_eq!(job["operator"], "admin");
}

#[test]
fn a_new_token_is_shown_once_and_works_as_soon_as_its_line_is_saved() {
    let (workspace, served, _) = serving("");
    let made = workspace.json("token new bea --role operator");
    let (token, line) = (made["token"].as_str().unwrap(), made["line"].as_str().unwrap());
    assert_eq!(made["sha256"], Digest::of(token.as_bytes()).to_string());
    assert!(
        token.len() > 40 && !workspace.read("conf/operator.yaml").contains("bea"),
        "nothing is written"
    );
    assert_ne!(workspace.json("token new bea --role operator")["token"], made["token"]);
    served.as_(token).get("/api/v1/jobs").expect(401);
    let text = configuration("");
    workspace.write(
        "conf/operator.yaml",
        text.replace("  tokens:\n", &format!("  tokens:\n    {line}\n")),
    );
    served.until("the configuration was saved");
    served.as_(token).get("/api/v1/jobs").expect(200);
    // Taken away again, it opens nothing, and a stream that it had opened ends.
    let bea = served.as_(token);
    let id = bea.start_job("tides");
    let mut follow = bea.follow_job(&id);
    workspace.write("conf/operator.yaml", text);
    served.until("the configuration was saved");
    bea.get("/api/v1/jobs").expect(401);
    let (_, last) = follow.until("closing");
    assert_eq!(last["message"], "this token opens nothing");
    assert!(follow.next().is_none());
}

#[test]
fn every_route_but_health_and_the_page_needs_a_token() {
    // There are more routes than a stranger may try in a minute.
    let patient = configuration("").replace("enabled: false", "enabled: false, unauthorized_per_minute: 600");
    let (_workspace, served, ana) = serving_on(Workspace::new(&patient));
    let id = ana.start_job("tides");
    let document = ana.get("/openapi.json").expect(200);
    let mut refused = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let place = path
                .replace("{id}", &id)
                .replace("{stage}", "outline")
                .replace("{path}", "a/b");
            let reply = served.nobody().send(&method, &place, &[], b"{}");
            if path.ends_with("/healthz") || path == "/docs" {
                assert_eq!(reply.status, 200, "{method} {path}");
                continue;
            }
            refused += 1;
            assert!(reply.expect(401)["detail"].is_string(), "{method} {path}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert!(refused > 25, "only {refused} routes were tried");
    for header in [
        "Basic YTpi",
        "Bearer",
        "Bearer  ",
        "Token ana-token",
        "bearer ana-toke",
        "Bearer ana-token x",
        "Bearer \u{e9}",
    ] {
        let reply = served
            .nobody()
            .send("GET", "/api/v1/jobs", &[("Authorization", header)], b"");
        reply.expect(401);
    }
    let twice = [
        ("Authorization", "Bearer ana-token"),
        ("Authorization", "Bearer ana-token"),
    ];
    served.nobody().send("GET", "/api/v1/jobs", &twice, b"").expect(401);
    served
        .nobody()
        .send("GET", "/api/v1/jobs?token=ana-token", &[], b"")
        .expect(401);
    assert_eq!(ana.job(&id, "")["gates"][0]["state"], "open");
}

#[test]
fn a_role_opens_what_it_says_and_no_more() {
    let (_workspace, served, ana) = serving("");
    let (pipe, view) = (served.pipe(), served.view());
    let id = pipe.start_job("tides");
    let new = json!({"slug": "a", "intent": "b"});
    assert_eq!(
        view.post("/api/v1/jobs", &new).expect(403)["detail"],
        "view has the role viewer; this needs pipeline"
    );
    view.job(&id, "");
    let deeds = "approve reject resume cancel patches/outline/apply gates/outline/hold gates/outline/release \
                 gates/outline/extend";
    for deed in deeds.split(' ') {
        for client in [&pipe, &view] {
            client.act(&id, deed, &json!({})).expect(403);
        }
    }
    let gate = json!({"stage": "release", "artifacts": [{"kind": "plan", "name": "p", "content": "x"}]});
    view.post("/api/v1/jobs/m-1/gates", &gate).expect(403);
    pipe.post("/api/v1/jobs/m-1/gates", &gate).expect(201);
    assert_eq!(ana.job(&id, "")["operator"], "pipe");
    ana.approve(&id);
}

#[test]
fn pages_of_other_origins_read_only_where_they_are_listed() {
    let none = Workspace::new(&configuration(""));
    let served = Served::start(&none);
    let origin = [("Origin", "https://console.example")];
    let reply = served.ana().send("GET", "/api/v1/jobs", &origin, b"");
    assert_eq!(reply.header("access-control-allow-origin"), None);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    assert!(
        reply
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert_eq!(served.ana().send("OPTIONS", "/api/v1/jobs", &origin, b"").status, 405);
    let listed = Workspace::new(&configuration("  cors: {allow_origins: ['https://console.example']}\n"));
    let served = Served::start(&listed);
    let reply = served.ana().send("GET", "/api/v1/jobs", &origin, b"");
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://console.example")
    );
    let asked = [
        origin[0],
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "idempotency-key,holdpoint-session"),
    ];
    let reply = served.nobody().send("OPTIONS", "/api/v1/jobs", &asked, b"");
    let allowed = reply.header("access-control-allow-headers").unwrap();
    for name in [
        "authorization",
        "content-type",
        "last-event-id",
        "idempotency-key",
        "holdpoint-session",
    ] {
        assert!(allowed.split(',').any(|one| one.trim() == name), "{allowed}");
    }
    // A page that says which session it is still is a page.
    let session = [origin[0], ("Holdpoint-Session", "a")];
    let reply = served.ana().send("GET", "/api/v1/jobs", &session, b"");
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    let other = served
        .ana()
        .send("GET", "/api/v1/jobs", &[("Origin", "https://evil.example")], b"");
    assert_eq!(other.header("access-control-allow-origin"), None);
}
