//! What a command would do: the rules' dry run, on the rows as they are and with the very evidence
//! that the writer would find.
//!
//! Runs on the reader thread, whose preparer keeps nothing: not a row, a file, an event or a lease
//! comes of it.

use std::collections::BTreeMap;

use domain::ids::JobId;
use domain::job::JobRows;
use domain::outlook::Outlook;
use domain::refusal::Refusal;

use super::evidence::Files as _;
use super::find;
use super::prepare::Preparer;
use domain::ask::{Ask, Command};
use rules::foresee;

impl Preparer {
    /// What each would do, one after the other, or why it would be refused: exactly as the writer
    /// would answer now.
    pub(super) fn previews(&mut self, asks: &[Result<Ask, Refusal>]) -> Vec<Result<Outlook, Refusal>> {
        let mut then = BTreeMap::new();
        let foresee = |ask: &Result<Ask, Refusal>| {
            let ask = ask.as_ref().map_err(Refusal::clone)?;
            let outlook = has_preview(&ask.command).and_then(|()| self.outlook(ask, &mut then));
            outlook.map_err(|refusal| self.as_answered(ask.command.job_id(), refusal))
        };
        let foreseen = asks.iter().map(foresee).collect();
        self.keeping.forget();
        foreseen
    }

    /// `then`: the rows of jobs as the asks before would have made them.
    fn outlook(&mut self, ask: &Ask, then: &mut BTreeMap<JobId, JobRows>) -> Result<Outlook, Refusal> {
        let (job_id, evidence) = self.evidence(ask)?;
        let rows = match then.remove(&job_id) {
            None => self.rows(&job_id)?,
            changed => changed,
        };
        let cx = self.context(&ask.by.via);
        let resume = &mut |ask: &Ask, rows: &JobRows| find::resume(self, ask, rows);
        match foresee(&job_id, rows.as_ref(), ask, &evidence, cx, resume) {
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
    Err(Refusal::invalid(words))
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the test puts bytes there as somebody else does"
)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::history::OldRecords;
    use super::super::in_place::InPlace;
    use super::super::keeping::Keeping;
    use super::super::sight::Seeing;
    use super::super::{Engine, EngineSettings, Role};
    use super::*;
    use clock::{Clock as _, ManualClock, SystemClock};
    use config::Config;
    use domain::ask::{Command, NewJob, OutsideArtifact, OutsideFile};
    use domain::gate::{OnDisk, Verdict};
    use domain::ids::{ArtifactPath, StageName};
    use domain::key::GateRef;
    use domain::operator::{Operator, Surface, Via};
    use domain::policy::GatePolicy;
    use domain::refusal::RefusalCode;
    use domain::stage::{ArtifactSpec, StageSpec};
    use runs::RunsDir;
    use runs::digests::Digests;
    use store::{Reader, unconfirm};

    fn ana() -> Operator {
        let via = Via {
            surface: Surface::Cli,
            login: "ana".into(),
            uid: 0,
            host: "test".into(),
            ssh_client: None,
            peer: None,
            by_proxy: false,
            pid: 1,
        };
        let name = "ana".into();
        Operator { name, via }
    }

    fn settings(folder: &Path) -> EngineSettings {
        EngineSettings {
            runs_dir: folder.to_owned(),
            place: store::StorePlace::from(folder),
            config: Config::default(),
            config_path: None,
            operator: ana(),
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
            clock: Arc::clone(&settings.clock),
            config: Arc::new(settings.config.clone()),
            history: OldRecords::new(runs.clone(), Vec::new()),
            host: None,
            keeping: Keeping::versions_of(&settings.place),
            in_place: InPlace::default(),
            digests: Digests::default(),
            sight: Seeing::default(),
            runs,
        }
    }

    /// An engine does these, one after the other, and ends.
    async fn done(settings: EngineSettings, commands: impl IntoIterator<Item = Command>) {
        let mut engine = Engine::open(settings).unwrap();
        for command in commands {
            engine.client().command(command).await.unwrap().1.unwrap();
        }
        engine.rest().await;
        engine.close();
    }

    fn job_id() -> JobId {
        JobId::new("j").unwrap()
    }

    fn stage(name: &str) -> StageName {
        StageName::new(name).unwrap()
    }

    fn gate(name: &str) -> GateRef {
        GateRef {
            job_id: job_id(),
            stage: stage(name),
            attempt: None,
        }
    }

    fn open(name: &str, bytes: &'static [u8]) -> Command {
        let file = OutsideFile::Bytes {
            name: "plan.txt".into(),
            bytes: bytes.into(),
        };
        let kind = "script".into();
        Command::OpenGate {
            job_id: job_id(),
            stage: stage(name),
            artifacts: vec![OutsideArtifact { kind, file }],
            bases: Vec::new(),
            context: Box::default(),
            heartbeat: None,
        }
    }

    fn approve(name: &str, patch: Option<Value>) -> Command {
        Command::Decide {
            gate: gate(name),
            verdict: Verdict::Approve,
            notes: None,
            comments: Vec::new(),
            draft_by: None,
            patch,
            digest: None,
            context_digest: None,
        }
    }

    fn one_to_two() -> Value {
        json!({"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]})
    }

    fn asked(command: Command) -> Vec<Result<Ask, Refusal>> {
        vec![Ok(Ask::new(ana(), "s", command))]
    }

    /// The file of a patch has its name, the disk has not confirmed it, and somebody puts the
    /// former bytes back.
    #[tokio::test]
    async fn a_dry_run_takes_bytes_that_were_put_back_for_what_the_writer_takes_them() {
        let folder = tempfile::tempdir().unwrap();
        let patching = Command::ApplyPatch {
            gate: gate("edit"),
            patch: one_to_two(),
            digest: None,
        };
        done(settings(folder.path()), [open("edit", b"one\n"), patching]).await;
        let plan = folder.path().join("j/artifacts/edit/plan.txt");
        assert_eq!(fs::read_to_string(&plan).unwrap(), "two\n");
        fs::write(&plan, "one\n").unwrap();
        unconfirm(folder.path()).unwrap();

        let mut writer = writers(&settings(folder.path()));
        let mut reader = writer.for_reading().unwrap();
        let approve = asked(approve("edit", None));
        let as_owed = reader.previews(&approve);
        assert!(as_owed[0].is_ok(), "{as_owed:?}");
        assert_eq!(writer.previews(&approve), as_owed);
        // The test does what the writer does after it has put the files in place.
        writer.in_place.note(job_id(), u64::MAX);
        let changed = reader.previews(&approve);
        let code = changed[0].as_ref().unwrap_err().code;
        assert_eq!(code, RefusalCode::ArtifactChanged);
        assert_eq!(writer.previews(&approve), changed);
    }

    /// Another event of the job is owed, and the artifact is another since: that says nothing of
    /// the decision.
    #[tokio::test]
    async fn what_this_process_put_in_place_is_there_whatever_else_is_owed_and_became_of_it_since() {
        let folder = tempfile::tempdir().unwrap();
        let commands = [
            open("edit", b"one\n"),
            approve("edit", Some(one_to_two())),
            open("audio", b""),
        ];
        done(settings(folder.path()), commands).await;
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
        preparer.in_place.note(job_id(), last_seq - 1);
        assert!(preparer.is_in_place(&sealed).unwrap());
    }

    /// What was agreed on before is read for the dry run, on its thread, and not once more by the
    /// writer for the decision.
    #[tokio::test]
    async fn what_a_dry_run_has_read_the_writer_does_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = folder.path().join("j/artifacts");
        fs::create_dir_all(&artifacts).unwrap();
        let spec = |name: &str, command: &[&str]| StageSpec {
            name: stage(name),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            env: BTreeMap::new(),
            timeout_s: None,
            context: Default::default(),
            artifacts: vec![ArtifactSpec {
                kind: name.to_owned(),
                path: ArtifactPath::new(&format!("artifacts/{name}")).unwrap(),
            }],
        };
        let bare = ["outline", "script"];
        for stage in bare {
            fs::write(artifacts.join(stage), stage).unwrap();
        }
        let mut config = Config::default();
        config.pipeline.stages = Arc::new(vec![
            spec("outline", &[]),
            spec("script", &[]),
            spec("audio", &["true"]),
        ]);
        config.gates = Arc::new(bare.map(|name| (stage(name), GatePolicy::default())).into());
        let job = NewJob {
            id: Some(job_id()),
            slug: "j".to_owned(),
            ..NewJob::default()
        };
        let settings = EngineSettings {
            config: config.clone(),
            ..settings(folder.path())
        };
        done(settings, [Command::StartJob(job), approve("outline", None)]).await;
        let later = ManualClock::at(SystemClock.now());
        later.pass(std::time::Duration::from_secs(60));
        let settings = EngineSettings {
            config,
            clock: Arc::new(later),
            ..self::settings(folder.path())
        };
        let mut writer = writers(&settings);
        let mut reader = writer.for_reading().unwrap();
        let approve = asked(approve("script", None));
        let foreseen = reader.previews(&approve);
        assert!(foreseen[0].is_ok(), "{foreseen:?}");
        assert_eq!(writer.digests.count(), 2);
        // Whoever reads them again finds other bytes.
        let outline = artifacts.join("outline");
        fs::write(&outline, "OUTLINE").unwrap();
        writer.digests.pretend_unchanged(&outline);
        let (_, evidence) = writer.evidence(approve[0].as_ref().unwrap()).unwrap();
        let looks = evidence.ahead.unwrap();
        assert!(looks.len() == 2 && !looks.iter().any(OnDisk::is_moved), "{looks:?}");
    }
}
