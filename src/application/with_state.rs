//! Applications that share a state.

use super::Application;
use super::async_fn::async_fn;
use crate::request::owned_request::OwnedRequest;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::sync::Arc;
use core::fmt;
use core::future::Future;

/// Turns a function that takes a state as its first argument into an application. Several of them can share the state.
///
/// The handler can be a function, a method or a closure. Several threads call it at once, so state that changes needs a
/// lock or an atomic type. Values that belong to a single request are in [`Request::extensions`]. For async functions, see
/// [`with_state_async`].
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

/// Turns an async function that takes a state as its first argument into an application. It gets the state as an [`Arc`],
/// because it may run for longer than the router is borrowed. See [`async_fn`] for how it is run.
///
/// It is not the same function as [`with_state`], because the compiler finds the argument types of closures only where
/// there is one form of them.
///
/// ```
/// use bytegate::application::{with_state, with_state_async};
/// use bytegate::{OwnedRequest, Rejection, Request, Router};
/// use std::sync::{Arc, Mutex};
///
/// type Notes = Mutex<Vec<String>>;
///
/// fn add(notes: &Notes, request: &Request) -> String {
///     notes.lock().unwrap().push(String::from_utf8_lossy(request.body()).into_owned());
///     "added\n".to_string()
/// }
///
/// async fn read(notes: Arc<Notes>, request: OwnedRequest) -> Result<Option<String>, Rejection> {
///     let number: usize = request.parse_param("number")?;
///     Ok(notes.lock().unwrap().get(number).cloned())
/// }
///
/// let notes = Arc::<Notes>::default();
/// let router = Router::new()
///     .post("/notes", with_state(&notes, add))
///     .get("/notes/{number}", with_state_async(&notes, read));
/// let client = bytegate::testing::Client::new(router);
/// client.post("/notes").body("buy milk").send();
/// assert_eq!(client.get("/notes/0").text(), "buy milk");
/// assert_eq!(client.get("/notes/1").status(), 404);
/// ```
pub fn with_state_async<S, H, F>(state: &Arc<S>, handler: H) -> impl Application + use<S, H, F>
where
    S: Send + Sync + ?Sized,
    H: Fn(Arc<S>, OwnedRequest) -> F + Send + Sync,
    F: Future<Output: Into<Response>> + Send + 'static,
{
    let state = state.clone();
    async_fn(move |request: OwnedRequest| handler(state.clone(), request))
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
