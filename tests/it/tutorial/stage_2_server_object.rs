//! A server as an object.

use super::*;
use bytegate::net;

#[test]
fn a_stopped_server_frees_its_port_at_once() {
    let first = Server::start(demo::site());
    let address = first.address();
    // The server closes first, so its side of the connection enters TIME_WAIT.
    assert_eq!(get_over_tcp(first.connect(), "/").status(), 200);
    drop(first);
    let second = net::start(address, demo::site(), net::Options::default());
    let second = second.expect("the port is free");
    let client = StreamClient::connect(second.address()).expect("a connection");
    assert_eq!(get_over_tcp(client, "/").status(), 200);
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let server = Server::start(Router::new());
    let error = bytegate::net::listen(server.address()).expect_err("the port is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&server.address().to_string()));
}
