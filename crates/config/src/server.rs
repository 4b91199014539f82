//! The section `server`: where HTTP listens.
//!
//! Its values are no secrets, and still only their kind reaches a message: old files keep tokens
//! everywhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::keys;
use super::node::{Node, Value};
use super::reader::{Path, ProblemCollector, Show};
use super::sections::unused;

/// The port where nothing else is configured (SPEC §8).
pub(crate) const PORT_DEFAULT: u16 = 8008;

const LOG_LEVELS: [(&str, &str); 6] = [
    ("error", "error"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
    ("trace", "trace"),
];

/// Where HTTP listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Whether a console serves HTTP as well; `holdpoint serve` always does.
    pub is_enabled: bool,
    /// The address that was asked for; see [`Self::address`].
    pub(crate) host: IpAddr,
    /// The port; 0 takes any that is free.
    pub(crate) port: u16,
    /// Whether an address that other machines reach may be listened on.
    pub(crate) allow_external_bind: bool,
    /// How much `serve` tells on standard error, in tracing's words.
    pub log_level: &'static str,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            is_enabled: false,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: PORT_DEFAULT,
            allow_external_bind: false,
            log_level: "info",
        }
    }
}

impl Server {
    /// Where to listen: this machine only, unless more was allowed by name.
    pub fn address(&self) -> SocketAddr {
        let host = if self.host.is_loopback() || self.allow_external_bind {
            self.host
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        SocketAddr::new(host, self.port)
    }
}

pub(super) fn read(reader: &mut ProblemCollector, node: &Node) -> Server {
    let path = Path::top().key("server");
    let mut server = Server::default();
    let mut host_at = node.at;
    for entry in reader.map(node, &path, Show::KindOnly).unwrap_or_default() {
        let key_path = path.key(&entry.key);
        let value = &entry.node;
        match entry.key.as_str() {
            "enabled" => server.is_enabled = reader.boolean_unshown(value, &key_path).unwrap_or_default(),
            "allow_external_bind" => {
                server.allow_external_bind = reader.boolean_unshown(value, &key_path).unwrap_or_default();
            }
            "host" => {
                host_at = entry.key_at;
                if let Some(host) = host(reader, value, &key_path) {
                    server.host = host;
                }
            }
            "port" => {
                if let Some(port) = reader.count_unshown(value, &key_path, 0..=u32::from(u16::MAX)) {
                    server.port = u16::try_from(port).unwrap_or(PORT_DEFAULT);
                }
            }
            "log_level" => {
                if let Some(level) = log_level(reader, value, &key_path) {
                    server.log_level = level;
                }
            }
            "workers" => {
                if let Some(workers) = reader.count_unshown(value, &key_path, 1..=u32::MAX)
                    && workers != 1
                {
                    let message = "unused: one process serves, with as many threads as it needs";
                    reader.warning(entry.key_at, &key_path, message, "");
                }
            }
            _ => unused(reader, entry, &path, &keys::under("server")),
        }
    }
    if !server.host.is_loopback() && !server.allow_external_bind {
        let message = "this address is not listened on: other machines would reach it; 127.0.0.1 is used";
        let hint = "set server.allow_external_bind: true, and put a reverse proxy with TLS before it";
        reader.warning(host_at, &path.key("host"), message, hint);
    }
    server
}

fn host(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<IpAddr> {
    let text = reader.text(node, path, Show::KindOnly)?;
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let address = text.parse().ok();
    if address.is_none() {
        reader.error(
            node.at,
            path,
            "this text is not an IP address",
            "write 127.0.0.1, ::1 or localhost; names are not looked up",
        );
    }
    address
}

fn log_level(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<&'static str> {
    let text = reader.text(node, path, Show::KindOnly)?.to_ascii_lowercase();
    let known = LOG_LEVELS.iter().find(|(name, _)| *name == text);
    if known.is_none() {
        let hint = "the levels are error, warning, info, debug and trace";
        reader.error(node.at, path, "there is no such level", hint);
    }
    known.map(|(_, level)| *level)
}

/// `enabled:` of a section that may also be written as plain `true` or `false`; other keys are
/// handed back.
pub(super) fn switch<'n>(
    reader: &mut ProblemCollector,
    node: &'n Node,
    path: &Path,
) -> (Option<bool>, Vec<&'n super::node::Entry>) {
    match &node.value {
        Value::Bool(value) => (Some(*value), Vec::new()),
        Value::Null | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            let mut enabled = None;
            let mut others = Vec::new();
            for entry in reader.map(node, path, Show::KindOnly).unwrap_or_default() {
                if entry.key == "enabled" {
                    enabled = reader.boolean_unshown(&entry.node, &path.key("enabled"));
                } else {
                    others.push(entry);
                }
            }
            (enabled, others)
        }
    }
}
