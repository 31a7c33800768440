//! Options for TLS: the certificates of a server, the clients that it accepts, and its cryptography.

use super::certificate::Source;
use super::pem::{self, Pem};
use super::provider::Provider;
use super::tls_error::TlsError;
use alloc::vec::Vec;
use core::fmt;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use std::path::PathBuf;
use std::sync::Arc;

/// Options for TLS: the certificates of a server, the clients that it accepts, and its cryptography.
/// [`build`](TlsOptions::build) turns them into a [`Tls`](super::Tls).
///
/// ```
/// # #[cfg(feature = "self-signed")] {
/// use bytegate::tls::{SelfSigned, TlsOptions};
///
/// let one = SelfSigned::new(["one.example", "*.one.example"])?;
/// let two = SelfSigned::new(["two.example"])?;
/// let tls = TlsOptions::new()
///     .certificate_pem(one.certificate_pem(), one.key_pem())
///     .certificate_pem(two.certificate_pem(), two.key_pem())
///     .build()?;
/// # let _ = tls;
/// # }
/// # Ok::<(), bytegate::tls::TlsError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct TlsOptions {
    pub(super) sources: Vec<Source>,
    pub(super) resolver: Option<Arc<dyn ResolvesServerCert>>,
    provider: Option<Arc<CryptoProvider>>,
    pub(super) time: Option<Arc<dyn TimeProvider>>,
    clients: Option<Clients>,
}

/// The authorities of client certificates.
#[derive(Clone, Debug)]
struct Clients {
    roots: Pem,
    are_required: bool,
}

impl TlsOptions {
    /// Creates options without a certificate.
    pub fn new() -> TlsOptions {
        TlsOptions::default()
    }

    /// Adds a certificate and its private key, both in PEM form. The chain begins with the certificate of the server, followed by
    /// the intermediate certificates. The key is in PKCS #8, PKCS #1 or SEC 1 form, without a passphrase.
    ///
    /// The host names are the subject alternative names of the certificate. Clients get the first certificate if they send no
    /// server name, or one that no certificate contains.
    pub fn certificate_pem(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> TlsOptions {
        self.sources.push(Source {
            chain: Pem::Text(chain.into()),
            key: Pem::Text(key.into()),
        });
        self
    }

    /// Like [`certificate_pem`](TlsOptions::certificate_pem), from files. One file can contain both.
    /// [`Tls::reload`](super::Tls::reload) reads them again.
    pub fn certificate_files(
        mut self,
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> TlsOptions {
        self.sources.push(Source {
            chain: Pem::File(chain.into()),
            key: Pem::File(key.into()),
        });
        self
    }

    /// Asks clients for a certificate that one of these authorities, in PEM form, has signed. Clients without a certificate are
    /// served, too. A client whose certificate is invalid is refused during the handshake. Applications find the certificate in
    /// [`TlsInfo`](crate::request::TlsInfo::client_certificate).
    ///
    /// Each connection verifies the certificate again, so no session is resumed, not even if the client has no certificate.
    /// Revocation is not checked.
    pub fn accept_client_certificates(self, roots: impl Into<Vec<u8>>) -> TlsOptions {
        self.clients(roots.into(), false)
    }

    /// Like [`accept_client_certificates`](TlsOptions::accept_client_certificates), but a client without a certificate is
    /// refused during the handshake.
    pub fn require_client_certificates(self, roots: impl Into<Vec<u8>>) -> TlsOptions {
        self.clients(roots.into(), true)
    }

    fn clients(mut self, roots: Vec<u8>, are_required: bool) -> TlsOptions {
        let roots = Pem::Text(roots);
        self.clients = Some(Clients {
            roots,
            are_required,
        });
        self
    }

    /// Sets a resolver that chooses the certificate of each connection, such as one from an ACME library. It cannot be combined
    /// with other certificates, and [`Tls::reload`](super::Tls::reload) does not change it.
    ///
    /// ```
    /// use bytegate::tls::TlsOptions;
    /// use bytegate::tls::rustls::server::{ClientHello, ResolvesServerCert};
    /// use bytegate::tls::rustls::sign::CertifiedKey;
    /// use std::sync::{Arc, Mutex};
    ///
    /// /// The certificate that was issued last. Before the first one, handshakes fail.
    /// #[derive(Debug, Default)]
    /// struct Issued(Mutex<Option<Arc<CertifiedKey>>>);
    ///
    /// impl ResolvesServerCert for Issued {
    ///     fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
    ///         self.0.lock().unwrap().clone()
    ///     }
    /// }
    ///
    /// let issued = Arc::new(Issued::default());
    /// let options = TlsOptions::new().certificate_resolver(issued.clone());
    /// # #[cfg(feature = "tls")]
    /// # assert!(options.build().is_ok());
    /// ```
    pub fn certificate_resolver(mut self, resolver: Arc<dyn ResolvesServerCert>) -> TlsOptions {
        self.resolver = Some(resolver);
        self
    }

    /// Sets the cryptography provider. Sessions are then resumed from memory, which holds the last 1,024, instead of with
    /// tickets, unless clients are asked for certificates.
    ///
    /// Default: ring with the feature `tls`, or else Graviola with the feature `tls-graviola`, or else the provider that the
    /// process has installed ([`CryptoProvider::install_default`]).
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> TlsOptions {
        self.provider = Some(provider);
        self
    }

    /// Sets the clock that decides whether certificates and tickets are valid, for tests. Default: the system clock.
    pub fn time_provider(mut self, time: Arc<dyn TimeProvider>) -> TlsOptions {
        self.time = Some(time);
        self
    }

    /// Returns whether clients are asked for certificates.
    pub(super) fn asks_clients(&self) -> bool {
        self.clients.is_some()
    }

    pub(super) fn provider_or_default(&self) -> Result<Provider, TlsError> {
        match &self.provider {
            Some(provider) => Ok(Provider::given(provider.clone())),
            None => Provider::by_default(),
        }
    }

    pub(super) fn clock(&self) -> Arc<dyn TimeProvider> {
        let clock = self.time.clone();
        clock.unwrap_or_else(|| Arc::new(DefaultTimeProvider))
    }

    pub(super) fn client_verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let Some(clients) = &self.clients else {
            return Ok(WebPkiClientVerifier::no_client_auth());
        };
        let name = "the list of authorities for clients";
        let mut roots = RootCertStore::empty();
        for root in pem::certificates(&clients.roots, name)? {
            roots
                .add(root)
                .map_err(|error| TlsError::new(format!("{name}: {error}")))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let verifier = if clients.are_required {
            verifier
        } else {
            verifier.allow_unauthenticated()
        };
        verifier
            .build()
            .map_err(|error| TlsError::new(format!("{name}: {error}")))
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are not shown.
        f.debug_struct("TlsOptions")
            .field("certificates", &self.sources.len())
            .field("resolver", &self.resolver)
            .finish_non_exhaustive()
    }
}
