//! Forms with files: bodies of type `multipart/form-data` (RFC 7578).
//!
//! The parser is part of this crate, because the maintained ones read from an asynchronous stream and bring about
//! fifteen dependencies. Here, the parts of a complete body are slices of it, and nothing is copied. A body that is
//! still arriving is parsed in the same way.

use super::form_parser::{FormParser, FormStep};
use super::part::{MultipartLimits, Part};
use super::request::Request;
use crate::response::rejection::Rejection;
use alloc::vec::Vec;
use core::fmt;

/// The parts of a form, in the order sent. Created by [`Request::multipart`].
///
/// ```
/// use bytegate::{Rejection, Request};
///
/// fn file_names(request: &Request) -> Result<Vec<String>, Rejection> {
///     let form = request.multipart()?;
///     Ok(form.iter().filter_map(|part| part.file_name()).map(str::to_string).collect())
/// }
///
/// let request = Request::builder("POST", "/")
///     .header("Content-Type", "multipart/form-data; boundary=x")
///     .body(
///         "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nA\r\n\
///          --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.txt\"\r\n\r\nB\r\n--x--\r\n",
///     )
///     .build()?;
/// assert_eq!(file_names(&request.view()).unwrap(), ["a.txt", "b.txt"]);
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone)]
pub struct Multipart<'a> {
    parts: Vec<Part<'a>>,
}

/// # Forms with files
impl<'a> Request<'a> {
    /// Returns the parts of a form with files (feature `multipart`). The whole body must have arrived. For uploads
    /// larger than [`Limits::body_bytes`](crate::config::Limits::body_bytes), admit more with
    /// [`Admission::up_to`](crate::upload::Admission::up_to), or receive the parts as they arrive with
    /// [`Admission::multipart`](crate::upload::Admission::multipart).
    ///
    /// ```
    /// use bytegate::{Rejection, Request};
    ///
    /// fn upload(request: &Request) -> Result<String, Rejection> {
    ///     let form = request.multipart()?;
    ///     let title = form.get("title").ok_or_else(|| Rejection::bad_request("no title"))?.text()?;
    ///     let photo = form.get("photo").ok_or_else(|| Rejection::bad_request("no photo"))?;
    ///     Ok(format!("{title}: {:?}, {} bytes", photo.file_name(), photo.bytes().len()))
    /// }
    ///
    /// let request = Request::builder("POST", "/")
    ///     .header("Content-Type", "multipart/form-data; boundary=x")
    ///     .body(
    ///         "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nThe sea\r\n\
    ///          --x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"sea.png\"\r\n\
    ///          Content-Type: image/png\r\n\r\n\x7fPNG\r\n--x--\r\n",
    ///     )
    ///     .build()?;
    /// assert_eq!(upload(&request.view()).unwrap(), "The sea: Some(\"sea.png\"), 4 bytes");
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// - 415 if Content-Type is missing or is not `multipart/form-data`.
    /// - 413 if a part exceeds the default [`MultipartLimits`], if the form has too many parts, or if too many bytes
    ///   lie outside of them.
    /// - 400 if the boundary is missing or malformed, if the form has no end, or if a part is malformed: its head has
    ///   no end or has invalid lines, its `Content-Disposition` has no name or a `filename*` that is not UTF-8, or its
    ///   body is encoded.
    pub fn multipart(&self) -> Result<Multipart<'a>, Rejection> {
        self.multipart_with(MultipartLimits::default())
    }

    /// Like [`multipart`](Request::multipart), but with other limits.
    ///
    /// ```
    /// use bytegate::{Request, Status};
    /// use bytegate::request::MultipartLimits;
    ///
    /// let request = Request::builder("POST", "/")
    ///     .header("Content-Type", "multipart/form-data; boundary=x")
    ///     .body("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n")
    ///     .build()?;
    /// let none = MultipartLimits { parts: 0, ..MultipartLimits::default() };
    /// let rejection = request.multipart_with(none).unwrap_err();
    /// assert_eq!(rejection.status(), Status::CONTENT_TOO_LARGE);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// Fails like [`multipart`](Request::multipart).
    pub fn multipart_with(&self, limits: MultipartLimits) -> Result<Multipart<'a>, Rejection> {
        let mut parser = FormParser::new(self, limits)?;
        let mut rest = self.body();
        let mut parts: Vec<Part<'a>> = Vec::new();
        while let Some(step) = parser.step(&mut rest, true)? {
            match (step, parts.last_mut()) {
                (FormStep::Part(part), _) => parts.push(part),
                (FormStep::Data(bytes), Some(part)) => part.set_bytes(bytes),
                // Data follows a part.
                (FormStep::Data(_), None) => {}
            }
        }
        Ok(Multipart { parts })
    }
}

impl<'a> Multipart<'a> {
    /// Returns the first part with the given name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Part<'a>> {
        self.iter().find(|part| part.name() == name)
    }

    /// Returns all parts in order. Several may have the same name.
    pub fn iter(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter()
    }
}

impl<'a> IntoIterator for Multipart<'a> {
    type Item = Part<'a>;
    type IntoIter = alloc::vec::IntoIter<Part<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter()
    }
}

impl fmt::Debug for Multipart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.parts).finish()
    }
}
