//! Who is asking: bearer tokens, compared in constant time, or a trusted proxy's word, and what each
//! role may do.
//!
//! Deny by default: every route that is not named as public needs a token, and whatever is neither
//! a GET nor named for pipelines needs an operator's.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use config::{ADMIN_NAME, Config, Token, TrustedProxy};
use domain::ids::Digest;
use domain::operator::{Operator, Surface, TokenRole, Via};
use domain::rights::{Rights, expiry};
use domain::time::Timestamp;
use engine::client::Caller as EngineCaller;
use engine::far::{COMMANDS_PATH, QUESTIONS_PATH};

use super::answer::ApiError;
use super::app::App;
use super::proxy;
use super::server::Peer;

/// What anybody may look at: nothing in it is anybody's.
const PUBLIC: [&str; 3] = ["/healthz", "/api/v1/healthz", "/docs"];

/// What a pipeline may do besides looking.
const FOR_PIPELINES: [&str; 8] = [
    // Each command says itself what it needs.
    COMMANDS_PATH,
    "/api/v1/jobs",
    "/api/v1/jobs/{id}/gates",
    "/api/v1/jobs/{id}/gates/{stage}/withdraw",
    "/api/v1/jobs/{id}/gates/{stage}/alive",
    "/api/v1/jobs/{id}/complete",
    "/api/v1/config/validate",
    "/api/v1/compile-brief",
];

/// What looks without being a GET.
const FOR_VIEWERS: [&str; 1] = [QUESTIONS_PATH];

/// Who is asking, as their token or the proxy says.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// In whose name everything is done.
    pub(crate) operator: Operator,
    /// What the token opens.
    pub(crate) rights: Rights,
    /// When it ceases to; none: never.
    pub(crate) expires: Option<Timestamp>,
    proof: Proof,
}

/// By what the caller came in.
#[derive(Debug, Clone, Copy)]
enum Proof {
    Token(Digest),
    /// The proxy at this address names them.
    Proxy(IpAddr),
}

impl Caller {
    /// As the engine knows them, in a session of their own where they have one.
    pub(crate) fn in_session(&self, session: Option<String>) -> EngineCaller {
        EngineCaller {
            operator: self.operator.clone(),
            session,
            rights: self.rights.clone(),
        }
    }
}

/// What opens HTTP.
pub(crate) struct Tokens {
    admin: Option<Token>,
    via: Via,
}

impl Tokens {
    /// The configuration's tokens and that of the environment's `ADMIN_TOKEN`; `via` is this
    /// process.
    pub(crate) fn new(admin_token: Option<&str>, via: Via) -> Self {
        let admin = admin_token.map(|text| Token {
            name: ADMIN_NAME.to_owned(),
            role: TokenRole::Operator,
            sha256: Digest::of(text.as_bytes()),
            expires: None,
            stages: None,
        });
        Self {
            admin,
            via: Via {
                surface: Surface::Http,
                ..via
            },
        }
    }

    /// The names of all tokens that decide.
    pub(crate) fn deciders<'k>(&'k self, config: &'k Config) -> impl Iterator<Item = &'k str> {
        let tokens = self.admin.iter().chain(config.security.tokens.iter());
        tokens
            .filter(|token| token.role == TokenRole::Operator)
            .map(|token| token.name.as_str())
    }

    /// Whether anybody could come in at all.
    pub(crate) fn is_any(&self, config: &Config) -> bool {
        let is_proxied = !config.server.trusted_proxy.from.is_empty();
        self.admin.is_some() || !config.security.tokens.is_empty() || is_proxied
    }

    /// Whether `ADMIN_TOKEN` is the text that stands in the old configuration for everybody to
    /// read.
    pub(crate) fn is_default(&self, config: &Config) -> bool {
        let admin = self.admin.as_ref().map(|token| token.sha256);
        admin.is_some() && admin == config.security.default_token
    }

    /// Whose token this is, or why it opens nothing. Every token is compared, and each in constant
    /// time.
    fn caller(&self, config: &Config, sha256: Digest, now: Timestamp) -> Result<Caller, String> {
        let mut found = None;
        for token in config.security.tokens.iter().chain(&self.admin) {
            let is_same: bool = token.sha256.as_bytes().ct_eq(sha256.as_bytes()).into();
            if is_same && config.security.default_token != Some(token.sha256) {
                found = Some(token);
            }
        }
        let token = found.ok_or("this token opens nothing")?;
        if let Some(expires) = token.expires.filter(|expires| *expires <= now) {
            return Err(expiry(&token.name, expires, now).unwrap_or_default());
        }
        Ok(Caller {
            operator: Operator {
                name: token.name.clone(),
                via: self.via.clone(),
            },
            rights: Rights {
                role: token.role,
                stages: token.stages.clone(),
            },
            expires: token.expires,
            proof: Proof::Token(sha256),
        })
    }

    /// Whom the proxy at this address names.
    fn proxied(&self, proxy: &TrustedProxy, name: String, peer: IpAddr) -> Caller {
        let via = Via {
            peer: Some(peer.to_canonical().to_string()),
            by_proxy: true,
            ..self.via.clone()
        };
        Caller {
            operator: Operator { name, via },
            rights: Rights {
                role: proxy.role,
                stages: None,
            },
            expires: None,
            proof: Proof::Proxy(peer),
        }
    }

    /// Refuses a caller whose token does not open any more what it did: time may have passed, or a
    /// saved configuration have taken it away, or the proxy that named them.
    pub(crate) fn still(&self, config: &Config, caller: &Caller, now: Timestamp) -> Result<(), String> {
        let name = &caller.operator.name;
        let found = self.found(config, caller, now)?;
        let is_same = found.rights == caller.rights && found.operator.name == caller.operator.name;
        is_same
            .then_some(())
            .ok_or_else(|| format!("{name} may do something else now"))
    }

    /// The same caller as the configuration in force knows them.
    pub(crate) fn found(&self, config: &Config, caller: &Caller, now: Timestamp) -> Result<Caller, String> {
        let name = &caller.operator.name;
        let proxy = &config.server.trusted_proxy;
        match caller.proof {
            Proof::Token(sha256) => self.caller(config, sha256, now),
            Proof::Proxy(peer) if proxy.is_at(peer) => Ok(self.proxied(proxy, name.clone(), peer)),
            Proof::Proxy(_) => Err(format!("the proxy that named {name} is not trusted any more")),
        }
    }
}

/// The token of an `Authorization: Bearer …` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The least role that may do this.
fn needed(method: &Method, path: &str) -> TokenRole {
    if method == Method::GET || method == Method::HEAD || FOR_VIEWERS.contains(&path) {
        TokenRole::Viewer
    } else if FOR_PIPELINES.contains(&path) {
        TokenRole::Pipeline
    } else {
        TokenRole::Operator
    }
}

/// Lets through who may, with a [`Caller`] among the request's extensions.
pub(crate) async fn check(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(path) = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned())
    else {
        // There is no such route; the fallback answers 404 without a token.
        return next.run(request).await;
    };
    if PUBLIC.contains(&path.as_str()) {
        return next.run(request).await;
    }
    let config = app.config();
    let sent = bearer(request.headers()).map(|token| Digest::of(token.as_bytes()));
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let known = match sent {
        Some(sha256) => app.keys.caller(&config, sha256, app.now()).map_err(unauthorized),
        None => by_proxy(&app.keys, &config.server.trusted_proxy, &request, peer),
    };
    let mut caller = match known {
        Ok(caller) => caller,
        Err(refused) => return app.rates.failed(peer).err().unwrap_or(refused).into_response(),
    };
    let needed = needed(request.method(), &path);
    if caller.rights.role < needed {
        let error = ApiError::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            format!(
                "{} has the role {}; this needs {}",
                caller.operator.name,
                caller.rights.role.as_str(),
                needed.as_str()
            ),
        );
        return error.into_response();
    }
    if let Err(error) = app.rates.request(&caller.operator.name, request.method(), &path) {
        return error.into_response();
    }
    if let (Proof::Token(_), Some(peer)) = (caller.proof, peer.map(|peer| peer.to_canonical())) {
        caller.operator.via.peer = (!peer.is_loopback()).then(|| peer.to_string());
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn unauthorized(why: String) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", why)
}

/// Who asks without a token.
fn by_proxy(keys: &Tokens, proxy: &TrustedProxy, request: &Request, peer: Option<IpAddr>) -> Result<Caller, ApiError> {
    let named = proxy::named(proxy, request.method(), request.headers(), peer)?;
    let named = named.zip(peer).map(|(name, peer)| keys.proxied(proxy, name, peer));
    named.ok_or_else(|| unauthorized("a token is needed: Authorization: Bearer TOKEN".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_one_well_formed_bearer_header_counts() {
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer  abc "])), Some("abc"));
        for wrong in [
            &["abc"][..],
            &["Basic abc"],
            &["Bearer "],
            &["Bearer"],
            &["Bearer a", "Bearer b"],
            &[],
        ] {
            assert_eq!(bearer(&headers(wrong)), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_changes_something_needs_an_operator_unless_it_is_a_pipelines() {
        for (method, path, role) in [
            (Method::GET, "/api/v1/jobs", TokenRole::Viewer),
            (Method::HEAD, "/api/v1/jobs/{id}/approve", TokenRole::Viewer),
            (Method::POST, "/api/v1/jobs", TokenRole::Pipeline),
            (Method::POST, "/api/v1/jobs/{id}/gates", TokenRole::Pipeline),
            (
                Method::POST,
                "/api/v1/jobs/{id}/gates/{stage}/withdraw",
                TokenRole::Pipeline,
            ),
            (
                Method::POST,
                "/api/v1/jobs/{id}/gates/{stage}/alive",
                TokenRole::Pipeline,
            ),
            (Method::POST, "/api/v1/jobs/{id}/approve", TokenRole::Operator),
            (Method::DELETE, "/api/v1/anything/new", TokenRole::Operator),
        ] {
            assert_eq!(needed(&method, path), role, "{method} {path}");
        }
    }
}
