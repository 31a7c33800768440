//! All certificates of a server, and the choice among them.

use super::certificate::{Certificate, Source};
use super::tls_error::TlsError;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;

/// The certificates of a server. The client's server name selects one: the exact name first, then a wildcard, then the first
/// certificate.
#[derive(Debug)]
pub(super) struct Certificates {
    /// At least one certificate.
    all: Vec<Certificate>,
    /// For each name, in lowercase, the index of the first certificate that contains it.
    indexes: HashMap<Box<str>, usize>,
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
        let mut indexes = HashMap::new();
        for (index, certificate) in all.iter().enumerate() {
            for name in &*certificate.names {
                indexes.entry(name.clone()).or_insert(index);
            }
        }
        Ok(Certificates { all, indexes })
    }

    /// Returns the names of the certificate for this server name, unless it is the only certificate, or its names are unknown.
    pub(super) fn names(&self, server_name: Option<&str>) -> Option<&Arc<[Box<str>]>> {
        let names = &self.select(server_name)?.names;
        (self.all.len() > 1 && !names.is_empty()).then_some(names)
    }

    /// Returns the name of each certificate, and when it expires.
    pub(super) fn expirations(&self) -> impl Iterator<Item = (String, Duration)> {
        let all = self.all.iter();
        all.map(|certificate| (certificate.name.clone(), certificate.until))
    }

    fn select(&self, server_name: Option<&str>) -> Option<&Certificate> {
        let named = server_name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let wildcard = || {
                let (_, domain) = name.split_once('.')?;
                self.indexes.get(&*format!("*.{domain}"))
            };
            self.indexes.get(&*name).or_else(wildcard)
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
