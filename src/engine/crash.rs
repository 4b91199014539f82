//! Named crash points: a test kills the process here, or has it panic, and looks at what a restart makes of it.
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

/// Panics when `HOLDPOINT_PANIC_AT` names this point.
#[cfg(debug_assertions)]
pub fn panic_point(name: &str) {
    let is_named = std::env::var_os("HOLDPOINT_PANIC_AT").is_some_and(|at| at == name);
    assert!(!is_named, "the test asks for a panic at {name}");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn panic_point(_name: &str) {}
