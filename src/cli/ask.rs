//! How commands work with the engine, and find the job that they are about.

use std::sync::Arc;

use domain::ids::JobId;
use domain::job::JobRows;
use domain::old::ListedJob;
use domain::refusal::Refusal;
use engine::client::Client;

use super::report::CommandError;
use super::resolve::Opened;

/// Works with an engine, whose loop turns meanwhile, and closes it, however that ended. Ctrl-C ends
/// at once: what was committed stays, stages go on under their supervisors.
pub(crate) async fn with_engine<T>(
    opened: Opened,
    work: impl AsyncFnOnce(&Client) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let mut engine = match opened {
        Opened::Here(engine) => engine,
        Opened::There(client) => {
            return tokio::select! {
                biased;
                result = work(&client) => result,
                _ = tokio::signal::ctrl_c() => Err(CommandError::Interrupted),
            };
        }
    };
    let client = engine.client();
    let result = tokio::select! {
        biased;
        result = engine.beside(work(&client)) => result,
        _ = tokio::signal::ctrl_c() => return Err(CommandError::Interrupted),
    };
    engine.close();
    result
}

/// A job of ours or of the old system, which must exist.
pub(crate) async fn find(engine: &Client, id: &JobId) -> Result<ListedJob, CommandError> {
    Ok(engine.find(id).await?.ok_or_else(|| Refusal::no_such_job(id))?)
}

/// A job of ours, which must exist.
pub(crate) async fn job(engine: &Client, id: &JobId) -> Result<Arc<JobRows>, CommandError> {
    Ok(find(engine, id).await?.ours()?)
}
