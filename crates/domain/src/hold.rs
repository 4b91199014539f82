//! A timer stopped by a named person until somebody lets it run again (SPEC §3).

use serde::{Deserialize, Serialize};

use super::operator::Operator;
use super::time::Timestamp;

/// Who stopped a gate's timer, and when. It ends by a release, by a decision, or when the gate's
/// `max_hold_s` is used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who holds it.
    pub holder: Operator,
    /// Since when.
    pub taken_at: Timestamp,
    /// Why, if they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is said of a hold that stops nothing any more because its time is used up; `who` holds it:
/// a name, or `you`.
pub fn used_up(who: &str) -> String {
    let whose = match who {
        "you" => "your".to_owned(),
        name => format!("{name}'s"),
    };
    format!("{whose} hold has used up its time: the timer runs on")
}
