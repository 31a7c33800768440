//! Bridges to the types of the `http` crate (feature `http`) and to tower services (feature `tower`).
//!
//! With the feature `tower`, an existing axum `Router` works on bytes, without tokio and without a socket, so that it
//! can be tested on the wire with the [test kit](crate::testing):
//!
//! ```
//! # #[cfg(feature = "tower")] {
//! use axum::{Router, extract::Path, routing::get};
//! use bytegate::bridge::tower;
//! use bytegate::testing::Client;
//!
//! let app = Router::new().route("/hello/{name}", get(|Path(name): Path<String>| async move { format!("hello {name}\n") }));
//! let client = Client::new(tower(app));
//! assert_eq!(client.get("/hello/Ada").text(), "hello Ada\n");
//! assert_eq!(client.post("/hello/Ada").status(), 405);
//! # }
//! ```
//!
//! In the other direction, a [`GatewayService`] can be mounted in an axum `Router`:
//!
//! ```
//! # #[cfg(feature = "tower")] {
//! use bytegate::bridge::GatewayService;
//! use bytegate::{Gateway, Site};
//!
//! let site = Gateway::new(Site::new().file("/a.txt", "hello"));
//! let app = axum::Router::<()>::new().fallback_service(GatewayService::new(site));
//! # let _ = app;
//! # }
//! ```

// May reach clocks.

#[cfg(feature = "tower")]
mod gateway_service;
mod messages;
#[cfg(feature = "tower")]
mod streamed_body;
#[cfg(feature = "tower")]
mod tower_application;

#[cfg(feature = "tower")]
pub use gateway_service::GatewayService;
#[cfg(feature = "tower")]
pub use tower_application::{TowerApplication, tower};
