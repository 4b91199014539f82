//! A console that serves as well.

use crate::support::client::{Client, configuration};
use crate::support::run::Workspace;

#[test]
fn a_console_serves_where_that_is_asked_for_and_shows_what_came_in() {
    // A free port, so that the test knows it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = format!("server: {{port: {}, enabled: true}}", address.port());
    let workspace = Workspace::new(&configuration("").replace("server: {port: 0}", &server));
    let console = workspace.pty(&[]);
    console.wait_text(&format!("http://{address}"));
    let ana = Client {
        address,
        token: Some("ana-token".to_owned()),
    };
    let id = ana.start_job("over-http");
    console.wait_text("over-http");
    ana.approve(&id);
    assert_eq!(workspace.decision(&id, "outline")["by"], "ana");
}
