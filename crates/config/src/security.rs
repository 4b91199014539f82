//! The section `security`: shared logins, tokens, rate limits, CORS, headers.
//!
//! No value of it reaches a message, and tokens reach no document either.

use std::fmt;
use std::sync::Arc;

use super::keys::{Holds, Rules, Section as _, keys};
use super::kinds::{By, Count, Items, OrNull, Switch, Text, Texts, Word, mapping};
use super::node::Value;
use super::reader::Field;
use super::sections::account;
use domain::decision::TIMER_NAME;
use domain::ids::{Digest, StageName};
use domain::operator::TokenRole;
use domain::rights::EXPIRY_TOLD_S;
use domain::time::{Timestamp, parse_date};
use text::near_miss::near_miss;
use text::visible_line;

/// The holder of `ADMIN_TOKEN` (SPEC §8); no other token may bear the name.
pub const ADMIN_NAME: &str = "admin";
/// The most bytes of a token's name.
const NAME_BYTES_MAX: usize = 100;
/// The most requests a minute that a limit can ask for.
const RATE_MAX: u32 = 1_000_000;

keys! {
    /// Who may do what.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Security [unshown] {
        /// Logins that several people share: only from these may `--operator` name the person.
        pub shared_accounts: Arc<Vec<String>> = Arc::new(vec!["root".to_owned()]) =>
            Texts(shared_account, "write the login names as [root, deploy]; [] for none");
        /// Who may come in over HTTP: `holdpoint token new` prints such a line.
        pub tokens: Arc<Vec<Token>> = Arc::default() => Items(usize::MAX, tokens), secret;
        /// SHA-256 of the old `default_token`, which opens nothing, not even under another name.
        pub default_token: Option<Digest> = None => By(Holds::Text, default_token), old;
        /// How often a client may ask.
        pub rate_limiting: RateLimits = RateLimits::default() => mapping::<RateLimits>();
        /// Web pages that may read answers.
        pub cors: Cors = Cors::default() => mapping::<Cors>();
        /// Headers that keep browsers from harm.
        pub security_headers: SecurityHeaders = SecurityHeaders::default() => mapping::<SecurityHeaders>();
    }
}

keys! {
    /// One token.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Token [secret] {
        /// Who decides with it.
        pub name: String => Text(token_name);
        /// What it opens.
        pub role: TokenRole => Word(
            &["viewer", "pipeline", "operator"],
            TokenRole::parse,
            "role",
            "the roles are viewer, pipeline and operator",
        );
        /// SHA-256 of the token's text.
        pub sha256: Digest => Text(token_digest);
        /// When it ceases to open anything: a date (its beginning in UTC), or RFC 3339.
        #[since("0.2.0")]
        pub expires: Option<Timestamp> = None => OrNull(Text(expiry));
        /// It may change something at gates of these stages alone, and nothing about a whole job but resume it at one of them. Reading
        /// is not limited.
        #[since("0.2.0")]
        pub stages: Option<Arc<[StageName]>> = None =>
            By(Holds::OrNull(Box::new(Holds::Texts)), stages);
    }
}

keys! {
    /// How often a client may ask.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RateLimits [unshown] {
        /// Whether tokens have limits; that of clients without one is always on.
        pub enabled: bool = true => Switch;
        /// Jobs that one token may start in a minute.
        pub job_creation_per_minute: u32 = 30 => Count(1, RATE_MAX);
        /// Requests that one token may make in a minute.
        pub api_requests_per_minute: u32 = 600 => Count(1, RATE_MAX);
        /// Requests without a valid token that one address may make in a minute.
        pub unauthorized_per_minute: u32 = 60 => Count(1, RATE_MAX);
    }
}

keys! {
    /// Web pages that may read answers.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Cors [unshown] {
        /// False: the origins do not count.
        pub(crate) enabled: bool = false => Switch;
        /// Their origins: scheme://host or scheme://host:port.
        pub allow_origins: Arc<Vec<String>> = Arc::default() => By(Holds::Texts, allow_origins);
    }
}

keys! {
    /// Headers that keep browsers from harm.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SecurityHeaders [unshown] {
        /// Whether answers bear them.
        pub enabled: bool = true => Switch;
    }
}

/// What a section that may be switched as a whole takes besides its keys.
const SWITCHED: &[&str] = &["boolean", "null"];

impl Rules for Security {
    fn check(&mut self, section: &Field<'_>) {
        let is_default = |token: &Token| self.default_token == Some(token.sha256);
        if self.tokens.iter().any(is_default) {
            let message = "this token is the default one, which everybody can read";
            section.error_of("tokens", message, "make another: holdpoint token new NAME --role ROLE");
        }
    }
}

impl Rules for Token {
    const OTHERS: &'static [&'static str] = &[];

    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("a token", &Self::names());
    }

    fn must_have(token: &Field<'_>, missing: &[&str]) -> bool {
        for key in missing {
            token.error(
                format!("a token needs its {key}"),
                "holdpoint token new prints all of it",
            );
        }
        true
    }

    fn check(&mut self, token: &Field<'_>) {
        if token.taken_at("token", &self.name).is_some() {
            let hint = "a name in the record must mean one token";
            token.error_of("name", "another token has this name", hint);
        }
        if token.taken_at("digest", &self.sha256.to_string()).is_some() {
            let hint = "two names with one token would be one person";
            token.error_of("sha256", "another token has this digest", hint);
        }
        if self.role == TokenRole::Viewer && self.stages.is_some() {
            let at = token.get("stages").map_or(token.node.at, |stages| stages.key_at);
            let message = "a viewer changes nothing, so there is nothing to limit";
            token.warn_of("stages", at, message, "leave stages out");
        }
    }
}

impl Rules for RateLimits {
    const OTHERS: &'static [&'static str] = SWITCHED;
}

impl Rules for Cors {
    const OTHERS: &'static [&'static str] = SWITCHED;

    fn check(&mut self, section: &Field<'_>) {
        if section
            .get("enabled")
            .is_some_and(|enabled| matches!(enabled.node.value, Value::Bool(false)))
        {
            self.allow_origins = Arc::default();
        }
        self.enabled = !self.allow_origins.is_empty();
    }
}

impl Rules for SecurityHeaders {
    const OTHERS: &'static [&'static str] = SWITCHED;
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.name, self.role.as_str())
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

fn shared_account(field: &Field<'_>, text: &str) -> Option<String> {
    account(field, text, "an account")
}

fn tokens(field: &Field<'_>) -> Option<Vec<Token>> {
    if field.is_null() {
        return None;
    }
    let hint = "write one `- {name: ana, role: operator, sha256: …}` a line: holdpoint token new prints it";
    Some(field.items(hint)?.filter_map(|item| Token::read(&item)).collect())
}

fn token_name(field: &Field<'_>, text: &str) -> Option<String> {
    match token_name_fault(text) {
        None => Some(text.to_owned()),
        Some(fault) => field.refuse(fault, "name whoever holds the token"),
    }
}

fn token_digest(field: &Field<'_>, text: &str) -> Option<Digest> {
    let digest = Digest::parse(text).ok().filter(|digest| *digest != Digest::of(b""));
    digest.or_else(|| {
        let message = "this is not the SHA-256 of a token: 64 hexadecimal digits";
        let hint = "holdpoint token new prints the digest; the token itself does not belong here";
        field.refuse(message, hint)
    })
}

fn expiry(field: &Field<'_>, text: &str) -> Option<Timestamp> {
    let hint = "write a date as 2027-01-01, which begins in UTC, or a moment as 2027-01-01T08:00:00Z";
    parse_date(text).or_else(|| field.refuse("this text is no date", hint))
}

fn stages(field: &Field<'_>) -> Option<Option<Arc<[StageName]>>> {
    if field.is_null() {
        return Some(None);
    }
    let stages: Vec<_> = field
        .items("write the stages as [script, audio]; leave stages out for all of them")?
        .filter_map(|item| {
            let name = StageName::new(item.text()?);
            name.ok().or_else(|| {
                item.refuse(
                    "this is not the name of a stage",
                    "1 to 50 lower-case letters, digits, _ and -",
                )
            })
        })
        .collect();
    if field.is_sound() && stages.is_empty() {
        return field.refuse(
            "a token for no stage changes nothing",
            "leave stages out for all of them",
        );
    }
    Some(Some(stages.into()))
}

/// Doubts about tokens that open nothing any more, or soon will not.
pub(super) fn doubt_expiry(file: &Field<'_>, now: Timestamp) {
    let tokens = file.get("security").and_then(|section| section.get("tokens"));
    for token in tokens.iter().flat_map(Field::listed) {
        let Some(field) = token.get("expires") else { continue };
        let hint = "holdpoint token new makes another; its holder keeps the name";
        match field.node.text().and_then(parse_date) {
            Some(at) if at <= now => field.warn("this token has expired: it opens nothing", hint),
            Some(at) if at <= now.plus_s(EXPIRY_TOLD_S) => field.warn("this token expires within 7 days", hint),
            Some(_) | None => {}
        }
    }
}

/// Doubts about tokens that are limited to a stage which has no gate here.
pub(super) fn doubt_stages(file: &Field<'_>, known: &[&str]) {
    let tokens = file.get("security").and_then(|section| section.get("tokens"));
    let tokens = tokens.iter().flat_map(Field::listed);
    let limits = tokens.filter_map(|token| token.get("stages"));
    for stage in limits.flat_map(|stages| stages.listed().collect::<Vec<_>>()) {
        let name = stage.node.text().unwrap_or_default();
        if known.contains(&name) || StageName::new(name).is_err() {
            continue;
        }
        let hint = match near_miss(name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("gates are configured for {}", known.join(", ")),
        };
        stage.warn("the configuration knows no such stage", &hint);
    }
}

fn default_token(field: &Field<'_>) -> Option<Option<Digest>> {
    let hint = "take it out: a token that stands in a file for everybody protects nothing";
    field.key_warning("a default token is never honoured", hint);
    Some(field.node.text().map(|text| Digest::of(text.as_bytes())))
}

fn allow_origins(field: &Field<'_>) -> Option<Vec<String>> {
    let items = field.items("write the origins as [\"https://console.example\"]")?;
    let origin = |item: Field<'_>| {
        let text = item.text()?;
        if text == "*" {
            let hint = "name the origins whose pages may read answers";
            item.warn("every origin at once is not honoured", hint);
            return None;
        }
        let hint = "an origin is scheme://host or scheme://host:port, nothing behind it";
        if is_origin(text) {
            Some(text.to_owned())
        } else {
            item.refuse("this text is not an origin", hint)
        }
    };
    Some(items.filter_map(origin).collect())
}

fn is_origin(text: &str) -> bool {
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(is_host)
    })
}
