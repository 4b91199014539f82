//! The `pipeline:` section: the stages, how many jobs run side by side, the grace of overdue gates
//! (SPEC §3, §5).

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ids::StageName;
use domain::stage::{STAGES_DEFAULT, StageSpec};

use super::keys::{Rules, Section as _, keys};
use super::kinds::{Count, Items, Seconds};
use super::reader::Field;
use super::stages::{self, STAGES_MAX};
use text::near_miss::near_miss;

/// The most jobs that may be allowed to run side by side.
const CONCURRENT_JOBS_MAX: u32 = 256;

const OVERDUE_GRACE_S: u64 = 60;

keys! {
    /// How jobs run.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Pipeline [] {
        /// The stages in order; [] runs none: gates come from outside. Left out, nine without commands.
        pub stages: Arc<Vec<StageSpec>> = nine_stages() => Items(STAGES_MAX, stages::read), unshown, moved = 3;
        /// How many jobs run a stage at the same time; one that waits at a gate does not count.
        pub(crate) max_concurrent_jobs: u32 = 4 => Count(1, CONCURRENT_JOBS_MAX);
        /// How long a gate whose deadline passed while nothing ran still waits, so that a person can look.
        pub overdue_grace_s: u64 = OVERDUE_GRACE_S =>
            Seconds(0, format!("write seconds, or 10m; {OVERDUE_GRACE_S} is the default"));
    }
}

/// The nine default stages, each a bare gate.
fn nine_stages() -> Arc<Vec<StageSpec>> {
    // Not one of the nine can fail the check; a test holds that.
    let names = STAGES_DEFAULT.iter().filter_map(|name| StageName::new(name).ok());
    Arc::new(names.map(stages::bare).collect())
}

impl Rules for Pipeline {
    fn check(&mut self, section: &Field<'_>) {
        // A refused stage must not be reported as missing too.
        if !section.is_sound() {
            self.stages = Arc::default();
        }
    }
}

impl Pipeline {
    /// So many stages may run at once.
    pub fn slots(&self) -> usize {
        usize::try_from(self.max_concurrent_jobs).unwrap_or(usize::MAX)
    }

    /// Warns of gates for stages that the pipeline lacks: they never open.
    pub(super) fn doubt_gates(&self, gates: &Field<'_>) {
        let names: BTreeSet<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
        for gate in gates.keys() {
            let is_known = names.contains(gate.name) || Self::names().contains(&gate.name);
            if is_known || StageName::new(gate.name).is_err() {
                continue;
            }
            let hint = match near_miss(gate.name, names.iter().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!(
                    "the stages are {}",
                    names.iter().copied().collect::<Vec<_>>().join(", ")
                ),
            };
            let message = "the pipeline has no stage of this name, so this gate never opens by itself";
            gate.key_warning(message, &hint);
        }
    }
}
