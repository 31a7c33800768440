//! Options for TLS: the certificates of a server, the clients that it accepts, and its cryptography.

use super::certificate::Source;
use super::clients::Clients;
use super::pem::Pem;
use super::protocols;
use super::provider::Provider;
use super::tls_error::TlsError;
use alloc::vec::Vec;
use core::fmt;
use rustls::crypto::CryptoProvider;
use rustls::server::ResolvesServerCert;
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
    pub(super) extra_protocol: Option<&'static [u8]>,
    provider: Option<Arc<CryptoProvider>>,
    pub(super) time: Option<Arc<dyn TimeProvider>>,
    pub(super) clients: Clients,
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

    /// Requires a client certificate that one of these authorities has signed, in PEM form. A client whose certificate is missing
    /// or invalid is refused during the handshake. Applications find the certificate in
    /// [`TlsInfo`](crate::request::TlsInfo::client_certificate).
    ///
    /// Each connection verifies the certificate again, so no session is resumed. Revocation is checked if there are
    /// [lists](TlsOptions::client_revocation_pem). Default: clients are not asked for a certificate.
    pub fn client_authorities_pem(mut self, authorities: impl Into<Vec<u8>>) -> TlsOptions {
        self.clients.authorities = Some(Pem::Text(authorities.into()));
        self
    }

    /// Like [`client_authorities_pem`](TlsOptions::client_authorities_pem), from a file. [`Tls::reload`](super::Tls::reload)
    /// reads it again.
    pub fn client_authorities_file(mut self, authorities: impl Into<PathBuf>) -> TlsOptions {
        self.clients.authorities = Some(Pem::File(authorities.into()));
        self
    }

    /// Also serves clients without a certificate. With [authorities](TlsOptions::client_authorities_pem), clients are still asked
    /// for one, and a client whose certificate is invalid is still refused.
    pub fn allow_clients_without_certificate(mut self) -> TlsOptions {
        self.clients.may_be_unknown = true;
        self
    }

    /// Refuses clients whose certificate has been revoked. `lists` contains one or more certificate revocation lists (CRL, RFC
    /// 5280 section 5), in PEM form. Call this once or several times.
    ///
    /// With lists, each client certificate and each intermediate certificate must be covered by a list that its issuer has
    /// signed. A client is refused if a list is missing or past its next update.
    pub fn client_revocation_pem(mut self, lists: impl Into<Vec<u8>>) -> TlsOptions {
        self.clients.revoked.push(Pem::Text(lists.into()));
        self
    }

    /// Like [`client_revocation_pem`](TlsOptions::client_revocation_pem), from a file. Before a list expires, replace the file,
    /// and call [`Tls::reload`](super::Tls::reload), which reads it again.
    ///
    /// ```no_run
    /// use bytegate::tls::TlsOptions;
    ///
    /// let tls = TlsOptions::new()
    ///     .certificate_files("cert.pem", "key.pem")
    ///     .client_authorities_file("authority.pem")
    ///     .client_revocation_file("revoked.pem")
    ///     .build()?;
    /// # let _ = tls;
    /// # Ok::<(), bytegate::tls::TlsError>(())
    /// ```
    pub fn client_revocation_file(mut self, lists: impl Into<PathBuf>) -> TlsOptions {
        self.clients.revoked.push(Pem::File(lists.into()));
        self
    }

    /// Sets a resolver that chooses the certificate of each connection. It cannot be combined with other certificates, and
    /// [`Tls::reload`](super::Tls::reload) does not change it. For an ACME client, see
    /// [`acme_resolver`](TlsOptions::acme_resolver).
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
        self.extra_protocol = None;
        self
    }

    /// Like [`certificate_resolver`](TlsOptions::certificate_resolver), for an ACME client that uses the challenge TLS-ALPN-01
    /// (RFC 8737). The resolver also chooses the certificate for the validation by an authority, which offers only the protocol
    /// `acme-tls/1`. Such a connection ends after its handshake, and further input is ignored.
    ///
    /// With the crate rustls-acme, a server orders and renews its certificates itself: see `examples/acme` in the repository.
    ///
    /// ```
    /// use bytegate::tls::TlsOptions;
    /// use bytegate::tls::rustls::server::{ClientHello, ResolvesServerCert};
    /// use bytegate::tls::rustls::sign::CertifiedKey;
    /// use std::sync::Arc;
    ///
    /// #[derive(Debug)]
    /// struct Ordered {
    ///     certificate: Option<Arc<CertifiedKey>>,
    ///     /// The certificate for the validation, while it is pending.
    ///     proof: Option<Arc<CertifiedKey>>,
    /// }
    ///
    /// impl ResolvesServerCert for Ordered {
    ///     fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
    ///         let is_authority = client.alpn().into_iter().flatten().eq([b"acme-tls/1"]);
    ///         if is_authority { self.proof.clone() } else { self.certificate.clone() }
    ///     }
    /// }
    ///
    /// let ordered = Ordered { certificate: None, proof: None };
    /// let options = TlsOptions::new().acme_resolver(Arc::new(ordered));
    /// # #[cfg(feature = "tls")]
    /// # assert!(options.build().is_ok());
    /// ```
    pub fn acme_resolver(mut self, resolver: Arc<dyn ResolvesServerCert>) -> TlsOptions {
        self.resolver = Some(resolver);
        self.extra_protocol = Some(protocols::ACME);
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
