//! Several hosts that share one record, under a storm: lines that are cut or lose what was answered,
//! commits that are refused, hosts that are alone for a while, clocks that are off by up to an hour,
//! leaders that are killed, stopped or end. Who leads, which host is gone, whose clock is right and
//! what a process does about it is said by the rules that the store and the engine ask.

mod judge;
mod persons;
mod process;
mod record;
pub mod schedule;
mod world;
