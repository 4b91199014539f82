//! The line to a holdpoint on another machine: requests and their answers, and news as they come.
//!
//! Knows addresses, tokens, certificates and time limits; what is asked and answered is the
//! engine's. Nothing is tried again here: only the caller knows what may be.

mod address;
mod bearer;
mod news;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::tls::Certificate;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use domain::refusal::{Refusal, RefusalCode};
use text::words::duration;

use bearer::Bearer;

pub use address::{Address, AddressFault};
pub use bearer::{ComingToken, TokenSource};
pub use news::{News, NewsItem};

/// Names the session that asks: a lease is one's.
pub const SESSION: &str = "holdpoint-session";

const EVENT_STREAM: &str = "text/event-stream";

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long nothing at all may come of an answer before the line counts as lost. News have a
/// heartbeat every 5 s (WIRE.md).
const SILENCE: Duration = Duration::from_secs(15);
/// How long an answer may be waited for, and each further piece of it. The request's own way there
/// comes to that.
const ANSWER_TIME: Duration = Duration::from_secs(35);
/// So many bytes of a request are given a second: half of what a line of 64 kbit/s takes.
const BYTES_PER_S: u64 = 4 * 1024;
/// The longest wait that a server is granted before the same is sent again.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// What a line is made with.
#[derive(Debug, Clone)]
pub struct LineSettings {
    pub address: Address,
    /// Where the token comes from that opens it.
    pub token: Arc<dyn TokenSource>,
    /// Certificates of an authority of one's own, in PEM, beside those of the system.
    pub authority: Option<Vec<u8>>,
    /// Tells this process's leases from any other's.
    pub session: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LineFault {
    /// The server was not reached, was lost before it answered, or has no time now: nobody knows
    /// whether the request was taken, and the same may be sent again.
    #[error("{}", .0.why)]
    Lost(Lost),
    /// The server refuses.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Something came back that is no answer: nobody knows whether the request was taken, and the
    /// same would come to the same.
    #[error("{}", .0.message)]
    Unclear(Refusal),
}

/// Why the same may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// For a person.
    pub why: String,
    /// How long whoever answered wants to be left alone; none: they do not say.
    pub wait: Option<Duration>,
    /// Whether the request may have been taken all the same; not so where no connection was made.
    pub may_be_taken: bool,
}

impl From<String> for Lost {
    fn from(why: String) -> Self {
        Self {
            why,
            wait: None,
            may_be_taken: true,
        }
    }
}

impl From<LineFault> for Refusal {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::Lost(lost) => Self::not_possible(lost.why),
            LineFault::Refused(refusal) | LineFault::Unclear(refusal) => refusal,
        }
    }
}

/// The line; see the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Line {
    client: Client,
    address: Address,
    session: HeaderValue,
    bearer: Arc<Bearer>,
}

impl Line {
    /// A line that nothing has gone over yet. Says what is wrong with the token or the certificates.
    pub async fn new(settings: LineSettings) -> Result<Self, Refusal> {
        // One for the process; whoever comes second finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bearer = Arc::new(Bearer::of(settings.token).await?);
        let session = session_header(&settings.session)?;
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIME)
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
            session,
            bearer,
        })
    }

    /// What tells the leases of this process from any other's.
    pub fn session(&self) -> &str {
        // It was made of a text.
        self.session.to_str().unwrap_or_default()
    }

    /// The same line for what is left to do of another session, which is over.
    pub fn of_session(&self, session: &str) -> Result<Self, Refusal> {
        let session = session_header(session)?;
        Ok(Self {
            session,
            ..self.clone()
        })
    }

    /// Where it leads.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the server has under this path.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, LineFault> {
        let response = self.send(self.request(Method::GET, path), 0).await?;
        self.body(response).await
    }

    /// Sends a document.
    pub async fn post(&self, path: &str, document: Vec<u8>) -> Result<Vec<u8>, LineFault> {
        let bytes = document.len() as u64;
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/json");
        let response = self.send(request.body(document), bytes).await?;
        self.body(response).await
    }

    /// What the server tells from now on under this path.
    pub async fn news(&self, path: &str) -> Result<News, LineFault> {
        let request = self.request(Method::GET, path);
        let response = self.send(request.header(ACCEPT, EVENT_STREAM), 0).await?;
        let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(EVENT_STREAM.as_bytes())) {
            return Err(LineFault::Unclear(no_holdpoint(&self.address, response.status())));
        }
        Ok(News::of(response, self.address.clone()))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.address.join(path));
        request.header(HeaderName::from_static(SESSION), self.session.clone())
    }

    /// Sends it with the token; once more with a newer one, where the server refuses that. Refused:
    /// a newer one cannot be found.
    async fn authorized(&self, request: RequestBuilder) -> reqwest::Result<Result<Response, Refusal>> {
        let again = request.try_clone();
        let bearer = self.bearer.current();
        let response = request.header(AUTHORIZATION, bearer.clone()).send().await?;
        let (StatusCode::UNAUTHORIZED, Some(again)) = (response.status(), again) else {
            return Ok(Ok(response));
        };
        match self.bearer.newer(&bearer).await {
            Ok(Some(newer)) => again.header(AUTHORIZATION, newer).send().await.map(Ok),
            Ok(None) => Ok(Ok(response)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Sends a request that carries so many bytes.
    async fn send(&self, request: RequestBuilder, bytes: u64) -> Result<Response, LineFault> {
        let response = self.within(time_of(bytes), self.authorized(request)).await?;
        let response = response.map_err(LineFault::Refused)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let wait = wait.and_then(|seconds| seconds.trim().parse().ok());
        let wait = wait.map(|seconds| Duration::from_secs(seconds).min(AGAIN_MAX));
        let body = self.body(response).await?;
        let refusal = refused(&self.address, status, &body);
        Err(match status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => LineFault::Lost(Lost {
                why: format!("{} has no time: {}", self.address, refusal.message),
                wait,
                // One that stands in between may have passed it on before it says so.
                may_be_taken: true,
            }),
            status if status.is_server_error() => LineFault::Unclear(refusal),
            _ => LineFault::Refused(refusal),
        })
    }

    /// The whole of it, as long as more comes.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, LineFault> {
        let mut body = Vec::new();
        while let Some(piece) = self.within(ANSWER_TIME, response.chunk()).await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    async fn within<T>(
        &self,
        time: Duration,
        coming: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, LineFault> {
        match tokio::time::timeout(time, coming).await {
            Ok(came) => came.map_err(|error| lost(&self.address, &error)),
            Err(_) => Err(unanswered(&self.address, time)),
        }
    }
}

fn session_header(session: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(session).map_err(|_| Refusal::invalid("the session's name is no header"))
}

/// How long an answer to a request of so many bytes may be waited for.
fn time_of(bytes: u64) -> Duration {
    ANSWER_TIME + Duration::from_secs(bytes / BYTES_PER_S)
}

fn unanswered(address: &Address, time: Duration) -> LineFault {
    LineFault::Lost(silence(address, time).into())
}

fn silence(address: &Address, time: Duration) -> String {
    format!("{address} has not answered within {}", duration(time.as_secs()))
}

/// Why nothing came, for a person; what the system said stands behind.
pub(crate) fn lost(address: &Address, error: &reqwest::Error) -> LineFault {
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(error) = cause {
        last = Some(error.to_string());
        cause = error.source();
    }
    let not_taken = |why: String| {
        LineFault::Lost(Lost {
            may_be_taken: false,
            ..why.into()
        })
    };
    if let Some((why, hint)) = tls::fault(error) {
        let why = format!("{address} {why}: {hint}");
        return LineFault::Lost(Lost {
            may_be_taken: !error.is_connect(),
            ..why.into()
        });
    }
    let what = if error.is_timeout() {
        // Nothing else has a limit of the client's own.
        return not_taken(silence(address, CONNECT_TIME));
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "was lost"
    };
    let why = last.map(|why| format!(": {why}")).unwrap_or_default();
    let why = format!("{address} {what}{why}");
    if error.is_connect() {
        return not_taken(why);
    }
    LineFault::Lost(why.into())
}

/// Something between here and there has answered.
fn no_holdpoint(address: &Address, status: StatusCode) -> Refusal {
    Refusal::not_possible(format!("{address} answered {status}, and is no holdpoint"))
        .with_hint("look at the address, and at what stands in between")
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
        return no_holdpoint(address, status);
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
        _ => {
            let known = serde_json::from_value(Value::String(document.code));
            known.unwrap_or(match status {
                StatusCode::UNPROCESSABLE_ENTITY => RefusalCode::Invalid,
                _ => RefusalCode::NotPossible,
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_on_a_thin_line_is_given_that_time() {
        let thin_bytes_per_s = 64_000 / 8;
        for bytes in [0, 1 << 20, 96 << 20] {
            let way = Duration::from_secs(bytes / thin_bytes_per_s);
            assert!(time_of(bytes) > way + Duration::from_secs(30), "{bytes}");
        }
    }
}
