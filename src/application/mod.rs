//! The other side of the connection: a request in, a response out.

mod access_log;
mod file;
#[cfg(feature = "std")]
mod folder;
pub(crate) mod gateway;
mod handle;
pub(crate) mod media_type;
pub(crate) mod site;
pub(crate) mod wsgi;

pub use access_log::{AccessLog, RequestLine};
#[cfg(feature = "std")]
pub use folder::{LoadError, Skipped};
pub use gateway::Gateway;
pub use site::{Site, SiteError};
pub use wsgi::{Environ, StartResponse, Wsgi, wsgi};

use crate::message::admission::Admission;
use crate::message::head::Head;
use crate::message::request::Request;
use crate::message::response::Response;
use alloc::sync::Arc;

/// Answers requests. A function or closure from `&Request<'_>` to anything that becomes a [`Response`] is one;
/// so are a [`Site`](crate::Site), a [`Gateway`](crate::Gateway) and what [`wsgi`](crate::wsgi()) makes.
///
/// ```
/// use bytegate::{Gateway, Request, Response, Status};
///
/// fn application(request: &Request<'_>) -> Result<Response, Status> {
///     match request.query_pairs().find(|(name, _)| name == "name") {
///         Some((_, name)) => Ok(Response::text(format!("hello {name}\n"))),
///         None => Err(Status::NOT_FOUND),
///     }
/// }
///
/// let gateway = Gateway::new().dynamic(".py", application);
/// let reply = gateway.handle(b"GET /hello.py?name=Ada HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.ends_with(b"hello Ada\n"));
/// ```
pub trait Application: Send + Sync {
    /// The answer to a request that is whole.
    fn call(&self, request: &Request<'_>) -> Response;

    /// What shall become of the content of a request of which only the head is there. Asked only if content
    /// was announced; also the moment to refuse an upload before it is sent.
    fn admit(&self, head: &Head<'_>) -> Admission {
        let _ = head;
        Admission::Buffer
    }
}

impl<F, R> Application for F
where
    F: Fn(&Request<'_>) -> R + Send + Sync,
    R: Into<Response>,
{
    fn call(&self, request: &Request<'_>) -> Response {
        self(request).into()
    }
}

impl<A: Application + ?Sized> Application for Arc<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        (**self).call(request)
    }

    fn admit(&self, head: &Head<'_>) -> Admission {
        (**self).admit(head)
    }
}
