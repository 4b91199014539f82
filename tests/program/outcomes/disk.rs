//! Disks that are full or may not be written, and rights that are missing.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::{approve, assert_recovers, assert_said, open_gate};
use crate::support::run::Workspace;

/// A file system of its own under `runs`; gone when dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    /// None, and why, where this process may not mount.
    fn on(workspace: &Workspace) -> Option<Self> {
        let path = workspace.runs();
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(&path)
            .output();
        match made {
            Ok(output) if output.status.success() => Some(Self(path)),
            Ok(output) => {
                println!("skipped: {}", String::from_utf8_lossy(&output.stderr));
                None
            }
            Err(error) => {
                println!("skipped: mount: {error}");
                None
            }
        }
    }

    fn remount(&self, how: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Leaves no byte free.
fn fill(workspace: &Workspace) {
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(workspace.runs().join("fill"))
        .unwrap();
    for chunk in [64 * 1024, 4096, 1] {
        while file.write_all(&vec![0; chunk]).is_ok() {}
    }
}

fn make_space(workspace: &Workspace) {
    std::fs::remove_file(workspace.runs().join("fill")).unwrap();
}

#[test]
fn on_a_full_disk_nothing_is_decided_and_the_console_goes_on() {
    let workspace = Workspace::new("gates: {deploy: {required: true}}\n");
    let Some(_mounted) = Mounted::on(&workspace) else {
        return;
    };
    open_gate(&workspace);
    let mut console = workspace.pty(&[]);
    console.wait_text("deploy");
    console.send("Enter");
    console.wait_text("plan v1");
    fill(&workspace);
    assert_said(&approve(&workspace), 1, &["no space left"]);
    console.send("a");
    console.wait_text("no space left");
    assert!(!workspace.exists("runs/j-1/gates/deploy.json"));
    make_space(&workspace);
    assert_recovers(&workspace, 0);
    console.wait_text("approved");
}

#[test]
fn a_read_only_file_system_is_named_and_nothing_is_decided_on_it() {
    let workspace = Workspace::new("gates: {deploy: {required: true}}\n");
    let Some(mounted) = Mounted::on(&workspace) else { return };
    open_gate(&workspace);
    // The kernel refuses this while anybody has a file open for writing, so nobody is there.
    mounted.remount("ro");
    assert_said(&approve(&workspace), 1, &["read-only"]);
    let console = workspace.pty(&[]);
    console.wait_text("read-only");
    assert_eq!(console.wait_exit().code(), Some(1));
    mounted.remount("rw");
    assert_recovers(&workspace, 0);
}

#[test]
fn whoever_may_not_enter_the_runs_directory_is_told_so() {
    let workspace = super::opened();
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: only root can become somebody else");
    }
    std::fs::set_permissions(workspace.root(), Permissions::from_mode(0o755)).unwrap();
    let mut stranger = workspace.command(&["gate", "approve", "j-1", "deploy"]);
    let output = match stranger.uid(65534).gid(65534).output() {
        Ok(output) => output,
        // The build itself may lie where nobody else may look.
        Err(error) => return println!("skipped: {error}"),
    };
    assert_said(&output, 1, &["ermission denied", "runs"]);
    assert_recovers(&workspace, 0);
}
