//! What nobody is to read: tokens, their digests, the secrets and addresses of webhooks. Every
//! route is asked, in every name, with the log turned up to the last word, and none of it stands in
//! an answer, a header, the log, a command's output or a stage's environment.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use domain::ids::Digest;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply, configuration};
use crate::support::receiver::{self, Receiver};
use crate::support::run::{Workspace, printed};
use crate::support::said::assert_lacks;

const ADMIN: &str = "planted-admin-Zq8vT2xW";
const SECRET: &str = "planted-secret-mR4kL9";
const ADDRESS: &str = "planted-address-T0K3N";
const DEFAULT: &str = "planted-default-pQ7";
const WRONG: &str = "planted-wrong-bN3";
const ENV: &str = "planted-stage-vC5";

/// All that must not be seen: words, and how a token's digest looks.
fn planted() -> Vec<String> {
    let mut words: Vec<String> = [ADMIN, SECRET, ADDRESS, DEFAULT, WRONG].map(str::to_owned).into();
    for token in ["ana-token", "pipe-token", "view-token"] {
        words.push(token.to_owned());
        words.push(Digest::of(token.as_bytes()).to_string());
    }
    words
}

#[track_caller]
fn holds_none(what: &str, text: &str) {
    for word in planted() {
        assert!(!text.contains(&word), "{what} holds {word}: {text}");
    }
}

/// The server, its standard error in a file; killed when dropped.
struct Logged {
    child: Child,
    address: SocketAddr,
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ENVIRONMENT: [(&str, &str); 3] = [
    ("ADMIN_TOKEN", ADMIN),
    ("HOLDPOINT_TEST_SECRET", SECRET),
    ("RUST_LOG", "trace"),
];

impl Logged {
    fn start(workspace: &Workspace, address: SocketAddr) -> Self {
        let log = File::create(workspace.root().join("log")).unwrap();
        let mut command = workspace.command(&["serve"]);
        let command = command.envs(ENVIRONMENT).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(log).spawn().unwrap();
        let logged = Self { child, address };
        while !workspace.read("log").contains("this process leads")
            || !workspace.read("log").contains("HTTP on http://")
        {}
        logged
    }

    fn client(&self, token: Option<&str>) -> Client {
        Client {
            address: self.address,
            token: token.map(str::to_owned),
        }
    }
}

fn text(reply: &Reply) -> String {
    format!("{:?} {}", reply.headers, String::from_utf8_lossy(&reply.body))
}

#[test]
fn no_route_no_log_no_command_and_no_stage_tells_a_secret() {
    let receiver = Receiver::start(|number| match number % 2 {
        0 => receiver::Reply::Status("404 Not Found"),
        _ => receiver::Reply::Status("204 No Content"),
    });
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = format!(
        "  default_token: {DEFAULT}\nwebhooks:\n  - {{name: chat, url: 'http://{}/{ADDRESS}?x={ADDRESS}', secret_env: HOLDPOINT_TEST_SECRET}}\n\
         pipeline:\n  stages:\n    - {{name: outline}}\n    - name: script\n      env: {{SAID: {ENV}}}\n      \
         command: [sh, -c, 'mkdir -p artifacts/script && env > artifacts/script/env.txt && env']\n      \
         artifacts: [{{kind: script, path: artifacts/script/env.txt}}]\n",
        receiver.address
    );
    let workspace = Workspace::new(&configuration(&more).replace("port: 0", &format!("port: {}", address.port())));
    let served = Logged::start(&workspace, address);
    let admin = served.client(Some(ADMIN));
    let id = admin.start_job("tides");
    admin.act(&id, "approve", &json!({"stage": "outline"})).expect(200);
    let decision = admin.job(&id, "/gates/outline/decision");
    assert_eq!(decision["by"], "admin");
    // The stage has run when its gate is there.
    while admin.job(&id, "/gates/status")["gates"][1]["state"] != "open" {}
    let environment = admin.get(&format!("/api/v1/jobs/{id}/artifacts/artifacts/script/env.txt"));
    let environment = environment.text();
    assert!(
        environment.contains(&format!("SAID={ENV}")),
        "what the stage is given it has: {environment}"
    );
    assert_lacks(&environment, "ADMIN_TOKEN");
    holds_none("the environment of a stage", &environment);

    let document = admin.get("/openapi.json").expect(200);
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if path.ends_with("/stream") {
            let filled = path.replace("{id}", &id).replace("{stage}", "script");
            let mut follow = admin.follow(&filled, &[("Last-Event-ID", "0")]);
            for _ in 0..4 {
                holds_none(
                    path,
                    &follow.next().map_or_else(String::new, |(_, event)| event.to_string()),
                );
            }
            continue;
        }
        for job in [id.as_str(), WRONG] {
            let filled = path
                .replace("{id}", job)
                .replace("{stage}", "script")
                .replace("{digest}", &"0".repeat(64))
                .replace("{path}", "artifacts/script/none.txt");
            for method in methods
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| key.as_str() != "parameters")
            {
                let method = method.to_uppercase();
                for token in [Some(ADMIN), Some("view-token"), Some(WRONG), None] {
                    let bodies: [&[u8]; 3] = [
                        b"{}",
                        b"{\"stage\": 7, \"patch\": [], \"digest\": \"00\", \"attempt\": -1}",
                        b"{\"torn",
                    ];
                    for body in bodies {
                        let reply = served.client(token).send(&method, &filled, &[], body);
                        // What a caller writes into a path may come back to that caller; its token
                        // may not.
                        let told = text(&reply).replace(&filled, "");
                        let told = if job == WRONG { told.replace(WRONG, "") } else { told };
                        holds_none(&format!("{method} {path} as {token:?}"), &told);
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 500, "only {asked} requests");
    let wrong = format!(
        "security: {{default_token: {DEFAULT}, tokens: [{{name: ana, role: boss, sha256: {ADMIN}}}, {{name: {SECRET}}}]}}\n\
         webhooks: [{{name: chat, url: 'ftp://{ADDRESS}', secret_env: '{SECRET} {ADDRESS}'}}]\nstorage: {{db_path: 'x://u:{SECRET}@h'}}\n"
    );
    let checked = admin.send("POST", "/api/v1/config/validate", &[], wrong.as_bytes());
    assert_eq!(checked.json()["valid"], false);
    holds_none("the check of a configuration", &text(&checked));
    for args in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["config", "check"],
        &["doctor", "--json"],
        &["decisions", "verify"],
        &["webhooks", "--json"],
        &["job", "show", &id, "--json"],
        &["events", &id, "--json"],
        &["decisions", "list", "--json"],
        &["gate", "list", "--json"],
    ] {
        let output = workspace.command(args).envs(ENVIRONMENT).output().unwrap();
        let said = printed(&output);
        holds_none(&args.join(" "), &said);
        assert!(!said.contains(ENV) || args[0] != "config", "{args:?}: {said}");
    }
    let delivered = receiver.next();
    assert!(delivered.path.contains(ADDRESS), "the receiver is told where it is");
    let body = String::from_utf8(delivered.bytes.clone()).unwrap();
    holds_none("a delivery", &body);
    let log = workspace.read("log");
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the log says all that it can: {log}"
    );
    // The job that nobody has was named by the caller.
    holds_none("the log", &log.replace(&format!("/jobs/{WRONG}"), ""));
    assert_ne!(serde_json::from_str::<Value>(&body).unwrap()["id"], Value::Null);
}
