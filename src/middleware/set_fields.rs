//! Default fields for all responses of a server.

use super::{Middleware, RequestInfo};
use crate::response::response::Response;
use alloc::string::String;
use alloc::vec::Vec;

/// Middleware that adds fields to every response that does not have them, including refusals.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::SetFields;
///
/// let fields = SetFields::new().field("Server", "bytegate").field("Referrer-Policy", "no-referrer");
/// let gateway = Gateway::new(|_: &Request<'_>| "hello\n").with(fields);
/// assert!(gateway.handle(b"nonsense").windows(18).any(|window| window == b"Server: bytegate\r\n"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SetFields {
    fields: Vec<(String, String)>,
}

impl SetFields {
    /// Creates a set without fields.
    pub fn new() -> SetFields {
        SetFields::default()
    }

    /// Adds a field. A field that cannot be sent makes every response fail, as with [`Response::with_field`].
    pub fn field(mut self, name: &str, value: &str) -> SetFields {
        self.fields.push((name.into(), value.into()));
        self
    }
}

impl Middleware for SetFields {
    fn after(&self, _: &RequestInfo<'_>, mut response: Response) -> Response {
        for (name, value) in &self.fields {
            if response.fields().lines().get(name).is_none() {
                response.set_field(name, value);
            }
        }
        response
    }
}
