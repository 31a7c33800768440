//! A request that owns its parts, created by a builder or copied from a received request.

use super::extensions::Extensions;
use super::params::Params;
use super::request::{Message, Request, RequestContext};
use crate::config::limits::Limits;
use crate::headers::header_map::HeaderMap;
use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::syntax::head::{HeadParser, Parsed};
use crate::syntax::layout::Layout;
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::now::Now;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// A request that owns its parts and can outlive its connection. Use it for deferred responses and in tests.
///
/// ```
/// use bytegate::{Application, Request, Response};
///
/// let application = |request: &Request<'_>| Response::text(format!("hello {}\n", request.path()));
/// let request = Request::builder("GET", "/ada").header("Accept", "text/plain").build()?;
/// let response = request.with(|request| application.call(request));
/// assert_eq!(response.body().as_bytes(), Some(&b"hello /ada\n"[..]));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone)]
pub struct OwnedRequest {
    head: Vec<u8>,
    layout: Box<Layout>,
    content: Bytes,
    trailers: HeaderMap,
    now: Now,
    connection: ConnectionInfo,
    extensions: Extensions,
    mounted: usize,
    /// The parameter names of all routers. The last ones may have no value.
    param_names: Vec<Box<str>>,
    param_values: Vec<Box<str>>,
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
pub struct RequestBuilder {
    request_line: String,
    fields: Vec<(String, Vec<u8>)>,
    content: Option<Bytes>,
    /// The length of a body that is not in the request.
    announced: Option<u64>,
    now: Now,
    connection: ConnectionInfo,
    extensions: Extensions,
}

impl<'a> Request<'a> {
    /// Starts building a request with the given method and target.
    pub fn builder(method: &str, target: &str) -> RequestBuilder {
        RequestBuilder {
            request_line: format!("{method} {target} HTTP/1.1\r\n"),
            fields: Vec::new(),
            content: None,
            announced: None,
            now: Now::default(),
            connection: ConnectionInfo::default(),
            extensions: Extensions::new(),
        }
    }

    /// Returns a copy that owns its parts.
    pub fn into_owned(self) -> OwnedRequest {
        let mut trailers = HeaderMap::new();
        for (name, value) in self.message.trailers {
            // Already validated when it was received.
            let _ = trailers.append(name, value);
        }
        let (param_names, param_values) = copy_params(self);
        OwnedRequest {
            head: self.message.head.bytes().to_vec(),
            layout: Box::new(*self.message.head.layout()),
            content: Bytes::copy_from_slice(self.message.content),
            trailers,
            now: *self.context.now,
            connection: self.context.connection.clone(),
            extensions: self.context.extensions.clone(),
            mounted: self.mounted,
            param_names,
            param_values,
        }
    }
}

impl OwnedRequest {
    /// Calls `look` with a borrowed view of this request, as an application sees it.
    pub fn with<T>(&self, look: impl FnOnce(&Request<'_>) -> T) -> T {
        let head = Head::new(&self.head, &self.layout);
        let path: Option<Cow<'_, [u8]>> = head.decoded_path_bytes();
        let context = RequestContext::new(&self.now, &self.connection, &self.extensions, &path);
        let values: Vec<&[u8]> = self
            .param_values
            .iter()
            .map(|value| value.as_bytes())
            .collect();
        let params = Params::new(&self.param_names, &values, None);
        let message = Message {
            head,
            content: &self.content,
            trailers: self.trailers(),
        };
        look(&Request {
            message: &message,
            context: &context,
            mounted: self.mounted,
            params: (!self.param_names.is_empty()).then_some(&params),
        })
    }

    /// Returns the same request with another method, or `None` if the head would be invalid.
    pub(crate) fn with_method(mut self, method: &str) -> Option<OwnedRequest> {
        let token = self.head().method_token().len();
        self.head = [method.as_bytes(), self.head.get(token..)?].concat();
        self.layout = layout_of(&self.head, self.connection.scheme).ok()?;
        Some(self)
    }

    /// Returns the head.
    pub fn head(&self) -> Head<'_> {
        Head::new(&self.head, &self.layout)
    }

    /// Returns the decoded value of a route parameter, like [`Request::param`].
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.param_names.iter().zip(&self.param_values);
        let (_, value) = params.find(|(other, _)| ***other == *name)?;
        Some(value)
    }

    /// Returns the decoded body, which is shared rather than copied.
    pub fn body(&self) -> &Bytes {
        &self.content
    }

    /// Returns the trailers, which follow a chunked body.
    pub fn trailers(&self) -> Headers<'_> {
        self.trailers.view()
    }

    /// Returns information about the connection.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }
}

impl RequestBuilder {
    /// Adds a header. `Host` defaults to `localhost`. `Content-Length` always matches the body.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> RequestBuilder {
        self.fields.push((name.into(), value.as_ref().into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, content: impl Into<Bytes>) -> RequestBuilder {
        self.content = Some(content.into());
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
    #[cfg(feature = "http")]
    pub(crate) fn connection(mut self, connection: ConnectionInfo) -> RequestBuilder {
        self.connection = connection;
        self
    }

    /// Adds all of the given extensions.
    #[cfg(feature = "http")]
    pub(crate) fn extensions(mut self, extensions: Extensions) -> RequestBuilder {
        self.extensions.extend(extensions);
        self
    }

    /// Builds the request.
    ///
    /// # Errors
    /// Returns an [`InvalidRequest`] if the request is invalid. It names the violated rule and its position in the
    /// head.
    pub fn build(self) -> Result<OwnedRequest, InvalidRequest> {
        let mut head = self.request_line.into_bytes();
        let has_host = self
            .fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !has_host {
            head.extend_from_slice(b"Host: localhost\r\n");
        }
        for (name, value) in &self.fields {
            if name.eq_ignore_ascii_case("content-length") {
                continue;
            }
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        let length = self.content.as_ref().map(|content| content.len() as u64);
        if let Some(length) = length.or(self.announced) {
            head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        Ok(OwnedRequest {
            layout: layout_of(&head, self.connection.scheme)?,
            head,
            content: self.content.unwrap_or_default(),
            trailers: HeaderMap::new(),
            now: self.now,
            connection: self.connection,
            extensions: self.extensions,
            mounted: 0,
            param_names: Vec::new(),
            param_values: Vec::new(),
        })
    }
}

/// Returns the names of all parameters that an application sees, and their values. Names without a value come last.
fn copy_params(request: Request<'_>) -> (Vec<Box<str>>, Vec<Box<str>>) {
    let mut names: Vec<&str> = Vec::new();
    for name in request.params.into_iter().flat_map(Params::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| request.param(name).is_none());
    let values = names.iter().filter_map(|name| request.param(name));
    let values = values.map(Box::from).collect();
    (names.into_iter().map(Box::from).collect(), values)
}

/// Parses a head without limits.
fn layout_of(head: &[u8], scheme: Scheme) -> Result<Box<Layout>, InvalidRequest> {
    let limits = Limits {
        request_line_bytes: u32::MAX / 2,
        header_line_bytes: u32::MAX / 2,
        headers: u16::MAX,
        head_bytes: u32::MAX,
        ..Limits::default()
    };
    let mut parser = HeadParser::new();
    match parser.advance(head, &limits)? {
        Parsed::Head if parser.end() == head.len() => {}
        Parsed::Head => {
            // A name or a value contains a line ending.
            return Err(InvalidRequest::new(
                ProtocolError::HeaderValueByte,
                parser.end(),
            ));
        }
        Parsed::Incomplete | Parsed::EmptyLine => {
            return Err(InvalidRequest::new(ProtocolError::HeadIncomplete, 0));
        }
    }
    Ok(Box::new(*parser.validate(head, scheme)?))
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|request| request.fmt(f))
    }
}
