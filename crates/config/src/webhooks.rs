//! The section `webhooks`: who is told over HTTP what happens, and with which secret that is
//! signed.
//!
//! An address may be a secret by itself (a path or query that nobody else knows), so no value of
//! this section reaches a message and none gets into a document. The secret is named here, never
//! written.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use super::keys::{Holds, Rules, Section as _, keys};
use super::kinds::{By, OrNull, Seconds, Text, Word};
use super::reader::Field;
use domain::webhook::{DeliveryKind, WebhookFormat};

/// The most webhooks of a configuration.
pub(super) const WEBHOOKS_MAX: usize = 16;
/// No stage command inherits a variable whose name begins with this (runs::supervisor).
const ENV_PREFIX: &str = "HOLDPOINT_";
const URL_BYTES_MAX: usize = 2048;
const NAME_BYTES_MAX: usize = 50;
/// In an address: here the secret goes.
pub const SECRET_PLACE: &str = "{secret}";
const NO_REMINDER: &str = "leave the key out for no reminder";

keys! {
    /// One receiver.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Webhook [secret] {
        /// What messages and metrics call it: 1 to 50 letters, digits, _ and -.
        pub name: String => Text(name);
        /// Where it is told. For slack, teams, discord and ntfy `{secret}` in it stands for the secret.
        pub url: String => Text(url);
        /// What it reads: json is a signed document, the others are messages for people (WEBHOOKS.md).
        #[since("0.2.0")]
        pub format: WebhookFormat = WebhookFormat::Json => Word(
            &["json", "slack", "teams", "discord", "ntfy", "pagerduty"],
            WebhookFormat::parse,
            "format",
            "the formats are json, slack, teams, discord, ntfy and pagerduty",
        );
        /// A variable, its name beginning with HOLDPOINT_, that holds the secret: what signs each delivery, the key of
        /// pagerduty, the token of ntfy, or what stands in place of `{secret}` in the url.
        pub(crate) secret_env: String = String::new() => Text(secret_env);
        /// The file that holds it instead.
        pub(crate) secret_file: PathBuf = PathBuf::new() => Text(secret_file);
        /// What it is told; left out, everything.
        pub(crate) events: Vec<DeliveryKind> = Vec::new() => By(Holds::Texts, events);
        /// How long before its deadline an open gate is told of once more.
        pub remind_before_s: Option<u64> = None => OrNull(Seconds(1, NO_REMINDER));
        /// After how long without a decision it is.
        pub remind_after_s: Option<u64> = None => OrNull(Seconds(1, NO_REMINDER));
    }
}

impl Rules for Webhook {
    const OTHERS: &'static [&'static str] = &[];

    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("a webhook", &Self::names());
    }

    fn must_have(webhook: &Field<'_>, missing: &[&str]) -> bool {
        if !webhook.is_sound() {
            return false;
        }
        for key in missing {
            webhook.error_of(key, "a webhook needs it", "write it beside the other keys");
        }
        let is_secret = |key: &Field<'_>| matches!(key.name, "secret_env" | "secret_file");
        let secrets: BTreeSet<_> = webhook
            .keys()
            .filter(is_secret)
            .map(|key| key.name.to_owned())
            .collect();
        let text = |key: &str| webhook.get(key).and_then(|field| field.node.text());
        let format = text("format").and_then(WebhookFormat::parse).unwrap_or_default();
        let needs_secret = matches!(format, WebhookFormat::Json | WebhookFormat::PagerDuty);
        match secrets.len() {
            1 => {}
            2.. => webhook.error("there are secret_env and secret_file", "keep one of them"),
            0 if needs_secret => {
                let hint = match format {
                    WebhookFormat::PagerDuty => {
                        "name a variable (secret_env) or a file (secret_file) with the integration key"
                    }
                    WebhookFormat::Json
                    | WebhookFormat::Slack
                    | WebhookFormat::Teams
                    | WebhookFormat::Discord
                    | WebhookFormat::Ntfy => {
                        "name a variable (secret_env) or a file (secret_file): whoever receives must know who sends"
                    }
                };
                webhook.error_of("secret_env", "a webhook needs it", hint);
            }
            0 => {}
        }
        doubt_address(webhook, format, text("url").unwrap_or_default(), !secrets.is_empty());
        let is_told = |kind: DeliveryKind| {
            let tells = |item: Field<'_>| item.node.text() == Some(kind.as_str());
            let events = webhook.get("events");
            events.is_none_or(|events| events.items("").is_some_and(|mut items| items.any(tells)))
        };
        let reminders = ["remind_before_s", "remind_after_s"].map(|key| webhook.get(key));
        let is_wanted = reminders.iter().flatten().any(|reminder| !reminder.is_null());
        if is_wanted && !is_told(DeliveryKind::GateReminder) {
            let message = "it wants reminders, and its events leave them out";
            webhook.error_of("events", message, "add gate_reminder");
        }
        doubt_ends(webhook, format, is_told);
        !secrets.is_empty() || !needs_secret
    }

    fn check(&mut self, webhook: &Field<'_>) {
        if webhook.taken_at("webhook", &self.name).is_some() {
            let hint = "what is owed to a webhook is kept under its name";
            webhook.error_of("name", "another webhook has this name", hint);
        }
    }
}

/// Where a webhook's secret is. It is read anew for each attempt, so that it can be changed without
/// a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file; a line end at its end does not count.
    File(PathBuf),
}

impl Webhook {
    /// Where its secret is; none: the format needs none, and none is named.
    pub fn secret(&self) -> Option<SecretSource> {
        if !self.secret_env.is_empty() {
            return Some(SecretSource::Env(self.secret_env.clone()));
        }
        let is_named = !self.secret_file.as_os_str().is_empty();
        is_named.then(|| SecretSource::File(self.secret_file.clone()))
    }

    /// What it is told.
    pub fn events(&self) -> &[DeliveryKind] {
        match &self.events[..] {
            [] => &DeliveryKind::ALL,
            named => named,
        }
    }

    /// Whether its configuration names what it is told, and this among it.
    pub fn asks_for(&self, kind: DeliveryKind) -> bool {
        self.events.contains(&kind)
    }

    /// Scheme, host and port: what may be shown of the address.
    pub fn origin(&self) -> &str {
        origin(&self.url)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({}, {})", self.name, self.origin())
    }
}

pub(super) fn read(section: &Field<'_>) -> Option<Vec<Webhook>> {
    if section.is_null() {
        return None;
    }
    let items = section.items("write one `- {name: …, url: …, secret_env: …}` a line")?;
    if items.len() > WEBHOOKS_MAX {
        let message = format!("there are {} webhooks; at most {WEBHOOKS_MAX} are told", items.len());
        section.error(message, "let one receiver tell the others");
    }
    Some(items.filter_map(|item| Webhook::read(&item)).collect())
}

fn origin(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(after_scheme..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).map_or(url.len(), |at| after_scheme + at);
    url.get(..end).unwrap_or_default()
}

/// Whether address, format and secret go together.
fn doubt_address(webhook: &Field<'_>, format: WebhookFormat, url: &str, has_secret: bool) {
    let doubt = |message: &str, hint: &str| {
        if let Some(field) = webhook.get("url") {
            field.error(message, hint);
        }
    };
    let takes_place = match format {
        WebhookFormat::Json | WebhookFormat::PagerDuty => false,
        WebhookFormat::Slack | WebhookFormat::Teams | WebhookFormat::Discord | WebhookFormat::Ntfy => true,
    };
    let has_place = url.contains(SECRET_PLACE);
    if has_place && !takes_place {
        let hint = "take {secret} out: json signs with the secret, and pagerduty has it in the body";
        doubt("the secret of this format is no part of the address", hint);
    } else if has_place && !has_secret {
        doubt(
            "there is no secret for {secret}",
            "name a variable (secret_env) or a file (secret_file)",
        );
    } else if has_place && (origin(url).contains(SECRET_PLACE) || url.matches(SECRET_PLACE).count() > 1) {
        doubt(
            "{secret} stands once, behind the host",
            "write https://host/path/{secret}",
        );
    } else if has_secret && !has_place && takes_place && format != WebhookFormat::Ntfy {
        let hint = "write {secret} into the url where the secret part of it goes, or take the secret out";
        doubt("nothing uses the secret: this format is not signed", hint);
    }
    let is_topic = |text: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        text == SECRET_PLACE || ((1..=64).contains(&text.len()) && text.bytes().all(is_plain))
    };
    let path = url.get(origin(url).len()..).unwrap_or_default();
    let topic = path.rsplit_once('/').map_or("", |(_, topic)| topic);
    if format == WebhookFormat::Ntfy && !url.is_empty() && !is_topic(topic) {
        doubt(
            "this address names no topic of ntfy",
            "write https://ntfy.sh/TOPIC: 1 to 64 letters, digits, _ and -",
        );
    }
}

/// An incident ends only when its end is told.
fn doubt_ends(webhook: &Field<'_>, format: WebhookFormat, is_told: impl Fn(DeliveryKind) -> bool) {
    use DeliveryKind::{GateCanceled, GateDecided, GateHeld, GateOpened, GateReminder, LastCall};
    let triggers = [GateOpened, GateReminder, LastCall, GateHeld];
    let ends = [GateDecided, GateCanceled].into_iter().filter(|kind| !is_told(*kind));
    let missing: Vec<_> = ends.map(DeliveryKind::as_str).collect();
    if format == WebhookFormat::PagerDuty && !missing.is_empty() && triggers.into_iter().any(&is_told) {
        let message = "its incidents stay open: it is not told of every end of a gate";
        if let Some(events) = webhook.get("events") {
            events.warn(message, &format!("add {}", missing.join(", ")));
        }
    }
}

fn name(field: &Field<'_>, text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain) {
        return Some(text.to_owned());
    }
    field.refuse(
        "this text is no name of a webhook",
        "a name is 1 to 50 letters, digits, _ and -",
    )
}

fn url(field: &Field<'_>, text: &str) -> Option<String> {
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
            field.warn(message, "write https://");
        }
        return Some(text.to_owned());
    };
    field.refuse(message, hint)
}

/// A host, or an address in brackets, and perhaps a port.
pub(super) fn is_authority(authority: &str) -> bool {
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

fn secret_env(field: &Field<'_>, text: &str) -> Option<String> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name && text.len() > ENV_PREFIX.len() && text.starts_with(ENV_PREFIX) {
        return Some(text.to_owned());
    }
    let hint = "write the name of a variable that begins with HOLDPOINT_: no stage command inherits those";
    field.refuse("this is no variable that can hold the secret", hint)
}

fn secret_file(field: &Field<'_>, text: &str) -> Option<PathBuf> {
    if text.trim().is_empty() {
        return field.refuse("an empty text is no path", "name the file that holds the secret");
    }
    Some(PathBuf::from(text))
}

fn events(field: &Field<'_>) -> Option<Vec<DeliveryKind>> {
    let known: Vec<_> = DeliveryKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let hint = format!("the events are {}", known.join(", "));
    let items: Vec<_> = field.items(&hint).into_iter().flatten().collect();
    let is_empty = items.is_empty();
    let mut kinds = Vec::new();
    for item in items {
        match item.text().map(DeliveryKind::parse) {
            Some(Some(kind)) if kinds.contains(&kind) => item.error("it stands here twice", "keep one of them"),
            Some(Some(kind)) => kinds.push(kind),
            Some(None) => item.error("there is no such event", hint.clone()),
            None => {}
        }
    }
    if is_empty {
        field.error("a webhook that is told nothing is none", hint);
    }
    Some(kinds)
}
