//! The hosts that a server accepts.

use super::middleware::Middleware;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use crate::syntax::host_pattern;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

/// Middleware that accepts only requests for the given hosts. Others get a 421 (RFC 9110 section 15.5.20), before their
/// body is read. The case, the port and a dot at the end of a host are ignored.
///
/// Without this middleware, another site can make its name point at this server's address. The browser then treats both as
/// the same origin, and a page of that site can read this server's responses (DNS rebinding). The attack even reaches
/// servers that only this machine or its network can reach, so use [`local`](AllowedHosts::local) for those. For a public
/// server, name its hosts if the application builds links from `Host`.
///
/// An HTTP/1.0 request without `Host` names no host and passes. No browser sends such a request.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::AllowedHosts;
///
/// let gateway = Gateway::new(|_: &Request| "mine\n").with(AllowedHosts::local().host("dev.test"));
/// let get = |host: &str| gateway.handle(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
/// for host in ["localhost:7890", "127.0.0.1", "[::1]:7890", "app.localhost", "dev.test"] {
///     assert!(get(host).ends_with(b"\r\n\r\nmine\n"));
/// }
/// assert!(get("rebound.example").starts_with(b"HTTP/1.1 421 Misdirected Request\r\n"));
/// ```
#[doc(alias = "TrustedHostMiddleware")]
#[must_use]
pub struct AllowedHosts {
    hosts: Vec<String>,
    addresses: Addresses,
    refusal: Box<dyn Fn(&str) -> Response + Send + Sync>,
}

/// Whether a host may be an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Addresses {
    Refused,
    Allowed,
}

impl AllowedHosts {
    /// Allows only the hosts that are named with [`host`](AllowedHosts::host).
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::AllowedHosts;
    ///
    /// let hosts = AllowedHosts::new().host("example.com").host("*.example.com");
    /// let gateway = Gateway::new(|_: &Request| "").with(hosts);
    /// assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n").starts_with(b"HTTP/1.1 200 "));
    /// assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n").starts_with(b"HTTP/1.1 421 "));
    /// ```
    pub fn new() -> AllowedHosts {
        let refusal = |host: &str| {
            let sentence = format!("this server does not serve the host {host}");
            Response::explained(Status::MISDIRECTED_REQUEST, sentence)
        };
        AllowedHosts {
            hosts: Vec::new(),
            addresses: Addresses::Refused,
            refusal: Box::new(refusal),
        }
    }

    /// Allows `localhost`, all names below it, and IP addresses, which cannot be pointed at another machine.
    pub fn local() -> AllowedHosts {
        AllowedHosts {
            addresses: Addresses::Allowed,
            ..AllowedHosts::new()
        }
        .host("localhost")
        .host("*.localhost")
    }

    /// Allows another host. `*.example.com` stands for all hosts below `example.com`, but not for `example.com` itself.
    ///
    /// # Panics
    /// Panics if the host is invalid or has a port.
    #[track_caller]
    pub fn host(mut self, host: &str) -> AllowedHosts {
        assert!(
            host_pattern::is_pattern(host),
            "{host:?}: {}",
            host_pattern::SHAPE
        );
        self.hosts.push(host.to_string());
        self
    }

    /// Sets the response to requests for other hosts. The function is called with the host that the request names.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    /// use bytegate::middleware::AllowedHosts;
    ///
    /// let hosts = AllowedHosts::local().refusal(|_| Response::see_other("https://example.com/"));
    /// let gateway = Gateway::new(|_: &Request| "").with(hosts);
    /// assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: old.example\r\n\r\n").starts_with(b"HTTP/1.1 303 "));
    /// ```
    pub fn refusal(
        mut self,
        response: impl Fn(&str) -> Response + Send + Sync + 'static,
    ) -> AllowedHosts {
        self.refusal = Box::new(response);
        self
    }

    fn allows(&self, host: &str) -> bool {
        let is_address = || host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
        self.addresses == Addresses::Allowed && is_address()
            || self
                .hosts
                .iter()
                .any(|pattern| host_pattern::matches(pattern, host))
    }
}

impl Default for AllowedHosts {
    /// Allows no host.
    fn default() -> AllowedHosts {
        AllowedHosts::new()
    }
}

impl Middleware for AllowedHosts {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let host = request.head.authority()?.host;
        (!self.allows(host)).then(|| (self.refusal)(host))
    }
}

impl fmt::Debug for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllowedHosts")
            .field("hosts", &self.hosts)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
