//! A request in, a response out: no socket, no thread, no clock.
//!
//! `cargo run --example hello`

use bytegate::{Gateway, Rejection, Request, Router};

fn hello(request: &Request) -> Result<String, Rejection> {
    let name: String = request.parse_param("name")?;
    let times = request.parse_query("times")?.unwrap_or(1);
    if times > 10 {
        return Err(Rejection::unprocessable_content("ten times are enough"));
    }
    Ok(format!("hello {name}\n").repeat(times))
}

pub(crate) fn app() -> Router {
    Router::new().get("/hello/{name}", hello)
}

fn main() {
    let gateway = Gateway::new(app());
    let response = gateway.handle(b"GET /hello/Ada HTTP/1.1\r\nHost: localhost\r\n\r\n");
    print!("{}", String::from_utf8_lossy(&response));
}
