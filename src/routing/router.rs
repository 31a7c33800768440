//! A router: an application that forwards requests to others.

use super::error::RouteError;
use super::hosts::Hosts;
use super::pattern::Pattern;
use super::route::{Kind, Route};
use super::slash::TrailingSlash;
use super::tree::Tree;
use crate::application::{Application, IntoApplication};
use crate::site::site::Site;
use crate::site::spelling;
use crate::values::method::Method;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Forwards each request to an application, based on its host, path and method.
///
/// ```
/// use bytegate::{Gateway, Request, Router, Site};
///
/// let router = Router::new()
///     .suffix(".py", |request: &Request| format!("{} by {}\n", request.path(), request.method()))
///     .get("/hello/{name}", |request: &Request| format!("hello {}\n", request.param("name").unwrap_or_default()))
///     .fallback(Site::new().file("/index.html", "<h1>hi</h1>"));
///
/// let gateway = Gateway::new(router);
/// let response = gateway.handle(b"GET /login.py?next=/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"/login.py by GET\n"));
/// let response = gateway.handle(b"GET /hello/Ada%20L HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(response.ends_with(b"hello Ada L\n"));
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(response.ends_with(b"<h1>hi</h1>"));
/// ```
///
/// # Patterns
///
/// A pattern begins with `/` and is matched segment by segment against the decoded path. The query is ignored.
///
/// - `/users/me` matches exactly this path.
/// - `/users/{id}` matches any single segment that is not empty. [`Request::param`](crate::Request::param) returns its value.
/// - `/files/{*path}` matches the rest of the path, which may be empty. It must be the last segment.
///
/// A pattern has at most eight parameters. A router that is mounted in another router sees the parameters of both.
///
/// # Order
///
/// The order in which rules are added makes no difference. They are tried in this order:
///
/// 1. The [host](Router::host).
/// 2. Patterns and [mounts](Router::mount) that accept the method, most specific first. Patterns are compared segment
///    by segment: text comes before `{name}`, which comes before `{*name}`, which comes before a mount. So `/users/me`
///    comes before `/users/{id}`, and a mount at `/admin` before `/{page}`. A [suffix](Router::suffix) counts as a
///    pattern for the whole path that also says how the path ends. So `.py` comes before `/{*path}` and a mount at `/`,
///    but after `/admin/{*path}`. The longest suffix comes first.
/// 3. [Files](Router::files) with this path.
/// 4. If the path has routes, but none for the method: a 405 with `Allow`, or a 204 for OPTIONS.
/// 5. The same path with or without a slash at its end, according to the [policy](Router::trailing_slash).
/// 6. The [fallback](Router::fallback), or a 404.
///
/// The [`Display`](core::fmt::Display) form of a router lists its rules in this order.
///
/// # Paths without a decoded form
///
/// A path such as `/@scope%2fname` has no [decoded form](crate::Request::decoded_path), because the decoded path could be
/// mistaken for another one. Such a request still reaches the applications that accept every path below some point: the
/// application for the host, `{*name}`, mounts and the fallback. They can read the path as it was sent. With `{*name}`, the
/// parameter has no value. The part of the path that leads to such an application is only matched as it was sent, so it
/// must not contain escapes. A path with `.` or `..` segments only reaches applications that accept every path of the
/// router.
///
/// ```
/// use bytegate::{Gateway, Request, Router};
///
/// let registry = |request: &Request| format!("{} at {}\n", request.path(), request.script_name());
/// let gateway = Gateway::new(Router::new().mount("/npm", registry));
/// let response = gateway.handle(b"GET /npm/@scope%2fname HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.ends_with(b"/npm/@scope%2fname at /npm\n"));
/// ```
///
/// # Spellings
///
/// With the feature `folder`, patterns, prefixes and suffixes are normalized (Unicode NFC), which is how browsers send
/// typed text. A [`Site`] redirects paths in other spellings, such as `/u%CC%88ber` for `/über`, to the normalized one. So
/// no spelling of a file's path bypasses a route or a mount for the file.
///
/// # State
///
/// Handlers can be closures, which can own shared values. Use `Arc`, and a lock for values that change.
///
/// ```
/// use bytegate::{Gateway, Request, Router};
/// use std::sync::{Arc, Mutex};
///
/// let guests = Arc::new(Mutex::new(vec!["Ada".to_string()]));
/// let shown = guests.clone();
/// let router = Router::new()
///     .get("/guests", move |_: &Request| shown.lock().unwrap().join(", "))
///     .post("/guests/{name}", move |request: &Request| {
///         guests.lock().unwrap().push(request.param("name").unwrap_or_default().to_string());
///         "welcome\n"
///     });
///
/// let gateway = Gateway::new(router);
/// gateway.handle(b"POST /guests/Grace HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(gateway.handle(b"GET /guests HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"Ada, Grace"));
/// ```
///
/// # Errors
///
/// An invalid rule, or a rule that matches the same requests as another one, is a programming mistake. The methods
/// panic with a message that names both rules. [`try_route`](Router::try_route) returns an error instead.
#[derive(Default)]
#[doc(alias = "route")]
#[must_use]
pub struct Router {
    pub(super) hosts: Hosts,
    pub(super) tree: Tree,
    pub(super) files: Vec<Site>,
    pub(super) trailing_slash: TrailingSlash,
    pub(super) fallback: Option<Box<dyn Application>>,
}

impl Router {
    /// Creates a router without rules.
    pub fn new() -> Router {
        Router::default()
    }

    /// Routes requests with the given method, and with paths that match the [pattern](Router#patterns), to
    /// `application`.
    ///
    /// A route for GET also responds to HEAD, and OPTIONS gets a response with `Allow`, unless routes for these methods
    /// exist. A method can be any token, as in WebDAV.
    ///
    /// ```
    /// use bytegate::{Gateway, Method, Rejection, Request, Router};
    ///
    /// let propfind = "PROPFIND".parse::<Method>().unwrap();
    /// let router = Router::new()
    ///     .route(propfind, "/files/{*path}", |request: &Request| -> Result<String, Rejection> {
    ///         Ok(format!("properties of {}\n", request.parse_param::<String>("path")?))
    ///     });
    /// let response = Gateway::new(router).handle(b"PROPFIND /files/a/b HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"properties of a/b\n"));
    /// ```
    ///
    /// # Panics
    /// Panics if the pattern is invalid or means something else in other routers, such as `/users/:id` and `/q?x`, if a
    /// route for the same method and paths exists, or if the method is TRACE or CONNECT, which never reach an application.
    #[track_caller]
    pub fn route<M>(
        self,
        method: Method,
        pattern: &str,
        application: impl IntoApplication<M>,
    ) -> Router {
        self.with_entry(Kind::Method(method), pattern, application)
    }

    /// Like [`route`](Router::route), but for patterns that are only known at run time.
    ///
    /// # Errors
    /// Returns an error where [`route`](Router::route) panics. The router is unchanged in that case.
    pub fn try_route<M>(
        &mut self,
        method: Method,
        pattern: &str,
        application: impl IntoApplication<M>,
    ) -> Result<(), RouteError> {
        self.add(
            Kind::Method(method),
            pattern,
            Box::new(application.into_application()),
        )
    }

    /// Adds a [`route`](Router::route) for GET, and therefore for HEAD.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn get<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::GET, pattern, application)
    }

    /// Adds a [`route`](Router::route) for HEAD alone. Use it if this response takes less work than the response to GET.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn head<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::HEAD, pattern, application)
    }

    /// Adds a [`route`](Router::route) for POST.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn post<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::POST, pattern, application)
    }

    /// Adds a [`route`](Router::route) for PUT.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn put<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::PUT, pattern, application)
    }

    /// Adds a [`route`](Router::route) for PATCH.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn patch<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::PATCH, pattern, application)
    }

    /// Adds a [`route`](Router::route) for DELETE.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn delete<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.route(Method::DELETE, pattern, application)
    }

    /// Routes requests with any method, and with paths that match the pattern, to `application`. Routes for a single
    /// method and the same paths come first.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router};
    ///
    /// let router = Router::new()
    ///     .get("/echo", |_: &Request| "send me something\n")
    ///     .any("/echo", |request: &Request| request.body().to_vec());
    /// let gateway = Gateway::new(router);
    /// assert!(gateway.handle(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"send me something\n"));
    /// assert!(gateway.handle(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi").ends_with(b"hi"));
    /// ```
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn any<M>(self, pattern: &str, application: impl IntoApplication<M>) -> Router {
        self.with_entry(Kind::Any, pattern, application)
    }

    /// Routes requests whose decoded path ends in `suffix` to `application`, with any method. A path that ends in a
    /// slash is treated like the path of its `index.html`.
    ///
    /// # Panics
    /// Panics if the router already has the same suffix.
    #[track_caller]
    pub fn suffix<M>(self, suffix: &str, application: impl IntoApplication<M>) -> Router {
        self.with_entry(Kind::Suffix, suffix, application)
    }

    /// Routes requests for `prefix` and everything below it to `application`, with any method. The prefix may have
    /// parameters.
    ///
    /// The application sees the rest of the path as its path: [`Request::script_name`](crate::Request::script_name) is
    /// the part that matches the prefix, and [`Request::path_info`](crate::Request::path_info) is the rest, which is
    /// empty for the prefix itself. A mounted router treats an empty path as `/`.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router};
    ///
    /// let show = |request: &Request| {
    ///     let (user, post) = (request.param("user"), request.param("post"));
    ///     format!("{user:?} {post:?} at {}\n", request.script_name())
    /// };
    /// let blog = Router::new().get("/", show).get("/posts/{post}", show);
    /// let gateway = Gateway::new(Router::new().mount("/users/{user}", blog));
    /// let response = gateway.handle(b"GET /users/ada/posts/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"Some(\"ada\") Some(\"7\") at /users/ada\n"));
    /// ```
    ///
    /// Everything below the prefix belongs to the application. A mounted router without a fallback itself responds to an
    /// unknown path with a 404, and the fallback of this router is not called. To have the same page everywhere, add the
    /// same fallback to both routers, or wrap the gateway in [`ErrorPages`](crate::middleware::ErrorPages).
    ///
    /// # Panics
    /// Panics if the prefix is invalid, or if a mount for the same paths exists.
    #[track_caller]
    pub fn mount<M>(self, prefix: &str, application: impl IntoApplication<M>) -> Router {
        self.with_entry(Kind::Mount, prefix, application)
    }

    /// Routes requests for a host to `application`. `*.example.com` stands for all hosts below `example.com`, but not
    /// for `example.com` itself. The longest matching host wins. The case, the port and a dot at the end are ignored.
    ///
    /// Requests for other hosts continue to the other rules of this router, which act as the default host. Always add such
    /// rules: the client chooses the `Host` header, and an HTTP/1.0 request may have none.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router};
    ///
    /// let router = Router::new()
    ///     .host("example.com", |_: &Request| "the shop\n")
    ///     .host("*.example.com", |_: &Request| "a customer\n")
    ///     .fallback(|_: &Request| "nothing here\n");
    /// let gateway = Gateway::new(router);
    /// assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: Example.com:7890\r\n\r\n").ends_with(b"the shop\n"));
    /// assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: ada.example.com\r\n\r\n").ends_with(b"a customer\n"));
    /// assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"nothing here\n"));
    /// ```
    ///
    /// # Panics
    /// Panics if the host is invalid or has a port, or if the router already has the same host.
    #[track_caller]
    pub fn host<M>(self, host: &str, application: impl IntoApplication<M>) -> Router {
        self.with_entry(Kind::Host, host, application)
    }

    /// Responds to requests for the paths of a site, and leaves all other paths to the fallback. The site's own page
    /// for missing paths is not used. If several sites are added, they are tried in that order.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router, Site};
    ///
    /// let router = Router::new()
    ///     .files(Site::new().file("/style.css", "body {}"))
    ///     .fallback(|request: &Request| format!("a page for {}\n", request.path()));
    /// let gateway = Gateway::new(router);
    /// assert!(gateway.handle(b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"body {}"));
    /// assert!(gateway.handle(b"GET /news HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"a page for /news\n"));
    /// ```
    pub fn files(mut self, site: Site) -> Router {
        self.files.push(site);
        self
    }

    /// Sets how the router treats a path that only matches a route with or without a slash at its end. The default is
    /// [`TrailingSlash::Strict`]. The policy does not affect mounts, suffixes and files.
    pub fn trailing_slash(mut self, policy: TrailingSlash) -> Router {
        self.trailing_slash = policy;
        self
    }

    /// Routes all other requests to `application`.
    ///
    /// # Panics
    /// Panics if the router already has a fallback.
    #[track_caller]
    pub fn fallback<M>(mut self, application: impl IntoApplication<M>) -> Router {
        assert!(self.fallback.is_none(), "the router has a fallback already");
        self.fallback = Some(Box::new(application.into_application()));
        self
    }

    #[track_caller]
    fn with_entry<M>(
        mut self,
        kind: Kind,
        text: &str,
        application: impl IntoApplication<M>,
    ) -> Router {
        if let Err(error) = self.add(kind, text, Box::new(application.into_application())) {
            panic!("{error}");
        }
        self
    }

    fn add(
        &mut self,
        kind: Kind,
        text: &str,
        application: Box<dyn Application>,
    ) -> Result<(), RouteError> {
        // A site redirects every other spelling of a path to this one.
        let text = &*spelling::compose(text).unwrap_or(text.into());
        let mut route = Route {
            kind,
            text: text.into(),
            names: Box::default(),
            application,
        };
        let pattern = match route.kind {
            Kind::Host => return self.hosts.insert(route),
            Kind::Suffix => return self.tree.insert_suffix(route),
            Kind::Method(Method::TRACE | Method::CONNECT) => {
                Err("TRACE and CONNECT never reach an application")
            }
            Kind::Mount => Pattern::parse_prefix(text),
            Kind::Method(_) | Kind::Any => Pattern::parse(text),
        };
        let pattern = pattern.map_err(|reason| RouteError::invalid(route.to_string(), reason))?;
        route.names = pattern.names().map(Box::from).collect();
        self.tree.insert(route, &pattern)
    }
}
