//! Responses with a `Location`: redirects (RFC 9110 section 15.4) and created resources.

use super::response::Response;
use crate::values::status::Status;

/// Redirects: the target of the request is found elsewhere (RFC 9110 section 15.4).
///
/// | constructor | status | lasting | method of the next request |
/// |---|---|---|---|
/// | [`moved_permanently`](Response::moved_permanently) | 301 | yes | GET after POST, otherwise the same |
/// | [`found`](Response::found) | 302 | no | GET after POST, otherwise the same |
/// | [`see_other`](Response::see_other) | 303 | no | GET |
/// | [`temporary_redirect`](Response::temporary_redirect) | 307 | no | the same, with the same body |
/// | [`permanent_redirect`](Response::permanent_redirect) | 308 | yes | the same, with the same body |
///
/// `location` is a path on this server or a full URL. Characters that are not allowed in `Location` are
/// percent-encoded, and a control character makes the response fail. A location that comes from a client can lead to
/// any host, so check it first.
impl Response {
    /// Creates a 301 redirect. The target has moved for good, so clients can remember the new location. A client may
    /// follow a POST with GET; use [`permanent_redirect`](Response::permanent_redirect) to keep the method.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// let response = Response::moved_permanently("/new page");
    /// assert_eq!(response.status(), Status::MOVED_PERMANENTLY);
    /// assert_eq!(response.headers().get("Location"), Some("/new%20page"));
    /// ```
    pub fn moved_permanently(location: &str) -> Response {
        Response::with_location(Status::MOVED_PERMANENTLY, location)
    }

    /// Creates a 302 redirect. The target is elsewhere for now. A client may follow a POST with GET; use
    /// [`see_other`](Response::see_other) to make sure of that, or
    /// [`temporary_redirect`](Response::temporary_redirect) to keep the method.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// assert_eq!(Response::found("/today").status(), Status::FOUND);
    /// ```
    pub fn found(location: &str) -> Response {
        Response::with_location(Status::FOUND, location)
    }

    /// Creates a 303 redirect, which the client follows with GET. Respond to a form with it, so that reloading the next
    /// page does not send the form again.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// assert_eq!(Response::see_other("/done").status(), Status::SEE_OTHER);
    /// ```
    pub fn see_other(location: &str) -> Response {
        Response::with_location(Status::SEE_OTHER, location)
    }

    /// Creates a 307 redirect. The target is elsewhere for now, and the client repeats the request there with the same
    /// method and body.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// let response = Response::temporary_redirect("https://backup.example/upload");
    /// assert_eq!(response.status(), Status::TEMPORARY_REDIRECT);
    /// ```
    pub fn temporary_redirect(location: &str) -> Response {
        Response::with_location(Status::TEMPORARY_REDIRECT, location)
    }

    /// Creates a 308 redirect. The target has moved for good, and the client repeats the request there with the same
    /// method and body.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    ///
    /// let response = Response::permanent_redirect("/v2/items");
    /// assert_eq!(response.status(), Status::PERMANENT_REDIRECT);
    /// ```
    pub fn permanent_redirect(location: &str) -> Response {
        Response::with_location(Status::PERMANENT_REDIRECT, location)
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
