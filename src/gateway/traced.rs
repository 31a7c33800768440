//! Spans and events for the requests of a gateway.

use super::gateway::Gateway;
use crate::middleware::{InSpan, TraceRequests, trace_error};

impl Gateway {
    /// Opens a span of the crate [`tracing`](https://docs.rs/tracing) for each request (feature `tracing`). The application runs
    /// in this span: handlers, polls of async functions, receivers of bodies, and the threads of `net::blocking`. Call this after
    /// all other methods, so that the span covers the other middleware.
    ///
    /// The span is named `request`, has the target `bytegate` and the level INFO, and these fields:
    ///
    /// | field | value |
    /// |---|---|
    /// | `method`, `path` | as they were sent, without the query |
    /// | `peer` | the address of the client |
    /// | `request_id` | the [`RequestId`](crate::middleware::RequestId), if there is one |
    /// | `route` | the pattern of the [route](crate::middleware::RequestInfo::route), if there is one |
    /// | `status` | the status of the response |
    /// | `duration_us` | the [time](crate::middleware::RequestInfo::elapsed) from the head of the request to the response, in microseconds |
    ///
    /// The last three are recorded when the response is ready. The span ends after the response has been sent, including a
    /// streamed body. The code that produces the blocks of such a body runs outside of the span, and so does middleware.
    ///
    /// A refused request is an event with the level INFO and the fields `status`, `error`, `peer` and `request`, in its span if
    /// its head was valid. Each response error, for which [`on_error`](Gateway::on_error) is called, is an event with the level
    /// ERROR. Front ends then no longer report these errors themselves.
    ///
    /// ```
    /// use bytegate::{Gateway, OwnedRequest, Router};
    /// use bytegate::middleware::SetRequestId;
    ///
    /// async fn greet(request: OwnedRequest) -> String {
    ///     let name = request.param("name").unwrap_or_default().to_string();
    ///     // This event is in the span of the request.
    ///     tracing::info!(name, "greeting");
    ///     format!("hello {name}\n")
    /// }
    ///
    /// let router = Router::new().get("/hello/{name}", greet);
    /// let gateway = Gateway::new(router).with(SetRequestId::new()).traced();
    /// let response = gateway.handle(b"GET /hello/Ada HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"hello Ada\n"));
    /// ```
    pub fn traced(mut self) -> Gateway {
        self.wrap_application(InSpan);
        let before = self.take_on_error();
        self.with(TraceRequests).on_error(move |error, request| {
            if let Some(report) = &before {
                report(error, request);
            }
            trace_error(error, request);
        })
    }
}
