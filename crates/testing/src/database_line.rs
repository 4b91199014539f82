//! The line of one host to its database, which a test cuts: a socket of its own in front of
//! PostgreSQL's. It stands for the network, whose packets a firewall refuses or swallows.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::postgres::SOCKET;

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Connections end, and new ones are refused.
    Refused,
    /// Nothing arrives on either side and nobody is told; what lasted through it has ended then, as
    /// the system ends a connection of which nothing is heard.
    Swallowed,
    /// Nothing arrives until the line is there again, then all of it does.
    Late,
}

/// The line. It is there until it is cut, and again when that is over.
pub struct DatabaseLine {
    dir: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    is_mended: Condvar,
}

#[derive(Default)]
struct State {
    cut: Option<(Cut, Instant)>,
    /// The line is to be cut like this, for so long, behind the next COMMIT.
    behind_commit: Option<(Cut, Duration)>,
    /// Both ends of each connection, by its number.
    open: BTreeMap<u64, [UnixStream; 2]>,
    connections: u64,
}

impl DatabaseLine {
    /// A line to the server that has its socket in this directory.
    pub fn to(server: &Path) -> io::Result<Self> {
        let made = Command::new("mktemp")
            .args(["-d", "/tmp/holdpoint-line.XXXXXX"])
            .output()?;
        let dir = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
        let door = UnixListener::bind(dir.join(SOCKET))?;
        let shared = Arc::<Shared>::default();
        let (state, server) = (Arc::clone(&shared), server.join(SOCKET));
        std::thread::spawn(move || {
            for client in door.incoming().map_while(Result::ok) {
                // Whoever comes to a line that is swallowed waits behind it, and keeps nobody else
                // from coming.
                let (state, server) = (Arc::clone(&state), server.clone());
                std::thread::spawn(move || state.serve(client, &server));
            }
        });
        Ok(Self { dir, shared })
    }

    /// The directory of its socket.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Cuts it for so long.
    pub fn cut(&self, how: Cut, time: Duration) {
        self.shared.cut(how, time);
    }

    /// Lets the next COMMIT through, and cuts the line before its answer.
    pub fn cut_behind_commit(&self, how: Cut, time: Duration) {
        self.shared.state.lock().unwrap().behind_commit = Some((how, time));
    }

    /// Whether a COMMIT has come since that was said.
    pub fn has_cut_behind_commit(&self) -> bool {
        self.shared.state.lock().unwrap().behind_commit.is_none()
    }

    /// Whether it is there at this moment.
    pub fn is_there(&self) -> bool {
        let cut = self.shared.state.lock().unwrap().cut;
        cut.is_none_or(|(_, until)| until <= Instant::now())
    }

    /// Makes it whole at once, for good.
    pub fn mend(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.behind_commit = None;
        state.cut = state.cut.map(|(how, _)| (how, Instant::now()));
        drop(state);
        self.shared.is_mended.notify_all();
    }
}

impl Drop for DatabaseLine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Shared {
    fn cut(&self, how: Cut, time: Duration) {
        self.state.lock().unwrap().cut = Some((how, Instant::now() + time));
        if how == Cut::Refused {
            self.end_all();
        }
    }

    fn end_all(&self) {
        for end in self.state.lock().unwrap().open.values().flatten() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Waits until the line is there; false: what waited ends.
    fn is_passed(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let mut was = None;
        while let Some((how, until)) = state.cut {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.cut = None;
            } else if how == Cut::Refused {
                return false;
            } else {
                was = Some(how);
                state = self.is_mended.wait_timeout(state, left).unwrap().0;
            }
        }
        was != Some(Cut::Swallowed)
    }

    /// Whether this has the COMMIT behind which the line is cut: nothing comes back any more. Where its
    /// connections are to end, how long: they do when the server has done it, which leaves undone what
    /// nobody waits for.
    fn is_cut_behind(&self, bytes: &[u8]) -> Option<Duration> {
        let mut state = self.state.lock().unwrap();
        let (how, time) = state.behind_commit.take_if(|_| has(bytes, COMMIT))?;
        if how == Cut::Refused {
            return Some(time);
        }
        state.cut = Some((how, Instant::now() + time));
        None
    }

    fn serve(&self, client: UnixStream, server: &Path) -> io::Result<()> {
        if !self.is_passed() {
            return Ok(());
        }
        let server = UnixStream::connect(server)?;
        let mut state = self.state.lock().unwrap();
        state.connections += 1;
        let number = state.connections;
        state.open.insert(number, [client.try_clone()?, server.try_clone()?]);
        drop(state);
        let over: Mutex<Option<Duration>> = Mutex::new(None);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                self.pass(&client, &server, |bytes| {
                    if let Some(time) = self.is_cut_behind(bytes) {
                        *over.lock().unwrap() = Some(time);
                    }
                    true
                });
            });
            self.pass(&server, &client, |bytes| {
                let Some(time) = *over.lock().unwrap() else {
                    return true;
                };
                if ENDED.iter().any(|ended| has(bytes, ended)) {
                    self.cut(Cut::Refused, time);
                }
                false
            });
        });
        self.state.lock().unwrap().open.remove(&number);
        Ok(())
    }

    /// Passes on one direction of a connection to its end, and ends the other. `look` says whether
    /// these bytes go on.
    fn pass(&self, mut from: &UnixStream, mut to: &UnixStream, look: impl Fn(&[u8]) -> bool) {
        let mut bytes = [0; 65536];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let bytes = &bytes[..count];
            if !self.is_passed() {
                break;
            }
            if look(bytes) && to.write_all(bytes).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

/// As the store ends each of its transactions.
const COMMIT: &[u8] = b"; COMMIT";
/// As the server says that none is under way, or that one has failed.
const ENDED: [&[u8]; 2] = [b"Z\0\0\0\x05I", b"Z\0\0\0\x05E"];

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
