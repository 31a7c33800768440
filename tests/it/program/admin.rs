//! The pages for monitoring.

use super::serve::Server;
use super::*;
use bytegate::Method;
use bytegate::testing::{ClientResponse, StreamClient};
use std::os::unix::net::UnixStream;

/// Returns the address that the program names for its pages.
fn admin_address(server: &Server) -> String {
    loop {
        let line = server.program.error_line();
        if let Some((_, address)) = line.split_once("/metrics, /healthz and /readyz are on ") {
            return address.trim_end().to_string();
        }
    }
}

fn ask(address: &str, path: &str, host: &str) -> ClientResponse {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    if let Some(path) = address.strip_prefix("unix:") {
        let mut client = StreamClient::new(UnixStream::connect(path).expect("it listens"));
        client.send(request).expect("it is sent");
        return client.response(Method::GET).expect("a response");
    }
    let address = address.strip_prefix("http://").expect("a URL");
    let mut client = StreamClient::connect(address).expect("it listens");
    client.send(request).expect("it is sent");
    client.response(Method::GET).expect("a response")
}

fn get(address: &str, path: &str) -> ClientResponse {
    ask(address, path, "localhost")
}

/// Waits until the server is ready, or until it is not.
fn wait_for(address: &str, status: u16) -> ClientResponse {
    let started = Instant::now();
    loop {
        let page = get(address, "/readyz");
        if page.status() == status {
            return page;
        }
        assert!(started.elapsed() < DEADLINE, "{page:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_admin_pages_are_only_on_the_admin_address() {
    let server = Server::start(&["--admin", "127.0.0.1:0"]);
    let address = admin_address(&server);
    assert_eq!(server.get("/").status(), 200);
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(server.get(path).status(), 404, "{path}");
    }
    let page = get(&address, "/metrics");
    assert!(
        page.text()
            .contains("\nbytegate_connections_accepted_total 4\n"),
        "{}",
        page.text()
    );
    assert!(
        page.text()
            .contains("\nbytegate_responses_total{status=\"4xx\"} 3\n"),
        "{}",
        page.text()
    );
    let health = get(&address, "/healthz");
    assert_eq!((health.status().code(), health.text()), (200, "alive\n"));
    assert_eq!(wait_for(&address, 200).text(), "ready\n");
    // A page whose name was rebound to this machine.
    assert_eq!(ask(&address, "/metrics", "example.com").status(), 421);
    assert_eq!(get(&address, "/").status(), 404);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_server_that_drains_is_alive_but_not_ready() {
    let folder = Folder::new("admin", &[("a", b"")]);
    let path = folder.path.join("admin.sock");
    let unix = format!("unix:{}", path.display());
    // The second signal ends it.
    let server = Server::start(&["--admin", &unix, "--drain-delay", "60s"]);
    let address = admin_address(&server);
    assert_eq!(address, unix);
    wait_for(&address, 200);
    server.signal("-TERM");
    let page = wait_for(&address, 503);
    assert_eq!(page.text(), "draining\n");
    assert_eq!(get(&address, "/healthz").status(), 200);
    assert_eq!(server.get("/").status(), 200);
}

#[test]
fn an_admin_address_that_is_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Program::start(&["serve", "--port", "0", "--admin", &address]).end();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with(&format!("bytegate: --admin {address}: ")),
        "{}",
        ended.stderr
    );
    let ended = Program::start(&["serve", "--admin", "9100"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.starts_with("bytegate: --admin \"9100\": "),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_stop_removes_the_admin_socket() {
    let folder = Folder::new("admin-stop", &[("a", b"")]);
    let path = folder.path.join("admin.sock");
    let server = Server::start(&["--admin", &format!("unix:{}", path.display())]);
    wait_for(&admin_address(&server), 200);
    server.signal("-TERM");
    assert_eq!(server.ended().code, Some(0));
    assert!(!path.exists());
}

#[test]
fn an_admin_address_that_others_can_reach_is_named_as_such() {
    for (address, is_open) in [
        ("0.0.0.0:0", true),
        ("127.0.0.1:0", false),
        ("[::1]:0", false),
    ] {
        let server = Server::start(&["--admin", address]);
        let line = admin_address(&server);
        assert_eq!(
            line.ends_with(", reachable from the network"),
            is_open,
            "{line}"
        );
    }
}
