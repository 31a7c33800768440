//! An axum router that is tested on the wire, without a runtime or a socket.
//!
//! `cargo run --features tower --example axum`

use axum::extract::Path;
use axum::routing::{get, post};
use bytegate::bridge::tower;
use bytegate::testing::Client;

async fn hello(Path(name): Path<String>) -> String {
    format!("hello {name}\n")
}

async fn shout(text: String) -> String {
    text.to_uppercase()
}

pub(crate) fn app() -> axum::Router {
    let router = axum::Router::new();
    router
        .route("/hello/{name}", get(hello))
        .route("/shout", post(shout))
}

fn main() {
    let client = Client::new(tower(app()));
    let response = client.get("/hello/Ada").send();
    print!("{}", response.exchange());
    assert_eq!(response.text(), "hello Ada\n");
}
