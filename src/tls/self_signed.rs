//! Self-signed certificates.

use super::provider::{Provider, sha256};
use super::tls_error::TlsError;
use crate::values::tls_info::fingerprint;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::pki_types::UnixTime;

/// The validity of a certificate. Some clients refuse a longer one.
const VALID: Duration = Duration::from_secs(397 * DAY);
/// How long ago the validity begins, because the clock of a client may be slow.
const BEFORE: Duration = Duration::from_secs(DAY);
const DAY: u64 = 24 * 60 * 60;

/// A new self-signed certificate and its private key (feature `self-signed`), for tests and local networks. No client trusts
/// it by default: compare the [fingerprint](SelfSigned::fingerprint), or pass
/// [`certificate_pem`](SelfSigned::certificate_pem) to the client as an authority.
///
/// ```
/// use bytegate::tls::{SelfSigned, Tls};
///
/// let certificate = SelfSigned::new(["localhost", "127.0.0.1", "::1"])?;
/// assert!(certificate.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert_eq!(certificate.fingerprint().len(), 32 * 3 - 1);
/// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
/// # let _ = tls;
/// # Ok::<(), bytegate::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct SelfSigned {
    certificate_pem: String,
    key_pem: String,
    fingerprint: String,
}

impl SelfSigned {
    /// Creates a certificate for host names and IP addresses, with a new P-256 key. The star in `*.example.com` stands for one
    /// label. The certificate is valid for 397 days, starting yesterday.
    ///
    /// # Errors
    /// Returns an error if no name is given, if a name is not an ASCII host name or an IP address, or if the system has no random
    /// numbers.
    pub fn new(names: impl IntoIterator<Item: Into<String>>) -> Result<SelfSigned, TlsError> {
        let now = Duration::from_secs(UnixTime::now().as_secs());
        let from = now.saturating_sub(BEFORE);
        SelfSigned::valid_between(names, from, from + VALID)
    }

    /// Like [`new`](SelfSigned::new), with a validity from one time to another, both since the Unix epoch. Use it to test with
    /// expired certificates.
    ///
    /// ```
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use std::time::Duration;
    ///
    /// let expired = SelfSigned::valid_between(["localhost"], Duration::ZERO, Duration::from_secs(86_400))?;
    /// let error = Tls::from_pem(expired.certificate_pem(), expired.key_pem()).unwrap_err();
    /// let expected = "the first certificate in the certificate expired on Fri, 02 Jan 1970 00:00:00 GMT";
    /// assert_eq!(error.to_string(), expected);
    /// # Ok::<(), bytegate::tls::TlsError>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`new`](SelfSigned::new).
    pub fn valid_between(
        names: impl IntoIterator<Item: Into<String>>,
        from: Duration,
        until: Duration,
    ) -> Result<SelfSigned, TlsError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let Some(first) = names.first().cloned() else {
            return Err(TlsError::new("a certificate needs a name"));
        };
        let shown = names.join(", ");
        make(names, &first, from, until)
            .map_err(|error| {
                TlsError::new(format!("cannot make a certificate for {shown}: {error}"))
            })
            .and_then(SelfSigned::of)
    }

    fn of((certificate, key): (rcgen::Certificate, KeyPair)) -> Result<SelfSigned, TlsError> {
        let provider = Provider::by_default()?;
        let hash = sha256(&provider.crypto, certificate.der()).unwrap_or_default();
        Ok(SelfSigned {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            fingerprint: fingerprint(&hash),
        })
    }

    /// Returns the certificate in PEM form.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Returns the private key in PEM form. Keep it secret.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Returns the SHA-256 fingerprint of the certificate, in the form that browsers and `openssl x509 -fingerprint -sha256`
    /// show: `AB:CD:…`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn make(
    names: Vec<String>,
    first: &str,
    from: Duration,
    until: Duration,
) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let epoch = date_time_ymd(1970, 1, 1);
    (params.not_before, params.not_after) = (epoch + from, epoch + until);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, first);
    params.extended_key_usages = Vec::from([ExtendedKeyUsagePurpose::ServerAuth]);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate, key))
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is not shown.
        f.debug_struct("SelfSigned")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}
