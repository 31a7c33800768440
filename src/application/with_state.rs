//! Applications that share a state.

use super::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::sync::Arc;
use core::fmt;

/// Turns a function that takes a state as its first argument into an application. Several of them can share the state.
///
/// The handler can be a function, a method or a closure. Several threads call it at once, so state that changes needs a
/// lock or an atomic type. Values that belong to a single request are in [`Request::extensions`].
///
/// ```
/// use bytegate::{Request, Router, with_state};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// fn count(visits: &AtomicU32, _: &Request) -> String {
///     format!("visit {}\n", visits.fetch_add(1, Ordering::Relaxed) + 1)
/// }
///
/// let visits = Arc::new(AtomicU32::new(0));
/// let router = Router::new().get("/", with_state(&visits, count)).post(
///     "/reset",
///     with_state(&visits, |visits, _| {
///         visits.store(0, Ordering::Relaxed);
///         "reset\n"
///     }),
/// );
/// let client = bytegate::testing::Client::new(router);
/// assert_eq!(client.get("/").text(), "visit 1\n");
/// assert_eq!(client.get("/").text(), "visit 2\n");
/// client.post("/reset").send();
/// assert_eq!(client.get("/").text(), "visit 1\n");
/// ```
pub fn with_state<S, H, R>(state: &Arc<S>, handler: H) -> impl Application + use<S, H, R>
where
    S: Send + Sync + ?Sized,
    H: Fn(&S, &Request<'_>) -> R + Send + Sync,
    R: Into<Response>,
{
    WithState {
        state: state.clone(),
        handler,
    }
}

struct WithState<S: ?Sized, H> {
    state: Arc<S>,
    handler: H,
}

impl<S, H, R> Application for WithState<S, H>
where
    S: Send + Sync + ?Sized,
    H: Fn(&S, &Request<'_>) -> R + Send + Sync,
    R: Into<Response>,
{
    fn call(&self, request: &Request<'_>) -> Response {
        (self.handler)(&self.state, request).into()
    }
}

impl<S: ?Sized, H> fmt::Debug for WithState<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithState")
    }
}
