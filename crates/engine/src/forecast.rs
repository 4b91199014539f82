//! What the timers will do while nobody does anything: the rules run on, with the very evidence that
//! the writer would find now.
//!
//! A job at a time on the reader thread, so that other questions come between; nothing is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::forecast::{Forecast, JobForecast};
use domain::ids::{JobId, StageName};
use domain::operator::Via;
use domain::outlook::Slots;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::time::{Timestamp, within_forecast};
use domain::view::QueueKind;

use super::client::{Client, Unread};
use super::evidence::Files as _;
use super::find;
use super::prepare::Preparer;
use super::questions;

/// A policy for each stage.
pub type Policies = Arc<BTreeMap<StageName, GatePolicy>>;

impl Client {
    /// What the timers will have done by a time; jobs where they do nothing are left out. `of`: of
    /// these jobs alone. With `policies`: as if all gates had been opened under these.
    pub async fn forecast(
        &self,
        until: Timestamp,
        of: Option<BTreeSet<JobId>>,
        policies: Option<Policies>,
    ) -> Result<Forecast, Unread> {
        self.ask(questions::Foreseen { until, of, policies }).await
    }

    pub(super) async fn run_on(
        &self,
        until: Timestamp,
        of: Option<BTreeSet<JobId>>,
        policies: Option<Policies>,
    ) -> Result<Forecast, Unread> {
        let config = Arc::clone(&self.standing().config);
        let limit = config.pipeline.slots();
        let slots = self.read(move |on| {
            within_forecast(until, on.clock.now().utc).map_err(|why| Unread::Refused(Refusal::invalid(why)))?;
            let ahead = on.reader.attempts_before(None)?;
            Ok(Slots { ahead, limit })
        });
        let slots = slots.await?;
        let wanted = match (of, &policies) {
            (Some(of), _) => of,
            (None, None) => {
                let timed = self.read(|on| Ok(on.reader.timers()?)).await?.into_iter();
                timed.map(|gate| gate.key.job_id).collect()
            }
            (None, Some(_)) => {
                let gates = self.queue().await?.into_iter();
                let gates = gates.filter(|row| row.kind == QueueKind::Gate);
                gates.map(|row| row.job_id).collect()
            }
        };
        let mut jobs = Vec::new();
        for job_id in wanted {
            let (config, policies) = (Arc::clone(&config), policies.clone());
            let via = self.operator().via.clone();
            let job = self.read(move |on| {
                // By the configuration in force, as every dry run.
                on.config = config;
                let forecast = on.forecast(&job_id, until, policies.as_ref(), &via);
                on.keeping.forget();
                forecast.map_err(Unread::Refused)
            });
            let job = job.await?;
            jobs.extend(job.filter(|job| !job.ends.is_empty() || !job.unasked.is_empty()));
        }
        Ok(Forecast { jobs, slots })
    }
}

impl Preparer {
    fn forecast(
        &self,
        job_id: &JobId,
        until: Timestamp,
        policies: Option<&Policies>,
        via: &Via,
    ) -> Result<Option<JobForecast>, Refusal> {
        self.look_about()?;
        let Some(rows) = self.rows(job_id)? else {
            return Ok(None);
        };
        let mut cx = self.context(via);
        let (rows, unasked) = match policies {
            Some(policies) => {
                cx.policies = policies;
                rules::under_policies(rows, policies, (cx.now, cx.grace_s))
            }
            None => (rows, Vec::new()),
        };
        let ends = rules::forecast(&rows, until, cx, &mut |rows, gate| find::expiry(self, rows, Some(gate)));
        Ok(Some(JobForecast {
            job_id: job_id.clone(),
            slug: rows.job.slug,
            ends,
            unasked,
        }))
    }
}
