//! Handlers that use tokio's timers and sockets, as reqwest and sqlx do.

use async_compat::Compat;
use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::{OwnedRequest, Rejection, Router};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Waits, and then asks another server, with tokio.
async fn ask_upstream(request: OwnedRequest) -> Result<String, Rejection> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    let port: u16 = request.parse_param("port")?;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (_, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_string())
}

async fn wrapped(request: OwnedRequest) -> Result<String, Rejection> {
    Compat::new(ask_upstream(request)).await
}

/// Awaits a server in tokio's runtime, and asks it eight times at once.
fn ask(threads: usize, path: &str) -> Vec<String> {
    let upstream = net::start(
        "127.0.0.1:0",
        |_: &bytegate::Request<'_>| "from upstream",
        Options::default(),
    );
    let upstream = upstream.expect("a server");
    let port = upstream.address().port();
    let router = Router::new()
        .get("/bare/{port}", ask_upstream)
        .get("/wrapped/{port}", wrapped);
    let mut options = Options::default();
    options.threads = NonZeroUsize::new(threads).expect("at least one");
    let listener = net::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let server = thread::spawn(move || {
        let stopped = async move {
            // Fails when the sender is dropped.
            let _ = stopped.recv().await;
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(pin!(net::serve(listener, router, options, stopped)))
    });
    let ask = || {
        let stream = TcpStream::connect(address).expect("a connection");
        let response = StreamClient::new(stream).get(&format!("{path}/{port}"));
        response.expect("a response").text().to_string()
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
fn with_one_thread_handlers_run_in_the_runtime_that_awaits_the_server() {
    assert_eq!(ask(1, "/bare"), ["from upstream"; 8]);
}

#[test]
fn a_future_that_enters_the_runtime_at_each_poll_runs_on_any_thread() {
    assert_eq!(ask(4, "/wrapped"), ["from upstream"; 8]);
}
