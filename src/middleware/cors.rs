//! Cross-origin resource sharing, as the Fetch standard defines it (section "CORS protocol").

use super::list_headers::add_vary;
use super::middleware::Middleware;
use super::origin::listed_origins;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

const ORIGIN: &str = "Origin";
const REQUEST_METHOD: &str = "Access-Control-Request-Method";
const REQUEST_HEADERS: &str = "Access-Control-Request-Headers";
const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// Middleware that lets pages of other origins use this server (CORS).
///
/// An origin is written as browsers send it: `https://example.com`, without a path or a slash at the end, and without
/// the default port. Browsers always allow pages of other origins to send GET, HEAD and POST with plain headers. This
/// server decides which responses they can read, and which other requests they can send.
///
/// A preflight request gets a 204, without calling the application. Responses depend on the origin of the request, so
/// `Vary` lists `Origin`, unless [any](Cors::any) origin is allowed. If the application sets
/// `Access-Control-Allow-Origin`, its headers are kept as they are.
///
/// Put this middleware around a gateway, a whole router or a mount, not around a single route with
/// [`with_middleware`](crate::middleware::with_middleware). A preflight request is an OPTIONS request. A router whose route is
/// for another method responds to it without that route, so middleware around the route never sees it.
///
/// ```
/// use bytegate::{Gateway, Method, Request};
/// use bytegate::middleware::Cors;
///
/// let cors = Cors::origins(["https://example.com"]).allow_methods([Method::PUT]).allow_headers(["Content-Type"]);
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(cors);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://example.com\r\n\r\n");
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.contains("\r\nAccess-Control-Allow-Origin: https://example.com\r\n"));
/// assert!(response.contains("\r\nVary: Origin\r\n"));
/// ```
#[must_use]
pub struct Cors {
    origins: Origins,
    methods: String,
    allow_headers: RequestHeaders,
    expose_headers: String,
    credentials: bool,
    max_age: Option<Duration>,
}

enum Origins {
    Any,
    Listed(Vec<String>),
    Matching(Box<dyn Fn(&str) -> bool + Send + Sync>),
}

enum RequestHeaders {
    Any,
    Listed(String),
}

/// The origin of a request, if it is allowed, kept until the response is ready.
#[derive(Clone)]
struct AllowedOrigin(String);

impl Cors {
    /// Allows pages of any origin to read responses that do not depend on credentials.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::Cors;
    ///
    /// let gateway = Gateway::new(|_: &Request| "public\n").with(Cors::any());
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nAccess-Control-Allow-Origin: *\r\n"));
    /// ```
    pub fn any() -> Cors {
        Cors::of(Origins::Any)
    }

    /// Allows pages of the given origins.
    ///
    /// # Panics
    /// Panics if a text is not an origin as browsers send it, because it would never match.
    #[track_caller]
    pub fn origins(origins: impl IntoIterator<Item: AsRef<str>>) -> Cors {
        Cors::of(Origins::Listed(listed_origins(origins)))
    }

    /// Allows pages of the origins for which `is_allowed` returns `true`. It is called with the value of `Origin`,
    /// which clients other than browsers choose freely, and which is `null` for sandboxed pages.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::Cors;
    ///
    /// let cors = Cors::matching(|origin| origin.starts_with("https://") && origin.ends_with(".example.com"));
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(cors);
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("-Origin: https://a.example.com\r\n"));
    /// ```
    pub fn matching(is_allowed: impl Fn(&str) -> bool + Send + Sync + 'static) -> Cors {
        Cors::of(Origins::Matching(Box::new(is_allowed)))
    }

    fn of(origins: Origins) -> Cors {
        Cors {
            origins,
            methods: String::new(),
            allow_headers: RequestHeaders::Listed(String::new()),
            expose_headers: String::new(),
            credentials: false,
            max_age: None,
        }
    }

    /// Sets the methods that pages may use in addition to GET, HEAD and POST. By default, there are none.
    pub fn allow_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Cors {
        self.methods = listed(methods.into_iter().map(|method| method.to_string()));
        self
    }

    /// Sets the headers that pages may send in addition to `Accept`, `Accept-Language`, `Content-Language` and the
    /// `Content-Type` of plain text and forms. By default, there are none. To allow JSON, name `Content-Type` here.
    pub fn allow_headers(mut self, names: impl IntoIterator<Item: AsRef<str>>) -> Cors {
        self.allow_headers = RequestHeaders::Listed(listed(names));
        self
    }

    /// Allows pages to send any header.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::Cors;
    ///
    /// let gateway = Gateway::new(|_: &Request| "").with(Cors::any().allow_any_header());
    /// let response = gateway.handle(
    ///     b"OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nAccess-Control-Request-Method: PUT\r\n\
    ///       Access-Control-Request-Headers: x-a,x-b\r\n\r\n",
    /// );
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nAccess-Control-Allow-Headers: x-a,x-b\r\n"));
    /// ```
    pub fn allow_any_header(mut self) -> Cors {
        self.allow_headers = RequestHeaders::Any;
        self
    }

    /// Sets the response headers that pages may read in addition to `Cache-Control`, `Content-Language`, `Content-Length`,
    /// `Content-Type`, `Expires`, `Last-Modified` and `Pragma`. By default, there are none.
    pub fn expose_headers(mut self, names: impl IntoIterator<Item: AsRef<str>>) -> Cors {
        self.expose_headers = listed(names);
        self
    }

    /// Allows requests with cookies and other credentials.
    ///
    /// # Panics
    /// Panics if [any](Cors::any) origin is allowed. Browsers refuse this combination, because every page could act as the
    /// user.
    #[track_caller]
    pub fn allow_credentials(mut self) -> Cors {
        assert!(
            !matches!(self.origins, Origins::Any),
            "credentials cannot be allowed to any origin (Fetch standard, \"CORS protocol and credentials\"): \
             name the origins with `Cors::origins` or `Cors::matching`"
        );
        self.credentials = true;
        self
    }

    /// Sets how long a browser may reuse the response to a preflight request, in whole seconds. Browsers use 5 seconds
    /// by default, and limit the time to between 10 minutes and 24 hours.
    pub fn max_age(mut self, max_age: Duration) -> Cors {
        self.max_age = Some(max_age);
        self
    }

    fn is_allowed(&self, origin: &str) -> bool {
        match &self.origins {
            Origins::Any => true,
            Origins::Listed(origins) => origins.iter().any(|listed| listed == origin),
            Origins::Matching(is_allowed) => is_allowed(origin),
        }
    }

    /// Returns the response to a preflight request of an allowed origin, without the headers that all responses get.
    fn preflight(&self, asked_headers: Option<&[u8]>) -> Response {
        let mut response = not_shared();
        let headers = match &self.allow_headers {
            RequestHeaders::Any => asked_headers.unwrap_or_default(),
            RequestHeaders::Listed(names) => names.as_bytes(),
        };
        for (name, value) in [
            ("Access-Control-Allow-Methods", self.methods.as_bytes()),
            ("Access-Control-Allow-Headers", headers),
        ] {
            if !value.is_empty() {
                response.set_header(name, value);
            }
        }
        if let Some(max_age) = self.max_age {
            response.set_header("Access-Control-Max-Age", format!("{}", max_age.as_secs()));
        }
        response
    }
}

impl Middleware for Cors {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let headers = request.head.headers();
        let mut origins = headers.get_all(ORIGIN);
        let origin = match (origins.next(), origins.next()) {
            (Some(origin), None) => core::str::from_utf8(origin).ok(),
            _ => None,
        };
        let allowed = origin.filter(|origin| self.is_allowed(origin));
        let asked_headers = headers.get_bytes(REQUEST_HEADERS);
        let is_preflight = request.head.method() == Method::OPTIONS
            && headers.get_bytes(ORIGIN).is_some()
            && headers.get_bytes(REQUEST_METHOD).is_some();
        let response = is_preflight.then(|| match allowed {
            Some(_) => self.preflight(asked_headers),
            None => not_shared(),
        });
        if let Some(allowed) = allowed {
            request.extensions.insert(AllowedOrigin(allowed.into()));
        }
        response
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        let allowed = match self.origins {
            Origins::Any => Some("*"),
            Origins::Listed(_) | Origins::Matching(_) => {
                // Also if the request has no origin: a cache must not use this response for one that has.
                add_vary(&mut response, ORIGIN);
                let allowed = request.extensions.get::<AllowedOrigin>();
                allowed.map(|AllowedOrigin(origin)| &**origin)
            }
        };
        let Some(allowed) = allowed else {
            return response;
        };
        if response.headers().view().get_bytes(ALLOW_ORIGIN).is_some() {
            return response;
        }
        response.set_header(ALLOW_ORIGIN, allowed);
        if self.credentials {
            response.set_header("Access-Control-Allow-Credentials", "true");
        }
        if !self.expose_headers.is_empty() {
            response.set_header("Access-Control-Expose-Headers", &self.expose_headers);
        }
        response
    }
}

impl fmt::Debug for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: &dyn fmt::Debug = match &self.origins {
            Origins::Any => &"any",
            Origins::Listed(origins) => origins,
            Origins::Matching(_) => &"matching",
        };
        f.debug_struct("Cors")
            .field("origins", origins)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// Returns the response to a preflight request that allows nothing. HTTP caches do not store responses to OPTIONS, but
/// some shared caches do, so `Vary` lists the headers it depends on.
fn not_shared() -> Response {
    let vary = format!("{REQUEST_METHOD}, {REQUEST_HEADERS}");
    Response::new(Status::NO_CONTENT).with_header("Vary", vary)
}

fn listed(names: impl IntoIterator<Item: AsRef<str>>) -> String {
    names.into_iter().fold(String::new(), |mut list, name| {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name.as_ref());
        list
    })
}
