//! A real file system that loses its power: ext4 on a loop device. What has reached the device is
//! copied while nothing is flushed; that copy is mounted, so that the kernel replays its journal as
//! after a power cut, and holdpoint is started on it.
//!
//! What the file system keeps in memory is lost so, and nothing else: the device itself forgets
//! nothing here. Needs the right to mount, and says so where there is none.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use store::Reader;

use super::story::{self, STORY};
use super::{skip, start};
use crate::support::run::Workspace;

/// Nothing is written down but what is asked for: no commit every 5 s, no flush of a file that is
/// given another's name.
const OPTIONS: &str = "loop,commit=600,noauto_da_alloc";
const IMAGE_BYTES: u64 = 32 << 20;

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {}: {}", arguments.join(" "), said.trim()))
}

/// A mounted image; unmounted when it is dropped.
struct Mounted {
    image: PathBuf,
    at: PathBuf,
}

impl Mounted {
    fn new(image: PathBuf) -> Result<Self, String> {
        let at = PathBuf::from(format!("{}.mounted", image.display()));
        std::fs::create_dir(&at).unwrap();
        let (device, place) = (image.to_str().unwrap(), at.to_str().unwrap());
        run("mount", &["-t", "ext4", "-o", OPTIONS, device, place])?;
        Ok(Self { image, at })
    }

    fn runs(&self) -> PathBuf {
        self.at.join("runs")
    }

    /// The power goes: what is on the device at this moment, under another name. A file that nobody
    /// flushed shows that it did go.
    fn cut(&self, number: usize) -> PathBuf {
        let control = self.at.join("unflushed");
        File::create(&control).unwrap().write_all(b"lost").unwrap();
        let copy = self.image.with_extension(format!("cut-{number}"));
        std::fs::copy(&self.image, &copy).unwrap();
        std::fs::remove_file(control).unwrap();
        copy
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = run("umount", &[self.at.to_str().unwrap()]);
        // One panic at a time.
        assert!(unmounted.is_ok() || std::thread::panicking(), "{unmounted:?}");
    }
}

/// A new disk; the error says why there is none.
fn disk(folder: &Path) -> Result<Mounted, String> {
    let image = folder.join("disk");
    File::create(&image).unwrap().set_len(IMAGE_BYTES).unwrap();
    run("mkfs.ext4", &["-q", "-F", image.to_str().unwrap()])?;
    let mounted = Mounted::new(image)?;
    std::fs::create_dir(mounted.runs()).unwrap();
    run("sync", &["-f", mounted.at.to_str().unwrap()])?;
    Ok(mounted)
}

fn with_runs<'a>(arguments: &[&'a str], runs: &'a Path) -> Vec<&'a str> {
    let runs = ["--runs", runs.to_str().unwrap()];
    arguments.iter().copied().chain(runs).collect()
}

/// Where the process is killed after its commit, each time a little later; at last it comes to its
/// end.
const KILLED_AT: [Option<&str>; STORY.len()] = [
    Some("after_commit"),
    Some("artifact_placed"),
    Some("chain_appended"),
    Some("files_named"),
    Some("files_flushed"),
    None,
];

/// The story on this disk; before each commit, and some time after it, the power goes. The copies,
/// and of each what is promised: what was committed is as good as answered.
fn play(workspace: &Workspace, disk: &Mounted) -> Vec<(PathBuf, usize)> {
    let runs = disk.runs();
    for arguments in story::BEFORE {
        workspace.ok(&with_runs(arguments, &runs));
    }
    // As an open console does: the log of the database is not folded into it after each command.
    let held = Reader::open(&runs).unwrap();
    held.last_event_seq().unwrap();
    let mut cuts = Vec::new();
    for (number, ((arguments, _), point)) in STORY.iter().zip(KILLED_AT).enumerate() {
        let arguments = with_runs(arguments, &runs);
        // What the deed before was killed over is paid for here: else this one may be killed over
        // that, and have done nothing.
        let settling = format!("j-1{number}");
        let settling = ["gate", "open", &settling, "deploy", "--artifact", "plan=plan.txt"];
        workspace.ok(&with_runs(&settling, &runs));
        for (point, promised) in [(Some("before_commit"), number), (point, number + 1)] {
            let mut command = workspace.command(&arguments);
            if let Some(point) = point {
                command.env("HOLDPOINT_CRASH_AT", point);
            }
            let ended = command.output().unwrap();
            let signal = point.map(|_| 9);
            assert_eq!(ended.status.signal(), signal, "{arguments:?} at {point:?}: {ended:?}");
            cuts.push((disk.cut(cuts.len()), promised));
        }
    }
    cuts
}

#[test]
fn what_was_answered_survives_on_a_real_disk_that_loses_its_power() {
    let folder = tempfile::tempdir().unwrap();
    let disk = match disk(folder.path()) {
        Ok(disk) => disk,
        Err(why) => return skip("a real disk that loses its power", "mount", &why),
    };
    let workspace = story::workspace();
    let cuts = play(&workspace, &disk);
    drop(disk);
    let tried = cuts.len();
    for (number, (image, promised)) in cuts.into_iter().enumerate() {
        let cut = Mounted::new(image.clone()).unwrap();
        let control = std::fs::read(cut.at.join("unflushed")).unwrap_or_default();
        assert_eq!(
            control, b"",
            "cut {number}: what nobody flushed is lost, or this shows nothing"
        );
        let kept = start::by_hand(&workspace, &cut.runs(), promised);
        drop(cut);
        std::fs::remove_file(image).unwrap();
        assert_eq!(kept, Ok(()), "cut {number}, {promised} things promised");
    }
    println!("power loss: {tried} states of a real disk tried");
}

/// The first deed of the story on a new disk, with these flushes left out, and what becomes of it;
/// the error says why it was not tried.
fn without(flushes: &str) -> Result<Result<(), String>, (&'static str, String)> {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path()).map_err(|why| ("mount", why))?;
    let workspace = story::workspace();
    for arguments in story::BEFORE {
        workspace.ok(&with_runs(arguments, &disk.runs()));
    }
    // The kernel is not asked at all, and holdpoint is told that all is well.
    let options = ["-f", "-o", "/dev/null", "--inject", &format!("{flushes}:retval=0")];
    let output = workspace
        .through("strace", &options, &with_runs(STORY[0].0, &disk.runs()))
        .output();
    let cut = match output {
        Ok(output) if output.status.success() => disk.cut(0),
        missing => return Err(("strace", format!("{missing:?}"))),
    };
    drop(disk);
    let cut = Mounted::new(cut).unwrap();
    Ok(start::by_hand(&workspace, &cut.runs(), 1))
}

#[test]
fn flushes_that_are_left_out_are_missed_on_a_real_disk() {
    // What holdpoint flushes itself, and the database's too.
    for flushes in ["fsync", "fsync,fdatasync"] {
        match without(flushes) {
            Err((tool, why)) => return skip("a real disk that loses its power", tool, &why),
            Ok(kept) => println!("without {flushes}: {}", kept.expect_err(flushes)),
        }
    }
}
