//! A limit on the content of requests to one application, such as a route or a mount.

use crate::application::Application;
use crate::headers::headers::Headers;
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::upload::admission::{AbortReason, Admission, Receiver};
use alloc::boxed::Box;
use alloc::string::String;
use core::task::{Context, Poll};

/// Limits the content of requests to an application, such as that of a route or a mount.
///
/// Longer content is answered with 413 (RFC 9110 section 15.5.14): before it is sent, if its length is announced, and
/// otherwise as soon as it exceeds the limit. A content of exactly `bytes` bytes is accepted.
///
/// For content that is buffered, the limit takes the place of [`Limits::body_bytes`](crate::config::Limits::body_bytes),
/// so it may also be larger. An application that states a limit of its own keeps it if it is lower.
///
/// ```
/// use bytegate::{Gateway, Method, Request, Router};
/// use bytegate::middleware::limit_content;
///
/// let count = |request: &Request<'_>| format!("{} bytes\n", request.body().len());
/// let router = Router::new()
///     .route(Method::Put, "/avatar", limit_content(count, 64 * 1024))
///     .route(Method::Put, "/film", limit_content(count, 1 << 30));
/// let gateway = Gateway::new(router);
/// let reply = gateway.handle(b"PUT /avatar HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
/// assert!(reply.starts_with(b"HTTP/1.1 413 Content Too Large\r\n"));
/// ```
#[doc(alias = "DefaultBodyLimit")]
pub fn limit_content<A: Application>(application: A, bytes: u64) -> LimitContent<A> {
    LimitContent { application, bytes }
}

/// An application with a limit on the content of requests, created by [`limit_content`].
///
/// ```
/// use bytegate::Site;
/// use bytegate::middleware::{LimitContent, limit_content};
///
/// let site: LimitContent<Site> = limit_content(Site::new(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct LimitContent<A> {
    application: A,
    bytes: u64,
}

impl<A: Application> Application for LimitContent<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        self.application.call(request)
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.application.reply(request)
    }

    fn routes(&self) -> String {
        self.application.routes()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match self.application.admit(request) {
            Admission::Buffer => Admission::BufferUpTo(self.bytes),
            Admission::BufferUpTo(limit) => Admission::BufferUpTo(limit.min(self.bytes)),
            Admission::BufferWith { limit, extensions } => Admission::BufferWith {
                limit: Some(limit.map_or(self.bytes, |limit| limit.min(self.bytes))),
                extensions,
            },
            Admission::Stream(receiver) => Admission::Stream(Box::new(Limited {
                limit: receiver.limit().min(self.bytes),
                receiver,
            })),
            refusal @ Admission::Refuse(_) => refusal,
        }
    }
}

struct Limited {
    receiver: Box<dyn Receiver>,
    limit: u64,
}

impl Receiver for Limited {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.receiver.poll_ready(context)
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.receiver.data(part)
    }

    fn finish(self: Box<Self>, trailers: Headers<'_>) -> Response {
        self.receiver.finish(trailers)
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.receiver.abort(reason);
    }

    fn limit(&self) -> u64 {
        self.limit
    }
}
