//! Two holdpoints of different versions: which of them is to be upgraded.

use domain::refusal::{Refusal, RefusalCode};
use remote::Address;

/// The version of this program.
pub(super) const OURS: &str = env!("CARGO_PKG_VERSION");

/// A server and its version.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: Address,
    /// None: it did not say.
    pub(super) version: Option<String>,
}

impl Peer {
    /// Which side to upgrade.
    pub(super) fn hint(&self) -> String {
        let address = &self.address;
        let Some(theirs) = &self.version else {
            return format!("{address} does not say its version: upgrade whichever of the two is older");
        };
        let who = match numbers(theirs).cmp(&numbers(OURS)) {
            std::cmp::Ordering::Greater => "this one",
            std::cmp::Ordering::Less => "that one",
            std::cmp::Ordering::Equal => "whichever was built earlier",
        };
        format!("{address} runs holdpoint {theirs}, this is {OURS}: upgrade {who}")
    }

    /// That what it said cannot be read.
    pub(super) fn unreadable(&self, what: &str, error: &serde_json::Error) -> Refusal {
        let message = format!("{what} of {} cannot be read: {error}", self.address);
        Refusal::new(RefusalCode::NotUnderstood, message).with_hint(self.hint())
    }

    /// A refusal of the server's, which does not know our version.
    pub(super) fn with_hint(&self, refusal: Refusal) -> Refusal {
        if refusal.code == RefusalCode::NotUnderstood {
            return refusal.with_hint(self.hint());
        }
        refusal
    }
}

/// What versions are compared by.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_side_is_to_be_upgraded() {
        let hint = |version: Option<&str>| {
            let address = Address::parse("https://hold.example", false).unwrap();
            let version = version.map(str::to_owned);
            Peer { address, version }.hint()
        };
        assert!(hint(Some("999.0.0")).ends_with("upgrade this one"));
        assert!(hint(Some("0.0.1-alpha")).ends_with("upgrade that one"));
        assert!(hint(Some(OURS)).ends_with("upgrade whichever was built earlier"));
        assert!(hint(None).contains("does not say its version"));
        assert!(numbers("0.10.0") > numbers("0.9.9"));
    }
}
