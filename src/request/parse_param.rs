//! Reading the parameters of a route.

use super::request::Request;
use crate::response::rejection::{Rejection, detail};
use crate::values::status::Status;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;
use core::str::FromStr;

/// # Route parameters
impl<'a> Request<'a> {
    /// Returns the decoded value of a route parameter, such as `{name}` in `/hello/{name}`. Parameters of outer routers
    /// are visible too. If several have the same name, the innermost one is returned.
    ///
    /// `{*name}` also matches a path without a decoded form, such as `@scope%2fname`. The parameter then has no value:
    /// see [`decoded_path`](Request::decoded_path). [`parse_param`](Request::parse_param) rejects that with 404.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// Returns all route parameters that have a value, with their names, in the order of the path. If several have the
    /// same name, the innermost value counts.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router};
    ///
    /// let show = |request: &Request<'_>| format!("{:?}", request.params());
    /// let gateway = Gateway::new(Router::new().get("/users/{user}/posts/{post}", show));
    /// let response = gateway.handle(b"GET /users/ada/posts/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(br#"[("user", "ada"), ("post", "7")]"#));
    /// ```
    #[must_use]
    pub fn params(&self) -> Vec<(&'a str, &'a str)> {
        self.params.list()
    }

    /// Returns the pattern of the route that led here, for logs and metrics: unlike the path, it is one of a few. The
    /// patterns of a mount and of the router in it are joined. `None` outside of routes: in a fallback, a file, or an
    /// application for a host or a suffix.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router};
    ///
    /// let show = |request: &Request<'_>| request.route().unwrap_or_default();
    /// let blog = Router::new().get("/posts/{post}", show);
    /// let gateway = Gateway::new(Router::new().mount("/users/{user}", blog));
    /// let response = gateway.handle(b"GET /users/ada/posts/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"/users/{user}/posts/{post}"));
    /// ```
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.params.route()
    }

    /// Parses the value of a route parameter.
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request, Router};
    ///
    /// fn order(request: &Request) -> Result<String, Rejection> {
    ///     let number: u32 = request.parse_param("number")?;
    ///     Ok(format!("order {number}\n"))
    /// }
    ///
    /// let gateway = Gateway::new(Router::new().get("/orders/{number}", order));
    /// let response = gateway.handle(b"GET /orders/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"order 7\n"));
    /// let response = gateway.handle(b"GET /orders/seven HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    /// ```
    ///
    /// # Errors
    /// - 404 if the value does not parse, or has no decoded form, because no resource has that path.
    /// - 500 if the route has no parameter of that name, which is a bug in the program. The reason is logged.
    pub fn parse_param<T>(&self, name: &str) -> Result<T, Rejection>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.param(name).ok_or_else(|| self.without_param(name))?;
        value.parse().map_err(|error| {
            let error = detail(error);
            Rejection::not_found(format!("{name:?} in the path is not valid: {error}"))
        })
    }

    /// Explains why a parameter has no value.
    #[cold]
    fn without_param(&self, name: &str) -> Rejection {
        if self.params.has(name) {
            return Rejection::not_found(format!("{name:?} in the path has no decoded form"));
        }
        let reason = format!("the route has no parameter {name:?}");
        Rejection::new(Status::INTERNAL_SERVER_ERROR, reason)
    }
}
