//! Which commit this is built from, for `holdpoint --version`: asked of git in a checkout, read from
//! what Cargo notes in a published package, and left out where neither says it.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let (commit, commit_time) = match of_checkout() {
        Some((commit, time)) => (commit, Some(time)),
        None => (of_package().unwrap_or_default(), None),
    };
    // Not the time of the build: two builds of one commit are the same, to the byte.
    let time = std::env::var("SOURCE_DATE_EPOCH").ok().or(commit_time);
    println!("cargo:rustc-env=HOLDPOINT_COMMIT={commit}");
    println!("cargo:rustc-env=HOLDPOINT_COMMIT_TIME={}", time.unwrap_or_default());
}

/// The commit that is checked out, and its time in seconds since 1970.
fn of_checkout() -> Option<(String, String)> {
    // Unpacked inside of another repository, this is not what that one has checked out.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let told = git(&["log", "-1", "--format=%H %ct"])?;
    let (commit, time) = told.split_once(' ')?;
    Some((commit.to_owned(), time.to_owned()))
}

/// The commit that a published package was made of.
fn of_package() -> Option<String> {
    let noted = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = noted.split_once("\"sha1\": \"")?;
    let (commit, _) = rest.split_once('"')?;
    Some(commit.to_owned())
}

/// What git prints; none: there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let printed = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| printed.trim().to_owned())
}
