//! The front end for TCP and Unix sockets (feature `server`): accepting, reading, writing, timers and signals. It contains no
//! HTTP logic.
//!
//! ```no_run
//! use bytegate::{Gateway, Site, net};
//!
//! let gateway = Gateway::new(Site::new().file("/index.html", "<h1>hi</h1>"));
//! net::run("127.0.0.1:7890", gateway)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The server needs no runtime. [`serve`] returns a future for any executor, but most connections, and with them async handlers,
//! are polled on other threads. Wrap futures that need tokio in `async_compat::Compat`, or set [`Options::threads`] to 1 and await
//! [`serve`] in `#[tokio::main]`: with one thread, everything is polled on the thread that awaits it.
//!
//! | to | use |
//! |---|---|
//! | set limits and threads, speak TLS, accept PROXY headers | [`Options`], with [`run_with`], [`start`] or [`serve`] |
//! | listen on several addresses, Unix sockets and sockets from systemd | [`Address`], [`Listener`] |
//! | run handlers that block | [`blocking()`] |
//! | replace the gateway while it serves | [`Reloadable`] |
//! | replace the process without refusing a connection | `Takeover` (Unix only) |
//! | tell load balancers and systemd whether the server is ready | [`Readiness`] |
//! | count connections, requests and responses, for Prometheus | [`Metrics`] |

// May reach files, sockets, threads, clocks and the system.

mod accept_backoff;
mod acceptor;
mod address;
mod blocking;
mod buffers;
mod client;
mod client_wait;
mod closing;
mod comments;
mod count_routes;
mod counters;
mod driver;
#[cfg(all(feature = "systemd", unix))]
pub(crate) mod inherited;
mod line;
mod linger;
mod listen;
mod listener;
mod memory_limit;
mod metrics;
mod metrics_text;
mod notice;
#[cfg(unix)]
mod notifier;
mod occupancy;
mod open_connections;
mod open_files;
mod options;
mod place;
mod places;
mod plain;
mod proxied;
mod readiness;
mod reloadable;
mod route_counters;
mod run;
mod running;
mod seat;
mod serve;
mod server;
mod signals;
mod socket;
mod socket_wait;
mod sockets;
#[cfg(unix)]
mod takeover;
mod threads;
mod timers;
#[cfg(feature = "rustls")]
mod tls;
mod transport;
mod turn_away;
#[cfg(unix)]
mod unix;
mod writing;

pub use address::{Address, InvalidAddress};
pub use blocking::{Blocking, blocking};
pub use listen::listen;
pub use listener::Listener;
pub use metrics::Metrics;
pub use open_files::raise_open_files_limit;
pub use options::Options;
pub use readiness::{Phase, Readiness};
pub use reloadable::Reloadable;
pub use run::{run, run_with};
pub use running::{Running, start};
pub use serve::serve;
pub use signals::stop_signal;
#[cfg(unix)]
pub use takeover::{Predecessor, Takeover};
