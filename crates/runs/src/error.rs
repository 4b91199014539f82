//! What could not be done with which file, and why: the text an operator reads after
//! `Decided, not yet on disk:`.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::refusal::{Refusal, RefusalCode};
use nix::errno::Errno;

/// A failed operation on a file under the runs directory.
#[derive(Debug, Clone)]
pub struct RunsError {
    /// What was being done, verb first: `create runs/j-17/gates/script.json`.
    pub operation: String,
    /// Why it failed.
    pub source: Arc<io::Error>,
}

/// The result of work on the runs directory.
pub type Result<T> = std::result::Result<T, RunsError>;

impl RunsError {
    /// An error of `verb` on `path`.
    pub(crate) fn new(verb: &str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self {
            operation: format!("{verb} {}", path.display()),
            source: Arc::new(source.into()),
        }
    }

    /// A refusal by a rule of ours instead of the operating system; `reason` is the text after the
    /// colon.
    pub(crate) fn refused(verb: &str, path: &Path, reason: impl Into<String>) -> Self {
        Self::new(verb, path, io::Error::new(io::ErrorKind::InvalidInput, reason.into()))
    }

    /// Whether the disk or a quota is full: worth trying again when space returns.
    pub fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }

    /// Whether rights are missing, or the file system is read-only: a person must act.
    pub(crate) fn is_permission(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        )
    }

    /// Whether a rule of ours refused it: trying again changes nothing.
    pub(crate) fn is_refusal(&self) -> bool {
        self.source.kind() == io::ErrorKind::InvalidInput
    }

    /// Whether something else lies there than the regular file that belongs there: a symlink, a
    /// directory, too many bytes.
    pub fn is_no_file(&self) -> bool {
        self.is_refusal() || self.source.raw_os_error() == Some(Errno::ELOOP as i32)
    }

    /// Why, in words.
    pub fn reason(&self) -> String {
        reason(&self.source)
    }

    /// Whether the file is not there.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// The reason in words, without `(os error 28)`.
pub(super) fn reason(source: &io::Error) -> String {
    match source.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOSPC) => "no space left".to_owned(),
        Some(Errno::EDQUOT) => "the disk quota is used up".to_owned(),
        // Files of the record are opened so that no symlink is followed.
        Some(Errno::ELOOP) => "a symlink lies where a file belongs".to_owned(),
        Some(Errno::EROFS) => "the file system is read-only".to_owned(),
        Some(errno) => {
            let mut text = errno.desc().to_owned();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            text
        }
        None => source.to_string(),
    }
}

impl fmt::Display for RunsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.operation, reason(&self.source))
    }
}

impl std::error::Error for RunsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl From<RunsError> for Refusal {
    /// A file could not be read or written: nothing was decided.
    fn from(error: RunsError) -> Self {
        let code = if error.is_refusal() {
            RefusalCode::Invalid
        } else {
            RefusalCode::NotPossible
        };
        let refusal = Self::new(code, error.to_string());
        let refusal = if error.is_full() {
            refusal.with_hint("make space on that disk, then try again")
        } else if error.is_permission() {
            refusal.with_hint("check who owns that path, and who you are")
        } else {
            refusal
        };
        refusal.because(error)
    }
}

/// Attaches what was being done to the errors of the operating system.
pub(super) trait Doing<T> {
    /// Names the operation, verb first.
    fn doing(self, verb: &str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, verb: &str, path: &Path) -> Result<T> {
        self.map_err(|source| RunsError::new(verb, path, source))
    }
}

/// Takes what is not there for an answer.
pub(super) trait IfThere<T> {
    /// None: there is no such file.
    fn if_there(self) -> Result<Option<T>>;
}

impl<T> IfThere<T> for Result<T> {
    fn if_there(self) -> Result<Option<T>> {
        match self {
            Err(error) if error.is_not_found() => Ok(None),
            there => there.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_the_operator_needs_them() {
        let full = RunsError::new("create", Path::new("runs/j-17/gates/script.json"), Errno::ENOSPC);
        assert_eq!(
            full.to_string(),
            "cannot create runs/j-17/gates/script.json: no space left"
        );
        assert!(full.is_full() && !full.is_permission());
        let denied = RunsError::new("open", Path::new("x"), Errno::EACCES);
        assert_eq!(denied.to_string(), "cannot open x: permission denied");
        assert!(denied.is_permission() && !denied.is_full());
        let refused = RunsError::refused("read", Path::new("x"), "it is a directory");
        assert_eq!(refused.to_string(), "cannot read x: it is a directory");
    }
}
