//! Has the text checked: one check at a time, the next one of the newest text.

use std::sync::Arc;

use crate::action::Action;
use crate::effect::{CheckJob, Checked, Effect, PatchPreview, ReviewedFile, Unfit, UnreadFile, Written};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::compose::{Check, Compose, Subject, Version};
use domain::ids::{Digest, JobId};
use engine::reads::Bytes;

use crate::question::Read;

/// Begins a check when the newest text has not had one and none is under way.
///
/// A text is taken from the editor once for each check and not for each key, and no checks pile up
/// behind a slow one.
pub fn keep_checked(model: &mut Model, fx: &mut Vec<Effect>) {
    let (Some(compose), Some(view)) = (&mut model.compose, &model.gate) else {
        return;
    };
    let is_checked = compose.checked_revision == Some(compose.revision);
    if is_checked || compose.checking.is_some() || view.key != compose.pin.key {
        return;
    }
    let Some(written) = written(compose) else {
        return;
    };
    let unread = view.files.iter().filter(|file| file.bytes.is_none());
    let unread = unread.map(|file| UnreadFile {
        kind: file.artifact.kind.clone(),
        path: file.artifact.path.clone(),
        problem: file.problem(),
    });
    let files = view.files.iter().filter_map(|file| {
        Some(ReviewedFile {
            kind: file.artifact.kind.clone(),
            path: file.artifact.path.clone(),
            bytes: file.bytes.clone()?,
        })
    });
    let params = view.rows.as_ref().map(|rows| rows.job.params.clone());
    compose.checking = Some(compose.revision);
    fx.push(Effect::Check(CheckJob {
        revision: compose.revision,
        written,
        files: files.collect(),
        unread: unread.collect(),
        path: compose.path.clone(),
        names: compose.names.clone(),
        params: params.unwrap_or_default(),
    }));
}

/// The text as a job takes it; none while the version that it is an edit of is not there.
fn written(compose: &Compose) -> Option<Written> {
    match &compose.subject {
        Subject::Patch(_) => Some(Written::Patch(compose.editor.text())),
        Subject::Artifact(edited) => match &edited.version {
            Version::Here(bytes) => Some(Written::Edit(bytes.clone(), compose.editor.text())),
            Version::Reading | Version::Missing(_) => None,
        },
    }
}

/// Takes what came of a check.
pub fn checked(model: &mut Model, revision: u64, result: Result<Box<Checked>, Unfit>, fx: &mut Vec<Effect>) {
    let compose = model.compose.as_mut();
    let Some(compose) = compose.filter(|compose| compose.checking == Some(revision)) else {
        return;
    };
    compose.checking = None;
    compose.checked_revision = Some(revision);
    compose.check = match result {
        Ok(checked) => {
            fx.push(Effect::Preview(revision, checked.planned.clone()));
            Check::Fits(checked)
        }
        Err(Unfit { wants: Some(path), .. }) => {
            // The patch is checked again when the bytes have been read.
            if let Some(view) = &mut model.gate {
                view.aimed = Some(path);
            }
            Check::Pending
        }
        Err(unfit) => {
            // The patch does not fit, so there is no diff to show.
            compose.preview.found = None;
            Check::Unfit(unfit)
        }
    };
    keep_checked(model, fx);
}

/// A file was read, or cannot be: a patch that waited for it is checked again.
pub fn file_came(model: &mut Model, index: usize) {
    let Some(view) = &mut model.gate else {
        return;
    };
    let path = view.files.get(index).map(|file| &file.artifact.path);
    if view.aimed.is_some()
        && view.aimed.as_ref() == path
        && let Some(compose) = &mut model.compose
    {
        compose.checked_revision = None;
    }
}

/// Takes a preview.
pub fn previewed(model: &mut Model, revision: u64, preview: Option<Box<PatchPreview>>) {
    if let Some(compose) = &mut model.compose
        && compose.checked_revision == Some(revision)
        && let Some(preview) = preview
    {
        compose.preview.found = Some((revision, *preview));
    }
}

/// Takes the names of the files that a patch may name.
pub fn taken_names(model: &mut Model, job_id: &JobId, names: Arc<[String]>) {
    if let Some(compose) = &mut model.compose
        && compose.pin.key.job_id == *job_id
    {
        compose.names = names;
        // A patch that names a file may fit now.
        compose.checked_revision = None;
    }
}

/// Takes the version that the edit began from.
pub fn taken_version(model: &mut Model, digest: Digest, bytes: Read<Bytes>) {
    if let Some(compose) = &mut model.compose
        && let Subject::Artifact(edited) = &mut compose.subject
        && edited.base == digest
    {
        edited.version = match bytes {
            Ok(Some(bytes)) => Version::Here(Arc::new(bytes.to_vec())),
            Ok(None) => Version::Missing(format!("version {} is no longer kept", digest.short())),
            Err(why) => Version::Missing(why),
        };
        if let Version::Missing(why) = &edited.version {
            let menu = keymap::key_in(Focus::Compose, Action::Menu);
            let discard = keymap::key_in(Focus::Menu, Action::Discard);
            compose.check = Check::Unfit(Unfit {
                message: format!("the text that you edited is gone: {why}"),
                hint: Some(format!(
                    "copy what you need, discard it ({menu} {discard}), and edit the present text"
                )),
                ..Unfit::default()
            });
        }
    }
}
