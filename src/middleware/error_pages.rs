//! Error pages in the style of the application.

use super::error_info::ErrorInfo;
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use crate::response::problem::Problem;
use crate::response::response::{Response, ResponseError};
use alloc::boxed::Box;
use core::fmt;

/// Middleware that replaces every default error page with one in the style of the application.
///
/// A default page is one line of plain text. It is the body of the server's own error responses: responses to refused
/// input, a 404 or 405 from a [`Router`](crate::Router) or a [`Site`](crate::Site), 501, 503, and the 500 for a panic or an
/// invalid response. It is also the body of a bare [`Status`](crate::Status) or a [`Rejection`](crate::Rejection) that an
/// application returns. Errors with any other body are left alone.
///
/// The page is made from an [`ErrorInfo`]. The status is kept, and so are headers such as `Allow`, `Retry-After` and
/// `WWW-Authenticate`, unless the page sets the same header. A page that is [deferred](Response::from_future) becomes a 500.
///
/// Add this middleware first, so that middleware added later, such as an [`AccessLog`](crate::middleware::AccessLog), sees
/// its pages.
///
/// ```
/// use bytegate::{Gateway, Response, Router};
/// use bytegate::middleware::ErrorPages;
/// use bytegate::response::Escaped;
///
/// let pages = ErrorPages::new(|error| {
///     Response::html(format!("<h1>{}</h1><p>{}</p>", error.status, Escaped(error.detail.unwrap_or_default())))
/// });
/// let gateway = Gateway::new(Router::new()).with(pages);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
/// assert!(response.ends_with(b"<h1>404 Not Found</h1><p></p>"));
/// let response = gateway.handle(b"GET / HTTP/1.1\r\n\r\n");
/// assert!(response.ends_with(b"must have a Host header (RFC 9112 section 3.2)</p>"));
/// ```
#[must_use]
pub struct ErrorPages {
    page: Box<Page>,
}

type Page = dyn Fn(&ErrorInfo<'_>) -> Response + Send + Sync;

impl ErrorPages {
    /// Creates the middleware from a function that makes the page for an error.
    pub fn new<R: Into<Response>>(
        page: impl Fn(&ErrorInfo<'_>) -> R + Send + Sync + 'static,
    ) -> ErrorPages {
        ErrorPages {
            page: Box::new(move |error| page(error).into()),
        }
    }

    /// Responds with problem details (RFC 9457), as an API does.
    ///
    /// ```
    /// use bytegate::{Gateway, Router};
    /// use bytegate::middleware::ErrorPages;
    ///
    /// let gateway = Gateway::new(Router::new()).with(ErrorPages::problem_details());
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(br#"{"status":404,"title":"Not Found"}"#));
    /// ```
    pub fn problem_details() -> ErrorPages {
        ErrorPages::new(|error| {
            let problem = Problem::new(error.status);
            match error.detail {
                Some(detail) => problem.with_detail(detail),
                None => problem,
            }
        })
    }
}

impl Middleware for ErrorPages {
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        if !response.is_default_error_page() {
            return response;
        }
        let status = response.status();
        let page = (self.page)(&ErrorInfo {
            request,
            status,
            detail: response.sentence(),
            protocol_error: response.protocol_error(),
        });
        if page.is_pending() {
            return Response::from_error(ResponseError::Pending);
        }
        with_kept_headers(page.with_status(status), &response).in_place_of(response)
    }
}

fn with_kept_headers(page: Response, default: &Response) -> Response {
    let own = page.headers().clone();
    let kept = default
        .headers()
        .view()
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Type") && !own.contains(name));
    kept.fold(page, |page, (name, value)| {
        page.with_appended_header(name, value)
    })
}

impl fmt::Debug for ErrorPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorPages")
    }
}
