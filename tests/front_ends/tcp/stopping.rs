//! Servers that are stopped.

use super::*;

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
fn a_stop_lets_a_request_in_progress_get_its_response() {
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
            assert_eq!(client.response().body(), b"/slow");
        }
    }
}

#[test]
fn a_response_made_during_a_stop_says_that_the_connection_closes() {
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
        let response = (0..200).find_map(|_| {
            let mut clients = [Client::of(address), Client::of(address)];
            for client in &clients {
                client.send(GET);
            }
            let mut responses = clients
                .iter_mut()
                .filter_map(|client| client.try_response().ok());
            responses.find(|response| response.body() == b"here")
        });
        let response = response.expect("a second thread serves requests, too");
        assert!(response.closes());
    });
}

#[test]
fn a_stop_lets_a_partly_sent_request_be_completed() {
    let mut server = Server::start(echo);
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    let request = post(b"hello");
    client.send(&request[..20]);
    // The test cannot see when the server has read this part, but it gets a response either way.
    server.ask_to_stop();
    soon("the server has stopped", || {
        TcpStream::connect(server.address).is_err()
    });
    client.send(&request[20..]);
    let responses = client.last_two_responses(1);
    assert_eq!(responses[0].body(), b"hello");
    assert!(responses[0].closes());
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
    assert!((millis(900)..millis(6000)).contains(&took), "{took:?}");
    for client in halves {
        let responses = client.last_two_responses(1);
        assert_eq!(
            (responses[0].status().code(), responses[0].closes()),
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
    assert!((millis(1400)..millis(6000)).contains(&took), "{took:?}");
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
            assert_eq!(client.response().status(), 200);
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
        .filter_map(|client| client.try_response().ok());
    assert_eq!(answered.count(), 6);
}

#[test]
fn a_stop_closes_connections_that_do_not_end() {
    let mut setup = Setup::new(echo_or_large);
    setup.options.stop_timeout = millis(300);
    let mut server = setup.start();
    let (head, body, reader) = (server.connect(), server.connect(), server.connect());
    head.send(&GET[..10]);
    body.send(&post(b"hello")[..50]);
    reader.send(get("/large"));
    reader.socket().peek(&mut [0]).expect("an answer begins");
    let took = server.stop();
    assert!((millis(300)..millis(5000)).contains(&took), "{took:?}");
    assert!(matches!(head.rest().as_deref(), Ok(b"") | Err(_)));
    assert!(matches!(body.rest().as_deref(), Ok(b"") | Err(_)));
    let cut = reader.rest();
    assert!(cut.is_err() || cut.is_ok_and(|bytes| bytes.len() < LARGE_BYTES));
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
    assert!(end.is_err(), "{:?}", end.map(|bytes| bytes.len()));
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
            assert!(client.response().body().ends_with(b"data: hello\n\n"));
        }
        let took = asked.elapsed();
        assert!(took < millis(4000), "{took:?}");
    }
}

/// The number of requests of a client that sends all of them at once. Together, they take at least ten seconds.
const GREEDY: usize = 2000;

/// A handler that works for five milliseconds, on one thread, and a client that sends many requests to it at once.
fn busy_with_pipelined_requests(setup: fn(Router) -> Setup) -> (Server, Client) {
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
    let server = setup(router).threads(1).start();
    let greedy = server.connect();
    greedy.send(get("/work").repeat(GREEDY));
    greedy.socket().peek(&mut [0]).expect("the first response");
    (server, greedy)
}

/// Returns the times that twenty requests of another client take, in ascending order.
fn waits_of_another_client(server: &Server) -> Vec<Duration> {
    let mut client = server.connect();
    let waits = (0..20).map(|_| {
        let start = Instant::now();
        assert_eq!(client.get("/").body(), b"hello");
        start.elapsed()
    });
    let mut waits: Vec<_> = waits.collect();
    waits.sort();
    waits
}

#[test]
fn pipelined_requests_hold_other_clients_up_for_one_call_only() {
    let (server, _greedy) = busy_with_pipelined_requests(Setup::new);
    let waits = waits_of_another_client(&server);
    // Usually 5 ms. The machine of the test may be busy.
    assert!(waits[10] < millis(500), "{waits:?}");
}

/// There, the thread that waits for events and the one that serves run at different times.
#[test]
fn pipelined_requests_hold_other_clients_up_for_one_call_only_on_a_busy_machine() {
    let is_over = AtomicBool::new(false);
    let threads = 4 * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let (server, _greedy) = busy_with_pipelined_requests(Setup::alone);
        for _ in 0..threads {
            scope.spawn(|| {
                let until = Instant::now() + 2 * SOON;
                while !is_over.load(Ordering::Relaxed) && Instant::now() < until {
                    std::hint::spin_loop();
                }
            });
        }
        let waits = waits_of_another_client(&server);
        is_over.store(true, Ordering::Relaxed);
        // The other client did not wait for all requests of the greedy one.
        assert!(waits.iter().sum::<Duration>() < millis(10_000), "{waits:?}");
    });
}

#[test]
fn a_stop_does_not_wait_for_pipelined_requests() {
    let (mut server, greedy) = busy_with_pipelined_requests(Setup::new);
    let stopped = server.stop();
    assert!(stopped < millis(1500), "{stopped:?}");
    let answered = greedy.rest();
    let answered = answered.map(|bytes| bytes.len());
    assert!(
        answered.is_ok_and(|bytes| bytes > 0),
        "the last response is whole"
    );
}

#[test]
fn a_server_that_drains_still_accepts_clients_for_a_while() {
    let mut setup = Setup::new(echo);
    // Far longer than the test, which drops the server.
    setup.options.drain_delay = Duration::from_secs(600);
    let readiness = setup.options.readiness.clone();
    assert_eq!(readiness.phase(), net::Phase::Starting);
    let listener = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = channel::bounded::<()>(1);
    let talk = smol::unblock(move || {
        let mut old = Client::of(address);
        assert_eq!(old.get("/").status(), 200);
        assert_eq!(readiness.phase(), net::Phase::Ready);
        drop(stop);
        soon("draining", || readiness.phase() == net::Phase::Draining);
        for mut client in [old, Client::of(address)] {
            let response = client.get("/");
            assert_eq!(response.status(), 200);
            assert!(!response.closes());
        }
        Ok(())
    });
    let stop = async move { stopped.recv().await.unwrap_or_default() };
    let serving = net::serve(listener, setup.gateway, setup.options, stop);
    smol::block_on(smol::future::or(serving, talk)).expect("a server");
}

#[test]
fn a_server_stops_after_the_time_to_drain() {
    let mut setup = Setup::new(echo);
    setup.options.drain_delay = millis(50);
    let mut server = setup.start();
    assert_eq!(server.connect().get("/").status(), 200);
    server.stop();
    assert!(TcpStream::connect(server.address).is_err());
}
