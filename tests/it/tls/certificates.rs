//! Which certificate a client gets, and why a certificate cannot be used.

use super::laws::{Client, Offer, Server, VERSIONS, made, run, run_whole};
use crate::temporary::Folder;
use bytegate::tls::rustls::crypto::ring;
use bytegate::tls::rustls::pki_types::PrivateKeyDer;
use bytegate::tls::rustls::pki_types::pem::PemObject;
use bytegate::tls::rustls::server::{ClientHello, ResolvesServerCert};
use bytegate::tls::rustls::sign::CertifiedKey;
use bytegate::tls::rustls::{AlertDescription, Error};
use bytegate::tls::{SelfSigned, Tls, TlsOptions};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn certificate(names: &[&str]) -> SelfSigned {
    SelfSigned::new(names.iter().copied()).expect("a certificate")
}

#[test]
fn the_server_name_selects_the_exact_name_then_a_wildcard_then_the_first() {
    let all = [
        certificate(&["first.example"]),
        certificate(&["*.second.example", "second.example"]),
        certificate(&["www.second.example", "third.example"]),
    ];
    let mut options = TlsOptions::new();
    for one in &all {
        options = options.certificate_pem(one.certificate_pem(), one.key_pem());
    }
    let tls = options.build().unwrap();
    for (name, expected) in [
        ("first.example", Some(0)),
        ("second.example", Some(1)),
        ("a.second.example", Some(1)),
        ("www.second.example", Some(2)),
        ("WWW.Second.example", Some(2)),
        ("third.example", Some(2)),
        // The first certificate does not cover these, so the client refuses it.
        ("a.b.second.example", None),
        ("other.example", None),
    ] {
        let roots = all.iter().map(SelfSigned::certificate_pem);
        let mut client = Offer::trusting(roots).server_name(name).start();
        let mut server = Server::new(&tls);
        run_whole(&mut client, &mut server);
        assert_eq!(client.error.is_some(), expected.is_none(), "{name}");
        if let Some(place) = expected {
            let chosen = client.connection.peer_certificates().unwrap();
            let roots = [all[place].certificate_pem()];
            assert_eq!(chosen, Offer::trusting(roots).roots, "{name}");
        }
    }
}

#[test]
fn a_client_without_a_server_name_gets_the_first_certificate() {
    let (one, two) = (
        certificate(&["first.example", "192.0.2.1"]),
        certificate(&["192.0.2.1"]),
    );
    let tls = TlsOptions::new()
        .certificate_pem(one.certificate_pem(), one.key_pem())
        .certificate_pem(two.certificate_pem(), two.key_pem())
        .build()
        .unwrap();
    let offer = Offer::trusting([one.certificate_pem()]).server_name("192.0.2.1");
    let (mut client, mut server) = (offer.start(), Server::new(&tls));
    run_whole(&mut client, &mut server);
    assert_eq!((&client.error, &server.error), (&None, &None));
    assert_eq!(server.connection.info().unwrap().server_name(), None);
}

#[test]
fn each_fault_of_a_file_is_named() {
    let good = made();
    let day = Duration::from_secs(86_400);
    let expired = SelfSigned::valid_between(["localhost"], Duration::ZERO, day).unwrap();
    let later = SelfSigned::valid_between(["localhost"], day * 80_000, day * 80_001).unwrap();
    let other = certificate(&["localhost"]);
    let (cert, key) = (good.certificate_pem(), good.key_pem());
    let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let old = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{}",
        "AAAA\n-----END RSA PRIVATE KEY-----\n"
    );
    let broken = cert.replacen('M', "!", 4);
    let empty_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let empty_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let cases: [(&str, &str, &str); 11] = [
        (
            "",
            key,
            "cert.pem has no certificate: it must have a section that begins with -----BEGIN CERTIFICATE-----",
        ),
        (key, key, "cert.pem has no certificate: "),
        (
            cert,
            "",
            "key.pem has no private key: it must have a section that begins with -----BEGIN PRIVATE KEY-----",
        ),
        (
            cert,
            &encrypted,
            "the private key in key.pem is encrypted: decrypt it with openssl pkey -in key.pem -out decrypted.pem",
        ),
        (cert, &old, "the private key in key.pem is encrypted: "),
        (
            cert,
            other.key_pem(),
            "the private key in key.pem does not belong to the first certificate in cert.pem",
        ),
        (
            expired.certificate_pem(),
            expired.key_pem(),
            "the first certificate in cert.pem expired on Fri, 02 Jan 1970 00:00:00 GMT",
        ),
        (
            later.certificate_pem(),
            later.key_pem(),
            "the first certificate in cert.pem is not valid before ",
        ),
        (&broken, key, "cert.pem is not valid PEM: "),
        (
            empty_certificate,
            key,
            "the first certificate in cert.pem is malformed: ",
        ),
        (
            cert,
            empty_key,
            "the private key in key.pem cannot be used: ",
        ),
    ];
    for (cert, key, expected) in cases {
        let files = [("cert.pem", cert.as_bytes()), ("key.pem", key.as_bytes())];
        let folder = Folder::new(&files);
        let error = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap_err();
        let place = format!("{}/", folder.0.display());
        let text = error.to_string().replace(&place, "");
        assert!(text.starts_with(expected), "{text}\n{expected}");
    }
    let error = Tls::from_pem(cert, other.key_pem())
        .unwrap_err()
        .to_string();
    let expected =
        "the private key in the key does not belong to the first certificate in the certificate";
    assert_eq!(error, expected);
}

#[test]
fn missing_files_and_options_are_named() {
    let folder = Folder::new(&[("cert.pem", made().certificate_pem().as_bytes())]);
    let error = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap_err();
    let expected = format!("cannot read {}: ", folder.path("key.pem").display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    let error = TlsOptions::new().build().unwrap_err();
    assert_eq!(error.to_string(), "TLS needs a certificate");
    let tls = TlsOptions::new().certificate_pem(made().certificate_pem(), made().key_pem());
    let error = tls.client_authorities_pem("").build().unwrap_err();
    let expected = "the list of authorities for clients has no certificate: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn one_file_may_have_the_chain_and_the_key() {
    let both = [made().key_pem(), made().certificate_pem()].concat();
    let folder = Folder::new(&[("both.pem", both.as_bytes())]);
    let path = folder.path("both.pem");
    assert!(Tls::from_files(&path, &path).is_ok());
}

#[test]
fn names_of_self_signed_certificates_are_checked() {
    let error = SelfSigned::new(Vec::<String>::new()).unwrap_err();
    assert_eq!(error.to_string(), "a certificate needs a name");
    let error = SelfSigned::new(["b\u{fc}cher.example"]).unwrap_err();
    let expected = "cannot make a certificate for b\u{fc}cher.example: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

fn certified(made: &SelfSigned) -> Arc<CertifiedKey> {
    let chain = Offer::trusting([made.certificate_pem()]).roots;
    let key = PrivateKeyDer::from_pem_slice(made.key_pem().as_bytes()).unwrap();
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .unwrap()
        .into()
}

/// The certificate that was issued last.
#[derive(Debug, Default)]
struct Issued(Mutex<Option<Arc<CertifiedKey>>>);

impl ResolvesServerCert for Issued {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn a_resolver_chooses_the_certificate_of_each_connection() {
    let issued = Arc::new(Issued::default());
    let tls = TlsOptions::new()
        .certificate_resolver(issued.clone())
        .build()
        .unwrap();
    let connect = || {
        let (mut client, mut server) = (Offer::default().start(), Server::new(&tls));
        run_whole(&mut client, &mut server);
        (client.error, server.error)
    };
    let (client, server) = connect();
    assert!(client.is_some() && server.is_some());
    *issued.0.lock().unwrap() = Some(certified(made()));
    assert_eq!(connect(), (None, None));
    tls.reload().unwrap();
    assert_eq!(connect(), (None, None));
    let both = TlsOptions::new()
        .certificate_resolver(issued)
        .certificate_pem(made().certificate_pem(), made().key_pem());
    let error = both.build().unwrap_err().to_string();
    assert!(
        error.starts_with("a certificate resolver cannot be combined"),
        "{error}"
    );
}

/// The certificate for clients, and the proof for authorities, as a client for ACME has them.
#[derive(Debug)]
struct Ordered {
    certificate: Arc<CertifiedKey>,
    proof: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Ordered {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_authority = client.alpn().into_iter().flatten().eq([b"acme-tls/1"]);
        let chosen = if is_authority {
            &self.proof
        } else {
            &self.certificate
        };
        Some(chosen.clone())
    }
}

#[test]
fn an_authority_gets_the_proof_and_can_send_nothing() {
    let proof = certificate(&["localhost"]);
    let ordered = Arc::new(Ordered {
        certificate: certified(made()),
        proof: certified(&proof),
    });
    let tls = TlsOptions::new()
        .acme_resolver(ordered.clone())
        .build()
        .unwrap();
    let whole = |wire: &[u8], server: &mut Server| server.receive(wire);
    let one_by_one = |wire: &[u8], server: &mut Server| {
        wire.chunks(1).for_each(|byte| server.receive(byte));
    };
    for version in VERSIONS {
        let authority = Offer::trusting([proof.certificate_pem()])
            .protocols(&[b"acme-tls/1"])
            .version(version);
        for to_server in [whole as fn(&[u8], &mut Server), one_by_one] {
            let (mut client, mut server) = (authority.start(), Server::new(&tls));
            // It arrives together with the end of the handshake.
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            run(&mut client, &mut server, to_server);
            assert_eq!((&client.error, &server.error), (&None, &None));
            assert_eq!(client.connection.alpn_protocol(), Some(&b"acme-tls/1"[..]));
            assert_eq!(
                client.connection.peer_certificates(),
                Some(&*authority.roots)
            );
            assert!(!server.connection.is_handshaking() && server.connection.has_ended());
            assert_eq!((server.received.len(), client.received.len()), (0, 0));
            assert!(is_closed(&mut client));
        }

        // A client that also offers HTTP gets HTTP.
        let both: [&[u8]; 2] = [b"acme-tls/1", b"http/1.1"];
        let (mut client, mut server) = (
            Offer::default().version(version).protocols(&both).start(),
            Server::new(&tls),
        );
        run_whole(&mut client, &mut server);
        assert_eq!(client.connection.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(!server.connection.has_ended() && !is_closed(&mut client));

        // Another resolver knows nothing of authorities.
        let other = TlsOptions::new()
            .certificate_resolver(ordered.clone())
            .build()
            .unwrap();
        let (mut client, mut server) = (authority.start(), Server::new(&other));
        run_whole(&mut client, &mut server);
        let alert = AlertDescription::NoApplicationProtocol;
        assert_eq!(client.error, Some(Error::AlertReceived(alert)));
    }
}

/// Returns whether the client knows that the server sends nothing more.
fn is_closed(client: &mut Client) -> bool {
    let state = client.connection.process_new_packets();
    state.expect("no error").peer_has_closed()
}
