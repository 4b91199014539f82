//! Drives the console by key strings.

use std::ops::{Deref, DerefMut};

use console::effect::Msg;
use console::external_editor::ExternalEditor;
use console::input::{Code, KeyPress, Mouse, MouseKind, TerminalInput};
use console::session::Session;
use console::{Ended, Incoming};
use domain::event::{Event, EventType};
use domain::gate::Verdict;
use domain::job::JobStatus;
use testing::world::{job_id, operator};
use tokio::runtime::Runtime;

use crate::glass::{Glass, Keys};
use crate::picture;
use crate::world::{File, World, parts};

/// The sizes of the drawings in SCREENS.md.
pub const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (120, 40)];

type Loop = console::Console<Keys, Glass, World>;

/// The console's real loop, and whoever sits before it.
pub struct Console {
    console: Loop,
    runtime: Runtime,
    pub is_left: bool,
    /// Whether the operator looks at every screen until all of it counts as shown; else the next
    /// key comes at once.
    pub rests: bool,
    /// The last key that was pressed.
    last: Option<KeyPress>,
    /// When the last letter was pressed.
    last_letter_us: Option<i64>,
}

impl Deref for Console {
    type Target = Loop;

    fn deref(&self) -> &Loop {
        &self.console
    }
}

impl DerefMut for Console {
    fn deref_mut(&mut self) -> &mut Loop {
        &mut self.console
    }
}

/// It turns over a line that does not scroll.
const IDLE_WHEEL: Mouse = Mouse {
    kind: MouseKind::WheelDown,
    column: 0,
    row: 0,
};

/// A quick hand takes this long from letter to letter.
const HAND_US: i64 = 50_000;

/// What leases of this console are known by.
pub const SESSION: &str = "bea";

pub fn session() -> Session {
    Session {
        operator: operator("bea"),
        name: SESSION.to_owned(),
        server: None,
        place: String::new(),
        rights: domain::rights::Rights::default(),
        expires: None,
        gates: Default::default(),
        offers: Default::default(),
        ahead_s: |_| 7200,
        overdue_grace_s: 60,
        runs_dir: "runs".into(),
        is_read_only: false,
        is_restricted: false,
        newer: None,
        hint: None,
        has_colour: true,
        has_syntax: false,
        has_palette: false,
        has_true_colour: false,
        external_editor: ExternalEditor::choose(None, Some("/usr/bin/vi -n".into()), false),
        open_at: None,
    }
}

pub fn parse(keys: &str) -> Vec<KeyPress> {
    keys.split_whitespace()
        .map(|name| KeyPress::parse(name).unwrap_or_else(|| panic!("{name} is no key")))
        .collect()
}

impl Console {
    /// This console when these keys were pressed.
    pub fn then(mut self, keys: &str) -> Self {
        self.press(keys);
        self
    }

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
    pub fn resting(session: Session, world: World, size: (u16, u16), rests: bool) -> Self {
        let mut console = Self {
            console: Loop::new(session, Keys::default(), Glass::new(size), world),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            is_left: false,
            rests,
            last: None,
            last_letter_us: None,
        };
        if rests {
            // Whoever looks has the hand on the mouse.
            console.tell(Msg::Input(TerminalInput::Mouse(IDLE_WHEEL)));
        }
        console.draw();
        console
    }

    /// Bytes of the frames that these keys make.
    pub fn bytes_of(&mut self, keys: &str) -> usize {
        self.terminal.frames.clear();
        self.press(keys);
        self.terminal.frames.iter().sum()
    }

    /// 80×24 over the drawing's world.
    pub fn drawn() -> Self {
        Self::new(World::drawn(), 80, 24)
    }

    /// Runs the loop until all is answered.
    fn until_idle(&mut self) {
        loop {
            let ended = self.runtime.block_on(self.console.until_idle()).unwrap();
            self.is_left |= ended == Some(Ended::Left);
            // The rules answer last: they have files read for it.
            match self.console.backend.previews.pop_front() {
                Some(answer) => {
                    let _entered = self.runtime.enter();
                    self.console.tell(Msg::Answered(answer));
                }
                None => break,
            }
        }
    }

    /// Has the loop take a message and all that follows from it, without a frame.
    pub fn tell(&mut self, msg: Msg) {
        let entered = self.runtime.enter();
        self.console.tell(msg);
        drop(entered);
        self.without_frame();
    }

    /// The line is stalled meanwhile: no frame shows what is only half answered, however quick the
    /// workers are.
    fn without_frame(&mut self) {
        self.terminal.is_stalled = true;
        self.until_idle();
        self.terminal.is_stalled = false;
    }

    /// A key that comes before the frame of what was before it.
    pub fn unseen(&mut self, key: &str) {
        self.tell(Msg::Input(TerminalInput::Key(KeyPress::parse(key).unwrap())));
    }

    /// Draws what is there, before the hand rests.
    pub fn frame(&mut self) {
        self.until_idle();
    }

    /// Draws until nothing changes; then the operator looks at what is there.
    pub fn draw(&mut self) {
        self.without_frame();
        // The hand rests after every key: what is selected is asked for.
        if let Some(us) = self.model.panes.pace.rests_us(self.backend.now.boot_us) {
            self.tick(us);
            self.without_frame();
        }
        self.until_idle();
        while self.rests
            && let Some(us) = console::update::look_wake_us(&self.model).filter(|us| *us < 1_000_000)
        {
            self.tick(us);
            self.until_idle();
        }
    }

    fn comes(&mut self, input: TerminalInput) -> &mut Self {
        self.input.0.push_back(Incoming::Inputs(vec![input]));
        self.draw();
        self
    }

    /// What the copy holds that an external editor was given.
    pub fn copy(&self) -> Option<String> {
        std::fs::read_to_string(self.terminal.editor.as_ref()?).ok()
    }

    /// Presses keys as a person does: each after the frame of the one before.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let enter = KeyPress::plain(Code::Enter);
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

    /// Presses a key, and a letter not at the moment of the one before; a longer while is told by
    /// the test.
    fn by_hand(&mut self, key: KeyPress) {
        if key.typed().is_some() || key == KeyPress::plain(Code::Tab) {
            if self.last_letter_us == Some(self.backend.now.boot_us) {
                self.tick(HAND_US);
            }
            self.last_letter_us = Some(self.backend.now.boot_us);
        }
        self.key(key);
    }

    fn key(&mut self, key: KeyPress) {
        self.comes(TerminalInput::Key(key));
    }

    /// Types a text as a quick hand does, a key for each character.
    pub fn typed(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.by_hand(KeyPress::plain(Code::Char(character)));
        }
        self
    }

    /// Types a text, a key for each character and each so long behind the one before; `\n` and `\t`
    /// are Enter and Tab.
    pub fn paced(&mut self, gap_ms: i64, text: &str) -> &mut Self {
        for character in text.chars() {
            self.pass_ms(gap_ms);
            self.key(KeyPress::plain(match character {
                '\n' => Code::Enter,
                '\t' => Code::Tab,
                letter => Code::Char(letter),
            }));
        }
        self
    }

    /// Keys that arrive at once, as from an unbracketed paste: no frame between them.
    pub fn burst(&mut self, keys: &str) -> &mut Self {
        let inputs = parse(keys).into_iter().map(TerminalInput::Key).collect();
        self.input.0.push_back(Incoming::Inputs(inputs));
        self.draw();
        self
    }

    /// A key whose sequence the line has torn: its Escape came alone, and the rest by itself.
    pub fn torn(&mut self, key: &str) -> &mut Self {
        self.press("Esc");
        self.comes(TerminalInput::Torn(Some(KeyPress::parse(key).unwrap())))
    }

    /// The rest of a sequence of which nobody knows what it was.
    pub fn comes_torn(&mut self) -> &mut Self {
        self.comes(TerminalInput::Torn(None))
    }

    /// More letters in one piece than hands press.
    pub fn at_once(&mut self, text: &str) -> &mut Self {
        self.comes(TerminalInput::Burst(text.to_owned()))
    }

    /// An Enter that came in one piece with the letters before it.
    pub fn line_end(&mut self, key: &str) -> &mut Self {
        self.comes(TerminalInput::LineEnd(KeyPress::parse(key).unwrap()))
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.comes(TerminalInput::Paste(text.to_owned()))
    }

    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.terminal.size = (columns, rows);
        self.input.0.push_back(Incoming::Resized);
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
        self.backend.now = self.backend.now.plus_us(us);
        self.without_frame();
    }

    /// Somebody decides elsewhere, and the console hears of it.
    pub fn elsewhere(&mut self, id: &str, stage: &str, verdict: Verdict, who: &str) -> &mut Self {
        let decided = self.backend.settle(id, stage, verdict, who).decision;
        let (kind, did) = match verdict {
            Verdict::Approve => (EventType::GateApproved, "approved"),
            Verdict::Reject => (EventType::GateRejected, "rejected"),
        };
        let message = format!("{who} {did} {stage} #{}", decided.attempt());
        self.event(id, stage, kind, &message)
    }

    /// A gate opens, and the console hears of it.
    pub fn opens(&mut self, title: &str, left_s: Option<u64>, files: impl IntoIterator<Item = File>) -> &mut Self {
        self.backend.gate(title, left_s, files);
        let (id, _, stage, attempt) = parts(title);
        let message = format!("{stage} #{attempt} waits");
        self.event(id, stage, EventType::GateOpened, &message)
    }

    /// Something happened elsewhere.
    pub fn event(&mut self, id: &str, stage: &str, kind: EventType, message: &str) -> &mut Self {
        self.event_by(id, stage, kind, message, serde_json::Value::Null)
    }

    /// Something happened elsewhere to the gate that the drawing begins with.
    pub fn hears(&mut self, kind: EventType, message: &str) -> &mut Self {
        self.event("j-17", "script", kind, message)
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
            ts: self.backend.now.utc,
            job_id: job_id(id),
            kind,
            stage: Some(testing::world::stage(stage)),
            status: JobStatus::Running,
            message: message.to_owned(),
            payload,
        };
        self.tell(Msg::Events(vec![event]));
        self.draw();
        self
    }

    /// Commands sent so far that begin with this word.
    pub fn sent(&self, word: &str) -> Vec<&str> {
        let sent = self.backend.sent.iter().map(String::as_str);
        sent.filter(|sent| sent.starts_with(word)).collect()
    }

    /// Decisions sent so far.
    pub fn decisions(&self) -> Vec<&str> {
        let is_decision =
            |words: &&String| words.starts_with("Approve") || words.starts_with("Reject") || words.contains("Patch ");
        let sent = self.backend.sent.iter();
        sent.filter(is_decision).map(String::as_str).collect()
    }

    pub fn picture(&self) -> String {
        picture::picture(&self.model)
    }

    pub fn text(&self) -> String {
        picture::text(&self.model)
    }

    #[track_caller]
    pub fn shows(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "{words:?} is not on\n{}", self.text());
        self
    }

    #[track_caller]
    pub fn hides(&self, words: &str) -> &Self {
        assert!(!self.text().contains(words), "{words:?} is on\n{}", self.text());
        self
    }

    /// So many decisions were sent so far.
    #[track_caller]
    pub fn decides(&self, count: usize) -> &Self {
        let decisions = self.decisions();
        assert_eq!(decisions.len(), count, "{decisions:?}\n{}", self.text());
        self
    }
}
