//! The environment of every program a test starts: nothing of the caller's own settings, and the
//! same everywhere.

use std::ffi::OsString;
use std::path::Path;

/// Where a workspace keeps the address of its database, if that is no file.
pub const STORE_FILE: &str = "store.url";

/// The variables of a clean environment with `home` as the home directory. No `HOLDPOINT_*` of the
/// caller is among them.
pub fn clean(home: &Path) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = [
        ("HOME", home.as_os_str()),
        ("LANG", "C.UTF-8".as_ref()),
        ("SHELL", "/bin/sh".as_ref()),
        ("TZ", "UTC".as_ref()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    // A test that writes this file moves the clocks of all its processes (`src/clock.rs`).
    variables.push(("HOLDPOINT_CLOCK_FILE".into(), home.join("clock").into()));
    // A workspace on PostgreSQL has its address in this file.
    if let Ok(address) = std::fs::read_to_string(home.join(STORE_FILE)) {
        variables.push(("HOLDPOINT_STORE".into(), address.into()));
    }
    // The search path is the machine's; a coverage run has to tell the children where their
    // profiles go.
    for name in ["PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            variables.push((name.into(), value));
        }
    }
    variables
}
