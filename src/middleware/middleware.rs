//! The trait that middleware implements.

use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::response::response::Response;

/// Code that wraps the application of a [`Gateway`](crate::Gateway). It sees each request before the application is
/// called, and each response afterwards. To wrap only some of the paths, see
/// [`with_middleware`](crate::middleware::with_middleware()).
///
/// `after` sees every response exactly once, from any source: the application, middleware, an upload that was refused
/// at its head or midway, an upload that ended, a refusal page, or a panic. An invalid response is replaced with the
/// page for its [error](Response::error) before `after` sees it. Headers that `after` adds are sent.
///
/// `before` has not seen every request that `after` sees: refused input is not a request, and outer middleware may have
/// responded first. So the extensions in `after` contain only values that a `before` has inserted.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response, Status};
/// use bytegate::middleware::{RequestInfo, RequestParts};
///
/// struct Closed;
///
/// impl Middleware for Closed {
///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
///         (request.head.path() != "/health").then(|| Status::SERVICE_UNAVAILABLE.into())
///     }
///
///     fn after(&self, _: &RequestInfo, response: Response) -> Response {
///         response.with_header("Cache-Control", "no-store")
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request| "up\n").with(Closed);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n");
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.starts_with("HTTP/1.1 503 ") && response.ends_with("\r\n\r\nup\n"));
/// assert_eq!(response.matches("Cache-Control: no-store\r\n").count(), 2);
/// ```
///
/// # Order
///
/// The middleware added first is closest to the application. This is the recommended order:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use bytegate::middleware::*;
/// use bytegate::{Gateway, Request, Response};
/// use std::time::Duration;
///
/// let gateway = Gateway::new(|_: &Request| Response::html("<h1>hi</h1>"));
/// // Tags the bodies of the application, before anything changes them.
/// let gateway = gateway.with(ConditionalGet::new());
/// // Outside of that, so that the same body has the same tag, whether it is compressed or not.
/// # #[cfg(feature = "compression")]
/// let gateway = gateway.with(Compression::new());
/// let gateway = gateway
///     .with(BasicAuth::user("staff", "Aladdin", "open sesame"))
///     // Outside of authentication, so that passwords cannot be tried out quickly.
///     .with(RateLimit::new(100, Duration::from_secs(60)))
///     // Outside of authentication, because browsers send credentials with cross-site requests.
///     .with(CrossOriginProtection::new().trusted_origins(["https://example.com"]))
///     // Outside of all three: preflight requests have no credentials, and pages may read why they were refused.
///     .with(Cors::origins(["https://example.com"]).allow_credentials())
///     .with(AllowedHosts::local())
///     // Outside of everything that responds in place of the application.
///     .with(SetHeaders::security())
///     .with(ServerTiming::new())
///     .with(SetRequestId::new())
///     // Outside of everything else, so that it logs the final response.
///     .with(AccessLog::to(|line| print!("{line}")))
///     // Last, so that all others see the client, not the proxy in front of the server.
///     .with(ForwardedHeaders::trusting(["10.0.0.1".parse().unwrap()]));
///
/// let response = gateway.handle(
///     b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.com\r\n\
///       Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
/// );
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\n<h1>hi</h1>"));
/// for name in ["ETag", "Vary", "Access-Control-Allow-Origin", "Referrer-Policy", "Server-Timing", "X-Request-Id"] {
///     assert!(response.contains(&format!("\r\n{name}: ")), "{name}");
/// }
/// # }
/// ```
///
/// # Waiting before the application
///
/// `before` cannot wait, for a database for example. It sees a head that is still in the buffer of its connection, and
/// the connection needs the answer to decide about the body. An application around the other one can wait: it gets the
/// whole request, so the body is read first, up to the [limit](crate::with_body_limit()). Uploads inside it are
/// buffered, because it does not forward [`admit`](crate::Application::admit); if it did, they would begin before the
/// check.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use bytegate::{Application, Rejection, Request, Response, Router};
/// use std::sync::Arc;
///
/// #[derive(Clone)]
/// struct User(String);
///
/// struct WithUser(Arc<dyn Application>);
///
/// impl Application for WithUser {
///     fn call(&self, request: &Request) -> Response {
///         let (application, request) = (self.0.clone(), request.into_owned());
///         Response::from_future(async move {
///             match look_up(request.bearer_token().unwrap_or_default()).await {
///                 Some(user) => application.call(&request.with_extension(user).view()),
///                 None => Rejection::unauthorized("Bearer", "the token is not known").into(),
///             }
///         })
///     }
/// }
///
/// // This could wait for a database.
/// async fn look_up(token: &str) -> Option<User> {
///     (token == "1815").then(|| User("Ada".to_string()))
/// }
///
/// let greet = |request: &Request| request.extensions().get::<User>().unwrap().0.clone();
/// let private = Router::new().get("/name", greet);
/// let client = bytegate::testing::Client::new(Router::new().mount("/my", WithUser(Arc::new(private))));
/// assert_eq!(client.get("/my/name").status(), 401);
/// assert_eq!(client.get("/my/name").bearer_auth("1815").text(), "Ada");
/// # }
/// ```
pub trait Middleware: Send + Sync {
    /// Inspects the head of a request, before its body is read and before the application is called. May respond in
    /// place of the application, or attach values for it to the extensions.
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let _ = request;
        None
    }

    /// Inspects the response and may change it.
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let _ = request;
        response
    }
}
