//! Routers of axum as applications, and gateways in routers of axum.

use super::*;

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
    let mut body = response.into_body();
    let frame = ready(std::future::poll_fn(|context| {
        http_body::Body::poll_frame(pin!(&mut body), context)
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
    let post = |body: &'static str| http::Request::post("/").body(Body::from(body)).unwrap();
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
    let headers = back.head().headers();
    assert_eq!(headers.get_all("x-a").count(), 2);
    assert_eq!(headers.get("host"), Some("example.com"));
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
