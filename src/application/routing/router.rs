//! A router, which is an application that forwards requests to others.

use super::pattern::Pattern;
use crate::application::Application;
use crate::application::site::INDEX;
use crate::application::upload::Admission;
use crate::message::reply::Reply;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Forwards each request to an application, based on its path.
///
/// The most specific matching [route](Router::route) is tried first. Next come the longest matching
/// [suffix](Router::suffix), the longest matching [mount](Router::mount), and the [fallback](Router::fallback). If
/// none applies, the response is a 404.
///
/// The path is decoded once, before routing. The query is ignored. A router is an application itself, so routers can
/// be nested.
///
/// ```
/// use bytegate::{Gateway, Request, Router, Site};
///
/// let router = Router::new()
///     .suffix(".py", |request: &Request<'_>| format!("{} by {}\n", request.path(), request.method()))
///     .get("/hello/{name}", |request: &Request<'_>| format!("hello {}\n", request.param("name").unwrap_or_default()))
///     .fallback(Site::new().file("/index.html", "<h1>hi</h1>"));
///
/// let gateway = Gateway::new(router);
/// let reply = gateway.handle(b"GET /login.py?next=/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(b"/login.py by GET\n"));
/// let reply = gateway.handle(b"GET /hello/Ada%20L HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.ends_with(b"hello Ada L\n"));
/// let reply = gateway.handle(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.ends_with(b"<h1>hi</h1>"));
/// ```
#[derive(Default)]
#[doc(alias = "route")]
pub struct Router {
    /// Most specific first.
    routes: Vec<Route>,
    /// Longest first.
    suffixes: Vec<(String, Box<dyn Application>)>,
    /// Longest first.
    mounts: Vec<(String, Box<dyn Application>)>,
    fallback: Option<Box<dyn Application>>,
}

struct Route {
    method: Method,
    pattern: Pattern,
    application: Box<dyn Application>,
}

impl Router {
    /// Creates a router without routes.
    pub fn new() -> Router {
        Router::default()
    }

    /// Routes requests with the given method, and with paths that match `pattern`, to `application`.
    ///
    /// A segment `{name}` of the pattern matches any single segment of the path. Its value is available from
    /// [`Request::param`]. A last segment `{*name}` matches the rest of the path. If several patterns match, literal
    /// segments take precedence over parameters.
    ///
    /// A route for GET also answers HEAD. A path that has routes, but none for the method of the request, is answered
    /// with 405 and `Allow`.
    ///
    /// # Panics
    /// Panics if the pattern is invalid. A pattern begins with `/`, and braces must enclose a whole segment and
    /// contain a name.
    #[track_caller]
    pub fn route(
        mut self,
        method: Method,
        pattern: &str,
        application: impl Application + 'static,
    ) -> Router {
        let pattern = match Pattern::parse(pattern) {
            Ok(pattern) => pattern,
            Err(reason) => panic!("the pattern {pattern:?} {reason}"),
        };
        let place = self
            .routes
            .partition_point(|other| !pattern.is_more_specific_than(&other.pattern));
        self.routes.insert(
            place,
            Route {
                method,
                pattern,
                application: Box::new(application),
            },
        );
        self
    }

    /// Adds a [`route`](Router::route) for GET, and therefore for HEAD.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn get(self, pattern: &str, application: impl Application + 'static) -> Router {
        self.route(Method::Get, pattern, application)
    }

    /// Adds a [`route`](Router::route) for POST.
    ///
    /// # Panics
    /// Panics like [`route`](Router::route).
    #[track_caller]
    pub fn post(self, pattern: &str, application: impl Application + 'static) -> Router {
        self.route(Method::Post, pattern, application)
    }

    /// Routes requests whose decoded path ends in `suffix` to `application`. If several suffixes match, the longest
    /// wins. Adding the same suffix again replaces the first one. The application receives requests with any method.
    pub fn suffix(mut self, suffix: &str, application: impl Application + 'static) -> Router {
        insert(&mut self.suffixes, suffix, Box::new(application));
        self
    }

    /// Routes requests for `prefix` and everything below it to `application`. The application sees the rest of the
    /// path as its own: [`Request::script_name`] is the prefix, and [`Request::path_info`] is the rest.
    pub fn mount(mut self, prefix: &str, application: impl Application + 'static) -> Router {
        let prefix = prefix.trim_end_matches('/');
        insert(&mut self.mounts, prefix, Box::new(application));
        self
    }

    /// Routes all other requests to `application`. This includes requests whose path has no decoded form, such as
    /// `/@scope%2fname`: see [`Request::decoded_path`].
    pub fn fallback(mut self, application: impl Application + 'static) -> Router {
        self.fallback = Some(Box::new(application));
        self
    }

    /// Finds the application and calls it.
    #[inline]
    fn dispatch<'a, T>(
        &'a self,
        request: &Request<'_>,
        ask: impl Fn(&'a dyn Application, &Request<'_>) -> T,
        answer: impl Fn(Response) -> T,
    ) -> T {
        let Some(path) = request.path_info_bytes() else {
            return match &self.fallback {
                Some(application) => ask(&**application, request),
                None => answer(Status::NOT_FOUND.into()),
            };
        };
        if !self.routes.is_empty() {
            if let Some(answered) = self.dispatch_to_route(request, path, &ask, &answer) {
                return answered;
            }
        }
        let suffix = self
            .suffixes
            .iter()
            .find(|(suffix, _)| ends_with(path, suffix));
        if let Some((_, application)) = suffix {
            return ask(&**application, request);
        }
        let mount = self
            .mounts
            .iter()
            .find(|(prefix, _)| is_below(path, prefix));
        if let Some((prefix, application)) = mount {
            return ask(&**application, &request.mounted(prefix.len()));
        }
        match &self.fallback {
            Some(application) => ask(&**application, request),
            None => answer(Status::NOT_FOUND.into()),
        }
    }

    fn dispatch_to_route<'a, T>(
        &'a self,
        request: &Request<'_>,
        path: &[u8],
        ask: &impl Fn(&'a dyn Application, &Request<'_>) -> T,
        answer: &impl Fn(Response) -> T,
    ) -> Option<T> {
        let path = core::str::from_utf8(path).ok()?;
        let method = match request.method() {
            Method::Head => Method::Get,
            other => other,
        };
        let mut params = request.params.to_vec();
        let known = params.len();
        let mut allowed: Vec<Method> = Vec::new();
        for route in &self.routes {
            params.truncate(known);
            if !route.pattern.matches(path, &mut params) {
                continue;
            }
            if route.method == method || route.method == request.method() {
                let request = Request {
                    params: &params,
                    ..*request
                };
                return Some(ask(&*route.application, &request));
            }
            if !allowed.contains(&route.method) {
                allowed.push(route.method);
            }
        }
        if allowed.is_empty() {
            return None;
        }
        let mut names: Vec<String> = allowed.iter().map(Method::to_string).collect();
        if allowed.contains(&Method::Get) {
            names.push("HEAD".to_string());
        }
        names.push("OPTIONS".to_string());
        let status = match request.method() {
            Method::Options => Status::NO_CONTENT,
            _ => Status::METHOD_NOT_ALLOWED,
        };
        Some(answer(
            Response::from(status).with_field("Allow", names.join(", ")),
        ))
    }
}

/// Inserts an entry, longest text first. An entry with the same text replaces the first one.
fn insert(
    to: &mut Vec<(String, Box<dyn Application>)>,
    text: &str,
    application: Box<dyn Application>,
) {
    to.retain(|(other, _)| other != text);
    let place = to.partition_point(|(other, _)| other.len() >= text.len());
    to.insert(place, (text.into(), application));
}

/// Returns whether a path ends in a suffix. The path of a directory is treated like that of its index, so `/` cannot
/// bypass the suffix of `/index.html`.
fn ends_with(path: &[u8], suffix: &str) -> bool {
    let suffix_bytes = suffix.as_bytes();
    // Most suffixes differ in the last byte.
    let is_likely = suffix.is_empty() || path.last() == suffix_bytes.last();
    is_likely && path.ends_with(suffix_bytes)
        || path.ends_with(b"/") && index_ends_with(path, suffix)
}

/// Returns whether the index of a directory ends in a suffix.
#[cold]
fn index_ends_with(path: &[u8], suffix: &str) -> bool {
    let before_index = suffix.strip_suffix(INDEX);
    INDEX.ends_with(suffix) || before_index.is_some_and(|rest| path.ends_with(rest.as_bytes()))
}

/// Returns whether a path is the prefix or is below it, comparing whole segments.
fn is_below(path: &[u8], prefix: &str) -> bool {
    path.strip_prefix(prefix.as_bytes())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

impl Application for Router {
    fn call(&self, request: &Request<'_>) -> Response {
        self.reply(request).into_response()
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.dispatch(
            request,
            |application, request| application.reply(request),
            Reply::Made,
        )
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.dispatch(
            request,
            |application, request| application.admit(request),
            |response| Admission::discard(&request.head(), response),
        )
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |table: &[(String, Box<dyn Application>)]| -> Vec<String> {
            table.iter().map(|(name, _)| name.clone()).collect()
        };
        let routes: Vec<String> = self
            .routes
            .iter()
            .map(|route| alloc::format!("{} {}", route.method, route.pattern))
            .collect();
        f.debug_struct("Router")
            .field("routes", &routes)
            .field("suffixes", &names(&self.suffixes))
            .field("mounts", &names(&self.mounts))
            .field("fallback", &self.fallback.is_some())
            .finish()
    }
}
