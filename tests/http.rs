//! HTTP as clients see it: the real binary, real sockets, several processes at once.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits in the plain way"
)]

mod support;

mod http {
    mod acknowledge;
    mod across;
    mod client;
    mod console;
    mod documented;
    mod doors;
    mod dry_run;
    mod examples;
    mod lagging;
    mod leaving;
    mod limits;
    mod live;
    mod moved;
    mod old;
    mod openapi;
    mod races;
    mod reading;
    mod receiver;
    mod refusals;
    mod routes;
    mod secrets;
    mod shapes;
    mod timers;
    mod webhooks;
    mod webhooks_tls;
    mod withdraw;
}
