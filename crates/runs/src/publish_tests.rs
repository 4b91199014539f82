//! Publishing twice, half, and over what others wrote.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::*;
use crate::{RunDir, versions};
use domain::artifact::Artifact;
use domain::event::EventType;
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::job::{Job, JobStatus};

fn job_id() -> JobId {
    JobId::new("j-17").unwrap()
}

fn stage() -> StageName {
    StageName::new("script").unwrap()
}

fn event(seq: u64, kind: EventType) -> Event {
    Event {
        seq,
        ts: Timestamp::from_micros(i64::try_from(seq).unwrap()),
        job_id: job_id(),
        kind,
        stage: Some(stage()),
        status: JobStatus::NeedsApproval,
        message: format!("event {seq} – ü"),
        payload: json!({"n": seq}),
    }
}

/// As a row would give it back: decisions are made by gates, and this one was.
fn decision(seq: u64, attempt: u32, approved: bool) -> SealedDecision {
    let mut sealed: SealedDecision = serde_json::from_value(json!({
        "stage": "script", "approved": approved, "by": "ana", "at": "2026-11-22T17:11:39.346979+00:00",
        "notes": null, "patch": null, "auto_approved": false, "job_id": "j-17", "attempt": attempt,
        "via": {"surface": "cli", "login": "ana", "uid": 1000, "host": "h", "ssh_client": null, "pid": 7},
        "opened_at": "2026-11-22T17:00:00.000000+00:00", "deadline": null, "seen": [], "artifacts": [],
        "seq": seq, "prev": Digest::ZERO, "hash": Digest::ZERO,
    }))
    .unwrap();
    sealed.hash = sealed.computed_hash();
    sealed
}

fn owed(events: Vec<Event>, decisions: Vec<SealedDecision>) -> PublishRequest {
    let at = Timestamp::from_micros(0);
    PublishRequest {
        up_to: events.last().map_or(0, |event| event.seq),
        torn_events: Vec::new(),
        placed_seq: 0,
        completed: BTreeMap::new(),
        is_distrusted: false,
        published_seq: 0,
        status_since: at,
        rows: JobRows {
            job: Job {
                id: job_id(),
                slug: "tips".to_owned(),
                intent: "ten tips".to_owned(),
                is_manual: true,
                status: JobStatus::NeedsApproval,
                stage: Some(stage()),
                params: Map::from_iter([("length".to_owned(), Value::from(306.0))]),
                cfg: Map::new(),
                stages: Vec::new(),
                created_by: "ana".to_owned(),
                created_at: at,
                updated_at: at,
                acknowledged_at: None,
            },
            attempts: Vec::new(),
            gates: Vec::new(),
            artifacts: Vec::new(),
            decisions: decisions.clone(),
        },
        events,
        decisions,
    }
}

struct Fixture {
    _temporary: tempfile::TempDir,
    runs: RunsDir,
    run: RunDir,
}

impl Fixture {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        Self {
            run: runs.run(&job_id()),
            runs,
            _temporary: temporary,
        }
    }

    fn publish(&self, owed: &PublishRequest) -> Published {
        let published = publish(&self.runs, &[job_id()], crate::locks::PUBLISH_PATIENCE, |_| {
            Ok(Some(owed.clone()))
        });
        let (mut outcomes, unconfirmed) = published.unwrap();
        for (_, _, flushed) in unconfirmed.flush() {
            flushed.unwrap();
        }
        outcomes.pop().unwrap()
    }

    fn put(&self, path: &Path, bytes: &[u8]) {
        fs::File::create(path).unwrap().write_all(bytes).unwrap();
    }

    /// Holds the bytes of a file.
    #[track_caller]
    fn has(&self, path: &Path, bytes: impl AsRef<[u8]>) {
        assert_eq!(fs::read(path).unwrap(), bytes.as_ref(), "{}", path.display());
    }

    /// Publishes what leaves nothing to be said; up to where all is written.
    #[track_caller]
    fn publish_well(&self, owed: &PublishRequest) -> Option<u64> {
        let published = self.publish(owed);
        assert_eq!(published.findings, []);
        published.result.unwrap()
    }

    fn event_seqs(&self) -> Vec<u64> {
        let text = fs::read_to_string(self.run.events()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| jsonl::line_seq(line.as_bytes()).unwrap())
            .collect()
    }
}

#[test]
fn publishing_writes_everything_and_twice_changes_nothing() {
    let fixture = Fixture::new();
    let first = decision(1, 1, false);
    let second = decision(2, 2, true);
    let owed = owed(
        vec![event(3, EventType::GateOpened), event(5, EventType::GateApproved)],
        vec![first.clone(), second.clone()],
    );
    assert_eq!(fixture.publish_well(&owed), Some(5));
    fixture.has(&fixture.run.decision_of(&stage(), 1), first.to_file());
    fixture.has(&fixture.run.decision_of(&stage(), 2), second.to_file());
    fixture.has(&fixture.run.decision(&stage()), second.to_file());
    assert_eq!(fixture.event_seqs(), [3, 5]);
    let state: StateFile = serde_json::from_slice(&fs::read(fixture.run.state()).unwrap()).unwrap();
    assert_eq!(
        (state.schema, state.up_to, &state.rows),
        (crate::projection::STATE_SCHEMA, Some(5), &owed.rows)
    );
    for file in [
        fixture.run.state(),
        fixture.run.events(),
        fixture.run.decision(&stage()),
        fixture.runs.chain(),
        fixture.runs.publish_lock(),
    ] {
        assert_eq!(
            fs::metadata(&file).unwrap().mode() & 0o7777,
            0o600,
            "{}",
            file.display()
        );
    }

    let files = || -> Vec<(u64, Vec<u8>)> {
        [
            fixture.run.state(),
            fixture.run.events(),
            fixture.run.decision(&stage()),
            fixture.run.decision_of(&stage(), 1),
            fixture.runs.chain(),
        ]
        .iter()
        .map(|path| (fs::metadata(path).unwrap().ino(), fs::read(path).unwrap()))
        .collect()
    };
    let before = files();
    assert_eq!(fixture.publish_well(&owed), Some(5));
    assert_eq!(files(), before, "same files, same bytes");
    let chain = fs::read_to_string(fixture.runs.chain()).unwrap();
    let links: Vec<ChainLink> = chain.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(links.iter().map(|link| link.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(links[1].hash, second.hash);
}

#[test]
fn nothing_owed_writes_nothing() {
    let fixture = Fixture::new();
    let published = publish(&fixture.runs, &[job_id()], Duration::ZERO, |_| Ok(None)).unwrap();
    assert_eq!(published.0[0].result.as_ref().unwrap(), &None);
    assert!(!fixture.run.path().exists());
}

#[test]
fn torn_lines_are_cut_and_only_missing_rows_added() {
    let fixture = Fixture::new();
    let all = vec![
        event(3, EventType::JobCreated),
        event(4, EventType::GateOpened),
        event(9, EventType::GateApproved),
    ];
    fixture
        .publish(&owed(all[..2].to_vec(), vec![decision(1, 1, true)]))
        .result
        .unwrap();
    for path in [fixture.run.events(), fixture.runs.chain()] {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"seq\":9,\"ts\":\"20").unwrap();
    }
    let published = fixture.publish(&owed(all, vec![decision(1, 1, true), decision(2, 2, true)]));
    assert_eq!(published.result.unwrap(), Some(9));
    assert_eq!(fixture.event_seqs(), [3, 4, 9]);
    let chain = fs::read_to_string(fixture.runs.chain()).unwrap();
    assert_eq!(chain.lines().count(), 2);
}

/// Decisions of jobs of their own, with what each owes.
fn jobs_that_decided(count: u64) -> Vec<PublishRequest> {
    let of = |seq: u64| {
        let mut sealed = decision(seq, 1, true);
        let mut json = serde_json::to_value(&sealed.decision).unwrap();
        json["job_id"] = Value::from(format!("j-{seq}"));
        sealed.decision = serde_json::from_value(json).unwrap();
        sealed.hash = sealed.computed_hash();
        let mut owed = owed(vec![], vec![sealed]);
        owed.rows.job.id = JobId::new(&format!("j-{seq}")).unwrap();
        owed
    };
    (1..=count).map(of).collect()
}

#[test]
fn a_hole_that_a_loss_of_power_left_in_the_chain_is_closed_and_no_other() {
    let jobs = jobs_that_decided(4);
    let lines: Vec<Vec<u8>> = jobs
        .iter()
        .map(|owed| ChainLink::of(&owed.decisions[0]).line())
        .collect();
    // Up to this one all were confirmed. The second link reads as zeros, with its line end and
    // without.
    for (confirmed, is_mended) in [(0, true), (1, true), (3, false), (4, false)] {
        for zeros in [lines[1].len() - 1, lines[1].len()] {
            let fixture = Fixture::new();
            let mut torn = lines.concat();
            torn[lines[0].len()..][..zeros].fill(0);
            fixture.put(&fixture.runs.chain(), &torn);
            // Others that are owed lie behind it, and are published later.
            let asked = jobs[1].rows.job.id.clone();
            let published = publish(&fixture.runs, std::slice::from_ref(&asked), Duration::ZERO, |job_id| {
                let owed = jobs.iter().find(|owed| owed.rows.job.id == *job_id).cloned();
                Ok(owed.filter(|owed| owed.decisions[0].seq > confirmed || *job_id == asked))
            });
            published.unwrap().0[0].result.as_ref().unwrap();
            let mut left = if is_mended { Vec::new() } else { torn };
            left.extend_from_slice(&if is_mended { lines.concat() } else { lines[1].clone() });
            assert_eq!(fs::read(fixture.runs.chain()).unwrap(), left, "{confirmed}, {zeros}");
        }
    }
}

#[test]
fn lines_that_are_no_events_are_reported_and_left() {
    let fixture = Fixture::new();
    fixture.run.make("").unwrap();
    fixture.put(&fixture.run.events(), b"{\"seq\":3}\nscribble\n");
    let published = fixture.publish(&owed(
        vec![event(3, EventType::JobCreated), event(4, EventType::JobStarted)],
        vec![],
    ));
    assert_eq!(published.result.unwrap(), Some(4));
    assert_eq!(
        published.findings,
        [Discrepancy::LinesDamaged {
            path: fixture.run.events(),
            lines: 1
        }]
    );
    let text = fs::read_to_string(fixture.run.events()).unwrap();
    assert!(text.starts_with("{\"seq\":3}\nscribble\n{\"seq\":4,"), "{text}");
}

#[test]
fn a_decision_file_is_never_rewritten() {
    let fixture = Fixture::new();
    fixture.run.make("gates").unwrap();
    let path = fixture.run.decision_of(&stage(), 1);
    fixture.put(&path, b"{\"approved\": false}");
    fixture.put(&fixture.run.decision(&stage()), b"stale");
    fixture.put(&fixture.run.gates().join(".publish-abc.tmp"), b"from a crash");
    let published = fixture.publish(&owed(vec![], vec![decision(1, 1, true)]));
    assert!(published.result.is_ok());
    assert_eq!(
        published.findings,
        [Discrepancy::DecisionDiffers { path: path.clone() }]
    );
    assert_eq!(fs::read(&path).unwrap(), b"{\"approved\": false}");
    fixture.has(&fixture.run.decision(&stage()), decision(1, 1, true).to_file());
    assert_eq!(
        fs::read_dir(fixture.run.gates()).unwrap().count(),
        2,
        "the leftover is gone"
    );
}

fn patched(fixture: &Fixture, on_disk: &[u8]) -> (PublishRequest, ArtifactPath) {
    let path = ArtifactPath::new("artifacts/script/script.txt").unwrap();
    fixture.run.make("artifacts/script").unwrap();
    fixture.put(&fixture.run.artifact(&path), on_disk);
    let (former, _) = versions::keep(&fixture.run, b"before").unwrap();
    let (digest, size_bytes) = versions::keep(&fixture.run, b"after").unwrap();
    let mut applied = event(3, EventType::PatchApplied);
    applied.payload = serde_json::json!({ "path": path, "sha256": former, "sha256_after": digest });
    let mut owed = owed(vec![applied], vec![]);
    owed.rows.artifacts.push(Artifact {
        stage: stage(),
        kind: "script".to_owned(),
        path: path.clone(),
        digest,
        size_bytes,
        created_at: Timestamp::from_micros(0),
        former: Some(former),
    });
    (owed, path)
}

#[test]
fn a_patched_artifact_is_put_in_place_of_its_former_version() {
    let fixture = Fixture::new();
    let (owed, path) = patched(&fixture, b"before");
    fixture.publish_well(&owed);
    fixture.has(&fixture.run.artifact(&path), b"after");
    fixture.publish_well(&owed);
}

#[test]
fn what_somebody_else_wrote_is_never_overwritten() {
    let fixture = Fixture::new();
    let (owed, path) = patched(&fixture, b"by hand");
    let published = fixture.publish(&owed);
    assert!(published.result.is_ok());
    assert!(
        matches!(&published.findings[..], [Discrepancy::ArtifactChanged { found: Some(found), .. }] if *found == Digest::of(b"by hand"))
    );
    fixture.has(&fixture.run.artifact(&path), b"by hand");
}

#[test]
fn a_stage_that_writes_its_former_version_again_is_left_alone() {
    let fixture = Fixture::new();
    let (mut owed, path) = patched(&fixture, b"before");
    owed.events = vec![event(4, EventType::StageStarted)];
    fixture.publish_well(&owed);
    fixture.has(&fixture.run.artifact(&path), b"before");
}

#[test]
fn one_job_that_cannot_be_written_does_not_stop_the_others() {
    let fixture = Fixture::new();
    let broken = JobId::new("broken").unwrap();
    fixture.put(&fixture.runs.path().join("broken"), b"a file where a directory belongs");
    let owed = owed(vec![event(3, EventType::JobCreated)], vec![decision(1, 1, true)]);
    let published = publish(&fixture.runs, &[broken, job_id()], Duration::ZERO, |_| {
        Ok(Some(owed.clone()))
    })
    .unwrap();
    let error = published.0[0].result.as_ref().unwrap_err();
    assert!(
        error.to_string().ends_with("runs/broken: it is not a directory"),
        "{error}"
    );
    assert_eq!(published.0[1].result.as_ref().unwrap(), &Some(3));
}

/// Needs the right to mount a small file system; says so where it has not.
#[test]
fn a_full_disk_leaves_a_debt_that_is_paid_when_space_returns() {
    let temporary = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(temporary.path())
        .output();
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("not tried: no right to mount a tmpfs ({mounted:?})");
        return;
    }
    let outcome = std::panic::catch_unwind(|| {
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&job_id());
        let owed = owed(vec![event(3, EventType::GateApproved)], vec![decision(1, 1, true)]);
        let ballast = temporary.path().join("ballast");
        let filled = fs::File::create(&ballast).unwrap().write_all(&[0; 1 << 20]);
        assert_eq!(filled.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let published = publish(&runs, &[job_id()], Duration::ZERO, |_| Ok(Some(owed.clone()))).unwrap();
        let error = published.0[0].result.as_ref().unwrap_err();
        assert!(error.is_full(), "{error}");
        assert!(error.to_string().ends_with(": no space left"), "{error}");
        assert!(!run.state().exists());

        fs::remove_file(ballast).unwrap();
        let published = publish(&runs, &[job_id()], Duration::ZERO, |_| Ok(Some(owed.clone()))).unwrap();
        assert_eq!(published.0[0].result.as_ref().unwrap(), &Some(3));
        assert_eq!(
            fs::read(run.decision(&stage())).unwrap(),
            decision(1, 1, true).to_file()
        );
    });
    let unmounted = std::process::Command::new("umount").arg(temporary.path()).status();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    assert!(unmounted.unwrap().success());
}

/// A patch or its undo of one file, as the log has it; none stands for "there is no such file".
fn step(seq: u64, kind: EventType, path: &ArtifactPath, from: Option<Digest>, to: Option<Digest>) -> Event {
    let mut step = event(seq, kind);
    step.payload = json!({ "path": path, "sha256": from, "sha256_after": to });
    step
}

#[test]
fn a_patch_and_its_undo_owed_together_leave_what_was_there() {
    for on_disk in [&b"before"[..], b"after"] {
        let fixture = Fixture::new();
        let (mut owed, path) = patched(&fixture, on_disk);
        let (before, after) = (Digest::of(b"before"), Digest::of(b"after"));
        owed.events
            .push(step(4, EventType::PatchUndone, &path, Some(after), Some(before)));
        owed.rows.artifacts[0].digest = before;
        fixture.publish_well(&owed);
        fixture.has(&fixture.run.artifact(&path), b"before");
    }
}

#[test]
fn a_file_that_a_patch_makes_appears_and_goes_with_its_undo() {
    let fixture = Fixture::new();
    let (mut owed, _) = patched(&fixture, b"after");
    let path = ArtifactPath::new("artifacts/script/script.txt.mix.json").unwrap();
    let (made, size_bytes) = versions::keep(&fixture.run, b"{\"gain_db\": 3}").unwrap();
    let applied = step(5, EventType::PatchApplied, &path, None, Some(made));
    owed.events = vec![applied.clone()];
    let registered = Artifact {
        kind: "mix".to_owned(),
        path: path.clone(),
        digest: made,
        size_bytes,
        former: None,
        ..owed.rows.artifacts[0].clone()
    };
    let mut with = owed.clone();
    with.rows.artifacts.push(registered);
    fixture.publish_well(&with);
    let file = fixture.run.artifact(&path);
    assert_eq!(fs::read(&file).unwrap(), b"{\"gain_db\": 3}");
    assert_eq!(fixture.publish(&with).findings, [], "twice changes nothing");

    // Taken back: the file goes, whether its making is still owed as well or not, and whether it
    // was ever written.
    let undone = step(6, EventType::PatchUndone, &path, Some(made), None);
    owed.events = vec![undone.clone()];
    fixture.publish_well(&owed);
    assert!(!file.exists());
    owed.events = vec![applied.clone(), undone.clone()];
    fixture.publish_well(&owed);
    assert!(!file.exists());

    // Made once more, everything owed together.
    let again = step(7, EventType::PatchApplied, &path, None, Some(made));
    with.events = vec![applied, undone.clone(), again];
    fixture.publish_well(&with);
    assert!(file.exists());

    // Somebody else's bytes stay.
    fixture.put(&file, b"by hand");
    owed.events = vec![undone];
    let found = Digest::of(b"by hand");
    assert_eq!(
        fixture.publish(&owed).findings,
        [Discrepancy::NotRemoved { path, found }]
    );
    fixture.has(&file, b"by hand");
}

#[test]
fn removing_never_reaches_out_of_the_run_directory() {
    let fixture = Fixture::new();
    let outside = fixture.runs.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fixture.put(&outside.join("a.mix.json"), b"x");
    fixture.run.make("artifacts").unwrap();
    std::os::unix::fs::symlink(&outside, fixture.run.path().join("artifacts/audio")).unwrap();
    let path = ArtifactPath::new("artifacts/audio/a.mix.json").unwrap();
    let undone = step(3, EventType::PatchUndone, &path, Some(Digest::of(b"x")), None);
    let published = fixture.publish(&owed(vec![undone], vec![]));
    assert!(matches!(
        &published.findings[..],
        [Discrepancy::ArtifactUnreadable { .. }]
    ));
    assert!(outside.join("a.mix.json").exists());
}
