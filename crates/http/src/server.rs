//! The accept loop: connections within limits, on threads of their own, until told to leave.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBuf;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tower::ServiceExt;

use clock::Clock;
use engine::client::Client;
use engine::far::KeptAnswers;
use text::words::duration;

use super::app::{ANSWERING_MAX, App, LARGE_ANSWERS_MAX, LARGE_MAX, LONG_MAX};
use super::auth::Tokens;
use super::limits::{HEAD_BYTES_MAX, Limiters};
use super::metrics::Metrics;
use super::shares::Shares;
use super::socket::Impatient;
use super::{openapi, router};

/// The most connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// How long the head of a request may take, and how long a connection may idle between two.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// The most headers of a request.
const HEADERS_MAX: usize = 100;
/// How long an answer may lie without the client taking any of it.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// The most bytes of an answer that the system keeps for a client that does not take them (it
/// doubles this for its own needs). Left to itself it keeps some mebibytes each, and a stream would
/// learn too late that nobody reads it.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// How long requests under way may take once the server leaves.
const LEAVE_TIME: Duration = Duration::from_secs(10);
/// How often those who have not come for long are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// What a server is started with.
pub struct ServerSettings {
    /// The way to the engine.
    pub engine: Client,
    pub clock: Arc<dyn Clock>,
    /// The absolute path of the runs directory.
    pub runs_dir: String,
    /// The configuration file; none: the embedded text.
    pub config_path: Option<PathBuf>,
    /// The environment's `ADMIN_TOKEN`.
    pub admin_token: Option<String>,
    /// Which holdpoint this is: names and values.
    pub build: Vec<(&'static str, String)>,
}

/// Why a server was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody could come in.
    #[error("no token is configured, and no trusted proxy: nobody could come in over HTTP")]
    NoToken,
    /// The token is known to everybody.
    #[error("ADMIN_TOKEN is the text of security.default_token, which everybody can read")]
    DefaultToken,
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A thread or a runtime could not be made.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl StartError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoToken => {
                "holdpoint token new NAME --role operator makes one; holdpoint serve --no-http goes without HTTP"
            }
            Self::DefaultToken => "make another: holdpoint token new NAME --role operator",
            Self::Bind { .. } => "set server.port to another one, or end what listens there",
            Self::Thread(_) => "try again in a moment",
        }
    }
}

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// A server at work.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    leave: watch::Sender<bool>,
    left: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
}

impl Serving {
    /// Stops listening, lets requests under way end, and ends the threads. The engine's loop has to
    /// turn meanwhile.
    pub async fn leave(self) {
        // If this fails the thread has died, and so the server has stopped.
        let _ = self.leave.send(true);
        let _ = self.left.await;
        if self.thread.join().is_err() {
            tracing::error!("the HTTP thread panicked");
        }
    }
}

/// Listens and serves from now on.
pub fn start(settings: ServerSettings) -> Result<Serving, StartError> {
    let config = Arc::clone(&settings.engine.standing().config);
    let keys = Tokens::new(settings.admin_token.as_deref(), settings.engine.operator().via.clone());
    if keys.is_default(&config) {
        return Err(StartError::DefaultToken);
    }
    if !keys.is_any(&config) {
        return Err(StartError::NoToken);
    }
    let address = config.server.address();
    let refused = |error: io::Error| StartError::Bind { address, error };
    let listener = TcpListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    // Accepted connections inherit this size.
    setsockopt(&listener, SndBuf, &SEND_BUFFER_BYTES).map_err(|errno| refused(errno.into()))?;
    let address = listener.local_addr().map_err(refused)?;
    let (leave, leaving) = watch::channel(false);
    let (left_sender, left) = oneshot::channel();
    let (routes, documents) = router::routes();
    let app = Arc::new(App {
        engine: settings.engine,
        clock: settings.clock,
        runs_dir: address.ip().is_loopback().then_some(settings.runs_dir),
        config_path: settings.config_path,
        keys,
        rates: Limiters::new(config.security.rate_limiting),
        metrics: Metrics::new(settings.build),
        leaving: leaving.clone(),
        openapi: openapi::Documents::new(documents),
        long: Arc::new(Semaphore::new(LONG_MAX)),
        large: Shares::new(LARGE_MAX),
        large_answers: Arc::new(Semaphore::new(LARGE_ANSWERS_MAX)),
        answering: Shares::new(ANSWERING_MAX),
        told: KeptAnswers::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(StartError::Thread)?;
    let router = router::layered(routes, &app);
    let thread = std::thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || {
            runtime.block_on(serve(listener, router, app, leaving));
            runtime.shutdown_background();
            // The process that waits may have ended as well.
            let _ = left_sender.send(());
        })
        .map_err(StartError::Thread)?;
    Ok(Serving {
        address,
        leave,
        left,
        thread,
    })
}

async fn serve(listener: TcpListener, router: Router, app: Arc<App>, mut leaving: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("HTTP cannot be served: {error}"),
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut forget = tokio::time::interval(FORGET_EVERY);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        tokio::select! {
            biased;
            // An error means that the other end is gone: stop.
            _ = leaving.changed() => break,
            _ = forget.tick() => app.rates.forget(),
            accepted = accept(&listener, place) => match accepted {
                Ok((stream, peer, place)) => {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(connection(stream, peer, router.clone(), graceful.watcher(), place));
                }
                Err(error) => {
                    tracing::warn!("a connection was not accepted: {error}");
                    // No descriptors are left; after a moment some will be free again.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(LEAVE_TIME, graceful.shutdown()).await.is_err() {
        let waited = duration(LEAVE_TIME.as_secs());
        tracing::warn!("some requests were still under way after {waited}");
    }
}

async fn accept(
    listener: &tokio::net::TcpListener,
    place: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = place.await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(Impatient::new(stream, WRITE_TIME)), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("connection from {peer}: {error}");
    }
}
