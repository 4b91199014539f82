//! Who is asking: bearer tokens, compared in constant time, and what each role may do.
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

use config::{ADMIN_NAME, Config, Token};
use domain::ids::Digest;
use domain::operator::{Operator, Surface, TokenRole, Via};
use engine::far::{COMMANDS_PATH, QUESTIONS_PATH};

use super::answer::ApiError;
use super::app::App;
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

/// Who is asking, as their token says.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// In whose name everything is done.
    pub(crate) operator: Operator,
    /// What the token opens.
    pub(crate) role: TokenRole,
    sha256: Digest,
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
        self.admin.is_some() || !config.security.tokens.is_empty()
    }

    /// Whether `ADMIN_TOKEN` is the text that stands in the old configuration for everybody to
    /// read.
    pub(crate) fn is_default(&self, config: &Config) -> bool {
        let admin = self.admin.as_ref().map(|token| token.sha256);
        admin.is_some() && admin == config.security.default_token
    }

    /// Whose token this is. Every token is compared, and each in constant time.
    fn caller(&self, config: &Config, sha256: Digest) -> Option<Caller> {
        let mut found = None;
        for token in config.security.tokens.iter().chain(&self.admin) {
            let is_same: bool = token.sha256.as_bytes().ct_eq(sha256.as_bytes()).into();
            if is_same && config.security.default_token != Some(token.sha256) {
                found = Some(token);
            }
        }
        found.map(|token| Caller {
            operator: Operator {
                name: token.name.clone(),
                via: self.via.clone(),
            },
            role: token.role,
            sha256,
        })
    }

    /// Whether the caller's token still opens what it did: a saved configuration may have taken it
    /// away.
    pub(crate) fn is_valid(&self, config: &Config, caller: &Caller) -> bool {
        self.caller(config, caller.sha256)
            .is_some_and(|now| now.role == caller.role && now.operator.name == caller.operator.name)
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
    let Some(mut caller) = sent.and_then(|sha256| app.keys.caller(&config, sha256)) else {
        return match app.rates.failed(peer) {
            Ok(()) => unauthorized(sent.is_some()).into_response(),
            Err(error) => error.into_response(),
        };
    };
    let needed = needed(request.method(), &path);
    if caller.role < needed {
        let error = ApiError::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            format!(
                "{} has the role {}; this needs {}",
                caller.operator.name,
                caller.role.as_str(),
                needed.as_str()
            ),
        );
        return error.into_response();
    }
    if let Err(error) = app.rates.request(&caller.operator.name, request.method(), &path) {
        return error.into_response();
    }
    let is_elsewhere = |peer: &IpAddr| !peer.to_canonical().is_loopback();
    caller.operator.via.peer = peer.filter(is_elsewhere).map(|peer| peer.to_canonical().to_string());
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn unauthorized(is_sent: bool) -> ApiError {
    let detail = if is_sent {
        "this token opens nothing"
    } else {
        "a token is needed: Authorization: Bearer TOKEN"
    };
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
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
