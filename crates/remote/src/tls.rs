//! Why nothing could be said in secret, and what to do about it.

use rustls::CertificateError;

/// Words for a failure of TLS, and the hint; none: it is none of TLS.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums may grow; these are what an operator can do something about"
)]
pub(crate) fn fault(error: &reqwest::Error) -> Option<(&'static str, &'static str)> {
    let fault = rustls_error(error)?;
    let found = match fault {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                "has a certificate that no authority vouches for which this machine trusts",
                "name the authority's certificate with --authority FILE (authority in a context), if you know whose it is",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                "has a certificate that bears another name",
                "use the name that stands in the certificate",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "has a certificate that has expired",
                "whoever runs the server has to renew it; look at this machine's clock, too",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "has a certificate that is not valid yet",
                "look at this machine's clock",
            ),
            _ => (
                "has a certificate that is not valid",
                "whoever runs the server has to make another",
            ),
        },
        rustls::Error::InvalidMessage(_) => (
            "does not speak TLS",
            "look at the port; holdpoint itself speaks plain HTTP on its own machine (http://127.0.0.1:PORT), and a proxy speaks TLS",
        ),
        _ => return None,
    };
    Some(found)
}

/// The error of rustls that something came of. An I/O error hides its own behind `get_ref`.
fn rustls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        return rustls_error(inner);
    }
    rustls_error(error.source()?)
}
