//! Programs of others against this crate: proxies, browsers, clients that download, and shells. Each is skipped, with a
//! printed line, where it is not installed.
#![cfg(feature = "std")]

#[cfg(feature = "server")]
mod browser;
#[cfg(feature = "server")]
mod chromium;
#[cfg(all(feature = "server", target_os = "linux"))]
mod clients;
#[cfg(all(feature = "net", target_os = "linux"))]
mod deploy;
#[cfg(feature = "server")]
mod downloads;
#[cfg(feature = "server")]
#[path = "../it/laws/exchange.rs"]
#[expect(dead_code, reason = "proxies need the input alone")]
mod exchange;
#[cfg(feature = "server")]
#[cfg_attr(
    not(target_os = "linux"),
    expect(
        dead_code,
        reason = "clients have addresses of their choice only on Linux"
    )
)]
mod front;
#[cfg(all(feature = "net", feature = "self-signed"))]
mod https;
#[cfg(all(feature = "net", unix))]
mod instances;
#[cfg(feature = "net")]
mod pages;
#[cfg(feature = "server")]
mod prometheus;
#[cfg(feature = "server")]
mod proxies;
#[cfg(all(feature = "net", unix))]
mod shells;
#[cfg(feature = "server")]
#[path = "../it/temporary.rs"]
mod temporary;
#[cfg(all(feature = "server", feature = "self-signed"))]
mod tls;
mod ureq;
