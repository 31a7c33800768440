//! Responses with a `Location`: redirects (RFC 9110 section 15.4) and created resources.

use super::response::{Response, ResponseError};
use crate::values::status::Status;
use alloc::format;

/// # Redirects and created resources
///
/// A redirect tells the client to send its request to another location (RFC 9110 section 15.4). The location is a path on
/// this server or a full URL. Characters that are not allowed in `Location` are percent-encoded, and a control
/// character makes the response fail. A location that comes from a client can lead to any host, so check it first.
impl Response {
    /// Creates a redirect with one of these statuses. Any other status makes the response fail.
    ///
    /// | status | permanent | method of the next request |
    /// |---|---|---|
    /// | [`MOVED_PERMANENTLY`](Status::MOVED_PERMANENTLY), 301 | yes | GET after POST, otherwise the same |
    /// | [`FOUND`](Status::FOUND), 302 | no | GET after POST, otherwise the same |
    /// | [`SEE_OTHER`](Status::SEE_OTHER), 303 | no | GET: see [`see_other`](Response::see_other) |
    /// | [`TEMPORARY_REDIRECT`](Status::TEMPORARY_REDIRECT), 307 | no | the same, with the same body |
    /// | [`PERMANENT_REDIRECT`](Status::PERMANENT_REDIRECT), 308 | yes | the same, with the same body |
    ///
    /// Clients may remember a permanent redirect forever.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// let response = Response::redirect(Status::PERMANENT_REDIRECT, "/new page");
    /// assert_eq!(response.status(), Status::PERMANENT_REDIRECT);
    /// assert_eq!(response.headers().get("Location"), Some("/new%20page"));
    /// ```
    pub fn redirect(status: Status, location: &str) -> Response {
        match status.code() {
            301 | 302 | 303 | 307 | 308 => Response::with_location(status, location),
            _ => Response::from_error(ResponseError::other(format!(
                "a redirect has the status 301, 302, 303, 307 or 308, not {status}"
            ))),
        }
    }

    /// Creates a 303 redirect, which the client follows with GET. Use it as the response to a form, so that reloading the
    /// next page does not send the form again.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// assert_eq!(Response::see_other("/done").status(), Status::SEE_OTHER);
    /// ```
    pub fn see_other(location: &str) -> Response {
        Response::with_location(Status::SEE_OTHER, location)
    }

    /// Creates a 201 response: the request has created the resource at `location` (RFC 9110 section 15.3.2). This is
    /// not a redirect, so clients do not follow it.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// let response = Response::created("/notes/7");
    /// assert_eq!(response.status(), Status::CREATED);
    /// assert_eq!(response.headers().get("Location"), Some("/notes/7"));
    /// ```
    pub fn created(location: &str) -> Response {
        Response::with_location(Status::CREATED, location)
    }

    fn with_location(status: Status, location: &str) -> Response {
        Response::new(status).with_header("Location", location)
    }
}
