//! Rejections: errors for requests that an application cannot use.

use super::details::Details;
use super::response::{Response, ResponseError};
use crate::values::protocol_error::InvalidRequest;
use crate::values::status::Status;
use crate::values::sync::Arc;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

/// The maximum number of characters that a rejection quotes from a request or from another error.
const DETAIL_CHARACTERS: usize = 200;

/// The detail of a rejection that [`Rejection::internal`] creates.
const INTERNAL: &str = "the server has failed";

/// The error of a handler: a status, and a sentence for people that names the mistake and where it is.
///
/// Methods of [`Request`](crate::Request) return rejections if they cannot read a request, and applications can create
/// their own. A rejection converts into a page of plain text, so a function that returns `Result<T, Rejection>` is an
/// application and can use `?`. [`ErrorPages`](crate::middleware::ErrorPages) can replace that page.
///
/// A rejection with status 500 is a server error: its detail and its [source](Rejection::with_source) go to the front
/// end's log, as a [`ResponseError`], and not to the client. With `?`, an
/// [`io::Error`](https://doc.rust-lang.org/std/io/struct.Error.html) or a boxed error becomes such a rejection, as with
/// [`internal`](Rejection::internal).
///
/// ```
/// use bytegate::{Gateway, Rejection, Request};
///
/// fn square(request: &Request) -> Result<String, Rejection> {
///     let side: u64 = request
///         .parse_query("side")?
///         .ok_or_else(|| Rejection::bad_request("the query has no \"side\""))?;
///     if side > 1000 {
///         return Err(Rejection::unprocessable_content("a side has at most 1000 points"));
///     }
///     Ok(format!("{}\n", side * side))
/// }
///
/// let response = Gateway::new(square).handle(b"GET /?side=2000 HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 422 Unprocessable Content\r\n"));
/// assert!(response.ends_with(b"\r\n\r\n422 Unprocessable Content: a side has at most 1000 points\n"));
/// ```
///
/// An application with its own error type converts it:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use bytegate::{Rejection, Request, Status};
///
/// struct Full;
///
/// impl From<Full> for Rejection {
///     fn from(_: Full) -> Rejection {
///         Rejection::new(Status::INSUFFICIENT_STORAGE, "the list is full")
///     }
/// }
///
/// fn store(name: &str) -> Result<(), Full> {
///     if name.len() > 10 { Err(Full) } else { Ok(()) }
/// }
///
/// fn add(request: &Request) -> Result<String, Rejection> {
///     let name = request.form()?.get("name").unwrap_or_default().into_owned();
///     store(&name)?;
///     std::fs::write("/missing/names", &name)?;
///     Ok(format!("added {name}\n"))
/// }
///
/// let client = bytegate::testing::Client::new(add);
/// assert_eq!(client.post("/").form(&[("name", "Ada Augusta")]).status(), 507);
/// assert_eq!(client.post("/").form(&[("name", "Ada")]).text(), "500 Internal Server Error\n");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Rejection {
    pub(super) status: Status,
    pub(super) detail: Cow<'static, str>,
    pub(super) headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(super) source: Option<Arc<dyn Error + Send + Sync>>,
    /// The body to send instead of a line of text.
    pub(super) problem: Option<Box<Details>>,
}

impl Rejection {
    /// Creates a rejection. `status` is an error status, 4xx or 5xx. The detail is a sentence without a full stop at its end.
    pub fn new(status: Status, detail: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            source: None,
            problem: None,
        }
    }

    /// Creates a rejection with status 500 for an error of the server, such as an
    /// [`io::Error`](https://doc.rust-lang.org/std/io/struct.Error.html). The error becomes the
    /// [source](Rejection::with_source). The client gets a plain 500, and the [detail](Rejection::detail) does not name the
    /// error either.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use bytegate::{Rejection, Request};
    ///
    /// fn report(_: &Request) -> Result<String, Rejection> {
    ///     let bytes = std::fs::read("/missing/report.txt")?;
    ///     String::from_utf8(bytes).map_err(Rejection::internal)
    /// }
    ///
    /// let response = bytegate::testing::Client::new(report).get("/").send();
    /// assert_eq!(response.status(), 500);
    /// assert!(!response.text().contains("No such file"));
    /// # }
    /// ```
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Rejection {
        Rejection::new(Status::INTERNAL_SERVER_ERROR, INTERNAL).with_source(error)
    }

    /// Creates a rejection with status 400: the request is malformed.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::BAD_REQUEST, detail)
    }

    /// Creates a rejection with status 401: the request lacks valid credentials. `challenge` is the value of
    /// `WWW-Authenticate`, which such a response must have (RFC 9110 section 15.5.2).
    ///
    /// ```
    /// use bytegate::{Rejection, Response};
    ///
    /// let challenge = "Basic realm=\"orders\", charset=\"UTF-8\"";
    /// let response = Response::from(Rejection::unauthorized(challenge, "please log in"));
    /// assert_eq!(response.headers().get("WWW-Authenticate"), Some(challenge));
    /// ```
    pub fn unauthorized(
        challenge: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        Rejection::new(Status::UNAUTHORIZED, detail).with_header("WWW-Authenticate", challenge)
    }

    /// Creates a rejection with status 404: the requested resource does not exist.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::NOT_FOUND, detail)
    }

    /// Creates a rejection with status 413: the body is larger than the application is willing to process.
    pub(crate) fn body_too_large(detail: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::CONTENT_TOO_LARGE, detail)
    }

    /// Creates a rejection with status 415: the body has the wrong type. `accepted` is the value of the `Accept`
    /// header, which tells the client which types to send instead (RFC 9110 section 12.5.1).
    pub(crate) fn unsupported_media_type(
        accepted: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        Rejection::new(Status::UNSUPPORTED_MEDIA_TYPE, detail).with_header("Accept", accepted)
    }

    /// Creates a rejection with status 422: the body is well-formed, but cannot be processed.
    pub fn unprocessable_content(detail: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::UNPROCESSABLE_CONTENT, detail)
    }

    /// Sets a header of the response, replacing others with the same name, and returns the rejection. A header that
    /// cannot be sent makes the response [fail](Response::with_header).
    ///
    /// ```
    /// use bytegate::{Rejection, Response, Status};
    ///
    /// let busy = Rejection::new(Status::SERVICE_UNAVAILABLE, "try again").with_header("Retry-After", "30");
    /// assert_eq!(Response::from(busy).headers().get("Retry-After"), Some("30"));
    /// ```
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the error that caused this rejection, and returns the rejection. With any status, the source is reported to
    /// [`on_error`](crate::Gateway::on_error) together with the detail. The client never gets it.
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request, Status};
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     Rejection::new(Status::SERVICE_UNAVAILABLE, "try again").with_source("the pool is empty")
    /// });
    /// let gateway = gateway.on_error(|error, _| {
    ///     assert_eq!(error.to_string(), "try again: the pool is empty");
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"\r\n503 Service Unavailable: try again\n"));
    /// ```
    pub fn with_source(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Rejection {
        self.source = Some(Arc::from(error.into()));
        self
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the sentence that names the mistake.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns the error to report in the place of this one, if it has one.
    pub(super) fn to_report(&self) -> Option<ResponseError> {
        match &self.source {
            Some(source) if self.detail == INTERNAL => Some(ResponseError::Other(source.clone())),
            None if self.status != Status::INTERNAL_SERVER_ERROR => None,
            _ => {
                let rejection = Rejection {
                    problem: None,
                    ..self.clone()
                };
                Some(ResponseError::other(rejection))
            }
        }
    }
}

/// Compares the status, the detail and the headers.
impl PartialEq for Rejection {
    fn eq(&self, other: &Rejection) -> bool {
        (self.status, &self.detail, &self.headers) == (other.status, &other.detail, &other.headers)
    }
}

impl Eq for Rejection {}

impl fmt::Display for Rejection {
    /// Writes the detail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

impl From<InvalidRequest> for Rejection {
    /// Creates a rejection with the status of the violated rule, usually 400, and the rule as its detail.
    fn from(invalid: InvalidRequest) -> Rejection {
        Rejection::new(invalid.error.status(), format!("{invalid}"))
    }
}

#[cfg(feature = "std")]
impl From<std::io::Error> for Rejection {
    /// Creates an [internal](Rejection::internal) error.
    fn from(error: std::io::Error) -> Rejection {
        Rejection::internal(error)
    }
}

impl From<Box<dyn Error + Send + Sync>> for Rejection {
    /// Creates an [internal](Rejection::internal) error.
    fn from(error: Box<dyn Error + Send + Sync>) -> Rejection {
        Rejection::internal(error)
    }
}

impl From<Rejection> for Response {
    /// Creates a one-line text page with the status and the detail, or sends the [`Problem`](super::problem::Problem) from
    /// which the rejection was made.
    fn from(mut rejection: Rejection) -> Response {
        let error = rejection.to_report();
        let mut response = match (rejection.problem.take(), error) {
            (Some(problem), error) => {
                let mut response = problem.page(rejection.status);
                response.note(error);
                response
            }
            (None, Some(error)) if rejection.status == Status::INTERNAL_SERVER_ERROR => {
                Response::from_error(error)
            }
            (None, error) => {
                let mut response = Response::explained(rejection.status, &rejection.detail);
                response.note(error);
                response
            }
        };
        for (name, value) in &rejection.headers {
            response.set_header(name, &**value);
        }
        response
    }
}

/// Returns the text of an error or of a value for use in a sentence: on one line and not too long, because a client may
/// have chosen it.
pub(crate) fn detail(text: impl fmt::Display) -> String {
    let text = format!("{text}");
    let mut shown = String::new();
    for (place, character) in text.chars().enumerate() {
        match character {
            _ if place == DETAIL_CHARACTERS => {
                shown.push_str("...");
                break;
            }
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Like [`detail`], but begins with the path to the header that the error is about, if it has one.
#[cfg(any(feature = "serde", feature = "json"))]
pub(crate) fn detail_at(path: &serde_path_to_error::Path, error: impl fmt::Display) -> String {
    match path.iter().len() {
        0 => detail(error),
        _ => format!("{}: {}", detail(path), detail(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_detail_is_one_short_line() {
        assert_eq!(detail("caf\u{e9} \"x\""), "caf\u{e9} \"x\"");
        assert_eq!(detail("a\r\nb\u{1b}[2J"), "a\\r\\nb\\u{1b}[2J");
        let (exact, long) = ("\u{e9}".repeat(200), "\u{e9}".repeat(201));
        assert_eq!(detail(&exact), exact);
        assert_eq!(detail(&long), format!("{exact}..."));
    }

    #[test]
    fn the_detail_of_a_500_is_only_reported() {
        let rejection = Rejection::new(Status::INTERNAL_SERVER_ERROR, "the disk is gone");
        let response = Response::from(rejection);
        assert_eq!(response.error().unwrap().to_string(), "the disk is gone");
        let response = Response::from(Rejection::new(Status::SERVICE_UNAVAILABLE, "come back"));
        assert_eq!(
            response.body().as_bytes(),
            Some(&b"503 Service Unavailable: come back\n"[..])
        );
    }

    #[test]
    fn a_source_is_reported_and_not_sent() {
        let rejections = [
            (Rejection::internal("the disk is gone"), "the disk is gone"),
            (
                Rejection::new(Status::INTERNAL_SERVER_ERROR, "a").with_source("b"),
                "a: b",
            ),
            (Rejection::bad_request("a").with_source("b"), "a: b"),
        ];
        for (rejection, report) in rejections {
            assert!(!rejection.to_string().contains("disk"));
            assert!(rejection.source().is_some());
            let status = rejection.status();
            let problem = Problem::from(rejection.clone());
            for mut response in [
                Response::from(rejection.clone()),
                Response::from(problem.clone()),
                Response::from(Rejection::from(problem)),
            ] {
                assert_eq!(response.sent_status(), status);
                assert_eq!(response.take_error().unwrap().to_string(), report);
                assert_eq!(response.sent_status(), status);
                let text = response.body().as_bytes().unwrap();
                assert!(
                    !text
                        .windows(4)
                        .any(|part| part == b"disk" || part == b": b\n")
                );
            }
        }
    }

    #[test]
    fn a_problem_keeps_the_headers_of_a_rejection() {
        let rejection = Rejection::unauthorized("Basic realm=\"a\"", "please log in");
        let problem = Problem::from(rejection.clone()).with_title("No");
        assert_eq!(Rejection::from(problem.clone()), rejection);
        for response in [
            Response::from(problem.clone()),
            Rejection::from(problem).into(),
        ] {
            assert_eq!(response.status(), Status::UNAUTHORIZED);
            assert_eq!(
                response.headers().get("WWW-Authenticate"),
                Some("Basic realm=\"a\"")
            );
            assert_eq!(
                response.body().as_bytes(),
                Some(&br#"{"status":401,"title":"No","detail":"please log in"}"#[..])
            );
        }
    }
}
