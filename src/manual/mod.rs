//! The manual: pages to read from beginning to end. The other modules are for reference.

#[doc = include_str!("comparison.md")]
pub mod comparison {}
#[doc = include_str!("conformance.md")]
pub mod conformance {}
#[doc = include_str!("folder.md")]
pub mod folder {}
#[allow(clippy::test_attr_in_doctest)]
#[doc = include_str!("guide.md")]
pub mod guide {}
#[doc = include_str!("operations.md")]
///
/// # The service
/// ```ini
#[doc = include_str!("../../examples/deploy/bytegate.service")]
/// ```
///
/// # The sockets
/// ```ini
#[doc = include_str!("../../examples/deploy/bytegate.socket")]
/// ```
///
/// # The sockets for HTTPS
/// ```ini
#[doc = include_str!("../../examples/deploy/bytegate-https.socket")]
/// ```
///
/// # The service for HTTPS
/// ```ini
#[doc = include_str!("../../examples/deploy/https.conf")]
/// ```
///
/// # The container
/// ```dockerfile
#[doc = include_str!("../../examples/deploy/Containerfile")]
/// ```
///
/// # Two instances behind nginx
/// ```nginx
#[doc = include_str!("../../examples/deploy/nginx.conf")]
/// ```
///
/// # Two instances behind HAProxy
/// ```haproxy
#[doc = include_str!("../../examples/deploy/haproxy.cfg")]
/// ```
pub mod operations {}
#[doc = include_str!("performance.md")]
pub mod performance {}
#[doc = include_str!("python.md")]
pub mod python {}
#[doc = include_str!("security.md")]
pub mod security {}
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
#[doc = include_str!("tutorial.md")]
pub mod tutorial {}
