//! The TCP front end (feature `net`): accept, read, write, timers, signals. It knows no rule of HTTP.
//!
//! ```no_run
//! use bytegate::{Gateway, Site, net};
//!
//! let gateway = Gateway::new().site(Site::new().file("/index.html", "<h1>hi</h1>"));
//! smol::block_on(async {
//!     let listener = net::listen("127.0.0.1:7890".parse().unwrap())?;
//!     net::serve(listener, gateway, net::Options::default(), net::stop_signal()?).await
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod accept;
mod drive;
mod guard;
mod open_files;
mod options;
mod places;
mod signals;
mod socket;
mod wait;

pub use accept::serve;
pub use open_files::raise_open_files_limit;
pub use options::{Options, Sink};
pub use signals::stop_signal;
pub use socket::listen;
