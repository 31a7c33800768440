//! The tests of the crate and of its program. Tests that need a process for themselves, or other programs, are in the
//! folders beside this one.

#[cfg(feature = "tower")]
mod bridge;
#[path = "../../src/bin/bytegate/demo/mod.rs"]
mod demo;
#[cfg(all(feature = "server", feature = "json", feature = "signed-cookies"))]
mod examples;
mod fixtures;
#[cfg(feature = "std")]
mod kit;
mod laws;
#[cfg(feature = "std")]
mod middleware;
#[cfg(feature = "net")]
mod program;
mod properties;
mod protocol;
mod reading;
#[cfg(feature = "std")]
mod responding;
mod routing;
#[cfg(feature = "std")]
mod sessions;
mod site;
mod small_programs;
mod snapshots;
mod support;
#[cfg(feature = "folder")]
mod temporary;
#[cfg(all(feature = "self-signed", feature = "folder"))]
mod tls;
mod tutorial;
mod values;
#[cfg(not(feature = "std"))]
mod without_std;
