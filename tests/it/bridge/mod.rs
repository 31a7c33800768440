//! The bridge to the `http` crate, to tower and to axum, in both directions.

mod admission;
mod bodies;
mod errors;
mod head;
mod mounted;
mod one_shot;
mod routers;
mod time;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use bytegate::bridge::{GatewayService, tower};
use bytegate::middleware::SetHeaders;
use bytegate::request::{ConnectionInfo, Peer};
use bytegate::testing::Client;
use bytegate::{Body, Bytes, Gateway, OwnedRequest, Request, Response, Router, Site, Status};
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use tower_service::Service;

/// A typical axum application: parameters, a query, a form, JSON, state, headers.
fn axum_app() -> axum::Router {
    async fn count(State(count): State<Arc<AtomicU32>>) -> String {
        count.fetch_add(1, Ordering::SeqCst).to_string()
    }
    async fn form(Form(pairs): Form<HashMap<String, String>>) -> String {
        pairs.get("name").cloned().unwrap_or_default()
    }
    async fn query(Query(pairs): Query<HashMap<String, String>>) -> String {
        pairs.get("q").cloned().unwrap_or_default()
    }
    async fn headers(
        headers: HeaderMap,
    ) -> (StatusCode, [(&'static str, &'static str); 1], String) {
        let host = headers["host"].to_str().unwrap().to_string();
        (StatusCode::ACCEPTED, [("x-kind", "axum")], host)
    }
    async fn peer(axum::Extension(connection): axum::Extension<ConnectionInfo>) -> String {
        connection.peer.to_string()
    }
    axum::Router::new()
        .route("/", get(|| async { "root" }))
        .route(
            "/hello/{name}",
            get(|Path(name): Path<String>| async move { name }),
        )
        .route("/count", get(count))
        .route("/form", post(form))
        .route("/query", get(query))
        .route("/fields", get(headers))
        .route("/peer", get(peer))
        .route("/echo", post(|body: Bytes| async { body }))
        .route(
            "/json",
            post(
                |axum::Json(value): axum::Json<HashMap<String, u32>>| async move {
                    axum::Json(value["a"] + 1)
                },
            ),
        )
        .with_state(Arc::default())
}

/// Polls a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn ask<S>(service: &mut S, request: http::Request<Body>) -> http::Response<S::ResponseBody>
where
    S: OneShot,
{
    service.one_shot(request)
}

trait OneShot {
    type ResponseBody;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::ResponseBody>;
}

impl OneShot for axum::Router {
    type ResponseBody = axum::body::Body;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::ResponseBody> {
        ready(self.call(request)).unwrap()
    }
}

impl OneShot for GatewayService {
    type ResponseBody = Body;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::ResponseBody> {
        ready(self.call(request)).unwrap()
    }
}
