//! Conversions between messages of this crate and those of the `http` crate.

use crate::message::body::Body;
use crate::message::owned_request::{OwnedRequest, RequestBuilder};
use crate::message::request::Request;
use crate::message::response::{Response, is_reserved};
use crate::values::connection_info::ConnectionInfo;
use crate::values::error::Fault;
use crate::values::status::Status;
use bytes::Bytes;
use std::prelude::rust_2024::*;

impl<B: Into<Body>> From<http::Response<B>> for Response {
    /// Converts a response. Fields that belong to the connection, such as `Content-Length` and `Connection`, are left
    /// out, because the connection sets them.
    ///
    /// ```
    /// use bytegate::{Body, Response, Status};
    ///
    /// let response = http::Response::builder().status(418).header("X-Pot", "tea").body(Body::from("short")).unwrap();
    /// let response = Response::from(response);
    /// assert_eq!(response.status(), Status::new(418).unwrap());
    /// assert_eq!(response.fields().lines().get_str("x-pot"), Some("tea"));
    /// ```
    fn from(response: http::Response<B>) -> Response {
        let (parts, body) = response.into_parts();
        let status = Status::new(parts.status.as_u16()).unwrap_or(Status::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Status::OK)
            .with_body(body)
            .with_status(status);
        for (name, value) in &parts.headers {
            if !is_reserved(name.as_str()) {
                response.append_field(name.as_str(), value.as_bytes());
            }
        }
        response
    }
}

impl From<Response> for http::Response<Body> {
    /// Converts a response. One that breaks the rules becomes a 500, and so does one that is
    /// [deferred](Response::later): wait for it first.
    fn from(mut response: Response) -> http::Response<Body> {
        // Leaves what is sent in its place, with what middleware has set.
        let _ = response.take_error();
        let mut converted = http::Response::new(Body::empty());
        if let Ok(status) = http::StatusCode::from_u16(response.status().code()) {
            *converted.status_mut() = status;
        }
        append_all(converted.headers_mut(), response.fields().lines());
        *converted.body_mut() = response.into_body();
        converted
    }
}

impl TryFrom<&Request<'_>> for http::Request<Bytes> {
    type Error = http::Error;

    /// Converts a request. The content is copied. The extensions contain the [`ConnectionInfo`].
    ///
    /// # Errors
    /// Returns an error if the target has characters that the `http` crate does not accept.
    fn try_from(request: &Request<'_>) -> Result<http::Request<Bytes>, http::Error> {
        let mut converted = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.head().target_text())
            .extension(request.connection().clone())
            .body(Bytes::copy_from_slice(request.content()))?;
        *converted.version_mut() = match request.version() {
            crate::Version::Http10 => http::Version::HTTP_10,
            crate::Version::Http11 => http::Version::HTTP_11,
        };
        append_all(converted.headers_mut(), request.fields());
        Ok(converted)
    }
}

impl TryFrom<http::Request<Bytes>> for OwnedRequest {
    type Error = Fault;

    /// Converts a request. Its extensions may contain a [`ConnectionInfo`].
    ///
    /// # Errors
    /// Returns a [`Fault`] if it is not a valid request.
    fn try_from(request: http::Request<Bytes>) -> Result<OwnedRequest, Fault> {
        let (parts, content) = request.into_parts();
        let builder = builder_of(&parts);
        match content.is_empty() {
            true => builder.build(),
            false => builder.content(content).build(),
        }
    }
}

/// Starts building a request without content.
pub(super) fn builder_of(parts: &http::request::Parts) -> RequestBuilder {
    let mut builder = Request::builder(parts.method.as_str(), target_of(parts));
    if !parts.headers.contains_key(http::header::HOST) {
        if let Some(authority) = parts.uri.authority() {
            builder = builder.field("Host", authority.as_str());
        }
    }
    for (name, value) in &parts.headers {
        // Content has no coding on this side.
        if name != http::header::TRANSFER_ENCODING {
            builder = builder.field(name.as_str(), value.as_bytes());
        }
    }
    match parts.extensions.get::<ConnectionInfo>() {
        Some(connection) => builder.connection(connection.clone()),
        None => builder,
    }
}

/// Returns the target that a server receives.
pub(super) fn target_of(parts: &http::request::Parts) -> &str {
    let target = parts.uri.path_and_query();
    target.map_or("/", |target| target.as_str())
}

/// Appends all fields. All of them are valid on both sides.
fn append_all(to: &mut http::HeaderMap, lines: crate::FieldLines<'_>) {
    for (name, value) in lines {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let value = http::HeaderValue::from_bytes(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            to.append(name, value);
        }
    }
}
