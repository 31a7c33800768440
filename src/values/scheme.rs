//! The scheme of a connection: `http` or `https`.

/// The scheme of a connection. A target in absolute-form must name it (RFC 9110 section 7.4).
///
/// ```
/// use bytegate::request::Scheme;
///
/// assert_eq!((Scheme::Https.as_str(), Scheme::Https.default_port()), ("https", 443));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain bytes. An `https://` target gets a 421.
    #[default]
    Http,
    /// The caller decrypted TLS, or trusts the proxy that did.
    Https,
}

impl Scheme {
    /// Returns `"http"` or `"https"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// Returns the default port, used for a target that does not name one.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}
