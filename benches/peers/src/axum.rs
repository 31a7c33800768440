//! axum 0.8. Its default leaves Nagle's algorithm on; here the listener has turned it off.

use crate::{BIG, BIG_TYPE, Outcome, PAGE, block_on};
use axum::response::{Html, IntoResponse};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use std::net::TcpListener;

pub(crate) fn serve(listener: TcpListener) -> Outcome {
    let router = Router::new()
        .route("/index.html", get(|| async { Html(PAGE) }))
        .route("/big.bin", get(big));
    block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(axum::serve(listener, router).await?)
    })
}

async fn big() -> impl IntoResponse {
    ([(CONTENT_TYPE, BIG_TYPE)], bytes::Bytes::from_static(&BIG))
}
