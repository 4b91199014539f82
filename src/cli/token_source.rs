//! Where the token of a server comes from: a file that nobody else may read, a command, or the
//! environment. It is told to nobody but the server.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use domain::refusal::{Refusal, RefusalCode};
use remote::ComingToken;
use text::visible_line;
use text::words::duration;

/// How long a command may take: somebody may have to unlock a store of secrets.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// What is read of a file, or of what a command prints, in bytes.
const BYTES_MAX: u64 = 64 * 1024;
/// Whoever else may read or write a file.
const OTHERS: u32 = 0o077;

/// Where a token comes from.
#[derive(Debug, Clone)]
pub(crate) enum TokenSource {
    File(PathBuf),
    /// A program and its arguments; no shell reads them.
    Command(Vec<String>),
    /// `HOLDPOINT_TOKEN`.
    Environment,
}

impl remote::TokenSource for TokenSource {
    fn token(&self) -> ComingToken<'_> {
        Box::pin(self.read())
    }
}

impl TokenSource {
    async fn read(&self) -> Result<String, Refusal> {
        let text = match self {
            Self::File(path) => of_file(path)?,
            Self::Command(words) => of_command(words, COMMAND_TIME).await?,
            Self::Environment => std::env::var("HOLDPOINT_TOKEN").unwrap_or_default(),
        };
        let token = text.lines().next().unwrap_or_default().trim();
        if !token.is_empty() {
            return Ok(token.to_owned());
        }
        Err(match self {
            Self::File(path) => {
                wrong(format!("the first line of {} is empty", path.display())).with_hint("it has to be the token")
            }
            Self::Command(words) => wrong(format!("{} prints no token", program(words)))
                .with_hint("the first line of its standard output has to be the token"),
            Self::Environment => wrong("no token for the server is named").with_hint(
                "--token-file FILE, HOLDPOINT_TOKEN, or a context; holdpoint token new NAME on the server makes one",
            ),
        })
    }

    /// In words, for lists.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::File(path) => format!("file {}", path.display()),
            // Its arguments may be secrets.
            Self::Command(words) => format!("command {}", program(words)),
            Self::Environment => "HOLDPOINT_TOKEN".to_owned(),
        }
    }

    /// Why the file cannot be used; a command is not run for that.
    pub(crate) fn fault(&self) -> Option<Refusal> {
        match self {
            Self::File(path) => of_file(path).err(),
            Self::Command(_) | Self::Environment => None,
        }
    }
}

fn wrong(message: impl Into<String>) -> Refusal {
    Refusal::invalid(message)
}

fn of_file(path: &Path) -> Result<String, Refusal> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Refusal::new(
            RefusalCode::NotFound,
            format!("cannot read the token in {shown}: {error}"),
        )
        .because(error)
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.permissions().mode();
    // A pipe is nobody else's.
    if about.is_file() && mode & OTHERS != 0 {
        let message = format!(
            "others may read the token in {shown}: its mode is {:04o}",
            mode & 0o7777
        );
        return Err(Refusal::new(RefusalCode::NotAllowed, message).with_hint(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.by_ref()
        .take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

fn program(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

async fn of_command(words: &[String], time: Duration) -> Result<String, Refusal> {
    let name = program(words);
    let failed = |why: String| wrong(format!("the token command {name} {why}"));
    let mut child = Command::new(name)
        .args(words.get(1..).unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Dropped: ended.
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            failed(format!("cannot be started: {error}"))
                .with_hint("token_command is a program and its arguments: no shell reads them")
                .because(error)
        })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async { tokio::join!(all(stdout), all(stderr), child.wait()) };
    let (printed, said, status) = tokio::time::timeout(time, ended)
        .await
        .map_err(|_| failed(format!("has not ended within {}", duration(time.as_secs()))))?;
    let status = status.map_err(|error| failed(format!("cannot be waited for: {error}")).because(error))?;
    if status.success() {
        return Ok(printed);
    }
    let said = said.lines().rfind(|line| !line.trim().is_empty()).map(visible_line);
    let said = said.map_or_else(
        || "it says nothing".to_owned(),
        |said| format!("it says: {}", said.trim()),
    );
    Err(failed(format!("ended with {status}; {said}")))
}

/// All that it prints, as far as it is kept. What comes after that is read too, so that it ends.
async fn all(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    // What cannot be read ends with the command.
    let _ = (&mut stream).take(BYTES_MAX).read_to_end(&mut kept).await;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let alive = folder.path().join("alive");
        // It holds the writing end of a pipe as long as it lives.
        let words = ["/bin/sh", "-c", "exec 3>\"$0\"; echo begun >&3; exec sleep 600"];
        let words = words.iter().map(|word| (*word).to_owned());
        let words: Vec<_> = words.chain([alive.display().to_string()]).collect();
        nix::unistd::mkfifo(&alive, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = tokio::task::spawn_blocking(move || std::fs::read_to_string(alive));
        let refused = of_command(&words, Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(refused.message, "the token command /bin/sh has not ended within 0:02");
        assert_eq!(
            reader.await.unwrap().unwrap(),
            "begun\n",
            "it is read to its end: nobody holds it"
        );
        let quick = ["/bin/echo".to_owned(), "secret".to_owned()];
        assert_eq!(of_command(&quick, COMMAND_TIME).await.unwrap(), "secret\n");
    }
}
