//! What goes over the line: address, headers and body, with the secret in its place. Only here do
//! the three come together, so that no row and no message ever has a secret in it.

use config::{SECRET_PLACE, Webhook};
use domain::webhook::{Delivery, WebhookFormat};
use serde_json::json;

use super::sign;

/// The name of a header, and its value.
type Header = (&'static str, String);

/// One attempt.
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: String,
}

impl Request {
    /// The attempt, or why the secret cannot be used.
    pub(crate) fn of(
        webhook: &Webhook,
        secret: Option<&[u8]>,
        delivery: &Delivery,
        sent_at_s: i64,
    ) -> Result<Self, &'static str> {
        let mut request = Self {
            url: webhook.url.clone(),
            headers: vec![
                ("X-Holdpoint-Delivery", delivery.id.clone()),
                ("X-Holdpoint-Event", delivery.kind.as_str().to_owned()),
                ("X-Holdpoint-Attempt", delivery.attempts.saturating_add(1).to_string()),
            ],
            body: delivery.body.clone(),
        };
        if webhook.format == WebhookFormat::Json {
            let signature = sign::signature(secret.unwrap_or_default(), sent_at_s, request.body.as_bytes());
            request.headers.push(("X-Holdpoint-Timestamp", sent_at_s.to_string()));
            request.headers.push(("X-Holdpoint-Signature", signature));
            return Ok(request);
        }
        let secret = secret.map(plain).transpose()?;
        let has_place = request.url.contains(SECRET_PLACE);
        if let Some(secret) = secret.filter(|_| has_place) {
            request.url = request.url.replace(SECRET_PLACE, secret);
        }
        match (webhook.format, secret) {
            (WebhookFormat::Ntfy, secret) => {
                if let Some(token) = secret.filter(|_| !has_place) {
                    request.headers.push(("Authorization", format!("Bearer {token}")));
                }
                (request.url, request.body) =
                    addressed(&request.url, &request.body).ok_or("the address names no topic")?;
            }
            (WebhookFormat::PagerDuty, Some(key)) => {
                request.body = with_key(key, &request.body).ok_or("the body is none of this format")?;
            }
            (
                WebhookFormat::Json
                | WebhookFormat::Slack
                | WebhookFormat::Teams
                | WebhookFormat::Discord
                | WebhookFormat::PagerDuty,
                _,
            ) => {}
        }
        Ok(request)
    }
}

/// The server's address and the body with the topic, for an address that ends with the topic.
fn addressed(url: &str, body: &str) -> Option<(String, String)> {
    let (server, topic) = url.rsplit_once('/')?;
    let rest = body.strip_prefix('{')?;
    Some((format!("{server}/"), format!("{{\"topic\":{},{rest}", json!(topic))))
}

/// The body with the key that says which service is meant.
fn with_key(key: &str, body: &str) -> Option<String> {
    let rest = body.strip_prefix('{')?;
    Some(format!("{{\"routing_key\":{},{rest}", json!(key)))
}

/// A secret that may stand in an address or a header.
fn plain(secret: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(secret).unwrap_or_default().trim();
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain {
        Ok(text)
    } else {
        Err("the secret has blanks or characters that are not ASCII")
    }
}
