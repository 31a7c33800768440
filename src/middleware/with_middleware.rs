//! Middleware around one application, such as a route or a mount.

use super::middleware::Middleware;
use super::request_info::{RequestInfo, Routing};
use super::request_parts::RequestParts;
use crate::application::{Application, IntoApplication};
use crate::request::extensions::Extensions;
use crate::request::request::{Message, Request, RequestContext};
use crate::response::response::Response;
use crate::upload::admission::{Admission, Pass};
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Wraps one application, such as a route or a mount, in middleware, instead of the whole gateway.
///
/// The middleware sees the requests for this application, and each of its responses once. Only the middleware of the
/// [gateway](crate::Gateway::with) sees the responses that replace the application's: after a panic, and for a body that is
/// malformed, too large or too slow. To add more middleware, wrap the result again: the outermost sees the request first.
///
/// Around a single route, middleware sees only the requests for which the route is called. The router itself responds to
/// OPTIONS, so [`Cors`](crate::middleware::Cors) sees no preflight requests there, and it responds to other methods with a
/// 405. If that matters, wrap a mount or the whole router instead.
///
/// Values that the middleware attaches to a request reach the application inside it, and nothing outside. So the gateway's
/// [`AccessLog`](crate::middleware::AccessLog) does not log the user if the [`BasicAuth`](crate::middleware::BasicAuth) is
/// around a mount.
///
/// ```
/// use bytegate::{Gateway, Request, Router};
/// use bytegate::middleware::{BasicAuth, SetHeaders, with_middleware};
///
/// let staff = BasicAuth::user("staff", "Aladdin", "open sesame");
/// let admin = Router::new().get("/", |_: &Request| "the lamp\n");
/// let router = Router::new()
///     .get("/news", with_middleware(SetHeaders::new().header("Cache-Control", "no-store"), |_: &Request| "none\n"))
///     .mount("/admin", with_middleware(staff, admin));
///
/// let gateway = Gateway::new(router);
/// let response = gateway.handle(b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// let response = gateway.handle(b"GET /news HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(String::from_utf8_lossy(&response).contains("Cache-Control: no-store\r\n"));
/// ```
#[doc(alias = "layer")]
#[doc(alias = "wrap")]
pub fn with_middleware<M: 'static>(
    middleware: impl Middleware + 'static,
    application: impl IntoApplication<M>,
) -> impl Application {
    Layered {
        middleware: Arc::from(Box::new(middleware) as Box<dyn Middleware>),
        application: application.into_application(),
    }
}

struct Layered<A> {
    middleware: Arc<dyn Middleware>,
    application: A,
}

impl<A: Application> Application for Layered<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        // The middleware has already seen the head, and the session shows it the response.
        if Passed::includes(&self.middleware, request) {
            return self.application.call(request);
        }
        self.around(request, |request, response| {
            let response = response.unwrap_or_else(|| self.application.call(request));
            self.after(request, response)
        })
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.around(request, |request, response| {
            let pending = self.pending(request);
            let mut admission = match response {
                Some(response) => Admission::refuse(response),
                None => self.admit_inside(request, pending.clone()),
            };
            admission.passes.push(Box::new(pending));
            admission
        })
    }

    fn inner(&self) -> Option<&dyn Application> {
        Some(&self.application)
    }
}

impl<A: Application> Layered<A> {
    fn pending(&self, request: &Request<'_>) -> Arc<Pending> {
        let head = request.message.head;
        Arc::new(Pending {
            middleware: self.middleware.clone(),
            method: head.method(),
            line: head.line().to_vec(),
            now: request.now(),
            connection: request.connection().clone(),
            extensions: request.extensions().clone(),
            route: self.application.route_of(request),
        })
    }

    /// Shows a request to the middleware, and continues with the values that it attached and its response.
    fn around<T>(
        &self,
        request: &Request<'_>,
        go_on: impl FnOnce(&Request<'_>, Option<Response>) -> T,
    ) -> T {
        let mut extensions = request.extensions().clone();
        let connection = request.connection();
        let mut parts =
            RequestParts::new(request.head(), connection, request.now(), &mut extensions);
        let response = self.middleware.before(&mut parts);
        if parts.is_rewritten() {
            with_rewritten(request, &extensions, |request| go_on(request, response))
        } else {
            with_extensions(request, &extensions, |request| go_on(request, response))
        }
    }

    /// Shows a response to the middleware, at once or when it is ready.
    fn after(&self, request: &Request<'_>, response: Response) -> Response {
        if response.is_pending() {
            return Pending::after_all(self.pending(request), response);
        }
        let head = request.message.head;
        let info = RequestInfo::new(
            Some(head.method()),
            head.line(),
            request.now(),
            request.connection(),
            request.extensions(),
        );
        let info = info.with_routing(Routing::Inside(&self.application, request));
        show(&*self.middleware, &info, response)
    }

    fn admit_inside(&self, request: &Request<'_>, pending: Arc<Pending>) -> Admission {
        let mut extensions = request.extensions().clone();
        Passed::note(&mut extensions, pending);
        let mut admission = with_extensions(request, &extensions, |request| {
            self.application.admit(request)
        });
        extensions.extend(core::mem::take(&mut admission.extensions));
        Admission {
            extensions,
            ..admission
        }
    }
}

impl<A: fmt::Debug> fmt::Debug for Layered<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layered")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

fn with_extensions<T>(
    request: &Request<'_>,
    extensions: &Extensions,
    go_on: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let context = RequestContext {
        extensions,
        ..request.context
    };
    go_on(&Request {
        context,
        ..*request
    })
}

/// Continues with the head and the connection as the middleware has rewritten them.
fn with_rewritten<T>(
    request: &Request<'_>,
    extensions: &Extensions,
    go_on: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let head = extensions.head_for(request.head());
    let path = head.decoded_path_bytes();
    let connection = extensions.connection_for(request.connection());
    go_on(&Request {
        message: Message {
            head,
            ..request.message
        },
        context: RequestContext::new(request.context.now, connection, extensions, &path),
        mounted: request.mounted + extensions.prefix() - request.extensions().prefix(),
        ..*request
    })
}

fn show(middleware: &dyn Middleware, info: &RequestInfo<'_>, mut response: Response) -> Response {
    // As in a gateway: headers from middleware are sent with the page for an invalid response, too.
    response.replace_invalid();
    middleware.after(info, response)
}

/// The parts of a request that a middleware needs when the response is ready.
struct Pending {
    middleware: Arc<dyn Middleware>,
    method: Method,
    line: Vec<u8>,
    now: Now,
    connection: ConnectionInfo,
    extensions: Extensions,
    route: Option<String>,
}

impl Pending {
    /// Shows a response to the middleware, at once or when it is ready.
    fn after_all(pending: Arc<Pending>, mut response: Response) -> Response {
        match response.take_deferred() {
            // It may be deferred again.
            Some(deferred) => {
                Response::from_future(async { Pending::after_all(pending, deferred.await) })
            }
            None => pending.after(response),
        }
    }
}

impl Pass for Arc<Pending> {
    fn after(&self, response: Response) -> Response {
        let info = RequestInfo::new(
            Some(self.method),
            &self.line,
            self.now,
            &self.connection,
            &self.extensions,
        );
        let info = info.with_routing(Routing::Known(self.route.as_deref()));
        show(&*self.middleware, &info, response)
    }
}

/// The middleware that has seen the head of a request, which is kept until its body is complete. Each one sees a
/// request only once, although the application is asked twice: whether it admits the body, and for the response.
#[derive(Clone, Default)]
struct Passed(Vec<Arc<Pending>>);

impl Passed {
    fn note(extensions: &mut Extensions, pending: Arc<Pending>) {
        let mut passed = extensions.get::<Passed>().cloned().unwrap_or_default();
        passed.0.push(pending);
        extensions.insert(passed);
    }

    fn includes(middleware: &Arc<dyn Middleware>, request: &Request<'_>) -> bool {
        let Some(Passed(passed)) = request.extensions().get::<Passed>() else {
            return false;
        };

        let mut middlewares = passed.iter().map(|pending| &pending.middleware);
        middlewares.any(|other| Arc::ptr_eq(other, middleware))
    }
}
