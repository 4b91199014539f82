//! Previews where what a stage would read is not what was decided on.

use std::fs;
use std::path::PathBuf;

use domain::ask::{Command, NewJob};
use domain::ids::{Digest, JobId};
use domain::job::JobStatus;
use domain::outlook::Outlook;
use domain::refusal::RefusalCode;
use engine::{Engine, Role};
use tempfile::TempDir;

use super::{in_words, preview, said};
use crate::at_gate::{Does as _, approve, reject};
use crate::support::engine::{job, open, until};

/// A job whose first stage was approved as it lies there.
struct Planned {
    folder: TempDir,
    engine: Engine,
    id: JobId,
    file: PathBuf,
}

impl Planned {
    async fn new(yaml: &str, role: Role, stage: &str, path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path(), yaml, "ana", role);
        let id = JobId::new("j-1").unwrap();
        let file = folder.path().join("j-1").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "plan\n").unwrap();
        let new = NewJob {
            id: Some(id.clone()),
            slug: "tides".into(),
            ..NewJob::default()
        };
        engine.done(Command::StartJob(new)).await;
        engine.done(approve(&id, stage)).await;
        Self {
            folder,
            engine,
            id,
            file,
        }
    }

    /// Somebody else writes the file, when all that was owed is written.
    async fn forged(&mut self, bytes: &str) {
        self.engine.rest().await;
        fs::write(&self.file, bytes).unwrap();
    }

    fn resume(&self) -> Command {
        Command::resume(self.id.clone())
    }

    async fn preview(&mut self, command: Command) -> Outlook {
        preview(&mut self.engine, command).await.unwrap()
    }
}

/// What is said where stage c would read these bytes instead of those that were decided on.
fn review(attempt: u32, bytes: &str) -> String {
    format!(
        "Stage c #{attempt} does not start. a.txt was changed on disk: {} -> {}. \
         Gate a #2 opens on what lies there: a person must decide.",
        Digest::of(b"plan\n").short(),
        Digest::of(bytes.as_bytes()).short()
    )
}

const HELD_UP: &str = "Stage c does not start: a.txt was replaced; the job pauses.";

/// Before stage c has run.
async fn is_said_not_to_start(at: &mut Planned) {
    at.forged("forged\n").await;
    let (decision, review) = (approve(&at.id, "b"), review(1, "forged\n"));
    assert_eq!(
        in_words(&at.preview(decision.clone()).await),
        format!("{HELD_UP} Once it is resumed: {review} Cannot be taken back.")
    );
    let done = at.engine.done(decision).await;
    assert_eq!(
        (done.rows.job.status, done.hindrance().as_deref()),
        (JobStatus::Paused, Some(HELD_UP))
    );
    assert_eq!(in_words(&at.preview(at.resume()).await), review);
    fs::remove_file(&at.file).unwrap();
    let resume = at.resume();
    let missing = preview(&mut at.engine, resume).await.unwrap_err();
    assert_eq!(missing.code, RefusalCode::ArtifactChanged);
    fs::write(&at.file, "plan\n").unwrap();
    at.engine.done(at.resume()).await;
    until(&mut at.engine, &at.id, |rows| {
        rows.job.status == JobStatus::NeedsApproval
    })
    .await;
}

/// When stage c was rejected; what is said of a resume then.
async fn is_said_not_to_run_again(at: &mut Planned) -> Outlook {
    at.engine.done(reject(&at.id, "c", Some("louder"))).await;
    at.forged("forged again\n").await;
    let outlook = at.preview(at.resume()).await;
    assert_eq!(in_words(&outlook), review(2, "forged again\n"));
    outlook
}

/// What the operator said yes to: other bytes, or those that were decided on, are another deed.
async fn is_resumed_only_as_it_was_told(at: &mut Planned, outlook: Outlook) {
    let resume = Command::Resume {
        job_id: at.id.clone(),
        expected: Some(Box::new(outlook)),
    };
    for (bytes, now) in [
        ("forged once more\n", "Stage c #2 does not start."),
        ("plan\n", "Stage c runs again as #2"),
    ] {
        fs::write(&at.file, bytes).unwrap();
        let refusal = at.engine.refused(resume.clone()).await;
        assert_eq!(refusal.code, RefusalCode::WrongState);
        let told = format!("what was asked is not so any more. {now}");
        assert!(refusal.message.starts_with(&told), "{refusal}");
        assert_eq!(job(&mut at.engine, &at.id).await.job.status, JobStatus::Paused);
    }
    fs::write(&at.file, "forged again\n").unwrap();
    let done = at.engine.done(resume).await;
    assert_eq!(done.review.as_ref().map(|review| review.gate.attempt), Some(2));
    assert_eq!(done.rows.job.status, JobStatus::NeedsApproval);
}

/// The trial of November 2026, twice: "Then stage c starts." and "Stage c runs again as #2", and
/// then the job paused.
#[tokio::test]
async fn a_stage_that_would_read_what_was_replaced_is_said_not_to_start_and_the_first_resume_opens_the_review() {
    let yaml = "
pipeline:
  stages:
    - {name: a, artifacts: [{kind: script, path: artifacts/a/a.txt}]}
    - {name: b}
    - {name: c, command: ['true']}
gates:
  a: {required: true}
  b: {required: true}
  c: {required: true}
";
    let mut at = Planned::new(yaml, Role::Candidate("serve"), "a", "artifacts/a/a.txt").await;
    is_said_not_to_start(&mut at).await;
    let outlook = is_said_not_to_run_again(&mut at).await;
    is_resumed_only_as_it_was_told(&mut at, outlook).await;
    at.engine.done(approve(&at.id, "a")).await;
    // Never ran with this number, and ran before.
    let words = in_words(&at.preview(approve(&at.id, "b")).await);
    assert!(
        words.starts_with("Stage c runs again as #3; its command gets the note."),
        "{words}"
    );
    at.engine.close();
}

/// The trial of November 2026: "Stage research runs again as #2" of a stage that never ran.
#[tokio::test]
async fn a_stage_that_never_ran_does_not_run_again() {
    let yaml = "
pipeline:
  stages:
    - {name: write, artifacts: [{kind: script, path: artifacts/write/w.txt}]}
    - {name: research, command: ['true']}
gates:
  write: {required: true}
";
    let mut at = Planned::new(yaml, Role::Visitor, "write", "artifacts/write/w.txt").await;
    at.forged("forged\n").await;
    let Planned { folder, engine, id, .. } = at;
    engine.close();
    let mut engine = open(folder.path(), yaml, "ana", Role::Candidate("serve"));
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Paused).await;
    engine.done(Command::resume(id.clone())).await;
    assert_eq!(
        said(&mut engine, approve(&id, "write")).await,
        "Then stage research starts as #2. Cannot be taken back."
    );
    engine.close();
}
