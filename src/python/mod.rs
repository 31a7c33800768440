//! Python WSGI applications (PEP 3333), run in interpreter processes (feature `python`, Unix only).
//!
//! ```no_run
//! use bytegate::python::Python;
//! use bytegate::{Router, Site, net};
//!
//! let shop = Python::new("shop.wsgi:application").folder("srv").workers(4).start()?;
//! let router = Router::new().mount("/static", Site::open("srv/static")?).fallback(shop);
//! net::run("127.0.0.1:7890", router)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Python::start`] returns an [`Application`](crate::Application) like any other: it can be mounted beside a
//! [`Site`](crate::Site), wrapped in middleware, called with [`Gateway::handle`](crate::Gateway::handle), and tested with
//! [`testing::Client`](crate::testing::Client), without a socket. The [manual](crate::manual::python) covers Flask, Django
//! and the tutorial's framework.

// May reach files, sockets, threads, clocks and the system.

mod command;
mod decimal;
mod environ;
mod error;
mod exchange;
mod frame;
mod generations;
mod head;
mod interpreter;
mod line;
mod member;
mod options;
mod pages;
mod pending_response;
mod plan;
mod pool;
mod process;
mod pump;
mod request_body;
mod service;
mod spool;
mod supervisor;
mod usage;
mod wire;
mod worker;
mod workers;

pub use error::StartError;
#[doc(hidden)]
pub use exchange::fuzz;
pub use options::Python;
pub use usage::Usage;
pub use workers::{Kind, Workers};
