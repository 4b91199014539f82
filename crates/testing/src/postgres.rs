//! A PostgreSQL server of the tests' own: on a socket in a directory of its own, with a database for
//! whoever asks, gone with the process that started it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// `postgres`, `initdb` and `psql` are looked for where Debian puts them, and in PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Names what may not be missing; then a test fails instead of saying that it did not run.
const NEEDS: &str = "HOLDPOINT_TEST_NEEDS";

/// What PostgreSQL calls its socket.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// A server. Its process ends when the pipe to it closes, that is with this process, however that
/// ends.
#[derive(Debug)]
pub struct PostgresServer {
    bin: PathBuf,
    dir: PathBuf,
    databases: AtomicU32,
    _keeper: Child,
}

/// The server that the tests of this process share; none, and said so once, where there is no
/// PostgreSQL.
pub fn server() -> Option<&'static PostgresServer> {
    static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match bin() {
        Some(bin) => Some(PostgresServer::start(bin, &[]).unwrap()),
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
    });
    server.as_ref()
}

/// Where its programs are; none: there is no PostgreSQL here.
pub fn bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let of_debian = of_debian.map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(of_debian)
        .map(|dir| dir.join("initdb"))
        .find_map(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned()))
}

impl PostgresServer {
    /// Starts one with these settings beside those for tests.
    pub fn start(bin: PathBuf, settings: &[&str]) -> io::Result<Self> {
        let made = run(Command::new("mktemp").args(["-d", "/tmp/holdpoint-pg.XXXXXX"]))?;
        let dir = PathBuf::from(made.trim());
        // PostgreSQL refuses to run as root.
        let is_root = run(Command::new("id").arg("-u"))?.trim() == "0";
        if is_root {
            run(Command::new("chown").arg("postgres").arg(&dir))?;
        }
        let as_other = |program: &Path| match is_root {
            true => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                    .arg(program);
                command
            }
            false => Command::new(program),
        };
        let data = dir.join("data");
        let mut initdb = as_other(&bin.join("initdb"));
        initdb.arg("-D").arg(&data);
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
        let mut keeper = as_other(Path::new("/bin/sh"));
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
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
        let mut said = BufReader::new(keeper.stderr.take().unwrap());
        let mut all = String::new();
        while !all.contains("ready to accept connections") {
            if said.read_line(&mut all)? == 0 {
                return Err(io::Error::other(all));
            }
        }
        let mut log = File::create(dir.join("log"))?;
        // Whoever writes into a full pipe waits.
        std::thread::spawn(move || io::copy(&mut said, &mut log));
        Ok(Self {
            bin,
            dir,
            databases: AtomicU32::new(0),
            _keeper: keeper,
        })
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> io::Result<String> {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"))?;
        let socket = self.dir.display().to_string().replace('/', "%2F");
        Ok(format!("postgres://holdpoint@{socket}/{name}"))
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

/// Runs the server until nobody holds the other end of its input.
const KEEPER: &str = r#""$@" <&- & server=$!; cat > /dev/null; kill -QUIT $server; wait $server; rm -rf "$5""#;

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let what = format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(what))
}
