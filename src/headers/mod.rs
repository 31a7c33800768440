//! Lists of headers, for those who read or build them: a borrowed view and an owned list.
//!
//! ```
//! use bytegate::headers::Fields;
//!
//! let mut fields = Fields::new();
//! fields.append("Set-Cookie", "a=1")?;
//! fields.append("Set-Cookie", "b=2")?;
//! assert_eq!(fields.lines().get_all("set-cookie").count(), 2);
//! # Ok::<(), bytegate::headers::FieldError>(())
//! ```

pub(crate) mod fields;

pub use crate::syntax::date::http_date;
pub use fields::{FieldError, FieldLines, Fields, Iter};
