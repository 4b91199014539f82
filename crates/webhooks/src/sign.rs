//! The signature of a delivery: HMAC-SHA256 (RFC 2104) over its time, a full stop and its bytes.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// `sha256=` and 64 hexadecimal digits. The time is signed too, so that an old delivery cannot be
/// sent again as a new one.
pub(crate) fn signature(secret: &[u8], sent_at_s: i64, body: &[u8]) -> String {
    // A key of any length will do (RFC 2104 §2): the error never comes, and an empty text fits no
    // receiver's.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(format!("{sent_at_s}.").as_bytes());
    mac.update(body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_other_programs_make_of_the_same_bytes() {
        // printf '1795000000.{"a":1}' | openssl dgst -sha256 -hmac 'a secret of mine'
        assert_eq!(
            signature(b"a secret of mine", 1_795_000_000, br#"{"a":1}"#),
            "sha256=92c67ed724159f2603ed2c046150878c90cd1d96e24cdc89ce15a86478b89d64"
        );
    }
}
