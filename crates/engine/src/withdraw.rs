//! What whoever opened a gate needs to have known of it, to speak for it or take it back: who that
//! was, whether it was withdrawn already, and whether this caller may.

use serde_json::Value;

use config::ADMIN_NAME;
use domain::event::{Event, EventType};
use domain::key::GateKey;
use domain::operator::{Operator, Surface};
use domain::refusal::Refusal;

use super::evidence::Finds as _;
use super::prepare::Preparer;
use domain::key::GateRef;
use rules::{Evidence, OpeningRecord, find_gate};

impl Preparer {
    /// Which gate is meant, and what the record says of how it was opened.
    pub(super) fn opening_of(&self, operator: &Operator, gate: &GateRef) -> Result<Evidence, Refusal> {
        let rows = self.known(&gate.job_id)?;
        let exactly = gate.attempt.and_then(|attempt| rows.gate(&gate.stage, attempt));
        let found = match exactly {
            Some(exactly) => exactly,
            None => find_gate(&rows, gate)?,
        };
        let via = &operator.via;
        let is_admin = match via.surface {
            Surface::Http => operator.name == ADMIN_NAME,
            Surface::Console | Surface::Cli | Surface::File | Surface::Timer => {
                via.uid == 0 || via.uid == self.runs.owner_uid()
            }
        };
        let opening = OpeningRecord {
            may_any: is_admin,
            ..self.opening_record(&found.key)?
        };
        Ok(Evidence {
            attempt: Some(found.key.attempt),
            opening,
            ..Evidence::default()
        })
    }

    /// What the log says of a gate's opening and its end.
    fn opening_record(&self, key: &GateKey) -> Result<OpeningRecord, Refusal> {
        let events = self
            .reader
            .gate_events(key, [EventType::GateOpened, EventType::GateCanceled])?;
        let of_kind = |kind: EventType| events.iter().find(move |event| event.kind == kind);
        let text = |event: &Event, name: &str| event.payload.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(OpeningRecord {
            opened_by: of_kind(EventType::GateOpened).and_then(|event| text(event, "by")),
            is_withdrawn: of_kind(EventType::GateCanceled)
                .is_some_and(|event| event.payload.get("withdrawn") == Some(&Value::Bool(true))),
            may_any: false,
        })
    }
}
