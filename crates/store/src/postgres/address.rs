//! Where a PostgreSQL database is, and how it is spoken to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::sync::Notify;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::RowError;

/// How long a connection may take to be made, and how long a line may be silent before it counts as
/// lost.
const CONNECT_TIME: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(10);

/// `postgres://user@host/database`, checked. TLS is asked for wherever the line leaves this machine.
#[derive(Debug, Clone)]
pub struct PostgresAddress {
    config: Arc<Config>,
    has_tls: bool,
    /// A file with the certificates of who may sign for the server; none: the machine's own.
    authority: Option<PathBuf>,
}

/// What is wrong with the address of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PostgresAddressError(String);

impl FromStr for PostgresAddress {
    type Err = PostgresAddressError;

    fn from_str(text: &str) -> Result<Self, PostgresAddressError> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(PostgresAddressError("it does not begin with postgres://".to_owned()));
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let mut mode = None;
        let mut authority = None;
        let mut rest = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", word)) => mode = Some(word),
                Some(("sslrootcert", file)) => authority = Some(PathBuf::from(file)),
                Some(("hostaddr", _)) => {
                    return Err(PostgresAddressError(
                        "hostaddr: the host alone says where it is".to_owned(),
                    ));
                }
                Some(_) | None => rest.push(part),
            }
        }
        let address = if rest.is_empty() {
            address.to_owned()
        } else {
            format!("{address}?{}", rest.join("&"))
        };
        let mut config: Config = address
            .parse()
            .map_err(|error: tokio_postgres::Error| PostgresAddressError(words_of(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(PostgresAddressError("it names no host".to_owned()));
        }
        // A password with an @ in it: what follows would be shown as the host.
        if config.get_hosts().iter().any(|host| host_text(host).contains('@')) {
            return Err(PostgresAddressError("write an @ of the password as %40".to_owned()));
        }
        let is_here = config.get_hosts().iter().all(is_this_machine);
        let has_tls = match mode {
            None => !is_here,
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(other) => {
                let what = format!("sslmode={other}: it is disable or verify-full (require is taken for verify-full)");
                return Err(PostgresAddressError(what));
            }
        };
        config.ssl_mode(if has_tls { SslMode::Require } else { SslMode::Disable });
        // Of several hosts the one that takes writes: a standby may lag.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT_TIME).tcp_user_timeout(SILENCE);
        config
            .keepalives_idle(SILENCE)
            .keepalives_interval(CONNECT_TIME)
            .keepalives_retries(1);
        if config.get_application_name().is_none() {
            config.application_name("holdpoint");
        }
        Ok(Self {
            config: Arc::new(config),
            has_tls,
            authority,
        })
    }
}

fn words_of(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

impl fmt::Display for PostgresAddress {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.config.get_hosts().iter().map(host_text).collect();
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        let ports: Vec<_> = self.config.get_ports().iter().map(|port| format!(":{port}")).collect();
        write!(f, "postgres://{}{}/{database}", hosts.join(","), ports.join(","))
    }
}

fn host_text(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

impl PostgresAddress {
    /// Connects; `news` is told of each notification, and when the line has ended.
    pub(super) async fn connect(&self, news: Arc<Notify>) -> Result<Client, RowError> {
        let connecting = async {
            match self.has_tls {
                true => self.connect_with(MakeRustlsConnect::new(self.tls()?), news).await,
                false => self.connect_with(NoTls, news).await,
            }
        };
        // Whoever takes the connection and is silent is as good as away.
        match tokio::time::timeout(SILENCE, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(RowError::Lost("it does not answer".to_owned())),
        }
    }

    async fn connect_with<T>(&self, tls: T, news: Arc<Notify>) -> Result<Client, RowError>
    where
        T: MakeTlsConnect<Socket> + Send,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
    {
        let (client, mut line) = self.config.connect(tls).await?;
        // What ends it is told by the next statement.
        tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| line.poll_message(cx)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    news.notify_one();
                }
            }
            drop(line);
            news.notify_one();
        });
        Ok(client)
    }

    fn tls(&self) -> Result<ClientConfig, RowError> {
        // Somebody else may have named it first; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Some(file) = &self.authority else {
            return ClientConfig::with_platform_verifier().map_err(RowError::unreadable);
        };
        let bad = |what: String| RowError::Value(format!("{}: {what}", file.display()));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))? {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        }
        Ok(ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth())
    }
}
