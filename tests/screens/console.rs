//! Drives the console by key strings.

use std::collections::VecDeque;

use console::draft::{Discarded, Draft};
use console::effect::{CopyReady, Effect, Msg};
use console::input::{Code, Input, Key, Mouse, MouseKind};
use console::model::Model;
use console::own_editor::OwnEditor;
use console::question::Question;
use console::session::Session;
use console::update::{start, update};
use console::{view, work};
use domain::event::{Event, EventType};
use domain::job::JobStatus;
use domain::key::GateKey;
use domain::time::Now;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::picture;
use crate::world::{self, World, job_id, operator};

pub struct Console {
    pub model: Model,
    pub world: World,
    pub saved: Vec<(GateKey, Option<Draft>)>,
    pub put_aside: Vec<Discarded>,
    pub copied: Vec<String>,
    pub is_left: bool,
    /// What the operator's own editor was given.
    pub copy: Option<String>,
    /// The editors that were started, each with its file.
    pub editors: Vec<String>,
    /// Whether the operator looks at every screen until all of it counts as shown; else the next key comes at once.
    pub rests: bool,
    /// The last key that was pressed.
    last: Option<Key>,
    /// When the last letter was pressed.
    last_letter_us: Option<i64>,
    waiting: Vec<console::effect::Submission>,
}

/// It turns over a line that does not scroll.
const IDLE_WHEEL: Mouse = Mouse {
    kind: MouseKind::WheelDown,
    column: 0,
    row: 0,
};

/// A quick hand takes this long from letter to letter.
const HAND_US: i64 = 50_000;

pub fn session() -> Session {
    Session {
        operator: operator("bea"),
        gates: Default::default(),
        overdue_grace_s: 60,
        runs_dir: "runs".into(),
        is_read_only: false,
        is_restricted: false,
        newer: None,
        hint: None,
        has_colour: true,
        has_palette: false,
        own_editor: OwnEditor::choose(None, Some("/usr/bin/vi -n".into()), false),
        open_at: None,
    }
}

pub fn parse(keys: &str) -> Vec<Key> {
    keys.split_whitespace()
        .map(|name| Key::parse(name).unwrap_or_else(|| panic!("{name} is no key")))
        .collect()
}

enum Step {
    Effect(Effect),
    Tell(Msg),
}

impl Console {
    pub fn new(world: World, columns: u16, rows: u16) -> Self {
        Self::with(session(), world, columns, rows)
    }

    pub fn with(session: Session, world: World, columns: u16, rows: u16) -> Self {
        Self::resting(session, world, (columns, rows), true)
    }

    /// Over the drawing's world, with an operator who looks at nothing long enough.
    pub fn hurried() -> Self {
        Self::resting(session(), World::drawn(), (80, 24), false)
    }

    /// With or without an operator who looks at every screen until all of it counts as shown.
    pub fn resting(session: Session, world: World, (columns, rows): (u16, u16), rests: bool) -> Self {
        let mut console = Self {
            model: Model::new(session, (columns, rows), world::start()),
            world,
            saved: Vec::new(),
            put_aside: Vec::new(),
            copied: Vec::new(),
            is_left: false,
            copy: None,
            editors: Vec::new(),
            rests,
            last: None,
            last_letter_us: None,
            waiting: Vec::new(),
        };
        let effects = start(&mut console.model);
        if rests {
            // Whoever looks has the hand on the mouse.
            update(&mut console.model, Msg::Input(Input::Mouse(IDLE_WHEEL)));
        }
        console.carry_out(effects);
        console.draw();
        console
    }

    /// 80×24 over the drawing's world.
    pub fn drawn() -> Self {
        Self::new(World::drawn(), 80, 24)
    }

    /// What an effect brings about comes before the effects behind it.
    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut steps: VecDeque<Step> = effects.into_iter().map(Step::Effect).collect();
        while let Some(step) = steps.pop_front() {
            let effect = match step {
                Step::Effect(effect) => effect,
                Step::Tell(msg) => {
                    for effect in update(&mut self.model, msg).into_iter().rev() {
                        steps.push_front(Step::Effect(effect));
                    }
                    continue;
                }
            };
            let msg = match effect {
                Effect::Ask(Question::Preview(..)) if self.world.is_asking => continue,
                Effect::Ask(question) => Msg::Answered(self.world.answer(question)),
                Effect::Diff(job) => Msg::DiffReady(Box::new(work::diff(job, diff::Limit::NONE))),
                Effect::Measure(job) => Msg::Measured(job.file, job.number, work::measure(&job, diff::Limit::NONE)),
                Effect::Find(job) => Msg::Found(job.number, work::find(&job, &|| false)),
                Effect::Check(job) => Msg::PatchChecked(job.revision, work::check(&job, diff::Limit::NONE)),
                Effect::Complete(job) => Msg::Completed(job.revision, work::complete(&job)),
                Effect::Preview(revision, planned) => {
                    let preview = work::preview(&planned, diff::Limit::NONE);
                    Msg::PreviewReady(revision, Some(Box::new(preview)))
                }
                Effect::Send(submission, command) => match self.world.submit(command) {
                    Some(result) => {
                        if result.is_ok() {
                            let published = self.world.publish_problem.clone().map_or(Ok(()), Err);
                            steps.push_front(Step::Tell(Msg::Published(submission, published)));
                        }
                        Msg::Done(submission, result)
                    }
                    None => {
                        self.waiting.push(submission);
                        continue;
                    }
                },
                Effect::SaveDraft(key, draft) => {
                    self.saved.push((key, draft));
                    continue;
                }
                Effect::Restore(draft, discarded) => {
                    self.put_aside.retain(|other| *other != *discarded);
                    self.saved.push((draft.key.clone(), Some(*draft)));
                    continue;
                }
                Effect::PutAside(discarded) => {
                    self.put_aside.push(*discarded);
                    continue;
                }
                Effect::Copy(text) => {
                    self.copied.push(text);
                    continue;
                }
                Effect::OpenCopy(job) => {
                    let path = format!("/copy/{}", job.path.file_name()).into();
                    self.copy = Some(job.text);
                    Msg::CopyReady(Ok(CopyReady { path, is_former: false }))
                }
                Effect::StartOwnEditor(editor, path) => {
                    self.editors.push(format!("{} {}", editor.name(), path.display()));
                    continue;
                }
                Effect::LookAtCopy | Effect::ReadCopy => continue,
                Effect::CloseCopy { .. } => {
                    self.copy = None;
                    continue;
                }
                Effect::Quit => {
                    self.is_left = true;
                    continue;
                }
                Effect::Repaint | Effect::Suspend => continue,
            };
            steps.push_front(Step::Tell(msg));
        }
    }

    pub fn tell(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.carry_out(effects);
    }

    /// Draws until nothing changes, and tells the model that the frames are on the terminal; then the operator looks at what is there.
    pub fn draw(&mut self) {
        self.draw_at_once();
        while self.rests
            && let Some(us) = console::update::look_wake_us(&self.model).filter(|us| *us < 1_000_000)
        {
            self.tick(us);
            self.draw_at_once();
        }
    }

    fn draw_at_once(&mut self) {
        while self.model.is_dirty {
            self.model.is_dirty = false;
            let (columns, rows) = self.model.size;
            let area = Rect::new(0, 0, columns, rows);
            view::draw(&self.model, area, &mut Buffer::empty(area));
            let facts = view::facts(&self.model);
            self.tell(Msg::Drawn(facts));
        }
    }

    /// Presses keys as a person does: each after the frame of the one before.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let enter = Key::plain(Code::Enter);
        for key in parse(keys) {
            // Whoever presses Enter twice has read in between.
            if key == enter && self.last == Some(enter) {
                self.pass_ms(700);
            }
            self.last = Some(key);
            self.by_hand(key);
        }
        self
    }

    /// Presses a key, and a letter not at the moment of the one before; a longer while is told by the test.
    fn by_hand(&mut self, key: Key) {
        if key.typed().is_some() || key == Key::plain(Code::Tab) {
            if self.last_letter_us == Some(self.world.now.boot_us) {
                self.tick(HAND_US);
            }
            self.last_letter_us = Some(self.world.now.boot_us);
        }
        self.key(key);
    }

    fn key(&mut self, key: Key) {
        self.tell(Msg::Input(Input::Key(key)));
        self.draw();
    }

    /// Types a text as a quick hand does, a key for each character.
    pub fn typed(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.by_hand(Key::plain(Code::Char(character)));
        }
        self
    }

    /// Types a text, a key for each character and each so long behind the one before; `\n` and `\t` are Enter and Tab.
    pub fn paced(&mut self, gap_ms: i64, text: &str) -> &mut Self {
        for character in text.chars() {
            self.pass_ms(gap_ms);
            self.key(Key::plain(match character {
                '\n' => Code::Enter,
                '\t' => Code::Tab,
                letter => Code::Char(letter),
            }));
        }
        self
    }

    /// Keys that arrive at once, as from an unbracketed paste: no frame between them.
    pub fn burst(&mut self, keys: &str) -> &mut Self {
        for key in parse(keys) {
            self.tell(Msg::Input(Input::Key(key)));
        }
        self.draw();
        self
    }

    /// A key whose sequence the line has torn: its Escape came alone, and the rest by itself.
    pub fn torn(&mut self, key: &str) -> &mut Self {
        self.press("Esc");
        self.tell(Msg::Input(Input::Torn(Some(Key::parse(key).unwrap()))));
        self.draw();
        self
    }

    /// More letters in one piece than hands press.
    pub fn at_once(&mut self, text: &str) -> &mut Self {
        self.tell(Msg::Input(Input::Burst(text.to_owned())));
        self.draw();
        self
    }

    /// An Enter that came in one piece with the letters before it.
    pub fn line_end(&mut self, key: &str) -> &mut Self {
        self.tell(Msg::Input(Input::LineEnd(Key::parse(key).unwrap())));
        self.draw();
        self
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.tell(Msg::Input(Input::Paste(text.to_owned())));
        self.draw();
        self
    }

    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.tell(Msg::Input(Input::Resize(columns, rows)));
        self.draw();
        self
    }

    pub fn pass(&mut self, seconds: i64) -> &mut Self {
        self.pass_us(seconds * 1_000_000)
    }

    pub fn pass_ms(&mut self, ms: i64) -> &mut Self {
        self.pass_us(ms * 1000)
    }

    pub fn pass_us(&mut self, us: i64) -> &mut Self {
        self.tick(us);
        self.draw();
        self
    }

    fn tick(&mut self, us: i64) {
        let now = self.world.now;
        self.world.now = Now {
            utc: now.utc.plus_us(us),
            boot_us: now.boot_us + us,
            boot: now.boot,
        };
        self.tell(Msg::Tick(self.world.now));
    }

    /// Something happened elsewhere.
    pub fn event(&mut self, id: &str, stage: &str, kind: EventType, message: &str) -> &mut Self {
        self.event_by(id, stage, kind, message, serde_json::Value::Null)
    }

    /// The same with what the event says besides.
    pub fn event_by(
        &mut self,
        id: &str,
        stage: &str,
        kind: EventType,
        message: &str,
        payload: serde_json::Value,
    ) -> &mut Self {
        let event = Event {
            seq: 1,
            ts: self.world.now.utc,
            job_id: job_id(id),
            kind,
            stage: Some(world::stage(stage)),
            status: JobStatus::Running,
            message: message.to_owned(),
            payload,
        };
        self.tell(Msg::Events(vec![event]));
        self.draw();
        self
    }

    /// Decisions sent so far.
    pub fn decisions(&self) -> Vec<&str> {
        let is_decision =
            |words: &&String| words.starts_with("Approve") || words.starts_with("Reject") || words.contains("Patch ");
        self.world.sent.iter().filter(is_decision).map(String::as_str).collect()
    }

    pub fn picture(&self) -> String {
        picture::picture(&self.model)
    }

    pub fn text(&self) -> String {
        picture::text(&self.model)
    }

    #[track_caller]
    pub fn shows(&self, words: &str) {
        assert!(self.text().contains(words), "{words:?} is not on\n{}", self.text());
    }

    #[track_caller]
    pub fn hides(&self, words: &str) {
        assert!(!self.text().contains(words), "{words:?} is on\n{}", self.text());
    }
}
