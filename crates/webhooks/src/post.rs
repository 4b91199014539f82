//! One POST within limits: no redirects, ten seconds, and of the answer only its head.

use std::time::Duration;

use rustls::CertificateError;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::http::header::RETRY_AFTER;
use ureq::tls::{RootCerts, TlsConfig};

use super::request::Request;
use super::{SendFailure, WebhookClient};
use config::Webhook;
use domain::webhook::{Delivery, FailureKind};
use text::words::duration;

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long all of it may take, names looked up and the answer's head read.
const WHOLE_TIME: Duration = Duration::from_secs(10);
/// The most bytes of the answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

impl WebhookClient {
    /// Whether this binary can send at all.
    pub const CAN_SEND: bool = true;

    /// Keeps no connection: deliveries are rare, and a kept one may be dead when it is wanted.
    pub fn new() -> Self {
        // The machine's own certificates: a house may have an authority of its own.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(WHOLE_TIME))
            // A redirect leads to another receiver, which the configuration does not name.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .user_agent(concat!("holdpoint/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(Agent::new_with_config(config))
    }

    /// Sends a delivery. Ok: the receiver said 2xx and has it. The body of its answer is not read.
    pub fn post(
        &self,
        webhook: &Webhook,
        secret: Option<&[u8]>,
        delivery: &Delivery,
        sent_at_s: i64,
    ) -> Result<(), SendFailure> {
        let Request { url, headers, body } =
            Request::of(webhook, secret, delivery, sent_at_s).map_err(SendFailure::passing)?;
        let mut request = self.0.post(url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send(body.as_bytes()).map_err(|error| unsent(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = answer.headers().get(RETRY_AFTER);
        let retry_after_s = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(answered(status, retry_after_s))
    }
}

impl Default for WebhookClient {
    fn default() -> Self {
        Self::new()
    }
}

fn answered(status: StatusCode, retry_after_s: Option<u64>) -> SendFailure {
    let number = status.as_u16();
    let why = match number {
        300..400 => format!("the receiver answered {number}: redirects are not followed"),
        _ => format!("the receiver answered {number}"),
    };
    // 408, 425 and 429 ask to come again (RFC 9110, 8470, 6585); of the rest, 5xx may pass.
    let failure = match number {
        408 | 425 | 429 | 500.. => FailureKind::Passing { retry_after_s },
        _ => FailureKind::Refused,
    };
    SendFailure { failure, why }
}

const TLS_FAILED: &str = "TLS failed: the receiver speaks none, or none that both sides know";

/// Why nothing could be said in secret.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums may grow; these are what an operator can do something about"
)]
fn insecure(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::UnknownIssuer => {
                "TLS failed: no authority that this machine trusts vouches for the receiver's certificate"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "TLS failed: the receiver's certificate bears another name"
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "TLS failed: the receiver's certificate is not valid at this time"
            }
            _ => "TLS failed: the receiver's certificate is not valid",
        },
        _ => TLS_FAILED,
    }
}

/// Why nothing was answered. Only kinds of errors: their texts may have the address in them.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum may grow; what else there is does not come up without features that are off"
)]
fn unsent(error: &ureq::Error) -> SendFailure {
    let why = match error {
        ureq::Error::HostNotFound => "the receiver's name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "the receiver cannot be reached".to_owned(),
        ureq::Error::Timeout(_) => format!("no answer within {}", duration(WHOLE_TIME.as_secs())),
        // What goes wrong in a handshake comes as the I/O error of the connection.
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => insecure(error).to_owned(),
            None => format!("the connection failed: {}", error.kind()),
        },
        ureq::Error::Rustls(error) => insecure(error).to_owned(),
        ureq::Error::Tls(_) => TLS_FAILED.to_owned(),
        // Building the request fails with this one: of an answer, ureq speaks of the protocol.
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address cannot be used".to_owned(),
        ureq::Error::LargeResponseHeader(..) => format!("the head of the answer has more than {HEAD_BYTES_MAX} bytes"),
        ureq::Error::Protocol(_) => "the answer is no HTTP".to_owned(),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            "the proxy that the environment names cannot be used".to_owned()
        }
        _ => "it could not be sent".to_owned(),
    };
    SendFailure::passing(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_it_is_worth_coming_again() {
        let of = |number: u16| answered(StatusCode::from_u16(number).unwrap(), Some(7)).failure;
        for passing in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(
                of(passing),
                FailureKind::Passing { retry_after_s: Some(7) },
                "{passing}"
            );
        }
        for refused in [301, 307, 400, 401, 404, 410, 413, 422] {
            assert_eq!(of(refused), FailureKind::Refused, "{refused}");
        }
    }
}
