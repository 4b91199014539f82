//! The operator's hour on another machine, over a line of 64 kbit/s with 150 ms there and back: what
//! it carries, and how long the screen takes (docs/HTTP.md). It tells times and asserts none.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::console::desk::Desk;
use crate::console::hour::{self, Hand, Wait};
use crate::support::binary::holdpoint;
use crate::support::client::{configuration, serving_on};
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::thin_line::{Carried, ThinLine};

/// How long half of the waits took at most, nine of ten, and all.
fn told(mut waits: Vec<Duration>) -> String {
    waits.sort();
    let at = |percent: usize| {
        let place = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        waits.get(place).map_or(0, Duration::as_millis)
    };
    format!("{} / {} / {} ms", at(50), at(90), at(100))
}

/// How many requests of each route the server has answered.
fn requests(metrics: &str) -> Vec<(&str, u64)> {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("holdpoint_http_requests_total"));
    let read = lines.map(|line| {
        let (labels, count) = line.rsplit_once(' ')?;
        let (_, route) = labels.split_once("route=\"")?;
        Some((route.split('"').next()?, count.parse().ok()?))
    });
    read.flatten().collect()
}

#[test]
fn the_hour_over_a_thin_line_is_measured() {
    let Some(mut line) = ThinLine::new() else {
        // Not by `println!`: of a test that passes that is never seen.
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: the hour over a thin line, which needs root, ip and python3"
        );
        return;
    };
    let tokens = configuration("");
    let (_, tokens) = tokens.split_once("security:").unwrap();
    let server = format!("server: {{host: {}, allow_external_bind: true, port: 0}}", line.near);
    let workspace = Workspace::new(&format!("{}{server}\nsecurity:{tokens}", hour::CONFIGURATION));
    let material = hour::open(&workspace, hour::gates());
    let (workspace, served, ana) = serving_on(workspace);
    let machine = Workspace::without_configuration();
    let options = PtyOptions::new(machine.root())
        .args(["netns", "exec", &line.namespace, &holdpoint().display().to_string()])
        .env("HOLDPOINT_SERVER", format!("http://{}", served.address))
        .env("HOLDPOINT_TOKEN", "ana-token")
        .env("HOLDPOINT_ALLOW_HTTP", "1");
    let begun = Instant::now();
    let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"]
        .into_iter()
        .find(|ip| Path::new(ip).exists());
    let desk = Desk::of(Pty::spawn_program(Path::new(ip.expect("ip is there")), options));
    let mut hand = Hand::at(desk, &material);
    let first_screen = begun.elapsed().as_millis();
    // Until a key is pressed nobody is there who is shown anything.
    hand.press("g");
    let (opened, begun) = (line.carried(), Instant::now());
    hand.one_by_one();
    hand.desk.sees("0 open");
    let (ended, took) = (line.carried(), begun.elapsed().as_secs());
    let Carried { up, down } = opened;
    println!(
        "first screen of {} gates: {first_screen} ms, {up} bytes up, {down} down",
        material.len()
    );
    let each = |before: u64, after: u64| (after - before) / material.len() as u64;
    let (up, down) = (each(up, ended.up), each(down, ended.down));
    let (keys, vain) = (hand.keys, hand.vain);
    println!("{took} s; each decision with its step: {up} bytes up, {down} down; {keys} keys, {vain} more too early");
    for wait in [Wait::Question, Wait::NextGate, Wait::Change] {
        let waits = hand.waits.iter().filter(|(of, _)| *of == wait);
        println!("{wait:?}: {}", told(waits.map(|(_, took)| *took).collect()));
    }
    for (route, count) in requests(&ana.get("/metrics").text()) {
        println!("{count} requests of {route}");
    }
    hand.desk.leaves();
    hour::assert_decided(&workspace, &material);
}
