//! Consoles in terminals, deciders on the command line and over HTTP, leaders and stages, killed at
//! random for as long as told; then everything starts again and the record is held against what
//! each of them was told. On one host with its record in a file, and on three that share one in
//! PostgreSQL, which is killed too, and whose lines are cut.
//!
//! `HOLDPOINT_TORTURE_MINUTES=20` (`just torture 20`, `just torture-hosts 20`) for so long; without
//! it a few hundred deeds. The seed is printed.

mod caller;
mod crowd;
mod figures;
mod home;
mod host;
mod storm;
mod verdict;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crowd::Crowd;

use crate::support::random::Random;

/// Deeds of the run that is part of every `cargo test`.
const DEEDS: u32 = 150;
/// The same where each deed asks a database for leave; no line is cut for longer then.
const DEEDS_ON_HOSTS: u32 = 100;
const SHORT_CUT_MS: usize = 2_000;

#[test]
fn whoever_is_killed_the_record_is_what_everybody_was_told() {
    tortured(Crowd::gathered(random()), DEEDS);
}

#[test]
fn whoever_is_killed_on_three_hosts_the_record_is_what_everybody_was_told() {
    let Some(mut crowd) = Crowd::on_hosts(random()) else {
        return;
    };
    if minutes().is_none() {
        crowd.cuts_no_line_for_longer_than(SHORT_CUT_MS);
    }
    tortured(crowd, DEEDS_ON_HOSTS);
}

fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn minutes() -> Option<u64> {
    told("HOLDPOINT_TORTURE_MINUTES")
}

fn random() -> Random {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let seed = told("HOLDPOINT_TORTURE_SEED").unwrap_or_else(|| u64::try_from(clock()).unwrap());
    println!("HOLDPOINT_TORTURE_SEED={seed}");
    Random::seeded(seed)
}

/// For as long as told, or so many deeds.
fn tortured(mut crowd: Crowd, deeds: u32) {
    let began = Instant::now();
    let until = minutes().map(|minutes| Duration::from_secs(minutes * 60));
    let mut said = Instant::now();
    while until.map_or(crowd.figures.deeds < deeds, |until| began.elapsed() < until) {
        crowd.deed();
        if said.elapsed() > Duration::from_secs(60) {
            println!("{:.0} s: {}", began.elapsed().as_secs_f64(), crowd.figures);
            said = Instant::now();
        }
    }
    crowd.go_home();
    println!("{:.0} s: {}", began.elapsed().as_secs_f64(), crowd.figures);
    let found = verdict::of(&crowd);
    println!("{found}");
}
