//! Waiting for what a decision leaves on disk: whoever waited for the decision goes on with those files.

use std::time::Duration;

use super::Engine;
use super::api::{Answer, Query};
use super::door::Door;
use domain::decision::SealedDecision;

/// How long they are waited for; afterwards the decision is told without them.
const FILES_WAIT_MS: [u64; 10] = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560];

/// Who has a query answered.
pub trait Answers {
    /// See [`Engine::read`].
    fn answer(&mut self, query: Query) -> impl Future<Output = Answer>;
}

impl Answers for &mut Engine {
    fn answer(&mut self, query: Query) -> impl Future<Output = Answer> {
        self.read(query)
    }
}

impl Answers for &Door {
    fn answer(&mut self, query: Query) -> impl Future<Output = Answer> {
        self.read(query)
    }
}

/// Whether they are in place, as soon as they are.
///
/// They follow the commit by milliseconds, written by whoever decided, and nobody tells when; so this asks a few times.
pub async fn until_in_place(sealed: &SealedDecision, mut from: impl Answers) -> bool {
    for pause_ms in FILES_WAIT_MS {
        if matches!(
            from.answer(Query::InPlace(Box::new(sealed.clone()))).await,
            Answer::InPlace(true)
        ) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
    false
}
