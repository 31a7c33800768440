//! Rejections: errors for requests that an application cannot use.

use super::response::{Response, ResponseError};
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::error::Error;
use core::fmt;

/// The maximum number of characters that a rejection quotes from a request or from another error.
const DETAIL_CHARACTERS: usize = 200;

/// The error for a request that an application cannot use: a status, and one sentence for people that names the mistake
/// and its place.
///
/// Methods of [`Request`](crate::Request) return it if they cannot read a request, and applications create others. It
/// converts into a page of plain text, so a function that returns `Result<T, Rejection>` is an application and can use
/// `?`. A rejection with status 500 is a server error: its sentence goes to the front end's log, as a
/// [`ResponseError`], and not to the client.
///
/// ```
/// use bytegate::{Gateway, Rejection, Request};
///
/// fn square(request: &Request<'_>) -> Result<String, Rejection> {
///     let side: u64 = request
///         .parse_query_value("side")?
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
/// use bytegate::{Rejection, Request, Response, Status};
/// use bytegate::response::Escaped;
///
/// enum Failure {
///     Rejected(Rejection),
///     Full,
/// }
///
/// impl From<Rejection> for Failure {
///     fn from(rejection: Rejection) -> Failure {
///         Failure::Rejected(rejection)
///     }
/// }
///
/// impl From<Failure> for Response {
///     fn from(failure: Failure) -> Response {
///         match failure {
///             Failure::Rejected(rejection) => {
///                 let page = format!("<h1>{}</h1>", Escaped(&rejection));
///                 Response::html(page).with_status(rejection.status())
///             }
///             Failure::Full => Status::INSUFFICIENT_STORAGE.into(),
///         }
///     }
/// }
///
/// fn add(request: &Request<'_>) -> Result<String, Failure> {
///     let name = request.form()?.get("name").ok_or(Failure::Full)?;
///     Ok(format!("added {name}\n"))
/// }
/// # let gateway = bytegate::Gateway::new(add);
/// # let response = gateway.handle(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
/// # assert!(response.starts_with(b"HTTP/1.1 415 "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: Status,
    sentence: Cow<'static, str>,
    /// A header that the status requires.
    field: Option<(&'static str, Cow<'static, str>)>,
}

impl Rejection {
    /// Creates a rejection. The sentence has no full stop at its end. `status` is an error, 4xx or 5xx.
    pub fn new(status: Status, sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection {
            status,
            sentence: sentence.into(),
            field: None,
        }
    }

    /// Creates a rejection for an error of the server, such as an [`io::Error`](https://doc.rust-lang.org/std/io/struct.Error.html).
    /// The client gets a plain 500, and the error goes to the log.
    ///
    /// ```
    /// use bytegate::{Rejection, Request};
    ///
    /// fn report(_: &Request<'_>) -> Result<Vec<u8>, Rejection> {
    ///     std::fs::read("/missing/report.txt").map_err(Rejection::internal)
    /// }
    ///
    /// let response = bytegate::testing::Client::new(report).get("/").send();
    /// assert_eq!(response.status(), 500);
    /// assert!(!response.text().contains("No such file"));
    /// ```
    pub fn internal(error: impl fmt::Display) -> Rejection {
        Rejection::new(Status::INTERNAL_SERVER_ERROR, format!("{error}"))
    }

    /// Creates a rejection with status 400: the request is malformed.
    pub fn bad_request(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::BAD_REQUEST, sentence)
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
        sentence: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        Rejection {
            field: Some(("WWW-Authenticate", challenge.into())),
            ..Rejection::new(Status::UNAUTHORIZED, sentence)
        }
    }

    /// Creates a rejection with status 403: the request is understood and refused.
    pub fn forbidden(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::FORBIDDEN, sentence)
    }

    /// Creates a rejection with status 404: the target names nothing.
    pub fn not_found(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::NOT_FOUND, sentence)
    }

    /// Creates a rejection with status 406: the client [accepts](crate::Request::accepts) none of the available
    /// representations.
    pub fn not_acceptable(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::NOT_ACCEPTABLE, sentence)
    }

    /// Creates a rejection with status 413: the body is larger than the application is willing to process.
    pub fn content_too_large(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::CONTENT_TOO_LARGE, sentence)
    }

    /// Creates a rejection with status 415: the body has the wrong type. `accepted` is the value of the `Accept`
    /// header, which tells the client which types to send instead (RFC 9110 section 12.5.1).
    ///
    /// ```
    /// use bytegate::{Rejection, Response};
    ///
    /// let rejection = Rejection::unsupported_media_type("image/png, image/jpeg", "not an image");
    /// let response = Response::from(rejection);
    /// assert_eq!(response.headers().get("Accept"), Some("image/png, image/jpeg"));
    /// ```
    pub fn unsupported_media_type(
        accepted: impl Into<Cow<'static, str>>,
        sentence: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        Rejection {
            field: Some(("Accept", accepted.into())),
            ..Rejection::new(Status::UNSUPPORTED_MEDIA_TYPE, sentence)
        }
    }

    /// Creates a rejection with status 422: the body is well-formed, but cannot be processed.
    pub fn unprocessable_content(sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Status::UNPROCESSABLE_CONTENT, sentence)
    }

    /// Returns the status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the sentence.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Rejection {
    /// Writes the sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Rejection {}

impl From<Rejection> for Response {
    /// Creates a one-line text page with the status and the sentence.
    fn from(rejection: Rejection) -> Response {
        let Rejection {
            status,
            sentence,
            field,
        } = rejection;
        if status == Status::INTERNAL_SERVER_ERROR {
            return Response::from_error(ResponseError::Other(sentence.into_owned()));
        }
        let response = Response::explained(status, sentence);
        match field {
            Some((name, value)) => response.with_header(name, &*value),
            None => response,
        }
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
    use super::*;

    #[test]
    fn a_detail_is_one_short_line() {
        assert_eq!(detail("caf\u{e9} \"x\""), "caf\u{e9} \"x\"");
        assert_eq!(detail("a\r\nb\u{1b}[2J"), "a\\r\\nb\\u{1b}[2J");
        let (exact, long) = ("\u{e9}".repeat(200), "\u{e9}".repeat(201));
        assert_eq!(detail(&exact), exact);
        assert_eq!(detail(&long), format!("{exact}..."));
    }

    #[test]
    fn the_sentence_of_a_500_is_only_logged() {
        let rejection = Rejection::new(Status::INTERNAL_SERVER_ERROR, "the disk is gone");
        let response = Response::from(rejection);
        let error = ResponseError::Other("the disk is gone".into());
        assert_eq!(response.error(), Some(&error));
        let response = Response::from(Rejection::new(Status::SERVICE_UNAVAILABLE, "come back"));
        assert_eq!(
            response.body().as_bytes(),
            Some(&b"503 Service Unavailable: come back\n"[..])
        );
    }
}
