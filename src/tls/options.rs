//! The certificates of a server, the clients that it accepts, and its cryptography.

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

/// The certificates of a server, the clients that it accepts, and its cryptography. [`build`](TlsOptions::build) makes a
/// [`Tls`](super::Tls) of them.
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

/// The certificates of clients.
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

    /// Adds a certificate and its private key, both in PEM form. The certificate comes first in its chain, and the
    /// intermediate certificates after it. The key is in the form of PKCS #8, PKCS #1 or SEC 1, without a passphrase.
    ///
    /// The host names are read from the certificate (its subject alternative names). The first certificate is for all
    /// clients whose server name is in no certificate, and for clients that send none.
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

    /// Like [`certificate_pem`](TlsOptions::certificate_pem), from files. One file may have both. [`Tls::reload`](super::Tls::reload) reads them
    /// again.
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

    /// Asks clients for a certificate that one of these authorities has signed, in PEM form. A client without one is
    /// served, too: the application finds the certificate in [`TlsInfo`](crate::request::TlsInfo::client_certificate). A
    /// client with a wrong one is refused.
    ///
    /// Revocation is not checked.
    pub fn accept_client_certificates(self, roots: impl Into<Vec<u8>>) -> TlsOptions {
        self.clients(roots.into(), false)
    }

    /// Like [`accept_client_certificates`](TlsOptions::accept_client_certificates), and a client without a certificate is
    /// refused.
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

    /// Has a function choose the certificate of each connection, for example one of a client for ACME. It takes the place of
    /// all certificates.
    ///
    /// ```
    /// use bytegate::tls::TlsOptions;
    /// use bytegate::tls::rustls::server::{ClientHello, ResolvesServerCert};
    /// use bytegate::tls::rustls::sign::CertifiedKey;
    /// use std::sync::{Arc, Mutex};
    ///
    /// /// The certificate that was issued last. Until there is one, handshakes fail.
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
    /// let options = TlsOptions::new().resolver(issued.clone());
    /// # #[cfg(feature = "tls")]
    /// # assert!(options.build().is_ok());
    /// ```
    pub fn resolver(mut self, resolver: Arc<dyn ResolvesServerCert>) -> TlsOptions {
        self.resolver = Some(resolver);
        self
    }

    /// Sets the provider of cryptography. Sessions are then kept in memory, the last 1,024 of them, instead of in tickets.
    ///
    /// Default: ring, with the feature `tls`. Otherwise Graviola, with the feature `tls-graviola`. Otherwise the provider
    /// that the process has installed.
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> TlsOptions {
        self.provider = Some(provider);
        self
    }

    /// Sets the clock for the validity of certificates and tickets, for tests. Default: the clock of the system.
    pub fn time_provider(mut self, time: Arc<dyn TimeProvider>) -> TlsOptions {
        self.time = Some(time);
        self
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
