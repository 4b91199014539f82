//! What a prompt says will happen is what the rules say: asked with the command that Enter sends,
//! and again whenever something happens.

use std::sync::Arc;

use console::effect::{Effect, Msg};
use console::question::{Answered, Question};
use console::update::update;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::{JobRows, JobStatus};
use domain::lease::LeasePurpose;

use crate::console::Console;
use crate::world::{World, job_id, storyboard};

/// The stage behind the storyboard has neither command nor gate.
fn passing() -> World {
    let mut world = World::drawn();
    make_bare(&mut world);
    world
}

fn make_bare(world: &mut World) {
    let job = &mut world.rows_of("j-21").job;
    let assets = job.stages.iter_mut().find(|spec| spec.name.as_str() == "assets");
    assets.unwrap().command.clear();
}

#[test]
fn a_stage_that_is_passed_over_is_not_said_to_start() {
    let mut console = Console::new(passing(), 80, 24).then("j a");
    console.shows("Stage assets passes: it has no command and no gate. Then stage animatics");
    console.hides("stage assets starts");
    console.press("Enter");
    let rows = &console.backend.jobs[&job_id("j-21")];
    assert_eq!(rows.job.stage.as_ref().unwrap().as_str(), "animatics");
}

#[test]
fn what_would_be_refused_opens_no_prompt_stops_no_timer_and_is_said_in_words() {
    let mut console = Console::drawn().then("j");
    let other = storyboard("1", "2", "3");
    console.backend.overwrite("j-21", "storyboard/storyboard.json", other);
    console.press("a");
    assert!(console.model.prompt.is_none());
    let said = format!("{:?}", console.model.toasts);
    assert!(
        said.contains("Not approved: storyboard.json changed since it was read"),
        "{said}"
    );
    assert!(console.sent("TakeLease").is_empty());
    // What lies there now is on the screen, and can be decided on.
    console.press("a");
    console.shows("storyboard.json was changed on disk: aed5a2 -> 1586d1. Then stage assets");
}

#[test]
fn what_happened_meanwhile_is_asked_again_and_enter_waits_until_it_could_be_read() {
    let mut console = Console::drawn();
    console.press("j a").shows("Then stage assets starts.");
    make_bare(&mut console.backend);
    // No frame between the news and the key.
    console.tell(Msg::Changed);
    console.burst("Enter").decides(0);
    console.shows("Stage assets passes:");
    console.press("Enter").decides(1);
}

#[test]
fn a_prompt_that_can_be_confirmed_no_more_says_so_in_its_place() {
    let mut world = World::new();
    world.paused("j-30", "skerry");
    let mut console = Console::new(world, 80, 24).then("R");
    console.shows("Stage script runs again as #2; its command gets the note.");
    let resume = domain::ask::Command::resume(job_id("j-30"));
    assert!(
        console.backend.submit(resume).unwrap().is_ok(),
        "somebody else resumes it"
    );
    console.event("j-30", "script", EventType::JobResumed, "ana resumed");
    console.shows("Not resumed: job j-30 is queued, not paused");
    assert!(console.model.prompt.is_none());
}

/// The trial of November 2026: replaced bytes went through with "Stage audio runs again." and
/// Enter.
#[test]
fn resuming_over_replaced_bytes_says_that_a_gate_opens_on_them_and_lets_nothing_through() {
    let mut console = Console::drawn();
    console.backend.settle("j-17", "script", Verdict::Approve, "ana");
    console.backend.overwrite("j-17", "script/script.txt", b"other bytes\n");
    console.backend.moved("j-17");
    console.tell(Msg::Changed);
    console.press("/").typed("tides").press("Enter R");
    console.shows("script.txt was changed on disk: ");
    console.shows("Gate script #3 opens on what lies there: a person must decide.");
    console.press("Enter");
    let rows = &console.backend.jobs[&job_id("j-17")];
    let gate = rows.gates.last().unwrap();
    assert_eq!((gate.key.attempt, gate.settled.is_none()), (3, true));
}

/// The question said that the stage runs; what was put there behind it nobody has said yes to.
#[test]
fn a_resume_that_came_to_something_else_than_the_question_said_is_refused_and_what_it_would_do_now_is_said() {
    let mut console = Console::drawn();
    console.backend.settle("j-17", "script", Verdict::Approve, "ana");
    let script = console.backend.jobs[&job_id("j-17")].artifacts[0].path.clone();
    let path = (job_id("j-17"), script);
    let decided_on = console.backend.disk[&path].clone();
    console.backend.disk.insert(path.clone(), b"other bytes\n".to_vec());
    console.backend.moved("j-17");
    console.backend.disk.insert(path.clone(), decided_on);
    console.tell(Msg::Changed);
    console.press("/").typed("tides").press("Enter R");
    console.shows("Then stage storyboard starts.");
    console.backend.disk.insert(path, b"other bytes\n".to_vec());
    console.press("Enter");
    console.shows("Not resumed: what was asked is not so any more.");
    let rows = &console.backend.jobs[&job_id("j-17")];
    assert_eq!((rows.job.status, rows.gates.len()), (JobStatus::Paused, 1));
    console.press("R");
    console.shows("Gate script #3 opens on what lies there: a person must decide.");
}

/// Selects the gate of that job, wherever its lease has it stand.
fn to_j17(console: &mut Console) {
    console.press("g");
    for _ in 0..9 {
        if console.model.queue.selected().unwrap().job_id() == &job_id("j-17") {
            return;
        }
        console.press("j");
    }
    panic!("j-17 is not on {}", console.text());
}

#[test]
fn a_question_about_a_job_says_who_has_its_gate_open() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("ana", LeasePurpose::Compose)));
    let mut console = Console::new(world, 80, 24);
    to_j17(&mut console);
    console.press("X").shows("ana is composing here since ");
    console.shows("[Ctrl-t] take it over");
    console.press("Ctrl-t").pass(1);
    console.hears(EventType::GateHeld, "bea takes script #2 over from ana");
    console.shows("Gate script #2 closes without a decision.");
}

/// What happens to one gate of a bulk is asked again for its job; Enter counts when all of it could
/// be read.
#[test]
fn what_happened_to_one_job_of_a_bulk_is_asked_again() {
    let mut console = Console::hurried();
    console.press("Space Space g a i").shows("2 jobs: ");
    make_bare(&mut console.backend);
    console.tell(Msg::Changed);
    console.burst("Enter").decides(0);
    console.shows("stage assets passes in 1");
    console.press("Enter Enter").decides(2);
}

#[test]
fn a_timer_that_is_released_while_it_is_asked_about_ends_the_question() {
    let mut console = Console::drawn().then("t Enter t");
    console.shows("The timer runs again with 1:42 left; then it approves.");
    let gate = |console: &Console| console.backend.jobs[&job_id("j-17")].gates.last().unwrap().key.clone();
    let key = gate(&console);
    let release = domain::ask::Command::Release {
        gate: domain::key::GateRef {
            job_id: key.job_id.clone(),
            stage: key.stage.clone(),
            attempt: Some(key.attempt),
        },
        reason: None,
    };
    assert!(
        console.backend.submit(release).unwrap().is_ok(),
        "somebody else releases it"
    );
    console.hears(EventType::GateReleased, "ana releases script #2");
    console.shows("Not released: nobody holds j-17 / script #2");
    assert!(console.model.prompt.is_none());
}

#[test]
fn an_enter_that_waits_for_the_rules_sends_nothing_that_came_after_it() {
    let pasted = |console: &mut Console| {
        console.paste(" NOT");
    };
    let at_once = |console: &mut Console| {
        console.at_once("but not before the lawyers have read it");
    };
    let small = |console: &mut Console| {
        console.resize(80, 8);
    };
    for after in [&pasted as &dyn Fn(&mut Console), &at_once, &small] {
        let mut console = Console::drawn();
        console.press("j a Tab").typed("fine");
        console.backend.is_asking = true;
        console.tell(Msg::Changed);
        console.draw();
        console.press("Enter");
        assert!(console.decisions().is_empty(), "the rules are asked again");
        after(&mut console);
        let preview = &console.model.preview;
        let asked = preview.asked.as_ref().unwrap().number;
        let answers = preview.jobs[0].answers.clone().unwrap();
        console.tell(Msg::Answered(Answered::Preview(asked, Ok(answers))));
        assert!(console.decisions().is_empty(), "{}", console.text());
    }
}

#[test]
fn a_gate_is_taken_over_before_the_rules_have_answered() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("ana", LeasePurpose::Compose)));
    let mut console = Console::new(world, 80, 24);
    to_j17(&mut console);
    console.backend.is_asking = true;
    for key in ["X", "a"] {
        console.press(key).shows("asking the rules");
        console.shows("ana is composing here since ");
        console.shows("[Ctrl-t] take it over");
        console.press("Esc");
    }
    console.press("X Ctrl-t").shows("Taken over j-17 / script #2 from ana");
    console.press("Ctrl-t").shows("Nobody else has it open");
}

#[test]
fn whether_a_paused_job_can_go_on_is_asked_when_its_rows_change_and_one_question_at_a_time() {
    let mut world = World::new();
    world.paused("j-30", "heath");
    let mut console = Console::new(world, 80, 24);
    let id = job_id("j-30");
    let rows = console.model.panes.job.as_ref().unwrap().rows.clone().unwrap();
    let mut told = |msg: Msg| {
        let effects = update(&mut console.model, msg);
        let is_it = |effect: &&Effect| matches!(effect, Effect::Ask(Question::Resumable(_)));
        effects.iter().filter(is_it).count()
    };
    let read = |rows: &JobRows| Msg::Answered(Answered::Job(id.clone(), Ok(Some(Arc::new(rows.clone())))));
    assert_eq!(told(read(&rows)), 0, "they are the same");
    let mut other = (*rows).clone();
    other.job.slug = "moor".into();
    assert_eq!(told(read(&other)), 1);
    assert_eq!(told(read(&rows)), 0, "one question is under way");
    let answered = || Msg::Answered(Answered::Resumable(id.clone(), Err("broken".to_owned())));
    assert_eq!(told(answered()), 1, "what changed meanwhile is asked after it");
    assert_eq!(told(answered()), 0);
}
