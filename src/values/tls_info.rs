//! Information about the TLS of a connection.

use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};
use core::net::Ipv4Addr;

/// Information about the TLS of a connection: the version, the server name and the client certificate. Applications find it in
/// [`ConnectionInfo::tls`](crate::request::ConnectionInfo::tls).
///
/// With the feature `rustls`, front ends provide it. A front end that uses another TLS library can create it.
///
/// ```
/// use bytegate::Request;
///
/// fn whoami(request: &Request) -> String {
///     match request.connection().tls.as_deref().and_then(|tls| tls.client_fingerprint()) {
///         Some(fingerprint) => format!("your certificate is {fingerprint}\n"),
///         None => String::from("you have no certificate\n"),
///     }
/// }
/// # let gateway = bytegate::Gateway::new(whoami);
/// # assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"no certificate\n"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    version: TlsVersion,
    server_name: Option<Box<str>>,
    client: Option<Client>,
    names: Option<Arc<[Box<str>]>>,
}

/// A client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Client {
    certificate: Box<[u8]>,
    sha256: [u8; 32],
}

/// A TLS version.
///
/// ```
/// use bytegate::request::TlsVersion;
///
/// assert_eq!(TlsVersion::Tls13.to_string(), "TLSv1.3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsInfo {
    /// Creates information about a connection without a server name or a client certificate.
    #[must_use]
    pub fn new(version: TlsVersion) -> TlsInfo {
        TlsInfo {
            version,
            server_name: None,
            client: None,
            names: None,
        }
    }

    /// Sets the server name that the client sent.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> TlsInfo {
        self.server_name = Some(name.into());
        self
    }

    /// Sets the client certificate, in DER form, and its SHA-256 hash. It must have been verified.
    ///
    /// ```
    /// use bytegate::request::{TlsInfo, TlsVersion};
    ///
    /// let info = TlsInfo::new(TlsVersion::Tls13).with_client_certificate(b"(DER)", [0xab; 32]);
    /// assert_eq!(info.client_certificate(), Some(&b"(DER)"[..]));
    /// assert!(info.client_fingerprint().unwrap().starts_with("AB:AB:"));
    /// ```
    #[must_use]
    pub fn with_client_certificate(mut self, der: &[u8], sha256: [u8; 32]) -> TlsInfo {
        let certificate = der.into();
        self.client = Some(Client {
            certificate,
            sha256,
        });
        self
    }

    /// Sets the names in the certificate that the server chose, if it has several certificates. The star in `*.example.com`
    /// stands for one label. A request for any other host gets a 421 (RFC 9110 section 15.5.20), so that the client can repeat it
    /// on another connection. Hosts that are IP addresses are not checked. Default: requests for all hosts are accepted.
    #[must_use]
    pub fn with_certificate_names(mut self, names: impl Into<Arc<[Box<str>]>>) -> TlsInfo {
        self.names = Some(names.into());
        self
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// Returns the server name that the client sent (SNI, RFC 6066 section 3). A client that connects to an IP address sends
    /// none.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Returns the verified client certificate, in DER form, if the client sent one.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&[u8]> {
        self.client.as_ref().map(|client| &*client.certificate)
    }

    /// Returns the SHA-256 fingerprint of the client certificate, in the form of `openssl x509 -fingerprint -sha256`:
    /// `AB:CD:…`.
    #[must_use]
    pub fn client_fingerprint(&self) -> Option<String> {
        let client = self.client.as_ref()?;
        Some(fingerprint(&client.sha256))
    }

    /// Returns whether a request for this host may use the connection.
    pub(crate) fn covers(&self, host: &str) -> bool {
        let Some(names) = self.names.as_deref() else {
            return true;
        };
        let is_address = || host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
        names.iter().any(|name| covers(name, host)) || is_address()
    }
}

/// Returns whether a name in a certificate covers a host (RFC 6125 section 6.4). A star stands for one label.
fn covers(name: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => {
            !label.is_empty() && domain.eq_ignore_ascii_case(rest)
        }
        (Some(_), None) => false,
        (None, _) => name.eq_ignore_ascii_case(host),
    }
}

/// Writes a hash as pairs of digits.
pub(crate) fn fingerprint(hash: &[u8]) -> String {
    let mut text = String::with_capacity(hash.len() * 3);
    for (index, byte) in hash.iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        // A string takes everything.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TlsVersion::Tls12 => "TLSv1.2",
            TlsVersion::Tls13 => "TLSv1.3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_stands_for_one_label() {
        for host in ["a.example.com", "A.EXAMPLE.com", "a.example.com."] {
            assert!(covers("*.Example.com", host), "{host}");
        }
        for host in ["example.com", ".example.com", "a.b.example.com", "com", ""] {
            assert!(!covers("*.example.com", host), "{host}");
        }
        assert!(covers("example.com", "EXAMPLE.COM.") && !covers("example.com", "a.example.com"));
    }
}
