//! Checks of an application's responses, for tests.

use super::rules::{Broken, broken_rules};
use crate::application::{Application, IntoApplication};
use crate::middleware::{Middleware, RequestInfo};
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::method::Method;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Middleware for tests that checks each response against rules that no server can enforce for the application. It
/// panics at the first violation, or [reports](Contract::report) all of them.
///
/// Responses that would be malformed on the wire become a 500 anyway: see [`Response::error`]. The contract covers
/// responses that are well-formed but wrong:
///
/// - 204, 205 and 304 have no body. Any other body has a valid media type.
/// - 401 has `WWW-Authenticate`, 405 has `Allow`, a redirect has `Location`, and 206 and 416 have `Content-Range`.
/// - `ETag`, `Last-Modified` and `Retry-After` are well-formed.
/// - Headers with a single value are sent once.
/// - A cookie with `SameSite=None`, or with a name that begins with `__Secure-` or `__Host-`, is `Secure`. No cookie is
///   set twice.
/// - The application does not panic, and its responses are valid.
/// - HEAD gets the same response as GET. Only a [wrapped](Contract::around) application is called for both.
///
/// Add it to the gateway first, so that it sees the application's responses before other middleware changes them.
///
/// ```should_panic
/// use bytegate::{Gateway, Request, Status};
/// use bytegate::testing::Contract;
///
/// let gateway = Gateway::new(|_: &Request| Status::METHOD_NOT_ALLOWED).with(Contract::new());
/// // POST / HTTP/1.1: a 405 response must have Allow (RFC 9110 section 15.5.6)
/// gateway.handle(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n");
/// ```
#[doc(alias = "lint")]
#[must_use]
pub struct Contract {
    report: Box<dyn Fn(&Violation) + Send + Sync>,
}

/// A rule that a response breaks, found by [`Contract`].
///
/// ```
/// use bytegate::{Gateway, Request, Status};
/// use bytegate::testing::{Contract, Violation};
/// use std::sync::{Arc, Mutex};
///
/// let found: Arc<Mutex<Vec<Violation>>> = Arc::default();
/// let list = found.clone();
/// let contract = Contract::report(move |violation| list.lock().unwrap().push(violation.clone()));
/// let gateway = Gateway::new(|_: &Request| Status::UNAUTHORIZED).with(contract);
/// gateway.handle(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
/// let found = found.lock().unwrap();
/// assert_eq!(found[0].to_string(), "GET /a HTTP/1.1: a 401 response must have WWW-Authenticate (RFC 9110 section 15.5.2)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The request line.
    pub line: String,
    /// The problem.
    pub rule: Cow<'static, str>,
    /// The source of the rule, such as `RFC 9110 section 15.5.6`.
    pub source: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.line, self.rule, self.source)
    }
}

impl core::error::Error for Violation {}

impl Contract {
    /// Panics at the first violation.
    pub fn new() -> Contract {
        Contract::report(|violation| panic!("{violation}"))
    }

    /// Wraps an application, to check that it responds to HEAD as to GET: with the same status, the same headers and a
    /// body of the same length. It is called twice for each GET and HEAD, which is safe by definition. Deferred
    /// responses and streams are not compared. All other rules are checked as by the middleware, unless the response is
    /// deferred.
    ///
    /// ```should_panic
    /// use bytegate::{Gateway, Method, Request, Status};
    /// use bytegate::testing::Contract;
    ///
    /// let application = |request: &Request| match request.method() {
    ///     Method::GET => Ok("hello\n"),
    ///     _ => Err(Status::NOT_FOUND),
    /// };
    /// let gateway = Gateway::new(Contract::new().around(application));
    /// // GET / HTTP/1.1: HEAD must have the status of GET, but has 404 instead of 200 (RFC 9110 section 9.3.2)
    /// gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// ```
    pub fn around<M: 'static>(self, application: impl IntoApplication<M>) -> impl Application {
        Checked {
            contract: self,
            application: application.into_application(),
        }
    }

    /// Passes each violation to `report`.
    pub fn report(report: impl Fn(&Violation) + Send + Sync + 'static) -> Contract {
        Contract {
            report: Box::new(report),
        }
    }
}

impl Contract {
    fn check(&self, line: &[u8], broken: Vec<Broken>) {
        for (rule, source) in broken {
            let line = String::from_utf8_lossy(line).into_owned();
            (self.report)(&Violation { line, rule, source });
        }
    }
}

impl Default for Contract {
    fn default() -> Contract {
        Contract::new()
    }
}

impl Middleware for Contract {
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        self.check(request.line, broken_rules(&response));
        response
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contract")
    }
}

/// An application whose responses are checked.
#[derive(Debug)]
struct Checked<A> {
    contract: Contract,
    application: A,
}

impl<A: Application> Application for Checked<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        let ask = |request: &Request<'_>| self.application.reply(request).into_response();
        let response = ask(request);
        if response.is_pending() {
            return response;
        }
        let line = request.message.head.line();
        self.contract.check(line, broken_rules(&response));
        let other = match request.method() {
            Method::GET => "HEAD",
            Method::HEAD => "GET",
            _ => return response,
        };
        let other = request.into_owned().with_method(other);
        if let Some(other) = other.map(|request| ask(&request.view())) {
            let (get, head) = match request.method() {
                Method::GET => (&response, &other),
                _ => (&other, &response),
            };
            self.contract.check(line, differences(get, head));
        }
        response
    }

    fn inner(&self) -> Option<&dyn Application> {
        Some(&self.application)
    }
}

/// Lists the differences between the HEAD and GET responses.
fn differences(get: &Response, head: &Response) -> Vec<Broken> {
    const SOURCE: &str = "RFC 9110 section 9.3.2";
    let mut broken: Vec<Broken> = Vec::new();
    if head.is_pending() {
        return broken;
    }
    let (wanted, found) = (get.sent_status().code(), head.sent_status().code());
    if wanted != found {
        let rule = format!("HEAD must have the status of GET, but has {found} instead of {wanted}");
        broken.push((rule.into(), SOURCE));
        return broken;
    }
    for (name, value) in get.headers().view() {
        let is_same = head.headers().view().get_all(name).any(|it| it == value);
        if !is_same {
            let rule = format!("HEAD must have the headers of GET, but {name} differs");
            broken.push((rule.into(), SOURCE));
        }
    }
    if let (Some(wanted), Some(found)) = (get.body().length(), head.body().length()) {
        if wanted != found {
            let rule =
                format!("HEAD must have the length of GET, but has {found} instead of {wanted}");
            broken.push((rule.into(), SOURCE));
        }
    }
    broken
}
