//! Applications that are async functions.

use super::Application;
use crate::request::owned_request::OwnedRequest;
use crate::request::request::Request;
use crate::response::response::Response;
use core::fmt;
use core::future::Future;

/// Turns an async function into an application. Routers, gateways and wrappers take async functions as they are; this is for
/// other places that need an [`Application`].
///
/// The function takes an [`OwnedRequest`], because it may run for longer than the request is in memory, and returns anything
/// that becomes a [`Response`]. See [`Response::from_future`] for how it is run.
///
/// The future may be polled on any thread. If it needs tokio, as reqwest and sqlx do, wrap it in
/// `async_compat::Compat` (crate `async-compat`), which enters a runtime at each poll. Or await `net::serve` with one thread
/// (`Options::threads`) in `#[tokio::main]`: then handlers are polled on the thread that awaits the server.
///
/// ```
/// use bytegate::application::async_fn;
/// use bytegate::{Application, OwnedRequest, Request};
///
/// let application: Box<dyn Application> = Box::new(async_fn(async |_: OwnedRequest| "hello\n"));
/// let request = Request::builder("GET", "/").build()?;
/// assert!(application.call(&request.view()).is_pending());
/// # Ok::<(), bytegate::request::InvalidRequest>(())
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
