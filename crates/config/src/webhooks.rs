//! The section `webhooks`: who is told over HTTP what happens, and with which secret that is
//! signed.
//!
//! An address may be a secret by itself (a path or query that nobody else knows), so no value of
//! this section reaches a message and none gets into a document. The secret is named here, never
//! written.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::keys;
use super::node::{Node, Value};
use super::reader::{Path, ProblemCollector, Show};
use domain::webhook::DeliveryKind;

/// The most webhooks of a configuration.
pub(crate) const WEBHOOKS_MAX: usize = 16;
/// No stage command inherits a variable whose name begins with this (runs::supervisor).
const ENV_PREFIX: &str = "HOLDPOINT_";
const URL_BYTES_MAX: usize = 2048;
const NAME_BYTES_MAX: usize = 50;

/// Where a webhook's secret is. It is read anew for each attempt, so that it can be changed without
/// a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file; a line end at its end does not count.
    File(PathBuf),
}

/// One receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What messages, metrics and the outbox call it.
    pub name: String,
    /// `http` or `https`; never shown whole.
    pub url: String,
    /// What signs its deliveries.
    pub secret: SecretSource,
    /// What it is told.
    pub events: Vec<DeliveryKind>,
    /// How many seconds before its deadline an open gate is told of once more; none: never.
    pub remind_before_s: Option<u64>,
    /// After how many seconds without a decision it is; none: never.
    pub remind_after_s: Option<u64>,
}

impl Webhook {
    /// Scheme, host and port: what may be shown of the address.
    pub fn origin(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let rest = self.url.get(after_scheme..).unwrap_or_default();
        let end = rest
            .find(['/', '?', '#'])
            .map_or(self.url.len(), |at| after_scheme + at);
        self.url.get(..end).unwrap_or_default()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({}, {})", self.name, self.origin())
    }
}

pub(super) fn read(reader: &mut ProblemCollector, node: &Node) -> Arc<Vec<Webhook>> {
    let path = Path::top().key("webhooks");
    if matches!(node.value, Value::Null) {
        return Arc::default();
    }
    let hint = "write one `- {name: …, url: …, secret_env: …}` a line";
    let Some(items) = reader.list(node, &path, Show::KindOnly, hint) else {
        return Arc::default();
    };
    if items.len() > WEBHOOKS_MAX {
        let message = format!("there are {} webhooks; at most {WEBHOOKS_MAX} are told", items.len());
        reader.error(node.at, &path, message, "let one receiver tell the others");
    }
    let mut names = HashSet::new();
    let mut webhooks = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(webhook) = webhook(reader, item, &path) else {
            continue;
        };
        if !names.insert(webhook.name.clone()) {
            reader.error(
                item.at,
                &path.key("name"),
                "another webhook has this name",
                "what is owed to a webhook is kept under its name",
            );
        }
        webhooks.push(webhook);
    }
    Arc::new(webhooks)
}

fn webhook(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<Webhook> {
    let errors_before = reader.error_count();
    let (mut name, mut url, mut secrets) = (None, None, Vec::new());
    let mut events = DeliveryKind::ALL.to_vec();
    let (mut remind_before_s, mut remind_after_s) = (None, None);
    for entry in reader.map(node, path, Show::KindOnly)? {
        let key_path = path.key(&entry.key);
        let value = &entry.node;
        match entry.key.as_str() {
            "name" => name = read_name(reader, value, &key_path),
            "url" => url = read_url(reader, value, &key_path),
            "secret_env" => secrets.extend(secret_env(reader, value, &key_path)),
            "secret_file" => secrets.extend(secret_file(reader, value, &key_path)),
            "events" => events = read_events(reader, value, &key_path),
            "remind_before_s" => remind_before_s = remind_s(reader, value, &key_path),
            "remind_after_s" => remind_after_s = remind_s(reader, value, &key_path),
            _ => reader.unknown_key(entry, path, "a webhook", &keys::under("webhooks[]")),
        }
    }
    let mut secrets = secrets.into_iter();
    let (secret, second) = (secrets.next(), secrets.next());
    if reader.error_count() > errors_before {
        return None;
    }
    let missing = [
        ("name", name.is_none()),
        ("url", url.is_none()),
        ("secret_env", secret.is_none()),
    ];
    for (key, _) in missing.iter().filter(|(_, is_missing)| *is_missing) {
        let hint = match *key {
            "secret_env" => {
                "name a variable (secret_env) or a file (secret_file): whoever receives must know who sends"
            }
            _ => "write it beside the other keys",
        };
        reader.error(node.at, &path.key(key), "a webhook needs it", hint);
    }
    if second.is_some() {
        let message = "there are secret_env and secret_file";
        reader.error(node.at, path, message, "keep one of them");
    }
    let wants_reminders = remind_before_s.is_some() || remind_after_s.is_some();
    if wants_reminders && !events.contains(&DeliveryKind::GateReminder) {
        let message = "it wants reminders, and its events leave them out";
        reader.error(node.at, &path.key("events"), message, "add gate_reminder");
    }
    Some(Webhook {
        name: name?,
        url: url?,
        secret: secret?,
        events,
        remind_before_s,
        remind_after_s,
    })
}

fn read_name(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<String> {
    let text = reader.text(node, path, Show::KindOnly)?;
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !is_plain || text.is_empty() || text.len() > NAME_BYTES_MAX {
        let hint = "a name is 1 to 50 letters, digits, _ and -";
        reader.error(node.at, path, "this text is no name of a webhook", hint);
        return None;
    }
    Some(text.to_owned())
}

fn read_url(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<String> {
    let text = reader.text(node, path, Show::KindOnly)?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && text.len() <= URL_BYTES_MAX;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    let (message, hint) = if authority.contains('@') {
        (
            "this address has a login in it",
            "a signature says who sends; take the login out",
        )
    } else if !is_plain || text.contains('\\') || !is_authority(authority) {
        (
            "this text is no address",
            "write https://host/path, all in ASCII, at most 2048 bytes",
        )
    } else {
        let host = authority.strip_prefix('[').map_or_else(
            || authority.split(':').next().unwrap_or_default(),
            |inside| inside.split(']').next().unwrap_or_default(),
        );
        let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if text.starts_with("http://") && !is_here {
            let message = "without TLS everybody on the way reads what is sent";
            reader.warning(node.at, path, message, "write https://");
        }
        return Some(text.to_owned());
    };
    reader.error(node.at, path, message, hint);
    None
}

/// A host, or an address in brackets, and perhaps a port.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((host, behind))) => (host, behind.strip_prefix(':').or(behind.is_empty().then_some(""))),
        Some(None) => return false,
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        },
    };
    !host.is_empty() && port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn secret_env(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<SecretSource> {
    let text = reader.text(node, path, Show::KindOnly)?;
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || text.len() == ENV_PREFIX.len() || !text.starts_with(ENV_PREFIX) {
        let hint = "write the name of a variable that begins with HOLDPOINT_: no stage command inherits those";
        reader.error(node.at, path, "this is no variable that can hold the secret", hint);
        return None;
    }
    Some(SecretSource::Env(text.to_owned()))
}

fn secret_file(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<SecretSource> {
    let text = reader.text(node, path, Show::KindOnly)?;
    if text.trim().is_empty() {
        reader.error(
            node.at,
            path,
            "an empty text is no path",
            "name the file that holds the secret",
        );
        return None;
    }
    Some(SecretSource::File(PathBuf::from(text)))
}

fn read_events(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Vec<DeliveryKind> {
    let known: Vec<_> = DeliveryKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let hint = format!("the events are {}", known.join(", "));
    let items = reader.list(node, path, Show::KindOnly, &hint).unwrap_or_default();
    let mut kinds = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(text) = reader.text(item, &path, Show::KindOnly) else {
            continue;
        };
        match DeliveryKind::parse(text) {
            Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Some(_) => reader.error(item.at, &path, "it stands here twice", "keep one of them"),
            None => reader.error(item.at, &path, "there is no such event", hint.clone()),
        }
    }
    if items.is_empty() {
        reader.error(node.at, path, "a webhook that is told nothing is none", hint);
    }
    kinds
}

fn remind_s(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<u64> {
    match node.value {
        Value::Null => None,
        // A number shows nothing; a text in its place may be a secret on the wrong line.
        Value::Int(_) | Value::Float(_) => reader.seconds(node, path, 1, "leave the key out for no reminder"),
        Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            let hint = "write a number of seconds, or leave the key out for no reminder";
            reader.error(node.at, path, "this is no number of seconds", hint);
            None
        }
    }
}
