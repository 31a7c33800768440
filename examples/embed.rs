//! An admin page and metrics in a multi-threaded program, over plain TCP from the standard library.
//!
//! `cargo run --example embed`, then open `http://127.0.0.1:7891/`, or `curl http://127.0.0.1:7891/metrics`

use bytegate::middleware::{AllowedHosts, CrossOriginProtection};
use bytegate::{Gateway, Request, Response, Router, with_state};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::{io, net::TcpListener, sync::Arc, thread, time::Duration};

/// The work of the program. The admin page shows it and can pause it.
#[derive(Default)]
pub(crate) struct Work {
    done: AtomicU64,
    is_paused: AtomicBool,
}

impl Work {
    pub(crate) fn step(&self) {
        if !self.is_paused.load(Relaxed) {
            self.done.fetch_add(1, Relaxed);
        }
    }

    fn page(&self, _: &Request) -> Response {
        let (done, is_paused) = (self.done.load(Relaxed), self.is_paused.load(Relaxed));
        let action = if is_paused { "Continue" } else { "Pause" };
        Response::html(format!(
            "<h1>Work</h1><p>{done} steps</p><form method=post><button>{action}</button></form>\n"
        ))
    }

    fn toggle(&self, _: &Request) -> Response {
        self.is_paused.fetch_xor(true, Relaxed);
        Response::see_other("/")
    }

    /// In the text format of Prometheus.
    fn metrics(&self, _: &Request) -> Response {
        let done = self.done.load(Relaxed);
        let text = format!("# TYPE steps_total counter\nsteps_total {done}\n");
        Response::of_type("text/plain; version=0.0.4", text)
    }
}

/// There is no log-in, so it refuses requests that other sites send through a browser on this machine.
pub(crate) fn admin(work: &Arc<Work>) -> Gateway {
    let router = Router::new()
        .get("/", with_state(work, Work::page))
        .post("/", with_state(work, Work::toggle))
        .get("/metrics", with_state(work, Work::metrics));
    let gateway = Gateway::new(router).with(CrossOriginProtection::new());
    gateway.with(AllowedHosts::local())
}

/// Serves each connection on a separate thread.
pub(crate) fn serve(listener: &TcpListener, gateway: &Gateway) -> ! {
    loop {
        let gateway = gateway.clone();
        match listener.accept() {
            Ok((stream, peer)) => drop(thread::spawn(move || gateway.serve_stream(stream, peer))),
            // The client has disconnected, or too many files are open.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn main() -> io::Result<()> {
    let work = Arc::new(Work::default());
    let gateway = Arc::new(admin(&work));
    let listener = TcpListener::bind("127.0.0.1:7891")?;
    println!("http://{}/ (Ctrl-C stops it)", listener.local_addr()?);
    thread::spawn(move || serve(&listener, &gateway));
    loop {
        work.step();
        thread::sleep(Duration::from_millis(100));
    }
}
