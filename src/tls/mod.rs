//! TLS without I/O (feature `rustls`): the certificates of a server, and connections that take bytes and return bytes.
//!
//! [`Tls`] holds the certificates. The front ends create a [`TlsConnection`] for each connection: set `net::Options::tls`, or
//! serve `tls.accept(stream)` with [`Gateway::serve_stream`](crate::Gateway::serve_stream). In your own event loop, call
//! [`Tls::connection`].
//!
//! ```
//! # #[cfg(feature = "self-signed")] {
//! use bytegate::tls::{SelfSigned, Tls};
//!
//! let certificate = SelfSigned::new(["localhost", "127.0.0.1"])?;
//! let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
//!
//! // A client that speaks plain HTTP gets a response in plain HTTP.
//! let mut connection = tls.connection();
//! let mut plain = Vec::new();
//! assert!(connection.receive(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", &mut plain).is_err());
//! assert!(plain.is_empty());
//! assert!(connection.take_output().ends_with(b"this port speaks TLS: use https:// in the URL\n"));
//! # }
//! # Ok::<(), bytegate::tls::TlsError>(())
//! ```
//!
//! # Properties
//!
//! - TLS 1.2 and 1.3, with the cipher suites of the provider: ring (feature `tls`), Graviola (feature `tls-graviola`) or
//!   [another one](TlsOptions::crypto_provider).
//! - ALPN: `http/1.1` and `http/1.0`. A client that offers only other protocols, such as `h2`, is refused with the alert
//!   `no_application_protocol` (RFC 7301 section 3.2). A client that offers none is served. For ACME, there is
//!   [`acme-tls/1`](TlsOptions::acme_resolver).
//! - Sessions are resumed with tickets, without state in the server, unless clients are asked for certificates: those are
//!   verified at each connection. Early data is not accepted, because its requests could be replayed (RFC 8446 section 8).
//! - With several certificates, the client's server name selects one: the exact name first, then a wildcard, then the first
//!   certificate. A request for a host that the certificate does not cover gets a 421 (RFC 9110 section 15.5.20).
//! - [`Tls::reload`] reads the files again, for all later connections.
//! - A client that closes without the alert `close_notify` only ends its input. The framing of HTTP shows whether a message
//!   is complete.

// May reach files.

mod certificate;
mod certificates;
mod clients;
mod current;
mod options;
pub(crate) mod pem;
mod plain_http;
mod protocols;
pub(crate) mod provider;
#[cfg(feature = "self-signed")]
mod self_signed;
#[expect(clippy::module_inception, reason = "each type has a file of its name")]
pub(crate) mod tls;
pub(crate) mod tls_connection;
mod tls_error;

pub use options::TlsOptions;
pub use rustls;
#[cfg(feature = "self-signed")]
pub use self_signed::SelfSigned;
pub use tls::Tls;
pub use tls_connection::TlsConnection;
pub use tls_error::TlsError;
