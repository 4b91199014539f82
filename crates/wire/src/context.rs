//! What a gate says of itself, for readers of the OpenAPI document.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use domain::heartbeat::{Heartbeat, WhenGone};
use domain::time::Timestamp;

/// The sign of life that the requester of a gate promised.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Heartbeat)]
pub struct HeartbeatDoc {
    /// The most seconds between two.
    pub heartbeat_s: u64,
    /// withdraw or keep.
    #[schema(value_type = String)]
    pub when_gone: WhenGone,
    /// When the last one came.
    #[schema(value_type = String)]
    pub alive_at: Timestamp,
    /// Since when it is missed, where the gate is kept all the same.
    #[schema(value_type = Option<String>, required = true)]
    pub gone_since: Option<Timestamp>,
}

impl From<&Heartbeat> for HeartbeatDoc {
    fn from(heartbeat: &Heartbeat) -> Self {
        Self {
            heartbeat_s: heartbeat.terms.heartbeat_s,
            when_gone: heartbeat.terms.when_gone,
            alive_at: heartbeat.alive_at,
            gone_since: heartbeat.gone_since,
        }
    }
}

/// Why a gate is asked for: in requests, in gates and in decisions. All of it has at most 16384 bytes.
// Described and never made: the domain reads, limits and writes it, and knows no OpenAPI. A test
// holds this to real answers and to its limits.
#[derive(ToSchema)]
#[schema(as = GateContext)]
#[expect(dead_code, reason = "described, never made")]
pub struct ContextDoc {
    /// What it is about, in a line.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Why it is wanted, in lines.
    #[schema(max_length = 4096)]
    why: Option<String>,
    /// Addresses that belong to it.
    #[schema(max_items = 20)]
    links: Option<Vec<ContextLinkDoc>>,
    /// What lists filter by: at most 32 values of a line, by keys of letters, digits, _ . - and /.
    labels: Option<BTreeMap<String, String>>,
    /// low, normal, high or critical; missing: normal.
    #[schema(pattern = "^(low|normal|high|critical)$")]
    severity: Option<String>,
    /// Who wants it.
    #[schema(max_length = 200)]
    requester: Option<String>,
    /// What the operator should do or look at, in lines.
    #[schema(max_length = 4096)]
    instructions: Option<String>,
}

/// An address that belongs to a gate.
#[derive(ToSchema)]
#[schema(as = GateLink)]
#[expect(dead_code, reason = "described, never made")]
pub struct ContextLinkDoc {
    /// What it leads to.
    #[schema(max_length = 200)]
    name: String,
    /// Printable ASCII without blanks.
    #[schema(
        max_length = 2000,
        pattern = "^([Hh][Tt][Tt][Pp][Ss]?://|[Mm][Aa][Ii][Ll][Tt][Oo]:)[!-~]+$"
    )]
    url: String,
}

#[cfg(test)]
mod tests {
    use domain::context::{
        CONTEXT_BYTES_MAX, LABELS_MAX, LINE_BYTES_MAX, LINKS_MAX, Severity, TEXT_BYTES_MAX, URL_BYTES_MAX,
    };
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn what_is_described_are_the_limits_that_hold() {
        let context = serde_json::to_value(ContextDoc::schema()).unwrap();
        let link = serde_json::to_value(ContextLinkDoc::schema()).unwrap();
        let of = |document: &Value, part: &str, limit: &str| document["properties"][part][limit].clone();
        for (part, most) in [
            ("title", LINE_BYTES_MAX),
            ("why", TEXT_BYTES_MAX),
            ("requester", LINE_BYTES_MAX),
            ("instructions", TEXT_BYTES_MAX),
        ] {
            assert_eq!(of(&context, part, "maxLength"), json!(most), "{part}");
        }
        assert_eq!(of(&context, "links", "maxItems"), json!(LINKS_MAX));
        assert_eq!(of(&link, "name", "maxLength"), json!(LINE_BYTES_MAX));
        assert_eq!(of(&link, "url", "maxLength"), json!(URL_BYTES_MAX));
        let words: Vec<_> = Severity::ALL.into_iter().map(Severity::as_str).collect();
        assert_eq!(
            of(&context, "severity", "pattern"),
            json!(format!("^({})$", words.join("|")))
        );
        for (told, limit) in [
            (&context["description"], CONTEXT_BYTES_MAX),
            (&of(&context, "labels", "description"), LABELS_MAX),
        ] {
            assert!(
                told.as_str().unwrap().contains(&format!("at most {limit} ")),
                "{told}: {limit}"
            );
        }
    }
}
