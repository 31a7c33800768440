//! The gateway: which requests go to the site, and which to an application.

use super::site::INDEX;
use super::{Application, Site};
use crate::connection::Refusal;
use crate::message::admission::Admission;
use crate::message::head::Head;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::syntax::path;
use crate::values::config::Config;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The server side of a whole web site: a request whose path ends in a dynamic suffix goes to that suffix's
/// application, every other one to the site.
///
/// The path is decoded once, before routing, and the query never counts. `/` is `/index.html`. A gateway is
/// an application itself, so gateways nest.
///
/// ```
/// use bytegate::{Gateway, Request, Site};
///
/// let gateway = Gateway::new()
///     .site(Site::new().file("/index.html", "<h1>hi</h1>"))
///     .dynamic(".py", |request: &Request<'_>| format!("{} by {}\n", request.path(), request.method()));
///
/// let reply = gateway.handle(b"GET /login.py?next=/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(b"/login.py by GET\n"));
/// let reply = gateway.handle(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.ends_with(b"<h1>hi</h1>"));
/// ```
#[derive(Default)]
pub struct Gateway {
    config: Config,
    site: Site,
    /// Longest suffix first.
    routes: Vec<(String, Box<dyn Application>)>,
    refusal_page: Option<Box<RefusalPage>>,
}

type RefusalPage = dyn Fn(&Refusal<'_>) -> Response + Send + Sync;

impl Gateway {
    /// The suffix by which the tutorial told pages from programs; what the program `bytegate` uses unless told
    /// otherwise.
    pub const DYNAMIC_SUFFIX: &'static str = ".py";

    /// A gateway with an empty site, no applications and the default configuration.
    pub fn new() -> Gateway {
        Gateway::default()
    }

    /// Serves `site` where no dynamic suffix matches.
    pub fn site(mut self, site: Site) -> Gateway {
        self.site = site;
        self
    }

    /// Sends requests whose decoded path ends in `suffix` to `application`. Where several suffixes match, the
    /// longest wins; the same suffix again replaces the first. An empty suffix matches every path, also one without a
    /// decoded form, such as `/@scope%2fname`: see [`Request::decoded_path`].
    ///
    /// The application gets requests of every method but TRACE and CONNECT.
    pub fn dynamic(mut self, suffix: &str, application: impl Application + 'static) -> Gateway {
        self.routes.retain(|(other, _)| other != suffix);
        let place = self
            .routes
            .partition_point(|(other, _)| other.len() >= suffix.len());
        self.routes
            .insert(place, (suffix.into(), Box::new(application)));
        self
    }

    /// Uses these limits, deadlines and scheme on every connection.
    pub fn config(mut self, config: Config) -> Gateway {
        self.config = config;
        self
    }

    /// Answers input that is no request with this page instead of a line of plain text. The status and the
    /// close stay what they are.
    pub fn refusal_page(
        mut self,
        page: impl Fn(&Refusal<'_>) -> Response + Send + Sync + 'static,
    ) -> Gateway {
        self.refusal_page = Some(Box::new(page));
        self
    }

    /// The configuration for a [`Connection`](crate::Connection) in front of this gateway.
    pub fn connection_config(&self) -> Config {
        self.config
    }

    /// The answer to [`Step::Refuse`](crate::Step::Refuse).
    pub fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        match &self.refusal_page {
            None => refusal.page(),
            Some(page) => page(refusal).with_status(refusal.error.status()),
        }
    }

    /// The application for a decoded path. A directory is routed as its index too, so that `/` cannot slip past the
    /// suffix of `/index.html`. A path that cannot be decoded has no suffix, so only an application that owns every
    /// path is asked about it.
    fn route(&self, path: Option<&[u8]>) -> Option<&dyn Application> {
        let path = path.unwrap_or_default();
        let is_directory = path.ends_with(b"/");
        let matches = |suffix: &str| {
            path.ends_with(suffix.as_bytes())
                || is_directory && INDEX.ends_with(suffix)
                || is_directory
                    && suffix
                        .strip_suffix(INDEX)
                        .is_some_and(|rest| path.ends_with(rest.as_bytes()))
        };
        let route = self.routes.iter().find(|(suffix, _)| matches(suffix));
        route.map(|(_, application)| &**application)
    }
}

impl Application for Gateway {
    fn call(&self, request: &Request<'_>) -> Response {
        if let Some(response) = own_answer(&request.head()) {
            return response;
        }
        let path = path::decode(request.head().path_bytes());
        match self.route(path.as_deref()) {
            Some(application) => application.call(request),
            None => self
                .site
                .answer(&request.head(), path.as_deref(), request.now()),
        }
    }

    fn admit(&self, head: &Head<'_>) -> Admission {
        if let Some(response) = own_answer(head) {
            return Admission::discard(head, response);
        }
        match self.route(path::decode(head.path_bytes()).as_deref()) {
            Some(application) => application.admit(head),
            None => self.site.admit(head),
        }
    }
}

/// What concerns no resource at all: methods that are never served, and the server as a whole.
fn own_answer(head: &Head<'_>) -> Option<Response> {
    match (head.method(), head.path_bytes()) {
        // TRACE would reflect credentials (RFC 9110 section 9.3.8).
        (Method::Trace | Method::Connect, _) => Some(Status::NOT_IMPLEMENTED.into()),
        (Method::Options, b"*") => {
            Some(Response::new(Status::NO_CONTENT).with_field("Allow", ALLOW))
        }
        _ => None,
    }
}

/// What this server can do at all: the answer to `OPTIONS *` (RFC 9110 section 9.3.7).
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffixes = self.routes.iter().map(|(suffix, _)| suffix);
        f.debug_struct("Gateway")
            .field("config", &self.config)
            .field("site", &self.site)
            .field("dynamic", &suffixes.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
