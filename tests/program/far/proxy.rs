//! What may stand between a client and its server: a proxy that passes requests on, or does what
//! proxies do.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::support::client::first_and_headers;

/// What becomes of a request.
pub enum Deed {
    /// It is passed on, and its answer comes back.
    Pass,
    /// The server gets it, and its answer is lost.
    LoseAnswer,
    /// The server gets it twice; the second answer comes back.
    Twice,
    /// The line is cut before the server gets it.
    Cut,
    /// The proxy answers itself.
    Say(String),
}

/// A request.
#[derive(Clone)]
pub struct Request {
    /// `POST /api/v1/commands`
    pub what: String,
    pub body: Vec<u8>,
    /// How many of the same path came before it.
    pub number: usize,
    pub at: Instant,
}

/// The proxy.
pub struct Proxy {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// One before this server.
    pub fn before(server: SocketAddr, deed: impl Fn(&Request) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (noted, deed) = (Arc::clone(&requests), Arc::new(deed));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (noted, deed) = (Arc::clone(&noted), Arc::clone(&deed));
                // A client or a server that leaves is no fault of the proxy.
                std::thread::spawn(move || drop(serve(client, server, &noted, &*deed)));
            }
        });
        Self { address, requests }
    }

    /// Those that came to this path.
    pub fn requests(&self, what: &str) -> Vec<Request> {
        let all = self.requests.lock().unwrap();
        all.iter().filter(|one| one.what.starts_with(what)).cloned().collect()
    }
}

/// An answer as it is on the line.
pub fn said(status: &str, headers: &str, body: &str) -> Deed {
    let length = body.len();
    Deed::Say(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

/// One request a connection.
fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    noted: &Mutex<Vec<Request>>,
    deed: &dyn Fn(&Request) -> Deed,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (first, headers) = first_and_headers(&mut reader)?;
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let what = first.rsplit_once(' ').unwrap().0.to_owned();
    let request = {
        let mut all = noted.lock().unwrap();
        let path = |what: &str| what.split('?').next().unwrap().to_owned();
        let number = all.iter().filter(|one| path(&one.what) == path(&what)).count();
        let at = Instant::now();
        all.push(Request { what, body, number, at });
        all[all.len() - 1].clone()
    };
    let mut text = format!("{first}\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| name != "connection") {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("connection: close\r\n\r\n");
    let pass = || {
        let mut stream = TcpStream::connect(server)?;
        stream.write_all(text.as_bytes())?;
        stream.write_all(&request.body)?;
        Ok::<_, std::io::Error>(stream)
    };
    match deed(&request) {
        Deed::Cut => Ok(()),
        Deed::Say(text) => client.write_all(text.as_bytes()),
        Deed::LoseAnswer => pass()?.read_to_end(&mut Vec::new()).map(drop),
        Deed::Twice => {
            pass()?.read_to_end(&mut Vec::new())?;
            copy(pass()?, client)
        }
        Deed::Pass => copy(pass()?, client),
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) -> std::io::Result<()> {
    let mut piece = [0; 16 * 1024];
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&piece[..count])?;
    }
}
