//! The cryptography provider.

use super::tls_error::TlsError;
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::HashAlgorithm;
use rustls::server::ProducesTickets;
use std::sync::Arc;

/// A cryptography provider, and its ticketer.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) crypto: Arc<CryptoProvider>,
    /// Without it, sessions are kept in memory instead of in tickets.
    pub(super) ticketer: Option<Arc<dyn ProducesTickets>>,
}

impl Provider {
    /// Returns a provider without tickets.
    pub(super) fn given(crypto: Arc<CryptoProvider>) -> Provider {
        Provider {
            crypto,
            ticketer: None,
        }
    }

    /// Returns the provider that the features choose, or else the one that the process has installed.
    pub(crate) fn by_default() -> Result<Provider, TlsError> {
        #[cfg(feature = "tls")]
        {
            use rustls::crypto::ring;
            Ok(Provider {
                crypto: Arc::new(ring::default_provider()),
                ticketer: Some(ring::Ticketer::new()?),
            })
        }
        #[cfg(all(feature = "tls-graviola", not(feature = "tls")))]
        {
            Ok(Provider {
                crypto: Arc::new(rustls_graviola::default_provider()),
                ticketer: Some(rustls_graviola::Ticketer::new()?),
            })
        }
        #[cfg(not(any(feature = "tls", feature = "tls-graviola")))]
        {
            let installed = CryptoProvider::get_default();
            let missing = || {
                TlsError::new(
                    "no cryptography provider is installed: enable the feature tls of bytegate, or pass a provider to \
                     TlsOptions::crypto_provider",
                )
            };
            Ok(Provider::given(installed.ok_or_else(missing)?.clone()))
        }
    }
}

/// Returns the SHA-256 hash of the bytes, if the provider has a cipher suite with it.
pub(super) fn sha256(provider: &CryptoProvider, bytes: &[u8]) -> Option<[u8; 32]> {
    let mut hashes = provider.cipher_suites.iter().map(|suite| match suite {
        rustls::SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider,
        rustls::SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider,
    });
    let hash = hashes.find(|hash| hash.algorithm() == HashAlgorithm::SHA256)?;
    hash.hash(bytes).as_ref().try_into().ok()
}
