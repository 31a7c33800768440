//! Header lists, to read or to build: a borrowed view and an owned list.
//!
//! ```
//! use bytegate::headers::HeaderMap;
//!
//! let mut headers = HeaderMap::new();
//! headers.append("Set-Cookie", "a=1")?;
//! headers.append("Set-Cookie", "b=2")?;
//! assert_eq!(headers.get_all("set-cookie").count(), 2);
//! # Ok::<(), bytegate::headers::HeaderError>(())
//! ```

pub(crate) mod header_error;
pub(crate) mod header_map;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod headers;

pub use crate::syntax::date::http_date;
pub use header_error::HeaderError;
pub use header_map::HeaderMap;
pub use headers::{Headers, HeadersIter};
