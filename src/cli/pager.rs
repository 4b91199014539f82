//! The pager that a terminal gets long output through.

use std::env::{var, var_os};
use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use super::console::is_on_path;

/// What less does unless `LESS` says otherwise: it ends by itself where one screen shows all, keeps
/// colours, and leaves the screen as it is.
const LESS: &str = "FRX";

/// The pager; none: the environment wants none, or there is none.
fn command() -> Option<String> {
    if var("TERM").is_ok_and(|term| term == "dumb") {
        return None;
    }
    match var("PAGER") {
        Ok(pager) if pager.trim().is_empty() || pager.trim() == "cat" => None,
        Ok(pager) => Some(pager),
        Err(_) => is_on_path("less").then(|| "less".to_owned()),
    }
}

/// Shows it, until whoever reads has read enough. False: no pager has shown anything.
pub(crate) fn show(text: &[u8]) -> bool {
    let Some(pager) = command() else { return false };
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&pager).stdin(Stdio::piped());
    if var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    // Ctrl-C is the pager's as long as it runs. A child begins with no signal blocked.
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGQUIT);
    let former = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
    let status = command.spawn().and_then(|mut child| {
        if let Some(mut stdin) = child.stdin.take() {
            // Whoever has read enough closes it.
            let _ = stdin.write_all(text);
        }
        child.wait()
    });
    if let Some(former) = former {
        // The command is about to end: what stays blocked stays so for a moment.
        let _ = former.thread_set_mask();
    }
    // What the shell says when there is no such program, and when it is none.
    status.is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}
