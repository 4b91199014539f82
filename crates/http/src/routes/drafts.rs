//! What people write about gates and have not sent: one's own to keep, everybody's to read.

use crate::answer::{self, Answered, ApiError};
use crate::app::{App, Asker};
use crate::body::Object;
use crate::params::{GatePath, QueryParams};
use crate::request::request;
use domain::comment::CommentSide;
use domain::draft::{Draft, DraftComment, EditDraft, PatchDraft};
use domain::gate::{Gate, Verdict};
use domain::ids::{ArtifactPath, Digest};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use engine::sent_drafts::DraftKept;
use wire::{DraftDoc, DraftsDoc, KeptDraftDoc};

request! {
    /// What is to be said about a line.
    #[schema(as = NewDraftComment)]
    struct NewDraftComment {
        /// The artifact: its path, or its file name where that is enough.
        #[schema(value_type = String)]
        artifact: ArtifactPath,
        /// The version that has the line; missing: the one under review.
        #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
        sha256: Option<Digest>,
        /// The line, from 1.
        #[schema(minimum = 1)]
        line: u32,
        /// new, or base for a removed line; missing: new.
        #[schema(value_type = Option<String>, pattern = "^(new|base)$")]
        side: Option<CommentSide>,
        /// What is said.
        #[schema(min_length = 1)]
        text: String,
    }
}

request! {
    /// An artifact that is being edited, or a patch for it that is being composed.
    #[schema(as = NewDraftText)]
    struct NewDraftText {
        /// The artifact: its path, or its file name where that is enough.
        #[schema(value_type = String)]
        artifact: ArtifactPath,
        /// The version that an edit began from; missing: the one under review.
        #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
        sha256: Option<Digest>,
        /// The text.
        text: String,
    }
}

request! {
    /// The whole draft: what is left out is not in it.
    #[schema(as = NewDraft)]
    struct NewDraft {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// The note of an approval.
        approval_note: Option<String>,
        /// The note of a rejection.
        rejection_note: Option<String>,
        /// Patches that are being composed: one at most.
        #[schema(max_items = 1)]
        patches: Option<Vec<NewDraftText>>,
        /// Artifacts that are being edited.
        edits: Option<Vec<NewDraftText>>,
        /// What is to be said about lines.
        comments: Option<Vec<NewDraftComment>>,
        /// The draft's `written_at` when it was read. What was written since by somebody with the same name is put aside, and told.
        #[schema(value_type = Option<String>)]
        upon: Option<Timestamp>,
    }
}

/// What the token's holder has written about gates and not sent.
#[utoipa::path(get, path = "/drafts", tag = "decide", operation_id = "list_own_drafts",
    responses((status = 200, description = "Their drafts", body = DraftsDoc)))]
pub(crate) async fn own(Asker { app, caller, .. }: Asker) -> Answered {
    let texts = app
        .read(app.engine.find_own_texts(Some(caller.in_session(None))))
        .await?;
    let drafts = texts.drafts.iter().map(DraftDoc::of).collect();
    let problems = &texts.problems;
    Ok(answer::ok(&DraftsDoc { drafts, problems }))
}

/// What everybody has written about a gate and not sent.
#[utoipa::path(get, path = "/jobs/{id}/gates/{stage}/drafts", tag = "decide", operation_id = "list_drafts",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
    ),
    responses((status = 200, description = "The drafts", body = DraftsDoc)))]
pub(crate) async fn list(asker: Asker, path: GatePath, asked: QueryParams) -> Answered {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let key = gate(&asker.app, path, attempt).await?.key;
    let (drafts, problems) = asker.app.read(asker.app.engine.drafts_of(&key)).await?;
    let drafts = drafts.iter().map(DraftDoc::of).collect();
    let problems = &problems;
    Ok(answer::ok(&DraftsDoc { drafts, problems }))
}

/// What one person has written about a gate and not sent.
#[utoipa::path(get, path = "/jobs/{id}/gates/{stage}/draft", tag = "decide", operation_id = "read_draft",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("by" = Option<String>, Query, description = "Whose; missing: the token's holder's"),
    ),
    responses((status = 200, description = "The draft", body = DraftDoc)))]
pub(crate) async fn show(asker: Asker, path: GatePath, asked: QueryParams) -> Answered {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let key = gate(&asker.app, path, attempt).await?.key;
    let by = asked.text("by").unwrap_or(&asker.caller.operator.name);
    let (drafts, _) = asker.app.read(asker.app.engine.drafts_of(&key)).await?;
    let draft = drafts.iter().find(|draft| draft.by.as_deref() == Some(by));
    let draft = draft.ok_or_else(|| ApiError::not_found(format!("{by} has written nothing about {key}")))?;
    Ok(answer::ok(&DraftDoc::of(draft)))
}

/// Keeps what the token's holder has written about an open gate: in the place of what they had written. Where nothing is in it, that is removed.
#[utoipa::path(put, path = "/jobs/{id}/gates/{stage}/draft", tag = "decide", operation_id = "keep_draft",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = NewDraft, responses((status = 200, description = "The draft as it is kept", body = KeptDraftDoc)))]
pub(crate) async fn keep(asker: Asker, path: GatePath, body: Object) -> Answered {
    let new: NewDraft = body.read()?;
    let gate = gate(&asker.app, path, new.attempt).await?;
    gate.open_or_refuse()?;
    let text = |text: NewDraftText| {
        let (path, under_review) = artifact(&gate, &text.artifact)?;
        Ok::<_, ApiError>((path, text.sha256.unwrap_or(under_review), text.text))
    };
    let mut draft = Draft::new(gate.key.clone());
    draft.set_note(Verdict::Approve, new.approval_note.unwrap_or_default());
    draft.set_note(Verdict::Reject, new.rejection_note.unwrap_or_default());
    for patch in new.patches.into_iter().flatten() {
        let (path, _, text) = text(patch)?;
        draft.patch = Some(PatchDraft {
            path,
            text,
            cursor: (0, 0),
            others: Vec::new(),
        });
    }
    for edit in new.edits.into_iter().flatten() {
        let (path, base, text) = text(edit)?;
        let cursor = (0, 0);
        draft.set_edit(
            &path.clone(),
            Some(EditDraft {
                path,
                base,
                text,
                cursor,
            }),
        );
    }
    for said in new.comments.into_iter().flatten() {
        let (path, under_review) = artifact(&gate, &said.artifact)?;
        draft.set_comment(DraftComment {
            path,
            version: said.sha256.unwrap_or(under_review),
            side: said.side.unwrap_or_default(),
            line: said.line,
            text: said.text,
        });
    }
    write(&asker, draft, new.upon).await
}

/// Removes what the token's holder has written about a gate. What nobody says they have read is put aside for 7 days.
#[utoipa::path(delete, path = "/jobs/{id}/gates/{stage}/draft", tag = "decide", operation_id = "remove_draft",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("upon" = Option<String>, Query, description = "The draft's `written_at` when it was read"),
    ),
    responses((status = 200, description = "There is no draft any more", body = KeptDraftDoc)))]
pub(crate) async fn remove(asker: Asker, path: GatePath, asked: QueryParams) -> Answered {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let upon = asked.value("upon", "datetime", |text| {
        Timestamp::parse(text).ok_or("Input should be an RFC 3339 time")
    })?;
    let key = gate(&asker.app, path, attempt).await?.key;
    write(&asker, Draft::new(key), upon).await
}

async fn write(asker: &Asker, mut draft: Draft, upon: Option<Timestamp>) -> Answered {
    let (app, by) = (&asker.app, asker.caller.in_session(None));
    (draft.written_at, draft.upon) = (Some(app.now()), upon);
    let kept = app
        .read_or_refused(app.engine.take_draft(Some(by), draft.clone()))
        .await?;
    let (is_kept, aside) = match &kept {
        DraftKept::Kept { aside } => (!draft.is_empty(), aside.as_deref()),
        // Only a clock that was set back makes what lies there the later one.
        DraftKept::Newer => (false, Some(&draft)),
    };
    let named = Draft {
        by: Some(asker.caller.operator.name.clone()),
        ..draft.clone()
    };
    Ok(answer::ok(&KeptDraftDoc {
        draft: is_kept.then(|| DraftDoc::of(&named)),
        put_aside: aside.filter(|aside| !aside.is_empty()).map(DraftDoc::of),
    }))
}

async fn gate(app: &App, GatePath(job, stage): GatePath, attempt: Option<u32>) -> Result<Gate, ApiError> {
    let rows = app.job(&job).await?;
    let found = rows.gate_of(&stage, attempt).cloned();
    Ok(found.ok_or_else(|| Refusal::no_gate(&rows, &stage, attempt))?)
}

/// The artifact that is meant, and its version under review.
fn artifact(gate: &Gate, named: &ArtifactPath) -> Result<(ArtifactPath, Digest), ApiError> {
    let is_path = |path: &ArtifactPath| path == named;
    let is_name = |path: &ArtifactPath| path.file_name() == named.as_str();
    let by_path = gate.artifacts.iter().find(|artifact| is_path(&artifact.path));
    let mut by_name = gate.artifacts.iter().filter(|artifact| is_name(&artifact.path));
    let found = by_path.or_else(|| by_name.next().filter(|_| by_name.next().is_none()));
    let found = found.map(|artifact| (artifact.path.clone(), artifact.digest));
    found.ok_or_else(|| Refusal::invalid(format!("{named} is no artifact of {}", gate.key)).into())
}
