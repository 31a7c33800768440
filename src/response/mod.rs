//! Responses, and the errors that become responses.
//!
//! ```
//! use bytegate::{Rejection, Request, Response};
//!
//! fn square(request: &Request) -> Result<Response, Rejection> {
//!     let number: i64 = request.parse_param("number")?;
//!     Ok(Response::text(format!("{}\n", number * number)))
//! }
//!
//! let client = bytegate::testing::Client::new(bytegate::Router::new().get("/square/{number}", square));
//! assert_eq!(client.get("/square/7").text(), "49\n");
//! assert_eq!(client.get("/square/x").status(), 404);
//! ```

mod attachment;
mod default_page;
pub(crate) mod deferred;
mod details;
mod failure;
pub(crate) mod html;
pub(crate) mod json_text;
mod page;
pub(crate) mod problem;
mod redirect;
pub(crate) mod rejection;
pub(crate) mod reply;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod response;

pub use html::{Escaped, escape_html};
pub use problem::Problem;
pub use rejection::Rejection;
pub use reply::PreparedResponse;
#[doc(hidden)]
pub use reply::Reply;
pub use response::{Response, ResponseError};
