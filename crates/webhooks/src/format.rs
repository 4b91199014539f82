//! Messages in the shapes that services read. What came from outside stands in them as plain text
//! only: no service makes a mention, a link or bold type of it.

mod discord;
mod ntfy;
mod pagerduty;
mod slack;
mod teams;

use domain::webhook::WebhookFormat;

use super::message::Message;

/// The body for a receiver of this format, without secrets; none: it reads our own document.
pub fn body(format: WebhookFormat, message: &Message) -> Option<String> {
    let body = match format {
        WebhookFormat::Json => return None,
        WebhookFormat::Slack => slack::body(message),
        WebhookFormat::Teams => teams::body(message),
        WebhookFormat::Discord => discord::body(message),
        WebhookFormat::Ntfy => ntfy::body(message),
        WebhookFormat::PagerDuty => pagerduty::body(message),
    };
    Some(body.to_string())
}

#[cfg(test)]
mod tests;
