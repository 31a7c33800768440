//! Conversions between messages of this crate and of the `http` crate.

use crate::body::body::Body;
use crate::middleware::{AuthenticatedUser, RequestId};
use crate::request::extensions::Extensions;
use crate::request::owned_request::{OwnedRequest, RequestBuilder};
use crate::request::request::Request;
use crate::response::response::{Response, is_reserved};
use crate::syntax::authority::Authority;
use crate::values::connection_info::ConnectionInfo;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use crate::values::scheme::Scheme;
use crate::values::status::Status;
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::borrow::Cow;
use std::format;
use std::prelude::rust_2024::*;

impl<B: Into<Body>> From<http::Response<B>> for Response {
    /// Converts a response. Headers that belong to the connection, such as `Content-Length` and `Connection`, are left
    /// out, because the connection sets them.
    ///
    /// ```
    /// use bytegate::{Body, Response, Status};
    ///
    /// let response = http::Response::builder().status(418).header("X-Pot", "tea").body(Body::from("short")).unwrap();
    /// let response = Response::from(response);
    /// assert_eq!(response.status(), Status::new(418).unwrap());
    /// assert_eq!(response.headers().get("x-pot"), Some("tea"));
    /// ```
    fn from(response: http::Response<B>) -> Response {
        let (parts, body) = response.into_parts();
        let status = Status::new(parts.status.as_u16()).unwrap_or(Status::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Status::OK)
            .with_body(body)
            .with_status(status);
        for (name, value) in &parts.headers {
            if !is_reserved(name.as_str()) {
                response.append_header(name.as_str(), value.as_bytes());
            }
        }
        response
    }
}

impl From<Response> for http::Response<Body> {
    /// Converts a response. An invalid response becomes a 500, and so does a [deferred](Response::from_future) one:
    /// wait for it first.
    fn from(mut response: Response) -> http::Response<Body> {
        // Leaves the replacement in its place, with the headers set by middleware.
        let _ = response.take_error();
        let mut converted = http::Response::new(Body::empty());
        if let Ok(status) = http::StatusCode::from_u16(response.status().code()) {
            *converted.status_mut() = status;
        }
        append_all(converted.headers_mut(), response.headers().view());
        *converted.body_mut() = response.into_body();
        converted
    }
}

impl TryFrom<&Request<'_>> for http::Request<Bytes> {
    type Error = http::Error;

    /// Converts a request. The body is copied. Below a [mount](crate::Router::mount), the target is the rest of the
    /// path, in the form in which it was sent, and the query.
    ///
    /// The extensions contain the [`ConnectionInfo`] and, if present, the [`AuthenticatedUser`] and the [`RequestId`].
    /// All values attached by middleware are in one value of the type [`Extensions`].
    ///
    /// ```
    /// use bytegate::{Bytes, Request};
    /// use bytegate::request::Extensions;
    ///
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Language(&'static str);
    ///
    /// let request = Request::builder("GET", "/a").extension(Language("de")).build()?;
    /// let converted = http::Request::<Bytes>::try_from(&request.view()).unwrap();
    /// let extensions = converted.extensions().get::<Extensions>().unwrap();
    /// assert_eq!(extensions.get::<Language>(), Some(&Language("de")));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the target has characters that the `http` crate does not accept.
    fn try_from(request: &Request<'_>) -> Result<http::Request<Bytes>, http::Error> {
        let mut converted = http::Request::builder()
            .method(request.method().as_str())
            .uri(&*own_target(request))
            .extension(request.connection().clone())
            .body(Bytes::copy_from_slice(request.body()))?;
        *converted.version_mut() = match request.version() {
            crate::request::Version::Http10 => http::Version::HTTP_10,
            crate::request::Version::Http11 => http::Version::HTTP_11,
        };
        append_all(converted.headers_mut(), request.headers());
        let (from, to) = (request.extensions(), converted.extensions_mut());
        if let Some(user) = from.get::<AuthenticatedUser>() {
            to.insert(user.clone());
        }
        if let Some(id) = from.get::<RequestId>() {
            to.insert(id.clone());
        }
        if !from.is_empty() {
            to.insert(from.clone());
        }
        Ok(converted)
    }
}

/// Returns the target as the application sees it: without the part of the path that leads to its mount point, and with
/// those characters of the query percent-encoded that [`http::Uri`] does not accept.
fn own_target<'a>(request: &Request<'a>) -> Cow<'a, str> {
    match target_below_mount(request) {
        Cow::Borrowed(target) => utf8_percent_encode(target, NOT_IN_URI).into(),
        Cow::Owned(target) => match utf8_percent_encode(&target, NOT_IN_URI).into() {
            Cow::Borrowed(_) => Cow::Owned(target),
            Cow::Owned(encoded) => Cow::Owned(encoded),
        },
    }
}

/// Characters that clients send unencoded in a query, besides the ones above 7F.
const NOT_IN_URI: &AsciiSet = &CONTROLS.add(b'"').add(b'<').add(b'>');

fn target_below_mount<'a>(request: &Request<'a>) -> Cow<'a, str> {
    let (head, target) = (request.head(), request.head().target_text());
    if request.mounted == 0 {
        return Cow::Borrowed(target);
    }
    let (path, query) = (head.path(), head.query());
    let rest = path
        .get(sent_length(path, request.mounted)..)
        .unwrap_or_default();
    // The target may name a host before the path.
    let length = path.len() + query.map_or(0, |query| query.len() + 1);
    let host = target
        .get(..target.len().saturating_sub(length))
        .unwrap_or_default();
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let (mark, query) = query.map_or(("", ""), |query| ("?", query));
    Cow::Owned(format!("{host}{slash}{rest}{mark}{query}"))
}

/// Returns how many bytes of a path, as it was sent, stand for its first `decoded` bytes. Its escapes are valid.
fn sent_length(path: &str, decoded: usize) -> usize {
    let (mut sent, bytes) = (0, path.as_bytes());
    for _ in 0..decoded {
        sent += if bytes.get(sent) == Some(&b'%') { 3 } else { 1 };
    }
    sent
}

impl TryFrom<http::Request<Bytes>> for OwnedRequest {
    type Error = InvalidRequest;

    /// Converts a request. Its extensions may contain a [`ConnectionInfo`], an [`AuthenticatedUser`] and a
    /// [`RequestId`]. Values for [`Request::extensions`] may be in one value of the type [`Extensions`]. The extensions
    /// of the `http` crate are kept as well, as a value of the type [`http::Extensions`]:
    ///
    /// ```
    /// use bytegate::{Bytes, OwnedRequest};
    ///
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Language(&'static str);
    ///
    /// let request = http::Request::get("/a").extension(Language("de")).body(Bytes::new()).unwrap();
    /// let converted = OwnedRequest::try_from(request)?;
    /// let extensions = converted.extensions().get::<http::Extensions>().unwrap();
    /// assert_eq!(extensions.get::<Language>(), Some(&Language("de")));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// Returns an [`InvalidRequest`] if it is not a valid request. A request whose URI and `Host` name different hosts
    /// is invalid (RFC 9113 section 8.3.1).
    fn try_from(request: http::Request<Bytes>) -> Result<OwnedRequest, InvalidRequest> {
        let (parts, body) = request.into_parts();
        let builder = builder_of(&parts)?;
        if body.is_empty() {
            builder.build()
        } else {
            builder.body(body).build()
        }
    }
}

/// Starts building a request without a body. Its `Host` is the authority of the URI, if it has one.
///
/// # Errors
/// Returns an [`InvalidRequest`] if `Host` names another host or port than the URI. In HTTP/2, where the authority is a
/// separate pseudo-header, such a request is malformed (RFC 9113 section 8.3.1), and over a connection it is refused
/// too.
pub(super) fn builder_of(parts: &http::request::Parts) -> Result<RequestBuilder, InvalidRequest> {
    let mut builder = Request::builder(parts.method.as_str(), target_of(parts));
    let authority = parts.uri.authority();
    if let Some(authority) = authority {
        check_host(parts, authority.as_str())?;
        builder = builder.header("Host", authority.as_str());
    }
    for (name, value) in &parts.headers {
        let is_replaced = name == http::header::HOST && authority.is_some();
        // The body has no transfer coding on this side.
        if !is_replaced && name != http::header::TRANSFER_ENCODING {
            builder = builder.header(name.as_str(), value.as_bytes());
        }
    }
    Ok(with_extensions(builder, &parts.extensions))
}

/// Checks that `Host`, if present, is the authority of the URI.
fn check_host(parts: &http::request::Parts, authority: &str) -> Result<(), InvalidRequest> {
    let mut hosts = parts.headers.get_all(http::header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) => return Ok(()),
        (Some(_), Some(_)) => return Err(InvalidRequest::new(ProtocolError::HostRepeated, 0)),
        (Some(host), None) => host.to_str().ok().and_then(Authority::parse),
    };
    let Some(host) = host else {
        return Err(InvalidRequest::new(ProtocolError::HostMalformed, 0));
    };
    let scheme = match parts.uri.scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let port = |authority: &Authority<'_>| authority.port.unwrap_or(scheme.default_port());
    match Authority::parse(authority) {
        Some(named) if named.same_host(&host) && port(&named) == port(&host) => Ok(()),
        Some(_) => Err(InvalidRequest::new(ProtocolError::HostConflict, 0)),
        None => Err(InvalidRequest::new(ProtocolError::TargetAuthority, 0)),
    }
}

/// Adds the values that a request's extensions contain for this crate.
fn with_extensions(mut builder: RequestBuilder, from: &http::Extensions) -> RequestBuilder {
    if let Some(connection) = from.get::<ConnectionInfo>() {
        builder = builder.connection(connection.clone());
    }
    if let Some(extensions) = from.get::<Extensions>() {
        builder = builder.extensions(extensions);
    }
    if let Some(user) = from.get::<AuthenticatedUser>() {
        builder = builder.extension(user.clone());
    }
    if let Some(id) = from.get::<RequestId>() {
        builder = builder.extension(id.clone());
    }
    if from.is_empty() {
        builder
    } else {
        builder.extension(from.clone())
    }
}

/// Returns the target that a server receives.
pub(super) fn target_of(parts: &http::request::Parts) -> &str {
    let target = parts.uri.path_and_query();
    target.map_or("/", |target| target.as_str())
}

/// Appends all headers. All of them are valid on both sides.
fn append_all(to: &mut http::HeaderMap, lines: crate::headers::Headers<'_>) {
    for (name, value) in lines {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let value = http::HeaderValue::from_bytes(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            to.append(name, value);
        }
    }
}
