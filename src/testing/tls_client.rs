//! A TLS client.

use crate::blocking::blocking_stream::BlockingStream;
use crate::tls::TlsError;
use crate::tls::pem::{self, Pem};
use crate::tls::provider::Provider;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fmt;
use std::io::{self, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::Duration;

/// A TLS client (feature `rustls`), in memory or over any blocking stream. It checks certificates as a browser does, at any
/// time that the test chooses.
///
/// ```
/// # #[cfg(feature = "self-signed")] {
/// use bytegate::testing::{Client, TlsClient};
/// use bytegate::tls::{SelfSigned, Tls};
/// use bytegate::{Now, Request};
/// use std::time::Duration;
///
/// let certificate = SelfSigned::new(["example.com"])?;
/// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
/// let browser = TlsClient::trusting(certificate.certificate_pem())?;
///
/// // Each connection makes a handshake and encrypts its bytes, in memory.
/// let app = |request: &Request| format!("{}", request.scheme());
/// let client = Client::new(app).host("example.com").over_tls(&tls, browser.clone());
/// assert_eq!(client.get("/").text(), "https");
///
/// // The certificate is for another name, or has expired.
/// let error = browser.clone().server_name("example.net").handshake(&tls).unwrap_err();
/// assert!(error.to_string().contains("not valid for name"), "{error}");
/// let in_2080 = browser.server_name("example.com").at(Duration::from_secs(110 * 31_556_952));
/// let error = in_2080.handshake(&tls).unwrap_err();
/// assert!(error.to_string().contains("certificate expired"), "{error}");
/// # }
/// # Ok::<(), bytegate::tls::TlsError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TlsClient {
    roots: Vec<CertificateDer<'static>>,
    server_name: Option<String>,
    protocols: Vec<Vec<u8>>,
    certificate: Option<(Pem, Pem)>,
    wall: Option<Duration>,
}

impl TlsClient {
    /// Creates a client that trusts these authorities, in PEM form, and offers the protocol `http/1.1`. A self-signed
    /// certificate is its own authority.
    ///
    /// # Errors
    /// Returns an error if the text contains no certificate.
    pub fn trusting(authorities_pem: impl Into<Vec<u8>>) -> Result<TlsClient, TlsError> {
        let pem = Pem::Text(authorities_pem.into());
        Ok(TlsClient {
            roots: pem::certificates(&pem, "the list of authorities")?,
            server_name: None,
            protocols: Vec::from([b"http/1.1".to_vec()]),
            certificate: None,
            wall: None,
        })
    }

    /// Sets the server name that the client sends (SNI, RFC 6066 section 3), and for which the certificate must be valid. An IP
    /// address is not sent, but the certificate must be valid for it. Default: the host of the [`Client`](super::Client), or
    /// `localhost`.
    pub fn server_name(mut self, name: &str) -> TlsClient {
        self.server_name = Some(name.into());
        self
    }

    /// Sets the protocols that the client offers (ALPN, RFC 7301). With an empty list, it does not use ALPN.
    pub fn protocols<'p>(mut self, protocols: impl IntoIterator<Item = &'p str>) -> TlsClient {
        let protocols = protocols.into_iter().map(|name| name.as_bytes().to_vec());
        self.protocols = protocols.collect();
        self
    }

    /// Sets the client certificate and its private key, both in PEM form.
    pub fn certificate_pem(
        mut self,
        chain_pem: impl Into<Vec<u8>>,
        key_pem: impl Into<Vec<u8>>,
    ) -> TlsClient {
        self.certificate = Some((Pem::Text(chain_pem.into()), Pem::Text(key_pem.into())));
        self
    }

    /// Sets the time at which the client checks certificates, since the Unix epoch. Default: the wall-clock time of the
    /// [`Client`](super::Client), if it has one, or else the system time.
    pub fn at(mut self, wall: Duration) -> TlsClient {
        self.wall = Some(wall);
        self
    }

    /// Makes a handshake over a stream. Use the result like any stream, or with [`StreamClient::new`](super::StreamClient::new).
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::testing::{Pipe, StreamClient, TlsClient};
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use bytegate::{Gateway, Request};
    ///
    /// let certificate = SelfSigned::new(["localhost"])?;
    /// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let client = TlsClient::trusting(certificate.certificate_pem())?;
    /// let stream = client.connect(Pipe::connect_tls(&gateway, &tls))?;
    /// assert_eq!(StreamClient::new(stream).get("/")?.text(), "hello\n");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidData`](io::ErrorKind::InvalidData) with the reason if the handshake fails,
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the server closes during it, and the errors of the stream.
    pub fn connect<S: Read + Write>(&self, mut stream: S) -> io::Result<TlsClientStream<S>> {
        let mut connection = self.start("localhost", None)?;
        while connection.is_handshaking() {
            if connection.complete_io(&mut stream)?.0 == 0 && connection.is_handshaking() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(TlsClientStream(StreamOwned::new(connection, stream)))
    }

    /// Begins a handshake.
    pub(super) fn start(
        &self,
        host: &str,
        wall: Option<Duration>,
    ) -> Result<ClientConnection, TlsError> {
        let provider = Provider::by_default()?.crypto;
        let mut roots = RootCertStore::empty();
        for root in &self.roots {
            roots.add(root.clone())?;
        }
        let time: Arc<dyn TimeProvider> = match self.wall.or(wall) {
            Some(wall) => Arc::new(At(wall)),
            None => Arc::new(DefaultTimeProvider),
        };
        let builder = ClientConfig::builder_with_details(provider, time)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            Some((chain, key)) => {
                let chain = pem::certificates(chain, "the certificate of the client")?;
                let key: PrivateKeyDer<'_> = pem::key(key, "the key of the client")?;
                builder.with_client_auth_cert(chain, key)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config.resumption = Resumption::disabled();
        let name = self.server_name.as_deref().unwrap_or(host).to_string();
        let invalid = |_| TlsError::new("the server name is neither a host name nor an address");
        let name = ServerName::try_from(name).map_err(invalid)?;
        Ok(ClientConnection::new(config.into(), name)?)
    }
}

/// A clock that always shows the same time.
#[derive(Debug)]
struct At(Duration);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.0))
    }
}

/// The client's side of TLS over a stream, created by [`TlsClient::connect`]. If the server closes without the alert
/// `close_notify`, reads fail with [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
///
/// ```
/// use bytegate::testing::TlsClientStream;
/// use std::net::TcpStream;
///
/// fn protocol(stream: &TlsClientStream<TcpStream>) -> Option<String> {
///     Some(String::from_utf8_lossy(stream.protocol()?).into_owned())
/// }
/// # let _ = protocol;
/// ```
pub struct TlsClientStream<S: Read + Write>(StreamOwned<ClientConnection, S>);

impl<S: Read + Write> TlsClientStream<S> {
    /// Returns the underlying stream.
    pub fn stream(&self) -> &S {
        &self.0.sock
    }

    /// Returns the protocol that the server chose (ALPN).
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.0.conn.alpn_protocol()
    }

    /// Returns the certificate of the server, in DER form.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        let chain = self.0.conn.peer_certificates()?;
        chain.first().map(|certificate| &**certificate)
    }
}

impl<S: Read + Write> Read for TlsClientStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Read + Write> Write for TlsClientStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: BlockingStream> BlockingStream for TlsClientStream<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.sock.set_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.0.sock.set_blocking()
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.0.conn.send_close_notify();
        self.0.flush()?;
        self.0.sock.end_output()
    }

    fn reset_on_close(&mut self) {
        self.0.sock.reset_on_close();
    }
}

impl<S: Read + Write> fmt::Debug for TlsClientStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClientStream")
    }
}
