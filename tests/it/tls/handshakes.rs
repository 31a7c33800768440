//! Handshakes: whole, split, cut off, and of clients that do not speak TLS.

use super::laws::{
    Client, Offer, Server, VERSIONS, a_changed_byte_adds_nothing, any_bytes_end_in_the_same_way,
    made, run, run_whole, tls,
};
use bytegate::request::TlsVersion;
use bytegate::tls::rustls::version::{TLS12, TLS13};
use bytegate::tls::rustls::{AlertDescription, Error, HandshakeKind};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Asserts that both ends can talk.
#[track_caller]
fn assert_connected(client: &mut Client, server: &mut Server) {
    assert_eq!((&client.error, &server.error), (&None, &None));
    assert!(!server.connection.is_handshaking() && !client.connection.is_handshaking());
    client.send(REQUEST);
    run_whole(client, server);
    assert_eq!(server.received, REQUEST);
    server.connection.send(b"hello");
    run_whole(client, server);
    assert_eq!(client.received, b"hello");
}

#[test]
fn both_versions_are_served_and_the_application_learns_which() {
    for (version, expected) in [(&TLS12, TlsVersion::Tls12), (&TLS13, TlsVersion::Tls13)] {
        let mut client = Offer::default().version(version).start();
        let mut server = Server::new(&tls());
        assert!(server.connection.info().is_none());
        run_whole(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        let info = server.connection.info().unwrap();
        assert_eq!(info.version(), expected);
        assert_eq!(info.server_name(), Some("localhost"));
        assert_eq!(info.client_certificate(), None);
        assert_eq!(
            client.connection.alpn_protocol(),
            Some(&b"http/1.1"[..]),
            "{version:?}"
        );
    }
}

#[test]
fn bytes_can_arrive_one_by_one() {
    for version in VERSIONS {
        let mut client = Offer::default().version(version).start();
        let mut server = Server::new(&tls());
        let one_by_one = |wire: &[u8], server: &mut Server| {
            for byte in wire {
                server.receive(&[*byte]);
            }
        };
        run(&mut client, &mut server, one_by_one);
        client.send(REQUEST);
        run(&mut client, &mut server, one_by_one);
        assert_eq!(server.received, REQUEST);
        server.received.clear();
        assert_connected(&mut client, &mut server);
    }
}

#[test]
fn input_can_be_split_anywhere() {
    let tls = tls();
    for version in VERSIONS {
        let config = Offer::default().version(version).config();
        for cut in 0.. {
            let mut client = Client::new(config.clone(), "localhost".try_into().unwrap());
            let mut server = Server::new(&tls);
            let mut sent = 0;
            let mut in_two = |wire: &[u8], server: &mut Server| {
                let (first, second) = wire.split_at(cut.max(sent).min(sent + wire.len()) - sent);
                sent += wire.len();
                server.receive(first);
                server.receive(second);
            };
            run(&mut client, &mut server, &mut in_two);
            client.send(REQUEST);
            run(&mut client, &mut server, &mut in_two);
            assert_eq!(server.received, REQUEST, "{version:?} {cut}");
            if cut > sent {
                assert!(cut > 200, "the client has sent only {cut} bytes");
                break;
            }
        }
    }
}

#[test]
fn a_handshake_that_stops_anywhere_gives_no_plaintext_and_no_error() {
    let tls = tls();
    for version in VERSIONS {
        let config = Offer::default().version(version).config();
        for length in 0.. {
            let mut client = Client::new(config.clone(), "localhost".try_into().unwrap());
            let mut server = Server::new(&tls);
            let mut sent = 0;
            run(&mut client, &mut server, |wire, server| {
                let left = wire.len().min(length - sent);
                server.receive(&wire[..left]);
                sent += left;
            });
            assert_eq!((&server.error, &server.received[..]), (&None, &b""[..]));
            if !server.connection.is_handshaking() {
                assert!(length > 200, "{version:?}: {length}");
                break;
            }
            assert!(!server.connection.has_ended());
        }
    }
}

#[test]
fn bytes_that_are_not_tls_get_an_alert() {
    let tls = tls();
    let records: [&[u8]; 8] = [
        b"\x00",
        b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x16\x03\x01\x00\x00",
        b"\x17\x03\x03\x00\x05hello",
        b"PRI\0",
    ];
    for wire in records {
        let padded = [wire, &[0; 64]].concat();
        let mut server = Server::new(&tls);
        server.receive(&padded);
        assert!(server.error.is_some(), "{wire:?}");
        let output = server.connection.take_output();
        assert!(output.starts_with(b"\x15\x03"), "{wire:?}: {output:?}");
        assert!(server.connection.is_handshaking());
        for cut in 0..padded.len() {
            any_bytes_end_in_the_same_way(&tls, &padded, cut);
        }
    }
}

#[test]
fn plain_http_gets_a_400_that_names_the_scheme() {
    let request = b"POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
    let tls = tls();
    for cut in 0..request.len() {
        any_bytes_end_in_the_same_way(&tls, request, cut);
        let mut server = Server::new(&tls);
        server.receive(&request[..cut]);
        server.receive(&request[cut..]);
        let expected = "the client speaks plain HTTP, not TLS";
        assert_eq!(server.error.as_deref(), Some(expected));
        let output = server.connection.take_output();
        let response = crate::support::read_one(&output);
        assert_eq!(response.status(), bytegate::Status::BAD_REQUEST);
        assert!(response.text().contains("this port speaks TLS"));
        assert_eq!(server.connection.take_output(), b"");
    }
}

#[test]
fn only_a_client_that_offers_nothing_but_other_protocols_is_refused() {
    for (offered, chosen) in [
        ("", None),
        ("http/1.1", Some("http/1.1")),
        ("h2 http/1.1", Some("http/1.1")),
        ("http/1.0", Some("http/1.0")),
    ] {
        let offered: Vec<&[u8]> = offered
            .split_ascii_whitespace()
            .map(str::as_bytes)
            .collect();
        let mut client = Offer::default().protocols(&offered).start();
        let mut server = Server::new(&tls());
        run_whole(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        let expected = chosen.map(str::as_bytes);
        assert_eq!(client.connection.alpn_protocol(), expected);
    }
    for version in VERSIONS {
        let offer = Offer::default().version(version).protocols(&[b"h2"]);
        let (mut client, mut server) = (offer.start(), Server::new(&tls()));
        run_whole(&mut client, &mut server);
        let alert = AlertDescription::NoApplicationProtocol;
        assert_eq!(client.error, Some(Error::AlertReceived(alert)));
        assert!(server.error.is_some());
    }
}

#[test]
fn a_session_is_resumed_with_a_ticket() {
    for version in VERSIONS {
        let (config, tls) = (Offer::default().version(version).config(), tls());
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = Client::new(config.clone(), "localhost".try_into().unwrap());
            let mut server = Server::new(&tls);
            run_whole(&mut client, &mut server);
            assert_connected(&mut client, &mut server);
            assert_eq!(client.connection.handshake_kind(), Some(expected));
        }
        // Another server has other keys for its tickets.
        let mut client = Client::new(config, "localhost".try_into().unwrap());
        let mut server = Server::new(&super::laws::tls());
        run_whole(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        assert_eq!(
            client.connection.handshake_kind(),
            Some(HandshakeKind::Full)
        );
    }
}

#[test]
fn a_client_that_ends_its_input_can_still_receive() {
    for version in VERSIONS {
        let mut client = Offer::default().version(version).start();
        let mut server = Server::new(&tls());
        run_whole(&mut client, &mut server);
        client.send(REQUEST);
        client.connection.send_close_notify();
        run_whole(&mut client, &mut server);
        assert_eq!(server.received, REQUEST);
        assert!(server.connection.has_ended());
        server.receive(b"anything");
        assert_eq!((&server.error, &server.received[..]), (&None, REQUEST));
        server.connection.send(b"hello");
        server.connection.close();
        run_whole(&mut client, &mut server);
        assert_eq!(client.received, b"hello");
    }
}

#[test]
fn input_after_the_end_of_the_output_is_dropped() {
    for version in VERSIONS {
        let mut client = Offer::default().version(version).start();
        let mut server = Server::new(&tls());
        run_whole(&mut client, &mut server);
        client.send(REQUEST);
        let mut request = client.output();
        server.connection.close();
        server.receive(&request);
        *request.last_mut().unwrap() ^= 1;
        server.receive(&request);
        assert_eq!((&server.error, &server.received[..]), (&None, &b""[..]));
        assert!(!server.connection.has_ended());
    }
    // Also before the handshake is complete.
    let mut server = Server::new(&tls());
    let hello = Offer::default().start().output();
    server.receive(&hello);
    server.connection.close();
    server.receive(&hello);
    assert_eq!(server.error, None);
}

#[test]
fn plaintext_before_an_invalid_record_is_received() {
    for split in [false, true] {
        let mut client = Offer::default().start();
        let mut server = Server::new(&tls());
        run_whole(&mut client, &mut server);
        client.send(REQUEST);
        let good = client.output();
        client.send(REQUEST);
        let mut wrong = client.output();
        *wrong.last_mut().unwrap() ^= 1;
        if split {
            server.receive(&good);
            server.receive(&wrong);
        } else {
            server.receive(&[good, wrong].concat());
        }
        assert!(server.error.is_some());
        assert_eq!(server.received, REQUEST);
        assert!(!server.connection.take_output().is_empty());
    }
}

#[test]
fn plaintext_after_the_handshake_has_its_client_even_before_a_wrong_record() {
    let mut client = Offer::default().version(VERSIONS[1]).start();
    let mut server = Server::new(&tls());
    server.receive(&client.output());
    client.receive(&server.connection.take_output());
    // The end of the handshake, a request, and a wrong record, which are read at once.
    client.send(REQUEST);
    let mut input = client.output();
    client.send(REQUEST);
    input.extend(client.output());
    *input.last_mut().unwrap() ^= 1;
    server.receive(&input);
    assert!(server.error.is_some());
    assert_eq!(server.received, REQUEST);
    let info = server.connection.info().expect("a handshake");
    assert_eq!(info.server_name(), Some("localhost"));
}

#[test]
fn large_bodies_pass_in_both_directions() {
    let body: Vec<u8> = (0..300_000).map(|it| (it % 251) as u8).collect();
    let mut client = Offer::default().start();
    client.connection.set_buffer_limit(None);
    let mut server = Server::new(&tls());
    run_whole(&mut client, &mut server);
    client.send(&body);
    run_whole(&mut client, &mut server);
    assert!(server.received == body);
    server.connection.send(&body);
    run_whole(&mut client, &mut server);
    assert!(client.received == body);
}

#[test]
fn a_changed_byte_is_detected() {
    let tls = tls();
    for version in VERSIONS {
        let places = || (0..300).step_by(3);
        let is_found = |place: &usize| {
            // Both have to be looked at.
            a_changed_byte_adds_nothing(&tls, version, *place, 1)
                & a_changed_byte_adds_nothing(&tls, version, *place, 0x80)
        };
        // Some bytes do not matter, and after a wrong length, the server waits for more.
        let found = places().filter(is_found).count();
        assert!(found > places().count() / 2, "{version:?}: only {found}");
    }
}

#[test]
fn debug_output_has_no_key() {
    let tls = tls();
    let text = format!("{tls:?} {:?} {:?}", tls.connection(), made());
    assert!(!text.contains("PRIVATE"), "{text}");
}

/// Another provider has no tickets here, so sessions are kept in memory.
#[cfg(all(feature = "tls-graviola", target_arch = "x86_64"))]
#[test]
fn another_provider_serves_the_same_clients_and_resumes_their_sessions() {
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("adx")) {
        println!("skipped: Graviola needs another processor");
        return;
    }
    let tls = bytegate::tls::TlsOptions::new()
        .certificate_pem(made().certificate_pem(), made().key_pem())
        .crypto_provider(std::sync::Arc::new(rustls_graviola::default_provider()))
        .build()
        .unwrap();
    for version in VERSIONS {
        let config = Offer::default().version(version).config();
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = Client::new(config.clone(), "localhost".try_into().unwrap());
            let mut server = Server::new(&tls);
            run_whole(&mut client, &mut server);
            assert_connected(&mut client, &mut server);
            assert_eq!(client.connection.handshake_kind(), Some(expected));
        }
    }
}
