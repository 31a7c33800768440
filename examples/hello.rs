//! A request in, a response out: no socket, no thread, no clock.
//!
//! `cargo run --example hello`

use bytegate::{Gateway, Request, Router};

fn hello(request: &Request<'_>) -> String {
    format!("hello {}\n", request.param("name").unwrap_or("nobody"))
}

fn main() {
    let gateway = Gateway::new(Router::new().get("/hello/{name}", hello));
    let reply = gateway.handle(b"GET /hello/Ada HTTP/1.1\r\nHost: localhost\r\n\r\n");
    print!("{}", String::from_utf8_lossy(&reply));
}
