//! The line to a holdpoint on another machine: requests and their answers, and news as they come.
//!
//! Knows addresses, tokens, certificates and time limits; what is asked and answered is the
//! engine's. Nothing is tried again here: only the caller knows what may be.

mod address;
mod news;

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::tls::Certificate;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use domain::refusal::{Refusal, RefusalCode};
use text::words::duration;

pub use address::{Address, AddressFault};
pub use news::{News, NewsItem};

/// Names the session that asks: a lease is one's.
pub const SESSION: &str = "holdpoint-session";

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long nothing at all may come of an answer before the line counts as lost. News have a
/// heartbeat every 5 s (WIRE.md).
const SILENCE: Duration = Duration::from_secs(15);
/// How long an answer may be waited for, the request's own way there included.
const ANSWER_TIME: Duration = Duration::from_secs(35);

/// What a line is made with.
#[derive(Debug, Clone)]
pub struct LineSettings {
    pub address: Address,
    /// What opens it.
    pub token: String,
    /// Certificates of an authority of one's own, in PEM, beside those of the system.
    pub authority: Option<Vec<u8>>,
    /// Tells this process's leases from any other's.
    pub session: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LineFault {
    /// The server was not reached, or was lost before it answered: nobody knows whether the request
    /// was taken.
    #[error("{0}")]
    Lost(String),
    /// The server refuses.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl From<LineFault> for Refusal {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::Lost(why) => Self::not_possible(why),
            LineFault::Refused(refusal) => refusal,
        }
    }
}

/// The line; see the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Line {
    client: Client,
    address: Address,
}

impl Line {
    /// A line that nothing has gone over yet. Says what is wrong with the token or the certificates.
    pub fn new(settings: LineSettings) -> Result<Self, Refusal> {
        // One for the process; whoever comes second finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bearer = HeaderValue::from_str(&format!("Bearer {}", settings.token));
        let mut bearer = bearer.map_err(|_| Refusal::invalid("the token has characters in it that no token has"))?;
        bearer.set_sensitive(true);
        let session = HeaderValue::from_str(&settings.session);
        let session = session.map_err(|_| Refusal::invalid("the session's name is no header"))?;
        let headers = HeaderMap::from_iter([
            (reqwest::header::AUTHORIZATION, bearer),
            (HeaderName::from_static(SESSION), session),
        ]);
        let mut builder = Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_TIME)
            .read_timeout(ANSWER_TIME)
            .tcp_nodelay(true)
            // A redirect would carry the token to somebody whom nobody named.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("holdpoint/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &settings.authority {
            let read = Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
            let all = read.ok_or_else(|| {
                Refusal::invalid("the file of the authority has no certificate in it")
                    .with_hint("it must be PEM: -----BEGIN CERTIFICATE-----")
            })?;
            builder = builder.tls_certs_merge(all);
        }
        let client = builder.build();
        let client = client.map_err(|error| Refusal::not_possible(format!("TLS cannot be set up: {error}")))?;
        Ok(Self {
            client,
            address: settings.address,
        })
    }

    /// Where it leads.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the server has under this path.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, LineFault> {
        let response = self.send(self.request(Method::GET, path)).await?;
        self.body(response).await
    }

    /// Sends a document.
    pub async fn post(&self, path: &str, document: Vec<u8>) -> Result<Vec<u8>, LineFault> {
        let request = self.request(Method::POST, path);
        let response = self.send(with_document(request, document)).await?;
        self.body(response).await
    }

    /// Puts a document under a path; none: takes it away.
    pub async fn put(&self, path: &str, document: Option<Vec<u8>>) -> Result<(), LineFault> {
        let request = match document {
            Some(document) => with_document(self.request(Method::PUT, path), document),
            None => self.request(Method::DELETE, path),
        };
        let response = self.send(request).await?;
        self.body(response).await.map(drop)
    }

    /// What the server tells from now on under this path.
    pub async fn news(&self, path: &str) -> Result<News, LineFault> {
        let request = self.request(Method::GET, path);
        let response = self.send(request.header(ACCEPT, "text/event-stream")).await?;
        Ok(News::of(response, self.address.clone()))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.address.join(path))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, LineFault> {
        let response = request.send().await.map_err(|error| lost(&self.address, &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await?;
        Err(LineFault::Refused(refused(&self.address, status, &body)))
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, LineFault> {
        let bytes = response.bytes().await;
        Ok(bytes.map_err(|error| lost(&self.address, &error))?.to_vec())
    }
}

fn with_document(request: RequestBuilder, document: Vec<u8>) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(document)
}

/// Why nothing came, for a person; what the system said stands behind.
pub(crate) fn lost(address: &Address, error: &reqwest::Error) -> LineFault {
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(error) = cause {
        last = Some(error.to_string());
        cause = error.source();
    }
    let what = if error.is_timeout() {
        let seconds = if error.is_connect() { CONNECT_TIME } else { ANSWER_TIME };
        return LineFault::Lost(format!(
            "{address} has not answered within {}",
            duration(seconds.as_secs())
        ));
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "was lost"
    };
    let why = last.map(|why| format!(": {why}")).unwrap_or_default();
    LineFault::Lost(format!("{address} {what}{why}"))
}

/// A refusal as the server words it (`{"detail": …, "code": …, "hint": …}`).
#[derive(Deserialize)]
struct RefusedDoc {
    detail: Value,
    #[serde(default)]
    code: String,
    hint: Option<String>,
}

fn refused(address: &Address, status: StatusCode, body: &[u8]) -> Refusal {
    let Ok(document) = serde_json::from_slice::<RefusedDoc>(body) else {
        // Something between here and there has answered.
        return Refusal::not_possible(format!("{address} answered {status}, and is no holdpoint"))
            .with_hint("look at the address, and at what stands in between");
    };
    let message = match &document.detail {
        Value::String(detail) => detail.clone(),
        Value::Array(faults) => {
            let message = |fault: &Value| fault.get("msg").and_then(Value::as_str).map(str::to_owned);
            faults.iter().filter_map(message).collect::<Vec<_>>().join("; ")
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => other.to_string(),
    };
    let code = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RefusalCode::NotAllowed,
        StatusCode::NOT_FOUND => RefusalCode::NotFound,
        StatusCode::UNPROCESSABLE_ENTITY => RefusalCode::Invalid,
        _ => {
            let known = serde_json::from_value(Value::String(document.code));
            known.unwrap_or(RefusalCode::NotPossible)
        }
    };
    let hint = match status {
        StatusCode::UNAUTHORIZED => Some("holdpoint token new NAME on the server makes one".to_owned()),
        _ => None,
    };
    Refusal {
        hint: document.hint.or(hint),
        ..Refusal::new(code, message)
    }
}
