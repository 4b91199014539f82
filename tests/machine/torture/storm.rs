//! What befalls the record that several hosts share: the database is killed, connections are ended,
//! and the line of one host is cut. No host leaves this machine, so a socket of each host's own
//! stands for its network ([`DatabaseLine`]).

use std::net::SocketAddr;
use std::time::Duration;

use testing::database_line::{Cut, DatabaseLine};
use testing::postgres::PostgresServer;

use super::crowd::Crowd;
use super::host::Host;

const HOSTS: usize = 3;
/// A storm comes once in so many deeds.
const STORM_IN: usize = 8;
/// A line that nothing is heard of for longer is ended by the system ([`Cut::Swallowed`]).
const CUT_MS_MAX: usize = 12_000;

pub struct Storm {
    server: PostgresServer,
    database: String,
    /// The kinds come by turns, so that none is left out of a short run.
    turn: usize,
    /// No line is cut for longer.
    cut_ms_max: usize,
}

impl Storm {
    /// A server, and the hosts that share a database of it; none without PostgreSQL.
    pub fn over(receiver: SocketAddr) -> Option<(Self, Vec<Host>)> {
        let server = PostgresServer::of_own()?;
        let address = server.database().unwrap();
        let database = address.rsplit('/').next().unwrap().to_owned();
        let host = |_| {
            let line = DatabaseLine::to(server.dir()).unwrap();
            Host::of_several(receiver, line, &database)
        };
        let hosts = (0..HOSTS).map(host).collect();
        let storm = Self {
            server,
            database,
            turn: 0,
            cut_ms_max: CUT_MS_MAX,
        };
        Some((storm, hosts))
    }

    pub fn psql(&self, sql: &str) -> std::io::Result<String> {
        self.server.psql(&self.database, sql)
    }
}

impl Crowd {
    pub fn cuts_no_line_for_longer_than(&mut self, ms: usize) {
        if let Some(storm) = &mut self.storm {
            storm.cut_ms_max = ms;
        }
    }

    /// Now and then something happens that nobody did.
    pub(super) fn blow(&mut self) {
        let Some(storm) = &mut self.storm else { return };
        if !self.random.one_in(STORM_IN) {
            return;
        }
        storm.turn += 1;
        let turn = storm.turn;
        let time = Duration::from_millis(200 + self.random.below(storm.cut_ms_max) as u64);
        let cut = self.random.pick(&[Cut::Refused, Cut::Swallowed, Cut::Late]);
        let host = self.random.below(self.hosts.len());
        let line = self.hosts[host].line.as_ref().unwrap();
        let what = match turn % 8 {
            0 => {
                storm.server.kill().unwrap();
                storm.server.start_again().unwrap();
                "the database was killed".to_owned()
            }
            1 | 3 | 6 => {
                storm.end_a_connection();
                "a connection was ended".to_owned()
            }
            2 | 5 => {
                line.cut(cut, time);
                format!("a line was cut: {cut:?}")
            }
            _ => {
                line.cut_behind_commit(cut, time);
                format!("a line was cut behind a COMMIT: {cut:?}")
            }
        };
        *self.figures.storms.entry(what).or_default() += 1;
    }
}

impl Storm {
    fn end_a_connection(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1";
        self.psql(sql).unwrap();
    }
}
