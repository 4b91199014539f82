//! What is done to an open gate on purpose: its timer held, released, extended; the gate itself taken
//! back.

use axum::http::StatusCode;

use crate::answer::Answered;
use crate::app::Asker;
use crate::body::Object;
use crate::params::GatePath;
use crate::request::request;
use domain::ask::Command;
use domain::context::GateContext;
use domain::key::GateRef;
use domain::time::Timestamp;
use wire::{ContextDoc, JobGateDoc};

request! {
    /// Which gate's timer is meant, and why.
    struct Timed {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// Why, for the record.
        reason: Option<String>,
    }
}

request! {
    /// More time for a gate.
    #[schema(as = Extension)]
    struct ExtensionRequest {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// How many seconds more.
        #[schema(value_type = u64, minimum = 1, maximum = 4_294_967_295_u64)]
        seconds: u32,
        /// Only when the deadline is still this one, as the gate gave it: a repeated request then adds nothing and gets 409.
        #[schema(value_type = Option<String>)]
        expect_deadline: Option<Timestamp>,
    }
}

/// Stops the timer of an open gate in the caller's name, at most for what its `max_hold_s` leaves. Asked again by its holder, it stays as
/// it is: a request may be repeated.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/hold", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, held", body = JobGateDoc)))]
pub(crate) async fn hold(asker: Asker, gate: GatePath, body: Object) -> Answered {
    let Timed { attempt, reason } = body.read()?;
    act(&asker, gate, attempt, |gate| Command::Hold { gate, reason }).await
}

request! {
    /// Which decision is taken back.
    struct Recall {
        /// Exactly that of this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
    }
}

request! {
    /// A sign of life.
    struct Alive {
        /// Exactly this attempt; missing: the newest.
        attempt: Option<u32>,
        /// What is to be said of the gate from now on; what is left out stays.
        #[schema(value_type = Option<ContextDoc>)]
        context: Option<GateContext>,
    }
}

/// Lets a held timer run again with the time that was left, at least a minute. Anybody with the role may: the holder may be asleep.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/release", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, its timer running", body = JobGateDoc)))]
pub(crate) async fn release(asker: Asker, gate: GatePath, body: Object) -> Answered {
    let Timed { attempt, reason } = body.read()?;
    act(&asker, gate, attempt, |gate| Command::Release { gate, reason }).await
}

/// Moves the deadline of an open gate by so many seconds, as far as its `max_hold_s` allows. Every request adds, unless it
/// says which deadline it is to move: sent once more, it gets 409 with the code `deadline_moved`.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/extend", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = ExtensionRequest, responses((status = 200, description = "The gate with its new deadline", body = JobGateDoc)))]
pub(crate) async fn extend(asker: Asker, gate: GatePath, body: Object) -> Answered {
    let more: ExtensionRequest = body.read()?;
    let extend = |gate| Command::Extend {
        gate,
        seconds: more.seconds.into(),
        expected: more.expect_deadline,
    };
    act(&asker, gate, more.attempt, extend).await
}

/// Takes back a gate that this token opened: it is canceled, and nobody decides it. `admin` may take back any that no stage
/// opened. A request may be repeated: what was withdrawn stays so, and the answer says by whom and when.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/withdraw", tag = "gates",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, canceled", body = JobGateDoc)))]
pub(crate) async fn withdraw(asker: Asker, gate: GatePath, body: Object) -> Answered {
    let Timed { attempt, reason } = body.read()?;
    act(&asker, gate, attempt, |gate| Command::Withdraw { gate, reason }).await
}

/// Takes back a decision of which nothing has come yet, within the gate's `recall_s`: it stays in the record, and the gate opens once more
/// as the next attempt, for a person. 409 afterwards.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/recall", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Recall>, responses((status = 200, description = "The gate that is open now", body = JobGateDoc)))]
pub(crate) async fn recall(asker: Asker, GatePath(job_id, stage): GatePath, body: Object) -> Answered {
    let Recall { attempt } = body.read()?;
    let named = stage.clone();
    let gate = GateRef { job_id, stage, attempt };
    let done = asker.act(Command::Recall { gate }, &[]).await?;
    asker.gate(&done, &named, None, StatusCode::OK)
}

/// A sign of life of whoever asked for the gate: it is waited for again as long as was promised. 409 where none was and nothing else is said.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/alive", tag = "gates",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Alive>, responses((status = 200, description = "The gate", body = JobGateDoc)))]
pub(crate) async fn alive(asker: Asker, gate: GatePath, body: Object) -> Answered {
    let Alive { attempt, context } = body.read()?;
    let context = context.map(Box::new);
    act(&asker, gate, attempt, |gate| Command::KeepAlive {
        gate,
        context,
        heartbeat: None,
    })
    .await
}

/// Has it done to the newest attempt's gate, or exactly to the one that the body names, and answers
/// with the gate as it is then.
async fn act(
    asker: &Asker,
    GatePath(job_id, stage): GatePath,
    attempt: Option<u32>,
    command: impl FnOnce(GateRef) -> Command,
) -> Answered {
    let named = stage.clone();
    let done = asker.act(command(GateRef { job_id, stage, attempt }), &[]).await?;
    asker.gate(&done, &named, attempt, StatusCode::OK)
}
