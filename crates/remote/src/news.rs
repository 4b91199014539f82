//! Server-sent events, as far as holdpoint sends them: a type, and one line of data.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use reqwest::Response;

use super::address::Address;
use super::{LineFault, SILENCE, lost};
use text::words::duration;

/// The most bytes of one event: a batch of events may bear patches.
const EVENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsItem {
    /// Its type; empty: it has none.
    pub kind: String,
    /// What it says.
    pub data: String,
}

/// What the server tells, as it comes.
pub struct News {
    address: Address,
    pieces: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    /// What has come and is not told yet: the beginning of a line.
    begun: Vec<u8>,
    /// How much of that is known to hold no end of a line.
    searched: usize,
    /// Whole lines of the event that is coming.
    coming: NewsItem,
    has_data: bool,
}

impl News {
    pub(crate) fn of(response: Response, address: Address) -> Self {
        let pieces = response.bytes_stream().map(|piece| piece.map(|bytes| bytes.to_vec()));
        Self {
            address,
            pieces: pieces.boxed(),
            begun: Vec::new(),
            searched: 0,
            coming: empty(),
            has_data: false,
        }
    }

    /// The next event. None: the server has ended it. Safe to drop and call again.
    pub async fn next(&mut self) -> Result<Option<NewsItem>, LineFault> {
        loop {
            if let Some(told) = self.whole() {
                return Ok(Some(told));
            }
            if self.begun.len() + self.coming.data.len() > EVENT_BYTES_MAX {
                return Err(LineFault::Lost(
                    format!("{} tells too much at once", self.address).into(),
                ));
            }
            match tokio::time::timeout(SILENCE, self.pieces.next()).await {
                Ok(Some(piece)) => self.begun.extend(piece.map_err(|error| lost(&self.address, &error))?),
                Ok(None) => return Ok(None),
                Err(_) => {
                    let silence = duration(SILENCE.as_secs());
                    return Err(LineFault::Lost(
                        format!("{} is silent for {silence}", self.address).into(),
                    ));
                }
            }
        }
    }

    /// Takes whole lines until an event is.
    fn whole(&mut self) -> Option<NewsItem> {
        while let Some(end) = self.begun[self.searched..].iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=self.searched + end).collect();
            self.searched = 0;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                let told = std::mem::replace(&mut self.coming, empty());
                // A comment alone tells nothing.
                if std::mem::take(&mut self.has_data) {
                    return Some(told);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.coming.kind),
                "data" => {
                    if self.has_data {
                        self.coming.data.push('\n');
                    }
                    self.coming.data.push_str(value);
                    self.has_data = true;
                }
                _ => {}
            }
        }
        self.searched = self.begun.len();
        None
    }
}

fn empty() -> NewsItem {
    NewsItem {
        kind: String::new(),
        data: String::new(),
    }
}
