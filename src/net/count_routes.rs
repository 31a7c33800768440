//! Middleware that counts responses by route.

use super::metrics::Metrics;
use crate::middleware::{Middleware, RequestInfo};
use crate::response::response::Response;

/// Middleware that counts responses by route.
pub(super) struct CountRoutes(pub(super) Metrics);

impl Middleware for CountRoutes {
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let CountRoutes(metrics) = self;
        let route = request.route();
        let status = response.sent_status();
        metrics
            .routes()
            .count(route.as_deref(), status, request.elapsed());
        response
    }
}

impl Metrics {
    /// Returns middleware that counts the responses of each route and their durations in these metrics. It looks up the
    /// [route](RequestInfo::route) of each request a second time, which costs about as much as the router does.
    ///
    /// The label `route` is the pattern of the route, so clients cannot invent labels. It is `-` for requests without a
    /// route, and for all routes after the first 1,000.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router, net};
    ///
    /// let metrics = net::Metrics::new();
    /// let router = Router::new().get("/users/{name}", |_: &Request| "hello\n");
    /// let gateway = Gateway::new(router).with(metrics.by_route());
    /// gateway.handle(b"GET /users/ada HTTP/1.1\r\nHost: x\r\n\r\n");
    /// let line = "bytegate_route_responses_total{route=\"/users/{name}\",status=\"2xx\"} 1\n";
    /// assert!(metrics.to_string().contains(line));
    /// ```
    #[must_use]
    pub fn by_route(&self) -> impl Middleware + use<> {
        CountRoutes(self.clone())
    }
}
