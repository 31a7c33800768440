//! A limit on the bodies of requests to one application, such as a route or a mount.

use super::{Application, IntoApplication};
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::upload::admission::Admission;

/// Limits the bodies of requests to an application, such as a route or a mount.
///
/// A longer body gets a 413 (RFC 9110 section 15.5.14): before it is sent, if its length is announced, and otherwise as soon
/// as it exceeds the limit. A body of exactly `bytes` bytes is accepted.
///
/// For bodies that are buffered, the limit replaces [`Limits::body_bytes`](crate::config::Limits::body_bytes), so it may be
/// larger. An application that [admits](Application::admit) less keeps its lower limit.
///
/// ```
/// use bytegate::{Gateway, Method, Request, Router, with_body_limit};
///
/// let count = |request: &Request| format!("{} bytes\n", request.body().len());
/// let router = Router::new()
///     .route(Method::PUT, "/avatar", with_body_limit(64 * 1024, count))
///     .route(Method::PUT, "/film", with_body_limit(1 << 30, count));
/// let gateway = Gateway::new(router);
/// let response = gateway.handle(b"PUT /avatar HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 413 Content Too Large\r\n"));
/// ```
#[doc(alias = "DefaultBodyLimit")]
pub fn with_body_limit<M: 'static>(
    bytes: u64,
    application: impl IntoApplication<M>,
) -> impl Application {
    let application = application.into_application();
    BodyLimit { application, bytes }
}

#[derive(Clone, Debug)]
struct BodyLimit<A> {
    application: A,
    bytes: u64,
}

impl<A: Application> Application for BodyLimit<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        self.application.call(request)
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.application.reply(request)
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.application.admit(request).at_most(self.bytes)
    }

    fn inner(&self) -> Option<&dyn Application> {
        Some(&self.application)
    }
}
