//! The bridge to the `http` crate, to tower and to axum, in both directions.
#![cfg(feature = "tower")]

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
fn an_axum_router_works_on_bytes() {
    let client = Client::new(tower(axum_app())).peer(Peer::named("a test"));
    assert_eq!(client.get("/").text(), "root");
    assert_eq!(client.get("/hello/Ada%20L").text(), "Ada L");
    assert_eq!(client.get("/count").text(), "0");
    assert_eq!(client.get("/count").text(), "1");
    assert_eq!(
        client.post("/form").form(&[("name", "x y")]).send().text(),
        "x y"
    );
    assert_eq!(client.get("/query").query("q", "a&b").text(), "a&b");
    assert_eq!(client.get("/peer").text(), "a test");
    assert_eq!(
        client.post("/echo").chunks(["one", "two"]).send().text(),
        "onetwo"
    );
    let response = client.get("/fields").send();
    assert_eq!(response.status(), Status::ACCEPTED);
    assert_eq!(response.header("X-Kind"), Some("axum"));
    assert_eq!(response.text(), "localhost");
    let json = client
        .post("/json")
        .content_type("application/json")
        .body("{\"a\":1}")
        .send();
    assert_eq!(json.text(), "2");
    assert_eq!(
        client.post("/json").body("{}").send().status(),
        Status::UNSUPPORTED_MEDIA_TYPE
    );
    assert_eq!(client.get("/none").status(), Status::NOT_FOUND);
    let wrong = client.delete("/").send();
    assert_eq!(wrong.status(), Status::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.header("Allow"), Some("GET,HEAD"));
    let head = client.head("/").send();
    assert_eq!(
        (head.status(), head.header("Content-Length")),
        (Status::OK, Some("4"))
    );
}

/// The tests from axum's testing example, which use `oneshot`: a page, JSON both ways, a missing page, several requests
/// to one application, and the client's address.
mod as_axum_tests_with_oneshot {
    use super::*;
    use axum::extract::Request;
    use axum::middleware::map_request;
    use std::net::SocketAddr;

    type Payload = HashMap<String, Vec<u32>>;

    #[derive(Clone, Copy)]
    struct Caller(SocketAddr);

    /// Passes on the client's address in a type of the application.
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
        let request = client
            .post("/json")
            .content_type("application/json")
            .body(numbers);
        let response = request.send();
        assert_eq!(response.status(), Status::OK);
        assert_eq!(response.header("Content-Type"), Some("application/json"));
        assert_eq!(response.text(), "{\"data\":{\"numbers\":[1,2,3,4]}}");
        let broken = client
            .post("/json")
            .content_type("application/json")
            .body("{");
        assert_eq!(broken.status(), Status::BAD_REQUEST);
        let wrong = client
            .post("/json")
            .content_type("application/json")
            .body("[]");
        assert_eq!(wrong.status(), Status::UNPROCESSABLE_CONTENT);
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
        // And two concurrent ones.
        wire.send([client.get("/").to_bytes(), client.get("/none").to_bytes()].concat());
        assert_eq!(wire.response().status(), Status::OK);
        assert_eq!(wire.response().status(), Status::NOT_FOUND);
        assert_eq!(wire.closed(), None);
    }

    #[test]
    fn the_client_address() {
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let client = client().peer(address);
        assert_eq!(client.get("/caller").text(), "Hi 127.0.0.1:3000");
    }

    #[test]
    fn no_malformed_request_reaches_the_router() {
        async fn reached() -> &'static str {
            panic!("reached")
        }
        let client = Client::new(tower(axum::Router::new().fallback(reached)));
        for request in bytegate::testing::malformed_requests() {
            let output = client.send_bytes(&request.bytes);
            let status = format!("HTTP/1.1 {}\r\n", request.status.unwrap());
            assert!(output.starts_with(status.as_bytes()), "{}", request.name);
        }
    }
}

#[test]
fn an_axum_router_and_bytegate_share_a_router() {
    let router = Router::new()
        .get("/own", |_: &Request<'_>| "own")
        .fallback(tower(axum_app()));
    let client = Client::new(Gateway::new(router).with(SetHeaders::new().header("X-Both", "yes")));
    assert_eq!(client.get("/own").text(), "own");
    let response = client.get("/hello/Ada").send();
    assert_eq!(
        (response.text(), response.header("X-Both")),
        ("Ada", Some("yes"))
    );
}

/// Polls a future that never waits.
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
            format!("{host} {}", String::from_utf8_lossy(request.body()))
        })
        .get("/later", |_: &Request<'_>| {
            Response::from_future(async { "later" })
        })
        .fallback(site);
    let gateway = Gateway::new(router).with(SetHeaders::new().header("X-By", "bytegate"));
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
        .body(Body::from_iterator(["one ", "two"].into_iter()))
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
fn a_host_that_differs_from_the_authority_of_the_uri_is_refused() {
    let router = Router::new()
        .host("a.example", |_: &Request<'_>| "a")
        .host("b.example", |_: &Request<'_>| "b")
        .fallback(|_: &Request<'_>| Status::NOT_FOUND);
    let mut service = GatewayService::new(Gateway::new(router));
    for (uri, hosts, status) in [
        ("http://a.example/", &[][..], 200),
        ("http://a.example/", &["a.example"], 200),
        ("http://a.example/", &["A.Example:80"], 200),
        ("https://a.example:443/", &["a.example"], 200),
        ("/", &["b.example"], 200),
        ("http://a.example/", &["b.example"], 400),
        ("http://b.example/", &["a.example"], 400),
        ("http://a.example/", &["a.example:81"], 400),
        ("https://a.example/", &["a.example:80"], 400),
        ("http://a.example/", &["a.example", "a.example"], 400),
        ("http://a.example/", &[""], 400),
        ("http://user@a.example/", &[], 400),
        ("http://user@a.example/", &["a.example"], 400),
    ] {
        for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
            let request = http::Request::get(uri).version(version);
            let request = hosts
                .iter()
                .fold(request, |request, host| request.header("Host", *host));
            let response = ask(&mut service, request.body(Body::empty()).unwrap());
            assert_eq!(response.status(), status, "{uri} {hosts:?} {version:?}");
        }
    }
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let mut config = bytegate::config::Config::default();
    config.limits.body_bytes = 3;
    let gateway = Gateway::new(|request: &Request<'_>| request.body().to_vec()).config(config);
    let mut service = GatewayService::new(gateway);
    let post = |content: &'static str| http::Request::post("/").body(Body::from(content)).unwrap();
    assert_eq!(ask(&mut service, post("123")).status(), 200);
    assert_eq!(ask(&mut service, post("1234")).status(), 413);
}

#[test]
fn requests_survive_a_round_trip() {
    let request = Request::builder("POST", "/a/b?c=d")
        .header("Host", "example.com")
        .header("X-A", "1")
        .header("X-A", "2")
        .body("hello")
        .build()
        .unwrap();
    let converted = http::Request::<Bytes>::try_from(&request.view()).unwrap();
    assert_eq!(
        (converted.method().as_str(), converted.uri().to_string()),
        ("POST", "/a/b?c=d".to_string())
    );
    let back = OwnedRequest::try_from(converted).unwrap();
    let fields = back.head().headers();
    assert_eq!(fields.get_all("x-a").count(), 2);
    assert_eq!(fields.get("host"), Some("example.com"));
    assert_eq!(back.head().target_text(), "/a/b?c=d");
    assert_eq!(&back.body()[..], b"hello");
}

#[test]
fn responses_survive_a_round_trip() {
    let response = Response::html("<p>")
        .with_status(Status::CREATED)
        .with_appended_header("Set-Cookie", "a=1")
        .with_appended_header("Set-Cookie", "b=2");
    let converted = http::Response::<Body>::from(response);
    assert_eq!(converted.status(), 201);
    assert_eq!(converted.headers().get_all("set-cookie").iter().count(), 2);
    let back = Response::from(converted);
    assert_eq!(back.status(), Status::CREATED);
    assert_eq!(back.headers().view().get_all("Set-Cookie").count(), 2);
    assert_eq!(back.body().as_bytes(), Some(&b"<p>"[..]));
    let broken = http::Response::<Body>::from(Response::text("a").with_header("Date", "x"));
    assert_eq!(broken.status(), 500);
    let hop = http::Response::builder()
        .header("Connection", "close")
        .body(Body::empty())
        .unwrap();
    assert_eq!(Response::from(hop).error(), None);
}

/// A gateway treats a body from another server like a body from a connection: the application admits it first.
mod admission {
    use super::*;
    use bytegate::connection::ProtocolError;
    use bytegate::headers::Headers;
    use bytegate::upload::{AbortReason, Admission, Receiver};
    use bytegate::{Application, Method, with_body_limit};
    use std::sync::Mutex;

    /// Counts the polls of a body that never arrives.
    struct Unread(Arc<AtomicU32>);

    impl http_body::Body for Unread {
        type Data = Bytes;
        type Error = bytegate::body::BodyError;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, bytegate::body::BodyError>>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Poll::Pending
        }
    }

    type Log = Arc<Mutex<Vec<String>>>;

    struct Recorder(Log);

    impl Recorder {
        fn note(&self, line: impl Into<String>) {
            self.0.lock().unwrap().push(line.into());
        }
    }

    impl Receiver for Recorder {
        fn data(&mut self, part: &[u8]) -> Result<(), Response> {
            self.note(String::from_utf8_lossy(part));
            match part {
                b"stop" => Err(Status::UNPROCESSABLE_CONTENT.into()),
                b"panic" => panic!("in the middle"),
                _ => Ok(()),
            }
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            self.note("finished");
            Response::text("received")
        }

        fn abort(self: Box<Self>, reason: AbortReason) {
            self.note(format!("aborted: {reason}"));
        }
    }

    #[derive(Default)]
    struct Uploads(Log);

    #[derive(Clone)]
    struct Quota(u64);

    impl Application for Uploads {
        fn call(&self, request: &Request<'_>) -> Response {
            let quota = request
                .extensions()
                .get::<Quota>()
                .map_or(0, |quota| quota.0);
            Response::text(format!("{} bytes, quota {quota}", request.body().len()))
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            match request.path() {
                "/stream" => Admission::stream(Recorder(self.0.clone())).up_to(10),
                "/refuse" => Admission::refuse(Status::UNAUTHORIZED),
                "/large" => Admission::buffer().up_to(6),
                "/with" => Admission::buffer().with_extension(Quota(7)),
                _ => Admission::buffer(),
            }
        }
    }

    /// A gateway that buffers up to three bytes.
    fn gateway(application: impl Application + 'static) -> Gateway {
        let mut config = bytegate::config::Config::default();
        config.limits.body_bytes = 3;
        Gateway::new(application).config(config)
    }

    fn put(path: &str, content: impl Into<Body>) -> http::Request<Body> {
        http::Request::put(path).body(content.into()).unwrap()
    }

    fn text(response: http::Response<Body>) -> String {
        String::from_utf8_lossy(response.body().as_bytes().unwrap()).into_owned()
    }

    /// Responds through the service and through [`Gateway::respond`], which have to agree.
    fn status(gateway: &Gateway, path: &str, content: &'static str) -> u16 {
        let request = Request::builder("PUT", path).body(content).build().unwrap();
        let response = ready(gateway.respond(request));
        let served = ask(
            &mut GatewayService::new(gateway.clone()),
            put(path, content),
        );
        assert_eq!(served.status().as_u16(), response.status().code());
        let blocks = Body::from_iterator([content].into_iter());
        let served = ask(&mut GatewayService::new(gateway.clone()), put(path, blocks));
        assert_eq!(served.status().as_u16(), response.status().code());
        response.status().code()
    }

    #[test]
    fn application_limits_apply() {
        let count = |request: &Request<'_>| format!("{}", request.body().len());
        let router = Router::new()
            .route(Method::PUT, "/small", with_body_limit(2, count))
            .route(Method::PUT, "/large", with_body_limit(5, count))
            .route(Method::PUT, "/", count);
        let gateway = gateway(router);
        assert_eq!(status(&gateway, "/small", "12"), 200);
        assert_eq!(status(&gateway, "/small", "123"), 413);
        assert_eq!(status(&gateway, "/large", "12345"), 200);
        assert_eq!(status(&gateway, "/large", "123456"), 413);
        assert_eq!(status(&gateway, "/", "123"), 200);
        assert_eq!(status(&gateway, "/", "1234"), 413);
    }

    #[test]
    fn admissions_are_respected() {
        let gateway = gateway(Uploads::default());
        assert_eq!(status(&gateway, "/large", "123456"), 200);
        assert_eq!(status(&gateway, "/large", "1234567"), 413);
        assert_eq!(status(&gateway, "/refuse", "1"), 401);
        assert_eq!(status(&gateway, "/stream", "1234567890"), 200);
        assert_eq!(status(&gateway, "/stream", "12345678901"), 413);
        let mut service = GatewayService::new(gateway);
        // A request without a body is not admitted.
        assert_eq!(ask(&mut service, put("/refuse", "")).status(), 200);
        assert_eq!(
            text(ask(&mut service, put("/with", "123"))),
            "3 bytes, quota 7"
        );
    }

    #[test]
    fn a_refused_body_is_not_read() {
        let polls = Arc::new(AtomicU32::new(0));
        let request = http::Request::put("/refuse")
            .body(Unread(polls.clone()))
            .unwrap();
        let mut service = GatewayService::new(gateway(Uploads::default()));
        assert_eq!(ready(service.call(request)).unwrap().status(), 401);
        assert_eq!(polls.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_receiver_gets_each_frame() {
        let uploads = Uploads::default();
        let log = uploads.0.clone();
        let lines = || std::mem::take(&mut *log.lock().unwrap());
        let mut service =
            GatewayService::new(gateway(uploads).with(SetHeaders::new().header("X-By", "b")));
        let mut send = |blocks: Vec<&'static str>| {
            let response = ask(
                &mut service,
                put("/stream", Body::from_iterator(blocks.into_iter())),
            );
            assert_eq!(response.headers()["x-by"], "b");
            response.status().as_u16()
        };
        assert_eq!(send(vec!["one", "", "two"]), 200);
        assert_eq!(lines(), ["one", "two", "finished"]);
        assert_eq!(send(vec!["stop", "two"]), 422);
        assert_eq!(lines(), ["stop"]);
        assert_eq!(send(vec!["panic", "two"]), 500);
        assert_eq!(lines(), ["panic"]);
        assert_eq!(send(vec!["123456", "12345"]), 413);
        assert_eq!(
            lines()[1],
            format!("aborted: {}", ProtocolError::BodyTooLarge)
        );
        let broken = [Ok(Bytes::from("one")), Err(bytegate::body::BodyError)];
        let broken = Body::try_from_iterator(None, broken.into_iter());
        assert_eq!(ask(&mut service, put("/stream", broken)).status(), 400);
        assert_eq!(
            lines()[1],
            format!("aborted: {}", ProtocolError::BodyIncomplete)
        );
    }

    #[test]
    fn a_receiver_learns_that_its_client_disconnected() {
        let uploads = Uploads::default();
        let log = uploads.0.clone();
        let polls = Arc::new(AtomicU32::new(0));
        let request = http::Request::put("/stream")
            .body(Unread(polls.clone()))
            .unwrap();
        let mut answer = GatewayService::new(gateway(uploads)).call(request);
        let polled = answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert_eq!(polls.load(Ordering::SeqCst), 1);
        drop(answer);
        assert_eq!(
            *log.lock().unwrap(),
            [format!("aborted: {}", AbortReason::Disconnected)]
        );
    }

    #[test]
    fn blocks_are_buffered_in_order() {
        let echo = |request: &Request<'_>| String::from_utf8_lossy(request.body()).into_owned();
        let mut service = GatewayService::new(Gateway::new(echo));
        let blocks = Body::from_iterator(["one ", "two ", "three"].into_iter());
        assert_eq!(text(ask(&mut service, put("/", blocks))), "one two three");
    }

    #[test]
    fn forms_are_received_part_by_part() {
        struct Names(Vec<String>);

        impl bytegate::upload::PartReceiver for Names {
            fn part(&mut self, part: &bytegate::request::Part<'_>) -> Result<(), Response> {
                self.0.push(part.name().to_string());
                Ok(())
            }

            fn data(&mut self, _: &[u8]) -> Result<(), Response> {
                Ok(())
            }

            fn finish(self: Box<Self>) -> Response {
                Response::text(self.0.join(" "))
            }
        }

        struct Form;

        impl Application for Form {
            fn call(&self, _: &Request<'_>) -> Response {
                Status::BAD_REQUEST.into()
            }

            fn admit(&self, request: &Request<'_>) -> Admission {
                Admission::multipart(request, Names(Vec::new()))
            }
        }

        let content = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                       --x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--x--\r\n";
        let (first, second) = content.split_at(70);
        let request = http::Request::post("/")
            .header("Content-Type", "multipart/form-data; boundary=x")
            .body(Body::from_iterator([first, second].into_iter()))
            .unwrap();
        let mut service = GatewayService::new(Gateway::new(Form));
        assert_eq!(text(ask(&mut service, request)), "a b");
    }
}

/// The service's clock, which is the system clock unless a test sets it.
mod time {
    use super::*;
    use bytegate::Now;
    use bytegate::middleware::{AccessLog, RateLimit};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    /// A request of a known client.
    fn get() -> http::Request<Body> {
        let connection = ConnectionInfo::from(Peer::named("a"));
        let request = http::Request::get("/").extension(connection);
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn the_rate_limit_refills_over_time() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        let gateway = Gateway::new(|_: &Request<'_>| "hello").with(limit);
        let seconds = Arc::new(AtomicU64::new(0));
        let clock = seconds.clone();
        let mut service = GatewayService::new(gateway).with_clock(move || {
            let elapsed = Duration::from_secs(clock.load(Ordering::SeqCst));
            Now::at_unix(0).after(elapsed)
        });
        let mut at = |second| {
            seconds.store(second, Ordering::SeqCst);
            ask(&mut service, get()).status().as_u16()
        };
        assert_eq!([at(0), at(0), at(1)], [200, 200, 429]);
        assert_eq!([at(5), at(5)], [200, 429]);
    }

    #[test]
    fn the_default_clock_advances() {
        let times = Arc::new(Mutex::new(Vec::new()));
        let seen = times.clone();
        let note = move |request: &Request<'_>| {
            seen.lock().unwrap().push(request.now());
            "hello"
        };
        let mut service = GatewayService::new(Gateway::new(note));
        ask(&mut service, get());
        std::thread::sleep(Duration::from_millis(2));
        ask(&mut service.clone(), get());
        let times = times.lock().unwrap();
        assert!(times[1].monotonic >= times[0].monotonic + Duration::from_millis(2));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let age = now.unwrap().abs_diff(times[1].wall.unwrap());
        assert!(age < Duration::from_secs(60));
    }

    #[test]
    fn the_access_log_has_the_time() {
        let lines = Arc::new(Mutex::new(String::new()));
        let log = lines.clone();
        let log = AccessLog::to(move |line: &str| log.lock().unwrap().push_str(line));
        let gateway = Gateway::new(|_: &Request<'_>| "hello").with(log);
        let service = GatewayService::new(gateway);
        ask(&mut service.with_clock(|| Now::at_unix(784_111_777)), get());
        let lines = lines.lock().unwrap();
        assert!(
            lines.starts_with("a - - [06/Nov/1994:08:49:37 +0000]"),
            "{lines}"
        );
    }
}

/// The gateway's own responses pass through the middleware, even with another server in front.
mod errors {
    use super::*;
    use bytegate::middleware::{AccessLog, ErrorPages};
    use bytegate::response::ResponseError;
    use std::sync::Mutex;

    type Log = Arc<Mutex<Vec<String>>>;

    fn fail_late() -> Response {
        panic!("a response")
    }

    /// A gateway that fails in many ways, with custom pages, a header, and a log of statuses and errors.
    fn gateway(log: &Log) -> Gateway {
        let router = Router::new()
            .post("/echo", |request: &Request<'_>| request.body().to_vec())
            .get("/invalid", |_: &Request<'_>| {
                Response::text("a").with_header("Date", "now")
            })
            .get("/panic", |_: &Request<'_>| -> Response {
                panic!("at once")
            })
            .get("/late-panic", |_: &Request<'_>| {
                Response::from_future(async { fail_late() })
            });
        let mut config = bytegate::config::Config::default();
        config.limits.body_bytes = 3;
        let (lines, errors) = (log.clone(), log.clone());
        Gateway::new(router)
            .config(config)
            .with(ErrorPages::problem_details())
            .with(SetHeaders::new().header("X-By", "bytegate"))
            .with(AccessLog::to(move |line: &str| {
                let line = line.split('"').nth(1).unwrap_or_default();
                lines.lock().unwrap().push(line.to_string());
            }))
            .on_error(move |error: &ResponseError, _: &ConnectionInfo| {
                errors.lock().unwrap().push(error.to_string());
            })
    }

    /// Asserts that a response is one of the gateway's custom pages, with its header.
    fn assert_own_page(response: &Response, status: u16) {
        let fields = response.headers().view();
        assert_eq!(response.status().code(), status);
        assert_eq!(fields.get("X-By"), Some("bytegate"));
        assert_eq!(fields.get("Content-Type"), Some("application/problem+json"));
        let page = String::from_utf8_lossy(response.body().as_bytes().unwrap());
        assert!(page.contains(&format!("\"status\":{status}")), "{page}");
    }

    #[test]
    fn a_failed_response_keeps_its_page() {
        let log = Log::default();
        let gateway = gateway(&log);
        for (path, error) in [
            (
                "/invalid",
                "field \"Date\" is set by the connection, not by an application",
            ),
            ("/panic", "the application panicked: at once"),
            ("/late-panic", "the application panicked: a response"),
        ] {
            let request = Request::builder("GET", path).build().unwrap();
            assert_own_page(&ready(gateway.respond(request)), 500);
            let lines = std::mem::take(&mut *log.lock().unwrap());
            assert_eq!(lines, [format!("GET {path} HTTP/1.1"), error.to_string()]);
            let request = http::Request::get(path).body(Body::empty()).unwrap();
            let mut service = GatewayService::new(gateway.clone());
            assert_own_page(&ask(&mut service, request).into(), 500);
            log.lock().unwrap().clear();
        }
    }

    #[test]
    fn an_interrupted_body_is_reported() {
        type Block = Result<Bytes, bytegate::body::BodyError>;
        for (second, error) in [
            (
                (|| Err(bytegate::body::BodyError)) as fn() -> Block,
                ResponseError::BodyError,
            ),
            (
                || panic!("in the middle"),
                ResponseError::Panicked("in the middle".to_string()),
            ),
        ] {
            let errors = Arc::new(Mutex::new(Vec::new()));
            let log = errors.clone();
            let gateway = Gateway::new(move |_: &Request<'_>| {
                let blocks = [(|| Ok("one".into())) as fn() -> Block, second];
                let blocks = blocks.into_iter().map(|block| block());
                Response::text(Body::try_from_iterator(Some(6), blocks))
            });
            let gateway = gateway.on_error(move |error: &ResponseError, _: &ConnectionInfo| {
                log.lock().unwrap().push(error.clone());
            });
            let request = http::Request::new(Body::empty());
            let mut body = ask(&mut GatewayService::new(gateway), request).into_body();
            assert_eq!(body.length(), Some(6));
            let mut next = || ready(std::future::poll_fn(|context| body.poll_block(context)));
            assert_eq!(next(), Some(Ok("one".into())));
            assert_eq!(next(), Some(Err(bytegate::body::BodyError)));
            assert_eq!(next(), None);
            assert_eq!(*errors.lock().unwrap(), [error]);
        }
    }

    #[test]
    fn refusals_pass_through_middleware() {
        let log = Log::default();
        let mut service = GatewayService::new(gateway(&log));
        let broken = Body::try_from_iterator(None, [Err(bytegate::body::BodyError)].into_iter());
        for (status, path, content) in [
            (413, "/echo", Body::from("1234")),
            (413, "/echo", Body::from_iterator(["12", "34"].into_iter())),
            (400, "/echo", broken),
            (400, "/a%zz", Body::empty()),
        ] {
            let request = http::Request::post(path).body(content).unwrap();
            assert_own_page(&ask(&mut service, request).into(), status);
            let lines = std::mem::take(&mut *log.lock().unwrap());
            assert_eq!(lines, [format!("POST {path} HTTP/1.1")]);
        }
    }

    #[test]
    fn the_page_for_a_failed_response_is_converted_with_its_headers() {
        struct Marked;

        impl bytegate::Middleware for Marked {
            fn after(
                &self,
                _: &bytegate::middleware::RequestInfo<'_>,
                response: Response,
            ) -> Response {
                response.with_header("X-By", "bytegate")
            }
        }

        let failing = |_: &Request<'_>| Response::text("a").with_header("Date", "now");
        let application = bytegate::middleware::with_middleware(Marked, failing);
        let request = Request::builder("GET", "/").build().unwrap();
        let response = bytegate::Application::call(&application, &request.view());
        let converted = http::Response::<Body>::from(response);
        assert_eq!(converted.status(), 500);
        assert_eq!(converted.headers()["x-by"], "bytegate");
    }
}

/// A tower application sees the rest of the path below its mount point, and the values attached by middleware.
mod mounted {
    use super::*;
    use axum::http::Uri;
    use bytegate::middleware::{
        AuthenticatedUser, BasicAuth, RequestId, RequestParts, SetRequestId,
    };
    use bytegate::request::Extensions;
    use bytegate::{Method, Middleware};

    async fn target(uri: Uri) -> String {
        uri.to_string()
    }

    fn client() -> Client {
        let inner = Router::new().mount("/deep", tower(axum::Router::new().fallback(target)));
        let router = Router::new()
            .mount("/api", tower(axum::Router::new().fallback(target)))
            .mount("/a b", tower(axum::Router::new().fallback(target)))
            .mount("/users/{user}", tower(axum::Router::new().fallback(target)))
            .mount("/outer", inner)
            .fallback(tower(axum::Router::new().fallback(target)));
        Client::new(router)
    }

    #[test]
    fn the_target_is_the_rest_of_the_path() {
        let client = client();
        for (sent, seen) in [
            ("/api", "/"),
            ("/api/", "/"),
            ("/api?q=/api", "/?q=/api"),
            ("/api/x/y?q=1&r", "/x/y?q=1&r"),
            ("/api/api", "/api"),
            ("/%61pi/%78%20", "/%78%20"),
            ("/a%20b/c%2Bd", "/c%2Bd"),
            ("/users/%C3%A4da/x%20y?z", "/x%20y?z"),
            ("/users/ada", "/"),
            ("/outer/deep/x", "/x"),
            ("/outer/deep", "/"),
            ("/apix/y", "/apix/y"),
            ("/other%20path?q", "/other%20path?q"),
            ("http://localhost/api/x?q", "http://localhost/x?q"),
            ("http://localhost/api", "http://localhost/"),
            ("http://localhost/x", "http://localhost/x"),
        ] {
            let request = format!("GET {sent} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let reply = client.send_bytes(request.as_bytes());
            let reply = String::from_utf8_lossy(&reply).into_owned();
            assert!(
                reply.ends_with(&format!("\r\n\r\n{seen}")),
                "{sent}: {reply}"
            );
        }
    }

    #[test]
    fn axum_routes_match_below_a_mount() {
        let api = axum::Router::new().route(
            "/hello/{name}",
            get(|Path(name): Path<String>| async move { name }),
        );
        let client = Client::new(Router::new().mount("/api/v1", tower(api)));
        assert_eq!(client.get("/api/v1/hello/Ada%20L").text(), "Ada L");
    }

    #[derive(Clone)]
    struct Language(&'static str);

    struct Languages;

    impl Middleware for Languages {
        fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
            request.extensions.insert(Language("de"));
            None
        }
    }

    #[test]
    fn a_service_sees_extensions_from_middleware() {
        async fn show(fields: axum::http::Extensions) -> String {
            let user = fields.get::<AuthenticatedUser>().unwrap();
            let id = fields.get::<RequestId>().unwrap();
            let own = fields.get::<Extensions>().unwrap();
            format!("{} {id} {}", user.name(), own.get::<Language>().unwrap().0)
        }
        let gateway = Gateway::new(tower(axum::Router::new().fallback(show)))
            .with(BasicAuth::user("staff", "ada", "secret"))
            .with(SetRequestId::generated_by(|_| "abc".to_string()))
            .with(Languages);
        let client = Client::new(gateway);
        let response = client.get("/").basic_auth("ada", "secret").send();
        assert_eq!(response.text(), "ada abc de");
    }

    #[test]
    fn a_gateway_sees_extensions_from_layers() {
        let show = |request: &Request<'_>| {
            let (own, connection) = (request.extensions(), request.connection());
            let foreign = own.get::<http::Extensions>().unwrap();
            format!(
                "{} {} {} {} {}",
                connection.peer,
                connection.number,
                own.get::<AuthenticatedUser>().unwrap().name(),
                own.get::<Language>().unwrap().0,
                foreign.get::<u32>().unwrap(),
            )
        };
        let router = Router::new().route(Method::POST, "/", show);
        let mut extensions = Extensions::new();
        extensions.insert(Language("de"));
        let connection = ConnectionInfo {
            number: 3,
            ..Peer::named("b").into()
        };
        let request = http::Request::post("/")
            .extension(connection)
            .extension(AuthenticatedUser::new("ada"))
            .extension(extensions)
            .extension(7_u32)
            .body(Body::from("content"))
            .unwrap();
        let response = ask(&mut GatewayService::new(Gateway::new(router)), request);
        assert_eq!(
            response.body().as_bytes(),
            Some(&b"b 3 ada de 7"[..]),
            "{response:?}"
        );
    }
}

/// The response to HEAD states the same length as for GET, or that the length is unknown.
mod head {
    use super::*;

    /// The values of `Content-Length` and `Transfer-Encoding` for GET and for HEAD.
    fn both(client: &Client, path: &str) -> [[Option<String>; 2]; 2] {
        [client.get(path), client.head(path)].map(|request| {
            let response = request.send();
            let field = |name| response.header(name).map(str::to_string);
            ["Content-Length", "Transfer-Encoding"].map(field)
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
}

/// Bodies that an axum router takes as it likes.
mod bodies {
    use super::*;
    use axum::extract::DefaultBodyLimit;
    use http_body::Body as _;
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    const MIB: usize = 1024 * 1024;

    /// The lengths of the blocks that a handler has taken, and whether it takes more.
    #[derive(Default)]
    struct Intake {
        blocks: Mutex<Vec<usize>>,
        is_open: AtomicBool,
    }

    impl Intake {
        fn blocks(&self) -> Vec<usize> {
            self.blocks.lock().unwrap().clone()
        }
    }

    async fn count(content: Bytes) -> String {
        format!("{} bytes\n", content.len())
    }

    async fn stream(State(intake): State<Arc<Intake>>, body: axum::body::Body) -> String {
        let mut body = pin!(body);
        loop {
            let opened = |_: &mut Context<'_>| match intake.is_open.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            };
            poll_fn(opened).await;
            match poll_fn(|context| body.as_mut().poll_frame(context)).await {
                Some(Ok(frame)) => {
                    let length = frame.into_data().map_or(0, |data| data.len());
                    intake.blocks.lock().unwrap().push(length);
                }
                Some(Err(error)) => return error.to_string(),
                None => return "all taken\n".to_string(),
            }
        }
    }

    fn streaming() -> (Arc<Intake>, Client) {
        let intake = Arc::new(Intake::default());
        let app = axum::Router::new()
            .route("/stream", post(stream))
            .with_state(intake.clone());
        (intake, Client::new(tower(app)))
    }

    #[test]
    fn the_limit_of_axum_applies_and_no_other() {
        let app = axum::Router::new().route("/", post(count));
        let raised = app.clone().layer(DefaultBodyLimit::max(16 * MIB));
        for (app, limit) in [(app, 2 * MIB), (raised, 16 * MIB)] {
            let client = Client::new(tower(app));
            let response = client.post("/").body(vec![0; limit]).send();
            assert_eq!(response.text(), format!("{limit} bytes\n"));
            let response = client.post("/").body(vec![0; limit + 1]).send();
            assert_eq!(response.status(), Status::CONTENT_TOO_LARGE);
            assert!(
                response.text().contains("length limit exceeded"),
                "axum says so"
            );
        }
    }

    #[test]
    fn a_body_arrives_block_by_block() {
        let (intake, client) = streaming();
        intake.is_open.store(true, Ordering::SeqCst);
        for (framing, blocks) in [
            ("Content-Length: 6", ["abc", "def"]),
            (
                "Transfer-Encoding: chunked",
                ["3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n"],
            ),
        ] {
            intake.blocks.lock().unwrap().clear();
            let mut wire = client.connect();
            wire.send(format!(
                "POST /stream HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"
            ));
            wire.send(blocks[0]);
            assert_eq!(intake.blocks(), [3]);
            wire.send(blocks[1]);
            assert_eq!(wire.response().text(), "all taken\n");
            assert_eq!(intake.blocks(), [3, 3]);
        }
    }

    #[test]
    fn nothing_is_read_until_the_service_takes_the_last_block() {
        let (intake, client) = streaming();
        let mut wire = client.connect();
        wire.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
        wire.send("def");
        assert!(wire.is_pending());
        assert!(intake.blocks().is_empty());
        intake.is_open.store(true, Ordering::SeqCst);
        wire.poll();
        assert_eq!(wire.response().text(), "all taken\n");
        assert_eq!(intake.blocks(), [3, 3]);
    }

    #[test]
    fn a_service_that_needs_no_body_responds_before_it_is_sent() {
        let (_, client) = streaming();
        let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n";
        let mut wire = client.connect();
        wire.send(format!("{head}Expect: 100-continue\r\n\r\n"));
        assert_eq!(wire.response().status(), Status::NOT_FOUND);
        assert!(wire.closed().is_some());

        // Without an expectation, a short body is read, and the connection stays open.
        let mut wire = client.connect();
        wire.send(format!("{head}\r\nabcdef"));
        assert_eq!(wire.response().status(), Status::NOT_FOUND);
        assert_eq!(wire.closed(), None);
        let mut wire = client.connect();
        wire.send(format!(
            "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            9 * MIB
        ));
        (0..2 * MIB / 1024).for_each(|_| wire.send([0; 1024]));
        assert_eq!(wire.response().status(), Status::NOT_FOUND);
        assert!(wire.closed().is_some());
    }
}
