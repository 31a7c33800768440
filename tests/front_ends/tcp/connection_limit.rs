//! How many connections are open, and which ones make room.

use super::*;

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
    assert_eq!(second.response().status(), 200);
    // The second is idle now and is closed to make room for the third.
    assert_eq!(third.response().status(), 200);
    assert_eq!(second.rest().expect("a clean end"), b"");
    first.send(&GET[5..]);
    assert_eq!(first.response().status(), 200);
}

/// The time within which a new client gets its response.
const AT_ONCE: Duration = millis(2000);

fn responds_at_once(server: &Server) -> Client {
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
            // Longer than the threads of a busy machine may delay the end of an exchange.
            thread::sleep(millis(10));
        }
        // They keep their places, so that two others must go.
        let mut newer = [responds_at_once(&server), responds_at_once(&server)];
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
                "all 20 connections are in use: idle and slow ones are closed to make room \
                 (see --connections, or Options::max_connections)"
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
        responds_at_once(&server);
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
        assert!(slowest < millis(4000), "{slowest:?}");
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

#[cfg(target_os = "linux")]
#[test]
fn a_response_that_makes_room_for_others_does_not_look_complete() {
    const CLIENTS: usize = 18;
    const BLOCKS: usize = 500;
    let app = |request: &Request<'_>| match request.path() {
        "/stream" => {
            // Without a length, and more than the system takes from one that reads nothing.
            let blocks = (0..BLOCKS).map(|_| vec![b'x'; 16 * 1024]);
            Response::text(Body::from_iterator(blocks))
        }
        _ => Response::text("hello"),
    };
    let server = Setup::new(app).connections(CLIENTS).start();
    let stuck: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    for client in &stuck {
        // A body of HTTP/1.0 ends with the connection.
        client.send("GET /stream HTTP/1.0\r\n\r\n");
        client.socket().peek(&mut [0]).expect("a response begins");
    }
    slowest_of_another_address(server.address, 1);
    let is_cut = stuck.into_iter().any(|client| match client.rest() {
        Ok(received) => {
            let length = received.len();
            assert!(length > BLOCKS * 16 * 1024, "{length} bytes look complete");
            false
        }
        Err(_) => true,
    });
    assert!(is_cut);
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
    let responses = first.last_two_responses(1);
    assert_eq!(responses[0].status(), 503);
    assert_eq!(responses[0].header("Retry-After"), Some("5"));
    second.send(&GET[20..]);
    assert_eq!(second.response().status(), 200);
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
    assert!((millis(4500)..millis(8000)).contains(&took), "{took:?}");
    assert_eq!(clients[0].get("/").status(), 200);
}
