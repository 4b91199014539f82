//! The operator's hour: many mixed gates in a real terminal, each decided as it was meant, and how
//! many keys and bytes that takes.
//!
//! Of 20 gates 17 are approved, 2 rejected with the note "wrong cut" and 1 patched and approved; 3
//! have a second hunk below the screen, 1 is a new file of two screens. The tests play 20 and fail
//! when that takes a key more; `just hour` plays 100 and prints the count.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::desk::Desk;
use super::record;
use crate::support::cast::asciicast;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::screen;

pub const CONFIGURATION: &str = "\
console: {reasons: [wrong cut, too loud]}
pipeline: {stages: [{name: script}, {name: storyboard}, {name: audio}, {name: deploy}, {name: schema}]}
gates:
  script: {required: false, auto_approve: true, auto_approve_after_s: 5400}
  storyboard: {required: false, auto_approve: true, auto_approve_after_s: 3600, on_timeout: reject}
  audio: {required: true}
  deploy: {required: true}
  schema: {required: true}
";

/// A hand takes this long to the next key.
const HAND: Duration = Duration::from_millis(60);

const REASON: &str = "wrong cut";

/// What is meant for a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Approve,
    Reject,
    Patch,
}

/// A gate of the hour.
pub struct Material {
    job: String,
    stage: &'static str,
    meant: Meant,
}

impl Material {
    fn of(number: usize) -> Self {
        let (stage, meant) = match number % 20 {
            0 => ("script", Meant::Patch),
            1..6 => ("script", Meant::Approve),
            6 => ("storyboard", Meant::Reject),
            7..10 => ("storyboard", Meant::Approve),
            10 | 11 => ("audio", Meant::Approve),
            12..16 => ("deploy", Meant::Approve),
            16 => ("schema", Meant::Reject),
            _ => ("schema", Meant::Approve),
        };
        Self {
            job: format!("h-{number:03}"),
            stage,
            meant,
        }
    }

    /// Its file: the version before, where there is one, and the one under review.
    fn texts(&self, number: usize) -> (Option<Vec<u8>>, Vec<u8>) {
        let job = &self.job;
        let lines = |count: usize, edited: &[usize]| {
            let line = |line: usize| match edited.contains(&line) {
                true => format!("line {line}, an edit of {job}\n"),
                false => format!("line {line}\n"),
            };
            (1..=count).map(line).collect::<String>().into_bytes()
        };
        match number % 20 {
            10 | 11 => (Some(vec![0, 1, 2]), [&[0, 3], job.as_bytes()].concat()),
            // A second hunk, below the screen.
            12..15 => (Some(lines(90, &[])), lines(90, &[5, 80])),
            // A new file of two screens.
            19 => (None, lines(NEW_LINES, &[1, 12, NEW_LINES])),
            _ => (Some(lines(12, &[])), lines(12, &[3, 5])),
        }
    }
}

const NEW_LINES: usize = 18;

/// Opens so many of them.
pub fn open(workspace: &Workspace, count: usize) -> Vec<Material> {
    let material = |number: usize| {
        let of = Material::of(number);
        let (before, now) = of.texts(number);
        let (job, stage) = (&of.job, of.stage);
        workspace.write(&format!("{job}.new"), now);
        let base = before.map_or_else(String::new, |before| {
            workspace.write(&format!("{job}.old"), before);
            format!(" --base {job}.old")
        });
        workspace.ok(&format!("gate open {job} {stage} --artifact text={job}.new{base}"));
        of
    };
    (0..count).map(material).collect()
}

/// Whoever sits there, and what they have pressed.
pub struct Hand<'m> {
    pub desk: Desk,
    material: &'m [Material],
    pub keys: usize,
    /// Keys that came before they counted: the screen said so, and they were pressed again. They are
    /// told beside the keys and are none of them: how many there are is how much slower the machine
    /// was than the hand, another number at each run, and a hand that looks presses none.
    pub vain: usize,
    /// How long the screen took: from a key to its question, from Enter to the next gate, from that
    /// to its change.
    pub waits: Vec<(Wait, Duration)>,
}

/// What the hand waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Question,
    NextGate,
    Change,
}

/// The gate whose title is on the screen.
fn job_on(now: &vt100::Screen) -> Option<String> {
    let text = screen::text(now);
    let title = text.lines().find(|row| row.starts_with('─') && row.contains(" / "))?;
    Some(
        title
            .trim_start_matches(['─', ' '])
            .split([' ', '/'])
            .next()?
            .to_owned(),
    )
}

/// What the screen says was not shown of it.
fn unshown(now: &vt100::Screen) -> Option<String> {
    let text = screen::text(now);
    let (_, rest) = text.split_once("NOT YET SHOWN: ")?;
    // Who else was shown it may stand behind that.
    let words = rest.split(['\n', '│']).next()?.split("   ").next()?;
    Some(words.trim().to_owned())
}

impl<'m> Hand<'m> {
    /// In front of a console, once all gates are on its screen.
    pub fn at(desk: Desk, material: &'m [Material]) -> Self {
        desk.sees(&format!("{} open", material.len()));
        Self {
            desk,
            material,
            keys: 0,
            vain: 0,
            waits: Vec::new(),
        }
    }

    pub fn press(&mut self, key: &str) {
        std::thread::sleep(HAND);
        self.desk.press(key);
        self.keys += 1;
    }

    /// Presses a key until it was not too early for it, and waits for what comes of it.
    fn until(&mut self, key: &str, wait: Wait, is_done: impl Fn(&vt100::Screen) -> bool) {
        const TOO_EARLY: [&str; 5] = [
            "came before",
            "came at once",
            "still being",
            "only just come",
            "right behind",
        ];
        self.press(key);
        let mut pressed = Instant::now();
        loop {
            let is_early = |now: &vt100::Screen| TOO_EARLY.iter().any(|words| screen::find(now, words).is_some());
            self.desk.pty.wait_for(|now| is_done(now) || is_early(now));
            if self.desk.pty.inspect(&is_done) {
                self.waits.push((wait, pressed.elapsed()));
                return;
            }
            self.vain += 1;
            eprintln!("{key} came too early:\n{}", self.desk.pty.screen_text());
            std::thread::sleep(Duration::from_millis(800));
            self.desk.press(key);
            pressed = Instant::now();
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Reads all of the gate on the screen; every screen stands until it counts.
    fn reads(&mut self, key: &str) -> &'m Material {
        let (begun, mut last) = (Instant::now(), None);
        loop {
            let mut here = (None, None);
            let material = self.material;
            self.desk.pty.wait_for(|now| {
                here = (job_on(now), unshown(now));
                let Some(of) = here
                    .0
                    .as_ref()
                    .and_then(|job| material.iter().find(|of| of.job == *job))
                else {
                    return false;
                };
                // Its file is read: before that nothing is known of what was not shown.
                let is_read = screen::find(now, &format!("{}.new 1/1", of.job)).is_some();
                let is_there =
                    is_read && (of.stage == "audio" || screen::find(now, &format!("edit of {}", of.job)).is_some());
                match &here.1 {
                    None => is_there,
                    Some(words) => is_there && here != last.clone().unwrap_or_default() && counts(words),
                }
            });
            if last.is_none() {
                self.waits.push((Wait::Change, begun.elapsed()));
            }
            if here.1.is_none() {
                let job = here.0.expect("a gate is on the screen");
                return material.iter().find(|of| of.job == job).expect("it is one of the hour");
            }
            last = Some(here);
            self.press(key);
        }
    }

    /// Enter on the question that stands there, and another gate after it.
    fn answers(&mut self, of: &Material) {
        self.desk.sees("[Enter]");
        let job = of.job.clone();
        self.until("Enter", Wait::NextGate, |now| {
            job_on(now).as_ref() != Some(&job) && screen::find(now, "[Enter]").is_none()
        });
    }

    fn rejects(&mut self, of: &Material) {
        self.until("r", Wait::Question, |now| {
            screen::find(now, &format!("REJECT {}", of.job)).is_some()
        });
        self.press("1");
        self.desk.sees(&format!("note: {REASON}"));
        self.answers(of);
    }

    fn patches(&mut self, of: &Material) {
        self.until("e", Wait::Question, |now| screen::find(now, "EDIT").is_some());
        self.press("End");
        self.press("!");
        self.desk.sees("Fits ");
        self.press("Esc");
        self.desk.sees("[a] approve with");
        self.until("a", Wait::Question, |now| screen::find(now, "WITH PATCH").is_some());
        self.answers(of);
    }

    fn approves(&mut self, of: &Material) {
        self.until("a", Wait::Question, |now| {
            screen::find(now, &format!("APPROVE {}", of.job)).is_some()
        });
        self.answers(of);
    }

    /// Each gate by itself, as it comes.
    pub fn one_by_one(&mut self) {
        for _ in self.material {
            let of = self.reads("}");
            match of.meant {
                Meant::Approve => self.approves(of),
                Meant::Reject => self.rejects(of),
                Meant::Patch => self.patches(of),
            }
        }
    }

    /// What is to be approved is marked as it is read, and approved with one question.
    fn by_marks(&mut self) {
        for _ in self.material {
            let of = self.reads("m");
            match of.meant {
                Meant::Approve => {
                    let job = of.job.clone();
                    self.until("m", Wait::NextGate, |now| {
                        job_on(now).as_ref() != Some(&job) || screen::find(now, "no other is open").is_some()
                    });
                }
                Meant::Reject => self.rejects(of),
                Meant::Patch => self.patches(of),
            }
        }
        let marked = self.material.iter().filter(|of| of.meant == Meant::Approve).count();
        self.until("a", Wait::Question, |now| {
            screen::find(now, &format!("APPROVE {marked} gates")).is_some()
        });
        // Each page is read when all of it counts, and what Enter would do is known.
        self.desk.pty.wait_gone("asking the rules");
        let mut end = 0;
        loop {
            let former = end;
            self.desk.pty.wait_for(|now| {
                let text = screen::text(now);
                if text.contains("[Enter] approve") {
                    end = marked;
                } else if let Some((last, unread)) = text.lines().find_map(listed) {
                    // The first page may have been a line longer, as long as the rules were asked.
                    end = if last + unread <= marked { last } else { former };
                }
                end > former
            });
            if end == marked {
                break;
            }
            self.press("Space");
        }
        self.until("Enter", Wait::NextGate, |now| {
            screen::find(now, &format!("Approved {marked} gates")).is_some()
        });
    }
}

/// `1-10 of 85   75 not shown yet: …`: the last gate of a page, and how many were not shown yet.
fn listed(row: &str) -> Option<(usize, usize)> {
    let (page, unread) = row.split_once(" of ")?;
    let (_, last) = page.trim().rsplit_once('-')?;
    let unread = unread.split_once(" not shown yet")?.0.split_whitespace().last()?;
    Some((last.parse().ok()?, unread.parse().ok()?))
}

/// Whether the page on the screen has counted: what is not shown is below it.
fn counts(words: &str) -> bool {
    words == "hunk 2" || words.ends_with(" lines") && words != format!("{NEW_LINES} of {NEW_LINES} lines")
}

/// Plays an hour of so many gates, and checks each decision; how many keys it took.
fn hour(count: usize, way: &str, play: fn(&mut Hand<'_>)) -> usize {
    let workspace = Workspace::new(CONFIGURATION);
    let material = open(&workspace, count);
    let mut hand = Hand::at(Desk::spawn(PtyOptions::new(workspace.root())), &material);
    let begun = hand.desk.pty.raw_bytes().len();
    // Until a key is pressed nobody is there who is shown anything.
    hand.press("g");
    hand.desk.pty.record();
    play(&mut hand);
    hand.desk.sees("0 open");
    keep_cast(count, way, &hand.desk.pty);
    let (keys, vain, bytes) = (hand.keys, hand.vain, hand.desk.pty.raw_bytes().len() - begun);
    let all = keys + vain;
    println!("{count} gates {way}: {keys} keys, {all} with those that came too early, {bytes} bytes");
    hand.desk.leaves();
    assert_decided(&workspace, &material);
    keys
}

/// Each gate was read whole and decided as it was meant, and the record says so everywhere.
pub fn assert_decided(workspace: &Workspace, material: &[Material]) {
    let jobs: Vec<&str> = material.iter().map(|of| of.job.as_str()).collect();
    for of in material {
        let Material { job, stage, meant } = of;
        let decision = workspace.decision(job, stage);
        let note = (*meant == Meant::Reject).then_some(REASON);
        assert_eq!(
            (&decision["approved"], &decision["notes"]),
            (&json!(*meant != Meant::Reject), &json!(note)),
            "{job} / {stage}"
        );
        assert_eq!(decision["patch"].is_null(), *meant != Meant::Patch, "{job} / {stage}");
        let seen = &decision["seen"][0];
        assert_eq!(
            seen["hunks"], seen["hunks_shown"],
            "{job} / {stage} was read whole: {decision}"
        );
        assert!(seen["by"].is_string(), "{job} / {stage}: {decision}");
    }
    assert_eq!(record::assert_agrees(workspace, &jobs), material.len());
}

/// Keeps the recording in the directory `HOLDPOINT_HOUR_CASTS`, where there is one.
fn keep_cast(count: usize, way: &str, pty: &Pty) {
    let Ok(directory) = std::env::var("HOLDPOINT_HOUR_CASTS") else {
        return;
    };
    let title = format!("holdpoint: {count} gates {way}");
    let file = asciicast(pty.inspect(screen::size), &title, &pty.recorded());
    let name = format!("hour-{}.cast", way.replace(' ', "-"));
    std::fs::write(Path::new(&directory).join(name), file).expect("the recording can be written");
}

/// How many gates: a multiple of twenty, for the material to be as it is told above.
pub fn gates() -> usize {
    let asked = std::env::var("HOLDPOINT_HOUR_GATES").ok();
    asked.map_or(20, |asked| asked.parse().expect("HOLDPOINT_HOUR_GATES is a number"))
}

#[test]
fn the_hour_one_by_one_takes_no_key_more() {
    // Of 20: 17 × a Enter, 2 × r 1 Enter, e End ! Esc a Enter, and 4 to read on. The goal for 100 is 260.
    let keys = hour(gates(), "one by one", |hand| hand.one_by_one());
    assert_eq!(keys, 1 + gates() / 20 * (17 * 2 + 2 * 3 + 6 + 4));
}

#[test]
fn the_hour_by_marks_takes_no_key_more() {
    // Of 20: 17 × m, 2 × r 1 Enter, e End ! Esc a Enter, and 4 to read on; then a, Space for each further page of ten, and
    // Enter. The goal for 100 is 180.
    let pages = (gates() / 20 * 17).div_ceil(10);
    let keys = hour(gates(), "by marks", |hand| hand.by_marks());
    assert_eq!(keys, 1 + gates() / 20 * (17 + 2 * 3 + 6 + 4) + 1 + pages - 1 + 1);
}
