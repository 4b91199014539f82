//! HTTP beside a loop of the engine: started for `serve` and for a console that is to serve, and
//! left in an orderly way.

use std::time::Duration;

use engine::Engine;
use http::{ServerSettings, Serving, StartError, start};

use super::resolve::CommandContext;

/// How long requests under way are waited for, in all.
const LEAVE_TIME: Duration = Duration::from_secs(12);

/// Listens, as the session's configuration says.
pub(crate) fn listen(engine: &Engine, session: &CommandContext) -> Result<Serving, StartError> {
    start(ServerSettings {
        engine: engine.client(),
        clock: std::sync::Arc::clone(&session.clock),
        runs_dir: session.absolute_runs_dir().to_owned(),
        config_path: session.config_path.clone(),
        admin_token: std::env::var("ADMIN_TOKEN").ok().filter(|token| !token.is_empty()),
        build: crate::version::labels(),
    })
}

/// Lets requests under way end, decisions among them, while the engine's loop goes on.
pub(crate) async fn leave(engine: &mut Engine, serving: Serving) {
    let left = engine.beside(tokio::time::timeout(LEAVE_TIME, serving.leave())).await;
    if left.is_err() {
        tracing::warn!("HTTP did not end in time");
    }
}
