//! The TCP front end over the loopback interface, with clients that send, stop halfway, disconnect and read too slowly.
#![cfg(feature = "server")]

mod laws;

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
use laws::reader;
use smol::channel;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::panic;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::sync::{
    Arc, Condvar, Mutex, Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// The time limit for anything that should happen soon.
const SOON: Duration = Duration::from_secs(5);

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Tests that measure the whole process must run alone; all others may run in parallel.
static ALONE: RwLock<()> = RwLock::new(());

#[expect(dead_code, reason = "held, never looked at")]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Turn {
    fn shared() -> Turn {
        Turn::Shared(ALONE.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The kit's server, with what it logs, and with a stop that a test need not wait for.
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

    fn send(&self, octets: impl AsRef<[u8]>) {
        let mut socket = self.socket();
        socket.write_all(octets.as_ref()).expect("a write");
    }

    fn end(&self) {
        self.socket().shutdown(Shutdown::Write).expect("an end");
    }

    fn answer(&mut self) -> ClientResponse {
        self.try_answer().expect("an answer")
    }

    fn try_answer(&mut self) -> io::Result<ClientResponse> {
        self.0.response(Method::GET).map(reader::checked)
    }

    fn get(&mut self, path: &str) -> ClientResponse {
        self.send(get(path));
        self.answer()
    }

    /// Everything up to the end of the connection.
    fn rest(self) -> io::Result<Vec<u8>> {
        let (octets, end) = self.rest_and_end();
        end.map(|_| octets)
    }

    /// Like [`rest`](Client::rest), but the connection need not end cleanly.
    fn rest_and_end(mut self) -> (Vec<u8>, io::Result<usize>) {
        let mut octets = Vec::new();
        let end = self.0.read_to_end(&mut octets);
        (octets, end)
    }

    /// The answers up to the end of the connection, none of them to HEAD.
    fn last_answers(mut self, count: usize) -> Vec<ClientResponse> {
        let answers = self.0.last_responses(&vec![Method::GET; count]);
        let answers = answers.expect("valid answers and a clean end");
        answers.into_iter().map(reader::checked).collect()
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

fn post(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), content].concat()
}

/// Waits until the condition holds.
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "not soon: {what}");
        thread::sleep(millis(2));
    }
}

/// Answers with the content, or with the path if there is none.
fn echo(request: &Request<'_>) -> Response {
    match request.body() {
        b"" => Response::text(request.path().to_string()),
        content => Response::text(content.to_vec()),
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

// Requests and answers

#[test]
fn one_connection_serves_requests_of_all_kinds() {
    let server = Server::start(echo);
    let mut client = server.connect();
    assert_eq!(client.get("/a").body(), b"/a");
    client.send(post(b"hello"));
    assert_eq!(client.answer().body(), b"hello");
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.answer().body(), b"abc");
    client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let rest = client.rest().expect("a clean end");
    let answers = reader::read_all(&rest, &[Method::HEAD, Method::GET]);
    assert_eq!(answers[0].header("content-length"), Some("4"));
    assert_eq!(answers[1].body(), b"/last");
    assert!(answers[1].closes());
}

#[test]
fn a_batch_of_requests_is_answered_in_order() {
    let server = Server::start(echo);
    let client = server.connect();
    let paths: Vec<String> = (0..2000).map(|number| format!("/{number}")).collect();
    client.send(paths.iter().flat_map(|path| get(path)).collect::<Vec<u8>>());
    client.end();
    for (answer, path) in client.last_answers(paths.len()).iter().zip(&paths) {
        assert_eq!(answer.body(), path.as_bytes());
    }
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::start(echo);
    let mut client = server.connect();
    for _ in 0..3 {
        for octet in post(b"hello") {
            client.send([octet]);
        }
        assert_eq!(client.answer().body(), b"hello");
    }
}

#[test]
fn a_client_that_closed_its_sending_side_gets_every_answer() {
    let server = Server::start(echo_or_large);
    let client = server.connect();
    client.send([get("/large"), get("/small")].concat());
    client.end();
    let answers = client.last_answers(2);
    assert_eq!(answers[0].body().len(), LARGE_BYTES);
    assert_eq!(answers[1].body(), b"/small");
}

#[test]
fn a_request_that_breaks_off_gets_a_400() {
    let server = Server::start(echo);
    let request = post(b"hello");
    for cut in 1..request.len() {
        let client = server.connect();
        client.send(&request[..cut]);
        client.end();
        assert_eq!(client.last_answers(1)[0].status(), 400);
    }
    let client = server.connect();
    client.end();
    assert_eq!(client.rest().expect("a clean end"), b"");
}

#[test]
fn garbage_is_refused_and_the_server_keeps_running() {
    let server = Server::start(echo);
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0",
        &b"\r\n".repeat(11),
        b"hello\r\n",
        b"GET /\r\n",
        &[b'A'; 65_536],
        &[0xff; 65_536],
    ] {
        let client = server.connect();
        client.send(garbage);
        let answers = client.last_answers(1);
        assert!((400..=501).contains(&answers[0].status().code()));
        assert!(answers[0].closes());
    }
    assert_eq!(server.connect().get("/").status(), 200);
}

#[test]
fn an_application_sees_the_address_of_its_client() {
    let server = Server::start(|request: &Request<'_>| Response::text(request.peer().to_string()));
    let mut client = server.connect();
    let address = client.socket().local_addr().expect("an address");
    let expected = address.to_string();
    assert_eq!(client.get("/").body(), expected.as_bytes());
}

#[test]
fn the_server_runs_with_any_number_of_threads() {
    for threads in [1, 4] {
        let server = Setup::new(echo).threads(threads).start();
        let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
        for round in 0..10 {
            for client in &clients {
                client.send(get(&format!("/{round}")));
            }
            for client in &mut clients {
                assert_eq!(client.answer().body(), format!("/{round}").as_bytes());
            }
        }
    }
}

// Executors

/// A minimal executor: a thread that sleeps until it is woken.
fn park_on(mut serving: Serving) -> io::Result<()> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut serving = pin!(serving.as_mut());
    loop {
        match serving.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn the_server_runs_on_any_executor() {
    let ways: [fn(Serving) -> io::Result<()>; 4] = [
        |serving| smol::block_on(serving),
        |serving| smol::future::block_on(serving),
        |serving| smol::block_on(smol::LocalExecutor::new().run(serving)),
        park_on,
    ];
    for block_on in ways {
        for threads in [1, 2] {
            let mut server = Custom::new(Setup::new(echo).threads(threads));
            server.block_on = block_on;
            let mut client = server.connect();
            server.serve(move || {
                assert_eq!(client.get("/a").body(), b"/a");
                assert_eq!(client.get("/b").body(), b"/b");
            });
        }
    }
}

#[test]
fn serving_can_be_spawned_and_cancelled() {
    let _turn = Turn::shared();
    let listener = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let gateway = Gateway::new(echo);
    let serving = net::serve(
        listener,
        gateway,
        Options::default(),
        std::future::pending(),
    );
    let task = smol::spawn(serving);
    let mut client = Client::of(address);
    assert_eq!(client.get("/").status(), 200);
    assert!(smol::block_on(task.cancel()).is_none());
    assert!(matches!(client.rest().as_deref(), Ok(b"") | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}

// Limits and deadlines

#[test]
fn connections_above_the_limit_wait_for_a_place() {
    let server = Setup::new(echo).connections(2).start();
    let mut clients = [server.connect(), server.connect()];
    for client in &mut clients {
        // Busy, so that it cannot be closed to make room.
        client.send(&GET[..5]);
    }
    thread::sleep(millis(100));
    let mut third = server.connect();
    third.send(GET);
    let socket = third.socket();
    socket
        .set_read_timeout(Some(millis(200)))
        .expect("a timeout");
    let error = socket.peek(&mut [0]).expect_err("no room yet");
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    socket.set_read_timeout(Some(SOON)).expect("a timeout");
    let [mut first, mut second] = clients;
    second.send(&GET[5..]);
    assert_eq!(second.answer().status(), 200);
    // The second is idle now and is closed to make room for the third.
    assert_eq!(third.answer().status(), 200);
    assert_eq!(second.rest().expect("a clean end"), b"");
    first.send(&GET[5..]);
    assert_eq!(first.answer().status(), 200);
}

/// The time within which a new client gets its answer.
const AT_ONCE: Duration = millis(100);

fn answers_at_once(server: &Server) -> Client {
    let start = Instant::now();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    client
}

#[test]
fn the_longest_idle_connection_makes_room_for_a_new_client() {
    for threads in [1, 2] {
        let setup = Setup::alone(echo).connections(20).threads(threads);
        let server = setup.start();
        let mut clients: Vec<Client> = Vec::new();
        for _ in 0..20 {
            clients.push(server.connect());
            let newest = clients.last_mut().expect("a client");
            assert_eq!(newest.get("/").status(), 200);
        }
        // They keep their places, so that two others must go.
        let mut newer = [answers_at_once(&server), answers_at_once(&server)];
        // The most recent clients are still connected.
        for client in clients.drain(10..) {
            let mut client = client;
            assert_eq!(client.get("/").status(), 200);
        }
        for client in &mut newer {
            assert_eq!(client.get("/").status(), 200);
        }
        let gone = clients
            .drain(..2)
            .map(|client| client.rest().expect("a clean end"));
        assert!(gone.into_iter().all(|rest| rest.is_empty()));
        let reports = server.errors();
        assert_eq!(
            reports,
            [
                "all 20 connections are in use: idle and slow ones are closed to make room (see connections)"
            ]
        );
    }
}

#[test]
fn connections_that_sent_nothing_make_room_first() {
    let server = Setup::new(echo).connections(20).start();
    let mut used: Vec<Client> = (0..9).map(|_| server.connect()).collect();
    for client in &mut used {
        assert_eq!(client.get("/").status(), 200);
    }
    let silent: Vec<Client> = (0..10).map(|_| server.connect()).collect();
    thread::sleep(millis(100));
    for _ in 0..5 {
        answers_at_once(&server);
    }
    for client in &mut used {
        assert_eq!(client.get("/").status(), 200);
    }
    drop(silent);
}

/// Asks at 127.0.0.2 for a page on new connections, one after another. Returns the longest time that one took.
#[cfg(target_os = "linux")]
fn slowest_of_another_address(server: SocketAddr, count: usize) -> Duration {
    use socket2::{Domain, Socket, Type};
    let ask = |_| {
        let start = Instant::now();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let other = SocketAddr::from(([127, 0, 0, 2], 0));
        socket.bind(&other.into()).expect("an address");
        socket.connect(&server.into()).expect("a connection");
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        let mut client = Client(StreamClient::new(socket.into()));
        assert_eq!(client.get("/").status(), 200);
        start.elapsed()
    };
    (0..count).map(ask).max().expect("one at least")
}

/// Keeps `count` connections open that have sent `input`, while `run` runs on another thread.
#[cfg(target_os = "linux")]
fn while_others_hold(server: SocketAddr, count: usize, input: &[u8], run: impl FnOnce() + Send) {
    let connect = |_| {
        let client = Client::of(server);
        client.send(input);
        client.socket().set_nonblocking(true).expect("a mode");
        client
    };
    let mut held: Vec<Client> = (0..count).map(connect).collect();
    thread::sleep(millis(200));
    thread::scope(|scope| {
        let honest = scope.spawn(run);
        while !honest.is_finished() {
            for client in &mut held {
                // Whoever was closed comes back.
                let read = client.socket().read(&mut [0; 512]);
                if !matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock) {
                    *client = connect(0);
                }
            }
            thread::sleep(millis(20));
        }
        honest.join().expect("other clients are served");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn slow_heads_from_one_address_do_not_keep_others_out() {
    net::raise_open_files_limit();
    let server = Setup::alone(echo).connections(300).start();
    let address = server.address;
    while_others_hold(address, 600, &GET[..20], || {
        let slowest = slowest_of_another_address(address, 20);
        assert!(slowest < millis(1500), "{slowest:?}");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn slow_uploads_from_one_address_do_not_keep_others_out() {
    let server = Setup::new(echo).connections(40).start();
    let address = server.address;
    let request = post(&[b'x'; 100_000]);
    while_others_hold(address, 60, &request[..50_000], || {
        let slowest = slowest_of_another_address(address, 3);
        assert!(slowest < SOON, "{slowest:?}");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn clients_at_one_address_that_read_nothing_do_not_keep_others_out() {
    let server = Setup::new(echo_or_large).connections(40).start();
    let address = server.address;
    let stuck: Vec<Client> = (0..60).map(|_| server.connect()).collect();
    for client in &stuck {
        client.send(get("/large"));
    }
    thread::sleep(millis(200));
    let slowest = slowest_of_another_address(address, 3);
    assert!(slowest < SOON, "{slowest:?}");
}

#[test]
fn a_head_that_makes_room_for_others_gets_a_503() {
    let server = Setup::new(echo).connections(2).start();
    let slow = [server.connect(), server.connect()];
    for client in &slow {
        client.send(&GET[..20]);
        thread::sleep(millis(20));
    }
    assert_eq!(server.connect().get("/").status(), 200);
    let [first, mut second] = slow;
    let answers = first.last_answers(1);
    assert_eq!(answers[0].status(), 503);
    assert_eq!(answers[0].header("Retry-After"), Some("5"));
    second.send(&GET[20..]);
    assert_eq!(second.answer().status(), 200);
}

#[test]
fn no_client_is_turned_away_while_clients_come_and_go_above_the_limit() {
    let server = Setup::new(echo).connections(8).start();
    thread::scope(|scope| {
        for _ in 0..16 {
            let address = server.address;
            scope.spawn(move || {
                for _ in 0..50 {
                    let mut client = Client::of(address);
                    assert_eq!(client.get("/").status(), 200);
                }
            });
        }
    });
}

#[test]
fn near_the_limit_idle_connections_are_kept_for_only_five_seconds() {
    let server = Setup::new(echo).connections(20).start();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..19 {
        clients.push(server.connect());
        let newest = clients.last_mut().expect("a client");
        assert_eq!(newest.get("/").status(), 200);
    }
    let start = Instant::now();
    let last = clients.pop().expect("a client");
    last.socket()
        .set_read_timeout(Some(2 * SOON))
        .expect("a timeout");
    assert_eq!(last.rest().expect("a clean end"), b"");
    let took = start.elapsed();
    assert!((millis(4500)..millis(5800)).contains(&took), "{took:?}");
    assert_eq!(clients[0].get("/").status(), 200);
}

/// The complaint about memory, for a server with 4 MiB.
const NO_MEMORY: &str = "all of the 4194304 bytes for requests and responses are in use: \
                         more are refused with 503 (see buffered_bytes)";

#[test]
fn contents_that_arrive_slowly_share_the_memory_for_them() {
    let setup = Setup::new(echo_or_large).buffered_bytes(4 << 20);
    let server = setup.start();
    let upload = post(&[b'x'; 600_000]);
    let (most, rest) = upload.split_at(580_000);
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for client in clients.drain(..) {
        // One that is refused stops reading after a while.
        let _ = client.socket().write_all(most);
        let socket = client.socket();
        socket
            .set_read_timeout(Some(millis(100)))
            .expect("a timeout");
        match socket.peek(&mut [0]) {
            Err(_) => accepted.push(client),
            Ok(_) => {
                let answer = &client.last_answers(1)[0];
                assert_eq!(answer.status(), 503);
                assert_eq!(answer.header("Retry-After"), Some("5"));
                refused += 1;
            }
        }
    }
    // A vector that grows has room for twice its content at most.
    assert!((3..=7).contains(&accepted.len()), "{}", accepted.len());
    assert_eq!(accepted.len() + refused, 20);
    // Requests that need no memory are answered meanwhile.
    assert_eq!(server.connect().get("/").body(), b"/");
    let small = post(&[b'x'; 1000]);
    let mut client = server.connect();
    client.send(&small);
    assert_eq!(client.answer().status(), 200);
    for mut client in accepted {
        let socket = client.socket();
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        client.send(rest);
        assert_eq!(client.answer().status(), 200);
    }
    // All memory is free again.
    for _ in 0..5 {
        let mut client = server.connect();
        client.send(&upload);
        assert_eq!(client.answer().body().len(), 600_000);
    }
    assert_eq!(server.errors(), [NO_MEMORY]);
}

#[test]
fn responses_that_nobody_reads_share_the_memory_for_them() {
    let server = Setup::new(echo_or_large).buffered_bytes(4 << 20).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    soon("the memory is used up", || !server.errors().is_empty());
    let mut client = server.connect();
    let refused = client.get("/large");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.header("Retry-After"), Some("5"));
    // The connection stays open, and small responses are sent.
    assert_eq!(client.get("/").body(), b"/");
    drop(stuck);
    soon("the memory is free", || {
        server.connect().get("/large").body().len() == LARGE_BYTES
    });
    assert_eq!(server.errors(), [NO_MEMORY]);
}

#[test]
fn a_stream_arrives_whole_when_the_memory_is_used_up() {
    let setup = Setup::new(|request: &Request<'_>| match request.path() {
        "/large" => large(request),
        _ => Response::text(Body::from_iterator((0..4000).map(|_| vec![b'x'; 10_000]))),
    });
    let server = setup.buffered_bytes(4 << 20).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    soon("the memory is used up", || !server.errors().is_empty());
    let reader = server.connect();
    reader.send("GET / HTTP/1.0\r\n\r\n");
    // The server cannot send more for a while.
    thread::sleep(millis(300));
    let octets = reader.rest().expect("a clean end");
    assert!(octets.len() > 40_000_000, "{}", octets.len());
    drop(stuck);
}

#[test]
fn input_that_waits_for_a_response_counts_as_memory() {
    let server = Setup::new(|request: &Request<'_>| match request.path() {
        "/never" => Response::from_future(std::future::pending::<Response>()),
        _ => echo(request),
    })
    .buffered_bytes(1 << 18)
    .timeouts({
        let mut timeouts = Timeouts::default();
        timeouts.response = millis(1000);
        timeouts
    })
    .start();
    let waiting: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in &waiting {
        client.send([get("/never"), GET.repeat(2000)].concat());
    }
    let upload = post(&[b'x'; 100_000]);
    soon("the memory is used up", || {
        let client = server.connect();
        client.send(&upload[..50_000]);
        let socket = client.socket();
        socket
            .set_read_timeout(Some(millis(50)))
            .expect("a timeout");
        let mut line = [0; 12];
        matches!(client.socket().read_exact(&mut line), Ok(()) if line.ends_with(b"503"))
    });
    drop(waiting);
    soon("the memory is free", || {
        let mut client = server.connect();
        client.send(&upload);
        client.answer().status().code() == 200
    });
}

fn short_head() -> Timeouts {
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(200);
    timeouts
}

#[test]
fn an_incomplete_head_gets_a_408() {
    let server = Setup::new(echo).timeouts(short_head()).start();
    let start = Instant::now();
    let client = server.connect();
    client.send(&GET[..20]);
    let answers = client.last_answers(1);
    assert_eq!(answers[0].status(), 408);
    assert!(answers[0].closes());
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn a_silent_connection_is_closed_without_an_answer() {
    let server = Setup::new(echo).timeouts(short_head()).start();
    let start = Instant::now();
    let client = server.connect();
    assert_eq!(client.rest().expect("a clean end"), b"");
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn an_idle_connection_is_closed_without_another_byte() {
    let mut timeouts = Timeouts::default();
    timeouts.idle = millis(200);
    let server = Setup::new(echo).timeouts(timeouts).start();
    let mut client = server.connect();
    let start = Instant::now();
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(client.rest().expect("a clean end"), b"");
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn incomplete_content_gets_a_408() {
    let mut timeouts = Timeouts::default();
    timeouts.body.gap = millis(200);
    let server = Setup::new(echo).timeouts(timeouts).start();
    let client = server.connect();
    let request = post(b"hello");
    client.send(&request[..request.len() - 1]);
    assert_eq!(client.last_answers(1)[0].status(), 408);
}

#[test]
fn a_peer_that_does_not_read_loses_its_place() {
    let mut timeouts = Timeouts::default();
    timeouts.write.gap = millis(200);
    let setup = Setup::new(echo_or_large).timeouts(timeouts);
    let server = setup.connections(1).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    assert_eq!(server.connect().get("/").status(), 200);
    // A reset, so that the system does not keep the rest of the answer.
    let (octets, end) = stuck.rest_and_end();
    assert!(octets.len() < LARGE_BYTES);
    let end = end.expect_err("a reset");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn fifty_slow_heads_do_not_delay_other_clients() {
    let server = Setup::new(echo).threads(1).start();
    let mut slow: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    let mut client = server.connect();
    for octet in &GET[..GET.len() - 1] {
        for slow in &slow {
            slow.send([*octet]);
        }
        let start = Instant::now();
        assert_eq!(client.get("/").status(), 200);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
    for slow in &mut slow {
        slow.send("\n");
        assert_eq!(slow.answer().status(), 200);
    }
}

#[test]
fn an_early_refusal_can_be_read_while_the_client_keeps_sending() {
    let server = Server::start(echo);
    for _ in 0..30 {
        let client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
        for _ in 0..16 {
            client.send([b'x'; 65_536]);
        }
        let answers = client.last_answers(1);
        assert_eq!(answers[0].status(), 413);
        assert!(answers[0].closes());
    }
}

#[test]
fn a_refusal_can_be_read_after_30_megabytes_were_sent_for_nothing() {
    let site = bytegate::Site::new().file("/a", "a");
    let server = Server::start(site);
    for (path, length, status) in [("/a", 30_000_000, 413), ("/a", 900_000, 405)] {
        let client = server.connect();
        let head = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        client.send(format!("{head}Content-Length: {length}\r\n\r\n"));
        client.send(vec![b'x'; length]);
        assert_eq!(client.last_answers(1)[0].status().code(), status);
    }
}

#[test]
fn a_refused_client_that_never_stops_sending_is_cut_off() {
    let server = Setup::new(echo).connections(1).start();
    let client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    let part = vec![b'x'; 1 << 20];
    let mut writes = (0..1000).map(|_| client.socket().write_all(&part));
    assert!(writes.any(|written| written.is_err()));
    assert_eq!(server.connect().get("/").status(), 200);
}

#[test]
fn a_slow_reader_gets_the_whole_of_a_large_answer() {
    let server = Server::start(echo_or_large);
    let mut client = server.connect();
    client.send(get("/large"));
    let mut octets = Vec::new();
    while octets.len() < LARGE_BYTES {
        let mut part = [0; 65_536];
        let count = client.0.read(&mut part).expect("more");
        assert!(count > 0, "it ended after {} bytes", octets.len());
        octets.extend_from_slice(&part[..count]);
        thread::sleep(millis(1));
    }
    client.end();
    let rest = client.0.read_to_end(&mut octets);
    assert!(rest.is_ok());
    let answers = reader::read_all(&octets, &[Method::GET]);
    assert_eq!(answers[0].body().len(), LARGE_BYTES);
}

#[test]
fn limits_of_the_gateway_apply_to_its_connections() {
    let mut setup = Setup::new(echo);
    let mut config = Config::default();
    (config.limits.requests, config.limits.body_bytes) = (2, 4);
    setup.gateway = setup.gateway.config(config);
    let server = setup.start();
    let client = server.connect();
    client.send(GET.repeat(3));
    assert_eq!(client.last_answers(2).len(), 2);
    let client = server.connect();
    client.send(post(b"hello"));
    assert_eq!(client.last_answers(1)[0].status(), 413);
}

// Slow applications

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

#[test]
fn new_clients_are_served_while_one_thread_is_free() {
    let gate = Gate::new();
    let (enter, entered) = mpsc::channel();
    let held = gate.clone();
    let application = move |request: &Request<'_>| {
        if request.path() == "/held" {
            let _ = enter.send(());
            held.pass();
        }
        echo(request)
    };
    let server = Setup::new(application).threads(4).start();
    let mut held: Vec<Client> = Vec::new();
    let opens = Opens(gate);
    for _ in 0..3 {
        let client = server.connect();
        client.send(get("/held"));
        held.push(client);
        let is_in = entered.recv_timeout(millis(2000));
        assert_eq!(is_in, Ok(()), "{} threads held", held.len() - 1);
        assert_eq!(server.connect().get("/").status(), 200);
    }
    drop(opens);
    for client in &mut held {
        assert_eq!(client.answer().body(), b"/held");
    }
}

/// Longer than every timeout of [`impatient`].
const WORK: Duration = millis(800);

fn impatient() -> Timeouts {
    let mut timeouts = Timeouts::default();
    (timeouts.head, timeouts.idle) = (millis(500), millis(500));
    for pace in [&mut timeouts.body, &mut timeouts.write] {
        (pace.grace, pace.gap) = (millis(500), millis(500));
    }
    timeouts
}

fn slow_echo_or_large(request: &Request<'_>) -> Response {
    if request.body().is_empty() {
        thread::sleep(WORK);
    }
    echo_or_large(request)
}

#[test]
fn time_spent_in_the_application_does_not_count_against_its_answer() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    assert_eq!(client.get("/large").body().len(), LARGE_BYTES);
}

#[test]
fn time_spent_in_the_application_does_not_count_as_idle_time() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    assert_eq!(client.get("/").body(), b"/");
    client.send(post(b"hello"));
    assert_eq!(client.answer().body(), b"hello");
}

#[test]
fn time_spent_in_the_application_does_not_count_against_the_next_head() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    let next = post(b"hello");
    client.send([GET, &next[..10]].concat());
    assert_eq!(client.answer().status(), 200);
    client.send(&next[10..]);
    assert_eq!(client.answer().body(), b"hello");
}

#[test]
fn time_spent_in_the_application_does_not_count_against_the_next_content() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    let next = post(b"hello");
    let cut = next.len() - 2;
    client.send([GET, &next[..cut]].concat());
    assert_eq!(client.answer().status(), 200);
    client.send(&next[cut..]);
    assert_eq!(client.answer().body(), b"hello");
}

#[test]
fn a_long_download_does_not_block_other_clients_of_its_thread() {
    let application = |request: &Request<'_>| match request.path() {
        "/endless" => {
            let block = Bytes::from(vec![b'x'; 65_536]);
            Response::text(Body::from_iterator(std::iter::repeat_with(move || {
                thread::sleep(Duration::from_micros(200));
                block.clone()
            })))
        }
        _ => echo(request),
    };
    let server = Setup::new(application).threads(1).start();
    let mut greedy = server.connect();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    greedy.send(get("/endless"));
    let (begin, begun) = mpsc::channel();
    let reading = thread::spawn(move || {
        let mut part = vec![0; 1 << 20];
        let mut total = 0;
        // Limited, so that the test ends even if the server serves no other client.
        while total < 1 << 30 {
            match greedy.0.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => total += count,
            }
            if begin.send(()).is_err() {
                break;
            }
        }
    });
    begun.recv_timeout(SOON).expect("the download begins");
    let start = Instant::now();
    client.send(GET);
    let answer = client.try_answer();
    drop(begun);
    reading.join().expect("the reader ends");
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_long_upload_does_not_block_other_clients_of_its_thread() {
    struct Slow;
    impl Application for Slow {
        fn call(&self, request: &Request<'_>) -> Response {
            echo(request)
        }
        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::stream(Slow)
        }
    }
    impl Receiver for Slow {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            thread::sleep(Duration::from_micros(200));
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }
    }
    let server = Setup::new(Slow).threads(1).start();
    let greedy = server.connect();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    greedy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");
    let (begin, begun) = mpsc::channel();
    let sending = thread::spawn(move || {
        let part = vec![b'x'; 1 << 20];
        // Limited, so that the test ends even if the server serves no other client.
        for _ in 0..256 {
            let written = greedy.socket().write_all(&part);
            if written.is_err() || begin.send(()).is_err() {
                break;
            }
        }
    });
    begun.recv_timeout(SOON).expect("the upload begins");
    let start = Instant::now();
    client.send(GET);
    let answer = client.try_answer();
    drop(begun);
    sending.join().expect("the sender ends");
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(start.elapsed() < Duration::from_secs(1));
}

// Applications that break the rules

fn deliberate() -> Response {
    panic!("deliberate")
}

#[test]
fn a_hundred_panics_among_a_thousand_requests_do_not_affect_others() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => deliberate(),
        _ => echo(request),
    });
    let address = server.address;
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(move || {
                let mut steady = Client::of(address);
                for _ in 0..10 {
                    let mut client = Client::of(address);
                    for _ in 0..4 {
                        assert_eq!(client.get("/fine").body(), b"/fine");
                    }
                    client.send(get("/panic"));
                    let answers = client.last_answers(1);
                    assert_eq!(answers[0].status(), 500);
                    assert!(answers[0].closes());
                    for _ in 0..5 {
                        assert_eq!(steady.get("/fine").body(), b"/fine");
                    }
                }
            });
        }
    });
    let errors = server.errors();
    assert_eq!(errors.len(), 100);
    assert!(errors.iter().all(|line| line.contains("deliberate")));
    assert!(errors.iter().all(|line| !line.contains('\n')));
    assert_eq!(server.accesses().lines().count(), 1000);
}

/// A stream of three blocks and then a panic.
fn panicking_stream() -> Response {
    Response::text(Body::from_iterator((0..).map(|number| match number {
        0..3 => vec![b'x'; 100_000],
        _ => panic!("deliberate"),
    })))
}

#[test]
fn a_panic_in_a_stream_closes_only_that_connection() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => panicking_stream(),
        _ => echo(request),
    });
    let mut other = server.connect();
    for _ in 0..10 {
        let client = server.connect();
        client.send(get("/panic"));
        let (octets, _) = client.rest_and_end();
        assert!(octets.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(!octets.ends_with(b"0\r\n\r\n"));
        assert_eq!(other.get("/").status(), 200);
    }
    let errors = server.errors();
    let panics = errors.iter().filter(|line| line.contains("deliberate"));
    assert_eq!(panics.count(), 10);
}

#[test]
fn a_panic_in_a_stream_does_not_lose_earlier_answers() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator((0..).map(|_: i32| -> Vec<u8> {
            panic!("deliberate");
        }))),
        _ => echo(request),
    });
    let mut client = server.connect();
    client.send([get("/a"), get("/b"), get("/panic")].concat());
    assert_eq!(client.answer().body(), b"/a");
    assert_eq!(client.answer().body(), b"/b");
}

#[test]
fn a_panic_in_a_stream_does_not_lose_log_lines() {
    panics_are_silent();
    let mut server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator((0..).map(|_: i32| -> Vec<u8> {
            panic!("deliberate");
        }))),
        _ => echo(request),
    });
    let client = server.connect();
    client.send([get("/a"), get("/panic")].concat());
    drop(client.rest());
    server.stop();
    let log = server.accesses();
    assert!(log.contains("\"GET /a HTTP/1.1\" 200 2\n"), "{log:?}");
    assert!(log.contains("\"GET /panic HTTP/1.1\" 200 -\n"), "{log:?}");
}

#[test]
fn a_panic_in_a_destructor_does_not_affect_others() {
    panics_are_silent();
    struct Bomb;
    impl Iterator for Bomb {
        type Item = Vec<u8>;
        fn next(&mut self) -> Option<Vec<u8>> {
            None
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("deliberate");
        }
    }
    let server = Setup::new(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator(Bomb)),
        _ => echo(request),
    });
    let server = server.threads(1).start();
    let mut other = server.connect();
    assert_eq!(other.get("/").status(), 200);
    for method in ["GET", "HEAD"] {
        let client = server.connect();
        client.send(format!("{method} /panic HTTP/1.1\r\nHost: x\r\n\r\n"));
        // The connection may have been reset already.
        let _ = client.socket().shutdown(Shutdown::Write);
        drop(client.rest());
        other.send(GET);
        assert_eq!(
            other.try_answer().map(|answer| answer.status().code()).ok(),
            Some(200),
            "{method}"
        );
    }
}

#[test]
fn a_panic_in_a_receiver_is_a_500() {
    panics_are_silent();
    #[derive(Clone, Copy)]
    enum Panics {
        Admit,
        Data,
        Finish,
    }
    struct Uploads;
    impl Application for Uploads {
        fn call(&self, request: &Request<'_>) -> Response {
            echo(request)
        }
        fn admit(&self, request: &Request<'_>) -> Admission {
            let panics = match request.path() {
                "/admit" => Panics::Admit,
                "/data" => Panics::Data,
                _ => Panics::Finish,
            };
            if let Panics::Admit = panics {
                deliberate();
            }
            Admission::stream(panics)
        }
    }
    impl Receiver for Panics {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            if let Panics::Data = self {
                deliberate();
            }
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            deliberate()
        }
    }
    let server = Server::start(Uploads);
    let mut other = server.connect();
    for path in ["/admit", "/data", "/finish"] {
        let mut client = server.connect();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        ));
        assert_eq!(client.answer().status(), 500, "{path}");
        assert_eq!(other.get("/").status(), 200);
    }
    let errors = server.errors();
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().all(|line| line.contains("deliberate")));
}

#[test]
fn an_invalid_response_is_replaced_and_reported() {
    let server = Server::start(|_: &Request<'_>| {
        Response::text("hello").with_header("X-Bad", "a\r\nSet-Cookie: b")
    });
    let mut client = server.connect();
    let answer = client.get("/");
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(server.errors().len(), 1);
    assert!(server.errors()[0].contains("X-Bad"));
    // The connection stays usable.
    assert_eq!(client.get("/").status(), 500);
}

fn broken_stream(length: Option<u64>) -> Response {
    let blocks = [Ok(Bytes::from_static(b"block")), Err(BodyError)];
    Response::text(Body::try_from_iterator(length, blocks.into_iter()))
}

#[test]
fn a_stream_that_breaks_off_ends_after_its_last_block() {
    let server = Server::start(|_: &Request<'_>| broken_stream(None));
    let client = server.connect();
    client.send(GET);
    let (octets, _) = client.rest_and_end();
    assert!(octets.ends_with(b"\r\n\r\n5\r\nblock\r\n"));
}

#[test]
fn a_stream_that_breaks_off_looks_incomplete_to_an_http_1_0_client() {
    let server = Server::start(|_: &Request<'_>| broken_stream(None));
    let client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    // Only the close marks the end of the content here, so it must not be a clean one.
    let end = client.rest();
    assert!(
        end.is_err(),
        "{:?} ended cleanly",
        end.map(|octets| octets.len())
    );
}

#[test]
fn a_stream_that_is_not_as_long_as_declared_is_reported() {
    let mut server = Server::start(|_: &Request<'_>| {
        let blocks = [Ok(Bytes::from_static(b"block"))];
        Response::text(Body::try_from_iterator(Some(3), blocks.into_iter()))
    });
    let client = server.connect();
    client.send(GET);
    drop(client.rest());
    server.stop();
    assert_eq!(server.errors().len(), 1);
}

// The access log

#[test]
fn every_request_gets_a_line_in_the_access_log() {
    panics_are_silent();
    let mut server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => deliberate(),
        "/stream" => Response::text(Body::from_iterator(["one", "two"].into_iter())),
        _ => echo(request),
    });
    let one = server.connect();
    let requests = [
        get("/a?b=c"),
        b"HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        post(b"hello"),
        get("/stream"),
        b"GET /bad HTTP/1.1\r\nHost : x\r\n\r\n".to_vec(),
    ];
    one.send(requests.concat());
    drop(one.rest());
    for request in [
        get("/panic"),
        b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".to_vec(),
        b"\x1b\"GET /\r\n".to_vec(),
    ] {
        let client = server.connect();
        client.send(request);
        client.end();
        drop(client.rest());
    }
    // Without a request, nothing is logged.
    drop(server.connect());
    server.stop();
    let log = server.accesses();
    assert!(log.ends_with('\n'));
    let expected = [
        "GET /a?b=c HTTP/1.1\" 200 2",
        "HEAD /abc HTTP/1.1\" 200 0",
        "POST / HTTP/1.1\" 200 5",
        "GET /stream HTTP/1.1\" 200 -",
        "GET /bad HTTP/1.1\" 400 ",
        "GET /panic HTTP/1.1\" 500 ",
        "POST /big HTTP/1.1\" 413 ",
        "\\x1b\" 400 ",
    ];
    assert_eq!(log.lines().count(), expected.len(), "{log}");
    for (line, expected) in log.lines().zip(expected) {
        let date = line.strip_prefix("127.0.0.1 - - [").expect("a client");
        let (date, request) = date.split_once("] \"").expect("a date");
        assert_eq!(date.len(), "10/Oct/2000:13:55:36 +0000".len());
        assert!(date.ends_with(" +0000"));
        assert!(request.starts_with(expected), "{line}");
        let (_, length) = request.rsplit_once(' ').expect("a length");
        assert!(length == "-" || length.parse::<u64>().is_ok(), "{line}");
    }
}

// Answers that come later

/// Answers at once, or after a while without blocking the thread.
fn patient(request: &Request<'_>) -> Response {
    match request.path() {
        "/slow" => Response::from_future(async {
            smol::Timer::after(millis(300)).await;
            "slow"
        }),
        _ => echo(request),
    }
}

/// The duration of the slowest of a hundred requests.
fn slowest_of_a_hundred(client: &mut Client) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let start = Instant::now();
        assert_eq!(client.get("/fast").body(), b"/fast");
        slowest = slowest.max(start.elapsed());
    }
    slowest
}

#[test]
fn a_slow_answer_does_not_delay_other_clients_of_its_thread() {
    let sleeps = |_: &Request<'_>| {
        thread::sleep(millis(300));
        "slow"
    };
    let blocking = bytegate::Router::new()
        .get("/slow", net::blocking(sleeps))
        .fallback(echo);
    for server in [
        Setup::new(patient).threads(1).start(),
        Setup::new(blocking).threads(1).start(),
    ] {
        let mut slow = [server.connect(), server.connect(), server.connect()];
        let start = Instant::now();
        for client in &slow {
            client.send(get("/slow"));
        }
        let slowest = slowest_of_a_hundred(&mut server.connect());
        assert!(slowest < millis(100), "{slowest:?}");
        for client in &mut slow {
            assert_eq!(client.answer().body(), b"slow");
        }
        let took = start.elapsed();
        assert!((millis(290)..millis(800)).contains(&took), "{took:?}");
        // The connection still works, and pipelined requests are answered in order.
        slow[0].send([get("/slow"), get("/fast")].concat());
        assert_eq!(slow[0].answer().body(), b"slow");
        assert_eq!(slow[0].answer().body(), b"/fast");
    }
}

#[test]
fn a_blocking_application_refuses_requests_above_its_limit() {
    let gate = Gate::new();
    let closed = gate.clone();
    let blocking = net::blocking(move |_: &Request<'_>| {
        closed.pass();
        "passed"
    });
    let server = Setup::new(blocking).connections(400).start();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..330 {
        let client = server.connect();
        client.send(GET);
        clients.push(client);
    }
    let mut refused = Vec::new();
    soon("ten are refused", || {
        let has_answer = |client: &Client| {
            let socket = client.socket();
            socket.set_nonblocking(true).expect("a mode");
            let is_there = socket.peek(&mut [0]).is_ok();
            socket.set_nonblocking(false).expect("a mode");
            is_there
        };
        let (answered, waiting) = clients.drain(..).partition(has_answer);
        clients = waiting;
        refused.extend::<Vec<Client>>(answered);
        refused.len() == 10
    });
    for client in &mut refused {
        let answer = client.answer();
        let retry_after = answer.header("retry-after");
        assert_eq!((answer.status().code(), retry_after), (503, Some("1")));
    }
    drop(Opens(gate));
    for client in &mut clients {
        assert_eq!(client.answer().body(), b"passed");
    }
}

#[test]
fn the_answer_to_a_client_that_is_gone_is_dropped() {
    struct OnDrop(mpsc::Sender<()>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (send, dropped) = mpsc::channel();
    let (enter, entered) = mpsc::channel();
    let server = Server::start(move |_: &Request<'_>| {
        let guard = OnDrop(send.clone());
        let _ = enter.send(());
        Response::from_future(async move {
            let _guard = guard;
            std::future::pending::<&str>().await
        })
    });
    let client = server.connect();
    client.send(GET);
    entered.recv_timeout(SOON).expect("a request comes");
    let socket = socket2::SockRef::from(client.socket());
    socket.set_linger(Some(Duration::ZERO)).expect("a reset");
    drop(client);
    dropped.recv_timeout(SOON).expect("the future is dropped");
}

#[test]
fn an_answer_that_never_comes_is_a_503() {
    let mut timeouts = Timeouts::default();
    timeouts.response = millis(200);
    let setup = Setup::new(|_: &Request<'_>| Response::from_future(std::future::pending::<&str>()));
    let server = setup.timeouts(timeouts).start();
    let client = server.connect();
    client.send([GET, GET].concat());
    assert_eq!(client.last_answers(1)[0].status(), 503);
}

#[test]
fn events_reach_every_client_and_delay_no_other_on_one_thread() {
    events_reach_every_client_and_delay_no_other(1);
}

#[test]
fn events_reach_every_client_and_delay_no_other_on_two_threads() {
    events_reach_every_client_and_delay_no_other(2);
}

fn events_reach_every_client_and_delay_no_other(threads: usize) {
    let senders = Arc::new(Mutex::new(Vec::new()));
    let keep = senders.clone();
    let setup = Setup::new(move |request: &Request<'_>| match request.path() {
        "/events" => {
            let (sender, body) = Body::channel(16);
            keep.lock().expect("a list").push(sender);
            Response::of_type("text/event-stream", body)
        }
        _ => echo(request),
    });
    let server = setup.threads(threads).start();
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(get("/events"));
    }
    soon("all listen", || senders.lock().expect("a list").len() == 3);
    for event in ["data: one\n\n", "data: two\n\n"] {
        for sender in senders.lock().expect("a list").iter() {
            sender.send(event).expect("a client reads");
        }
        for client in &mut clients {
            let mut seen = Vec::new();
            while !seen.ends_with(event.as_bytes()) {
                let mut byte = [0];
                client.0.read_exact(&mut byte).expect("an event");
                seen.push(byte[0]);
            }
        }
        let slowest = slowest_of_a_hundred(&mut server.connect());
        assert!(slowest < millis(100), "{slowest:?}");
    }
    // The server notices that a client has left although it sent nothing.
    drop(clients.pop());
    let gone = || {
        let senders = senders.lock().expect("a list");
        let closed = |sender: &bytegate::body::BodySender| {
            let _ = sender.try_send(": still there?\n\n");
            sender.is_closed()
        };
        senders.iter().filter(|sender| closed(sender)).count() == 1
    };
    soon("one is gone", gone);
    for sender in senders.lock().expect("a list").drain(..) {
        sender.finish();
    }
}

// Stopping

#[test]
fn a_stop_closes_idle_connections() {
    let mut server = Server::start(echo);
    let mut used = server.connect();
    assert_eq!(used.get("/").status(), 200);
    let unused = server.connect();
    server.ask_to_stop();
    assert_eq!(used.rest().expect("a clean end"), b"");
    assert_eq!(unused.rest().expect("a clean end"), b"");
    server.stop();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_stop_lets_a_request_in_progress_be_answered() {
    for threads in [1, 4] {
        let (enter, entered) = mpsc::channel();
        let setup = Setup::new(move |request: &Request<'_>| {
            let _ = enter.send(());
            thread::sleep(millis(300));
            echo(request)
        });
        let mut server = setup.threads(threads).start();
        let mut clients = [server.connect(), server.connect()];
        for client in &clients {
            client.send(get("/slow"));
            client.end();
        }
        entered.recv_timeout(SOON).expect("a request comes");
        server.stop();
        for client in &mut clients {
            assert_eq!(client.answer().body(), b"/slow");
        }
    }
}

#[test]
fn an_answer_made_during_a_stop_says_that_the_connection_closes() {
    // The application requests the stop itself, and keeps the thread that handles it free.
    let (stop, stopped) = channel::bounded::<()>(1);
    let ask = stop.clone();
    let application = move |_: &Request<'_>| {
        if thread::current().name() == Some(SERVING) {
            thread::sleep(millis(5));
            return Response::text("elsewhere");
        }
        let _ = ask.try_send(());
        thread::sleep(millis(300));
        Response::text("here")
    };
    let mut server = Custom::new(Setup::new(application));
    server.stop = (stop, stopped);
    let address = server.listener.local_addr().expect("an address");
    server.serve(|| {
        let answer = (0..200).find_map(|_| {
            let mut clients = [Client::of(address), Client::of(address)];
            for client in &clients {
                client.send(GET);
            }
            let mut answers = clients
                .iter_mut()
                .filter_map(|client| client.try_answer().ok());
            answers.find(|answer| answer.body() == b"here")
        });
        let answer = answer.expect("a second thread serves requests, too");
        assert!(answer.closes());
    });
}

#[test]
fn a_stop_lets_a_partly_sent_request_be_completed() {
    let mut server = Server::start(echo);
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    let request = post(b"hello");
    client.send(&request[..20]);
    // The test cannot see when the server has read this part, but it is answered either way.
    server.ask_to_stop();
    soon("the server has stopped", || {
        TcpStream::connect(server.address).is_err()
    });
    client.send(&request[20..]);
    let answers = client.last_answers(1);
    assert_eq!(answers[0].body(), b"hello");
    assert!(answers[0].closes());
}

#[test]
fn a_stop_waits_one_second_for_an_incomplete_request() {
    let mut server = Server::start(echo);
    let mut halves = Vec::new();
    for _ in 0..5 {
        let client = server.connect();
        client.send(&GET[..20]);
        halves.push(client);
    }
    let client = server.connect();
    client.send(&post(b"hello")[..50]);
    halves.push(client);
    thread::sleep(millis(50));
    let took = server.stop();
    assert!((millis(900)..millis(3000)).contains(&took), "{took:?}");
    for client in halves {
        let answers = client.last_answers(1);
        assert_eq!(
            (answers[0].status().code(), answers[0].closes()),
            (408, true)
        );
    }
}

#[test]
fn a_stop_waits_for_a_client_that_does_not_read_only_until_its_timeout() {
    let mut setup = Setup::new(echo_or_large);
    setup.options.stop_timeout = millis(1500);
    let mut server = setup.start();
    let reader = server.connect();
    reader.send(get("/large"));
    reader.socket().peek(&mut [0]).expect("an answer begins");
    let took = server.stop();
    assert!((millis(1400)..millis(3000)).contains(&took), "{took:?}");
}

/// Starts a server that has been told to stop before it accepts its first connection.
fn serve_when_stopped(mut server: Custom, talk: impl FnOnce()) {
    server.stop.0 = channel::bounded(1).0;
    server.serve(talk);
}

#[test]
fn a_stop_serves_connections_in_the_backlog() {
    let server = Custom::new(Setup::new(echo));
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(GET);
    }
    serve_when_stopped(server, || {
        for client in &mut clients {
            assert_eq!(client.answer().status(), 200);
        }
    });
}

#[test]
fn a_stop_serves_connections_in_the_backlog_above_the_limit() {
    let server = Custom::new(Setup::new(echo).connections(2));
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    for client in &clients {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.end();
    }
    serve_when_stopped(server, || {});
    let answered = clients
        .iter_mut()
        .filter_map(|client| client.try_answer().ok());
    assert_eq!(answered.count(), 6);
}

#[test]
fn a_stop_closes_connections_that_do_not_end() {
    let mut setup = Setup::new(echo_or_large);
    setup.options.stop_timeout = millis(300);
    let mut server = setup.start();
    let (head, content, reader) = (server.connect(), server.connect(), server.connect());
    head.send(&GET[..10]);
    content.send(&post(b"hello")[..50]);
    reader.send(get("/large"));
    reader.socket().peek(&mut [0]).expect("an answer begins");
    let took = server.stop();
    assert!((millis(300)..millis(2000)).contains(&took), "{took:?}");
    assert!(matches!(head.rest().as_deref(), Ok(b"") | Err(_)));
    assert!(matches!(content.rest().as_deref(), Ok(b"") | Err(_)));
    let cut = reader.rest();
    assert!(cut.is_err() || cut.is_ok_and(|octets| octets.len() < LARGE_BYTES));
}

#[test]
fn a_stop_that_cuts_a_response_without_a_length_does_not_let_it_look_complete() {
    let (sender, body) = Body::channel(4);
    let body = std::sync::Mutex::new(Some(body));
    let mut setup = Setup::new(move |_: &Request<'_>| {
        let body = body.lock().expect("a body").take();
        Response::text(body.expect("one request"))
    });
    setup.options.stop_timeout = millis(300);
    let mut server = setup.start();
    sender.try_send("block").expect("room");
    let client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    client.socket().peek(&mut [0]).expect("an answer begins");
    server.stop();
    let end = client.rest();
    assert!(end.is_err(), "{:?}", end.map(|octets| octets.len()));
    drop(sender);
}

#[test]
fn a_stop_ends_event_streams_at_once_and_well() {
    for threads in [1, 2] {
        let news = Broadcast::new(10_000);
        let subscribed = news.clone();
        let subscribe = move |_: &Request<'_>| Response::events(subscribed.subscribe());
        let mut server = Setup::new(subscribe).threads(threads).start();
        let clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
        clients.iter().for_each(|client| client.send(GET));
        soon("all subscribe", || news.send(Event::new("hello")) == 3);

        let asked = Instant::now();
        server.ask_to_stop();
        for mut client in clients {
            assert!(client.answer().body().ends_with(b"data: hello\n\n"));
        }
        let took = asked.elapsed();
        assert!(took < millis(1000), "{took:?}");
    }
}

/// A handler that works for five milliseconds, on one thread, and a client that sends many requests to it at once.
fn busy_with_pipelined_requests() -> (Server, Client) {
    let work = |_: &Request<'_>| {
        let end = Instant::now() + millis(5);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        "done"
    };
    let router = Router::new()
        .get("/work", work)
        .get("/", |_: &Request<'_>| "hello");
    let server = Setup::new(router).threads(1).start();
    let greedy = server.connect();
    greedy.send(get("/work").repeat(500));
    greedy.socket().peek(&mut [0]).expect("the first response");
    (server, greedy)
}

#[test]
fn pipelined_requests_hold_other_clients_up_for_one_call_only() {
    let (server, _greedy) = busy_with_pipelined_requests();
    let mut client = server.connect();
    let waits = (0..20).map(|_| {
        let start = Instant::now();
        assert_eq!(client.get("/").body(), b"hello");
        start.elapsed()
    });
    let mut waits: Vec<_> = waits.collect();
    waits.sort();
    // Usually 5 ms. The machine of the test may be busy.
    assert!(waits[10] < millis(100), "{waits:?}");
}

#[test]
fn a_stop_does_not_wait_for_pipelined_requests() {
    let (mut server, greedy) = busy_with_pipelined_requests();
    let stopped = server.stop();
    assert!(stopped < millis(1500), "{stopped:?}");
    let answered = greedy.rest();
    let answered = answered.map(|bytes| bytes.len());
    assert!(
        answered.is_ok_and(|bytes| bytes > 0),
        "the last response is whole"
    );
}

// Measurements of the whole process

impl Setup {
    /// Settings for a test that must run alone in the process.
    fn alone(application: impl Application + 'static) -> Setup {
        let turn = ALONE.write().unwrap_or_else(PoisonError::into_inner);
        Setup::with_turn(application, Turn::Alone(turn))
    }
}

#[cfg(target_os = "linux")]
#[test]
fn broken_connections_leak_no_sockets() {
    fn sockets() -> usize {
        let descriptors = std::fs::read_dir("/proc/self/fd").expect("descriptors");
        let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }
    let server = Setup::alone(echo_or_large).start();
    let before = sockets();
    for number in 0..200 {
        let mut client = server.connect();
        match number % 5 {
            0 => {}
            1 => client.send(&GET[..10]),
            2 => client.send(&post(b"hello")[..50]),
            // Closing with an unread answer sends a reset.
            3 => {
                client.send(GET);
                client.socket().peek(&mut [0]).expect("an answer");
            }
            _ => {
                client.send(get("/large"));
                let part = client.0.read_exact(&mut [0; 65_536]);
                part.expect("a part");
            }
        }
    }
    soon("all sockets are closed", || sockets() <= before);
    assert_eq!(server.connect().get("/").status(), 200);
}

#[cfg(target_os = "linux")]
#[test]
fn waiting_connections_use_no_processor_time() {
    /// In hundredths of a second.
    fn processor_time() -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("statistics");
        let (_, stat) = stat.rsplit_once(") ").expect("a name");
        let times = stat.split(' ').skip(11).take(2);
        times.map(|time| time.parse::<u64>().expect("ticks")).sum()
    }
    let server = Setup::alone(echo_or_large).start();
    let mut used = server.connect();
    assert_eq!(used.get("/").status(), 200);
    let begun = server.connect();
    begun.send(&GET[..10]);
    let uploading = server.connect();
    uploading.send(&post(b"hello")[..50]);
    // It neither reads nor sends any more.
    let stuck = server.connect();
    stuck.send(get("/large"));
    stuck.end();
    stuck.socket().peek(&mut [0]).expect("an answer begins");
    // It was refused, but stays connected.
    let mut refused = server.connect();
    refused.send("nonsense\r\n\r\n");
    assert_eq!(refused.answer().status(), 400);
    let before = processor_time();
    thread::sleep(millis(500));
    let spent = processor_time() - before;
    assert!(spent <= 10, "{spent} hundredths of a second");
}
