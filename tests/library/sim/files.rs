//! The files of the world: what somebody puts there, and what is found when it is looked at. It is
//! found by the engine's own functions.

use std::rc::Rc;

use domain::artifact::GateArtifact;
use domain::event::{Event, predecessors};
use domain::gate::{Gate, OnDisk};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::operator::Via;
use domain::refusal::Refusal;
use engine::evidence::Files;
use engine::find;
use rules::Context;
use testing::world::artifact;

use super::disk::{self, Budget, Publisher, Stop, artifact_file};
use super::store::{Plant, Storage};
use super::world::{World, script_path};

impl<S: Storage> World<S> {
    /// This process writes what is owed.
    pub fn publish(&mut self, process: usize, mut budget: Budget) {
        for job_id in self.store.job_ids() {
            let versions = Rc::clone(&self.versions.borrow());
            let by = Publisher {
                process,
                plant: self.plant,
                versions: &versions,
            };
            let paid = disk::publish(&mut self.store, &mut self.disk, &by, &job_id, &mut budget);
            match paid {
                Ok(()) => {}
                Err(Stop::Died) => return self.die(process),
                Err(Stop::Error | Stop::Slow) => return,
            }
        }
        // A process that was to die in the files and found too few steps dies after them.
        if budget.stop == Some(Stop::Died) {
            self.die(process);
        }
    }

    /// What lies there of everything that a stage may read.
    pub fn looks(&self, rows: &JobRows, stage: &StageName) -> Vec<OnDisk> {
        let mut looks = find::look_before(self, rows, stage).expect("the world's disk does not fail");
        for looked in looks.iter_mut().filter(|_| self.plant == Plant::ResumeLetsThrough) {
            // Whoever lets bytes through takes what is registered for what was decided on.
            if looked.found.map(|(digest, _)| digest) == rows.registered(&looked.path) {
                looked.found = Some((looked.registered, 1));
            }
        }
        looks
    }

    pub fn on_disk(&self, rows: &JobRows, gate: &Gate) -> Vec<OnDisk> {
        find::on_disk(self, rows, gate).expect("the world's disk does not fail")
    }

    pub fn new_content(&mut self, word: &str) -> Vec<u8> {
        self.contents += 1;
        format!("{word} {}\n", self.contents).into_bytes()
    }

    pub fn keep(&mut self, path: &ArtifactPath, bytes: Vec<u8>) -> GateArtifact {
        let (digest, size_bytes) = (Digest::of(&bytes), bytes.len() as u64);
        Rc::make_mut(self.versions.get_mut()).insert(digest, bytes);
        artifact("script", path, digest, size_bytes)
    }

    pub fn put_script(&mut self, job: usize, bytes: Option<Vec<u8>>) {
        let id = self.jobs[job].clone();
        if let Some(bytes) = &bytes {
            self.keep(&script_path(), bytes.clone());
        }
        self.disk.put(&artifact_file(&id, script_path().as_str()), bytes);
        self.touched.insert(id);
    }

    /// Somebody puts back what is registered.
    pub fn restore(&mut self, job: usize) {
        let id = self.jobs[job].clone();
        let registered = self.store.rows(&id).and_then(|rows| rows.registered(&script_path()));
        if let Some(bytes) = registered.and_then(|digest| self.versions.borrow().get(&digest).cloned()) {
            self.disk.put(&artifact_file(&id, script_path().as_str()), Some(bytes));
            self.touched.remove(&id);
        }
    }

    /// What lies there; a version that an owed patch replaced counts as the patched one.
    pub fn lies_there(&self, rows: &JobRows, path: &ArtifactPath) -> Option<Digest> {
        let found = self
            .disk
            .read(&artifact_file(&rows.job.id, path.as_str()))
            .map(Digest::of);
        let registered = rows.registered(path);
        if found == registered {
            return found;
        }
        let owed = self.store.owed_of(&rows.job.id);
        let is_owed = owed.is_some_and(|owed| predecessors(&owed.events, path).any(|former| former == found));
        if is_owed { registered } else { found }
    }
}

impl<S: Storage> Files for World<S> {
    /// Nobody writes drafts in this world.
    fn has_draft(&self, _: &str, _: &GateKey) -> bool {
        false
    }

    fn rows(&self, job_id: &JobId) -> Result<Option<JobRows>, Refusal> {
        Ok(self.store.rows(job_id).map(|rows| (*rows).clone()))
    }

    fn context<'a>(&'a self, via: &'a Via) -> Context<'a> {
        self.cx(&self.policies, via)
    }

    fn hash(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        let bytes = self.disk.read(&artifact_file(job_id, path.as_str()));
        Ok(bytes.map(|bytes| (Digest::of(bytes), bytes.len() as u64)))
    }

    fn hash_known(&self, job_id: &JobId, path: &ArtifactPath) -> Option<(Digest, u64)> {
        self.hash(job_id, path).ok().flatten()
    }

    /// No patch of the world names another file.
    fn list(&self, _: &JobId) -> Result<Vec<String>, Refusal> {
        Ok(Vec::new())
    }

    fn keep_file(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        let bytes = self.disk.read(&artifact_file(job_id, path.as_str()));
        bytes.map(|bytes| self.keep_bytes(job_id, bytes)).transpose()
    }

    fn keep_bytes(&self, _: &JobId, bytes: &[u8]) -> Result<(Digest, u64), Refusal> {
        let digest = Digest::of(bytes);
        Rc::make_mut(&mut self.versions.borrow_mut()).insert(digest, bytes.to_vec());
        Ok((digest, bytes.len() as u64))
    }

    fn read(&self, _: &JobId, digest: &Digest) -> Result<Vec<u8>, Refusal> {
        Ok(self.versions.borrow()[digest].clone())
    }

    fn sayings(&self, key: &GateKey) -> Result<Vec<Event>, Refusal> {
        let mut events = self.store.events(&key.job_id);
        events.retain(|event| event.stage.as_ref() == Some(&key.stage) && event.payload["attempt"] == key.attempt);
        Ok(events)
    }

    fn owed(&self, job_id: &JobId) -> Result<Vec<Event>, Refusal> {
        let owed = self.store.owed_of(job_id);
        Ok(owed.map(|owed| owed.events).unwrap_or_default())
    }
}
