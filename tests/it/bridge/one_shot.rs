//! The tests of axum that use `oneshot`, with the client of the kit.

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
    async fn echo(axum::Json(data): axum::Json<Payload>) -> axum::Json<HashMap<String, Payload>> {
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
