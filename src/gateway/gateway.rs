//! The gateway: an application, its configuration and its middleware.

#[cfg(feature = "testing")]
use crate::application::ListedRoute;
use crate::application::{Application, IntoApplication};
use crate::config::config::Config;
use crate::middleware::{Middleware, RequestInfo};
use crate::response::response::ResponseError;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// An application together with its configuration and its middleware. To process bytes, use
/// [`handle`](Gateway::handle), a [`session`](Gateway::session) or `net::serve`.
///
/// ```
/// use bytegate::{Gateway, Request};
///
/// let gateway = Gateway::new(|request: &Request| format!("you asked for {}\n", request.path()));
/// let response = gateway.handle(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"you asked for /hello\n"));
/// ```
///
/// A gateway is a cheap handle: its clones share the application and everything else. Setting something on a clone does
/// not change the others. A gateway is not an [`Application`]; to mount applications inside others, use a
/// [`Router`](crate::Router).
#[derive(Clone)]
#[must_use]
pub struct Gateway {
    shared: Arc<Shared>,
}

/// The state that the clones of a gateway share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) application: Arc<dyn Application>,
    pub(super) config: Arc<Config>,
    /// Ordered from outermost to innermost.
    pub(super) middlewares: Vec<Arc<dyn Middleware>>,
    on_error: Option<Arc<OnError>>,
}

pub(super) type OnError = dyn Fn(&ResponseError, &RequestInfo<'_>) + Send + Sync;

impl Gateway {
    /// Creates a gateway for an application, with the default configuration.
    pub fn new<M>(application: impl IntoApplication<M>) -> Gateway {
        let shared = Shared {
            application: Arc::from(Box::new(application.into_application()) as Box<dyn Application>),
            config: Arc::default(),
            middlewares: Vec::new(),
            on_error: None,
        };
        Gateway {
            shared: Arc::new(shared),
        }
    }

    /// Sets the limits and timeouts for every connection.
    pub fn config(self, config: Config) -> Gateway {
        self.configure(|current| *current = config)
    }

    /// Changes some of the limits and timeouts. See [`Config`] for the defaults.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    ///
    /// let gateway = Gateway::new(|_: &Request| "hello").configure(|config| config.limits.body_bytes = 4);
    /// let response = gateway.handle(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
    /// assert!(response.starts_with(b"HTTP/1.1 413 Content Too Large\r\n"));
    /// ```
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Gateway {
        change(Arc::make_mut(&mut self.change().config));
        self
    }

    /// Adds middleware around the application and the middleware added so far.
    #[doc(alias = "middleware")]
    pub fn with(mut self, middleware: impl Middleware + 'static) -> Gateway {
        self.change()
            .middlewares
            .insert(0, Arc::from(Box::new(middleware) as Box<dyn Middleware>));
        self
    }

    /// Calls `report` for each response that was invalid, was replaced after a panic, or ended early, with its error and its
    /// request. The client only learns that something went wrong. With `report`, front ends no longer write these errors to
    /// standard error or to a log themselves.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    ///
    /// let gateway = Gateway::new(|_: &Request| Response::text("x").with_header("Connection", "x"))
    ///     .on_error(|error, request| {
    ///         let line = format!("{request}: {error}");
    ///         assert_eq!(line, "GET /a: header \"Connection\" is set by the connection, not by an application");
    ///     });
    /// assert!(gateway.handle(b"GET /a?b HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 500 "));
    /// ```
    pub fn on_error(
        mut self,
        report: impl Fn(&ResponseError, &RequestInfo<'_>) + Send + Sync + 'static,
    ) -> Gateway {
        self.change().on_error = Some(Arc::from(Box::new(report) as Box<OnError>));
        self
    }

    /// Lists the routes of the application, for people and for snapshot tests. The list is empty if the application is
    /// neither a [`Router`](crate::Router) nor a [`Site`](crate::Site).
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router, Site};
    ///
    /// let router = Router::new().get("/news", |_: &Request| "none").fallback(Site::new().file("/index.html", ""));
    /// assert_eq!(Gateway::new(router).routes(), "\
    /// GET      /news
    /// fallback
    ///   files    1 file
    /// ");
    /// ```
    #[must_use]
    pub fn routes(&self) -> String {
        self.shared.application.routes()
    }

    /// Returns the routes of the application, or one for all paths.
    #[cfg(feature = "testing")]
    pub(crate) fn route_list(&self) -> Vec<ListedRoute> {
        ListedRoute::or_all(self.shared.application.route_list())
    }

    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Returns the state for a builder method to change. Clones keep theirs.
    fn change(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }

    /// Puts another application around the application.
    #[cfg(feature = "tracing")]
    pub(super) fn wrap_application<A: Application + 'static>(
        &mut self,
        wrap: impl FnOnce(Arc<dyn Application>) -> A,
    ) {
        let shared = self.change();
        let wrapped = wrap(shared.application.clone());
        shared.application = Arc::from(Box::new(wrapped) as Box<dyn Application>);
    }

    /// Takes the function to which errors of responses are reported.
    #[cfg(feature = "tracing")]
    pub(super) fn take_on_error(&mut self) -> Option<Arc<OnError>> {
        self.change().on_error.take()
    }

    /// Returns whether errors of responses are reported to a function.
    #[cfg(feature = "std")]
    pub(crate) fn reports_errors(&self) -> bool {
        self.shared.on_error.is_some()
    }

    /// Identifies the gateway among those that exist at the same time. Clones have the same identity.
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn identity(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    #[cfg(feature = "std")]
    pub(crate) fn configuration(&self) -> &Config {
        &self.shared.config
    }
}

impl Shared {
    pub(super) fn report(&self, error: &ResponseError, request: &RequestInfo<'_>) {
        if let Some(on_error) = &self.on_error {
            on_error(error, request);
        }
    }
}

impl<A: Application + 'static> From<A> for Gateway {
    fn from(application: A) -> Gateway {
        Gateway::new(application)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("config", &self.shared.config)
            .field("middlewares", &self.shared.middlewares.len())
            .finish_non_exhaustive()
    }
}
