//! What is done to the script's gate: its timer, its lease, and who looks.

use domain::anchor::Anchor;
use domain::ask::Command;
use domain::decision::Extent;
use domain::gate::GateState;
use domain::ids::Digest;
use domain::lease::LeasePurpose;
use domain::refusal::RefusalCode;
use domain::time::Timestamp;
use domain::wake::{DueGate, Wake, WakeKind};
use rules::Happening;

use crate::world::{Done, World, code};

impl World {
    /// What the ticker says of the script's timer that is up.
    pub fn expired(&self, is_missed: bool) -> Happening {
        self.expired_at(self.wake(), is_missed)
    }

    /// What it says when it found that the time had come.
    pub fn expired_at(&self, wake: Wake, is_missed: bool) -> Happening {
        Happening::Expired(DueGate::found(self.key("script"), wake, is_missed, self.now))
    }

    pub fn expire(&mut self, is_missed: bool) -> Done {
        self.happen(self.expired(is_missed), self.on_disk("script"))
    }

    /// The script's timer is up, and is heard.
    pub fn expires(&mut self) {
        self.expire(false).unwrap();
    }

    #[track_caller]
    pub fn is_approved_by_its_timer(&mut self) {
        self.expires();
        assert_eq!(self.state(), GateState::Approved);
    }

    /// Nothing comes of the script's timer now.
    #[track_caller]
    pub fn runs_on(&mut self, why: &str) {
        assert_eq!(code(self.expire(false)), RefusalCode::WrongState, "{why}");
    }

    /// When the ticker would ask about the script, as one that has just looked knows it.
    pub fn wake(&self) -> Wake {
        let gate = self.newest("script");
        let timer = gate.timer.as_ref();
        let wake = timer.and_then(|timer| timer.wake(gate.lease.as_ref(), gate.policy.max_hold_s, 60));
        wake.unwrap_or(Wake {
            at: self.now.utc,
            kind: WakeKind::Deadline,
            anchor: Anchor::default(),
        })
    }

    /// Somebody takes the script's lease.
    pub fn lease(&mut self, who: &str) -> Done {
        self.take_lease(who, false)
    }

    pub fn take_over(&mut self, who: &str) -> Done {
        self.take_lease(who, true)
    }

    fn take_lease(&mut self, who: &str, is_takeover: bool) -> Done {
        let command = Command::TakeLease {
            gate: self.gate_ref("script"),
            purpose: LeasePurpose::Compose,
            is_takeover,
        };
        self.ask_at_console(who, command)
    }

    pub fn hold(&mut self, who: &str) -> Done {
        let (gate, reason) = (self.gate_ref("script"), None);
        self.ask(who, Command::Hold { gate, reason })
    }

    pub fn unhold(&mut self, who: &str) -> Done {
        let (gate, reason) = (self.gate_ref("script"), Some(" the lawyer said so\n".to_owned()));
        self.ask(who, Command::Release { gate, reason })
    }

    pub fn extend(&mut self, who: &str, seconds: u64) -> Done {
        self.extend_from(who, seconds, None)
    }

    pub fn extend_from(&mut self, who: &str, seconds: u64, expected: Option<Timestamp>) -> Done {
        let command = Command::Extend {
            gate: self.gate_ref("script"),
            seconds,
            expected,
        };
        self.ask(who, command)
    }

    pub fn release(&mut self, who: &str) -> Done {
        let gate = self.gate_ref("script");
        self.ask_at_console(who, Command::ReleaseLease { gate })
    }

    pub fn see(&mut self, who: &str, digest: Digest, hunks: u32, hunks_shown: u32) {
        let command = Command::MarkSeen {
            gate: self.gate_ref("script"),
            digest,
            extent: Extent { hunks, hunks_shown },
        };
        self.ask(who, command).unwrap();
    }
}
