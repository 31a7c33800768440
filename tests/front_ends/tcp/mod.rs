//! The TCP front end, with clients that send, stop halfway, disconnect and read too slowly.

mod access_log;
mod broken_applications;
mod connection_limit;
mod deadlines;
mod deferred;
mod executors;
mod memory_limit;
mod metrics;
mod reloading;
mod requests;
mod slow_applications;
mod stopping;
mod whole_process;

use crate::reader;
use crate::turn::Turn;
use bytegate::body::BodyError;
use bytegate::config::{Config, Timeouts};
use bytegate::events::{Broadcast, Event};
use bytegate::headers::Headers;
use bytegate::middleware::AccessLog;
use bytegate::net::{self, Options};
use bytegate::testing::{self, ClientResponse, StreamClient};
use bytegate::upload::{Admission, Receiver};
use bytegate::{Application, Body, Gateway, Method, Request, Response, Router};
use bytes::Bytes;
use smol::channel;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::panic;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, Once};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// The time limit for anything that should happen soon.
const SOON: Duration = Duration::from_secs(5);

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The kit's server, with its log, and with a stop that a test need not wait for.
struct Server {
    address: SocketAddr,
    running: Option<testing::Server>,
    ended: Option<mpsc::Receiver<io::Result<()>>>,
    errors: Arc<Mutex<Vec<String>>>,
    accesses: Arc<Mutex<String>>,
    _turn: Turn,
}

/// The settings that a server is started with.
struct Setup {
    gateway: Gateway,
    options: Options,
    turn: Turn,
}

impl Setup {
    fn new(application: impl Application + 'static) -> Setup {
        Setup::with_turn(application, Turn::shared())
    }

    fn with_turn(application: impl Application + 'static, turn: Turn) -> Setup {
        Setup {
            gateway: Gateway::new(application),
            options: {
                let mut options = Options::default();
                options.stop_timeout = SOON;
                options
            },
            turn,
        }
        .threads(2)
    }

    fn threads(mut self, count: usize) -> Setup {
        self.options.threads = NonZeroUsize::new(count).expect("at least one");
        self
    }

    fn connections(mut self, count: usize) -> Setup {
        self.options.max_connections = count;
        self
    }

    fn buffered_bytes(mut self, count: usize) -> Setup {
        self.options.buffered_bytes = count;
        self
    }

    fn timeouts(mut self, timeouts: Timeouts) -> Setup {
        self.gateway = self.gateway.config({
            let mut config = Config::default();
            config.timeouts = timeouts;
            config
        });
        self
    }

    fn start(self) -> Server {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let accesses = Arc::new(Mutex::new(String::new()));
        let (report, log) = (errors.clone(), accesses.clone());
        let options = self.options.log_to(move |line| {
            report.lock().expect("a log").push(line.to_string());
        });
        let access_log = AccessLog::to(move |line| log.lock().expect("a log").push_str(line));
        let gateway = self.gateway.with(access_log);
        let running = testing::Server::start_with(gateway, options);
        Server {
            address: running.address(),
            running: Some(running),
            ended: None,
            errors,
            accesses,
            _turn: self.turn,
        }
    }
}

impl Server {
    fn start(application: impl Application + 'static) -> Server {
        Setup::new(application).start()
    }

    fn connect(&self) -> Client {
        Client::of(self.address)
    }

    fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("a log").clone()
    }

    fn accesses(&self) -> String {
        self.accesses.lock().expect("a log").clone()
    }

    fn ask_to_stop(&mut self) {
        if let Some(running) = self.running.take() {
            let (end, ended) = mpsc::channel();
            self.ended = Some(ended);
            thread::spawn(move || end.send(running.stop()));
        }
    }

    /// Stops the server, and returns how long that took.
    fn stop(&mut self) -> Duration {
        let start = Instant::now();
        self.ask_to_stop();
        if let Some(ended) = self.ended.take() {
            let ended = ended.recv_timeout(2 * SOON);
            ended.expect("the server ends").expect("without an error");
        }
        start.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.stop();
        }
    }
}

type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// `net::serve` on a thread, for tests that choose the listener, the executor or the future that stops it. The kit's
/// server chooses these itself.
struct Custom {
    setup: Setup,
    listener: std::net::TcpListener,
    stop: (channel::Sender<()>, channel::Receiver<()>),
    block_on: fn(Serving) -> io::Result<()>,
}

impl Custom {
    /// From here on, the system listens, but nothing is accepted yet.
    fn new(setup: Setup) -> Custom {
        let address = "127.0.0.1:0".parse().expect("an address");
        Custom {
            setup,
            listener: net::listen(address).expect("a listener"),
            stop: channel::bounded(1),
            block_on: |serving| smol::block_on(serving),
        }
    }

    fn connect(&self) -> Client {
        Client::of(self.listener.local_addr().expect("an address"))
    }

    /// Serves until the stop. `talk` is called meanwhile.
    fn serve(self, talk: impl FnOnce()) {
        let (block_on, stopped) = (self.block_on, self.stop.1);
        let (end, ended) = mpsc::channel();
        let serve = move || {
            let stop = async move { stopped.recv().await.unwrap_or_default() };
            let Setup {
                gateway, options, ..
            } = self.setup;
            let serving = net::serve(self.listener, gateway, options, stop);
            let _ = end.send(block_on(Box::pin(serving)));
        };
        let thread = thread::Builder::new().name(SERVING.to_string());
        thread.spawn(serve).expect("a thread");
        talk();
        drop(self.stop.0);
        let ended = ended.recv_timeout(2 * SOON);
        ended.expect("the server ends").expect("without an error");
    }
}

/// The name of the thread that `serve` is called on.
const SERVING: &str = "serving";

/// The kit's client. It never waits longer than [`SOON`], and tests send to many at once.
struct Client(StreamClient<TcpStream>);

impl Client {
    fn of(address: SocketAddr) -> Client {
        let client = StreamClient::connect(address).expect("a connection");
        let socket = client.stream();
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        socket.set_write_timeout(Some(SOON)).expect("a timeout");
        Client(client)
    }

    fn socket(&self) -> &TcpStream {
        self.0.stream()
    }

    fn send(&self, bytes: impl AsRef<[u8]>) {
        let mut socket = self.socket();
        socket.write_all(bytes.as_ref()).expect("a write");
    }

    fn end(&self) {
        self.socket().shutdown(Shutdown::Write).expect("an end");
    }

    fn response(&mut self) -> ClientResponse {
        self.try_response().expect("an answer")
    }

    fn try_response(&mut self) -> io::Result<ClientResponse> {
        self.0.response(Method::GET).map(reader::checked)
    }

    fn get(&mut self, path: &str) -> ClientResponse {
        self.send(get(path));
        self.response()
    }

    /// Everything up to the end of the connection.
    fn rest(self) -> io::Result<Vec<u8>> {
        let (bytes, end) = self.rest_and_end();
        end.map(|_| bytes)
    }

    /// Like [`rest`](Client::rest), but the connection need not end cleanly.
    fn rest_and_end(mut self) -> (Vec<u8>, io::Result<usize>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        (bytes, end)
    }

    /// The responses up to the end of the connection, none of them to HEAD.
    fn last_two_responses(mut self, count: usize) -> Vec<ClientResponse> {
        let responses = self.0.last_responses(&vec![Method::GET; count]);
        let responses = responses.expect("valid answers and a clean end");
        responses.into_iter().map(reader::checked).collect()
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

fn post(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Waits until the condition holds.
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "not soon: {what}");
        thread::sleep(millis(2));
    }
}

/// Responds with the body, or with the path if there is none.
fn echo(request: &Request<'_>) -> Response {
    match request.body() {
        b"" => Response::text(request.path().to_string()),
        body => Response::text(body.to_vec()),
    }
}

const LARGE_BYTES: usize = 16 * 1024 * 1024;

fn large(_: &Request<'_>) -> Response {
    Response::text(vec![b'x'; LARGE_BYTES])
}

fn echo_or_large(request: &Request<'_>) -> Response {
    match request.path() {
        "/large" => large(request),
        _ => echo(request),
    }
}

/// Silences the panics that the tests cause on purpose.
fn panics_are_silent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() != Some(&"deliberate") {
                others(info);
            }
        }));
    });
}

/// A gate that threads can wait at until it opens.
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn new() -> Arc<Gate> {
        Arc::new(Gate {
            open: Mutex::new(false),
            opened: Condvar::new(),
        })
    }

    fn pass(&self) {
        let open = self.open.lock().expect("a gate");
        drop(self.opened.wait_while(open, |open| !*open));
    }
}

/// Opens a gate when it is dropped, even if the test fails.
struct Opens(Arc<Gate>);

impl Drop for Opens {
    fn drop(&mut self) {
        *self.0.open.lock().expect("a gate") = true;
        self.0.opened.notify_all();
    }
}

fn deliberate() -> Response {
    panic!("deliberate")
}

impl Setup {
    /// Settings for a test that must run alone in the process.
    fn alone(application: impl Application + 'static) -> Setup {
        Setup::with_turn(application, Turn::alone())
    }
}
