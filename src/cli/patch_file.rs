//! A patch as the operator hands it over: a file, or standard input.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::Path;

use patch::{PATCH_BYTES_MAX, Patch};

use super::report::CommandError;

/// A checked patch and what the operator called it.
pub(crate) struct PatchFile {
    pub(crate) patch: Patch,
    /// The path as given, or `standard input`.
    pub(crate) name: String,
}

/// Reads and checks a patch; `-` is standard input.
pub(crate) fn read(path: &Path, is_input_refused: bool) -> Result<PatchFile, CommandError> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let refused =
        |why: String| CommandError::new("patch_unfit", format!("the patch cannot be read from {name}: {why}"));
    let mut bytes = Vec::new();
    // One byte more than allowed tells a patch that is too long.
    let limit = PATCH_BYTES_MAX as u64 + 1;
    let read = if is_stdin {
        let stdin = std::io::stdin();
        if is_input_refused && stdin.is_terminal() {
            return Err(refused("--no-input is set and it is the terminal".to_owned())
                .hint("pipe the patch in, or name a file"));
        }
        stdin.lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    let known = [
        (ErrorKind::NotFound, "no such file"),
        (ErrorKind::PermissionDenied, "permission denied"),
        (ErrorKind::IsADirectory, "it is a directory"),
    ];
    read.map_err(|error| {
        let words = known.into_iter().find(|(kind, _)| *kind == error.kind());
        refused(words.map_or_else(|| error.to_string(), |(_, words)| words.to_owned()))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        refused(format!("line {line} is not UTF-8"))
    })?;
    let patch = Patch::parse(&text).map_err(|error| CommandError::patch(Some(&name), &error))?;
    Ok(PatchFile { patch, name })
}
