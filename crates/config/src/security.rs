//! The section `security`: shared logins, tokens, rate limits, CORS, headers.
//!
//! No value of it reaches a message, and tokens reach no document either.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::keys;
use super::node::{Entry, Node};
use super::reader::{Path, ProblemCollector, Show};
use super::sections::{account, unused};
use super::server::switch;
use domain::decision::TIMER_NAME;
use domain::ids::Digest;
use domain::operator::TokenRole;
use text::visible_line;

/// The holder of `ADMIN_TOKEN` (SPEC §8); no other token may bear the name.
pub const ADMIN_NAME: &str = "admin";
/// The most bytes of a token's name.
const NAME_BYTES_MAX: usize = 100;
/// The most requests a minute that a limit can ask for.
pub(super) const RATE_MAX: u32 = 1_000_000;

/// A token that opens HTTP: whoever sends the text whose SHA-256 this is.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Who decides with it.
    pub name: String,
    /// What it opens.
    pub role: TokenRole,
    /// SHA-256 of the token's text.
    pub sha256: Digest,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.name, self.role.as_str())
    }
}

/// How often a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct RateLimits {
    /// Whether tokens have limits; that of clients without one is always on.
    pub enabled: bool,
    /// Jobs that one token may start in a minute.
    pub job_creation_per_minute: u32,
    /// Requests that one token may make in a minute.
    pub api_requests_per_minute: u32,
    /// Requests without a token that opens something that one address may make in a minute before
    /// it is told to come back later.
    pub unauthorized_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            enabled: true,
            job_creation_per_minute: 30,
            api_requests_per_minute: 600,
            unauthorized_per_minute: 60,
        }
    }
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// Logins that a team shares: only from these may `--operator` name somebody else (SPEC §8).
    pub shared_accounts: Arc<Vec<String>>,
    /// What opens HTTP, besides `ADMIN_TOKEN`.
    pub tokens: Arc<Vec<Token>>,
    /// SHA-256 of the old `default_token`, which opens nothing, not even under another name.
    pub default_token: Option<Digest>,
    /// How often a client may ask.
    pub rate_limits: RateLimits,
    /// Origins whose pages may read answers; none: no page may.
    pub cors_origins: Arc<Vec<String>>,
    /// Whether answers bear the headers that keep browsers from harm.
    pub has_security_headers: bool,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            shared_accounts: Arc::new(vec!["root".to_owned()]),
            tokens: Arc::default(),
            default_token: None,
            rate_limits: RateLimits::default(),
            cors_origins: Arc::default(),
            has_security_headers: true,
        }
    }
}

/// Why a name cannot be a token's; none when it can.
pub fn token_name_fault(name: &str) -> Option<&'static str> {
    if name == TIMER_NAME {
        return Some("timer is the timer's name in the record");
    }
    if name == ADMIN_NAME {
        return Some("admin is the name of whoever holds ADMIN_TOKEN");
    }
    let is_plain = !name.trim().is_empty() && name.trim() == name && visible_line(name) == name;
    (!is_plain || name.len() > NAME_BYTES_MAX)
        .then_some("a name is 1 to 100 bytes of visible text, without blanks around it")
}

pub(super) fn read(reader: &mut ProblemCollector, node: &Node) -> Security {
    let path = Path::top().key("security");
    let mut security = Security::default();
    let mut tokens = Vec::new();
    for entry in reader.map(node, &path, Show::KindOnly).unwrap_or_default() {
        let key_path = path.key(&entry.key);
        let value = &entry.node;
        match entry.key.as_str() {
            "shared_accounts" => {
                if let Some(accounts) = shared_accounts(reader, value, &key_path) {
                    security.shared_accounts = Arc::new(accounts);
                }
            }
            "tokens" => tokens = read_tokens(reader, value, &key_path),
            "default_token" => {
                let message = "a default token is never honoured";
                let hint = "take it out: a token that stands in a file for everybody protects nothing";
                reader.warning(entry.key_at, &key_path, message, hint);
                if let super::node::Value::Text(text) = &value.value {
                    security.default_token = Some(Digest::of(text.as_bytes()));
                }
            }
            "rate_limiting" => security.rate_limits = rate_limits(reader, value, &key_path),
            "cors" => security.cors_origins = Arc::new(cors(reader, value, &key_path)),
            "security_headers" => {
                let (enabled, others) = switch(reader, value, &key_path);
                security.has_security_headers = enabled.unwrap_or(true);
                for other in others {
                    unused(reader, other, &key_path, &keys::under("security.security_headers"));
                }
            }
            _ => unused(reader, entry, &path, &keys::under("security")),
        }
    }
    let is_default = |token: &Token| security.default_token == Some(token.sha256);
    if tokens.iter().any(|(_, token)| is_default(token)) {
        let message = "this token is the default one, which everybody can read";
        let hint = "make another: holdpoint token new NAME --role ROLE";
        reader.error(node.at, &path.key("tokens"), message, hint);
    }
    security.tokens = Arc::new(tokens.into_iter().map(|(_, token)| token).collect());
    security
}

fn shared_accounts(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<Vec<String>> {
    let hint = "write the login names as [root, deploy]; [] for none";
    let items = reader.list(node, path, Show::KindOnly, hint)?;
    let mut accounts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        if let Some(text) = reader.text(item, &path, Show::KindOnly)
            && account(reader, item, &path, text, "an account", Show::KindOnly)
        {
            accounts.push(text.to_owned());
        }
    }
    Some(accounts)
}

fn read_tokens<'n>(reader: &mut ProblemCollector, node: &'n Node, path: &Path) -> Vec<(&'n Node, Token)> {
    let hint = "write one `- {name: ana, role: operator, sha256: …}` a line: holdpoint token new prints it";
    if matches!(node.value, super::node::Value::Null) {
        return Vec::new();
    }
    let mut tokens: Vec<(&Node, Token)> = Vec::new();
    let (mut names, mut digests) = (HashSet::new(), HashSet::new());
    for (index, item) in reader
        .list(node, path, Show::KindOnly, hint)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let path = path.item(index);
        let Some(token) = token(reader, item, &path) else {
            continue;
        };
        if !names.insert(token.name.clone()) {
            let message = "another token has this name";
            reader.error(
                item.at,
                &path.key("name"),
                message,
                "a name in the record must mean one token",
            );
        }
        if !digests.insert(token.sha256) {
            let message = "another token has this digest";
            reader.error(
                item.at,
                &path.key("sha256"),
                message,
                "two names with one token would be one person",
            );
        }
        tokens.push((item, token));
    }
    tokens
}

fn token(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<Token> {
    let (mut name, mut role, mut sha256) = (None, None, None);
    let entries = reader.map(node, path, Show::KindOnly)?;
    for entry in entries {
        let key_path = path.key(&entry.key);
        let text = match entry.key.as_str() {
            "name" | "role" | "sha256" => reader.text(&entry.node, &key_path, Show::KindOnly),
            _ => {
                reader.unknown_key(entry, path, "a token", &keys::under("security.tokens[]"));
                None
            }
        };
        let Some(text) = text else { continue };
        match entry.key.as_str() {
            "name" => match token_name_fault(text) {
                None => name = Some(text.to_owned()),
                Some(fault) => reader.error(entry.node.at, &key_path, fault, "name whoever holds the token"),
            },
            "role" => match TokenRole::parse(text) {
                Some(known) => role = Some(known),
                None => {
                    let hint = "the roles are viewer, pipeline and operator";
                    reader.error(entry.node.at, &key_path, "there is no such role", hint);
                }
            },
            _ => match Digest::parse(text) {
                Ok(digest) if digest != Digest::of(b"") => sha256 = Some(digest),
                Ok(_) | Err(_) => {
                    let message = "this is not the SHA-256 of a token: 64 hexadecimal digits";
                    let hint = "holdpoint token new prints the digest; the token itself does not belong here";
                    reader.error(entry.node.at, &key_path, message, hint);
                }
            },
        }
    }
    for key in keys::under("security.tokens[]") {
        if entries.iter().all(|entry| entry.key != key) {
            reader.error(
                node.at,
                path,
                format!("a token needs its {key}"),
                "holdpoint token new prints all of it",
            );
        }
    }
    Some(Token {
        name: name?,
        role: role?,
        sha256: sha256?,
    })
}

fn rate_limits(reader: &mut ProblemCollector, node: &Node, path: &Path) -> RateLimits {
    let (enabled, others) = switch(reader, node, path);
    let mut limits = RateLimits::default();
    limits.enabled = enabled.unwrap_or(limits.enabled);
    for entry in others {
        let slot = match entry.key.as_str() {
            "job_creation_per_minute" => &mut limits.job_creation_per_minute,
            "api_requests_per_minute" => &mut limits.api_requests_per_minute,
            "unauthorized_per_minute" => &mut limits.unauthorized_per_minute,
            _ => {
                unused(reader, entry, path, &keys::under("security.rate_limiting"));
                continue;
            }
        };
        if let Some(count) = reader.count_unshown(&entry.node, &path.key(&entry.key), 1..=RATE_MAX) {
            *slot = count;
        }
    }
    limits
}

fn cors(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Vec<String> {
    let (enabled, others) = switch(reader, node, path);
    let mut origins = Vec::new();
    for entry in others {
        match entry.key.as_str() {
            "allow_origins" => origins = allow_origins(reader, entry, &path.key("allow_origins")),
            _ => unused(reader, entry, path, &keys::under("security.cors")),
        }
    }
    if enabled == Some(false) { Vec::new() } else { origins }
}

fn allow_origins(reader: &mut ProblemCollector, entry: &Entry, path: &Path) -> Vec<String> {
    let hint = "write the origins as [\"https://console.example\"]";
    let mut origins = Vec::new();
    let items = reader.list(&entry.node, path, Show::KindOnly, hint).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(text) = reader.text(item, &path, Show::KindOnly) else {
            continue;
        };
        if text == "*" {
            let message = "every origin at once is not honoured";
            reader.warning(item.at, &path, message, "name the origins whose pages may read answers");
        } else if is_origin(text) {
            origins.push(text.to_owned());
        } else {
            let hint = "an origin is scheme://host or scheme://host:port, nothing behind it";
            reader.error(item.at, &path, "this text is not an origin", hint);
        }
    }
    origins
}

fn is_origin(text: &str) -> bool {
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(is_host)
    })
}
