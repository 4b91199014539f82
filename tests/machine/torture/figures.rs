//! What was done, and to whom, in numbers.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Default)]
pub struct Figures {
    pub deeds: u32,
    pub jobs: u32,
    pub commands: u32,
    pub kills: u32,
    pub crashes: u32,
    pub keys: u32,
    pub told: u32,
    pub too_late: u32,
    pub requests: u32,
    pub answers_lost: u32,
    /// Who was told that it may have been recorded.
    pub doubts: u32,
    pub deliveries: u32,
    /// What befell a shared record.
    pub storms: BTreeMap<String, u32>,
    pub refused: BTreeMap<String, u32>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deeds, {} jobs, {} commands, {} keys, {} killed, {} crashed at a named point, {} told that they decided, {} too late; \
             {} requests over HTTP, {} of their answers lost; {} deliveries to the webhook",
            self.deeds,
            self.jobs,
            self.commands,
            self.keys,
            self.kills,
            self.crashes,
            self.told,
            self.too_late,
            self.requests,
            self.answers_lost,
            self.deliveries
        )?;
        if !self.storms.is_empty() {
            write!(f, "; {} told that it may have been recorded", self.doubts)?;
        }
        for (why, times) in self.storms.iter().chain(&self.refused) {
            write!(f, "\n  {times} times: {why}")?;
        }
        Ok(())
    }
}
