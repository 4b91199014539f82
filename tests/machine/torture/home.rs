//! How it ends: everybody is killed, everything starts again, and nothing is left to be done.

use serde_json::Value;

use super::crowd::Crowd;
use super::host::Host;
use crate::support::beside::{Beside, Stream};
use crate::support::pty::{Waiting, patience};
use crate::support::run::Workspace;

impl Crowd {
    /// Where whoever asks afterwards is: on the host that leads, once all have gone home.
    pub fn workspace(&self) -> &Workspace {
        &self.hosts[0].workspace
    }

    /// Everybody is killed at once; then one server on each host works off what is left, and a person
    /// decides what waits for one.
    pub fn go_home(&mut self) {
        self.consoles.fill_with(|| None);
        for host in &mut self.hosts {
            host.falls();
        }
        while !self.deciders.is_empty() {
            self.hear_one();
        }
        for host in &mut self.hosts {
            host.rises();
        }
        while !self.callers.is_empty() {
            self.hear_caller();
        }
        self.end_all_jobs();
        self.until_all_is_told();
        // Whoever leads goes last, so that the lead stays where it is.
        let leads = self.who_leads();
        self.hosts.swap(0, leads);
        for host in self.hosts.iter_mut().rev() {
            host.leaves();
        }
    }

    /// The host whose files are kept up to date.
    fn who_leads(&self) -> usize {
        let Some(storm) = &self.storm else { return 0 };
        let id = storm.psql("SELECT host FROM leader").unwrap();
        let is_it = |host: &Host| host.workspace.read("runs/.host").contains(id.trim());
        self.hosts.iter().position(is_it).unwrap()
    }

    /// What a shared record has of its hosts, for whoever looks why nothing moves.
    fn standing(&self) -> String {
        let Some(storm) = &self.storm else {
            return String::new();
        };
        let tables = [
            "SELECT * FROM leader",
            "SELECT *, until - clock_timestamp() FROM host",
            "SELECT * FROM attempt WHERE state = 'running'",
            "SELECT id, status, published_seq, last_event_seq FROM job WHERE published_seq < last_event_seq",
            "SELECT pid, state, wait_event, left(query, 200) FROM pg_stat_activity WHERE datname = current_database()",
        ];
        let told = |sql: &&str| format!("{sql}\n{}", storm.psql(sql).unwrap_or_else(|error| error.to_string()));
        tables.iter().map(told).collect()
    }

    /// Waits until the webhook was told everything.
    fn until_all_is_told(&mut self) {
        let began = Waiting::begun();
        loop {
            self.take_deliveries();
            let standing = self.workspace().json("webhooks")[0].clone();
            assert_eq!(standing["lost"], 0, "{standing}");
            if standing["waiting"] == 0 {
                break;
            }
            let is_late = began.has_lasted(patience());
            assert!(!is_late, "patience ran out: {standing}\n{}", self.standing());
        }
        self.take_deliveries();
    }

    /// Every job that goes on by itself is waited for, every gate is approved; what is paused stays
    /// so.
    fn end_all_jobs(&mut self) {
        let ids: Vec<String> = (1..=self.figures.jobs).map(|number| format!("j-{number}")).collect();
        for id in ids {
            loop {
                let output = self
                    .workspace()
                    .command(&["job", "show", &id, "--json"])
                    .output()
                    .unwrap();
                let Ok(job) = serde_json::from_slice::<Value>(&output.stdout) else {
                    // Its start was killed before it was there.
                    break;
                };
                match job["status"].as_str().unwrap_or_default() {
                    "completed" | "failed" | "canceled" | "paused" => break,
                    "needs_approval" => {
                        let stage = job["stage"].as_str().unwrap_or_default().to_owned();
                        let approved = self
                            .workspace()
                            .command(&["gate", "approve", &id, &stage])
                            .output()
                            .unwrap();
                        if approved.status.code() == Some(1) {
                            // Somebody wrote to what is under review, and nobody has read it since.
                            self.workspace().ok(&format!("job cancel {id}"));
                        }
                    }
                    _ => self.until_it_moves(&id, &job),
                }
            }
        }
    }

    /// Follows the job until its next event.
    fn until_it_moves(&self, id: &str, job: &Value) {
        let events = self.workspace().json_lines(&format!("events {id}"));
        let since = events.last().map_or(0, |event| event["seq"].as_u64().unwrap_or(0));
        let now = self
            .workspace()
            .command(&["job", "show", id, "--json"])
            .output()
            .unwrap();
        if serde_json::from_slice::<Value>(&now.stdout)
            .ok()
            .as_ref()
            .map(|now| &now["status"])
            != Some(&job["status"])
        {
            return;
        }
        let args = ["events", id, "--follow", "--json", "--since", &since.to_string()];
        let patience = format!("{}", patience().as_secs());
        let mut follow = self.workspace().through("timeout", &[&patience], &args);
        let moved = Beside::of(&mut follow, Stream::Stdout).line();
        assert!(
            moved.is_some(),
            "patience ran out: it stays as it is: {job:#}\n{}",
            self.standing()
        );
    }
}
