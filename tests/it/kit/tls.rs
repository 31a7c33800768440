//! The client of the kit over TLS: certificates, names and times, in memory and over streams.

use bytegate::connection::CloseReason;
use bytegate::testing::{Client, Pipe, StreamClient, TlsClient};
use bytegate::tls::{SelfSigned, Tls, TlsOptions};
use bytegate::{Gateway, Now, Request, Status};
use std::io::{ErrorKind, Read};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn app(request: &Request<'_>) -> String {
    let tls = request.connection().tls.as_ref().expect("TLS");
    let name = tls.server_name().unwrap_or("no name");
    format!("{} {name} {}", request.scheme(), request.body().len())
}

fn served() -> (Tls, SelfSigned) {
    let made = SelfSigned::new(["localhost", "example.com"]).unwrap();
    let tls = Tls::from_pem(made.certificate_pem(), made.key_pem()).unwrap();
    (tls, made)
}

#[test]
fn requests_and_connections_of_a_client_go_through_tls() {
    let (tls, made) = served();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    let client = Client::new(app).over_tls(&tls, browser);
    assert_eq!(client.get("/").text(), "https localhost 0");
    let large = vec![b'x'; 200_000];
    let response = client.post("/").body(large).send();
    assert_eq!(response.text(), "https localhost 200000");
    let mut wire = client.connect();
    wire.send("GET / HTTP/1.1\r\nHo");
    assert_eq!(wire.take_output(), b"");
    wire.send("st: x\r\n\r\n");
    assert_eq!(wire.response().text(), "https localhost 0");
    wire.end_input();
    assert_eq!(wire.closed(), Some(CloseReason::InputEnded));
}

#[test]
fn the_host_of_a_client_is_its_server_name() {
    let (tls, made) = served();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    let client = Client::new(app).host("example.com:8443");
    let client = client.over_tls(&tls, browser.clone());
    assert_eq!(client.get("/").text(), "https example.com 0");
    let client = Client::new(app).over_tls(&tls, browser.server_name("example.com"));
    assert_eq!(client.get("/").text(), "https example.com 0");
}

#[test]
fn secure_cookies_are_kept() {
    let (tls, made) = served();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    let client = Client::new(app).over_tls(&tls, browser);
    client.set_cookie("__Host-id=1; Secure; Path=/");
    assert_eq!(client.cookie("__Host-id").as_deref(), Some("1"));
}

#[test]
fn a_certificate_expires_at_the_time_of_the_client() {
    let made = SelfSigned::valid_between(["localhost"], DAY * 20_000, DAY * 40_000).unwrap();
    let tls = Tls::from_pem(made.certificate_pem(), made.key_pem()).unwrap();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    let start = Now::at_unix((DAY * 39_999).as_secs());
    let client = Client::new(app).over_tls(&tls, browser).start_at(start);
    assert_eq!(client.get("/").status(), Status::OK);
    client.advance(DAY * 2);
    let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.get("/").send()));
    let message = *sent.unwrap_err().downcast::<String>().unwrap();
    let expected = "the handshake of TLS fails: invalid peer certificate: certificate expired";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn each_reason_why_a_handshake_fails_is_returned() {
    let (tls, made) = served();
    let other = SelfSigned::new(["localhost"]).unwrap();
    let trusting = |made: &SelfSigned| TlsClient::trusting(made.certificate_pem()).unwrap();
    for (client, expected) in [
        (
            trusting(&made).server_name("example.net"),
            "not valid for name",
        ),
        (trusting(&other), "invalid peer certificate: "),
        (trusting(&made).at(DAY), "not valid yet"),
        (trusting(&made).protocols(["h2"]), "any known protocol"),
        (
            trusting(&made).server_name("a b"),
            "neither a host name nor an address",
        ),
    ] {
        let error = client.handshake(&tls).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let info = trusting(&made).protocols([]).handshake(&tls).unwrap();
    assert_eq!(info.server_name(), Some("localhost"));
    assert!(TlsClient::trusting("").is_err());
}

#[test]
fn a_client_sends_its_certificate() {
    let (_, made) = served();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["ada".to_string()]).unwrap();
    let ada = params.self_signed(&key).unwrap();
    let tls = TlsOptions::new()
        .certificate_pem(made.certificate_pem(), made.key_pem())
        .client_authorities_pem(ada.pem())
        .build()
        .unwrap();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    assert!(browser.handshake(&tls).is_err());
    let browser = browser.certificate_pem(ada.pem(), key.serialize_pem());
    let info = browser.handshake(&tls).unwrap();
    assert_eq!(info.client_certificate(), Some(&ada.der()[..]));
}

#[test]
fn a_stream_in_memory_speaks_tls() {
    let (tls, made) = served();
    let browser = TlsClient::trusting(made.certificate_pem()).unwrap();
    let gateway = Gateway::new(app);
    let stream = browser.connect(Pipe::connect_tls(&gateway, &tls)).unwrap();
    assert_eq!(stream.protocol(), Some(&b"http/1.1"[..]));
    assert!(stream.certificate().is_some());
    let mut client = StreamClient::new(stream);
    assert_eq!(client.get("/").unwrap().text(), "https localhost 0");
    client.end_input().unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    // A server without TLS answers with something else.
    let error = browser.connect(Pipe::connect(&gateway)).unwrap_err();
    let kinds = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
    assert!(kinds.contains(&error.kind()), "{error}");
}
