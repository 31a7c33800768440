//! HTTP/1.1, bytes in, bytes out: an embeddable, testable, in-memory framework with an optional TCP front end.
//!
//! ```
//! use bytegate::{Gateway, Request, Site};
//!
//! let gateway = Gateway::new()
//!     .site(Site::new().file("/index.html", "<h1>hi</h1>"))
//!     .dynamic(".py", |request: &Request<'_>| format!("you asked for {}\n", request.path()));
//!
//! let reply = gateway.handle(b"GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! assert!(reply.ends_with(b"\r\n\r\nyou asked for /login.py\n"));
//! ```
//!
//! **A connection takes bytes and time as values and names the next thing to do; a front end is a loop that
//! obeys it.** A byte slice ([`Gateway::handle`]), a socket (`net::serve`, feature `net`), a pair of pipes (the
//! program's `handle`), a test and a fuzzer are such front ends. To own the loop yourself, start at
//! [`Connection`].
//!
//! # Words
//!
//! Those of RFC 9110, RFC 9112 and PEP 3333, and no others for the same things. A *gateway* is the server side:
//! it routes a request to the site or to an application. An *application* is the other side: a request in, a
//! response out. A *site* is static files held in memory. A *dynamic suffix* tells which paths go to an
//! application. *Head*, *field*, *content*, *trailers*, *target*, *framing* and *persistence* are as the RFCs
//! use them.
//!
//! # Layers
//!
//! A file imports only from its own layer and those above it; a test keeps it so.
//!
//! | layer | what is in it | knows nothing of |
//! |---|---|---|
//! | `values` | [`Config`], [`Now`], [`Status`], [`Method`], the one table of [`Error`]s | everything else |
//! | `syntax` | the grammar of one head and of one chunk line; targets, authorities, dates | state |
//! | `message` | [`Request`], [`Response`], [`Fields`], [`Body`]; the verdicts of an exchange | connections |
//! | `connection` | the machine: [`Connection`] with its transition table, [`Step`], [`Output`] | applications, transports, clocks |
//! | `application` | [`Application`], [`Gateway`], [`Site`], [`wsgi()`], the access log | sockets, threads |
//! | `demo` | the tutorial's site and application | sockets, threads |
//! | `net` | the TCP front end on smol | the rules of HTTP |
//!
//! The flow of one request has no detour: bytes, head, verdicts, [`Request`], gateway, application or site,
//! [`Response`], bytes.
//!
//! # Invariants
//!
//! Each is a law that fixtures, properties and fuzz targets assert alike; [`conformance`] lists the rules one by one.
//!
//! 1. The output is the same however the input is cut.
//! 2. No input makes it panic, loop for ever, or hold more memory than its limits.
//! 3. Time is an argument. Without a wall time there is no `Date`, so [`Gateway::handle`] is a pure function.
//! 4. What can never become valid is refused at once; what may still become valid waits.
//! 5. The first error is answered and closes the connection; nothing behind it is interpreted.
//! 6. Every error has one row in one table: status, section of the RFC, sentence.
//! 7. What goes out is valid by construction; an application that breaks the rules gets a 500 in its place.
//! 8. Field lines that are valid stay lines: a head is scanned once, nothing is copied out of it, and a look-up
//!    walks it.
//!
//! # Features
//!
//! - none: `no_std` with `alloc`; the whole core, with [`Gateway`], [`Site`] and [`wsgi()`].
//! - `std` (default): `Site::load`.
//! - `net`: the TCP front end and the program.
//!
//! A feature only adds; it never changes what happens without it.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
#[macro_use]
extern crate std;

mod application;
mod connection;
#[doc = include_str!("conformance.md")]
pub mod conformance {}
pub mod demo;
mod message;
#[cfg(feature = "net")]
pub mod net;
mod syntax;
mod values;

pub use application::{
    AccessLog, Application, Environ, Gateway, RequestLine, Site, SiteError, StartResponse, Wsgi,
    wsgi,
};
#[cfg(feature = "std")]
pub use application::{LoadError, Skipped};
pub use bytes::Bytes;
pub use connection::{Answered, CloseReason, Connection, Ending, Output, Refusal, Step};
pub use message::admission::{Admission, Receiver};
pub use message::body::{Body, Broken};
pub use message::fields::{FieldError, FieldLines, Fields, Iter};
pub use message::form::{Form, FormError};
pub use message::head::{Head, Version};
pub use message::request::Request;
pub use message::response::{Response, ResponseError};
pub use syntax::authority::Authority;
pub use syntax::date::http_date;
pub use syntax::target::{PathAndQuery, Target};
pub use values::config::{Config, Limits, Pace, Scheme, Timeouts};
pub use values::error::{Error, Fault};
pub use values::method::{Method, OtherMethod};
pub use values::now::Now;
pub use values::status::Status;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
