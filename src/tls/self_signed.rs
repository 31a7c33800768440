//! Certificates made on the spot.

use super::provider::{Provider, sha256};
use super::tls_error::TlsError;
use crate::values::tls_info::fingerprint;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::pki_types::UnixTime;

/// How long a certificate is valid. Some clients accept no longer time.
const VALID: Duration = Duration::from_secs(397 * DAY);
/// The clocks of clients may be behind.
const BEFORE: Duration = Duration::from_secs(DAY);
const DAY: u64 = 24 * 60 * 60;

/// A certificate made on the spot, and its key (feature `self-signed`). It has signed itself, so no client trusts it until
/// its user does: compare the [fingerprint](SelfSigned::fingerprint), or pass
/// [`certificate_pem`](SelfSigned::certificate_pem) to the client as an authority.
///
/// ```
/// use bytegate::tls::{SelfSigned, Tls};
///
/// let made = SelfSigned::new(["localhost", "127.0.0.1", "::1"])?;
/// assert!(made.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert_eq!(made.fingerprint().len(), 32 * 3 - 1);
/// let tls = Tls::from_pem(made.certificate_pem(), made.key_pem())?;
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
    /// Makes a certificate for host names and IP addresses, with a new key on the curve P-256. `*.example.com` stands for one
    /// label. It is valid for 397 days, from yesterday on.
    ///
    /// # Errors
    /// Returns an error if a name is not a host name in ASCII, if there is none, or if the system has no random numbers.
    pub fn new(names: impl IntoIterator<Item: Into<String>>) -> Result<SelfSigned, TlsError> {
        let now = Duration::from_secs(UnixTime::now().as_secs());
        let from = now.saturating_sub(BEFORE);
        SelfSigned::valid(names, from, from + VALID)
    }

    /// Like [`new`](SelfSigned::new), for a certificate that is valid between two times, given since the Unix epoch. Tests make
    /// certificates that have expired.
    ///
    /// ```
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use std::time::Duration;
    ///
    /// let made = SelfSigned::valid(["localhost"], Duration::ZERO, Duration::from_secs(86_400))?;
    /// let error = Tls::from_pem(made.certificate_pem(), made.key_pem()).unwrap_err();
    /// let expected = "the first certificate in the certificate expired on Fri, 02 Jan 1970 00:00:00 GMT";
    /// assert_eq!(error.to_string(), expected);
    /// # Ok::<(), bytegate::tls::TlsError>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`new`](SelfSigned::new).
    pub fn valid(
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

    /// Returns the private key in PEM form. Keep it from others.
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
