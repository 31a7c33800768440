//! Uploads: receive a large body as it arrives, or refuse it before it is sent.
//!
//! ```
//! use bytegate::upload::Admission;
//! use bytegate::{Application, Request, Response, Status};
//!
//! struct Small;
//!
//! impl Application for Small {
//!     fn call(&self, request: &Request) -> Response {
//!         Response::text(format!("{} bytes\n", request.body().len()))
//!     }
//!
//!     fn admit(&self, request: &Request) -> Admission {
//!         match request.path() {
//!             "/upload" => Admission::buffer().up_to(1000),
//!             _ => Admission::refuse(Status::NOT_FOUND),
//!         }
//!     }
//! }
//!
//! let client = bytegate::testing::Client::new(Small);
//! assert_eq!(client.post("/upload").body("abc").text(), "3 bytes\n");
//! assert_eq!(client.post("/other").body("abc").status(), Status::NOT_FOUND);
//! ```

pub(crate) mod admission;
pub(crate) mod part_receiver;

pub use admission::{AbortReason, Admission, Receiver};
pub use part_receiver::PartReceiver;
