//! Connection limits, timeouts and trusted proxies, with safe defaults.
//!
//! ```
//! use bytegate::config::{Config, Limits};
//! use bytegate::{Gateway, Request};
//!
//! let mut config = Config::default();
//! config.limits.body_bytes = 16 << 20;
//! let gateway = Gateway::new(|_: &Request| "up to 16 MiB\n").config(config);
//! # assert!(Limits::default().body_bytes < 16 << 20);
//! # let _ = gateway;
//! ```

#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod config;
pub(crate) mod limits;
pub(crate) mod timeouts;
pub(crate) mod trusted_proxies;

pub use crate::values::address_range::{AddressRange, InvalidAddressRange};
pub use config::Config;
pub use limits::Limits;
pub use timeouts::{Pace, Timeouts};
pub use trusted_proxies::TrustedProxies;
