//! The scheme of a connection: `http` or `https`.

/// The scheme of a connection: a target in absolute-form must name it (RFC 9110 section 7.4).
///
/// ```
/// use bytegate::Scheme;
///
/// assert_eq!((Scheme::Https.as_str(), Scheme::Https.default_port()), ("https", 443));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain bytes; an `https://` target is answered with 421.
    #[default]
    Http,
    /// The caller took TLS off these bytes, or trusts the proxy that did.
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that a target without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}
