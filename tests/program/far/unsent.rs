//! What a console has sent over a line that was lost, when it ended before it was answered.

use super::Elsewhere;
use super::proxy::{Deed, Proxy, said};
use crate::console::desk::Desk;
use crate::support::client::{Served, configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

const COMMANDS: &str = "POST /api/v1/commands";

/// What becomes of commands on the way.
const PASSED: u8 = 0;
const CUT: u8 = 1;
const ANSWERS_LOST: u8 = 2;
/// The first answer is lost, and what is sent then is refused.
const LOST_AND_REFUSED: u8 = 3;

/// A gate that waits, and a console of ana's behind a proxy.
struct Scene {
    workspace: Workspace,
    _served: Served,
    proxy: Proxy,
    there: Elsewhere,
    deed: Arc<AtomicU8>,
}

impl Scene {
    fn new() -> Self {
        Self::with(&configuration(""))
    }

    fn with(configuration: &str) -> Self {
        let (workspace, served, _ana) = serving_on(Workspace::new(configuration));
        workspace.write("plan.txt", "new\n");
        workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
        let deed = Arc::<AtomicU8>::default();
        let (now, was_lost) = (Arc::clone(&deed), AtomicBool::new(false));
        let proxy = Proxy::before(served.address, move |request| {
            match (&*request.what, now.load(Ordering::SeqCst)) {
                // Leases go their way.
                (COMMANDS, deed) if contains(&request.body, "decide") => match deed {
                    CUT => Deed::Cut,
                    ANSWERS_LOST => Deed::LoseAnswer,
                    LOST_AND_REFUSED if !was_lost.swap(true, Ordering::SeqCst) => Deed::LoseAnswer,
                    LOST_AND_REFUSED => said("403 Forbidden", "", r#"{"detail": "no more", "code": "forbidden"}"#),
                    _ => Deed::Pass,
                },
                _ => Deed::Pass,
            }
        });
        let there = Elsewhere::at(proxy.address, "ana-token");
        Self {
            workspace,
            _served: served,
            proxy,
            there,
            deed,
        }
    }

    fn desk(&self) -> Desk {
        let desk = self.there.desk();
        desk.sees(" open ");
        desk
    }

    /// Approves while this becomes of it; the console is killed before it hears an answer.
    fn approves_and_dies(&self, deed: u8) {
        self.approves_and_dies_after(deed, "! as of ");
    }

    /// The same after this stood on its screen.
    fn approves_and_dies_after(&self, deed: u8, words: &str) {
        self.deed.store(deed, Ordering::SeqCst);
        let mut desk = self.desk();
        desk.selects("j-1", "deploy", 1);
        desk.press("a");
        desk.asked(&self.workspace, "APPROVE j-1");
        desk.sees_after("Tab", "type the note");
        desk.press("f i n e");
        desk.sees("note: fine");
        desk.sees_after("Tab", "[Enter] approve");
        desk.confirms(words);
        desk.killed();
        self.deed.store(PASSED, Ordering::SeqCst);
    }

    /// The names under which it was sent.
    fn names(&self) -> Vec<String> {
        let all = self.proxy.requests(COMMANDS).into_iter();
        let decisions = all.filter(|request| contains(&request.body, "decide"));
        let name = |body: Vec<u8>| {
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let commands = body["commands"].as_array().unwrap().clone();
            let decision = commands.iter().find(|one| one["command"]["decide"].is_object());
            decision.unwrap()["submission"].as_str().unwrap().to_owned()
        };
        decisions.map(|request| name(request.body)).collect()
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).contains(&format!("\"{text}\""))
}

#[test]
fn what_was_sent_on_a_lost_line_is_asked_about_by_the_next_console_and_sent_under_its_name() {
    let scene = Scene::new();
    scene.approves_and_dies(CUT);
    let mut desk = scene.desk();
    desk.sees("You sent this at ");
    desk.sees("Note: fine");
    desk.sees("[Enter] send it now");
    assert_eq!(scene.workspace.count_events("j-1", "gate_approved"), 0);
    desk.confirms("Approved j-1");
    assert_has!(scene.workspace.decision("j-1", "deploy"), "by": "ana", "notes": "fine");
    assert_eq!(scene.workspace.count_events("j-1", "gate_approved"), 1);
    let names = scene.names();
    assert!(
        names.len() > 1 && names.iter().all(|name| *name == names[0]),
        "{names:?}"
    );
    desk.leaves();
    // It is answered: nobody is asked again.
    let desk = scene.desk();
    desk.sees("0 open");
    assert!(!desk.pty.screen_text().contains("You sent this"));
    desk.leaves();
}

#[test]
fn what_was_done_before_the_console_ended_is_told_and_not_asked() {
    let scene = Scene::new();
    scene.approves_and_dies(ANSWERS_LOST);
    let desk = scene.desk();
    desk.sees("j-1 / deploy #1 approved before the last console ended");
    assert_eq!(scene.workspace.count_events("j-1", "gate_approved"), 1);
    desk.leaves();
}

#[test]
fn what_was_refused_after_its_answer_was_lost_is_asked_about_and_told_as_it_is() {
    let scene = Scene::new();
    scene.approves_and_dies_after(LOST_AND_REFUSED, "whether it was done is not known");
    let desk = scene.desk();
    desk.sees("j-1 / deploy #1 approved before the last console ended");
    assert_eq!(scene.workspace.count_events("j-1", "gate_approved"), 1);
    desk.leaves();
}

#[test]
fn an_answer_that_nobody_has_read_is_told_until_somebody_has() {
    let scene = Scene::new();
    scene.approves_and_dies_after(PASSED, "Approved j-1");
    for _ in 0..2 {
        let desk = scene.desk();
        desk.sees("j-1 / deploy #1 approved before the last console ended");
        desk.killed();
    }
    let mut desk = scene.desk();
    desk.sees("j-1 / deploy #1 approved before the last console ended");
    desk.sees_after("?", " KEYS ");
    desk.backs_out(" KEYS ");
    desk.leaves();
    let desk = scene.desk();
    desk.sees("0 open");
    assert!(!desk.pty.screen_text().contains("before the last console"));
    desk.leaves();
}

#[test]
fn a_decision_that_was_taken_back_since_is_told_as_that() {
    let scene = Scene::with(&configuration("").replace("outline: {}", "deploy: {recall_s: 600}"));
    scene.approves_and_dies(ANSWERS_LOST);
    scene.workspace.ok("gate recall j-1 deploy");
    let desk = scene.desk();
    desk.sees("approved before the last console ended, and taken");
    desk.sees("back since by root");
    desk.leaves();
}

#[test]
fn what_another_version_has_sent_goes_in_its_words() {
    let scene = Scene::new();
    scene.approves_and_dies(CUT);
    let file = kept(&scene);
    // It knew of nobody whose draft it may have been.
    let mut left: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let decide = left["command"]["decide"].as_object_mut().unwrap();
    decide.remove("draft_by").expect("this one does");
    std::fs::write(&file, left.to_string()).unwrap();
    let mut desk = scene.desk();
    desk.sees("[Enter] send it now");
    desk.confirms("Approved j-1");
    let last = scene.proxy.requests(COMMANDS).into_iter().rev();
    let mut decisions = last.filter(|request| contains(&request.body, "decide"));
    let body: serde_json::Value = serde_json::from_slice(&decisions.next().unwrap().body).unwrap();
    assert_eq!(body["commands"][0]["command"], left["command"]);
    desk.leaves();
}

#[test]
fn what_is_stale_is_shown_as_such_and_never_sent_by_itself() {
    let scene = Scene::new();
    scene.approves_and_dies(CUT);
    scene.workspace.ok("gate reject j-1 deploy --notes no");
    let mut desk = scene.desk();
    desk.sees("You sent this at ");
    // What the rules say of it stands where Enter would.
    desk.sees("Not approved: ");
    assert!(
        !desk.pty.screen_text().contains("[Enter]"),
        "{}",
        desk.pty.screen_text()
    );
    desk.press("Esc");
    desk.sees("Not sent: j-1 / deploy #1 approved");
    desk.leaves();
    assert_has!(scene.workspace.decision("j-1", "deploy"), "approved": false, "notes": "no");
    let desk = scene.desk();
    desk.sees("0 open");
    assert!(!desk.pty.screen_text().contains("You sent this"));
    desk.leaves();
}

#[test]
fn what_waits_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    scene.approves_and_dies(CUT);
    let file = kept(&scene);
    assert_contains(&std::fs::read_to_string(&file).unwrap(), "fine");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(
        (mode(&file), mode(file.parent().unwrap())),
        (0, 0),
        "{}",
        file.display()
    );
}

/// The file of what was sent.
fn kept(scene: &Scene) -> std::path::PathBuf {
    let mut files = walkdir(scene.there.machine.root()).into_iter();
    let file = files.find(|path| path.to_string_lossy().contains(".unsent") && path.is_file());
    file.expect("it is kept")
}

/// All files below a folder.
fn walkdir(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => walkdir(&path),
            false => vec![path],
        })
        .collect()
}
