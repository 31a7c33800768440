//! A client in memory, and the laws of a connection. The fuzz target `tls` uses them, too.

use bytegate::tls::rustls::client::Resumption;
use bytegate::tls::rustls::crypto::ring;
use bytegate::tls::rustls::pki_types::pem::PemObject;
use bytegate::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use bytegate::tls::rustls::time_provider::DefaultTimeProvider;
use bytegate::tls::rustls::version::{TLS12, TLS13};
use bytegate::tls::rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, SupportedProtocolVersion,
};
use bytegate::tls::{SelfSigned, Tls, TlsConnection};
use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

/// Both versions that are served.
pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A certificate for `localhost`. Making one takes longer than a handshake.
pub(crate) fn made() -> &'static SelfSigned {
    static MADE: OnceLock<SelfSigned> = OnceLock::new();
    MADE.get_or_init(|| SelfSigned::new(["localhost"]).expect("a certificate"))
}

pub(crate) fn tls() -> Tls {
    Tls::from_pem(made().certificate_pem(), made().key_pem()).expect("TLS")
}

/// What a client does. It offers `http/1.1`.
pub(crate) struct Offer {
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) protocols: Vec<Vec<u8>>,
    pub(crate) server_name: ServerName<'static>,
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) certificate: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
}

impl Default for Offer {
    fn default() -> Offer {
        Offer::trusting([made().certificate_pem()])
    }
}

impl Offer {
    pub(crate) fn trusting<'p>(roots: impl IntoIterator<Item = &'p str>) -> Offer {
        let roots = roots.into_iter().map(|pem| {
            let root = CertificateDer::from_pem_slice(pem.as_bytes());
            root.expect("a certificate")
        });
        Offer {
            versions: VERSIONS.to_vec(),
            protocols: vec![b"http/1.1".to_vec()],
            server_name: "localhost".try_into().expect("a name"),
            roots: roots.collect(),
            certificate: None,
        }
    }

    pub(crate) fn version(mut self, version: &'static SupportedProtocolVersion) -> Offer {
        self.versions = vec![version];
        self
    }

    pub(crate) fn protocols(mut self, protocols: &[&[u8]]) -> Offer {
        self.protocols = protocols.iter().map(|name| name.to_vec()).collect();
        self
    }

    pub(crate) fn server_name(mut self, name: &'static str) -> Offer {
        self.server_name = name.try_into().expect("a name");
        self
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for root in &self.roots {
            roots.add(root.clone()).expect("a root");
        }
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_details(provider, Arc::new(DefaultTimeProvider))
            .with_protocol_versions(&self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            Some((certificate, key)) => builder
                .with_client_auth_cert(vec![certificate.clone()], key.clone_key())
                .expect("a certificate of a client"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config.resumption = Resumption::in_memory_sessions(8);
        config.into()
    }

    pub(crate) fn start(&self) -> Client {
        Client::new(self.config(), self.server_name.clone())
    }
}

/// A client, and everything that it has received.
pub(crate) struct Client {
    pub(crate) connection: ClientConnection,
    pub(crate) received: Vec<u8>,
    pub(crate) error: Option<Error>,
}

impl Client {
    pub(crate) fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Client {
        Client {
            connection: ClientConnection::new(config, name).expect("a client"),
            received: Vec::new(),
            error: None,
        }
    }

    pub(crate) fn send(&mut self, plain: &[u8]) {
        // A connection that has failed takes nothing.
        let _ = self.connection.writer().write_all(plain);
    }

    /// Takes the bytes for the wire.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut output).expect("a vector");
        }
        output
    }

    pub(crate) fn receive(&mut self, mut wire: &[u8]) {
        while !wire.is_empty() && self.error.is_none() {
            if self.connection.read_tls(&mut wire).expect("bytes") == 0 {
                return;
            }
            self.error = self.connection.process_new_packets().err();
            // An error means that there is nothing for now.
            let _ = self.connection.reader().read_to_end(&mut self.received);
        }
    }
}

/// The server's end, and everything that it has received.
pub(crate) struct Server {
    pub(crate) connection: TlsConnection,
    pub(crate) received: Vec<u8>,
    pub(crate) error: Option<String>,
}

impl Server {
    pub(crate) fn new(tls: &Tls) -> Server {
        Server {
            connection: tls.connection(),
            received: Vec::new(),
            error: None,
        }
    }

    /// Takes bytes of the wire. An error is returned again and again.
    pub(crate) fn receive(&mut self, wire: &[u8]) {
        let result = self.connection.receive(wire, &mut self.received);
        // Code that interprets plaintext knows who sent it.
        assert!(self.received.is_empty() || self.connection.info().is_some());
        let error = result.err().map(|error| error.to_string());
        assert!(self.error.is_none() || self.error == error, "{error:?}");
        self.error = error;
    }
}

/// Passes bytes in both directions until nothing is left. `to_server` passes the bytes of the client on.
pub(crate) fn run(
    client: &mut Client,
    server: &mut Server,
    mut to_server: impl FnMut(&[u8], &mut Server),
) {
    // A handshake has at most three flights in each direction.
    for _ in 0..8 {
        let there = client.output();
        if !there.is_empty() {
            to_server(&there, server);
        }
        let back = server.connection.take_output();
        client.receive(&back);
        if there.is_empty() && back.is_empty() {
            return;
        }
    }
    panic!("the handshake does not end");
}

/// Passes bytes in both directions, whole.
pub(crate) fn run_whole(client: &mut Client, server: &mut Server) {
    run(client, server, |wire, server| server.receive(wire));
}

/// Law: any bytes of the wire cause no panic, no plaintext, and the same end, however they are split.
pub(crate) fn any_bytes_end_in_the_same_way(tls: &Tls, wire: &[u8], cut: usize) {
    let (mut whole, mut split) = (Server::new(tls), Server::new(tls));
    whole.receive(wire);
    let (first, second) = wire.split_at(cut.min(wire.len()));
    split.receive(first);
    split.receive(second);
    let end = |server: &Server| (server.error.clone(), server.connection.has_ended());
    assert_eq!(end(&whole), end(&split));
    assert!(whole.received.is_empty() && split.received.is_empty());
    let (whole, split) = (
        whole.connection.take_output(),
        split.connection.take_output(),
    );
    // The numbers in it are random.
    assert_eq!(whole.len(), split.len());
}

/// Law: if one byte of a client is changed, the server has received the beginning of what the client sent, and nothing else.
/// Returns whether an end has noticed the change.
pub(crate) fn a_changed_byte_adds_nothing(
    tls: &Tls,
    version: &'static SupportedProtocolVersion,
    place: usize,
    change: u8,
) -> bool {
    const REQUESTS: [&[u8]; 2] = [
        b"GET /first HTTP/1.1\r\n\r\n",
        b"GET /second HTTP/1.1\r\n\r\n",
    ];
    let mut client = Offer::default().version(version).start();
    let mut server = Server::new(tls);
    let mut sent = 0;
    let mut to_server = |wire: &[u8], server: &mut Server| {
        let mut wire = wire.to_vec();
        if let Some(byte) = place.checked_sub(sent).and_then(|it| wire.get_mut(it)) {
            *byte ^= change;
        }
        sent += wire.len();
        server.receive(&wire);
    };
    run(&mut client, &mut server, &mut to_server);
    for request in REQUESTS {
        client.send(request);
        run(&mut client, &mut server, &mut to_server);
    }
    assert!(REQUESTS.concat().starts_with(&server.received));
    server.error.is_some() || client.error.is_some()
}
