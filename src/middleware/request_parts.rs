//! A request as middleware sees it before the application.

use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::request::rewritten::{Rewritten, RewrittenHead};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::sync::Arc;

/// A request whose head has been received.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response};
/// use bytegate::middleware::RequestParts;
///
/// #[derive(Clone)]
/// struct Language(String);
///
/// struct Languages;
///
/// impl Middleware for Languages {
///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
///         let language = request.head.headers().get("Accept-Language").unwrap_or("en");
///         request.extensions.insert(Language(language.to_string()));
///         None
///     }
/// }
///
/// let show = |request: &Request| request.extensions().get::<Language>().unwrap().0.clone();
/// let gateway = Gateway::new(show).with(Languages);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: de\r\n\r\n");
/// assert!(response.ends_with(b"\r\n\r\nde"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RequestParts<'a> {
    /// The head.
    pub head: Head<'a>,
    /// Information about the connection.
    pub connection: &'a ConnectionInfo,
    /// The time at which the head was complete.
    pub now: Now,
    /// The values that the application finds in [`Request::extensions`](crate::Request::extensions).
    pub extensions: &'a mut Extensions,
    is_rewritten: bool,
}

impl<'a> RequestParts<'a> {
    pub(crate) fn new(
        head: Head<'a>,
        connection: &'a ConnectionInfo,
        now: Now,
        extensions: &'a mut Extensions,
    ) -> RequestParts<'a> {
        RequestParts {
            head,
            connection,
            now,
            extensions,
            is_rewritten: false,
        }
    }

    /// Replaces the information about the connection for this request, for everything after this middleware: other middleware,
    /// the application, and logs. This middleware itself still sees the original.
    ///
    /// [`ForwardedHeaders`](crate::middleware::ForwardedHeaders) does this for the usual headers of proxies. For other headers,
    /// write your own middleware, and make sure that only the proxy can send them:
    ///
    /// ```
    /// use bytegate::config::TrustedProxies;
    /// use bytegate::middleware::RequestParts;
    /// use bytegate::request::{ConnectionInfo, Peer};
    /// use bytegate::{Gateway, Middleware, Request, Response};
    /// use std::net::{IpAddr, SocketAddr};
    ///
    /// struct BehindCdn(TrustedProxies);
    ///
    /// impl Middleware for BehindCdn {
    ///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
    ///         if self.0.contains(&request.connection.peer) {
    ///             let client: IpAddr = request.head.headers().get("CF-Connecting-IP")?.parse().ok()?;
    ///             request.set_connection(ConnectionInfo {
    ///                 peer: SocketAddr::new(client, 0).into(),
    ///                 ..request.connection.clone()
    ///             });
    ///         }
    ///         None
    ///     }
    /// }
    ///
    /// let show = |request: &Request| format!("{:?}", request.peer().ip());
    /// let gateway = Gateway::new(show).with(BehindCdn(TrustedProxies::new().named_peers()));
    /// let client = bytegate::testing::Client::new(gateway).peer(Peer::named("the tunnel"));
    /// assert_eq!(client.get("/").header("CF-Connecting-IP", "192.0.2.7").text(), "Some(192.0.2.7)");
    /// ```
    pub fn set_connection(&mut self, connection: ConnectionInfo) {
        let before = self.extensions.rewritten();
        let head = before.and_then(|before| before.head.clone());
        self.rewrite(Rewritten { connection, head });
    }

    /// Replaces the information about the connection and the head.
    pub(super) fn set_head(&mut self, connection: ConnectionInfo, head: RewrittenHead) {
        let head = Some(Arc::new(head.after_prefix(self.extensions.prefix())));
        self.rewrite(Rewritten { connection, head });
    }

    /// Returns whether the parts after this middleware differ from these.
    #[inline]
    pub(crate) fn is_rewritten(&self) -> bool {
        self.is_rewritten
    }

    fn rewrite(&mut self, rewritten: Rewritten) {
        self.extensions.set_rewritten(rewritten);
        self.is_rewritten = true;
    }
}
