//! hyper 1 on tokio.

use crate::{BIG, BIG_TYPE, Outcome, PAGE, PAGE_TYPE, block_on};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::TcpListener;

pub(crate) fn serve(listener: TcpListener) -> Outcome {
    block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                // A client that closes early must not affect the others.
                let _ = http1::Builder::new()
                    // Off by default, but servers built for pipelining turn it on.
                    .pipeline_flush(true)
                    .serve_connection(TokioIo::new(stream), service_fn(respond))
                    .await;
            });
        }
    })
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (kind, body) = match request.uri().path() {
        "/index.html" => (PAGE_TYPE, Bytes::from_static(PAGE.as_bytes())),
        "/big.bin" => (BIG_TYPE, Bytes::from_static(&BIG)),
        _ => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
