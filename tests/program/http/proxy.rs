//! A proxy that says who asks.

use serde_json::{Value, json};

use crate::support::client::{Client, Served, configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

/// A server that trusts a proxy here, with this besides.
fn serving_by(from: &str, more: &str) -> (Workspace, Served) {
    let proxy = format!("server: {{port: 0, trusted_proxy: {{header: X-Remote-User, from: [{from}], {more}}}}}");
    let text = configuration("").replace("server: {port: 0}", &proxy);
    let (workspace, served, _) = serving_on(Workspace::new(&text));
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    (workspace, served)
}

const APPROVE: &str = "/api/v1/jobs/j-1/approve";

/// What the server says to a request with these headers and no token.
fn sent(by: &Client, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let reply = by.send(method, path, headers, b"{}");
    (reply.status, reply.json())
}

#[test]
fn the_proxys_header_says_who_decides_and_the_record_says_how_it_is_known() {
    let (workspace, served) = serving_by("127.0.0.0/8", "role: operator, hosts: [holdpoint]");
    let nobody = served.nobody();
    let bea = ("X-Remote-User", "bea@house.example");
    let (status, session) = sent(&nobody, "GET", "/api/v1/session", &[bea]);
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["operator"]["name"], "bea@house.example");
    // A browser comes with its cookies also from pages of others; forms send no JSON.
    let json = ("Content-Type", "application/json");
    for (headers, status, why) in [
        (vec![bea], 415, "has to come as application/json"),
        (
            vec![bea, ("Content-Type", "text/plain")],
            415,
            "has to come as application/json",
        ),
        (
            vec![
                bea,
                json,
                ("Sec-Fetch-Site", "cross-site"),
                ("Origin", "https://evil.example"),
            ],
            403,
            "this was sent by https://evil.example, not by a page of the proxy's host",
        ),
        (
            vec![bea, json, ("Sec-Fetch-Site", "same-site")],
            403,
            "this was sent by another page",
        ),
        (vec![bea, json, ("Origin", "null")], 403, "this was sent by null"),
        (
            vec![bea, json, ("Origin", "https://evil.example")],
            403,
            "this was sent by https://evil.example",
        ),
        (vec![bea, bea, json], 401, "X-Remote-User comes more than once"),
        (
            vec![("X-Remote-User", "timer"), json],
            401,
            "timer is the timer's name in the record",
        ),
        (
            vec![("X-Remote-User", ""), json],
            401,
            "X-Remote-User names nobody who can act",
        ),
        (vec![json], 401, "a token is needed"),
        (
            vec![bea, json, ("Authorization", "Bearer wrong")],
            401,
            "this token opens nothing",
        ),
    ] {
        let (told, body) = sent(&nobody, "POST", APPROVE, &headers);
        assert_eq!(told, status, "{headers:?} {body}");
        assert_contains(body["detail"].as_str().unwrap(), why);
    }
    let own = [
        bea,
        json,
        ("Sec-Fetch-Site", "same-origin"),
        ("Origin", "https://holdpoint"),
    ];
    let (status, done) = sent(&nobody, "POST", APPROVE, &own);
    assert_eq!(status, 200, "{done}");
    let decision = workspace.json("decisions show j-1 deploy");
    assert_has!(decision, "by": "bea@house.example", "via/by_proxy": true, "via/peer": "127.0.0.1");
    // Whoever has a token is who it says.
    let ana = served.ana();
    let session = ana.send("GET", "/api/v1/session", &[bea], b"").expect(200);
    assert_eq!(session["operator"]["name"], "ana");
    assert_eq!(session["operator"]["via"]["by_proxy"], Value::Null);
}

#[test]
fn a_header_from_elsewhere_counts_for_nothing() {
    let (_workspace, served) = serving_by("10.0.0.5, 10.1.0.0/16", "role: operator");
    let ana = ("X-Remote-User", "ana");
    let (status, refused) = sent(&served.nobody(), "GET", "/api/v1/jobs", &[ana]);
    assert_eq!(status, 401, "{refused}");
    assert_eq!(
        refused["detail"],
        "X-Remote-User counts from the proxy alone, and 127.0.0.1 is not it: a token is needed"
    );
    let view = served.view();
    let refused = view.send("POST", APPROVE, &[ana], b"{}").expect(403);
    assert_contains(refused["detail"].as_str().unwrap(), "view has the role viewer");
}

#[test]
fn those_whom_a_proxy_names_look_unless_more_is_said_and_other_hosts_are_not_its_own() {
    let (_workspace, served) = serving_by("127.0.0.1", "");
    let headers = [("X-Remote-User", "bea"), ("Content-Type", "application/json")];
    // The test's client calls the host `holdpoint`, as a page could that has taken our address.
    let (status, refused) = sent(&served.nobody(), "GET", "/api/v1/jobs", &headers);
    assert_eq!(status, 403, "{refused}");
    assert_eq!(
        refused["detail"],
        "the request names the host holdpoint, which is not the proxy's"
    );
    assert_eq!(
        refused["hint"],
        "list the names of the proxy's host in server.trusted_proxy.hosts"
    );

    let (workspace, served) = serving_by("127.0.0.1", "hosts: [holdpoint]");
    let mut follow = served
        .nobody()
        .follow("/api/v1/jobs/j-1/events/stream", &[("X-Remote-User", "bea")]);
    let (status, refused) = sent(&served.nobody(), "POST", APPROVE, &headers);
    assert_eq!(
        (status, &refused["detail"]),
        (403, &json!("bea has the role viewer; this needs operator"))
    );
    // A proxy that is trusted no longer has named nobody.
    workspace.write("conf/operator.yaml", configuration(""));
    served.until("the configuration was saved");
    let (_, last) = follow.until("closing");
    assert_eq!(last["message"], "the proxy that named bea is not trusted any more");
    assert_eq!(sent(&served.nobody(), "GET", "/api/v1/jobs", &headers).0, 401);
}
