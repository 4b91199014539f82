//! The `pipeline:` section: the stages, how many jobs run side by side, the grace of overdue gates
//! (SPEC §3, §5).

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ids::StageName;
use domain::stage::{STAGES_DEFAULT, StageSpec};

use super::keys;
use super::near_miss::near_miss;
use super::node::{Node, Value};
use super::reader::{Path, ProblemCollector, Show};
use super::stages;

/// The most jobs that may be allowed to run side by side.
pub(crate) const CONCURRENT_JOBS_MAX: u32 = 256;

/// How jobs run.
#[derive(Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The stages in order; never empty, names unique.
    pub stages: Arc<Vec<StageSpec>>,
    /// How many jobs run a stage at the same time; at least 1. A job that waits at a gate does not
    /// count (SPEC §5).
    pub(crate) max_concurrent_jobs: u32,
    /// Seconds that an overdue gate still waits, so that a person can look (SPEC §3).
    pub overdue_grace_s: u64,
}

impl Pipeline {
    /// So many stages may run at once.
    pub fn slots(&self) -> usize {
        usize::try_from(self.max_concurrent_jobs).unwrap_or(usize::MAX)
    }
}

impl Default for Pipeline {
    /// The nine default stages, each a bare gate.
    fn default() -> Self {
        // Not one of the nine can fail the check; a test holds that.
        let names = STAGES_DEFAULT.iter().filter_map(|name| StageName::new(name).ok());
        Self {
            stages: Arc::new(names.map(stages::bare).collect()),
            max_concurrent_jobs: 4,
            overdue_grace_s: 60,
        }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut ProblemCollector, node: &Node) -> Pipeline {
    let path = Path::top().key("pipeline");
    let mut pipeline = Pipeline::default();
    for entry in reader.map(node, &path, Show::KindOnly).unwrap_or_default() {
        let (node, key_path) = (&entry.node, path.key(&entry.key));
        match entry.key.as_str() {
            "stages" => {
                if let Some(stages) = stages::read(reader, node, &key_path) {
                    pipeline.stages = Arc::new(stages);
                }
            }
            "max_concurrent_jobs" => {
                let count = reader.count(node, &key_path, 1..=CONCURRENT_JOBS_MAX);
                pipeline.max_concurrent_jobs = count.unwrap_or(pipeline.max_concurrent_jobs);
            }
            "overdue_grace_s" => {
                let seconds = reader.seconds(
                    node,
                    &key_path,
                    0,
                    &format!(
                        "write the seconds as a plain number; {} is the default",
                        Pipeline::default().overdue_grace_s
                    ),
                );
                pipeline.overdue_grace_s = seconds.unwrap_or(pipeline.overdue_grace_s);
            }
            _ => super::sections::unused(reader, entry, &path, &keys::under("pipeline")),
        }
    }
    pipeline
}

/// Warns of gates for stages that the pipeline lacks: they never open.
pub(super) fn warn_of_gates_without_stage(reader: &mut ProblemCollector, gates: &Node, pipeline: &Pipeline) {
    let names: BTreeSet<&str> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    let path = Path::top().key("gates");
    let entries = match &gates.value {
        Value::Map(entries) => entries.as_slice(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => &[],
    };
    for entry in entries.iter().filter(|entry| !names.contains(entry.key.as_str())) {
        if StageName::new(&entry.key).is_err() || keys::under("pipeline").contains(&entry.key.as_str()) {
            continue;
        }
        let hint = match near_miss(&entry.key, names.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!(
                "the stages are {}",
                names.iter().copied().collect::<Vec<_>>().join(", ")
            ),
        };
        reader.warning(
            entry.key_at,
            &path.key(&entry.key),
            "the pipeline has no stage of this name, so this gate never opens by itself",
            hint,
        );
    }
}
