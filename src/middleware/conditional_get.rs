//! Entity tags and 304 for dynamic responses.

use super::list_headers::has_directive;
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::body::body::Body;
use crate::headers::header_map::HeaderMap;
use crate::message::precondition::{Validators, Verdict, evaluate};
use crate::response::response::Response;
use crate::syntax::date;
use crate::syntax::entity_tag::{EntityTag, opaque_of};
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::format;

/// The headers that make a request conditional, without ranges (RFC 9110 section 13.1).
const CONDITIONS: [&str; 4] = [
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
];

/// Headers that describe the body, which a 304 leaves out (RFC 9110 section 15.4.5).
const ABOUT_CONTENT: [&str; 4] = [
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Disposition",
];

/// Middleware that responds with 304 if the client's copy is current.
///
/// It applies to 200 responses to GET and HEAD whose body is in memory and not empty. Each response gets an `ETag`, a hash
/// of the body, unless the application set one. If `If-None-Match` or `If-Modified-Since` says that the client has this
/// body, the response becomes a 304 without a body. All preconditions are evaluated as RFC 9110 section 13.2.2
/// requires, so `If-Match` can also lead to a 412.
///
/// The tag is weak, which is enough for a 304, and stays valid if the body is compressed afterwards. The application still
/// runs, and hashing takes about a nanosecond per byte: only the transfer is saved.
///
/// Streams are left alone, and so are responses with `Cache-Control: no-store`, which no client keeps. A
/// [`Site`](crate::Site) does the same for its files, with strong tags.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::ConditionalGet;
///
/// let gateway = Gateway::new(|_: &Request| "hello").with(ConditionalGet::new());
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.windows(10).any(|window| window == b"\r\nETag: W/"));
/// let known = b"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n";
/// assert!(gateway.handle(known).starts_with(b"HTTP/1.1 304 Not Modified\r\n"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "etag")]
#[non_exhaustive]
pub struct ConditionalGet {}

/// The conditions of a request, kept until the response is ready.
#[derive(Clone)]
struct Conditions(HeaderMap);

impl ConditionalGet {
    /// Creates the middleware.
    #[must_use]
    pub fn new() -> ConditionalGet {
        ConditionalGet::default()
    }
}

impl Middleware for ConditionalGet {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let mut conditions = HeaderMap::new();
        if request.head.is_conditional() {
            for (name, value) in request.head.headers() {
                if CONDITIONS.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                    // Already validated when it was received.
                    let _ = conditions.append(name, value);
                }
            }
        }
        request.extensions.insert(Conditions(conditions));
        None
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        let conditions = request.extensions.get::<Conditions>();
        let method = request.method.filter(is_read);
        let (Some(Conditions(conditions)), Some(method)) = (conditions, method) else {
            return response;
        };
        if !may_be_kept(&response) {
            return response;
        }
        if response.headers().view().get_bytes("ETag").is_none() {
            let opaque = opaque_of(response.body().as_bytes().unwrap_or_default());
            response.set_header("ETag", format!("W/\"{opaque}\""));
        }
        let lines = response.headers().view();
        let Some(tag) = lines.get_bytes("ETag").and_then(EntityTag::parse) else {
            return response;
        };
        let wall = request.now.wall;
        let modified = lines.get_bytes("Last-Modified");
        let modified = modified.and_then(|date| date::parse(date, wall));
        match evaluate(
            &method,
            conditions.view(),
            &Validators {
                tag: Some(tag),
                modified,
            },
            wall,
        ) {
            Verdict::Proceed => response,
            Verdict::NotModified => not_modified(response),
            Verdict::Failed => Status::PRECONDITION_FAILED.into(),
        }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Returns whether a client may keep the response and revalidate it.
fn may_be_kept(response: &Response) -> bool {
    let has_body = response
        .body()
        .as_bytes()
        .is_some_and(|body| !body.is_empty());
    has_body && response.sent_status() == Status::OK && !has_directive(response, "no-store")
}

fn not_modified(mut response: Response) -> Response {
    for name in ABOUT_CONTENT {
        response.remove_header(name);
    }
    response
        .with_status(Status::NOT_MODIFIED)
        .with_body(Body::empty())
}
