//! Applications that are async functions.

use super::Application;
use crate::request::owned_request::OwnedRequest;
use crate::request::request::Request;
use crate::response::response::Response;
use core::fmt;
use core::future::Future;

/// Turns an async function into an application. The function takes an [`OwnedRequest`], because it may run for longer
/// than the request is in memory, and returns anything that becomes a [`Response`]. See [`Response::from_future`] for how it
/// is run.
///
/// Async functions, plain ones, and functions that block (wrapped in `net::blocking`, feature `net`) can be routed by
/// the same router.
///
/// ```
/// use bytegate::{Gateway, OwnedRequest, Request, Response, Router};
/// use bytegate::application::async_fn;
///
/// async fn hello(request: OwnedRequest) -> Result<Response, bytegate::Status> {
///     let name = request.param("name").ok_or(bytegate::Status::NOT_FOUND)?;
///     Ok(Response::text(format!("hello {name}\n")))
/// }
///
/// let router = Router::new()
///     .get("/hello/{name}", async_fn(hello))
///     .get("/health", |_: &Request<'_>| "ok\n");
/// let reply = Gateway::new(router).handle(b"GET /hello/ada HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(reply.ends_with(b"hello ada\n"));
/// ```
pub const fn async_fn<H, F>(handler: H) -> impl Application
where
    H: Fn(OwnedRequest) -> F + Send + Sync,
    F: Future<Output: Into<Response>> + Send + 'static,
{
    AsyncFn(handler)
}

#[derive(Clone, Copy)]
struct AsyncFn<H>(H);

impl<H, F> Application for AsyncFn<H>
where
    H: Fn(OwnedRequest) -> F + Send + Sync,
    F: Future<Output: Into<Response>> + Send + 'static,
{
    fn call(&self, request: &Request<'_>) -> Response {
        Response::from_future(self.0(request.into_owned()))
    }
}

impl<H> fmt::Debug for AsyncFn<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncFn")
    }
}
