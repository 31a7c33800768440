//! Conversion into an application: of applications, functions and async functions.

use super::Application;
use super::async_fn::async_fn;
use crate::request::owned_request::OwnedRequest;
use crate::response::response::Response;
use core::future::Future;

/// Anything that becomes an [`Application`]: each application, a function from [`&Request`](crate::Request), and an async
/// function from an [`OwnedRequest`]. Functions that take a handler take it in each of these forms.
///
/// `M` tells the forms apart: it is [`OwnedRequest`] for async functions. The compiler finds it, and no program has to
/// implement this trait.
///
/// ```
/// use bytegate::{OwnedRequest, Request, Router};
///
/// async fn greet(request: OwnedRequest) -> String {
///     format!("hello {}\n", request.param("name").unwrap_or_default())
/// }
///
/// let router = Router::new()
///     .get("/health", |_: &Request| "ok\n")
///     .get("/hello/{name}", greet);
/// let client = bytegate::testing::Client::new(router);
/// assert_eq!(client.get("/health").text(), "ok\n");
/// assert_eq!(client.get("/hello/Ada").text(), "hello Ada\n");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application",
    label = "not a function from `&Request` to what becomes a `Response`",
    note = "a closure must name the type of its argument: `|request: &Request| ...`",
    note = "an `async fn` takes an `OwnedRequest`, because it may run for longer than the request is in memory",
    note = "an `async fn` that takes a state as well goes into `with_state_async`: `async fn f(state: Arc<State>, request: OwnedRequest)`",
    note = "text, bytes, a `Status`, a `(Status, text)`, and an `Option` or `Result` of them become a `Response`",
    note = "an error must be a `Rejection`, which `?` makes of an `io::Error`, a `Status`, or a type with `From<..> for Response`",
    note = "what a closure captures must be `Send + Sync + 'static`: `Arc` and `Mutex`, not `Rc`, `RefCell` or a reference"
)]
pub trait IntoApplication<M> {
    /// Returns the application.
    fn into_application(self) -> impl Application + 'static;
}

impl<A: Application + 'static> IntoApplication<()> for A {
    fn into_application(self) -> impl Application + 'static {
        self
    }
}

impl<H, F> IntoApplication<OwnedRequest> for H
where
    H: Fn(OwnedRequest) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Response>> + Send + 'static,
{
    fn into_application(self) -> impl Application + 'static {
        async_fn(self)
    }
}
