//! An axum router that answers from bytes: no runtime, no socket. The test kit tests it on the wire.
//!
//! `cargo run --features tower --example axum`

use axum::extract::Path;
use axum::routing::get;
use bytegate::bridge::tower;
use bytegate::testing::Client;

fn main() {
    let hello = |Path(name): Path<String>| async move { format!("hello {name}\n") };
    let app = axum::Router::new().route("/hello/{name}", get(hello));
    let client = Client::new(tower(app));
    let response = client.get("/hello/Ada").send();
    print!("{}", response.exchange());
    assert_eq!(response.text(), "hello Ada\n");
}
