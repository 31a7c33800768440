//! HEAD through a service.

use super::*;

/// The values of `Content-Length` and `Transfer-Encoding` for GET and for HEAD.
fn both(client: &Client, path: &str) -> [[Option<String>; 2]; 2] {
    [client.get(path), client.head(path)].map(|request| {
        let response = request.send();
        let header = |name| response.header(name).map(str::to_string);
        ["Content-Length", "Transfer-Encoding"].map(header)
    })
}

#[test]
fn the_length_of_a_stream_is_unknown() {
    async fn stream() -> axum::body::Body {
        axum::body::Body::new(Body::from_iterator(["one", "two"].into_iter()))
    }
    let app = axum::Router::new()
        .route("/stream", get(stream))
        .route("/text", get(|| async { "hello" }))
        .route("/empty", get(|| async {}));
    let client = Client::new(tower(app));
    let chunked = [None, Some("chunked".to_string())];
    assert_eq!(both(&client, "/stream"), [chunked.clone(), chunked]);
    for (path, length) in [("/text", 5), ("/empty", 0)] {
        let length = [Some(length.to_string()), None];
        assert_eq!(both(&client, path), [length.clone(), length]);
    }
}

#[test]
fn a_service_may_respond_to_head_with_the_body_of_get() {
    #[derive(Clone)]
    struct Same;

    impl Service<http::Request<Body>> for Same {
        type Response = http::Response<Body>;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            std::future::ready(Ok(http::Response::new(Body::from("hello"))))
        }
    }

    let length = [Some("5".to_string()), None];
    assert_eq!(
        both(&Client::new(tower(Same)), "/"),
        [length.clone(), length]
    );
}
