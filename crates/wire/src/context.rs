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
