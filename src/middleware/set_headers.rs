//! Default headers for all responses of a server.

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use crate::response::response::Response;
use alloc::string::String;
use alloc::vec::Vec;

/// Middleware that adds headers to every response that lacks them, including refusals.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::SetHeaders;
///
/// let headers = SetHeaders::new().header("Server", "bytegate").header("Referrer-Policy", "no-referrer");
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(headers);
/// assert!(gateway.handle(b"nonsense").windows(18).any(|window| window == b"Server: bytegate\r\n"));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SetHeaders {
    fields: Vec<(String, String)>,
}

impl SetHeaders {
    /// Creates a set without headers.
    pub fn new() -> SetHeaders {
        SetHeaders::default()
    }

    /// Adds a header. A header that cannot be sent makes every response fail, as with [`Response::with_header`].
    pub fn header(mut self, name: &str, value: &str) -> SetHeaders {
        self.fields.push((name.into(), value.into()));
        self
    }
}

impl Middleware for SetHeaders {
    fn after(&self, _: &RequestInfo<'_>, mut response: Response) -> Response {
        for (name, value) in &self.fields {
            if !response.headers().contains(name) {
                response.set_header(name, value);
            }
        }
        response
    }
}
