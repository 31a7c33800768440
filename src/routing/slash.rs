//! Policies for a slash at the end of a path.

use crate::message::head::Head;
use crate::response::response::Response;
use crate::syntax::path;
use crate::values::status::Status;
use alloc::string::String;

/// How a [`Router`](crate::Router) treats a path that no rule matches, if a route matches the same path with or without
/// a slash at its end.
///
/// ```
/// use bytegate::{Gateway, Request, Router};
/// use bytegate::routing::TrailingSlash;
///
/// let router = |policy| Router::new().get("/about", |_: &Request| "about us").trailing_slash(policy);
/// let get = |policy| Gateway::new(router(policy)).handle(b"GET /about/?page=2 HTTP/1.1\r\nHost: x\r\n\r\n");
///
/// assert!(get(TrailingSlash::Strict).starts_with(b"HTTP/1.1 404 "));
/// assert!(get(TrailingSlash::Either).starts_with(b"HTTP/1.1 200 "));
/// let response = String::from_utf8(get(TrailingSlash::Redirect).to_vec()).unwrap();
/// assert!(response.starts_with("HTTP/1.1 308 ") && response.contains("Location: ../about?page=2\r\n"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrailingSlash {
    /// The two are different paths.
    #[default]
    Strict,
    /// Redirect to the path of the route with 308, which keeps the method, the body and the query.
    Redirect,
    /// Call the application of the route. It sees the path as it was sent.
    Either,
}

/// Redirects to the same target with or without a slash at the end of its path. Returns `None` if a client could take
/// the result for another host, as in `//example.com/`.
pub(super) fn redirect(head: &Head<'_>) -> Option<Response> {
    let path = head.path();
    if !path.starts_with('/') || path.starts_with("//") {
        return None;
    }
    let location = match path.strip_suffix('/') {
        Some(path) => String::from(path),
        None => alloc::format!("{path}/"),
    };
    // Right below any prefix that a proxy or another server removed from the path.
    let mut location = path::relative(path, &location);
    if let Some(query) = head.query() {
        location.push('?');
        location.push_str(query);
    }
    let response = Response::from(Status::PERMANENT_REDIRECT);
    Some(response.with_header("Location", location))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::request::Request;

    fn location(target: &str) -> Option<String> {
        let request = Request::builder("GET", target).header("Host", "x");
        let request = request.build().unwrap();
        let response = redirect(&request.head())?;
        let location = response.headers().view().get("location");
        location.map(String::from)
    }

    #[test]
    fn redirects_keep_the_query_and_the_escapes_but_never_name_a_host() {
        assert_eq!(location("/a%20b?c=/").as_deref(), Some("a%20b/?c=/"));
        assert_eq!(location("/a/?").as_deref(), Some("../a?"));
        assert_eq!(location("http://x/a/").as_deref(), Some("../a"));
        for target in ["//example.com", "//example.com/", "//", "http://x//y"] {
            assert_eq!(location(target), None, "{target}");
        }
    }
}
