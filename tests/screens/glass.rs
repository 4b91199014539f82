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

impl Terminal for Glass {
    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn repaint(&mut self, _: (u16, u16)) {}

    fn is_busy(&self) -> bool {
        self.is_stalled
    }

    fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool> {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        render(area, &mut Buffer::empty(area));
        Ok(true)
    }

    fn frame_bytes(&self) -> usize {
        0
    }

    async fn written(&mut self) -> bool {
        pending().await
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
