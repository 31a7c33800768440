//! Applications in the style of PEP 3333, for following the tutorial or porting from WSGI.
//!
//! ```
//! use bytegate::wsgi::{Environ, StartResponse, adapt};
//! use bytegate::Gateway;
//!
//! fn application(environ: &Environ, start_response: &mut StartResponse) -> [String; 1] {
//!     start_response.call("200 OK", &[("Content-Type", "text/plain")]);
//!     [format!("{}\n", environ.get("REQUEST_METHOD").unwrap_or_default())]
//! }
//!
//! let response = Gateway::new(adapt(application)).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
//! assert!(response.ends_with(b"\r\n\r\nGET\n"));
//! ```

mod adapt;
pub(crate) mod environ;
mod start_response;

pub use adapt::{Wsgi, adapt};
pub use environ::Environ;
pub use start_response::StartResponse;
