//! A place for holdpoint to work in: a configuration, a runs directory, commands run there, and
//! what they left behind.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use rusqlite::{Connection, OpenFlags, Params, Row};
use serde_json::Value;
use tempfile::TempDir;

use super::binary::holdpoint;
use super::environment;
use super::pty::{Pty, PtyOptions, Waiting, patience};

/// A temporary directory with `conf/operator.yaml` and a runs directory; gone when dropped.
pub struct Workspace {
    directory: TempDir,
}

impl Workspace {
    /// A workspace whose `conf/operator.yaml` is `operator_yaml`.
    pub fn new(operator_yaml: &str) -> Self {
        let workspace = Self::without_configuration();
        workspace.write("conf/operator.yaml", operator_yaml);
        workspace
    }

    /// A workspace without `conf/`: the embedded configuration is in force.
    pub fn without_configuration() -> Self {
        let directory = TempDir::with_prefix("holdpoint-test-").expect("a temporary directory can be made");
        std::fs::create_dir(directory.path().join("runs")).expect("a new directory has no runs directory yet");
        Self { directory }
    }

    /// A workspace whose record is in a PostgreSQL database of its own; none where there is no
    /// PostgreSQL.
    pub fn on_postgres(operator_yaml: &str) -> Option<Self> {
        let server = testing::postgres::server()?;
        let workspace = Self::new(operator_yaml);
        workspace.write(
            environment::STORE_FILE,
            server.database().expect("the server makes databases"),
        );
        Some(workspace)
    }

    /// Another host of the same record: a runs directory of its own, with this configuration.
    pub fn other_host(&self, operator_yaml: &str) -> Self {
        let other = Self::new(operator_yaml);
        other.write(environment::STORE_FILE, self.read(environment::STORE_FILE));
        other
    }

    /// Working directory of every command.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The runs directory.
    pub fn runs(&self) -> PathBuf {
        self.root().join("runs")
    }

    /// The run directory of a job.
    pub fn run_directory(&self, job: &str) -> PathBuf {
        self.runs().join(job)
    }

    /// Writes a file at a path relative to the root, with the directories above it.
    pub fn write(&self, path: &(impl AsRef<Path> + ?Sized), text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        if let Some(above) = path.parent() {
            std::fs::create_dir_all(above).unwrap_or_else(|error| panic!("cannot create {}: {error}", above.display()));
        }
        File::create(&path)
            .and_then(|mut file| file.write_all(text.as_ref()))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Moves the clocks of all holdpoint processes here so many seconds ahead of the machine's.
    // Whole or not at all: the processes read it whenever they look at the time.
    pub fn set_clocks(&self, civil_s: i64, boot_s: i64) {
        self.write("clock.new", format!("{civil_s} {boot_s}"));
        std::fs::rename(self.root().join("clock.new"), self.root().join("clock")).expect("it is there");
    }

    /// Reads a text file at a path relative to the root.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        read_text(&self.root().join(path))
    }

    /// holdpoint with `args`, run here with a clean environment; killed when patience runs out.
    pub fn cmd(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(self.command(args));
        command.timeout(patience());
        command
    }

    /// The same as an ordinary command, for a process that runs beside the test.
    pub fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(holdpoint());
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .envs(environment::clean(self.root()))
            .env("TERM", "dumb");
        command
    }

    /// holdpoint with `args` in a terminal of 80 columns and 24 rows.
    pub fn pty(&self, args: &[&str]) -> Pty {
        Pty::spawn(PtyOptions::new(self.root()).args(args.iter().copied()))
    }

    /// Runs a command that has to end with `code`; what it printed on both streams.
    #[track_caller]
    pub fn run(&self, args: &(impl Words + ?Sized), code: i32) -> (String, String) {
        let args = args.words();
        let output = self
            .cmd(&args)
            .output()
            .unwrap_or_else(|error| panic!("cannot run {args:?}: {error}"));
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{args:?} gave no UTF-8: {error}"));
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let ended = output.status;
        assert_eq!(
            ended.code(),
            Some(code),
            "{args:?}: {ended}\nstdout: {stdout}\nstderr: {stderr}"
        );
        (stdout, stderr)
    }

    /// Runs a command that has to succeed; its standard output.
    #[track_caller]
    pub fn ok(&self, args: &(impl Words + ?Sized)) -> String {
        self.run(args, 0).0
    }

    /// Runs a command that has to end with `code`; its standard output.
    #[track_caller]
    pub fn told(&self, args: &(impl Words + ?Sized), code: i32) -> String {
        self.run(args, code).0
    }

    /// Runs a command that has to end with `code`; its standard error.
    #[track_caller]
    pub fn refused(&self, args: &(impl Words + ?Sized), code: i32) -> String {
        self.run(args, code).1
    }

    /// Runs a command with these variables; how it ended, and what it printed.
    pub fn under(&self, variables: &[(&str, &str)], args: &(impl Words + ?Sized)) -> Output {
        let mut command = self.command(&args.words());
        command
            .envs(variables.iter().copied())
            .output()
            .expect("holdpoint runs")
    }

    /// Runs `args` with `--json`, which has to succeed, and reads the one document on stdout.
    #[track_caller]
    pub fn json(&self, args: &(impl Words + ?Sized)) -> Value {
        let stdout = self.succeed(args);
        serde_json::from_str(&stdout)
            .unwrap_or_else(|error| panic!("{:?} gave no JSON ({error}): {stdout}", args.words()))
    }

    /// Runs `args` with `--json`, which has to fail with `code`, and reads the document on stderr.
    #[track_caller]
    pub fn failure(&self, args: &(impl Words + ?Sized), code: i32) -> Value {
        let mut args = args.words();
        args.push("--json");
        let said = self.refused(&args, code);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?} said no document ({error}): {said}"))
    }

    /// The same again and again until it is as the test wants it; panics with the last document
    /// when it never is.
    #[track_caller]
    pub fn json_until(&self, args: &(impl Words + ?Sized), is_met: impl Fn(&Value) -> bool) -> Value {
        let began = Waiting::begun();
        loop {
            let found = self.json(args);
            if is_met(&found) {
                return found;
            }
            let is_late = began.has_lasted(patience());
            assert!(!is_late, "patience ran out: {:?} gives {found}", args.words());
        }
    }

    /// Runs `args` with `--json`, which has to succeed, and reads JSON Lines from stdout.
    #[track_caller]
    pub fn json_lines(&self, args: &(impl Words + ?Sized)) -> Vec<Value> {
        parse_lines(&self.succeed(args), &format!("{:?}", args.words()))
    }

    /// How many things a list has.
    #[track_caller]
    pub fn count(&self, args: &(impl Words + ?Sized)) -> usize {
        self.json(args).as_array().expect("a list").len()
    }

    #[track_caller]
    fn succeed(&self, args: &(impl Words + ?Sized)) -> String {
        let mut args = args.words();
        args.push("--json");
        self.ok(&args)
    }

    /// `gates/<stage>.json`: the latest decision of a stage.
    #[track_caller]
    pub fn decision(&self, job: &str, stage: &str) -> Value {
        read_json(&self.run_directory(job).join(format!("gates/{stage}.json")))
    }

    /// `gates/<stage>.<attempt>.json`: the decision of one attempt.
    #[track_caller]
    pub fn decision_of_attempt(&self, job: &str, stage: &str, attempt: u32) -> Value {
        read_json(&self.run_directory(job).join(format!("gates/{stage}.{attempt}.json")))
    }

    /// `state.json` of a job.
    #[track_caller]
    pub fn state(&self, job: &str) -> Value {
        read_json(&self.run_directory(job).join("state.json"))
    }

    /// Every line of a job's `events.jsonl`; a torn line is a failure.
    #[track_caller]
    pub fn events(&self, job: &str) -> Vec<Value> {
        let path = self.run_directory(job).join("events.jsonl");
        let text = read_text(&path);
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line of {} is torn",
            path.display()
        );
        parse_lines(&text, &path.display().to_string())
    }

    /// The types of a job's events, in order.
    #[track_caller]
    pub fn event_types(&self, job: &str) -> Vec<String> {
        self.events(job)
            .iter()
            .map(|event| event["type"].as_str().expect("every event has a type").to_owned())
            .collect()
    }

    /// What a query of the database gives, a tuple for each row.
    pub fn rows<T>(&self, sql: &str, params: impl Params) -> Vec<T>
    where
        T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
    {
        let database = self.database();
        let mut statement = database.prepare(sql).expect("the tables are there");
        let rows = statement.query_map(params, |row| T::try_from(row));
        rows.and_then(Iterator::collect).expect("the rows can be read")
    }

    /// Every row of these tables, as text.
    pub fn dump<'t>(&self, tables: impl IntoIterator<Item = &'t str>) -> Vec<String> {
        let database = self.database();
        let mut all = Vec::new();
        for table in tables {
            let mut statement = database
                .prepare(&format!("SELECT * FROM \"{table}\""))
                .expect("there is such a table");
            let columns = statement.column_count();
            let mut found = statement.query([]).expect("it can be read");
            while let Some(row) = found.next().expect("it can be read") {
                let cells = (0..columns).map(|column| format!("{:?}", row.get_ref(column)));
                all.push(format!("{table}: {}", cells.collect::<Vec<_>>().join(" | ")));
            }
        }
        all
    }

    /// A number that the database has.
    pub fn number(&self, sql: &str) -> i64 {
        self.database()
            .query_row(sql, [], |row| row.get(0))
            .expect("one row with a number")
    }

    /// The number of a job's newest event, by the database.
    #[track_caller]
    pub fn last_seq(&self, job: &str) -> u64 {
        let events = self.json_lines(&["events", job]);
        events
            .last()
            .and_then(|event| event["seq"].as_u64())
            .expect("a job has events")
    }

    /// The first event of this type, by the database: its files follow the commit.
    #[track_caller]
    pub fn first_event(&self, job: &str, kind: &str) -> Value {
        let events = self.json_lines(&["events", job]);
        let first = events.iter().find(|event| event["type"] == kind);
        first.unwrap_or_else(|| panic!("no {kind} in {events:?}")).clone()
    }

    /// How many events of this type a job has.
    #[track_caller]
    pub fn count_events(&self, job: &str, kind: &str) -> usize {
        self.event_types(job).iter().filter(|one| *one == kind).count()
    }

    /// This program, which starts holdpoint with `args` where and as [`Self::command`] would.
    pub fn through(&self, program: &str, before: &[&str], args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command
            .args(before)
            .arg(holdpoint())
            .args(args)
            .current_dir(self.root());
        command
            .env_clear()
            .envs(environment::clean(self.root()))
            .env("TERM", "dumb");
        command
    }

    /// Whether something is at a path relative to the root.
    pub fn exists(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    /// Changes so many rows of the database, as holdpoint would not.
    #[track_caller]
    pub fn edit(&self, sql: &str, rows: usize) {
        let database = Connection::open(self.runs().join("holdpoint.db")).expect("there is a database");
        assert_eq!(database.execute(sql, []), Ok(rows), "{sql}");
    }

    /// Folds the log of the database into the file itself.
    pub fn checkpoint(&self) {
        let database = Connection::open(self.runs().join("holdpoint.db")).expect("there is a database");
        let fold = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        fold.expect("nobody keeps it from being folded");
    }

    /// Takes the database away.
    pub fn lose_database(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.runs().join(format!("holdpoint.db{suffix}")));
        }
    }

    /// The database, to read only.
    #[track_caller]
    pub fn database(&self) -> Connection {
        let path = self.runs().join("holdpoint.db");
        Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()))
    }
}

/// A patch that replaces a text.
pub fn text_replace(old: &str, new: &str) -> String {
    serde_json::json!({"type": "text_replace", "replacements": [{"old": old, "new": new}]}).to_string()
}

/// All that a command printed.
pub fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// The words of a command line: a list of them, or one text that is parted at its spaces, but for
/// those between `'` and `'`.
pub trait Words {
    fn words(&self) -> Vec<&str>;
}

impl<S: AsRef<str>> Words for [S] {
    fn words(&self) -> Vec<&str> {
        self.iter().map(AsRef::as_ref).collect()
    }
}

impl<S: AsRef<str>, const N: usize> Words for [S; N] {
    fn words(&self) -> Vec<&str> {
        self[..].words()
    }
}

impl<S: AsRef<str>> Words for Vec<S> {
    fn words(&self) -> Vec<&str> {
        self[..].words()
    }
}

impl Words for str {
    fn words(&self) -> Vec<&str> {
        let quoted = self.split('\'').enumerate();
        quoted
            .flat_map(|(at, part)| {
                if at % 2 == 1 {
                    vec![part]
                } else {
                    part.split_whitespace().collect()
                }
            })
            .collect()
    }
}

impl Words for String {
    fn words(&self) -> Vec<&str> {
        self.as_str().words()
    }
}

/// Every file and directory below this one; what goes while they are listed is not there.
pub fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&entry.path()));
        }
    }
    found.sort();
    found
}

#[track_caller]
fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[track_caller]
fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read_text(path)).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
}

#[track_caller]
fn parse_lines(text: &str, source: &str) -> Vec<Value> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{source}, line {}: no JSON ({error}): {line}", index + 1))
        })
        .collect()
}
