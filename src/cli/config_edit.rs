//! `holdpoint config edit`: a copy in the operator's own editor, which takes the file's place only
//! once it holds together.
//!
//! A copy, because consoles and `serve` read the file as soon as it is saved.

use std::fs::{File, Metadata};
use std::io::{IsTerminal, Write as _, stdin, stdout};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use config::ConfigText;

use super::config::tell;
use super::console::own_editor;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::config_text;

/// Edits the configuration that is in force.
pub(super) fn run(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let before = config_text(global)?;
    let Some(path) = before.path.as_deref() else {
        let hint = "holdpoint config show > conf/operator.yaml begins one";
        return Err(
            CommandError::new("not_found", "there is no configuration file: the one built in is used").hint(hint),
        );
    };
    if global.no_input || !stdin().is_terminal() || !stdout().is_terminal() {
        let hint = format!("change {}, then look at it with holdpoint config check", path.display());
        return Err(CommandError::new("no_terminal", "an editor needs a terminal").hint(hint));
    }
    let Some(editor) = own_editor() else {
        let message = "neither $VISUAL nor $EDITOR names an editor, and there is no vi";
        return Err(CommandError::new("not_possible", message));
    };
    // Of a link the file is changed that it leads to.
    let target = path.canonicalize().map_err(|error| failed("find", path, error))?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    let made = tempfile::Builder::new()
        .prefix(".operator-")
        .suffix(".yaml")
        .tempfile_in(folder);
    let mut copy = made.map_err(|error| failed("write beside", &target, error))?;
    copy.write_all(before.text.as_bytes())
        .map_err(|error| failed("write", copy.path(), error))?;
    loop {
        if let Some(problem) = editor.run(copy.path()) {
            return Err(CommandError::new("not_possible", problem).hint("nothing was changed"));
        }
        let after = ConfigText {
            text: ConfigText::read(Some(copy.path()), &[])?.text,
            ..before.clone()
        };
        if after.text == before.text {
            output.line("Nothing was changed")?;
            return Ok(Exit::Done);
        }
        let is_sound = tell(&after, output)?;
        output.flush()?;
        if is_sound {
            put(copy, &before, &target)?;
            output.line(&format!(
                "{} is changed; gates that open from now on go by it",
                before.origin
            ))?;
            return Ok(Exit::Done);
        }
        output.raw(b"Enter edits it again; q leaves the file as it was: ")?;
        output.flush()?;
        let mut answer = String::new();
        let read = stdin().read_line(&mut answer);
        if read.is_err() || answer.is_empty() || answer.trim().eq_ignore_ascii_case("q") {
            let kept = kept(copy);
            return Err(CommandError::new("configuration", format!("{} is as it was", before.origin)).hint(kept));
        }
    }
}

/// Puts the copy in the place of the file, with its owner and rights.
fn put(copy: NamedTempFile, before: &ConfigText, target: &Path) -> Result<(), CommandError> {
    if ConfigText::read(Some(target), &[]).ok().map(|now| now.text).as_ref() != Some(&before.text) {
        let message = format!("{} was changed by somebody else meanwhile", before.origin);
        return Err(CommandError::new("configuration", message).hint(kept(copy)));
    }
    // Opened by its path: some editors save under another name and rename.
    let like = || {
        let (there, new) = (target.metadata()?, File::open(copy.path())?);
        let owner = |metadata: &Metadata| (metadata.uid(), metadata.gid());
        if owner(&there) != owner(&new.metadata()?) {
            fchown(&new, Some(there.uid()), Some(there.gid()))?;
        }
        new.set_permissions(there.permissions())?;
        new.sync_all()
    };
    match like() {
        Ok(()) => copy
            .persist(target)
            .map(drop)
            .map_err(|error| failed("write", target, error.error)),
        Err(error) => Err(failed("write", target, error).hint(kept(copy))),
    }
}

/// Keeps what was written, and says where.
fn kept(copy: NamedTempFile) -> String {
    match copy.keep() {
        Ok((_, path)) => format!("what you wrote is in {}", path.display()),
        Err(error) => format!("what you wrote is lost: {}", error.error),
    }
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> CommandError {
    CommandError::new("not_possible", format!("cannot {what} {}: {error}", path.display())).because(error)
}
