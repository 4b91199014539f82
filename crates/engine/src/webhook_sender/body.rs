//! What a delivery says: the event, the job, and the gate or decision that it is about, in the
//! shapes that clients know (WIRE.md).

use serde::Serialize;
use serde_json::Value;

use domain::decision::SealedDecision;
use domain::event::Event;
use domain::gate::Gate;
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::GateKey;
use domain::time::Timestamp;
use domain::webhook::{DeliveryKind, WebhookFormat};
use store::{Reader, StoreError};
use webhooks::body_of;
use wire::{DocumentContext, EventDoc, GateDoc};

use super::message::{self, Told};

/// The most decisions of a stage that are looked through for one that is not the newest any more.
const DECISIONS_MAX: u32 = 100;

#[derive(Serialize)]
struct JobLine<'a> {
    id: &'a JobId,
    slug: &'a str,
    intent: &'a str,
    status: JobStatus,
    stage: Option<&'a StageName>,
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    at: Timestamp,
    message: &'a str,
    job: JobLine<'a>,
    gate: Option<GateDoc<'a>>,
    decision: Option<&'a SealedDecision>,
    event: EventDoc<'a>,
}

/// How a receiver is told.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) format: WebhookFormat,
    /// The address by which people reach the server.
    pub(super) public_url: Option<&'a str>,
}

/// The gate that an event is about.
pub(super) fn gate_of<'r>(event: &Event, rows: &'r JobRows) -> Option<&'r Gate> {
    let attempt = event.payload.get("attempt").and_then(Value::as_u64)?;
    rows.gate(event.stage.as_ref()?, u32::try_from(attempt).ok()?)
}

/// The key of the gate that an event is about.
pub(super) fn key_of(event: &Event) -> Option<GateKey> {
    let attempt = event.payload.get("attempt").and_then(Value::as_u64)?;
    Some(GateKey {
        job_id: event.job_id.clone(),
        stage: event.stage.clone()?,
        attempt: u32::try_from(attempt).ok()?,
    })
}

/// Why a body could not be made; the delivery waits.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) enum BodyError {
    Store(#[from] StoreError),
    Json(#[from] serde_json::Error),
}

/// The bytes of a delivery, but for the secret that some receivers want in it.
pub(super) fn of(
    telling: Telling<'_>,
    id: &str,
    kind: DeliveryKind,
    event: &Event,
    rows: &JobRows,
    reader: &Reader,
    lens: DocumentContext<'_>,
) -> Result<String, BodyError> {
    let gate = gate_of(event, rows);
    let decision = match (kind, gate) {
        (DeliveryKind::GateDecided, Some(gate)) => decision_of(gate, rows, reader)?,
        (DeliveryKind::GateDecided, None)
        | (
            DeliveryKind::GateOpened
            | DeliveryKind::GateReminder
            | DeliveryKind::GateHeld
            | DeliveryKind::LastCall
            | DeliveryKind::GateCanceled
            | DeliveryKind::JobEnded,
            _,
        ) => None,
    };
    let job = &rows.job;
    let gate = gate.map(|gate| GateDoc::of_gate(rows, gate, lens));
    let decision = decision.as_ref();
    if telling.format != WebhookFormat::Json {
        let message = message::of(&Told {
            kind,
            event,
            rows,
            gate: gate.as_ref(),
            decision,
            lens,
            public_url: telling.public_url,
        });
        if let Some(body) = body_of(telling.format, &message) {
            return Ok(body);
        }
    }
    let body = Body {
        id,
        kind: kind.as_str(),
        at: event.ts,
        message: &event.message,
        job: JobLine {
            id: &job.id,
            slug: &job.slug,
            intent: &job.intent,
            status: job.status,
            stage: job.stage.as_ref(),
        },
        gate,
        decision,
        event: EventDoc::of(event),
    };
    Ok(serde_json::to_string(&body)?)
}

fn decision_of(gate: &Gate, rows: &JobRows, reader: &Reader) -> Result<Option<SealedDecision>, StoreError> {
    if let Some(kept) = rows.decision_on(&gate.key) {
        return Ok(Some(kept.clone()));
    }
    let all = reader.decisions(Some(&gate.key.job_id), Some(&gate.key.stage), DECISIONS_MAX)?;
    Ok(all.into_iter().find(|sealed| sealed.decision.key() == gate.key))
}
