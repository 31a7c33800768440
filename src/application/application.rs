//! The trait that every application implements.

use super::listed_route::ListedRoute;
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::upload::admission::Admission;
use crate::values::sync::Arc;
use alloc::string::String;
use alloc::vec::Vec;

/// A handler for requests.
///
/// It is implemented by functions and closures from `&Request` to anything that converts into a [`Response`], and
/// by [`Router`](crate::Router), [`Site`](crate::Site), and the results of [`async_fn`](super::async_fn()) for async functions (which routers and gateways take as they are),
/// [`with_state`](crate::with_state()) for functions that share a state, and [`wsgi`](crate::wsgi::adapt).
///
/// A closure must state the type of its argument: `|request: &Request| ...`. Without it, the compiler says that the
/// "implementation of `FnOnce` is not general enough", or asks for type annotations.
///
/// ```
/// use bytegate::{Gateway, Request, Response, Status};
///
/// fn application(request: &Request) -> Result<Response, Status> {
///     match request.query_pairs().find(|(name, _)| name == "name") {
///         Some((_, name)) => Ok(Response::text(format!("hello {name}\n"))),
///         None => Err(Status::NOT_FOUND),
///     }
/// }
///
/// let gateway = Gateway::new(application);
/// let response = gateway.handle(b"GET /hello?name=Ada HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(response.ends_with(b"hello Ada\n"));
/// ```
///
/// # Errors
///
/// A handler may return a `Result` whose error becomes a [`Response`] too. [`Rejection`](crate::Rejection) is the
/// crate's own error. An application turns its errors into rejections in one place, and uses `?` everywhere else:
///
/// ```
/// use bytegate::{Rejection, Gateway, Request, Response, Router, Status};
///
/// struct NameTaken(String);
///
/// impl From<NameTaken> for Rejection {
///     fn from(NameTaken(name): NameTaken) -> Rejection {
///         Rejection::new(Status::CONFLICT, format!("{name} is taken"))
///     }
/// }
///
/// fn add(name: &str) -> Result<(), NameTaken> {
///     if name == "ada" { Err(NameTaken(name.to_string())) } else { Ok(()) }
/// }
///
/// fn register(request: &Request) -> Result<Response, Rejection> {
///     add(&request.form()?.get("name").unwrap_or_default())?;
///     Ok(Response::see_other("/welcome"))
/// }
///
/// let gateway = Gateway::new(Router::new().post("/users", register));
/// let client = bytegate::testing::Client::new(gateway);
/// let response = client.post("/users").form(&[("name", "ada")]).send();
/// assert_eq!(response.status(), Status::CONFLICT);
/// assert!(response.text().ends_with(": ada is taken\n"));
/// ```
///
/// The middleware [`ErrorPages`](crate::middleware::ErrorPages) then decides how the sentence is shown, as it does for the errors
/// that the server finds itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application",
    label = "not a function from `&Request<'_>` to what becomes a `Response`",
    note = "a closure must name the type of its argument: `|request: &Request<'_>| ...`",
    note = "an `async fn` takes an `OwnedRequest`, because it may run for longer than the request is in memory",
    note = "an `async fn` that takes a state as well goes into `with_state_async`: `async fn f(state: Arc<State>, request: OwnedRequest)`",
    note = "text, bytes, a `Status`, a `(Status, text)`, and an `Option` or `Result` of them become a `Response`",
    note = "an error must be a `Rejection`, which `?` makes of an `io::Error`, a `Status`, or a type with `From<..> for Response`",
    note = "what a closure captures must be `Send + Sync + 'static`: `Arc` and `Mutex`, not `Rc`, `RefCell` or a reference"
)]
pub trait Application: Send + Sync {
    /// Responds to a complete request.
    fn call(&self, request: &Request<'_>) -> Response;

    /// Like [`call`](Application::call), but may lend a [prepared](crate::response::PreparedResponse) response, which is then
    /// written without being copied or counted. For the sites and the routers of this crate; a gateway calls this method.
    #[doc(hidden)]
    #[inline]
    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.call(request).into()
    }

    /// Decides how the body of a request is handled.
    ///
    /// This is called when only the head has arrived, so the body of `request` is still empty. It is called only
    /// if a body was announced. Use it to refuse an upload before it is sent.
    ///
    /// By default, the [inner](Application::inner) application decides. Without one, the body is buffered.
    fn admit(&self, request: &Request<'_>) -> Admission {
        match self.inner() {
            Some(inner) => inner.admit(request),
            None => Admission::buffer(),
        }
    }

    /// Returns the application that this one wraps, if it wraps one. The inner application then lists the routes, and
    /// [admits](Application::admit) bodies.
    ///
    /// ```
    /// use bytegate::{Application, Request, Response, Router};
    ///
    /// /// Marks the responses of a preview version.
    /// struct Preview<A>(A);
    ///
    /// impl<A: Application> Application for Preview<A> {
    ///     fn call(&self, request: &Request) -> Response {
    ///         self.0.call(request).with_header("X-Robots-Tag", "noindex")
    ///     }
    ///
    ///     fn inner(&self) -> Option<&dyn Application> {
    ///         Some(&self.0)
    ///     }
    /// }
    ///
    /// let application = Preview(Router::new().get("/", |_: &Request| "home\n"));
    /// assert!(application.routes().contains("GET"));
    /// ```
    fn inner(&self) -> Option<&dyn Application> {
        None
    }

    /// Lists the routes inside, for people: one line for each, or none. A router also lists the routes of the applications in
    /// it.
    fn routes(&self) -> String {
        self.inner().map_or_else(String::new, Application::routes)
    }

    /// Returns the same routes as values, for the test kit, which sends requests to each of them. An application that
    /// has none is asked for every path.
    #[doc(hidden)]
    fn route_list(&self) -> Vec<ListedRoute> {
        self.inner().map_or_else(Vec::new, Application::route_list)
    }

    /// Returns the route that a request is dispatched to, without a response. The default is the route that led here.
    #[doc(hidden)]
    fn route_of(&self, request: &Request<'_>) -> Option<String> {
        match self.inner() {
            Some(inner) => inner.route_of(request),
            None => request.route(),
        }
    }
}

impl<F, R> Application for F
where
    F: Fn(&Request<'_>) -> R + Send + Sync,
    R: Into<Response>,
{
    fn call(&self, request: &Request<'_>) -> Response {
        self(request).into()
    }
}

impl<A: Application + ?Sized> Application for Arc<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        (**self).call(request)
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        (**self).reply(request)
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        (**self).admit(request)
    }

    fn inner(&self) -> Option<&dyn Application> {
        (**self).inner()
    }

    fn routes(&self) -> String {
        (**self).routes()
    }

    fn route_list(&self) -> Vec<ListedRoute> {
        (**self).route_list()
    }

    fn route_of(&self, request: &Request<'_>) -> Option<String> {
        (**self).route_of(request)
    }
}
