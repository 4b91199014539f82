//! Where a server is.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// The address of a server: `https://holdpoint.example`, `http://127.0.0.1:8420`, with a path where
/// a proxy gives it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// It is none at all.
    #[error("{0} is no address of a server: write https://HOST, or http://127.0.0.1:PORT")]
    Unreadable(String),
    /// The token would be read by whoever is on the way.
    #[error("http:// would send the token to {0} for everybody on the way to read")]
    InTheClear(String),
}

impl Address {
    /// Reads an address. Without TLS only this machine is spoken to, unless `may_be_clear`.
    pub fn parse(text: &str, may_be_clear: bool) -> Result<Self, AddressFault> {
        let unreadable = || AddressFault::Unreadable(text.to_owned());
        let mut url = Url::parse(text.trim()).map_err(|_| unreadable())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(unreadable)?;
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(unreadable());
        }
        match url.scheme() {
            "https" => {}
            "http" if may_be_clear || is_this_machine(host) => {}
            "http" => return Err(AddressFault::InTheClear(host.to_owned())),
            _ => return Err(unreadable()),
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of a path of the server, which begins with a slash.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url.set_query(query);
        url
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl fmt::Display for Address {
    /// Without what all of them have: `holdpoint.example`, `127.0.0.1:8420`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_in_the_clear_to_this_machine_alone() {
        for fine in [
            "http://127.0.0.1:8420",
            "http://localhost:1/",
            "http://[::1]:8420",
            "https://hold.example/gates/",
        ] {
            assert!(Address::parse(fine, false).is_ok(), "{fine}");
        }
        assert_eq!(
            Address::parse("http://10.0.0.7:8420", false),
            Err(AddressFault::InTheClear("10.0.0.7".to_owned()))
        );
        assert!(Address::parse("http://10.0.0.7:8420", true).is_ok());
        for wrong in [
            "",
            "hold.example",
            "ftp://hold.example",
            "https://ana:secret@hold.example",
            "https://hold.example/?a=b",
        ] {
            assert_eq!(
                Address::parse(wrong, true),
                Err(AddressFault::Unreadable(wrong.to_owned())),
                "{wrong}"
            );
        }
    }

    #[test]
    fn paths_go_behind_the_one_that_a_proxy_gives() {
        let address = Address::parse("https://hold.example/gates/", false).unwrap();
        assert_eq!(address.to_string(), "hold.example/gates");
        assert_eq!(
            address.join("/api/v1/jobs?limit=1").as_str(),
            "https://hold.example/gates/api/v1/jobs?limit=1"
        );
    }
}
