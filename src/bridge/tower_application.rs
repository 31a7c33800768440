//! Tower services as applications.

use super::streamed_body::{BodyWriter, streamed_body};
use crate::application::Application;
use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::headers::headers::Headers;
use crate::request::request::Request;
use crate::response::rejection::Rejection;
use crate::response::response::{Response, ResponseError};
use crate::upload::admission::{Admission, Receiver};
use crate::values::method::Method;
use bytes::Bytes;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::prelude::rust_2024::*;
use tower_service::Service;

/// Turns a tower service into an application: an axum `Router`, or anything else that takes `http::Request<Body>`.
///
/// Below a [mount](crate::Router::mount), the service sees the rest of the path, as below axum's `nest`. The extensions
/// of the request contain the [`ConnectionInfo`](crate::request::ConnectionInfo) and the values attached by middleware,
/// as described for the conversion of a [`Request`] into an `http::Request`.
///
/// ```
/// use axum::{Extension, routing::get};
/// use bytegate::{Gateway, Router, bridge::tower, testing::Client};
/// use bytegate::middleware::{AuthenticatedUser, BasicAuth};
///
/// async fn hello(Extension(user): Extension<AuthenticatedUser>) -> String {
///     format!("hello {}\n", user.name())
/// }
///
/// let api = axum::Router::new().route("/hello", get(hello));
/// let gateway = Gateway::new(Router::new().mount("/api", tower(api)))
///     .with(BasicAuth::user("staff", "Aladdin", "open sesame"));
/// let client = Client::new(gateway);
/// let response = client.get("/api/hello").basic_auth("Aladdin", "open sesame").send();
/// assert_eq!(response.text(), "hello Aladdin\n");
/// ```
///
/// The service gets the body of a request block by block as it arrives, and decides how much it takes: no limit of this
/// crate applies, neither [`Limits::body_bytes`](crate::config::Limits::body_bytes) nor another, except for a
/// [`with_body_limit`](crate::with_body_limit()) around it. The next block is read when the service has taken the last
/// one. It has to take each within [`Timeouts::response`](crate::config::Timeouts::response). When it responds early, up to
/// 1 MiB more is read and dropped, then the response is sent and the connection closes. Trailers are left out.
///
/// Each request gets a clone of the service, and its response is [deferred](Response::from_future). A service that
/// needs a runtime, for timers or sockets, has to be called within that runtime.
/// [`Gateway::handle`](crate::Gateway::handle) and the test kit block the calling thread, so tokio's runtime needs
/// another one: `#[tokio::test(flavor = "multi_thread")]`.
pub fn tower<S>(service: S) -> TowerApplication<S> {
    TowerApplication(service)
}

/// The application returned by [`tower`].
///
/// ```
/// use axum::routing::get;
/// use bytegate::bridge::{TowerApplication, tower};
/// use bytegate::{Router, testing::Client};
///
/// let api = axum::Router::new().route("/health", get(|| async { "ok\n" }));
/// let api: TowerApplication<axum::Router> = tower(api);
/// let client = Client::new(Router::new().mount("/v1", api.clone()).mount("/latest", api));
/// assert_eq!(client.get("/v1/health").text(), "ok\n");
/// assert_eq!(client.get("/latest/health").text(), "ok\n");
/// ```
#[derive(Clone, Debug)]
pub struct TowerApplication<S>(S);

impl<S, B> Application for TowerApplication<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Error: fmt::Display>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    fn call(&self, request: &Request<'_>) -> Response {
        let is_head = request.method() == Method::HEAD;
        match http::Request::<Bytes>::try_from(request) {
            Ok(request) => {
                let service = self.0.clone();
                Response::from_future(respond(service, request.map(Body::from), is_head))
            }
            Err(error) => Rejection::bad_request(error.to_string()).into(),
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        let (writer, body) = streamed_body(announced_length(request));
        let converted = match http::Request::<Bytes>::try_from(request) {
            Ok(converted) => converted.map(|_| body),
            Err(error) => {
                return Admission::refuse(Rejection::bad_request(error.to_string()));
            }
        };
        let is_head = request.method() == Method::HEAD;
        let mut receiver = ServiceReceiver {
            writer,
            service: Box::pin(respond(self.0.clone(), converted, is_head)),
            response: None,
            dropped_bytes: 0,
        };
        // A service that responds without the body need not make the client send it.
        let _ = receiver.poll_service(&mut Context::from_waker(Waker::noop()));
        match receiver.response {
            Some(response) if request.head().expects_continue() => Admission::refuse(response),
            _ => Admission::stream(receiver),
        }
    }
}

/// Calls a service when it is ready.
async fn respond<S, B>(mut service: S, request: http::Request<Body>, is_head: bool) -> Response
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Error: fmt::Display>,
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    let responded = async {
        poll_fn(|context| service.poll_ready(context)).await?;
        service.call(request).await
    };
    match responded.await {
        Ok(response) if is_head => Response::from(without_body(response)),
        Ok(response) => Response::from(response.map(of_http_body)),
        Err(error) => Response::from_error(ResponseError::other(error.to_string())),
    }
}

/// Returns the length of a body that is not chunked.
fn announced_length(request: &Request<'_>) -> Option<u64> {
    let headers = request.headers();
    match headers.get_bytes("Transfer-Encoding") {
        Some(_) => None,
        None => headers.get("Content-Length")?.parse().ok(),
    }
}

/// The bytes that are read and dropped after the service has responded, so that the connection can stay open.
const DROPPED_BYTES: usize = 1024 * 1024;

/// A service that runs while the body of its request arrives.
struct ServiceReceiver {
    writer: BodyWriter,
    service: Pin<Box<dyn Future<Output = Response> + Send>>,
    /// The response, once the service has returned it.
    response: Option<Response>,
    dropped_bytes: usize,
}

impl ServiceReceiver {
    fn poll_service(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.response.is_none() {
            self.response = Some(ready!(self.service.as_mut().poll(context)));
        }
        Poll::Ready(())
    }
}

impl Receiver for ServiceReceiver {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.poll_service(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => self.writer.poll_taken(context),
        }
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        if self.response.is_none() {
            self.writer.write(part);
            // The next poll, with a waker, may come only with the next block.
            let _ = self.poll_service(&mut Context::from_waker(Waker::noop()));
            return Ok(());
        }
        self.dropped_bytes += part.len();
        if self.dropped_bytes > DROPPED_BYTES {
            self.response.take().map_or(Ok(()), Err)
        } else {
            Ok(())
        }
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        self.writer.end();
        match self.response {
            Some(response) => response,
            None => Response::from_future(self.service),
        }
    }
}

/// Replaces the body of a response to HEAD with a body that is never sent, but has the same length, if it is known. The
/// response to GET then has this length, or is a stream of unknown length too (RFC 9110 section 8.6).
fn without_body<B: HttpBody>(response: http::Response<B>) -> http::Response<Body> {
    let stated = response.headers().get(http::header::CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.parse().ok());
    // Some services leave out the body themselves.
    let known = || response.body().size_hint().exact();
    let length = stated.or_else(|| known().filter(|length| *length > 0));
    response.map(|_| Body::try_from_iterator(length, core::iter::empty()))
}

/// Converts a response body. Trailers are left out.
fn of_http_body<B: HttpBody<Data = Bytes> + Send + 'static>(body: B) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let length = body.size_hint().exact();
    Body::from_stream(length, DataFrames(Box::pin(body)))
}

struct DataFrames<B>(Pin<Box<B>>);

impl<B: HttpBody<Data = Bytes>> Stream for DataFrames<B> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match self.0.as_mut().poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(BodyError))),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let block = self.poll_block(context);
        block.map(|block| block.map(|block| block.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.as_bytes().is_some_and(<[u8]>::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match self.length() {
            Some(length) => SizeHint::with_exact(length),
            None => SizeHint::default(),
        }
    }
}
