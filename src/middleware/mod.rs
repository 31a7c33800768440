//! Middleware, which wraps an application: it sees each request first and each response last.
//!
//! ```
//! use bytegate::middleware::SetHeaders;
//! use bytegate::{Gateway, Request};
//!
//! let gateway = Gateway::new(|_: &Request| "hello\n").with(SetHeaders::security());
//! let client = bytegate::testing::Client::new(gateway);
//! assert_eq!(client.get("/").send().header("X-Content-Type-Options"), Some("nosniff"));
//! ```

mod access_log;
mod access_log_json;
mod access_log_text;
mod allowed_hosts;
mod basic_auth;
#[cfg(feature = "compression")]
mod compression;
mod conditional_get;
mod cors;
mod cross_origin_protection;
mod error_info;
mod error_pages;
mod forwarded_headers;
#[cfg(feature = "tracing")]
mod in_span;
mod list_headers;
mod logged_headers;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod middleware;
mod origin;
#[cfg(feature = "std")]
mod rate_limit;
pub(crate) mod request_info;
pub(crate) mod request_parts;
mod server_timing;
#[cfg(feature = "signed-cookies")]
mod sessions;
mod set_headers;
mod set_request_id;
#[cfg(feature = "tracing")]
mod trace_requests;
mod with_middleware;

pub use access_log::AccessLog;
pub use allowed_hosts::AllowedHosts;
pub use basic_auth::{AuthenticatedUser, BasicAuth};
#[cfg(feature = "compression")]
pub use compression::Compression;
#[cfg(feature = "compression")]
pub(crate) use compression::{gains, gzip};
pub use conditional_get::ConditionalGet;
pub use cors::Cors;
pub use cross_origin_protection::CrossOriginProtection;
pub use error_info::ErrorInfo;
pub use error_pages::ErrorPages;
pub use forwarded_headers::ForwardedHeaders;
#[cfg(feature = "tracing")]
pub(crate) use in_span::InSpan;
pub use middleware::Middleware;
#[cfg(feature = "std")]
pub use rate_limit::RateLimit;
pub use request_info::RequestInfo;
#[cfg(feature = "std")]
pub(crate) use request_info::identify;
pub(crate) use request_info::{Clock, Routing};
pub use request_parts::RequestParts;
pub use server_timing::ServerTiming;
#[cfg(feature = "signed-cookies")]
pub use sessions::Sessions;
pub use set_headers::SetHeaders;
pub use set_request_id::{RequestId, SetRequestId};
#[cfg(feature = "tracing")]
pub(crate) use trace_requests::{TraceRequests, trace_error};
pub use with_middleware::with_middleware;
