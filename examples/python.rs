//! An application in Python inside of a Rust program, beside files: `cargo run --features server,python --example python`.

use bytegate::middleware::SetHeaders;
use bytegate::python::{Python, StartError};
use bytegate::{Gateway, Router, Site, net};

/// Creates the gateway: the guest book is Python's, and its style is a file.
pub fn gateway() -> Result<Gateway, StartError> {
    let guestbook = Python::new("guestbook:application")
        .folder("fixtures/python")
        .start()?;
    let site = Site::new().file("/style.css", "body { margin: 2em }\n");
    let router = Router::new().mount("/book", guestbook).fallback(site);
    Ok(Gateway::new(router).with(SetHeaders::security()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    net::run("127.0.0.1:7890", gateway()?)?;
    Ok(())
}
