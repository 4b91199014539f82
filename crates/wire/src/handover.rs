//! What an operator leaves to the next, as `handover --json` and HTTP tell it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{DocumentContext, GateDoc, HoldDoc, StoppedDoc};
use domain::handover::{HandedGate, Handover};
use domain::ids::{JobId, StageName};
use domain::time::Timestamp;

/// What an operator leaves to the next: open gates alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Handover)]
pub struct HandoverDoc<'a> {
    /// Who.
    pub(crate) by: &'a str,
    /// Those that they hold or are at first, then those that they have written about, then those that they have marked, then those that they have seen wholly.
    pub gates: Vec<HandedGateDoc<'a>>,
    /// What could not be read, of anybody's drafts and marks: more than this may be left.
    pub problems: &'a [String],
}

/// An open gate that somebody holds, is at, has written about, has marked or has seen wholly.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandedGate)]
pub struct HandedGateDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// Its short name.
    pub slug: &'a str,
    /// The stage.
    #[schema(value_type = String)]
    pub stage: &'a StageName,
    /// From 1.
    pub attempt: u32,
    /// Their hold of the timer.
    #[schema(required = true)]
    pub hold: Option<HoldDoc<'a>>,
    /// While the timer stands: what is left of it, and until when at the latest.
    #[schema(required = true)]
    pub stopped: Option<StoppedDoc>,
    /// When the timer acts as things are; null: never.
    #[schema(value_type = Option<String>, required = true)]
    pub deadline: Option<Timestamp>,
    /// prompt or composing: what they have open.
    #[schema(required = true)]
    pub open: Option<&'static str>,
    /// What they have written and not sent.
    #[schema(required = true)]
    pub draft: Option<HandedDraftDoc<'a>>,
    /// Whether they have marked what is under review, to be decided with others.
    pub marked: bool,
    /// Whether they had marked it when it was something else, or its requester said otherwise: that mark counts no more.
    pub marked_otherwise: bool,
    /// Whether they were shown all of what is under review.
    pub seen_wholly: bool,
}

/// What somebody has written and not sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandedDraft)]
pub struct HandedDraftDoc<'a> {
    /// What is in it: note of a rejection, 2 comments.
    pub contents: String,
    /// The first words of it.
    pub first_words: String,
    /// When it was changed last; null: a former version kept it.
    #[schema(value_type = Option<String>, required = true)]
    pub written_at: Option<Timestamp>,
    /// Whose it was before they adopted it.
    #[schema(required = true)]
    pub adopted_from: Option<&'a str>,
    /// Who has adopted it.
    pub adopted_by: &'a [String],
}

impl<'a> HandoverDoc<'a> {
    /// Of what somebody leaves.
    pub fn of(handover: &'a Handover, problems: &'a [String], lens: DocumentContext<'_>) -> Self {
        Self {
            problems,
            by: &handover.by,
            gates: handover
                .gates
                .iter()
                .map(|handed| HandedGateDoc::of(handed, lens))
                .collect(),
        }
    }
}

impl<'a> HandedGateDoc<'a> {
    fn of(handed: &'a HandedGate, lens: DocumentContext<'_>) -> Self {
        let gate = handed.gate().map(|gate| GateDoc::of_gate(&handed.rows, gate, lens));
        let draft = handed.draft.as_ref().map(|draft| HandedDraftDoc {
            contents: draft.contents(),
            first_words: draft.first_words(),
            written_at: draft.written_at,
            adopted_from: draft.adopted.as_deref(),
            adopted_by: &handed.adopted_by,
        });
        Self {
            job_id: &handed.key.job_id,
            slug: &handed.rows.job.slug,
            stage: &handed.key.stage,
            attempt: handed.key.attempt,
            hold: gate
                .as_ref()
                .and_then(|gate| gate.hold)
                .filter(|_| handed.hold.is_some()),
            stopped: gate.as_ref().and_then(|gate| gate.stopped),
            deadline: gate.as_ref().and_then(|gate| gate.deadline),
            open: handed.lease.as_ref().map(|lease| lease.purpose.as_str()),
            draft,
            marked: handed.is_marked,
            marked_otherwise: handed.is_marked_otherwise,
            seen_wholly: handed.is_wholly_seen,
        }
    }
}
