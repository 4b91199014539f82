//! Webhooks over TLS, to a receiver whose certificate an authority of the house has signed.

use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::webhooks::{SECRET, standing};
use crate::support::client::{Served, configuration};
use crate::support::receiver::{OK, Receiver};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_starts};

/// An authority of its own, and a receiver at `localhost` that it vouches for.
struct House {
    authority_pem: String,
    receiver: Receiver,
}

impl House {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
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
        let config = Arc::new(config);
        let receiver = Receiver::over(TcpListener::bind("127.0.0.1:0").unwrap(), OK, move |stream| {
            StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)
        });
        Self {
            authority_pem: authority.pem(),
            receiver,
        }
    }

    fn workspace(&self) -> Workspace {
        let port = self.receiver.address.port();
        let webhook = format!(
            "webhooks:\n  - {{name: chat, url: 'https://localhost:{port}/in', secret_env: HOLDPOINT_TEST_SECRET}}\n"
        );
        let workspace = Workspace::new(&configuration(&webhook));
        workspace.write("authority.pem", &self.authority_pem);
        workspace
    }
}

fn serve(workspace: &Workspace, trusted: Option<&str>) -> Served {
    let mut environment = vec![("HOLDPOINT_TEST_SECRET", SECRET)];
    environment.extend(trusted.map(|file| ("SSL_CERT_FILE", file)));
    let served = Served::start_with(workspace, &environment);
    served.until("this process leads");
    served
}

#[test]
fn a_receiver_whose_certificate_nobody_vouches_for_gets_nothing_until_its_authority_is_trusted() {
    let house = House::new();
    let workspace = house.workspace();
    let served = serve(&workspace, None);
    let id = served.ana().start_job("tides");
    let said = served.until("not delivered");
    assert_contains(&said, "TLS failed: no authority that this machine trusts");
    assert_contains(&said, "it is tried again");
    while standing(&workspace)["failed_attempts"].as_u64() < Some(2) {}
    let refused = standing(&workspace);
    assert_has!(refused, "delivered": 0, "lost": 0, "waiting": 1);
    assert_starts(refused["fault"].as_str().unwrap(), "TLS failed");
    assert!(house.receiver.rest().is_empty(), "not a byte of a request has left");
    served.leaves();

    // As docs/WEBHOOKS.md says: one's own authority, by the environment.
    let _served = serve(&workspace, Some("authority.pem"));
    let delivered = house.receiver.next();
    delivered.verify(SECRET.as_bytes());
    assert_eq!(
        (delivered.kind(), &delivered.json()["job"]["id"]),
        ("gate_opened", &json!(id))
    );
    assert_ne!(delivered.header("x-holdpoint-attempt"), "1");
    while standing(&workspace)["delivered"] != json!(1) {}
}

#[test]
fn a_certificate_of_another_name_is_not_the_receivers() {
    let house = House::new();
    let workspace = house.workspace();
    let other = workspace
        .read("conf/operator.yaml")
        .replace("https://localhost:", "https://127.0.0.1:");
    workspace.write("conf/operator.yaml", other);
    let served = serve(&workspace, Some("authority.pem"));
    served.ana().start_job("tides");
    let said = served.until("not delivered");
    assert_contains(&said, "TLS failed: the receiver's certificate bears another name");
    assert!(house.receiver.rest().is_empty());
}
