//! An admin page and metrics in a program that does other work, served by threads from the standard library.
//!
//! `cargo run --example embed`, then open `http://127.0.0.1:7891/`, or `curl http://127.0.0.1:7891/metrics`

use bytegate::blocking::ThreadServer;
use bytegate::middleware::{AllowedHosts, CrossOriginProtection};
use bytegate::{Gateway, Request, Response, Router, with_state};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::{io, sync::Arc, thread, time::Duration};

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

fn main() -> io::Result<()> {
    let work = Arc::new(Work::default());
    let server = ThreadServer::start("127.0.0.1:7891", admin(&work))?;
    println!("http://{}/ (Enter stops it)", server.address());
    let stopped = Arc::new(AtomicBool::new(false));
    let is_over = stopped.clone();
    let working = thread::spawn(move || {
        while !is_over.load(Relaxed) {
            work.step();
            thread::sleep(Duration::from_millis(100));
        }
    });
    io::stdin().read_line(&mut String::new())?;
    server.stop();
    stopped.store(true, Relaxed);
    working
        .join()
        .map_err(|_| io::Error::other("the work has panicked"))
}
