//! HTML form data: bodies of type `application/x-www-form-urlencoded`.

use super::request::Request;
use crate::response::rejection::Rejection;
use alloc::borrow::Cow;
use alloc::format;
use core::fmt;
use percent_encoding::percent_decode;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// An iterator over the decoded names and values of a form, in the order sent. Created by
/// [`Request::form`](crate::Request::form).
///
/// ```
/// use bytegate::Request;
///
/// let request = Request::builder("POST", "/")
///     .header("Content-Type", "application/x-www-form-urlencoded")
///     .body("tag=a&tag=b+c")
///     .build()?;
/// let form = request.form().expect("a form");
/// assert_eq!(form.get("tag").as_deref(), Some("a"));
/// assert_eq!(form.get_all("tag").collect::<Vec<_>>(), ["a", "b c"]);
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Form<'a> {
    pairs: form_urlencoded::Parse<'a>,
}

/// # Forms
impl<'a> Request<'a> {
    /// Returns the names and values of a form. A request without a Content-Type and a body, such as a GET, has an empty
    /// form.
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request};
    ///
    /// let gateway = Gateway::new(|request: &Request| -> Result<String, Rejection> {
    ///     let name = request.form()?.get("name").unwrap_or("nobody".into());
    ///     Ok(format!("hello {name}\n"))
    /// });
    /// let response = gateway.handle(
    ///     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
    ///       Content-Length: 8\r\n\r\nname=Ada",
    /// );
    /// assert!(response.ends_with(b"hello Ada\n"));
    /// ```
    ///
    /// # Errors
    /// - 415 if Content-Type is missing or is not `application/x-www-form-urlencoded`. Its parameters are ignored: the
    ///   URL Standard decodes every form as UTF-8.
    /// - 413 if the form has more than [`Form::MAX_PAIRS`] pairs.
    /// - 400 if a name or a value is not UTF-8. Replacing the bytes could make different values equal.
    pub fn form(&self) -> Result<Form<'a>, Rejection> {
        self.form_with(Form::MAX_PAIRS)
    }

    /// Like [`form`](Request::form), but with a different limit on the number of pairs.
    ///
    /// ```
    /// use bytegate::{Request, Status};
    ///
    /// let request = Request::builder("POST", "/")
    ///     .header("Content-Type", "application/x-www-form-urlencoded")
    ///     .body("a=1&b=2&c=3")
    ///     .build()?;
    /// assert_eq!(request.form_with(3).expect("three pairs").count(), 3);
    /// assert_eq!(request.form_with(2).unwrap_err().status(), Status::CONTENT_TOO_LARGE);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// Fails like [`form`](Request::form).
    pub fn form_with(&self, pairs: usize) -> Result<Form<'a>, Rejection> {
        if !self.body().is_empty() || self.headers().contains("Content-Type") {
            self.check_content_type(MEDIA_TYPE, |media_type| media_type == MEDIA_TYPE.as_bytes())?;
        }
        Form::parse(self.body(), pairs)
    }
}

impl<'a> Form<'a> {
    /// The number of pairs that [`Request::form`](crate::Request::form) accepts.
    pub const MAX_PAIRS: usize = 1000;

    /// Counts before it decodes, so that a form with a million fields is cheap to refuse.
    fn parse(body: &'a [u8], limit: usize) -> Result<Form<'a>, Rejection> {
        let mut pairs = body
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty());
        if pairs.nth(limit).is_some() {
            let reason = format!("the form has more than {limit} fields");
            return Err(Rejection::body_too_large(reason));
        }
        // The separators are ASCII, so the whole is UTF-8 if and only if every name and value is.
        match percent_decode(body).decode_utf8() {
            Ok(_) => Ok(Form {
                pairs: form_urlencoded::parse(body),
            }),
            Err(_) => Err(Rejection::bad_request("the form is not UTF-8")),
        }
    }

    /// Returns the parser of the pairs.
    #[cfg(feature = "serde")]
    pub(crate) fn into_pairs(self) -> form_urlencoded::Parse<'a> {
        self.pairs
    }

    /// Returns the first value with the given name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get_all(name).next()
    }

    /// Returns all values with the given name.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = Cow<'a, str>> + use<'a, 'n> {
        self.clone()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value)
    }
}

impl<'a> Iterator for Form<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        self.pairs.next()
    }
}

impl fmt::Debug for Form<'_> {
    /// Omits names and values, which may be passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} pairs)", self.clone().count())
    }
}
