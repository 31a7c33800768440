//! Handlers that need the runtime of the thread on which the server is awaited, as those that use tokio do.

use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::{Method, OwnedRequest, Router};
use std::cell::Cell;
use std::future::Future;
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

thread_local! {
    /// Whether the thread is inside the runtime.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Enters the runtime at each poll, as `async_compat::Compat` does.
struct Enter<F>(Pin<Box<F>>);

impl<F: Future> Future for Enter<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = INSIDE.replace(true);
        let polled = self.0.as_mut().poll(context);
        INSIDE.set(before);
        polled
    }
}

/// A handler that looks for the runtime before and after it has waited.
async fn look(_: OwnedRequest) -> String {
    let before = INSIDE.get();
    smol::Timer::after(Duration::from_millis(20)).await;
    format!("{before} {}", before && INSIDE.get())
}

async fn wrapped(request: OwnedRequest) -> String {
    Enter(Box::pin(look(request))).await
}

/// Asks a server that is awaited inside the runtime, several times at once.
fn ask(threads: usize, path: &str) -> Vec<String> {
    let router = Router::new().get("/bare", look).get("/wrapped", wrapped);
    let mut options = Options::default();
    options.threads = NonZeroUsize::new(threads).expect("at least one");
    let listener = net::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let server = thread::spawn(move || {
        INSIDE.set(true);
        let stopped = async move {
            // Fails when the sender is dropped.
            let _ = stopped.recv().await;
        };
        smol::block_on(pin!(net::serve(listener, router, options, stopped)))
    });
    let ask = || {
        let mut client = StreamClient::new(TcpStream::connect(address).expect("a connection"));
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        client.send(&request).expect("sent");
        client
            .response(Method::GET)
            .expect("a response")
            .text()
            .to_string()
    };
    let texts = thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("a text"))
            .collect()
    });
    drop(stop);
    server.join().expect("no panic").expect("a good end");
    texts
}

#[test]
fn with_one_thread_handlers_run_on_the_thread_that_awaits_the_server() {
    assert_eq!(ask(1, "/bare"), ["true true"; 8]);
}

#[test]
fn a_future_that_enters_the_runtime_at_each_poll_runs_on_any_thread() {
    assert_eq!(ask(4, "/wrapped"), ["true true"; 8]);
}
