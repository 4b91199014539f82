//! Consoles in terminals, deciders on the command line and over HTTP, leaders and stages, killed at
//! random for as long as told; then everything starts again and the record is held against what
//! each of them was told.
//!
//! `HOLDPOINT_TORTURE_MINUTES=20` (`just torture 20`) for so long; without it a few hundred deeds.
//! The seed is printed.

mod caller;
mod crowd;
mod figures;
mod verdict;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crowd::Crowd;

use crate::support::random::Random;

/// Deeds of the run that is part of every `cargo test`.
const DEEDS: u32 = 150;

#[test]
fn whoever_is_killed_the_record_is_what_everybody_was_told() {
    let minutes: Option<u64> = std::env::var("HOLDPOINT_TORTURE_MINUTES")
        .ok()
        .and_then(|text| text.parse().ok());
    let told_seed = std::env::var("HOLDPOINT_TORTURE_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let seed = told_seed.unwrap_or_else(|| u64::try_from(clock()).unwrap());
    println!("HOLDPOINT_TORTURE_SEED={seed}");
    let began = Instant::now();
    let until = minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let mut crowd = Crowd::gathered(Random::seeded(seed));
    let mut said = Instant::now();
    while until.map_or(crowd.figures.deeds < DEEDS, |until| began.elapsed() < until) {
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
