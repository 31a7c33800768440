//! The scheme of a connection: `http` or `https`.

use super::invalid_value::InvalidValue;
use core::fmt;
use core::str::FromStr;

/// The scheme of a connection. A target in absolute-form must name it (RFC 9110 section 7.4).
///
/// ```
/// use bytegate::request::Scheme;
///
/// assert_eq!((Scheme::Https.as_str(), Scheme::Https.default_port()), ("https", 443));
/// assert_eq!("HTTPS".parse(), Ok(Scheme::Https));
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
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// Returns the default port, used for a target that does not name one.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl FromStr for Scheme {
    type Err = InvalidValue;

    /// Returns the scheme with this name, in any case (RFC 3986 section 3.1).
    fn from_str(name: &str) -> Result<Scheme, InvalidValue> {
        let schemes = [Scheme::Http, Scheme::Https];
        let mut named = schemes.into_iter();
        let scheme = named.find(|scheme| name.eq_ignore_ascii_case(scheme.as_str()));
        scheme.ok_or(InvalidValue::SCHEME)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
