//! An admin page in a program of threads, over plain TCP from the standard library.
//!
//! `cargo run --example embed`, then `curl http://127.0.0.1:7891/`

use bytegate::{Gateway, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, net::TcpListener, thread, time::Duration};

fn main() -> io::Result<()> {
    let work = Arc::new(AtomicU64::new(0));
    let done = work.clone();
    let page = move |_: &Request<'_>| format!("work done: {}\n", done.load(Ordering::Relaxed));
    let gateway = Arc::new(Gateway::new(page));
    let listener = TcpListener::bind("127.0.0.1:7891")?;
    println!("http://{}/", listener.local_addr()?);
    thread::spawn(move || serve(&listener, &gateway));
    loop {
        thread::sleep(Duration::from_millis(100));
        work.fetch_add(1, Ordering::Relaxed);
    }
}

fn serve(listener: &TcpListener, gateway: &Arc<Gateway>) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept()?;
        let gateway = gateway.clone();
        thread::spawn(move || gateway.serve_stream(stream, peer));
    }
}
