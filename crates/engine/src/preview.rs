//! What a command would do: the rules' dry run, on the rows as they are and with the very evidence
//! that the writer would find.
//!
//! Runs on the reader thread, whose preparer keeps nothing: not a row, a file, an event or a lease
//! comes of it.

use std::collections::BTreeMap;

use domain::ids::JobId;
use domain::job::JobRows;
use domain::operator::Operator;
use domain::outlook::Outlook;
use domain::refusal::{Refusal, RefusalCode};

use super::prepare::Preparer;
use domain::ask::Command;
use rules::foresee;

impl Preparer {
    /// What a command would do, or why it would be refused, exactly as the writer would answer now.
    pub(super) fn preview(&mut self, operator: &Operator, command: &Command) -> Result<Outlook, Refusal> {
        let foreseen = self.foresee(operator, command, &mut BTreeMap::new());
        self.keeping.forget();
        foreseen
    }

    /// The same of each, one after the other.
    pub(super) fn previews(&mut self, operator: &Operator, commands: &[Command]) -> Vec<Result<Outlook, Refusal>> {
        let mut then = BTreeMap::new();
        let foresee = |command| self.foresee(operator, command, &mut then);
        let foreseen = commands.iter().map(foresee).collect();
        self.keeping.forget();
        foreseen
    }

    fn foresee(
        &mut self,
        operator: &Operator,
        command: &Command,
        then: &mut BTreeMap<JobId, JobRows>,
    ) -> Result<Outlook, Refusal> {
        let outlook = has_preview(command).and_then(|()| self.outlook(operator, command, then));
        outlook.map_err(|refusal| self.as_answered(command.job_id(), refusal))
    }

    /// `then`: the rows of jobs as the commands before would have made them.
    fn outlook(
        &mut self,
        operator: &Operator,
        command: &Command,
        then: &mut BTreeMap<JobId, JobRows>,
    ) -> Result<Outlook, Refusal> {
        let ask = self.asked(operator.clone(), command.clone());
        let (job_id, evidence) = self.evidence(&ask)?;
        let rows = match then.remove(&job_id) {
            None => self.rows(&job_id)?,
            changed => changed,
        };
        let cx = self.context(&operator.via);
        let foreseen = foresee(&job_id, rows.as_ref(), &ask, &evidence, cx, &mut |ask, rows| {
            self.resume(ask, rows)
        });
        match foreseen {
            Ok((outlook, after)) => {
                let slots = self.slots(&after);
                then.insert(job_id, after);
                Ok(outlook.among(slots))
            }
            Err(refusal) => {
                then.extend(rows.map(|rows| (job_id, rows)));
                Err(refusal)
            }
        }
    }
}

/// Commands that begin something put files into place while they are prepared: there is no dry run
/// of those.
fn has_preview(command: &Command) -> Result<(), Refusal> {
    if !matches!(command, Command::StartJob(_) | Command::OpenGate { .. }) {
        return Ok(());
    }
    let words = "there is no dry run of starting a job or opening a gate";
    Err(Refusal::new(RefusalCode::Invalid, words))
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the test puts bytes there as somebody else does"
)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use serde_json::json;

    use super::super::history::OldRecords;
    use super::super::in_place::InPlace;
    use super::super::keeping::Keeping;
    use super::super::{Engine, EngineSettings, Role};
    use super::*;
    use clock::{Clock as _, ManualClock, SystemClock};
    use config::Config;
    use domain::ask::{NewJob, OutsideArtifact, OutsideFile};
    use domain::gate::{OnDisk, Verdict};
    use domain::ids::{ArtifactPath, StageName};
    use domain::key::GateRef;
    use domain::operator::{Surface, Via};
    use domain::policy::GatePolicy;
    use domain::stage::{ArtifactSpec, StageSpec};
    use runs::RunsDir;
    use runs::digests::Digests;
    use store::{Reader, unconfirm};

    fn settings(folder: &std::path::Path) -> EngineSettings {
        let via = Via {
            surface: Surface::Cli,
            login: "ana".into(),
            uid: 0,
            host: "test".into(),
            ssh_client: None,
            pid: 1,
        };
        EngineSettings {
            runs_dir: folder.to_owned(),
            config: Config::default(),
            config_path: None,
            operator: Operator {
                name: "ana".into(),
                via,
            },
            role: Role::Visitor,
            clock: Arc::new(SystemClock),
            program: "none".into(),
            group: None,
            old_databases: Vec::new(),
        }
    }

    fn writers(settings: &EngineSettings) -> Preparer {
        let runs = RunsDir::open(&settings.runs_dir, None).unwrap();
        Preparer {
            reader: Reader::open(runs.path()).unwrap(),
            session: "s".to_owned(),
            clock: Arc::clone(&settings.clock),
            config: Arc::new(settings.config.clone()),
            history: OldRecords::new(runs.clone(), Vec::new()),
            keeping: Keeping::Versions,
            in_place: InPlace::default(),
            digests: Digests::default(),
            runs,
        }
    }

    /// The file of a patch has its name, the disk has not confirmed it, and somebody puts the
    /// former bytes back.
    #[tokio::test]
    async fn a_dry_run_takes_bytes_that_were_put_back_for_what_the_writer_takes_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Engine::open(settings(folder.path())).unwrap();
        let job_id = JobId::new("j").unwrap();
        let stage = StageName::new("edit").unwrap();
        let outside = folder.path().join("plan.txt");
        fs::write(&outside, "one\n").unwrap();
        let artifacts = vec![OutsideArtifact {
            kind: "script".into(),
            file: outside.into(),
        }];
        let opening = Command::OpenGate {
            job_id: job_id.clone(),
            stage: stage.clone(),
            artifacts,
            bases: Vec::new(),
        };
        engine.client().command(opening).await.unwrap().1.unwrap();
        let gate = GateRef {
            job_id: job_id.clone(),
            stage,
            attempt: None,
        };
        let patch = json!({"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]});
        let patching = Command::ApplyPatch {
            gate: gate.clone(),
            patch,
            digest: None,
        };
        engine.client().command(patching).await.unwrap().1.unwrap();
        engine.rest().await;
        engine.close();
        let plan = folder.path().join("j/artifacts/edit/plan.txt");
        assert_eq!(fs::read_to_string(&plan).unwrap(), "two\n");
        fs::write(&plan, "one\n").unwrap();
        unconfirm(folder.path()).unwrap();

        let settings = settings(folder.path());
        let mut writer = writers(&settings);
        let mut reader = writer.for_reading().unwrap();
        let approve = Command::Decide {
            gate,
            verdict: Verdict::Approve,
            notes: None,
            patch: None,
            digest: None,
        };
        let approve = [approve];
        let as_owed = reader.previews(&settings.operator, &approve);
        assert!(as_owed[0].is_ok(), "{as_owed:?}");
        assert_eq!(writer.previews(&settings.operator, &approve), as_owed);
        // The test does what the writer does after it has put the files in place.
        writer.in_place.note(job_id, u64::MAX);
        let changed = reader.previews(&settings.operator, &approve);
        let code = changed[0].as_ref().unwrap_err().code;
        assert_eq!(code, RefusalCode::ArtifactChanged);
        assert_eq!(writer.previews(&settings.operator, &approve), changed);
    }

    /// Another event of the job is owed, and the artifact is another since: that says nothing of
    /// the decision.
    #[tokio::test]
    async fn what_this_process_put_in_place_is_there_whatever_else_is_owed_and_became_of_it_since() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Engine::open(settings(folder.path())).unwrap();
        let job_id = JobId::new("j").unwrap();
        let open = |stage: &str, bytes: &'static [u8]| Command::OpenGate {
            job_id: job_id.clone(),
            stage: StageName::new(stage).unwrap(),
            artifacts: vec![OutsideArtifact {
                kind: "script".into(),
                file: OutsideFile::Bytes {
                    name: "plan.txt".into(),
                    bytes: bytes.into(),
                },
            }],
            bases: Vec::new(),
        };
        engine
            .client()
            .command(open("edit", b"one\n"))
            .await
            .unwrap()
            .1
            .unwrap();
        let approving = Command::Decide {
            gate: GateRef {
                job_id: job_id.clone(),
                stage: StageName::new("edit").unwrap(),
                attempt: None,
            },
            verdict: Verdict::Approve,
            notes: None,
            patch: Some(json!({"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]})),
            digest: None,
        };
        engine.client().command(approving).await.unwrap().1.unwrap();
        engine.client().command(open("audio", b"")).await.unwrap().1.unwrap();
        engine.rest().await;
        engine.close();
        let plan = folder.path().join("j/artifacts/edit/plan.txt");
        assert_eq!(fs::read_to_string(&plan).unwrap(), "two\n");
        unconfirm(folder.path()).unwrap();

        let preparer = writers(&settings(folder.path()));
        let sealed = preparer.reader.decisions(None, None, 1).unwrap().remove(0);
        assert!(preparer.is_in_place(&sealed).unwrap());
        fs::write(&plan, "three\n").unwrap();
        assert!(
            !preparer.is_in_place(&sealed).unwrap(),
            "nobody here knows who put it there"
        );
        let last_seq = preparer.reader.last_event_seq().unwrap();
        preparer.in_place.note(job_id, last_seq - 1);
        assert!(preparer.is_in_place(&sealed).unwrap());
    }

    /// What was agreed on before is read for the dry run, on its thread, and not once more by the
    /// writer for the decision.
    #[tokio::test]
    async fn what_a_dry_run_has_read_the_writer_does_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        let (stages, policies) = (["outline", "script", "audio"], ["outline", "script"]);
        let name = |name: &str| StageName::new(name).unwrap();
        config.pipeline.stages = Arc::new(
            stages
                .map(|stage| StageSpec {
                    name: name(stage),
                    command: if stage == "audio" {
                        vec!["true".to_owned()]
                    } else {
                        Vec::new()
                    },
                    env: BTreeMap::new(),
                    timeout_s: None,
                    artifacts: vec![ArtifactSpec {
                        kind: stage.to_owned(),
                        path: ArtifactPath::new(&format!("artifacts/{stage}")).unwrap(),
                    }],
                })
                .to_vec(),
        );
        config.gates = Arc::new(policies.map(|stage| (name(stage), GatePolicy::default())).into());
        let job_id = JobId::new("j").unwrap();
        let artifacts = folder.path().join("j/artifacts");
        fs::create_dir_all(&artifacts).unwrap();
        for stage in policies {
            fs::write(artifacts.join(stage), stage).unwrap();
        }
        let mut engine = Engine::open(EngineSettings {
            config: config.clone(),
            ..settings(folder.path())
        })
        .unwrap();
        let job = NewJob {
            id: Some(job_id.clone()),
            slug: "j".to_owned(),
            ..NewJob::default()
        };
        engine
            .client()
            .command(Command::StartJob(job))
            .await
            .unwrap()
            .1
            .unwrap();
        let approve = |stage: &str| Command::Decide {
            gate: GateRef {
                job_id: job_id.clone(),
                stage: name(stage),
                attempt: None,
            },
            verdict: Verdict::Approve,
            notes: None,
            patch: None,
            digest: None,
        };
        engine.client().command(approve("outline")).await.unwrap().1.unwrap();
        engine.rest().await;
        engine.close();
        let later = ManualClock::at(SystemClock.now());
        later.pass(std::time::Duration::from_secs(60));
        let settings = EngineSettings {
            config,
            clock: Arc::new(later),
            ..settings(folder.path())
        };
        let mut writer = writers(&settings);
        let mut reader = writer.for_reading().unwrap();
        let foreseen = reader.previews(&settings.operator, &[approve("script")]);
        assert!(foreseen[0].is_ok(), "{foreseen:?}");
        assert_eq!(writer.digests.count(), 2);
        // Whoever reads them again finds other bytes.
        let outline = artifacts.join("outline");
        fs::write(&outline, "OUTLINE").unwrap();
        writer.digests.pretend_unchanged(&outline);
        let ask = writer.asked(settings.operator.clone(), approve("script"));
        let (_, evidence) = writer.evidence(&ask).unwrap();
        let looks = evidence.ahead.unwrap();
        assert!(looks.len() == 2 && !looks.iter().any(OnDisk::is_moved), "{looks:?}");
    }
}
