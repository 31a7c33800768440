//! Requests, and how to read them: path, query, headers, forms, cookies, and the connection on which they arrived.
//!
//! ```
//! use bytegate::{Rejection, Request};
//!
//! fn greet(request: &Request) -> Result<String, Rejection> {
//!     let form = request.form()?;
//!     Ok(format!("hello {}\n", form.get("name").unwrap_or_default()))
//! }
//!
//! let client = bytegate::testing::Client::new(bytegate::Router::new().post("/greet", greet));
//! assert_eq!(client.post("/greet").form(&[("name", "Ada")]).text(), "hello Ada\n");
//! ```

pub(crate) mod base64;
pub(crate) mod basic_credentials;
mod content_type;
#[cfg(feature = "signed-cookies")]
pub(crate) mod cookie_session;
pub(crate) mod cookies;
pub(crate) mod extensions;
pub(crate) mod form;
pub(crate) mod form_parser;
#[cfg(feature = "json")]
mod json;
pub(crate) mod multipart;
mod negotiation;
pub(crate) mod owned_request;
pub(crate) mod params;
mod parse_param;
pub(crate) mod part;
mod query;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod request;
pub(crate) mod rewritten;
#[cfg(feature = "cookies")]
mod set_cookie;
#[cfg(feature = "signed-cookies")]
pub(crate) mod signed_cookie;
#[cfg(feature = "serde")]
mod typed;

pub use crate::message::head::{Head, Version};
pub use crate::syntax::authority::Authority;
pub use crate::syntax::target::{PathAndQuery, Target};
pub use crate::values::connection_info::{ConnectionInfo, Peer};
pub use crate::values::invalid_value::InvalidValue;
pub use crate::values::protocol_error::InvalidRequest;
pub use crate::values::scheme::Scheme;
pub use crate::values::tls_info::{TlsInfo, TlsVersion};
pub use basic_credentials::BasicCredentials;
#[cfg(feature = "signed-cookies")]
pub use cookie_session::CookieSession;
pub use extensions::Extensions;
pub use form::Form;
pub use multipart::Multipart;
pub use owned_request::{OwnedRequest, RequestBuilder};
pub use part::{MultipartLimits, Part};
pub use request::Request;
