//! The editor of the operator's own choice: which it is, how it is run, and what can be said of how
//! it ended.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// A command that edits the file whose path follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalEditor {
    /// Where it was named, for messages; none: it is the one that is always there.
    pub(crate) variable: Option<&'static str>,
    /// The command as the shell reads it.
    pub(crate) command: OsString,
}

impl ExternalEditor {
    /// `$VISUAL`, else `$EDITOR`, else vi where there is one. An empty variable is none.
    pub fn choose(visual: Option<OsString>, editor: Option<OsString>, has_vi: bool) -> Option<Self> {
        let named = [("VISUAL", visual), ("EDITOR", editor)];
        let mut named = named.into_iter().filter_map(|(variable, command)| {
            let command = command.filter(|command| !command.as_encoded_bytes().trim_ascii().is_empty())?;
            Some(Self {
                variable: Some(variable),
                command,
            })
        });
        named.next().or_else(|| {
            has_vi.then(|| Self {
                variable: None,
                command: "vi".into(),
            })
        })
    }

    /// `vi`, `code`: the program's name, to speak of it.
    pub fn name(&self) -> String {
        let command = self.command.to_string_lossy();
        let program = command.split_whitespace().next().unwrap_or_default();
        program.rsplit('/').next().unwrap_or(program).to_owned()
    }

    /// Runs it on a file, outside of the console, and waits until it has ended. None: well; else what
    /// became of it.
    pub fn run(&self, path: &Path) -> Option<String> {
        // Ctrl-C is the editor's as long as it runs. A child begins with no signal blocked.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGQUIT);
        let former = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(self.script()).arg(&self.command).arg(path);
        let ending = match command.status() {
            Ok(status) => match (status.code(), status.signal().map(Signal::try_from)) {
                (Some(code), _) => Ending::Status(code),
                (None, Some(Ok(signal))) => Ending::Signal(signal.as_str()),
                (None, Some(Err(_)) | None) => Ending::Signal("a signal"),
            },
            Err(error) => Ending::NotStarted(error.to_string()),
        };
        if let Some(former) = former {
            // What is not put back is blocked for the rest of a command that is about to end.
            let _ = former.thread_set_mask();
        }
        ending.problem(self)
    }

    /// The command and where it comes from: `$EDITOR is vi -n`.
    pub(crate) fn in_words(&self) -> String {
        let command = self.command.to_string_lossy();
        match self.variable {
            Some(variable) => format!("${variable} is `{command}`"),
            None => format!("neither $VISUAL nor $EDITOR is set, so it is `{command}`"),
        }
    }

    /// The script that a shell runs, with the file's path as its first argument, as git does it:
    /// the command may hold options, quotes and variables.
    pub(crate) fn script(&self) -> OsString {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./+:@%,-".contains(byte);
        let mut script = OsString::new();
        // No shell needs to wait for one plain program.
        if self
            .command
            .as_encoded_bytes()
            .iter()
            .all(|byte| is_word(byte) || *byte == b' ')
        {
            script.push("exec ");
        }
        script.push(&self.command);
        script.push(OsStr::new(" \"$@\""));
        script
    }
}

/// How an editor ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It did not start: why.
    NotStarted(String),
    /// With this status: 0 is success.
    Status(i32),
    /// A signal ended it: its name.
    Signal(&'static str),
}

impl Ending {
    /// What the shell says when there is no such program, and when it is none.
    const NOT_FOUND: i32 = 127;
    const NOT_RUN: i32 = 126;

    /// Why what was written is not taken up; none: it is.
    pub(crate) fn problem(&self, editor: &ExternalEditor) -> Option<String> {
        let name = editor.name();
        match self {
            Self::NotStarted(why) => Some(format!("{name} did not start: {why}")),
            Self::Status(0) => None,
            Self::Status(Self::NOT_FOUND) => Some(format!("{}, and there is no such program", editor.in_words())),
            Self::Status(Self::NOT_RUN) => Some(format!("{}, and that cannot be run", editor.in_words())),
            Self::Status(status) => Some(format!("{name} ended with status {status}")),
            Self::Signal(signal) => Some(format!("{name} was ended by {signal}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(command: &str) -> ExternalEditor {
        ExternalEditor::choose(None, Some(command.into()), false).unwrap()
    }

    #[test]
    fn visual_goes_before_editor_and_both_before_vi() {
        let choose = |visual: Option<&str>, editor: Option<&str>, has_vi| {
            let chosen = ExternalEditor::choose(visual.map(Into::into), editor.map(Into::into), has_vi)?;
            Some((chosen.variable, chosen.command.into_string().unwrap()))
        };
        assert_eq!(choose(Some("a"), Some("b"), true), Some((Some("VISUAL"), "a".into())));
        assert_eq!(choose(Some(" "), Some("b"), true), Some((Some("EDITOR"), "b".into())));
        assert_eq!(choose(None, Some(""), true), Some((None, "vi".into())));
        assert_eq!(choose(None, None, false), None);
    }

    #[test]
    fn the_shell_waits_only_where_it_has_to() {
        assert_eq!(editor("vi").script(), "exec vi \"$@\"");
        assert_eq!(
            editor("/usr/bin/code --wait").script(),
            "exec /usr/bin/code --wait \"$@\""
        );
        assert_eq!(editor("TERM=vt100 vi").script(), "TERM=vt100 vi \"$@\"");
        assert_eq!(editor("vi -c 'set nu'").script(), "vi -c 'set nu' \"$@\"");
    }

    #[test]
    fn it_is_spoken_of_by_its_name() {
        assert_eq!(editor("/usr/bin/code --wait").name(), "code");
        assert_eq!(Ending::Status(0).problem(&editor("vi")), None);
        let problem = Ending::Status(127).problem(&editor("nonesuch -x")).unwrap();
        assert_eq!(problem, "$EDITOR is `nonesuch -x`, and there is no such program");
    }
}
