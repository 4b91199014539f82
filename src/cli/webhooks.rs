//! `holdpoint webhooks`: who is told what, and what could not be told.

use domain::operator::Surface;
use domain::webhook::WebhookReport;
use engine::reads::webhook_reports;

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;
use super::words::clock_time;

/// What the help says besides.
pub(crate) const HELP: &str = "\
WAITING counts what is to be sent now, LOST what was given up: after a day, or
when the receiver itself has refused it six times. FAULT is why the newest
attempt failed.
Deliveries are sent by the process that leads: a console or holdpoint serve.
--json also names the newest ones that were given up.

docs/WEBHOOKS.md says what is sent and how a receiver checks it.";

/// Lists them.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let reports = match session.open_list()? {
        None => {
            session.note_no_jobs();
            webhook_reports(&session.config, Vec::new())
        }
        Some(engine) => with_engine(engine, async |engine| Ok(engine.webhooks(session.now()).await?)).await?,
    };
    if output.is_json {
        output.document(&reports)?;
    } else {
        let mut table = Table::new(&[
            "NAME",
            "ORIGIN",
            "DELIVERED",
            "WAITING",
            "LOST",
            "NEXT ATTEMPT",
            "FAULT",
        ]);
        for WebhookReport { standing, origin, .. } in &reports {
            table.row(vec![
                standing.name.clone(),
                origin.clone().unwrap_or_else(|| "not configured".to_owned()),
                standing.delivered.to_string(),
                standing.waiting.to_string(),
                standing.lost.to_string(),
                standing.next_attempt_at.map(clock_time).unwrap_or_default(),
                standing.fault.clone().unwrap_or_default(),
            ]);
        }
        table.print(
            output,
            "no webhooks: the section webhooks of the configuration names none",
        )?;
    }
    Ok(Exit::Done)
}
