//! The tutorial that this crate grew from: static pages, and a mini framework with the interface `application(environ,
//! start_response)`.
//!
//! `cargo run --features net --example tutorial`, then open <http://127.0.0.1:7890/>

#[path = "../src/bin/bytegate/demo/mod.rs"]
mod demo;

fn main() -> std::io::Result<()> {
    println!("http://127.0.0.1:7890/ (Ctrl-C stops it)");
    bytegate::net::run("127.0.0.1:7890", demo::gateway())
}
