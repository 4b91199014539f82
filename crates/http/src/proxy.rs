//! Who asks through a trusted proxy (`server.trusted_proxy`): by the header in which it names them,
//! where the request comes from the proxy itself.
//!
//! A browser shows the proxy whose it is with every request, also with one that a page of somebody
//! else makes. So what changes something has to be JSON, which no form sends, and has to come from a
//! page of the proxy's own host.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use config::{TrustedProxy, token_name_fault};

use super::answer::ApiError;

/// Whom the proxy names; none: nobody is named. Refused: somebody is, and it does not count.
pub(crate) fn named(
    proxy: &TrustedProxy,
    method: &Method,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> Result<Option<String>, ApiError> {
    let header = &proxy.header;
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next().filter(|_| !proxy.from.is_empty()) else {
        return Ok(None);
    };
    if !peer.is_some_and(|peer| proxy.is_at(peer)) {
        let peer = peer.map_or_else(String::new, |peer| peer.to_canonical().to_string());
        let why = format!("{header} counts from the proxy alone, and {peer} is not it: a token is needed");
        return Err(unnamed(why).hint("Authorization: Bearer TOKEN; proxies are named in server.trusted_proxy.from"));
    }
    if values.next().is_some() {
        let why = format!("{header} comes more than once");
        return Err(unnamed(why).hint("the proxy has to take away what clients send under that name"));
    }
    let name = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
    if let Some(fault) = token_name_fault(name) {
        return Err(unnamed(format!("{header} names nobody who can act: {fault}")));
    }
    from_own_page(proxy, method, headers)?;
    Ok(Some(name.to_owned()))
}

fn unnamed(why: String) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", why)
}

/// Refuses what a page of somebody else may have sent.
fn from_own_page(proxy: &TrustedProxy, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: header::HeaderName| headers.get(name).map(visible);
    let is_ours = |host: &str| proxy.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
    // A page can give its own host this machine's address, but no address is a name.
    let is_address = |host: &str| host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let host = host_of(text(header::HOST).unwrap_or_default());
    if !is_ours(host) && !is_address(host) {
        return Err(
            forbidden(format!("the request names the host {host}, which is not the proxy's"))
                .hint("list the names of the proxy's host in server.trusted_proxy.hosts"),
        );
    }
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = "what changes something has to come as application/json where a proxy names who asks";
        let error = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", why);
        return Err(error.hint("Content-Type: application/json"));
    }
    let origin = text(header::ORIGIN);
    let is_own = match (text(SEC_FETCH_SITE), origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let page = origin.split_once("://").map_or("", |(_, host)| host_of(host));
            is_ours(page) || (is_address(page) && page == host)
        }
        // No browser asks.
        (None, None) => true,
    };
    match is_own {
        true => Ok(()),
        false => {
            let page = origin.unwrap_or("another page");
            Err(
                forbidden(format!("this was sent by {page}, not by a page of the proxy's host"))
                    .hint("list the names of the proxy's host in server.trusted_proxy.hosts; programs use a token"),
            )
        }
    }
}

/// How a browser stands to the page that sends a request (Fetch Metadata).
const SEC_FETCH_SITE: header::HeaderName = header::HeaderName::from_static("sec-fetch-site");

fn visible(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// The host without the port: `a.example:443`, `[::1]:8008`.
fn host_of(authority: &str) -> &str {
    match authority.split_once(']') {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn forbidden(why: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", why)
}
