//! All certificates of a server, and which one a client gets.

use super::certificate::{Certificate, Source};
use super::tls_error::TlsError;
use alloc::boxed::Box;
use alloc::vec::Vec;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;

/// The certificates of a server. The server name of a client selects one: the exact name first, then a wildcard, then the
/// first certificate.
#[derive(Debug)]
pub(super) struct Certificates {
    /// There is at least one.
    all: Vec<Certificate>,
    /// The places of the certificates by the names in them, in lower case. The first certificate with a name has it.
    places: HashMap<Box<str>, usize>,
}

impl Certificates {
    pub(super) fn load(
        sources: &[Source],
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<Certificates, TlsError> {
        let loaded = sources
            .iter()
            .map(|source| Certificate::load(source, provider, now));
        let all: Vec<Certificate> = loaded.collect::<Result<_, _>>()?;
        let mut places = HashMap::new();
        for (place, certificate) in all.iter().enumerate() {
            for name in &*certificate.names {
                places.entry(name.clone()).or_insert(place);
            }
        }
        Ok(Certificates { all, places })
    }

    /// Returns the names of the certificate for this server name, unless there is only one certificate, or its names are
    /// not known.
    pub(super) fn names(&self, server_name: Option<&str>) -> Option<&Arc<[Box<str>]>> {
        let names = &self.select(server_name)?.names;
        (self.all.len() > 1 && !names.is_empty()).then_some(names)
    }

    fn select(&self, server_name: Option<&str>) -> Option<&Certificate> {
        let named = server_name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let wildcard = || {
                let (_, domain) = name.split_once('.')?;
                self.places.get(&*format!("*.{domain}"))
            };
            self.places.get(&*name).or_else(wildcard)
        });
        self.all.get(named.copied().unwrap_or(0))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = self.select(hello.server_name())?;
        Some(certificate.key.clone())
    }
}
