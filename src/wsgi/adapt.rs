//! An adapter for PEP 3333 applications: `application(environ, start_response)` returns an iterable of blocks.

use super::environ::Environ;
use super::start_response::StartResponse;
use crate::application::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::upload::admission::Admission;
use crate::values::status::Status;
use bytes::Bytes;

/// Converts a PEP 3333 application into an [`Application`]. It is a function of the environ and `start_response` that
/// returns the blocks of the body.
///
/// ```
/// use bytegate::{Gateway, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// fn application(environ: &Environ, start_response: &mut StartResponse) -> [String; 1] {
///     start_response.call("200 OK", &[("Content-Type", "text/plain")]);
///     [format!("this is {}\n", environ.get("PATH_INFO").unwrap_or_default())]
/// }
///
/// let gateway = Gateway::new(wsgi::adapt(application));
/// let response = gateway.handle(b"GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.ends_with(b"Content-Length: 13\r\n\r\nthis is /a b\n"));
/// ```
///
/// A path that has no decoded form, such as `/a%2fb`, has no `PATH_INFO`. The application would take it for its root
/// page, so it is not called, and the response is a 404. See [`Wsgi::undecoded_paths`].
pub fn adapt<F, I>(application: F) -> Wsgi<F>
where
    F: Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync,
    I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static>,
{
    Wsgi {
        application,
        paths: Paths::Decoded,
    }
}

/// A PEP 3333 application as an [`Application`], created by [`adapt`].
///
/// ```
/// use bytegate::{Application, Request, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// let application = wsgi::adapt(|_: &Environ, start_response: &mut StartResponse| {
///     start_response.call("204 No Content", &[]);
///     Vec::<String>::new()
/// });
/// let request = Request::builder("GET", "/").build()?;
/// assert_eq!(application.call(&request.view()).status(), 204);
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wsgi<F> {
    application: F,
    paths: Paths,
}

/// The paths for which the application is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    Decoded,
    All,
}

impl<F> Wsgi<F> {
    /// Calls the application also for paths that have no decoded form: an encoded slash, a backslash, control characters,
    /// `.` and `..` segments, and bytes that are not UTF-8. `PATH_INFO` is then missing, and the application interprets
    /// [`Request::path`] itself.
    ///
    /// ```
    /// use bytegate::{Gateway, wsgi};
    /// use bytegate::wsgi::{Environ, StartResponse};
    ///
    /// fn application(environ: &Environ, start_response: &mut StartResponse) -> [String; 1] {
    ///     start_response.call("200 OK", &[("Content-Type", "text/plain")]);
    ///     [environ.request().path().to_string()]
    /// }
    ///
    /// let request = b"GET /npm/@scope%2fname HTTP/1.1\r\nHost: x\r\n\r\n";
    /// let response = Gateway::new(wsgi::adapt(application)).handle(request);
    /// assert!(response.starts_with(b"HTTP/1.1 404 "));
    /// let response = Gateway::new(wsgi::adapt(application).undecoded_paths()).handle(request);
    /// assert!(response.ends_with(b"/npm/@scope%2fname"));
    /// ```
    #[must_use]
    pub fn undecoded_paths(mut self) -> Wsgi<F> {
        self.paths = Paths::All;
        self
    }

    /// Returns a response in place of the application's, if the application is not called for the path of a request.
    fn refusal(&self, request: &Request<'_>) -> Option<Response> {
        let is_asked = self.paths == Paths::All || request.path_info_bytes().is_some();
        (!is_asked).then(|| Status::NOT_FOUND.into())
    }
}

impl<F, I> Application for Wsgi<F>
where
    F: Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync,
    I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static>,
{
    fn admit(&self, request: &Request<'_>) -> Admission {
        match self.refusal(request) {
            Some(refusal) => Admission::refuse(refusal),
            None => Admission::buffer(),
        }
    }

    fn call(&self, request: &Request<'_>) -> Response {
        if let Some(refusal) = self.refusal(request) {
            return refusal;
        }
        let mut start_response = StartResponse::default();
        let blocks = (self.application)(&Environ::new(request), &mut start_response);
        start_response.finish(request.method(), blocks.into_iter().map(Into::into))
    }
}
