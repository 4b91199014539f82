//! Whether a stream may go on: before each thing that it tells, so that one with much to tell ends as
//! soon as one that rests.

use std::sync::Arc;

use tokio::sync::watch;

use domain::time::Timestamp;

use super::app::App;
use super::auth::Caller;

/// See the module.
pub(crate) struct Welcome {
    app: Arc<App>,
    caller: Caller,
    /// True once the server is leaving; awaited by whoever rests.
    pub(crate) leaving: watch::Receiver<bool>,
}

impl Welcome {
    pub(crate) fn new(app: &Arc<App>, caller: Caller) -> Self {
        Self {
            app: Arc::clone(app),
            caller,
            leaving: app.leaving.clone(),
        }
    }

    /// Why the stream ends now: the server leaves, which is told in these words, or the token does
    /// not open any more what it did.
    pub(crate) fn over(&self, leaving: &str) -> Option<String> {
        if *self.leaving.borrow() {
            return Some(leaving.to_owned());
        }
        let still = self.app.keys.still(&self.app.config(), &self.caller, self.app.now());
        still.err()
    }

    /// When the token ends, as the configuration in force has it.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        let found = self.app.keys.found(&self.app.config(), &self.caller, self.app.now());
        found.map_or(self.caller.expires, |found| found.expires)
    }
}
