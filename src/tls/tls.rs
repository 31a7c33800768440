//! The certificates of a server, which can be replaced while it runs.

use super::certificates::Certificates;
use super::current::Current;
use super::options::TlsOptions;
use super::protocols;
use super::tls_connection::TlsConnection;
use super::tls_error::TlsError;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// The number of sessions kept in memory, if the provider has no tickets.
const SESSIONS: usize = 1024;

/// The certificates and other TLS settings of a server. Clones are cheap and share everything.
///
/// ```
/// # #[cfg(feature = "self-signed")] {
/// use bytegate::tls::{SelfSigned, Tls};
///
/// let certificate = SelfSigned::new(["localhost"])?;
/// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
/// assert!(tls.connection().is_handshaking());
/// # }
/// # Ok::<(), bytegate::tls::TlsError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    options: TlsOptions,
    current: RwLock<Arc<Current>>,
}

impl TlsOptions {
    /// Reads all certificates and keys, the authorities of clients, and revocation lists.
    ///
    /// # Errors
    /// Returns an error that names the file and the reason: the file cannot be read, contains no certificate or no key, the key
    /// is encrypted or belongs to another certificate, or the certificate has expired or is not valid yet. A file for clients
    /// must contain an authority or a revocation list. Also returns an error if no certificate was added.
    pub fn build(self) -> Result<Tls, TlsError> {
        match (&self.resolver, self.sources.is_empty()) {
            (None, true) => Err(TlsError::new("TLS needs a certificate")),
            (Some(_), false) => Err(TlsError::new(
                "a certificate resolver cannot be combined with other certificates",
            )),
            _ => Tls::new(self),
        }
    }
}

impl Tls {
    /// Uses one certificate and its key, both in PEM form. See [`TlsOptions::certificate_pem`].
    ///
    /// # Errors
    /// Returns the errors of [`TlsOptions::build`].
    pub fn from_pem(chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Result<Tls, TlsError> {
        TlsOptions::new().certificate_pem(chain, key).build()
    }

    /// Uses one certificate and its key from files. See [`TlsOptions::certificate_files`].
    ///
    /// ```no_run
    /// # #[cfg(feature = "server")] {
    /// use bytegate::tls::Tls;
    /// use bytegate::{Request, net};
    ///
    /// let folder = "/etc/letsencrypt/live/example.com";
    /// let mut options = net::Options::default();
    /// options.tls = Some(Tls::from_files(format!("{folder}/fullchain.pem"), format!("{folder}/privkey.pem"))?);
    /// let server = net::start("[::]:443", |_: &Request| "hello\n", options)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`TlsOptions::build`].
    pub fn from_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Tls, TlsError> {
        TlsOptions::new().certificate_files(chain, key).build()
    }

    fn new(options: TlsOptions) -> Result<Tls, TlsError> {
        let current = RwLock::new(Arc::new(load(&options, None)?));
        Ok(Tls {
            shared: Arc::new(Shared { options, current }),
        })
    }

    /// Reads all files again, and uses them for new connections. Open connections keep their certificates. If any file is
    /// wrong, everything stays as it is.
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use std::fs;
    ///
    /// let folder = std::env::temp_dir().join("bytegate-tls-reload");
    /// fs::create_dir_all(&folder)?;
    /// let (chain, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    /// let certificate = SelfSigned::new(["localhost"])?;
    /// fs::write(&chain, certificate.certificate_pem())?;
    /// fs::write(&key, certificate.key_pem())?;
    /// let tls = Tls::from_files(&chain, &key)?;
    ///
    /// // The certificate is renewed, but its key is not yet: the old pair stays in use.
    /// let renewed = SelfSigned::new(["localhost"])?;
    /// fs::write(&chain, renewed.certificate_pem())?;
    /// assert!(tls.reload().is_err());
    /// fs::write(&key, renewed.key_pem())?;
    /// tls.reload()?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`TlsOptions::build`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let Shared { options, current } = &*self.shared;
        let renewed = Arc::new(load(options, Some(&self.current()))?);
        *current.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// Returns the name of each certificate in use, and the time at which it expires, since the Unix epoch. The name is the first
    /// host name in it, or else the name of its file. The certificates of a [resolver](TlsOptions::certificate_resolver) are not
    /// known.
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use std::time::Duration;
    ///
    /// let until = Duration::from_secs(4_000_000_000);
    /// let certificate = SelfSigned::valid_between(["localhost"], Duration::ZERO, until)?;
    /// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
    /// assert_eq!(tls.expirations(), [("localhost".to_string(), until)]);
    /// # }
    /// # Ok::<(), bytegate::tls::TlsError>(())
    /// ```
    #[must_use]
    pub fn expirations(&self) -> Vec<(String, Duration)> {
        let current = self.current();
        let certificates = current.certificates.as_ref();
        certificates.map_or_else(Vec::new, |certificates| {
            certificates.expirations().collect()
        })
    }

    /// Creates the state of a new connection.
    #[must_use]
    pub fn connection(&self) -> TlsConnection {
        TlsConnection::new(self.current())
    }

    fn current(&self) -> Arc<Current> {
        let current = self.shared.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads all files. Clients can resume sessions from `before`.
fn load(options: &TlsOptions, before: Option<&Current>) -> Result<Current, TlsError> {
    let provider = options.provider_or_default()?;
    let clients = options.clients.verifier(&provider.crypto)?;
    let choice = Choice::load(options, &provider.crypto)?;
    let mut config = ServerConfig::builder_with_details(provider.crypto, options.clock())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(choice.resolver());
    let supported = protocols::HTTP.into_iter().chain(options.extra_protocol);
    config.alpn_protocols = supported.map(Vec::from).collect();
    match (before, provider.ticketer) {
        // A session that is resumed keeps the certificate of its client, and nothing verifies it again: not after it has
        // expired or was revoked, and not against other authorities.
        _ if options.clients.are_asked() => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        (Some(before), _) => {
            config.ticketer = before.config.ticketer.clone();
            config.session_storage = before.config.session_storage.clone();
        }
        (None, Some(ticketer)) => {
            config.ticketer = ticketer;
            config.session_storage = Arc::new(NoServerSessionStorage {});
        }
        (None, None) => config.session_storage = ServerSessionMemoryCache::new(SESSIONS),
    }
    Ok(Current {
        config: Arc::new(config),
        certificates: choice.certificates(),
    })
}

/// The source of the certificate of each connection.
enum Choice {
    Certificates(Arc<Certificates>),
    Resolver(Arc<dyn ResolvesServerCert>),
}

impl Choice {
    /// Reads the certificates, unless a resolver provides them.
    fn load(options: &TlsOptions, provider: &CryptoProvider) -> Result<Choice, TlsError> {
        if let Some(resolver) = &options.resolver {
            return Ok(Choice::Resolver(resolver.clone()));
        }
        let now = options.clock().current_time();
        let now = now.ok_or_else(|| TlsError::new("the current time is unknown"))?;
        let certificates = Certificates::load(&options.sources, provider, now)?;
        Ok(Choice::Certificates(Arc::new(certificates)))
    }

    fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        match self {
            Choice::Certificates(certificates) => certificates.clone(),
            Choice::Resolver(resolver) => resolver.clone(),
        }
    }

    fn certificates(self) -> Option<Arc<Certificates>> {
        match self {
            Choice::Certificates(certificates) => Some(certificates),
            Choice::Resolver(_) => None,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.shared.options).finish()
    }
}
