//! Responses that come later.

use super::*;
use bytegate::net::Blocking;
use std::num::NonZeroUsize;

/// The time that a slow response takes. Much longer than a busy machine delays another.
const SLOW: Duration = millis(1500);

/// Responds at once, or after a while without blocking the thread.
fn patient(request: &Request<'_>) -> Response {
    match request.path() {
        "/slow" => Response::from_future(async {
            smol::Timer::after(SLOW).await;
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
fn a_slow_response_does_not_delay_other_clients_of_its_thread() {
    let sleeps = |_: &Request<'_>| {
        thread::sleep(SLOW);
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
        assert!(slowest < SLOW / 2, "{slowest:?}");
        for client in &mut slow {
            assert_eq!(client.response().body(), b"slow");
        }
        let took = start.elapsed();
        // At the same time, not one after the other.
        assert!((SLOW - millis(10)..SLOW * 3).contains(&took), "{took:?}");
        // The connection still works, and pipelined requests get responses in order.
        slow[0].send([get("/slow"), get("/fast")].concat());
        assert_eq!(slow[0].response().body(), b"slow");
        assert_eq!(slow[0].response().body(), b"/fast");
    }
}

#[test]
fn a_blocking_application_refuses_requests_above_its_limit() {
    some_are_refused(330, 10, |blocking| blocking);
}

#[test]
fn the_limits_of_a_blocking_application_can_be_set() {
    let two = NonZeroUsize::new(2).expect("not zero");
    some_are_refused(9, 4, |blocking| blocking.max_running(two).max_waiting(3));
    some_are_refused(3, 1, |blocking| blocking.max_waiting(0).max_running(two));
    some_are_refused(9, 0, |blocking| {
        blocking.max_running(two).max_waiting(usize::MAX)
    });
}

type Closed = Box<dyn Fn(&Request<'_>) -> &'static str + Send + Sync>;

/// Sends requests to an application that blocks, and expects that some get a 503, and that the others run in the end.
fn some_are_refused(
    requests: usize,
    refusals: usize,
    limit: impl Fn(Blocking<Closed>) -> Blocking<Closed>,
) {
    let gate = Gate::new();
    let closed = gate.clone();
    let blocking = net::blocking(Box::new(move |_: &Request<'_>| {
        closed.pass();
        "passed"
    }) as Closed);
    let server = Setup::new(limit(blocking)).connections(400).start();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..requests {
        let client = server.connect();
        client.send(GET);
        clients.push(client);
    }
    let mut refused = Vec::new();
    soon("some are refused", || {
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
        refused.len() == refusals
    });
    for client in &mut refused {
        let response = client.response();
        let retry_after = response.header("retry-after");
        assert_eq!((response.status().code(), retry_after), (503, Some("1")));
    }
    drop(Opens(gate));
    for client in &mut clients {
        assert_eq!(client.response().body(), b"passed");
    }
}

#[test]
fn the_response_to_a_client_that_is_gone_is_dropped() {
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
fn a_response_that_never_comes_is_a_503() {
    let mut timeouts = Timeouts::default();
    timeouts.response = millis(200);
    let setup = Setup::new(|_: &Request<'_>| Response::from_future(std::future::pending::<&str>()));
    let server = setup.timeouts(timeouts).start();
    let client = server.connect();
    client.send([GET, GET].concat());
    assert_eq!(client.last_two_responses(1)[0].status(), 503);
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
        assert!(slowest < SLOW / 2, "{slowest:?}");
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
