//! The whole way over TLS: a proxy on the server's machine speaks it, with certificates of a house's
//! own authority.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Elsewhere;
use crate::support::client::{Served, serving};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

/// An authority.
struct House(CertifiedIssuer<'static, KeyPair>);

impl House {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A proxy whose certificate is for `localhost`, until the end of this year; it passes bytes on
    /// to the server. Where it listens.
    fn door(&self, served: &Served, until: i32) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 12, 31);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (here, behind) = (listener.local_addr().unwrap(), served.address);
        // It ends with the test's process.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .unwrap()
                .block_on(pass(listener, TlsAcceptor::from(Arc::new(config)), behind));
        });
        here
    }

    /// A machine that knows of this door, and trusts the authority where it is named.
    fn elsewhere(&self, door: SocketAddr, host: &str) -> Elsewhere {
        let machine = Workspace::without_configuration();
        machine.write("authority.pem", self.0.pem());
        Elsewhere::on(machine, format!("https://{host}:{}", door.port()), "ana-token")
    }
}

async fn pass(listener: std::net::TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Whoever does not trust the certificate leaves.
            let Ok(mut outside) = acceptor.accept(stream).await else {
                return;
            };
            let mut inside = TcpStream::connect(behind).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

#[test]
fn commands_and_the_console_work_over_tls_with_an_authority_of_the_house() {
    let (workspace, served, _ana) = serving("");
    let house = House::new();
    let there = house.elsewhere(house.door(&served, 2999), "localhost");
    let trusting = "--authority authority.pem";
    there.machine.write("plan.txt", "new\n");
    there.run(&format!("{trusting} gate open j-1 deploy --artifact plan=plan.txt"), 0);
    let mut desk = there.desk_with(&["--authority", "authority.pem"]);
    desk.sees(" open ");
    // News come as they happen, through a proxy that only passes bytes.
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-2 deploy --artifact plan=plan.txt");
    desk.selects("j-2", "deploy", 1);
    desk.press("a");
    desk.asked(&workspace, "APPROVE j-2");
    desk.confirms("Approved j-2");
    let decision = workspace.decision("j-2", "deploy");
    assert_has!(decision, "by": "ana", "approved": true);
    desk.leaves();
    let (told, _) = there.run(&format!("{trusting} gate wait j-2 deploy"), 0);
    assert_contains(&told, "approved by ana");
}

#[test]
fn whoever_is_not_known_for_the_server_hears_no_token() {
    let (_workspace, served, _ana) = serving("");
    let (house, other) = (House::new(), House::new());
    let door = house.door(&served, 2999);
    let known = house.elsewhere(door, "localhost");
    for (there, args, why) in [
        (
            &known,
            "gate list",
            "has a certificate that no authority vouches for which this machine trusts: name the authority's certificate with --authority FILE",
        ),
        (
            &other.elsewhere(door, "localhost"),
            "--authority authority.pem gate list",
            "has a certificate that no authority vouches for",
        ),
        (
            &house.elsewhere(door, "127.0.0.1"),
            "--authority authority.pem gate list",
            "has a certificate that bears another name: use the name that stands in the certificate",
        ),
        (
            &house.elsewhere(house.door(&served, 2001), "localhost"),
            "--authority authority.pem gate list",
            "has a certificate that has expired: whoever runs the server has to renew it",
        ),
        (
            &house.elsewhere(served.address, "localhost"),
            "gate list",
            "does not speak TLS: look at the port",
        ),
        (&known, "--authority plan.txt gate list", "cannot read plan.txt"),
    ] {
        let (_, said) = there.run(args, 1);
        assert_contains(&said, why);
    }
    known.machine.write("empty.pem", "no certificate\n");
    let (_, said) = known.run("--authority empty.pem gate list", 1);
    assert_contains(&said, "the file of the authority has no certificate in it");
}
