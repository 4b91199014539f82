//! The person before a client: what they have open, and what they were shown.

use axum::http::{HeaderMap, StatusCode};

use crate::answer::Answered;
use crate::app::Asker;
use crate::body::Object;
use crate::params::{GatePath, QueryParams};
use crate::request::{request, text, values};
use crate::routes::far::caller;
use domain::ask::Command;
use domain::decision::Extent;
use domain::ids::{Digest, JobId, StageName};
use domain::key::GateRef;
use domain::lease::LeasePurpose;
use domain::operator::Surface;
use wire::JobGateDoc;

request! {
    /// What somebody has a gate open for.
    struct Lease {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// prompt (also when missing): about to decide; composing: writing.
        #[schema(value_type = Option<String>, pattern = "^(prompt|composing)$")]
        purpose: Option<LeasePurpose>,
        /// Take it from another session that has it; the record names both.
        take_over: Option<bool>,
    }
}

request! {
    /// How much of a change a person was shown.
    struct Look {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// The gate's digest that was on screen.
        #[schema(value_type = String, pattern = "^[0-9a-fA-F]{64}$")]
        digest: Digest,
        /// How many hunks the change has, over all artifacts; one that is no text counts as one.
        #[schema(value_type = u64, minimum = 0, maximum = 4_294_967_295_u64)]
        hunks: Hunks,
        /// Of how many every changed line was shown; what is more than `hunks` counts as all.
        #[schema(value_type = u64, minimum = 0, maximum = 4_294_967_295_u64)]
        hunks_shown: Hunks,
    }
}

/// How many hunks: none, too.
pub(crate) struct Hunks(u32);

values! {
    LeasePurpose: |value| {
        let word = text(value)?;
        let known = [Self::Prompt, Self::Compose];
        let unknown = || ("enum", "Input should be one of prompt, composing".to_owned());
        known.into_iter().find(|purpose| purpose.as_str() == word).ok_or_else(unknown)
    };
    Hunks: |value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let msg = || ("int_range", format!("Input should be a whole number from 0 to {}", u32::MAX));
        number.map(Self).ok_or_else(msg)
    };
}

/// Takes the lease of a gate, or renews it: somebody is about to decide, and meanwhile the timer stands and no other session decides. It dies
/// 30 s after the last renewal. 503 where another session has it, unless it is to be taken over.
#[utoipa::path(put, path = "/jobs/{id}/gates/{stage}/lease", tag = "decide", operation_id = "take_lease",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("Holdpoint-Session" = Option<String>, Header, description = "Tells several clients of one token apart"),
    ),
    request_body = Option<Lease>, responses((status = 200, description = "The gate, held open", body = JobGateDoc)))]
pub(crate) async fn take(asker: Asker, GatePath(job, stage): GatePath, headers: HeaderMap, body: Object) -> Answered {
    let Lease {
        attempt,
        purpose,
        take_over,
    } = body.read()?;
    let take = |gate| Command::TakeLease {
        gate,
        purpose: purpose.unwrap_or(LeasePurpose::Prompt),
        is_takeover: take_over.unwrap_or_default(),
    };
    act(&asker, (job, stage, attempt), &headers, take).await
}

/// Gives the lease of a gate back: its timer runs again. Where this session has none, nothing is done.
#[utoipa::path(delete, path = "/jobs/{id}/gates/{stage}/lease", tag = "decide", operation_id = "release_lease",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("Holdpoint-Session" = Option<String>, Header, description = "The session that took it"),
    ),
    responses((status = 200, description = "The gate", body = JobGateDoc)))]
pub(crate) async fn release(
    asker: Asker,
    GatePath(job, stage): GatePath,
    headers: HeaderMap,
    asked: QueryParams,
) -> Answered {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    act(&asker, (job, stage, attempt), &headers, |gate| Command::ReleaseLease {
        gate,
    })
    .await
}

/// Notes that the token's holder was shown so much of what changed. A decision may hang on it: `unseen`, `context_digest`, and whether a
/// gate changed since somebody read it.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/seen", tag = "decide", operation_id = "mark_seen",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Look, responses((status = 200, description = "The gate, with `seen`", body = JobGateDoc)))]
pub(crate) async fn seen(asker: Asker, GatePath(job, stage): GatePath, headers: HeaderMap, body: Object) -> Answered {
    let look: Look = body.read()?;
    let extent = Extent {
        hunks: look.hunks.0,
        hunks_shown: look.hunks_shown.0,
    };
    let mark = |gate| Command::MarkSeen {
        gate,
        digest: look.digest,
        extent,
    };
    act(&asker, (job, stage, look.attempt), &headers, mark).await
}

/// Has it done in the session of the client, and answers with the gate as it is then.
async fn act(
    asker: &Asker,
    (job_id, stage, attempt): (JobId, StageName, Option<u32>),
    headers: &HeaderMap,
    command: impl FnOnce(GateRef) -> Command,
) -> Answered {
    let by = caller(&asker.caller, headers, Surface::Http)?;
    let named = stage.clone();
    let done = asker
        .act_in(by, command(GateRef { job_id, stage, attempt }), &[])
        .await?;
    asker.gate(&done, &named, attempt, StatusCode::OK)
}
