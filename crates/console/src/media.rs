//! Sounds and pictures: what can be told of them, before and after. Slow, hence for a worker.
//! Must not know: screens.

pub(crate) mod picture;
pub(crate) mod sound;

use ::sound::AudioFacts;
use picture::PictureFacts;
use serde::Serialize;

/// Something told of two versions; an error says why it cannot be told.
#[derive(Debug, Clone)]
pub struct MediaPair<T> {
    /// Of the base; none without one.
    pub(crate) before: Option<Result<T, String>>,
    /// Of the version under review.
    pub(crate) now: Result<T, String>,
}

impl<T> MediaPair<T> {
    /// What was told of the base, as far as it could be.
    pub(crate) fn known_before(&self) -> Option<&T> {
        self.before.as_ref()?.as_ref().ok()
    }
}

/// One thing told: what it was, what it is, how they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MediaFact {
    pub name: &'static str,
    /// Of the base; empty without one.
    pub before: String,
    /// Of the version under review.
    pub now: String,
    /// The difference, in words; empty without a base.
    pub change: String,
    /// Whether somebody should look twice.
    pub(crate) is_alarming: bool,
}

/// A sound or a picture.
#[derive(Debug, Clone)]
pub enum Media {
    Sound(MediaPair<AudioFacts>),
    /// A picture; and the share of pixels that differ, from 0 to 1, where both have the same size.
    Picture(MediaPair<PictureFacts>, Option<f64>),
}

impl Media {
    /// What is told of it, as a table.
    pub fn facts(&self) -> Vec<MediaFact> {
        match self {
            Self::Sound(pair) => sound::facts(pair),
            Self::Picture(pair, differing) => vec![picture::fact(pair, *differing)],
        }
    }

    /// Why the version under review cannot be told, if it cannot.
    pub(crate) fn problem(&self) -> Option<&str> {
        match self {
            Self::Sound(pair) => pair.now.as_ref().err(),
            Self::Picture(pair, _) => pair.now.as_ref().err(),
        }
        .map(String::as_str)
    }
}

/// The endings of the names of sounds that are not measured, but should be told why.
const SOUND_ENDINGS: [&str; 8] = ["mp3", "wav", "flac", "ogg", "opus", "m4a", "aac", "aiff"];

/// What can be told of these bytes; none if they are neither a sound nor a picture that is known
/// here.
pub fn look_at(path: &str, old: Option<&[u8]>, new: &[u8]) -> Option<Media> {
    if picture::is_known(new) {
        let now = picture::facts(new);
        let before = old.map(picture::facts);
        let differing = match (&before, &now) {
            (Some(Ok(before)), Ok(now)) => before.differing(now),
            (Some(Err(_)) | None, _) | (_, Err(_)) => None,
        };
        let told = |facts: Result<picture::Decoded, String>| facts.map(|decoded| decoded.facts);
        let pair = MediaPair {
            before: before.map(told),
            now: told(now),
        };
        return Some(Media::Picture(pair, differing));
    }
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let told = |bytes: &[u8]| ::sound::facts(bytes).map_err(|fault| fault.to_string());
    let now = told(new);
    if now.is_err() && !SOUND_ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    Some(Media::Sound(MediaPair {
        before: old.map(told),
        now,
    }))
}
