//! HTML form data: content of type `application/x-www-form-urlencoded`.

use crate::message::response::Response;
use crate::values::status::Status;
use alloc::borrow::Cow;
use core::fmt;
use percent_encoding::percent_decode;

/// An iterator over the decoded names and values of a form, in the order in which they were sent. Created by
/// [`Request::form`](crate::Request::form).
///
/// ```
/// use bytegate::Request;
///
/// let request = Request::builder("POST", "/").content("tag=a&tag=b+c").build()?;
/// request.with(|request| {
///     let form = request.form().expect("UTF-8");
///     assert_eq!(form.get("tag").as_deref(), Some("a"));
///     assert_eq!(form.get_all("tag").collect::<Vec<_>>(), ["a", "b c"]);
/// });
/// # Ok::<(), bytegate::Fault>(())
/// ```
#[derive(Clone)]
pub struct Form<'a> {
    pairs: form_urlencoded::Parse<'a>,
}

/// The error for content that is not a valid form. It converts into a 400 response that says so, which lets
/// applications use `?`.
///
/// ```
/// use bytegate::{FormError, Request};
///
/// let request = Request::builder("POST", "/").content("name=%FF").build()?;
/// request.with(|request| assert_eq!(request.form().unwrap_err(), FormError::NotUtf8));
/// # Ok::<(), bytegate::Fault>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// A decoded name or value is not UTF-8. Replacing the invalid bytes could make different values equal.
    NotUtf8,
}

impl<'a> Form<'a> {
    pub(crate) fn parse(content: &'a [u8]) -> Result<Form<'a>, FormError> {
        // The separators are ASCII, so the whole is UTF-8 if and only if every name and value is.
        match percent_decode(content).decode_utf8() {
            Ok(_) => Ok(Form {
                pairs: form_urlencoded::parse(content),
            }),
            Err(_) => Err(FormError::NotUtf8),
        }
    }

    /// Returns the first value with the given name.
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

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormError::NotUtf8 => f.write_str("the form is not UTF-8"),
        }
    }
}

impl core::error::Error for FormError {}

impl From<FormError> for Response {
    fn from(error: FormError) -> Response {
        Response::explained(Status::BAD_REQUEST, error)
    }
}
