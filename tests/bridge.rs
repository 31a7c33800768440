//! The bridge to the `http` crate, to tower and to axum, in both directions.
#![cfg(feature = "tower")]

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use bytegate::bridge::{GatewayService, tower};
use bytegate::testing::Client;
use bytegate::{
    Body, Bytes, ConnectionInfo, Gateway, OwnedRequest, Peer, Request, Response, Router, SetFields,
    Site, Status,
};
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use tower_service::Service;

/// An axum application like many: parameters, a query, a form, JSON, state, fields.
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
    async fn fields(fields: HeaderMap) -> (StatusCode, [(&'static str, &'static str); 1], String) {
        let host = fields["host"].to_str().unwrap().to_string();
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
        .route("/fields", get(fields))
        .route("/peer", get(peer))
        .route("/echo", post(|content: Bytes| async { content }))
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

#[test]
fn an_axum_router_answers_through_bytes() {
    let client = Client::new(tower(axum_app())).with_peer(Peer::named("a test"));
    assert_eq!(client.get("/").send().text(), "root");
    assert_eq!(client.get("/hello/Ada%20L").send().text(), "Ada L");
    assert_eq!(client.get("/count").send().text(), "0");
    assert_eq!(client.get("/count").send().text(), "1");
    assert_eq!(
        client.post("/form").form(&[("name", "x y")]).send().text(),
        "x y"
    );
    assert_eq!(client.get("/query").query("q", "a&b").send().text(), "a&b");
    assert_eq!(client.get("/peer").send().text(), "a test");
    assert_eq!(
        client.post("/echo").chunks(["one", "two"]).send().text(),
        "onetwo"
    );
    let response = client.get("/fields").send();
    assert_eq!(response.status(), Status::ACCEPTED);
    assert_eq!(response.field("X-Kind"), Some("axum"));
    assert_eq!(response.text(), "localhost");
    let json = client
        .post("/json")
        .content("application/json", "{\"a\":1}")
        .send();
    assert_eq!(json.text(), "2");
    assert_eq!(
        client.post("/json").text("{}").send().status(),
        Status::UNSUPPORTED_MEDIA_TYPE
    );
    assert_eq!(client.get("/none").send().status(), Status::NOT_FOUND);
    let wrong = client.delete("/").send();
    assert_eq!(wrong.status(), Status::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.field("Allow"), Some("GET,HEAD"));
    let head = client.head("/").send();
    assert_eq!(
        (head.status(), head.field("Content-Length")),
        (Status::OK, Some("4"))
    );
}

/// What axum's own example of testing shows with `oneshot`: a page, JSON both ways, a page that is missing, several
/// requests to one application, and the address of the client.
mod as_axum_tests_with_oneshot {
    use super::*;
    use axum::extract::Request;
    use axum::middleware::map_request;
    use std::net::SocketAddr;

    type Payload = HashMap<String, Vec<u32>>;

    #[derive(Clone, Copy)]
    struct Caller(SocketAddr);

    /// Hands the address of the client on in a type of the application's own.
    async fn add_caller(mut request: Request) -> Request {
        let connection = request.extensions().get::<ConnectionInfo>();
        if let Some(address) = connection.and_then(|connection| connection.peer.address()) {
            request.extensions_mut().insert(Caller(address));
        }
        request
    }

    fn client() -> Client {
        async fn echo(
            axum::Json(data): axum::Json<Payload>,
        ) -> axum::Json<HashMap<String, Payload>> {
            axum::Json(HashMap::from([("data".to_string(), data)]))
        }
        async fn caller(axum::Extension(Caller(address)): axum::Extension<Caller>) -> String {
            format!("Hi {address}")
        }
        let app = axum::Router::new()
            .route("/", get(|| async { "Hello, World!" }))
            .route("/json", post(echo))
            .route("/caller", get(caller))
            .layer(map_request(add_caller));
        Client::new(tower(app))
    }

    #[test]
    fn hello_world() {
        let response = client().get("/").send();
        assert_eq!(response.status(), Status::OK);
        assert_eq!(response.text(), "Hello, World!");
    }

    #[test]
    fn json() {
        let (client, numbers) = (client(), "{\"numbers\":[1,2,3,4]}");
        let request = client.post("/json").content("application/json", numbers);
        let response = request.send();
        assert_eq!(response.status(), Status::OK);
        assert_eq!(response.field("Content-Type"), Some("application/json"));
        assert_eq!(response.text(), "{\"data\":{\"numbers\":[1,2,3,4]}}");
        let broken = client.post("/json").content("application/json", "{");
        assert_eq!(broken.send().status(), Status::BAD_REQUEST);
        let wrong = client.post("/json").content("application/json", "[]");
        assert_eq!(wrong.send().status(), Status::UNPROCESSABLE_CONTENT);
    }

    #[test]
    fn not_found() {
        let response = client().get("/does-not-exist").send();
        assert_eq!(response.status(), Status::NOT_FOUND);
        assert_eq!(response.text(), "");
    }

    #[test]
    fn multiple_requests_on_one_connection() {
        let client = client();
        let mut wire = client.connect();
        for _ in 0..2 {
            wire.request(&client.get("/"));
            assert_eq!(wire.response().text(), "Hello, World!");
        }
        // And two at once.
        wire.send([client.get("/").to_bytes(), client.get("/none").to_bytes()].concat());
        assert_eq!(wire.response().status(), Status::OK);
        assert_eq!(wire.response().status(), Status::NOT_FOUND);
        assert_eq!(wire.closed(), None);
    }

    #[test]
    fn the_address_of_the_client() {
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let client = client().with_peer(address);
        assert_eq!(client.get("/caller").send().text(), "Hi 127.0.0.1:3000");
    }

    #[test]
    fn no_malformed_request_reaches_the_router() {
        async fn reached() -> &'static str {
            panic!("reached")
        }
        let client = Client::new(tower(axum::Router::new().fallback(reached)));
        for request in bytegate::testing::malformed_requests() {
            let output = client.send_bytes(&request.bytes);
            let status = format!("HTTP/1.1 {}\r\n", request.status);
            assert!(output.starts_with(status.as_bytes()), "{}", request.name);
        }
    }
}

#[test]
fn an_axum_router_and_bytegate_share_a_router() {
    let router = Router::new()
        .get("/own", |_: &Request<'_>| "own")
        .fallback(tower(axum_app()));
    let client = Client::new(Gateway::new(router).with(SetFields::new().field("X-Both", "yes")));
    assert_eq!(client.get("/own").send().text(), "own");
    let response = client.get("/hello/Ada").send();
    assert_eq!(
        (response.text(), response.field("X-Both")),
        ("Ada", Some("yes"))
    );
}

/// Drives a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn ask<S>(service: &mut S, request: http::Request<Body>) -> http::Response<S::Content>
where
    S: OneShot,
{
    service.one_shot(request)
}

trait OneShot {
    type Content;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::Content>;
}

impl OneShot for axum::Router {
    type Content = axum::body::Body;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::Content> {
        ready(self.call(request)).unwrap()
    }
}

impl OneShot for GatewayService {
    type Content = Body;
    fn one_shot(&mut self, request: http::Request<Body>) -> http::Response<Self::Content> {
        ready(self.call(request)).unwrap()
    }
}

#[test]
fn a_gateway_is_mounted_in_an_axum_router() {
    let site = Site::new().file("/a.txt", "hello");
    let router = Router::new()
        .post("/echo", |request: &Request<'_>| {
            let host = request.authority().map_or("", |authority| authority.host);
            format!("{host} {}", String::from_utf8_lossy(request.content()))
        })
        .get("/later", |_: &Request<'_>| {
            Response::later(async { "later" })
        })
        .fallback(site);
    let gateway = Gateway::new(router).with(SetFields::new().field("X-By", "bytegate"));
    let mut app = axum::Router::new()
        .route("/axum", get(|| async { "axum" }))
        .fallback_service(GatewayService::new(gateway));
    let get = |path: &str| http::Request::get(path).body(Body::empty()).unwrap();
    let response = ask(&mut app, get("http://example.com/a.txt"));
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(response.headers()["x-by"], "bytegate");
    assert!(response.headers().contains_key("etag"));
    assert_eq!(ask(&mut app, get("/axum")).status(), 200);
    assert_eq!(ask(&mut app, get("/later")).status(), 200);
    assert_eq!(ask(&mut app, get("/none")).status(), 404);
    let echo = http::Request::post("/echo")
        .header("Host", "a.example")
        .body(Body::stream(["one ", "two"].into_iter()))
        .unwrap();
    let response = ask(&mut app, echo);
    let mut content = response.into_body();
    let frame = ready(std::future::poll_fn(|context| {
        http_body::Body::poll_frame(pin!(&mut content), context)
    }));
    assert_eq!(
        frame.unwrap().unwrap().into_data().unwrap(),
        "a.example one two"
    );
}

#[test]
fn content_beyond_the_limit_is_refused() {
    let mut config = bytegate::Config::default();
    config.limits.content_bytes = 3;
    let gateway = Gateway::new(|request: &Request<'_>| request.content().to_vec()).config(config);
    let mut service = GatewayService::new(gateway);
    let post = |content: &'static str| http::Request::post("/").body(Body::from(content)).unwrap();
    assert_eq!(ask(&mut service, post("123")).status(), 200);
    assert_eq!(ask(&mut service, post("1234")).status(), 413);
}

#[test]
fn requests_survive_the_conversion_and_back() {
    let request = Request::builder("POST", "/a/b?c=d")
        .field("Host", "example.com")
        .field("X-A", "1")
        .field("X-A", "2")
        .content("hello")
        .build()
        .unwrap();
    let converted = request
        .with(|request| http::Request::<Bytes>::try_from(request))
        .unwrap();
    assert_eq!(
        (converted.method().as_str(), converted.uri().to_string()),
        ("POST", "/a/b?c=d".to_string())
    );
    let back = OwnedRequest::try_from(converted).unwrap();
    let fields = back.head().fields();
    assert_eq!(fields.get_all("x-a").count(), 2);
    assert_eq!(fields.get_str("host"), Some("example.com"));
    assert_eq!(back.head().target_text(), "/a/b?c=d");
    assert_eq!(&back.content()[..], b"hello");
}

#[test]
fn responses_survive_the_conversion_and_back() {
    let response = Response::html("<p>")
        .with_status(Status::CREATED)
        .with_appended_field("Set-Cookie", "a=1")
        .with_appended_field("Set-Cookie", "b=2");
    let converted = http::Response::<Body>::from(response);
    assert_eq!(converted.status(), 201);
    assert_eq!(converted.headers().get_all("set-cookie").iter().count(), 2);
    let back = Response::from(converted);
    assert_eq!(back.status(), Status::CREATED);
    assert_eq!(back.fields().lines().get_all("Set-Cookie").count(), 2);
    assert_eq!(back.body().as_bytes(), Some(&b"<p>"[..]));
    let broken = http::Response::<Body>::from(Response::text("a").with_field("Date", "x"));
    assert_eq!(broken.status(), 500);
    let hop = http::Response::builder()
        .header("Connection", "close")
        .body(Body::empty())
        .unwrap();
    assert_eq!(Response::from(hop).error(), None);
}
