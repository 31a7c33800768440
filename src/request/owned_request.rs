//! A request that owns its parts, created by a builder or copied from a received request.

use super::basic_credentials::BasicCredentials;
#[cfg(feature = "signed-cookies")]
use super::cookie_session::CookieSession;
use super::extensions::Extensions;
use super::form::Form;
use super::multipart::Multipart;
use super::params::{AllParams, OwnedParams};
use super::part::MultipartLimits;
use super::request::{Message, Request, RequestContext};
use crate::headers::header_map::HeaderMap;
use crate::headers::headers::Headers;
use crate::message::head::{Head, Version};
use crate::message::whole_head;
use crate::response::rejection::Rejection;
use crate::syntax::authority::Authority;
use crate::syntax::layout::Layout;
use crate::syntax::target::Target;
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::protocol_error::InvalidRequest;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
#[cfg(feature = "cookies")]
use cookie::Cookie;
#[cfg(feature = "signed-cookies")]
use cookie::Key;
use core::fmt::{self, Display};
use core::str::FromStr;
#[cfg(any(feature = "serde", feature = "json"))]
use serde::de::Deserialize;

/// A request that owns its parts and can outlive its connection. Use it in async handlers, for deferred responses, and in
/// tests.
///
/// ```
/// use bytegate::{Application, Request, Response};
///
/// let application = |request: &Request| Response::text(format!("hello {}\n", request.path()));
/// let request = Request::builder("GET", "/ada").header("Accept", "text/plain").build()?;
/// let response = application.call(&request.view());
/// assert_eq!(response.body().as_bytes(), Some(&b"hello /ada\n"[..]));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone)]
pub struct OwnedRequest {
    head: Vec<u8>,
    layout: Box<Layout>,
    body: Bytes,
    trailers: HeaderMap,
    now: Now,
    connection: ConnectionInfo,
    extensions: Extensions,
    mounted: usize,
    path: OwnedPath,
    params: OwnedParams,
}

/// The decoded path.
#[derive(Clone)]
enum OwnedPath {
    /// The path needs no decoding.
    AsSent,
    Decoded(Box<[u8]>),
    /// The path has no decoded form.
    None,
}

/// A builder for an [`OwnedRequest`], created by [`Request::builder`].
///
/// ```
/// use bytegate::Request;
/// use bytegate::request::{Peer, Scheme};
///
/// let request = Request::builder("POST", "/upload")
///     .header("Host", "example.com")
///     .scheme(Scheme::Https)
///     .peer(Peer::named("a test"))
///     .body("hello")
///     .build()?;
/// assert_eq!(&request.body()[..], b"hello");
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestBuilder {
    request_line: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Bytes>,
    /// The length of a body that is not in the request.
    announced: Option<u64>,
    now: Now,
    connection: ConnectionInfo,
    extensions: Extensions,
}

/// # Building and copying
impl<'a> Request<'a> {
    /// Starts building a request with the given method and target.
    pub fn builder(method: &str, target: &str) -> RequestBuilder {
        RequestBuilder {
            request_line: format!("{method} {target} HTTP/1.1\r\n"),
            headers: Vec::new(),
            body: None,
            announced: None,
            now: Now::default(),
            connection: ConnectionInfo::default(),
            extensions: Extensions::new(),
        }
    }

    /// Returns a copy that owns its parts.
    #[must_use]
    pub fn into_owned(self) -> OwnedRequest {
        let mut trailers = HeaderMap::new();
        for (name, value) in self.message.trailers {
            // Already validated when it was received.
            let _ = trailers.append(name, value);
        }
        OwnedRequest {
            head: self.message.head.bytes().to_vec(),
            layout: Box::new(*self.message.head.layout()),
            body: Bytes::copy_from_slice(self.message.body),
            trailers,
            now: *self.context.now,
            connection: self.context.connection.clone(),
            // The head and the connection are copied as they were rewritten.
            extensions: self.context.extensions.without_rewritten(),
            mounted: self.mounted,
            path: OwnedPath::new(self.message.head, self.context.path),
            params: self.params.to_owned(),
        }
    }
}

impl OwnedRequest {
    /// Adds an extension, replacing any of its type, and returns the request. An application that looks something up before
    /// it calls another one passes it on so: see [`Middleware`](crate::Middleware#waiting-before-the-application).
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> OwnedRequest {
        self.extensions.insert(value);
        self
    }

    /// Returns a view of this request, as an application sees it.
    pub fn view(&self) -> Request<'_> {
        let head = Head::new(&self.head, &self.layout);
        let path = match &self.path {
            OwnedPath::AsSent => Some(head.path_bytes()),
            OwnedPath::Decoded(path) => Some(&path[..]),
            OwnedPath::None => None,
        };
        Request {
            message: Message {
                head,
                body: &self.body,
                trailers: self.trailers.view(),
            },
            context: RequestContext {
                now: &self.now,
                connection: &self.connection,
                extensions: &self.extensions,
                path,
            },
            mounted: self.mounted,
            params: AllParams::Owned(&self.params),
        }
    }

    /// Returns the same request with another method, or `None` if the head would be invalid.
    #[cfg(feature = "testing")]
    pub(crate) fn with_method(mut self, method: &str) -> Option<OwnedRequest> {
        let token = self.head().method_token().len();
        self.head = [method.as_bytes(), self.head.get(token..)?].concat();
        self.layout = whole_head::layout_of(&self.head, self.connection.scheme).ok()?;
        Some(self)
    }

    /// Returns the decoded body, which is shared rather than copied.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Forwards methods to the [view](OwnedRequest::view).
macro_rules! forward {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident $([$($generics:tt)*])? ($($argument:ident: $type:ty),*) -> $result:ty;
    )*) => {
        /// # The methods of a request
        ///
        /// Each method works like the [`Request`] method of the same name.
        #[allow(clippy::needless_lifetimes, reason = "most results name the lifetime")]
        impl OwnedRequest {
            $(
                #[doc = concat!("Like [`Request::", stringify!($name), "`].")]
                $(#[$attribute])*
                pub fn $name<'a $(, $($generics)*)?>(&'a self $(, $argument: $type)*) -> $result {
                    self.view().$name($($argument),*)
                }
            )*
        }
    };
}

forward! {
    fn head() -> Head<'a>;
    fn method() -> Method;
    fn target() -> Target<'a>;
    fn path() -> &'a str;
    fn decoded_path() -> Option<&'a str>;
    fn script_name() -> &'a str;
    fn path_info() -> Option<&'a str>;
    fn version() -> Version;
    fn headers() -> Headers<'a>;
    fn header(name: &str) -> Option<&'a str>;
    fn authority() -> Option<Authority<'a>>;
    fn trailers() -> Headers<'a>;
    fn now() -> Now;
    fn connection() -> &'a ConnectionInfo;
    fn peer() -> &'a Peer;
    fn scheme() -> Scheme;
    fn extensions() -> &'a Extensions;

    fn param(name: &str) -> Option<&'a str>;
    fn params() -> Vec<(&'a str, &'a str)>;
    fn route() -> Option<String>;
    /// # Errors
    /// Fails like the method of [`Request`].
    fn parse_param[T: FromStr<Err: Display>](name: &str) -> Result<T, Rejection>;

    fn query() -> Option<&'a str>;
    fn query_pairs() -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a>;
    fn query_value(name: &str) -> Option<Cow<'a, str>>;
    /// # Errors
    /// Fails like the method of [`Request`].
    fn parse_query[T: FromStr<Err: Display>](name: &str) -> Result<Option<T>, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    #[cfg(feature = "serde")]
    fn query_as[T: Deserialize<'a>]() -> Result<T, Rejection>;

    /// # Errors
    /// Fails like the method of [`Request`].
    fn form() -> Result<Form<'a>, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    fn form_with(pairs: usize) -> Result<Form<'a>, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    #[cfg(feature = "serde")]
    fn form_as[T: Deserialize<'a>]() -> Result<T, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    fn multipart() -> Result<Multipart<'a>, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    fn multipart_with(limits: MultipartLimits) -> Result<Multipart<'a>, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    #[cfg(feature = "json")]
    fn json[T: Deserialize<'a>]() -> Result<T, Rejection>;
    /// # Errors
    /// Fails like the method of [`Request`].
    #[cfg(feature = "json")]
    fn json_of_type[T: Deserialize<'a>](media_type: &'static str) -> Result<T, Rejection>;

    fn cookies() -> impl Iterator<Item = (&'a str, &'a str)> + use<'a>;
    fn cookie(name: &str) -> Option<Cow<'a, str>>;
    #[cfg(feature = "cookies")]
    fn session_cookie['c](name: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Cookie<'c>;
    #[cfg(feature = "signed-cookies")]
    fn signed_cookie(key: &Key, name: &str) -> Option<String>;
    /// # Errors
    /// Fails like the method of [`Request`].
    #[cfg(feature = "signed-cookies")]
    fn session() -> Result<&'a CookieSession, Rejection>;

    fn basic_auth() -> Option<BasicCredentials>;
    fn bearer_token() -> Option<&'a str>;
    fn accepts['m](offers: &[&'m str]) -> Option<&'m str>;
    fn accepts_language['l](offers: &[&'l str]) -> Option<&'l str>;
}

impl From<Request<'_>> for OwnedRequest {
    fn from(request: Request<'_>) -> OwnedRequest {
        request.into_owned()
    }
}

impl From<&Request<'_>> for OwnedRequest {
    fn from(request: &Request<'_>) -> OwnedRequest {
        request.into_owned()
    }
}

impl OwnedPath {
    fn new(head: Head<'_>, decoded: Option<&[u8]>) -> OwnedPath {
        match decoded {
            Some(path) if path == head.path_bytes() => OwnedPath::AsSent,
            Some(path) => OwnedPath::Decoded(path.into()),
            None => OwnedPath::None,
        }
    }
}

impl RequestBuilder {
    /// Adds a header. Without one, `Host` is `localhost`. `Content-Length` is always set to match the body.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> RequestBuilder {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> RequestBuilder {
        self.body = Some(body.into());
        self
    }

    /// Sets the time at which the request arrived.
    pub fn now(mut self, now: Now) -> RequestBuilder {
        self.now = now;
        self
    }

    /// Sets the peer.
    pub fn peer(mut self, peer: impl Into<Peer>) -> RequestBuilder {
        self.connection.peer = peer.into();
        self
    }

    /// Sets the scheme.
    pub fn scheme(mut self, scheme: Scheme) -> RequestBuilder {
        self.connection.scheme = scheme;
        self
    }

    /// Adds an extension, as a middleware would.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> RequestBuilder {
        self.extensions.insert(value);
        self
    }

    /// Announces the length of a body that is received later.
    #[cfg(feature = "tower")]
    pub(crate) fn announce(mut self, length: u64) -> RequestBuilder {
        self.announced = Some(length);
        self
    }

    /// Sets all information about the connection.
    pub(crate) fn connection(mut self, connection: ConnectionInfo) -> RequestBuilder {
        self.connection = connection;
        self
    }

    /// Adds all of the given extensions.
    #[cfg(feature = "http")]
    pub(crate) fn extensions(mut self, extensions: &Extensions) -> RequestBuilder {
        self.extensions.extend(extensions.without_rewritten());
        self
    }

    /// Builds the request.
    ///
    /// # Errors
    /// Returns an [`InvalidRequest`] if the request is invalid. The error names the violated rule and its position in the
    /// head.
    pub fn build(self) -> Result<OwnedRequest, InvalidRequest> {
        let mut head = self.request_line.into_bytes();
        let has_host = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !has_host {
            head.extend_from_slice(b"Host: localhost\r\n");
        }
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("content-length") {
                continue;
            }
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        let length = self.body.as_ref().map(|body| body.len() as u64);
        if let Some(length) = length.or(self.announced) {
            head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        let layout = whole_head::layout_of(&head, self.connection.scheme)?;
        let path = {
            let head = Head::new(&head, &layout);
            OwnedPath::new(head, head.decoded_path_bytes().as_deref())
        };
        Ok(OwnedRequest {
            layout,
            head,
            path,
            body: self.body.unwrap_or_default(),
            trailers: HeaderMap::new(),
            now: self.now,
            connection: self.connection,
            extensions: self.extensions,
            mounted: 0,
            params: OwnedParams::default(),
        })
    }
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
