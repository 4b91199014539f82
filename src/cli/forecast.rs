//! `holdpoint forecast`: what the timers will do while nobody does anything.

use std::path::PathBuf;

use clap::Args;

use config::ConfigText;
use domain::forecast::Forecast;
use domain::operator::Surface;
use domain::time::{FORECAST_S, parse_until};
use text::words::{duration, seconds_begun};
use wire::{ForecastDoc, ForeseenEndDoc};

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{CommandContext, load};
use super::table::Table;
use super::words::clock_time;

/// What the help says besides.
pub(crate) const HELP: &str = "\
The rules themselves run on, as if nobody pressed a key and a holdpoint leads:
holds and open editors end as they end by the rules. A stage that has to run is
named, and what comes behind it is not foreseen. Requesters are taken to go on
with the signs of life that they promised.

  holdpoint forecast --until 08:00
  holdpoint forecast --until 12h --policy conf/night.yaml";

/// How far, and under which policies.
#[derive(Debug, Args)]
pub(crate) struct ForecastArguments {
    /// Until when: 08:00 (UTC), 12h, or RFC 3339, at most 7 days ahead [default: 12h]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// As if all gates had been opened under the policies of this configuration file
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Prints it.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: &ForecastArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let now = session.now();
    let until = match &arguments.until {
        Some(text) => parse_until(text, now).map_err(|why| CommandError::new("invalid", why).at("--until"))?,
        None => now.plus_s(FORECAST_S),
    };
    let policies = match &arguments.policy {
        Some(file) => Some(load(ConfigText::read(Some(file), &[])?)?.0.gates),
        None => None,
    };
    let forecast = match session.open_list()? {
        None => {
            session.note_no_jobs();
            Forecast::default()
        }
        Some(engine) => {
            with_engine(engine, async |engine| {
                Ok(engine.forecast(until, None, policies).await?)
            })
            .await?
        }
    };
    let ends = forecast.ends();
    let document = ForecastDoc::of(&forecast, &ends, (now, until));
    if output.is_json {
        output.document(&document)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "AT", "IN", "JOB", "SLUG", "STAGE", "ATTEMPT", "TIMER", "SEEN BY", "POLICY", "THEN",
    ]);
    for end in &document.ends {
        table.row(vec![
            clock_time(end.at),
            duration(seconds_begun(end.at.us_since(now))),
            end.job_id.to_string(),
            end.slug.to_owned(),
            end.stage.to_string(),
            format!("#{}", end.attempt),
            end.verdict.to_string(),
            seen_by(end.seen_by),
            end.policy.clone(),
            then(end),
        ]);
    }
    table.print(
        output,
        session.none(&format!("No timer ends before {}", clock_time(until))),
    )?;
    for gate in &document.unasked {
        note(&format!(
            "{} / {} #{}: no gate would be asked for",
            gate.job_id, gate.stage, gate.attempt
        ));
    }
    Ok(Exit::Done)
}

fn seen_by(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        names => names.join(", "),
    }
}

fn then(end: &ForeseenEndDoc<'_>) -> String {
    match end.refused {
        Some(refusal) => format!("not as things are: {refusal}"),
        None => end.sentences.join(" "),
    }
}
