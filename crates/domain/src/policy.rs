//! What the configuration asks of a stage's gate, parsed once from the flags (the table of SPEC
//! §2), and what a timer does at zero.

use serde::{Deserialize, Serialize};
use text::words::duration;

read_words! {
    /// What the timer does at the deadline.
    #[derive(Default)]
    pub enum OnTimeout {
        /// The gate is approved by the timer.
        #[default]
        Approve = "approve",
        /// The gate is rejected by the timer; the job pauses.
        Reject = "reject",
        /// The timer stops for good; only a person ends the gate.
        Hold = "hold",
    }
}

read_words! {
    /// Why a timer that was to approve does something else at zero.
    pub enum Doubt {
        /// Nobody was shown the whole change.
        Unseen = "unseen",
        /// Its last call reached nobody: no console showed it, and no webhook that asks for them took it.
        NobodyReached = "nobody_reached",
    }
}

impl Doubt {
    /// As the log has it, after the fact.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unseen => "nobody was shown the whole change",
            Self::NobodyReached => "its last call reached nobody",
        }
    }
}

/// What the timer of a gate does at zero, as the gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtZero {
    #[serde(rename = "on_timeout")]
    pub then: OnTimeout,
    /// Why it does not approve, as the policy otherwise lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Doubt>,
}

impl AtZero {
    /// What it will do, with the time in the words of the caller:
    /// `hold in 1:00, unless somebody is shown the whole change`.
    pub fn will(self, when: &str) -> String {
        format!("{} {when}{}", self.then, self.unless())
    }

    /// What would end the doubt: `, unless somebody is shown the whole change`; nothing without
    /// one.
    pub fn unless(self) -> String {
        let remedy = self.because.map(|doubt| match doubt {
            Doubt::Unseen => ", unless somebody is shown the whole change",
            Doubt::NobodyReached => ", unless its last call reaches somebody",
        });
        remedy.unwrap_or_default().to_owned()
    }
}

/// The default bound of everything persons may add to a gate's time (SPEC §2), in seconds.
pub(crate) const MAX_HOLD_S_DEFAULT: u64 = 3600;

/// One stage's gate as configured; frozen into the gate when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatePolicy {
    /// Whether a person is wanted at all.
    pub required: bool,
    /// Whether silence may decide.
    pub auto_approve: bool,
    /// Seconds from opening to the deadline; null never fires.
    pub auto_approve_after_s: Option<u64>,
    /// What happens at the deadline.
    #[serde(default)]
    pub on_timeout: OnTimeout,
    /// The same where the timer would approve and nobody was shown the whole change.
    #[serde(default)]
    pub unseen: OnTimeout,
    /// How many seconds before its end the timer is told of once more: its last calls.
    #[serde(default)]
    pub remind_before_s: Vec<u64>,
    /// What instead of an approval where no last call reached anybody.
    #[serde(default)]
    pub nobody_reached: OnTimeout,
    /// The most seconds that holds, leases and extensions by persons may add to one gate.
    #[serde(default = "max_hold_s_default")]
    pub max_hold_s: u64,
    /// Seconds that a person's decision may be taken back, and nothing moves because of it; 0: not
    /// at all.
    #[serde(default)]
    pub recall_s: u64,
}

fn max_hold_s_default() -> u64 {
    MAX_HOLD_S_DEFAULT
}

impl Default for GatePolicy {
    /// The values of missing keys (SPEC §2): a person must decide.
    fn default() -> Self {
        Self {
            required: true,
            auto_approve: false,
            auto_approve_after_s: None,
            on_timeout: OnTimeout::Approve,
            unseen: OnTimeout::Approve,
            remind_before_s: Vec::new(),
            nobody_reached: OnTimeout::Approve,
            max_hold_s: MAX_HOLD_S_DEFAULT,
            recall_s: 0,
        }
    }
}

/// What a policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRule {
    /// No gate: the stage passes.
    Pass,
    /// A gate that only a person decides.
    Person,
    /// A gate that the timer settles after so many seconds unless a person was quicker.
    Timer {
        /// Seconds from opening to the deadline.
        after_s: u64,
        /// What the timer does then.
        on_timeout: OnTimeout,
    },
}

impl GatePolicy {
    /// The row of the table in SPEC §2 that these flags are.
    pub fn rule(&self) -> GateRule {
        match (self.required, self.auto_approve, self.auto_approve_after_s) {
            (true, false, _) | (true, true, None) => GateRule::Person,
            (true | false, true, Some(after_s)) => GateRule::Timer {
                after_s,
                on_timeout: self.on_timeout,
            },
            (false, true, None) | (false, false, _) => GateRule::Pass,
        }
    }

    /// What the timer was agreed to do, in words: `approve after 30:00, unseen hold`. None: there is
    /// none.
    pub fn timer_words(&self) -> Option<String> {
        let GateRule::Timer { after_s, on_timeout } = self.rule() else {
            return None;
        };
        let unseen = match (on_timeout, self.unseen) {
            (OnTimeout::Approve, unseen @ (OnTimeout::Hold | OnTimeout::Reject)) => format!(", unseen {unseen}"),
            (OnTimeout::Approve | OnTimeout::Reject | OnTimeout::Hold, _) => String::new(),
        };
        let unreached = match (on_timeout, self.nobody_reached) {
            (OnTimeout::Approve, then @ (OnTimeout::Hold | OnTimeout::Reject)) => format!(", nobody reached {then}"),
            (OnTimeout::Approve | OnTimeout::Reject | OnTimeout::Hold, _) => String::new(),
        };
        Some(format!("{on_timeout} after {}{unseen}{unreached}", duration(after_s)))
    }

    /// The same, where only a person may decide.
    #[must_use]
    pub fn for_a_person(self) -> Self {
        Self {
            required: true,
            auto_approve: false,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rule(required: bool, auto_approve: bool, after_s: Option<u64>) -> GateRule {
        GatePolicy {
            required,
            auto_approve,
            auto_approve_after_s: after_s,
            ..GatePolicy::default()
        }
        .rule()
    }

    #[test]
    fn the_table_of_the_contract_row_by_row() {
        let timer = GateRule::Timer {
            after_s: 30,
            on_timeout: OnTimeout::Approve,
        };
        assert_eq!(rule(true, false, None), GateRule::Person);
        assert_eq!(rule(true, false, Some(30)), GateRule::Person);
        assert_eq!(rule(true, true, Some(30)), timer);
        assert_eq!(rule(false, true, Some(30)), timer);
        assert_eq!(rule(true, true, None), GateRule::Person);
        assert_eq!(rule(false, true, None), GateRule::Pass);
        assert_eq!(rule(false, false, Some(30)), GateRule::Pass);
        assert_eq!(GatePolicy::default().rule(), GateRule::Person);
    }

    #[test]
    fn a_policy_that_was_stored_before_a_key_came_reads_with_its_default() {
        let Value::Object(whole) = serde_json::to_value(GatePolicy::default()).unwrap() else {
            panic!("a policy is an object");
        };
        let of_first_version = ["required", "auto_approve", "auto_approve_after_s"];
        let came_later = |key: &&String| !of_first_version.contains(&key.as_str());
        let later: Vec<&String> = whole.keys().filter(came_later).collect();
        assert_eq!(later.len() + of_first_version.len(), whole.len());
        let without = |keys: &[&String]| {
            let mut stored = whole.clone();
            stored.retain(|key, _| !keys.contains(&key));
            serde_json::from_value::<GatePolicy>(stored.into()).map_err(|error| error.to_string())
        };
        for key in &later {
            assert_eq!(without(&[*key]), Ok(GatePolicy::default()), "{key}");
        }
        assert_eq!(without(&later), Ok(GatePolicy::default()));
        let first = r#"{"required":true,"auto_approve":true,"auto_approve_after_s":30}"#;
        let wanted = GatePolicy {
            auto_approve: true,
            auto_approve_after_s: Some(30),
            ..GatePolicy::default()
        };
        assert_eq!(serde_json::from_str::<GatePolicy>(first).unwrap(), wanted);
    }
}
