//! Gateways as tower services.

use super::messages::{builder_of, target_of};
use crate::body::body::Body;
use crate::connection::Refusal;
use crate::gateway::gateway::Gateway;
use crate::gateway::incoming::Incoming;
use crate::request::owned_request::RequestBuilder;
use crate::response::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use bytes::{Buf, Bytes};
use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use http_body::Body as HttpBody;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tower_service::Service;

/// A gateway as a tower service, for example as a route or the fallback of an axum `Router`.
///
/// As over a connection, the application [admits](crate::Application::admit) the body of a request before it is read.
/// The body is buffered up to [`Limits::body_bytes`](crate::config::Limits::body_bytes) or the application's limit, or
/// streamed to a receiver as it arrives. Trailers are left out. Limits and timeouts for heads are up to the server that
/// received the request.
///
/// The host is the authority of the URI, which HTTP/2 calls `:authority`, or else `Host`. A request in which they
/// differ gets a 400 (RFC 9113 section 8.3.1).
///
/// The peer comes from a [`ConnectionInfo`] in the extensions of the request. The servers of axum attach the client's
/// address as a different type, so a layer has to convert it. Without it, the peer is unknown, and
/// [`RateLimit`](crate::middleware::RateLimit) does not tell clients apart.
///
/// ```
/// # /*
/// use axum::extract::ConnectInfo;
/// # */
/// use axum::{Router, extract::Request, middleware::map_request};
/// use bytegate::{Gateway, Site, bridge::GatewayService};
/// use bytegate::request::ConnectionInfo;
/// use std::net::SocketAddr;
/// # #[derive(Clone)]
/// # struct ConnectInfo<T>(T);
///
/// /// Passes on the address attached by `into_make_service_with_connect_info::<SocketAddr>`.
/// async fn with_peer(mut request: Request) -> Request {
///     if let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
///         let connection = ConnectionInfo::from(*address);
///         request.extensions_mut().insert(connection);
///     }
///     request
/// }
///
/// let service = GatewayService::new(Gateway::new(Site::new()));
/// let app = Router::<()>::new().fallback_service(service).layer(map_request(with_peer));
/// ```
///
/// The time is the system time, unless a test [sets it](GatewayService::with_clock).
#[derive(Clone)]
#[must_use]
pub struct GatewayService {
    gateway: Gateway,
    clock: Clock,
}

type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

impl GatewayService {
    /// Creates a service. Clones share the gateway.
    pub fn new(gateway: impl Into<Gateway>) -> GatewayService {
        let started = Instant::now();
        GatewayService {
            gateway: gateway.into(),
            clock: Arc::new(move || Now {
                monotonic: started.elapsed(),
                wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
            }),
        }
    }

    /// Replaces the clock, so that a test can set the time. Clones share it.
    ///
    /// ```
    /// use bytegate::bridge::GatewayService;
    /// use bytegate::{Gateway, Now, Site};
    /// use bytegate::middleware::AccessLog;
    ///
    /// let gateway = Gateway::new(Site::new()).with(AccessLog::to(|line| assert!(line.contains("06/Nov/1994:08:49:37"))));
    /// let service = GatewayService::new(gateway).with_clock(|| Now::at_unix(784_111_777));
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// # let mut service = service;
    /// # let response = tower_service::Service::call(&mut service, http::Request::new(bytegate::Body::empty()));
    /// # assert!(pin!(response).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    pub fn with_clock(mut self, clock: impl Fn() -> Now + Send + Sync + 'static) -> GatewayService {
        self.clock = Arc::new(clock);
        self
    }

    /// Responds to a request whose body may still arrive.
    async fn respond<B: HttpBody + Send>(self, request: http::Request<B>) -> Response {
        let (parts, body) = request.into_parts();
        let incoming = IncomingBody {
            body: Box::pin(body),
        };
        let clock = || (self.clock)();
        let request = builder_of(&parts).and_then(|builder| incoming.announce(builder).build());
        match request {
            Ok(request) => {
                let response = self.gateway.respond_to(&request, incoming, clock).await;
                self.gateway.watch(response, &request)
            }
            Err(fault) => self.respond_to_invalid(&parts, fault).await,
        }
    }
}

impl<B> Service<http::Request<B>> for GatewayService
where
    B: HttpBody<Data: Send> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.respond(request).await.into()) })
    }
}

impl GatewayService {
    /// Responds to a request that is valid for the `http` crate, but not here.
    async fn respond_to_invalid(
        &self,
        parts: &http::request::Parts,
        fault: InvalidRequest,
    ) -> Response {
        let line = format!("{} {} HTTP/1.1", parts.method, target_of(parts));
        let refusal = Refusal {
            error: fault.error,
            at: fault.at as u64,
            method: parts.method.as_str().parse().ok(),
            line: line.as_bytes(),
            body_limit: None,
        };
        let connection = parts.extensions.get::<ConnectionInfo>();
        let connection = connection.cloned().unwrap_or_default();
        self.gateway
            .respond_to_invalid(&refusal, &connection, || (self.clock)())
            .await
    }
}

impl fmt::Debug for GatewayService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayService")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

/// The body of a request, as it arrives.
struct IncomingBody<B> {
    body: Pin<Box<B>>,
}

impl<B: HttpBody> IncomingBody<B> {
    /// States in the head whether the request has a body, and how long it is.
    fn announce(&self, head: RequestBuilder) -> RequestBuilder {
        match self.body.size_hint().exact() {
            _ if self.body.is_end_stream() => head,
            Some(0) => head,
            Some(length) => head.announce(length),
            None => head.header("Transfer-Encoding", "chunked"),
        }
    }
}

impl<B: HttpBody> Incoming for IncomingBody<B> {
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ProtocolError>>> {
        loop {
            match self.body.as_mut().poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => {
                    return Poll::Ready(Some(Err(ProtocolError::BodyIncomplete)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(mut data) = frame.into_data() {
                        let part = data.copy_to_bytes(data.remaining());
                        return Poll::Ready(Some(Ok(part)));
                    }
                }
            }
        }
    }
}
