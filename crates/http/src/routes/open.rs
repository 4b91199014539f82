//! Opening a gate from outside: the bytes come with the request, so that no client can name a file
//! of this machine.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::answer::Answered;
use crate::app::Asker;
use crate::body::Object;
use crate::params::JobPath;
use crate::request::{Fields, request, text, values};
use domain::ask::{Command, OutsideArtifact, OutsideFile};
use domain::context::GateContext;
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::ids::StageName;
use wire::{ContextDoc, JobGateDoc};

/// The most bytes of a kind.
const KIND_BYTES_MAX: usize = 100;

request! {
    /// A file that comes with a request: its text, or its bytes in base64.
    struct File {
        /// What it is: script, storyboard, voiceover, …
        #[schema(value_type = String, min_length = 1, max_length = 100)]
        kind: Kind,
        /// Its file name, without directories.
        #[schema(value_type = String, pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
        name: FileName,
        /// Its text.
        content: Option<String>,
        /// Its bytes, in standard base64; instead of `content`.
        #[schema(value_type = Option<String>)]
        content_base64: Option<Base64>,
    } then one_content
}

request! {
    /// What an artifact is compared with.
    struct BaseFile {
        /// The name of the artifact that it is for; missing: the first one's.
        #[schema(value_type = Option<String>, pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
        name: Option<FileName>,
        /// Its text.
        content: Option<String>,
        /// Its bytes, in standard base64; instead of `content`.
        #[schema(value_type = Option<String>)]
        content_base64: Option<Base64>,
    } then one_content
}

request! {
    /// A gate that a pipeline opens.
    struct NewGate {
        /// The stage.
        #[schema(value_type = String, pattern = "^[a-z][a-z0-9_-]{0,49}$")]
        stage: StageName,
        /// What is to be reviewed.
        #[schema(min_items = 1)]
        artifacts: Vec<File>,
        /// What they are compared with.
        bases: Option<Vec<BaseFile>>,
        /// Why it is asked for. With the same artifacts an open gate says this from now on; what is left out stays as it was.
        #[schema(value_type = Option<ContextDoc>)]
        context: Option<GateContext>,
        /// The most seconds between two signs of life (POST …/alive, or this request again), 5 to 604800; missing: none is promised.
        heartbeat_s: Option<u32>,
        /// What becomes of the gate when none comes: withdraw (also when missing) or keep.
        #[schema(value_type = Option<String>, pattern = "^(withdraw|keep)$")]
        when_gone: Option<WhenGone>,
    } then at_least_one
}

/// Opens a gate on a manual job (made when there is none of this id), or on the current stage without a command of another one. The
/// same artifacts on an open gate give that gate (200); others open the next attempt (201).
#[utoipa::path(post, path = "/jobs/{id}/gates", tag = "gates", params(("id" = String, Path, description = "The job")),
    request_body = NewGate, responses(
        (status = 201, description = "The gate is open", body = JobGateDoc),
        (status = 200, description = "It was open already, with the same artifacts", body = JobGateDoc),
    ))]
pub(crate) async fn open(asker: Asker, JobPath(job_id): JobPath, body: Object) -> Answered {
    let NewGate {
        stage,
        artifacts,
        bases,
        context,
        heartbeat_s,
        when_gone,
    } = body.read()?;
    let first = artifacts.first().map(|file| file.name.0.clone()).unwrap_or_default();
    let bases = bases.into_iter().flatten();
    let bases = bases.map(|base| OutsideFile::Bytes {
        // Without a name it is the first artifact's.
        name: base.name.map_or_else(|| first.clone(), |name| name.0),
        bytes: bytes(base.content, base.content_base64),
    });
    let bases = bases.collect();
    let artifacts = artifacts.into_iter().map(|file| OutsideArtifact {
        kind: file.kind.0,
        file: OutsideFile::Bytes {
            name: file.name.0,
            bytes: bytes(file.content, file.content_base64),
        },
    });
    let artifacts = artifacts.collect();
    let name = &asker.caller.operator.name;
    asker.app.count_job_of_gate(name, &job_id).await?;
    let command = Command::OpenGate {
        job_id,
        stage: stage.clone(),
        artifacts,
        bases,
        context: Box::new(context.unwrap_or_default()),
        heartbeat: HeartbeatTerms::of(heartbeat_s.map(u64::from), when_gone)?,
    };
    let opened = asker.act(command, &["patch"]).await?;
    let status = if opened.0.has_opened {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    asker.gate(&opened, &stage, None, status)
}

fn bytes(content: Option<String>, encoded: Option<Base64>) -> Arc<[u8]> {
    match content {
        Some(text) => text.into_bytes().into(),
        None => encoded.map_or_else(|| Arc::from([]), |encoded| encoded.0),
    }
}

fn one_content(fields: &mut Fields<'_>) {
    match (fields.any("content"), fields.any("content_base64")) {
        (Some(Value::String(_)), Some(Value::String(_))) => {
            fields.fault("content", "contradiction", "either content or content_base64");
        }
        (None, None) => fields.require("content"),
        (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => {}
    }
}

fn at_least_one(fields: &mut Fields<'_>) {
    if fields
        .any("artifacts")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        fields.fault("artifacts", "too_short", "at least one artifact is needed");
    }
}

/// What an artifact is.
pub(crate) struct Kind(String);

/// A file name: one part of a path and nothing that leads elsewhere.
pub(crate) struct FileName(String);

/// The bytes of a file that came in base64.
pub(crate) struct Base64(Arc<[u8]>);

values! {
    WhenGone: |value| {
        let word = WhenGone::parse(text(value)?);
        word.ok_or_else(|| ("enum", "Input should be one of withdraw, keep".to_owned()))
    };
    Kind: |value| {
        let kind = text(value)?;
        if kind.trim().is_empty() || kind.len() > KIND_BYTES_MAX {
            return Err(("string_length", format!("a kind has 1 to {KIND_BYTES_MAX} bytes")));
        }
        Ok(Self(kind.to_owned()))
    };
    FileName: |value| {
        let name = text(value)?;
        let is_plain = !name.is_empty()
            && name.len() <= 255
            && name != "."
            && name != ".."
            && !name.contains(['/', '\\'])
            && !name.chars().any(char::is_control);
        if !is_plain {
            let msg = "a file name has 1 to 255 bytes and no slashes or control characters";
            return Err(("file_name", msg.to_owned()));
        }
        Ok(Self(name.to_owned()))
    };
    Base64: |value| {
        let bytes = STANDARD.decode(text(value)?);
        let bytes = bytes.map_err(|error| ("base64", format!("Input should be base64: {error}")))?;
        Ok(Self(bytes.into()))
    };
}
