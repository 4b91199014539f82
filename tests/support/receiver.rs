//! A receiver of webhooks that hides nothing: plain sockets, answers as it is told, and signatures
//! verified by a computation of its own.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, sync_channel};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::client::first_and_headers;
use crate::support::pty::patience;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Delivered {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Delivered {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub fn kind(&self) -> &str {
        self.header("x-holdpoint-event")
    }

    pub fn id(&self) -> &str {
        self.header("x-holdpoint-delivery")
    }

    /// The same delivery, byte for byte, tried again for the so many-th time.
    #[track_caller]
    pub fn is_attempt(&self, number: u32, first: &Self) {
        assert_eq!((self.id(), &self.bytes), (first.id(), &first.bytes));
        assert_eq!(self.header("x-holdpoint-attempt"), number.to_string());
    }

    /// As a receiver does it: over the time, a full stop and the bytes.
    #[track_caller]
    pub fn verify(&self, secret: &[u8]) {
        let signed = [self.header("x-holdpoint-timestamp").as_bytes(), b".", &self.bytes].concat();
        assert_eq!(
            self.header("x-holdpoint-signature"),
            format!("sha256={}", hmac(secret, &signed))
        );
    }
}

/// RFC 2104 by the book; not the code that signed.
fn hmac(secret: &[u8], message: &[u8]) -> String {
    assert!(secret.len() <= 64, "a longer key is hashed first");
    let pad = |with: u8| {
        let mut key = secret.to_vec();
        key.resize(64, 0);
        key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What to do with the request of this number, from 0.
pub type Script = fn(usize) -> Reply;

/// An answer.
pub enum Reply {
    /// A status line and headers.
    Status(&'static str),
    /// None, until the sender gives up.
    Never,
}

pub const OK: Script = |_| Reply::Status("204 No Content");

/// A receiver at work until the test ends.
pub struct Receiver {
    pub address: SocketAddr,
    requests: Channel<Delivered>,
}

impl Receiver {
    pub fn start(script: Script) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub fn on(listener: TcpListener, script: Script) -> Self {
        Self::over(listener, script, |stream| stream)
    }

    /// The same over TLS, say: what is spoken on a connection is `wrap`'s.
    pub fn over<S: Read + Write + Send + 'static>(
        listener: TcpListener,
        script: Script,
        wrap: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, requests) = sync_channel(1000);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let mut stream = wrap(stream);
                let Some(delivered) = request(&mut stream) else {
                    continue;
                };
                match script(number) {
                    Reply::Status(status) => {
                        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                        let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
                    }
                    Reply::Never => held.push(stream),
                }
                if sender.send(delivered).is_err() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    #[track_caller]
    pub fn next(&self) -> Delivered {
        self.requests.recv_timeout(patience()).expect("another delivery")
    }

    /// What has come and was not taken yet.
    pub fn rest(&self) -> Vec<Delivered> {
        self.requests.try_iter().collect()
    }

    /// Takes deliveries until one of this kind.
    #[track_caller]
    pub fn until(&self, kind: &str) -> Delivered {
        loop {
            let delivered = self.next();
            if delivered.kind() == kind {
                return delivered;
            }
        }
    }
}

fn request(stream: &mut impl Read) -> Option<Delivered> {
    let mut reader = BufReader::new(stream);
    let (first, headers) = first_and_headers(&mut reader).ok()?;
    assert!(first.starts_with("POST "), "{first}");
    let length = headers.iter().find(|(name, _)| name == "content-length")?;
    let mut bytes = vec![0; length.1.parse().ok()?];
    reader.read_exact(&mut bytes).ok()?;
    Some(Delivered {
        path: first.split(' ').nth(1)?.to_owned(),
        headers,
        bytes,
    })
}
