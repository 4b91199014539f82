//! The section `server.trusted_proxy`: a proxy that makes sure of people, and says in a header who
//! asks.
//!
//! Its values are no secrets, and still only their kind reaches a message, as in all of `server`.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::keys::{Rules, keys};
use super::kinds::{Text, Texts, Word};
use super::reader::Field;
use domain::operator::TokenRole;

keys! {
    /// A proxy that says in a header who asks.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TrustedProxy [unshown] {
        /// The header with the name. The proxy has to take away what clients send under it.
        pub header: String = "X-Remote-User".to_owned() => Text(header);
        /// Addresses and networks (10.1.0.0/16) that the proxy comes from: from any other the header counts for nothing. None: there is
        /// no such proxy.
        pub from: Arc<Vec<Network>> = Arc::default() => Texts(network, FROM_HINT);
        /// What those whom it names may do.
        pub role: TokenRole = TokenRole::Viewer => Word(
            &["viewer", "pipeline", "operator"],
            TokenRole::parse,
            "role",
            "the roles are viewer, pipeline and operator",
        );
        /// Names of hosts under which browsers reach it: requests that name another host, or come from a page of another one, are refused.
        pub hosts: Arc<Vec<String>> = Arc::default() => Texts(host, "write the names as [holdpoint.example]");
    }
}

const FROM_HINT: &str = "write the proxy's address as [10.0.0.5], or its network as [10.1.0.0/16]";

impl TrustedProxy {
    /// Whether a request from this address comes from the proxy.
    pub fn is_at(&self, peer: IpAddr) -> bool {
        self.from.iter().any(|network| network.has(peer))
    }
}

impl Rules for TrustedProxy {
    fn check(&mut self, section: &Field<'_>) {
        // What `config show` prints where there is no proxy is taken back.
        let is_meant = section.get("from").is_none() && section.keys().next().is_some();
        if (is_meant || *self != Self::default()) && section.is_sound() && self.from.is_empty() {
            section.error_of(
                "from",
                "nobody is the proxy: its header would count for nothing",
                FROM_HINT,
            );
        }
    }
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits.
    prefix: u32,
}

impl Network {
    /// Reads `10.0.0.5`, `10.1.0.0/16`, `fd00::/8`.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) if prefix.chars().all(|digit| digit.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
            None => longest,
        };
        (prefix <= longest).then_some(Self { address, prefix })
    }

    fn has(&self, peer: IpAddr) -> bool {
        match (self.address.to_canonical(), peer.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(peer)) => {
                let differing = (own.to_bits() ^ peer.to_bits()).leading_zeros();
                differing >= self.prefix.min(32)
            }
            (IpAddr::V6(own), IpAddr::V6(peer)) => (own.to_bits() ^ peer.to_bits()).leading_zeros() >= self.prefix,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { address, prefix } = self;
        serializer.collect_str(&format_args!("{address}/{prefix}"))
    }
}

fn network(field: &Field<'_>, text: &str) -> Option<Network> {
    match Network::parse(text) {
        Some(Network { prefix: 0, .. }) => {
            let message = "this is every address: anybody could say who they are";
            field.refuse(message, "name the proxy's own address")
        }
        Some(network) => Some(network),
        None => field.refuse("this text is no address and no network", FROM_HINT),
    }
}

fn header(field: &Field<'_>, text: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_taken = ["authorization", "cookie", "host", "origin"].contains(&text.to_ascii_lowercase().as_str());
    match !text.is_empty() && text.len() <= 100 && text.chars().all(is_name) && !is_taken {
        true => Some(text.to_owned()),
        false => field.refuse(
            "this is not the name of a header of the proxy's own",
            "write it as X-Remote-User",
        ),
    }
}

fn host(field: &Field<'_>, text: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    match !text.is_empty() && text.chars().all(is_name) {
        true => Some(text.to_ascii_lowercase()),
        false => field.refuse(
            "this is not the name of a host",
            "write it without scheme and port: holdpoint.example",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, inside, outside) in [
            ("10.0.0.5", "10.0.0.5", "10.0.0.4"),
            ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"),
            ("10.1.2.3/31", "10.1.2.2", "10.1.2.4"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("::1", "::1", "127.0.0.1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
        ] {
            let of = Network::parse(network).unwrap();
            assert!(of.has(inside.parse().unwrap()), "{network} {inside}");
            assert!(!of.has(outside.parse().unwrap()), "{network} {outside}");
        }
        for wrong in [
            "",
            "10.0.0",
            "10.0.0.5/33",
            "10.0.0.5/+8",
            "10.0.0.5/",
            "proxy",
            "::1/129",
        ] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
