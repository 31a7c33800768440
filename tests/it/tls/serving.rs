//! Sessions over TLS: the scheme, and hosts that the certificate does not cover.

use super::laws::{Offer, Server, made, run_whole};
use crate::support::read_one;
use bytegate::request::ConnectionInfo;
use bytegate::testing::ClientResponse;
use bytegate::tls::{SelfSigned, Tls, TlsOptions};
use bytegate::{Gateway, Now, Request, Router, Status};

/// The response to a request, over a connection whose client has asked for this name.
fn respond(gateway: &Gateway, tls: &Tls, offer: Offer, request: &str) -> ClientResponse {
    let (mut client, mut server) = (offer.start(), Server::new(tls));
    let mut session = gateway.session(ConnectionInfo::default());
    run_whole(&mut client, &mut server);
    client.send(request.as_bytes());
    run_whole(&mut client, &mut server);
    session.set_tls(server.connection.info().expect("a handshake").clone());
    session.turn(&mut server.received, Now::default());
    server.connection.send(&session.take_output());
    run_whole(&mut client, &mut server);
    read_one(&client.received)
}

fn get(host: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

#[test]
fn the_scheme_is_https_and_the_application_sees_the_tls() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let tls = request.connection().tls.as_ref().expect("TLS");
        let name = tls.server_name().unwrap_or_default();
        format!("{} {} {name}", request.scheme(), tls.version())
    });
    let tls = super::laws::tls();
    let response = respond(&gateway, &tls, Offer::default(), &get("localhost"));
    assert_eq!(response.text(), "https TLSv1.3 localhost");
    let target = "GET https://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let response = respond(&gateway, &tls, Offer::default(), target);
    assert_eq!(response.status(), Status::OK);
}

#[test]
fn a_host_that_the_certificate_does_not_cover_is_misdirected_if_there_are_several() {
    let one = SelfSigned::new(["one.example", "*.one.example"]).unwrap();
    let two = SelfSigned::new(["two.example"]).unwrap();
    let tls = TlsOptions::new()
        .certificate_pem(one.certificate_pem(), one.key_pem())
        .certificate_pem(two.certificate_pem(), two.key_pem())
        .build()
        .unwrap();
    let offer = |name| {
        let roots = [one.certificate_pem(), two.certificate_pem()];
        Offer::trusting(roots).server_name(name)
    };
    let app = |request: &Request<'_>| request.method().to_string();
    let gateway = Gateway::new(app);
    for (name, host, status) in [
        ("one.example", "one.example", Status::OK),
        ("one.example", "One.Example:8443", Status::OK),
        ("one.example", "www.one.example", Status::OK),
        ("one.example", "192.0.2.1", Status::OK),
        ("one.example", "[::1]:8443", Status::OK),
        ("one.example", "two.example", Status::MISDIRECTED_REQUEST),
        ("www.one.example", "one.example", Status::OK),
        ("two.example", "two.example", Status::OK),
        ("two.example", "one.example", Status::MISDIRECTED_REQUEST),
        ("two.example", "a.two.example", Status::MISDIRECTED_REQUEST),
    ] {
        let response = respond(&gateway, &tls, offer(name), &get(host));
        assert_eq!(response.status(), status, "{name} {host}");
    }
    let post = "POST / HTTP/1.1\r\nHost: two.example\r\nContent-Length: 3\r\n\r\nabc";
    let response = respond(&gateway, &tls, offer("one.example"), post);
    assert_eq!(
        response.text(),
        "421 Misdirected Request: the certificate of this connection is not for the host two.example\n"
    );
    // HTTP/1.0 has no host.
    let old = "GET / HTTP/1.0\r\n\r\n";
    let response = respond(&gateway, &tls, offer("two.example"), old);
    assert_eq!(response.status(), Status::OK);
    // Middleware sees it as well.
    let router = Router::new().fallback(app);
    let headers = bytegate::middleware::SetHeaders::new().header("X-Seen", "yes");
    let response = respond(
        &Gateway::new(router).with(headers),
        &tls,
        offer("two.example"),
        &get("one.example"),
    );
    assert_eq!(response.status(), Status::MISDIRECTED_REQUEST);
    assert_eq!(response.headers().get("X-Seen"), Some("yes"));
}

#[test]
fn one_certificate_serves_every_host() {
    let gateway = Gateway::new(|_: &Request<'_>| "hello");
    let tls = Tls::from_pem(made().certificate_pem(), made().key_pem()).unwrap();
    for host in ["localhost", "other.example", "192.0.2.1"] {
        let response = respond(&gateway, &tls, Offer::default(), &get(host));
        assert_eq!(response.status(), Status::OK, "{host}");
    }
}
