//! The verification of client certificates.

use super::pem::{self, Pem};
use super::tls_error::TlsError;
use alloc::format;
use alloc::vec::Vec;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use std::sync::Arc;
use webpki::BorrowedCertRevocationList;

/// The client certificates that are accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    /// Without authorities, clients are not asked for a certificate.
    pub(super) authorities: Option<Pem>,
    /// Whether clients without a certificate are served, too.
    pub(super) may_be_unknown: bool,
    /// The revocation lists.
    pub(super) revoked: Vec<Pem>,
}

impl Clients {
    /// Returns whether clients are asked for a certificate.
    pub(super) fn are_asked(&self) -> bool {
        self.authorities.is_some()
    }

    /// Reads the authorities and the lists.
    pub(super) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let Some(authorities) = &self.authorities else {
            return if self.revoked.is_empty() {
                Ok(WebPkiClientVerifier::no_client_auth())
            } else {
                Err(TlsError::new(
                    "a list of revoked certificates needs authorities for clients",
                ))
            };
        };
        const LIST: &str = "the list of authorities for clients";
        let name = authorities.name(LIST);
        let mut roots = RootCertStore::empty();
        for root in pem::certificates(authorities, LIST)? {
            roots
                .add(root)
                .map_err(|error| TlsError::new(format!("{name}: {error}")))?;
        }
        let mut verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
                .with_crls(self.revocation_lists()?)
                .enforce_revocation_expiration();
        if self.may_be_unknown {
            verifier = verifier.allow_unauthenticated();
        }
        verifier
            .build()
            .map_err(|error| TlsError::new(format!("{name}: {error}")))
    }

    fn revocation_lists(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
        const LIST: &str = "the list of revoked certificates";
        let mut all = Vec::new();
        for source in &self.revoked {
            let lists = pem::revocation_lists(source, LIST)?;
            for list in &lists {
                BorrowedCertRevocationList::from_der(list).map_err(|error| {
                    let name = source.name(LIST);
                    TlsError::new(format!(
                        "a revocation list in {name} is malformed: {error:?}"
                    ))
                })?;
            }
            all.extend(lists);
        }
        Ok(all)
    }
}
