//! The section `server`: where HTTP listens.
//!
//! Its values are no secrets, and still only their kind reaches a message: old files keep tokens
//! everywhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::keys::{Rules, keys};
use super::kinds::{By, Count, Kind as _, OrNull, Switch, Text, Word, mapping};
use super::proxy::TrustedProxy;
use super::reader::Field;
use super::webhooks::is_authority;

/// It stands in every message.
const PUBLIC_URL_BYTES_MAX: usize = 200;
const WORKERS: Count<u32> = Count(1, u32::MAX);

keys! {
    /// Where HTTP listens.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Server [unshown] {
        /// Whether a console serves HTTP as well; `holdpoint serve` always does.
        pub enabled: bool = false => Switch;
        /// The address to listen on: an IP address, or localhost.
        pub(crate) host: IpAddr = Ipv4Addr::LOCALHOST.into() => Text(host);
        /// The port; 0 takes any that is free.
        pub(crate) port: u16 = 8008 => Count(0, u16::MAX);
        /// Whether an address that other machines reach may be listened on.
        pub(crate) allow_external_bind: bool = false => Switch, moved = 4;
        /// How much `holdpoint serve` tells on standard error.
        pub log_level: &'static str = "info" => Word(
            &["error", "warning", "warn", "info", "debug", "trace"],
            log_level,
            "level",
            "the levels are error, warning, info, debug and trace",
        ), moved = 2;
        /// Of the old system: one process serves.
        pub(crate) workers: u32 = 1 => By(WORKERS.holds(), workers);
        /// The address by which people reach this server, `https://holdpoint.example`: what webhooks write into messages. Null: none.
        #[since("0.2.0")]
        pub public_url: Option<String> = None => OrNull(Text(public_url));
        /// A proxy that makes sure of people, and says in a header who asks.
        #[since("0.2.0")]
        pub trusted_proxy: TrustedProxy = TrustedProxy::default() => mapping::<TrustedProxy>();
    }
}

impl Server {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl Rules for Server {
    fn check(&mut self, section: &Field<'_>) {
        // This machine only, unless more was allowed by name.
        if !self.host.is_loopback() && !self.allow_external_bind {
            let at = section.get("host").map_or(section.node.at, |host| host.key_at);
            let message = "this address is not listened on: other machines would reach it; 127.0.0.1 is used";
            let hint = "set server.allow_external_bind: true, and put a reverse proxy with TLS before it";
            section.warn_of("host", at, message, hint);
            self.host = Ipv4Addr::LOCALHOST.into();
        }
    }
}

fn host(field: &Field<'_>, text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let hint = "write 127.0.0.1, ::1 or localhost; names are not looked up";
    text.parse()
        .ok()
        .or_else(|| field.refuse("this text is not an IP address", hint))
}

/// Plain characters only: the address stands in commands that people paste.
fn public_url(field: &Field<'_>, text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_~[]".contains(&byte);
    let is_address =
        |rest: &str| rest.bytes().all(is_plain) && is_authority(rest.split('/').next().unwrap_or_default());
    if text.len() <= PUBLIC_URL_BYTES_MAX && rest.is_some_and(is_address) {
        return Some(text.to_owned());
    }
    field.refuse(
        "this text is no address of a server",
        "write https://host or https://host/path, without ? and #, at most 200 bytes",
    )
}

fn workers(field: &Field<'_>) -> Option<u32> {
    if WORKERS.read(field)? != 1 {
        field.key_warning("unused: one process serves, with as many threads as it needs", "");
    }
    Some(1)
}

/// The level in tracing's words.
fn log_level(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let text = if text == "warning" { "warn" } else { &text };
    ["error", "warn", "info", "debug", "trace"]
        .into_iter()
        .find(|level| *level == text)
}
