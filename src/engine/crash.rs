//! Named crash points: a test kills the process here and looks at what a restart makes of it.
//!
//! Only in builds with debug assertions; a release binary has no such points.

/// Dies by SIGKILL when `HOLDPOINT_CRASH_AT` names this point.
#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    if std::env::var_os("HOLDPOINT_CRASH_AT").is_some_and(|at| at == name) {
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(super) fn point(_name: &str) {}
