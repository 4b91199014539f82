//! What the console's loop reads and writes in these tests: keys from a queue, a terminal in memory.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};

use console::effect::Attention;
use console::external_editor::{Ending, ExternalEditor};
use console::{EditorState, Ended, Incoming, InputStream, Terminal};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Keys that are pressed, until the loop takes them.
#[derive(Default)]
pub struct Keys(pub VecDeque<Incoming>);

impl InputStream for Keys {
    async fn next(&mut self) -> Incoming {
        match self.0.pop_front() {
            Some(incoming) => incoming,
            None => pending().await,
        }
    }

    async fn ended(&mut self) -> Ended {
        pending().await
    }

    async fn rest(&mut self) -> io::Result<()> {
        self.0.clear();
        Ok(())
    }

    fn go_on(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal in memory.
pub struct Glass {
    pub size: (u16, u16),
    /// Whether it takes no frame.
    pub is_stalled: bool,
    /// Whether it takes long for the next frame: until this is false again.
    pub is_slow: bool,
    /// Whether it has not taken all of the last frame.
    is_behind: bool,
    /// What it shows.
    screen: console::Screen,
    /// Bytes of each frame that it was sent.
    pub frames: Vec<usize>,
    pub copied: Vec<String>,
    /// What asked for the operator's eyes.
    pub attended: Vec<Attention>,
    /// The editors that were started, each with its file.
    pub editors: Vec<String>,
    /// The file of the editor that runs.
    pub editor: Option<PathBuf>,
    /// How the editor ended, until the loop looks at it.
    pub ended: Option<Ending>,
}

impl Glass {
    pub fn new(size: (u16, u16)) -> Self {
        Self {
            size,
            is_stalled: false,
            is_slow: false,
            is_behind: false,
            screen: console::Screen::new(size.0, size.1),
            frames: Vec::new(),
            copied: Vec::new(),
            attended: Vec::new(),
            editors: Vec::new(),
            editor: None,
            ended: None,
        }
    }
}

impl Terminal for Glass {
    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn repaint(&mut self, (columns, rows): (u16, u16)) {
        self.screen = console::Screen::new(columns, rows);
    }

    fn is_busy(&self) -> bool {
        self.is_stalled || self.is_behind
    }

    fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool> {
        self.frames.push(self.screen.draw(render)?.len());
        self.is_behind = self.is_slow;
        Ok(!self.is_slow)
    }

    fn frame_bytes(&self) -> usize {
        self.frames.last().copied().unwrap_or(0)
    }

    async fn written(&mut self) -> bool {
        if self.is_slow || !self.is_behind {
            return pending().await;
        }
        self.is_behind = false;
        true
    }

    fn attend(&mut self, attention: &Attention) {
        self.attended.push(attention.clone());
    }

    fn copy(&mut self, text: &str) {
        self.copied.push(text.to_owned());
    }

    async fn lend(&mut self, editor: &ExternalEditor, path: &Path) -> io::Result<Result<(), String>> {
        let name = path.file_name().unwrap().to_string_lossy();
        self.editors.push(format!("{} {name}", editor.name()));
        self.editor = Some(path.to_owned());
        Ok(Ok(()))
    }

    fn editor(&mut self) -> io::Result<Option<EditorState>> {
        Ok(match self.ended.take() {
            Some(ending) => Some(EditorState::Ended(ending)),
            None => self.is_lent().then_some(EditorState::Running),
        })
    }

    fn is_lent(&self) -> bool {
        self.editor.is_some()
    }

    async fn give_back(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// A shell continues it at once.
    fn stop(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
}
