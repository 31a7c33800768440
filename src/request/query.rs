//! The query of a target, decoded.

use super::request::Request;
use crate::response::rejection::{Rejection, detail};
use alloc::borrow::Cow;
use alloc::format;
use core::fmt::Display;
use core::str::FromStr;
use percent_encoding::percent_decode_str;

/// # The query
impl<'a> Request<'a> {
    /// Returns the query as it was sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.message.head.query()
    }

    /// Returns the names and values of the query, decoded as `application/x-www-form-urlencoded`. A `%` that is not
    /// followed by two hexadecimal digits is kept as is, and invalid UTF-8 is replaced with U+FFFD. To reject it
    /// instead, use [`parse_query`](Request::parse_query).
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    ///
    /// let gateway = Gateway::new(|request: &Request| {
    ///     request.query_pairs().map(|(name, value)| format!("{name} is {value}\n")).collect::<String>()
    /// });
    /// let response = gateway.handle(b"GET /?q=50%&r=a+b%21 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"q is 50%\nr is a b!\n"));
    /// ```
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        form_urlencoded::parse(self.query().unwrap_or_default().as_bytes())
    }

    /// Returns the first value with the given name in the query, decoded as in
    /// [`query_pairs`](Request::query_pairs).
    ///
    /// ```
    /// use bytegate::Request;
    ///
    /// let request = Request::builder("GET", "/search?q=a+b&q=c").build()?;
    /// assert_eq!(request.query_value("q").as_deref(), Some("a b"));
    /// assert_eq!(request.query_value("page"), None);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut pairs = self.query_pairs();
        let (_, value) = pairs.find(|(other, _)| other == name)?;
        Some(value)
    }

    /// Parses the first value with the given name in the query. Returns `None` if there is none. An empty value, as in
    /// `?page=`, is parsed like any other.
    ///
    /// ```
    /// use bytegate::{Rejection, Request};
    ///
    /// fn page(request: &Request) -> Result<u32, Rejection> {
    ///     Ok(request.parse_query("page")?.unwrap_or(1))
    /// }
    ///
    /// let at = |target| page(&Request::builder("GET", target).build().expect("a request").view());
    /// assert_eq!(at("/?page=3"), Ok(3));
    /// assert_eq!(at("/"), Ok(1));
    /// assert_eq!(
    ///     at("/?page=x").unwrap_err().detail(),
    ///     "\"page\" in the query is not valid: invalid digit found in string"
    /// );
    /// ```
    ///
    /// # Errors
    /// Returns a 400 if the value does not parse, or is not UTF-8. Replacing the bytes could make different values
    /// equal.
    pub fn parse_query<T>(&self, name: &str) -> Result<Option<T>, Rejection>
    where
        T: FromStr<Err: Display>,
    {
        let mut pieces = self.query_pieces();
        let Some(piece) = pieces.find(|piece| piece.name == name) else {
            return Ok(None);
        };
        let value = piece.check()?.value;
        value.parse().map(Some).map_err(|error| {
            let error = detail(error);
            Rejection::bad_request(format!("{name:?} in the query is not valid: {error}"))
        })
    }

    /// Checks that all names and values of the query are UTF-8.
    #[cfg(feature = "serde")]
    pub(crate) fn check_query(&self) -> Result<(), Rejection> {
        self.query_pieces()
            .try_for_each(|piece| piece.check().map(|_| ()))
    }

    fn query_pieces(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        let query = self.query().unwrap_or_default();
        // Decoding skips empty pairs, too.
        let sent = query.split('&').filter(|sent| !sent.is_empty());
        let pieces = sent.zip(self.query_pairs());
        pieces.map(|(sent, (name, value))| Piece { sent, name, value })
    }
}

/// A name and a value of a query.
struct Piece<'a> {
    sent: &'a str,
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

impl Piece<'_> {
    /// Returns a 400 if decoding replaced any bytes.
    fn check(self) -> Result<Self, Rejection> {
        match percent_decode_str(self.sent).decode_utf8() {
            Ok(_) => Ok(self),
            Err(_) => {
                let name = detail(&self.name);
                let reason = format!("\"{name}\" in the query is not UTF-8");
                Err(Rejection::bad_request(reason))
            }
        }
    }
}
