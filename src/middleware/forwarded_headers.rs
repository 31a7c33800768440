//! The headers with which proxies name their clients.

use super::middleware::Middleware;
use super::request_parts::RequestParts;
use crate::config::trusted_proxies::TrustedProxies;
use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::request::rewritten::{HeadChanges, RewrittenHead};
use crate::response::response::Response;
use crate::syntax::byte_class::REG_NAME;
use crate::syntax::forwarded::{Element, Node, elements_from_right, valid_host};
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::scheme::Scheme;
use alloc::vec::Vec;

/// Middleware for a server behind proxies. It takes the address and the scheme of the client from the headers that trusted
/// proxies add. Add it last, outside of all other middleware.
///
/// By default, it reads `X-Forwarded-For` and `X-Forwarded-Proto`, which nearly all proxies can send. With
/// [`rfc7239`](ForwardedHeaders::rfc7239), it reads `Forwarded` instead, never both.
///
/// Clients can send these headers, too. Each proxy appends the address of its client, so the lists are read from the right:
///
/// 1. If the peer is not trusted, nothing changes.
/// 2. Addresses of trusted proxies are skipped. The first other address is the client. If all are trusted, the leftmost is.
/// 3. Scheme, host and prefix come from the proxy that named the client. A header with a single value counts for all proxies,
///    because most of them pass it on unchanged.
/// 4. An invalid element ends the list: the client is the last valid address before it. If a proxy calls the client `unknown`,
///    the address of that proxy is used. If it calls the client `_x`, this is the [name](Peer::Named) of the peer.
///
/// The client then takes the place of the proxy for everything inside this middleware, and in all logs:
/// [`Request::peer`](crate::Request::peer) and [`Request::scheme`](crate::Request::scheme), `REMOTE_ADDR` and
/// `wsgi.url_scheme`, `RateLimit`, [`AccessLog`](crate::middleware::AccessLog), secure cookies. Its port is 0 if the proxy does
/// not name the port. [`tls`](ConnectionInfo::tls) is `None`, because the certificate belongs to the proxy. Only invalid requests
/// are logged with the address of the proxy.
///
/// Of these headers, the application sees only the ones that were believed. From a peer that is not trusted, `Forwarded`,
/// `X-Real-IP` and all headers that begin with `X-Forwarded-` are removed, because applications and frameworks may believe
/// them. From a trusted peer, `Forwarded`, `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Prefix`
/// are removed unless this middleware reads them. Others, such as `X-Real-IP` and `X-Forwarded-Client-Cert`, are kept, because a
/// proxy may set them: have it set or remove each one that your application reads. A list is kept whole, so its left part may
/// come from the client: use [`Request::peer`](crate::Request::peer).
///
/// ```
/// use bytegate::middleware::ForwardedHeaders;
/// use bytegate::{Gateway, Request, testing::Client};
/// use std::net::SocketAddr;
///
/// let show = |request: &Request| format!("{} {}", request.peer(), request.scheme());
/// let gateway = Gateway::new(show).with(ForwardedHeaders::trusting(["10.0.0.0/24".parse()?]));
/// let get = |peer: &str| {
///     let client = Client::new(gateway.clone()).peer(peer.parse::<SocketAddr>().unwrap());
///     // The client sent the first address, and the proxy added the second.
///     let request = client.get("/").header("X-Forwarded-For", "127.0.0.1, 192.0.2.7");
///     request.header("X-Forwarded-Proto", "https").text()
/// };
/// assert_eq!(get("10.0.0.1:50000"), "192.0.2.7 https");
/// assert_eq!(get("198.51.100.1:50000"), "198.51.100.1:50000 http");
/// # Ok::<(), bytegate::config::InvalidAddressRange>(())
/// ```
#[doc(alias = "ProxyFix")]
#[doc(alias = "real_ip")]
#[doc(alias = "X-Forwarded-For")]
#[derive(Clone, Debug)]
#[must_use]
pub struct ForwardedHeaders {
    proxies: TrustedProxies,
    lists: Lists,
    host: bool,
    prefix: bool,
    keeps_others: bool,
}

/// The headers that name the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lists {
    /// `X-Forwarded-For` and its relatives.
    Several,
    /// `Forwarded` (RFC 7239).
    One,
}

impl ForwardedHeaders {
    /// Believes the headers from these [proxies](TrustedProxies), and from no other peer.
    pub fn trusting(proxies: impl Into<TrustedProxies>) -> ForwardedHeaders {
        ForwardedHeaders {
            proxies: proxies.into(),
            lists: Lists::Several,
            host: false,
            prefix: false,
            keeps_others: false,
        }
    }

    /// Reads `Forwarded` (RFC 7239) in place of the headers that begin with `X-Forwarded-`. Its `host` is believed, because the
    /// proxy sends it together with the address.
    ///
    /// ```
    /// use bytegate::middleware::ForwardedHeaders;
    /// use bytegate::request::{Authority, Peer};
    /// use bytegate::{Gateway, Request, config::TrustedProxies, testing::Client};
    ///
    /// let show = |request: &Request| format!("{} {}", request.peer(), request.authority().unwrap().host);
    /// let proxies = TrustedProxies::new().named_peers();
    /// let gateway = Gateway::new(show).with(ForwardedHeaders::trusting(proxies).rfc7239());
    /// let client = Client::new(gateway).peer(Peer::named("/run/site.sock"));
    /// let request = client.get("/").header("Forwarded", "for=\"[2001:db8::7]:4711\";host=example.com");
    /// assert_eq!(request.text(), "[2001:db8::7]:4711 example.com");
    /// ```
    pub fn rfc7239(mut self) -> ForwardedHeaders {
        self.lists = Lists::One;
        self
    }

    /// Also believes `X-Forwarded-Host`, which takes the place of `Host`. Turn this on only if the proxy always sets this header:
    /// otherwise, clients can choose the host that the application sees. A proxy that passes on `Host` does not need it.
    pub fn host(mut self) -> ForwardedHeaders {
        self.host = true;
        self
    }

    /// Also believes `X-Forwarded-Prefix`: the prefix, such as `/shop`, that the proxy removed from the path. Turn this on only
    /// if the proxy always sets this header.
    ///
    /// The prefix is added to the path again, and counts as a mount: [`Request::path`](crate::Request::path) and
    /// [`script_name`](crate::Request::script_name) begin with it, and routers and sites match the rest. Frameworks build links
    /// with it. Routers and sites send relative redirects, which work with any prefix. An application that redirects to an
    /// absolute path must put `script_name` before it. The targets of a site's redirect rules are sent as they are written. A
    /// prefix with percent-encoding, empty segments or dot segments is ignored.
    ///
    /// ```
    /// use bytegate::middleware::ForwardedHeaders;
    /// use bytegate::{Gateway, Request, Response, Router, testing::Client};
    /// use std::net::SocketAddr;
    ///
    /// let enter = |request: &Request| Response::see_other(&format!("{}/cart", request.script_name()));
    /// let router = Router::new().get("/enter", enter);
    /// let gateway = Gateway::new(router).with(ForwardedHeaders::trusting(["::1".parse()?]).prefix());
    /// let client = Client::new(gateway).peer("[::1]:50000".parse::<SocketAddr>().unwrap());
    /// let response = client.get("/enter").header("X-Forwarded-Prefix", "/shop").send();
    /// assert_eq!(response.header("Location"), Some("/shop/cart"));
    /// # Ok::<(), bytegate::config::InvalidAddressRange>(())
    /// ```
    pub fn prefix(mut self) -> ForwardedHeaders {
        self.prefix = true;
        self
    }

    /// Keeps the headers that would be removed, so that the application sees them. It must not believe them.
    pub fn keep_others(mut self) -> ForwardedHeaders {
        self.keeps_others = true;
        self
    }

    /// Returns the client that the trusted proxies name.
    fn client<'h>(&self, headers: Headers<'h>) -> Hop<'h> {
        match self.lists {
            Lists::One => {
                let elements = from_right(headers, "Forwarded");
                self.walk(elements.map_while(|element| Element::parse(element).map(Hop::of)))
            }
            Lists::Several => {
                let list = |name| from_right(headers, name).collect::<Vec<_>>();
                let (addresses, schemes) = (list("X-Forwarded-For"), list("X-Forwarded-Proto"));
                let hosts = self.host.then(|| list("X-Forwarded-Host"));
                let prefixes = self.prefix.then(|| list("X-Forwarded-Prefix"));
                // Without a list of addresses, the other headers come from the last proxy.
                let hops = (0..addresses.len().max(1)).map_while(|index| {
                    let node = match addresses.get(index) {
                        Some(address) => Node::parse_loosely(address)?,
                        None => Node::Unknown,
                    };
                    let host = hosts.as_ref().and_then(|hosts| at(hosts, index));
                    let prefix = prefixes.as_ref().and_then(|prefixes| at(prefixes, index));
                    Some(Hop {
                        node,
                        scheme: at(&schemes, index).and_then(|scheme| scheme.parse().ok()),
                        host: host.and_then(valid_host),
                        prefix: prefix.and_then(valid_prefix).unwrap_or_default(),
                    })
                });
                self.walk(hops)
            }
        }
    }

    /// Follows the proxies from the last to the first that is not trusted.
    fn walk<'h>(&self, hops: impl Iterator<Item = Hop<'h>>) -> Hop<'h> {
        let mut reached = Hop::NONE;
        for hop in hops {
            let is_known = hop.node != Node::Unknown;
            let is_trusted = match hop.node {
                Node::Address(address) => self.proxies.contains(&address.into()),
                Node::Hidden(_) | Node::Unknown => false,
            };
            reached = Hop {
                node: if is_known { hop.node } else { reached.node },
                ..hop
            };
            if !is_trusted {
                break;
            }
        }
        reached
    }

    /// Returns whether headers with this name are removed.
    fn leaves_out(&self, name: &str, is_trusted: bool) -> bool {
        let starts = |prefix: &str| {
            let start = name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let is_one = is("Forwarded");
        let is_host = is("X-Forwarded-Host");
        let is_prefix = is("X-Forwarded-Prefix");
        let is_read = is_host || is_prefix || is("X-Forwarded-For") || is("X-Forwarded-Proto");
        match (is_trusted, self.lists) {
            _ if self.keeps_others => false,
            (false, _) => is_one || is("X-Real-IP") || starts("X-Forwarded-"),
            (true, Lists::One) => is_read,
            (true, Lists::Several) => is_one || is_host && !self.host || is_prefix && !self.prefix,
        }
    }
}

impl Middleware for ForwardedHeaders {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let own = request.connection;
        let is_trusted = self.proxies.contains(&own.peer);
        let head: Head<'_> = request.head;
        let client = if is_trusted {
            self.client(head.headers())
        } else {
            Hop::NONE
        };
        let peer = match client.node {
            Node::Address(address) => Some(Peer::Address(address)),
            Node::Hidden(name) => Some(Peer::named(name)),
            Node::Unknown => None,
        };
        let leaves_out = |name: &str| self.leaves_out(name, is_trusted);
        let is_new_head = client.host.is_some()
            || !client.prefix.is_empty()
            || head.headers().iter().any(|(name, _)| leaves_out(name));
        let is_named = peer.is_some() || client.scheme.is_some();
        if !is_new_head && !is_named {
            return None;
        }
        let connection = ConnectionInfo {
            peer: peer.unwrap_or_else(|| own.peer.clone()),
            scheme: client.scheme.unwrap_or(own.scheme),
            // The certificate belongs to the proxy, not to its client.
            tls: own.tls.clone().filter(|_| !is_named),
            ..own.clone()
        };
        let changes = HeadChanges {
            host: client.host,
            prefix: client.prefix,
            leaves_out: &leaves_out,
        };
        let scheme = own.scheme;
        match is_new_head.then(|| RewrittenHead::new(head, scheme, &changes)) {
            Some(Some(head)) => request.set_head(connection, head),
            _ => request.set_connection(connection),
        }
        None
    }
}

/// The information from one proxy about the request that it received.
#[derive(Clone, Copy)]
struct Hop<'h> {
    node: Node<'h>,
    scheme: Option<Scheme>,
    host: Option<&'h str>,
    prefix: &'h str,
}

impl<'h> Hop<'h> {
    const NONE: Hop<'static> = Hop {
        node: Node::Unknown,
        scheme: None,
        host: None,
        prefix: "",
    };

    fn of(element: Element<'h>) -> Hop<'h> {
        Hop {
            node: element.node,
            scheme: element.scheme,
            host: element.host,
            prefix: "",
        }
    }
}

/// Returns the elements of all headers with a name, from right to left. The headers count as one list.
fn from_right<'h>(headers: Headers<'h>, name: &str) -> impl Iterator<Item = &'h [u8]> + use<'h> {
    let lines: Vec<&[u8]> = headers.get_all(name).collect();
    lines.into_iter().rev().flat_map(elements_from_right)
}

/// Returns the element that belongs to the address with this index. A single element belongs to all addresses.
fn at<'h>(elements: &[&'h [u8]], index: usize) -> Option<&'h str> {
    let index = if elements.len() == 1 { 0 } else { index };
    core::str::from_utf8(elements.get(index)?).ok()
}

/// Returns a prefix without its final slash, if it is valid and needs no decoding.
fn valid_prefix(text: &str) -> Option<&str> {
    let prefix = text.strip_suffix('/').unwrap_or(text);
    let mut segments = prefix.split('/');
    let is_absolute = segments.next() == Some("");
    let is_plain = |segment: &str| {
        let is_plain = |byte: u8| REG_NAME.contains(byte) || b":@".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
    };
    (is_absolute && segments.all(is_plain)).then_some(prefix)
}
