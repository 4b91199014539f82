//! What the leader does: starts what waits, looks a last time, and tells what ended.

use domain::artifact::GateArtifact;
use domain::gate::OnDisk;
use domain::ids::{JobId, StageName};
use domain::job::{AttemptState, JobStatus};
use rules::{Happening, StageOutcome};

use super::disk::{Budget, artifact_file};
use super::process::{InFlight, happened};
use super::store::{Plant, Storage, attempts_in};
use super::world::{Supervisor, World, script_path};

impl<S: Storage> World<S> {
    /// The row says that it runs; after a last look its supervisor starts.
    pub fn launch(&mut self, process: usize, job_id: &JobId, stage: &StageName, attempt: u32, epoch: Option<u64>) {
        if std::mem::take(&mut self.replaces_at_launch)
            && let Some(job) = self.jobs.iter().position(|id| id == job_id)
        {
            let bytes = self.new_content("somebody's");
            self.put_script(job, Some(bytes));
        }
        let rows = self.store.rows(job_id).expect("the job that was just changed");
        let moved = self.looks(&rows, stage).into_iter().find(OnDisk::is_moved);
        let stage = stage.clone();
        let not_launched = match moved.filter(|_| self.plant != Plant::LaunchesBlind) {
            Some(moved) => Some(Happening::ArtifactMoved {
                stage: stage.clone(),
                attempt,
                moved,
            }),
            None if std::mem::take(&mut self.fails_launch) => Some(Happening::StageNotStarted {
                stage: stage.clone(),
                attempt,
                why: "too many processes".to_owned(),
            }),
            None => None,
        };
        if let Some(happening) = not_launched {
            let in_flight = InFlight {
                epoch,
                ..happened(happening, Vec::new())
            };
            self.commit(process, job_id, in_flight);
            return;
        }
        self.judge_launch(job_id, &stage, attempt);
        let is_any_alive = self
            .supervisors
            .iter()
            .any(|(key, supervisor)| key.0 == *job_id && *supervisor == Supervisor::Alive);
        if is_any_alive {
            self.violations.push(format!("{job_id}: two stages run at once"));
        }
        let key = (job_id.clone(), stage.clone(), attempt);
        if self.supervisors.insert(key, Supervisor::Alive).is_some() {
            self.violations.push(format!("{job_id}: {stage} #{attempt} runs twice"));
        }
    }

    /// What the leader does on its own: starts what waits, tells what ended.
    pub fn leader_turn(&mut self, process: usize, at_once: bool) {
        let Some(epoch) = self.processes[process]
            .epoch
            .filter(|_| self.processes[process].is_alive)
        else {
            return;
        };
        for job_id in self.jobs.clone() {
            let Some(rows) = self.store.rows(&job_id) else { continue };
            for (stage, attempt) in attempts_in(&rows, AttemptState::Running) {
                let outcome = match self.supervisors.get(&(job_id.clone(), stage.clone(), attempt)) {
                    Some(Supervisor::Alive) => continue,
                    Some(Supervisor::Ended) => StageOutcome::Made(self.made(&job_id, &stage)),
                    Some(Supervisor::Dead) | None => StageOutcome::Lost,
                };
                let ended = Happening::StageEnded {
                    stage,
                    attempt,
                    host: None,
                    outcome,
                };
                let in_flight = InFlight {
                    epoch: Some(epoch),
                    ..happened(ended, Vec::new())
                };
                self.send(process, &job_id, in_flight, at_once);
            }
            let queued = attempts_in(&rows, AttemptState::Queued).into_iter().next();
            if let Some((stage, attempt)) = queued.filter(|_| rows.job.status == JobStatus::Queued) {
                // What a stage reads is in its place; whether it is on the platter is another
                // matter.
                self.publish(process, Budget::SLOW);
                let on_disk = self.looks(&rows, &stage);
                let happening = match on_disk.iter().find(|looked| looked.is_moved()).cloned() {
                    Some(moved) => Happening::ArtifactMoved { stage, attempt, moved },
                    None => Happening::StageStarted {
                        stage,
                        attempt,
                        host: None,
                    },
                };
                let in_flight = InFlight {
                    epoch: Some(epoch),
                    ..happened(happening, on_disk)
                };
                self.send(process, &job_id, in_flight, at_once);
            }
        }
    }

    pub fn made(&mut self, job_id: &JobId, stage: &StageName) -> Vec<GateArtifact> {
        if stage.as_str() != "script" {
            return Vec::new();
        }
        let path = script_path();
        let bytes = self
            .disk
            .read(&artifact_file(job_id, path.as_str()))
            .map(<[u8]>::to_vec);
        bytes.map(|bytes| self.keep(&path, bytes)).into_iter().collect()
    }

    /// The commands of this job's running stages end well; the first one's makes the script anew.
    pub fn command_ends(&mut self, job: usize) {
        let id = self.jobs[job].clone();
        let alive: Vec<_> = self
            .supervisors
            .iter()
            .filter(|(key, supervisor)| key.0 == id && **supervisor == Supervisor::Alive)
            .map(|(key, _)| key.clone())
            .collect();
        for key in alive {
            if key.1.as_str() == "script" {
                let bytes = self.new_content("made");
                self.put_script(job, Some(bytes));
                let rows = self.store.rows(&id);
                let attempts = rows
                    .map(|rows| attempts_in(&rows, AttemptState::Running))
                    .unwrap_or_default();
                // What the command of a canceled job still wrote is never registered: it stays
                // somebody's bytes.
                if attempts.contains(&(key.1.clone(), key.2)) {
                    self.touched.remove(&id);
                }
            }
            self.supervisors.insert(key, Supervisor::Ended);
        }
    }
}
