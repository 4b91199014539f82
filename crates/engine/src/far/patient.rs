//! A line on which the same is asked again until it is answered.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use domain::refusal::Refusal;
use remote::{Line, LineFault, Lost};
use runs::RunsError;

use super::troubles::{Part, Troubles};
use super::unsent::Keeper;
use super::versions::Peer;
use super::{Answers, ServerClock, news};
use ::clock::Clock as _;

/// Nothing has to be asked for so long before what may come later is.
const REST: Duration = Duration::from_millis(100);
/// How long the first try again waits, and how long each later one at most.
pub(super) const AGAIN: Duration = Duration::from_millis(500);
pub(super) const AGAIN_MAX: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone)]
pub(super) struct Patient {
    pub(super) line: Line,
    /// How long after it was lost; none: until the line is back.
    pub(super) patience: Option<Duration>,
    /// Somebody has noticed that it is.
    pub(super) is_back: Arc<Notify>,
    /// What does not work while it is lost.
    pub(super) part: Part,
    pub(super) troubles: Arc<Troubles>,
    pub(super) clock: Arc<ServerClock>,
    pub(super) peer: Peer,
    pub(super) under_way: watch::Sender<UnderWay>,
}

/// Requests that are waited for.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    count: usize,
    /// When the last one ended; none: there was none.
    ended: Option<Instant>,
}

/// What a request was answered with.
pub(super) struct Told {
    /// One for each thing that was asked, as it came.
    pub(super) answers: Vec<Box<RawValue>>,
    /// Whether the same may have been taken before, and its answer was lost.
    pub(super) is_again: bool,
}

impl Patient {
    /// Waits until nothing is under way that is waited for, and has not been for a moment: what was
    /// answered may be asked about at once.
    pub(super) async fn rests(&self) {
        let mut under_way = self.under_way.subscribe();
        loop {
            // The sender is ours: it is there.
            let none = under_way.wait_for(|under_way| under_way.count == 0).await;
            let Some(ended) = none.ok().and_then(|none| none.ended) else {
                return;
            };
            if timeout_at(ended + REST, under_way.changed()).await.is_err() {
                return;
            }
        }
    }

    /// The same as [`Self::told`] for what is waited for.
    pub(super) async fn told_first(&self, path: &str, document: &impl Serialize) -> Result<Told, LineFault> {
        self.under_way.send_modify(|under_way| under_way.count += 1);
        let told = self.told(path, document).await;
        self.under_way.send_modify(|under_way| {
            under_way.count -= 1;
            under_way.ended = Some(Instant::now());
        });
        told
    }

    /// The answers to several, each as it came. A refusal of all of it is none where it may have been
    /// taken before: it says nothing of what was done then.
    pub(super) async fn told(&self, path: &str, document: &impl Serialize) -> Result<Told, LineFault> {
        let unreadable = |error| LineFault::Unclear(self.peer.unreadable("the answer", &error));
        let body = serde_json::to_vec(document).map_err(unreadable)?;
        let (mut lost_at, mut pause, mut is_again) = (None, AGAIN, false);
        loop {
            let is_back = self.is_back.notified();
            let told = self.line.post(path, body.clone()).await;
            let lost = match told {
                Err(LineFault::Lost(lost)) => lost,
                told => {
                    self.troubles.set(self.part, None);
                    let told = told.map_err(|fault| match fault {
                        LineFault::Refused(refusal) if is_again => LineFault::Unclear(self.peer.with_hint(refusal)),
                        LineFault::Refused(refusal) => LineFault::Refused(self.peer.with_hint(refusal)),
                        fault @ (LineFault::Lost(_) | LineFault::Unclear(_)) => fault,
                    });
                    let answers = serde_json::from_slice(&told?).map_err(unreadable)?;
                    return Ok(Told { answers, is_again });
                }
            };
            is_again |= lost.may_be_taken;
            let (since, shown) = *lost_at.get_or_insert_with(|| (Instant::now(), self.clock.now().utc));
            if self.patience.is_some_and(|patience| since.elapsed() >= patience) {
                return Err(LineFault::Lost(lost));
            }
            let Lost { why, wait, .. } = lost;
            self.troubles.set(self.part, Some(news::lost(shown, &why)));
            tokio::select! {
                () = tokio::time::sleep(wait.unwrap_or(Duration::ZERO).max(pause)) => {}
                // Who wants to be left alone is.
                () = is_back, if wait.is_none() => {}
            }
            pause = (pause * 2).min(AGAIN_MAX);
        }
    }

    /// Hands answers to whoever waits; of one that cannot be read they are told so.
    pub(super) fn answer<T: DeserializeOwned, A, Q>(
        &self,
        answers: Answers<A>,
        told: Vec<Box<RawValue>>,
        of: &[Q],
        result: impl Fn(&Q, T) -> Result<A, Refusal>,
        unread: impl Fn(Refusal) -> Refusal,
    ) {
        // One that is missing is answered by the end of its channel.
        for ((answer, told), of) in answers.into_iter().zip(told).zip(of) {
            let read = serde_json::from_str(told.get());
            let told = read.map_err(|error| unread(self.peer.unreadable("the answer", &error)));
            let told = told.and_then(|told| result(of, told).map_err(|refusal| self.peer.with_hint(refusal)));
            let _ = answer.send(told);
        }
    }

    /// Does this to what lies on the disk, off the loop.
    pub(super) async fn keep(
        &self,
        keeper: Option<Arc<Keeper>>,
        work: impl FnOnce(&Keeper) -> Result<(), RunsError> + Send + 'static,
    ) {
        let Some(keeper) = keeper else {
            return;
        };
        let kept = tokio::task::spawn_blocking(move || work(&keeper)).await;
        // It is sent all the same: only a console that ends before the answer would not know of it.
        let why = kept.unwrap_or(Ok(())).err();
        self.troubles.set(Part::Unsent, why.map(Refusal::from));
    }
}
