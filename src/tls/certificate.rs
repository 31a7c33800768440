//! A certificate and its private key.

use super::pem::{self, Pem};
use super::tls_error::TlsError;
use crate::syntax::date::http_date;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use std::sync::Arc;
use webpki::{EndEntityCert, KeyUsage};

/// The sources of a certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) chain: Pem,
    pub(super) key: Pem,
}

/// A certificate that is valid now, and whose key belongs to it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The host names in it. `*` stands for one label.
    pub(super) names: Arc<[Box<str>]>,
    /// The first host name, or the name of the file.
    pub(super) name: String,
    /// The time at which it expires, since the Unix epoch.
    pub(super) until: Duration,
}

impl Certificate {
    pub(super) fn load(
        source: &Source,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<Certificate, TlsError> {
        let chain = pem::certificates(&source.chain, "the certificate")?;
        let key = pem::key(&source.key, "the key")?;
        let name = source.chain.name("the certificate");
        let key_name = source.key.name("the key");
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            TlsError::new(match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => format!(
                    "the private key in {key_name} does not belong to the first certificate in {name}"
                ),
                Error::InvalidCertificate(error) => {
                    format!("the first certificate in {name} is malformed: {error:?}")
                }
                error => format!("the private key in {key_name} cannot be used: {error}"),
            })
        })?;
        let (names, until) = names_and_end(&key, now)
            .map_err(|reason| TlsError::new(format!("the first certificate in {name} {reason}")))?;
        Ok(Certificate {
            key: Arc::new(key),
            name: names.first().map_or(name, |first| first.to_string()),
            names,
            until,
        })
    }
}

/// The host names in a certificate, and when it expires.
type NamesAndEnd = (Arc<[Box<str>]>, Duration);

/// Returns the names in a certificate and its end, or the reason why it is not valid at this time.
fn names_and_end(key: &CertifiedKey, now: UnixTime) -> Result<NamesAndEnd, String> {
    let der = key
        .end_entity_cert()
        .map_err(|error| format!("is missing: {error}"))?;
    let certificate =
        EndEntityCert::try_from(der).map_err(|error| format!("is malformed: {error}"))?;
    // The verification checks the time before the signature, which only clients can judge.
    let verify = |time| {
        let usage = KeyUsage::server_auth();
        certificate.verify_for_usage(&[], &[], &[], time, usage, None, None)
    };
    match verify(now) {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            return Err(format!("expired on {}", shown(not_after)));
        }
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
            return Err(format!(
                "is not valid before {}: is the clock of this machine right?",
                shown(not_before)
            ));
        }
        _ => {}
    }
    // No certificate is valid then, so the error has the time at which this one expires.
    let until = match verify(UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX))) {
        Err(webpki::Error::CertExpired { not_after, .. }) => not_after,
        _ => return Err("has no time at which it expires".into()),
    };
    let names = certificate.valid_dns_names();
    let names: Vec<Box<str>> = names.map(|name| name.to_ascii_lowercase().into()).collect();
    Ok((names.into(), Duration::from_secs(until.as_secs())))
}

fn shown(time: UnixTime) -> String {
    let date = http_date(Duration::from_secs(time.as_secs()));
    date.unwrap_or_else(|| format!("day {} after 1970", time.as_secs() / 86_400))
}
