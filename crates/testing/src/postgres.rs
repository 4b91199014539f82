//! PostgreSQL servers of the tests' own: each on a socket in a directory of its own, with a database
//! for whoever asks, gone with the process that started it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, OnceLock};

/// `postgres`, `initdb` and `psql` are looked for where Debian puts them, and in PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Names what may not be missing; then a test fails instead of saying that it did not run.
const NEEDS: &str = "HOLDPOINT_TEST_NEEDS";

/// What PostgreSQL calls its socket.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// The address of a database behind one of these directories with sockets.
pub fn address(dirs: &[&Path], database: &str) -> String {
    let dirs: Vec<_> = dirs
        .iter()
        .map(|dir| dir.display().to_string().replace('/', "%2F"))
        .collect();
    format!("postgres://holdpoint@{}/{database}", dirs.join(","))
}

/// A server. Its processes end when the pipe to their keeper closes, that is with this process,
/// however that ends.
#[derive(Debug)]
pub struct PostgresServer {
    bin: PathBuf,
    dir: PathBuf,
    databases: AtomicU32,
    /// Holds the server as long as its input is open; each line of that starts it.
    keeper: Child,
    /// Each time that it took connections or ended.
    told: Mutex<Receiver<Told>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Ready,
    Ended,
}

/// The server that the tests of this process share; none, and said so once, where there is no
/// PostgreSQL.
pub fn server() -> Option<&'static PostgresServer> {
    static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
    SERVER
        .get_or_init(|| Some(PostgresServer::start(bin()?, &[]).unwrap()))
        .as_ref()
}

/// Where PostgreSQL's programs are; none, and said so once: there is no PostgreSQL here.
fn bin() -> Option<PathBuf> {
    static BIN: OnceLock<Option<PathBuf>> = OnceLock::new();
    let bin = BIN.get_or_init(|| match find_bin() {
        None if std::env::var(NEEDS).is_ok_and(|needs| needs.contains("postgresql")) => {
            panic!("{NEEDS} names postgresql, but no initdb is in PATH or {DEBIAN}/*/bin")
        }
        None => {
            // Not by `eprintln!`: of a test that passes that is never seen.
            let _ = writeln!(
                io::stderr(),
                "NOT RUN: the tests on PostgreSQL, for there is no initdb here"
            );
            None
        }
        found @ Some(_) => found,
    });
    bin.clone()
}

fn find_bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let of_debian = of_debian.map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(of_debian)
        .map(|dir| dir.join("initdb"))
        .find_map(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned()))
}

impl PostgresServer {
    /// One of the caller's own, that may be killed, and that flushes what it says it has written;
    /// none where there is no PostgreSQL.
    pub fn of_own() -> Option<Self> {
        Some(Self::start(bin()?, &["fsync=on"]).unwrap())
    }

    fn start(bin: PathBuf, settings: &[&str]) -> io::Result<Self> {
        let dir = new_dir()?;
        let mut initdb = as_other(&bin.join("initdb"))?;
        initdb.arg("-D").arg(dir.join("data"));
        run(initdb.args([
            "-U",
            "holdpoint",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]))?;
        Self::on(bin, dir, settings)
    }

    /// A synchronous standby of this server: from here on this one says that something is committed
    /// when both have it.
    pub fn standby(&self) -> io::Result<Self> {
        let dir = new_dir()?;
        let mut backup = as_other(&self.bin.join("pg_basebackup"))?;
        backup.arg("-h").arg(&self.dir).arg("-D").arg(dir.join("data"));
        run(backup.args(["-U", "holdpoint", "-R", "--checkpoint=fast", "--no-sync"]))?;
        let standby = Self::on(self.bin.clone(), dir, &["fsync=on"])?;
        self.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.control("reload")?;
        // A column with that word, and no other has it.
        while !self.psql("postgres", "TABLE pg_stat_replication")?.contains("|sync|") {}
        Ok(standby)
    }

    /// Makes a standby take over.
    pub fn promote(&self) -> io::Result<()> {
        self.control("promote")
    }

    fn control(&self, deed: &str) -> io::Result<()> {
        let mut control = as_other(&self.bin.join("pg_ctl"))?;
        run(control.arg(deed).arg("-D").arg(self.dir.join("data"))).map(drop)
    }

    /// Runs what is in this directory, with these settings beside those for tests.
    fn on(bin: PathBuf, dir: PathBuf, settings: &[&str]) -> io::Result<Self> {
        let mut keeper = as_other(Path::new("/bin/sh"))?;
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(dir.join("data"))
            .arg("-k")
            .arg(&dir);
        for setting in ["listen_addresses=", "fsync=off", "max_connections=300"]
            .iter()
            .chain(settings)
        {
            keeper.args(["-c", setting]);
        }
        keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut keeper = keeper.spawn()?;
        let said = BufReader::new(keeper.stderr.take().unwrap());
        let mut log = File::create(dir.join("log"))?;
        let (tell, told) = sync_channel(1000);
        // Whoever writes into a full pipe waits, so it is read to its end.
        std::thread::spawn(move || {
            for line in said.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                let _ = writeln!(log, "{line}");
                if line.contains("ready to accept") {
                    let _ = tell.send(Told::Ready);
                } else if line == ENDED {
                    let _ = tell.send(Told::Ended);
                }
            }
        });
        let mut server = Self {
            bin,
            dir,
            databases: AtomicU32::new(0),
            keeper,
            told: Mutex::new(told),
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it after it was killed, and waits until it takes connections.
    pub fn start_again(&mut self) -> io::Result<()> {
        // What is left of a server that was killed may not have ended yet: then this one refuses.
        for _ in 0..STARTS_MAX {
            self.keeper.stdin.as_mut().unwrap().write_all(b"\n")?;
            if self.hear()? == Told::Ready {
                return Ok(());
            }
        }
        Err(io::Error::other(std::fs::read_to_string(self.dir.join("log"))?))
    }

    fn hear(&mut self) -> io::Result<Told> {
        self.told.get_mut().unwrap().recv().map_err(io::Error::other)
    }

    /// Kills all its processes at once.
    pub fn kill(&mut self) -> io::Result<()> {
        let pid = std::fs::read_to_string(self.dir.join("data/postmaster.pid"))?;
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", "kill -KILL $0 2>/dev/null; true"])
            .arg(format!("{pid} {children}"));
        run(&mut kill)?;
        while self.hear()? != Told::Ended {}
        Ok(())
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> io::Result<String> {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(address(&[&self.dir], &name))
    }

    /// The directory of its socket.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where its programs are.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> PathBuf {
        self.dir.join(SOCKET)
    }

    /// What `psql` answers in this database, without heads and blanks.
    pub fn psql(&self, database: &str, sql: &str) -> io::Result<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.arg("-h").arg(&self.dir);
        run(psql.args([
            "-U",
            "holdpoint",
            "-d",
            database,
            "-X",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]))
    }
}

/// Starts the server at each line of its input, and ends it when nobody holds the other end: then
/// nobody reads what it says either.
const KEEPER: &str = r#"while read -r _; do { "$@" <&-; echo "the server has ended" >&2; } & done
exec 2> /dev/null; kill -QUIT $(head -n 1 "$3/postmaster.pid"); wait; rm -rf "$5""#;
const ENDED: &str = "the server has ended";
const STARTS_MAX: u32 = 20;

/// A directory that PostgreSQL can have.
fn new_dir() -> io::Result<PathBuf> {
    let made = run(Command::new("mktemp").args(["-d", "/tmp/holdpoint-pg.XXXXXX"]))?;
    let dir = PathBuf::from(made.trim());
    if is_root()? {
        run(Command::new("chown").arg("postgres").arg(&dir))?;
    }
    Ok(dir)
}

fn is_root() -> io::Result<bool> {
    Ok(run(Command::new("id").arg("-u"))?.trim() == "0")
}

/// A program as PostgreSQL runs it, which refuses to run as root.
fn as_other(program: &Path) -> io::Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    Ok(command)
}

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let what = format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(what))
}
