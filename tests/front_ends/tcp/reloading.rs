//! Gateways that are replaced while they serve.

use super::*;
use bytegate::net::Reloadable;

/// Serves a gateway that can be replaced.
fn start(gateway: &Reloadable) -> (net::Running, Turn) {
    let mut options = Options::default().log_to(|_| {});
    options.threads = NonZeroUsize::new(2).expect("not zero");
    options.stop_timeout = SOON;
    let running = net::start("127.0.0.1:0", gateway.clone(), options).expect("a server");
    (running, Turn::shared())
}

#[test]
fn open_connections_and_new_ones_take_the_new_gateway() {
    let gateway = Reloadable::new(|_: &Request<'_>| "0");
    let (server, _turn) = start(&gateway);
    let mut open = Client::of(server.address());
    let mut silent = Client::of(server.address());
    assert_eq!(open.get("/").body(), b"0");
    for number in 1..20 {
        gateway.replace(move |_: &Request<'_>| number.to_string());
        assert_eq!(open.get("/").text(), number.to_string());
        let mut new = Client::of(server.address());
        assert_eq!(new.get("/").text(), number.to_string());
    }
    assert_eq!(silent.get("/").text(), "19");
    assert_eq!(silent.get("/").text(), "19");
}

#[test]
fn open_connections_take_the_limits_of_the_new_gateway() {
    let gateway = Reloadable::new(echo);
    let (server, _turn) = start(&gateway);
    let mut client = Client::of(server.address());
    client.send(post(&[b'x'; 1000]));
    assert_eq!(client.response().status(), 200);
    let small = |config: &mut Config| config.limits.body_bytes = 100;
    gateway.replace(Gateway::new(echo).configure(small));
    client.send(post(&[b'x'; 1000]));
    assert_eq!(client.response().status(), 413);

    // An idle connection has the time that the new configuration gives it.
    let mut idle = Client::of(server.address());
    assert_eq!(idle.get("/").status(), 200);
    let short = |config: &mut Config| config.timeouts.idle = millis(50);
    gateway.replace(Gateway::new(echo).configure(short));
    assert_eq!(idle.rest().expect("a clean end"), b"");
}

#[test]
fn a_request_in_progress_is_completed_by_the_gateway_that_began_it() {
    let gate = Gate::new();
    let opens = Opens(gate.clone());
    let (enter, entered) = mpsc::channel();
    let old = move |request: &Request<'_>| {
        let _ = enter.send(());
        if request.path() == "/slow" {
            gate.pass();
        }
        Response::text("old")
    };
    let gateway = Reloadable::new(net::blocking(old));
    let (server, _turn) = start(&gateway);
    let mut slow = Client::of(server.address());
    // The second request has arrived, but its response is not due yet.
    slow.send([get("/slow"), get("/next")].concat());
    entered.recv_timeout(SOON).expect("a request comes");
    gateway.replace(|_: &Request<'_>| "new");
    assert_eq!(Client::of(server.address()).get("/").body(), b"new");
    drop(opens);
    assert_eq!(slow.response().body(), b"old");
    assert_eq!(slow.response().body(), b"old");
    assert_eq!(slow.get("/").body(), b"new");
}

#[test]
fn the_old_gateway_is_dropped_even_if_connections_stay_idle() {
    let state = Arc::new(());
    let held = state.clone();
    let gateway = Reloadable::new(move |_: &Request<'_>| {
        let _ = &held;
        "old"
    });
    let (server, _turn) = start(&gateway);
    let mut used = Client::of(server.address());
    assert_eq!(used.get("/").body(), b"old");
    let unused = Client::of(server.address());
    assert_eq!(Arc::strong_count(&state), 2);
    // Connections that are accepted meanwhile, too.
    let more: Vec<Client> = (0..20).map(|_| Client::of(server.address())).collect();
    gateway.replace(|_: &Request<'_>| "new");
    soon("the old gateway is dropped", || {
        Arc::strong_count(&state) == 1
    });
    assert_eq!(used.get("/").body(), b"new");
    drop((unused, more));
}

#[test]
fn no_request_is_lost_while_the_gateway_is_replaced_again_and_again() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 5000;
    let gateway = Reloadable::new(|_: &Request<'_>| "0");
    let (server, _turn) = start(&gateway);
    let is_over = AtomicBool::new(false);
    let address = server.address();
    let replaced = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(move || {
                    let mut client = Client::of(address);
                    let mut last = 0;
                    for number in 0..REQUESTS {
                        // Some clients connect again.
                        if number % 50 == 0 {
                            client = Client::of(address);
                        }
                        let response = client.get("/");
                        assert_eq!(response.status(), 200);
                        let seen: usize = response.text().parse().expect("a number");
                        assert!(seen >= last, "{seen} after {last}");
                        last = seen;
                    }
                    last
                })
            })
            .collect();
        let replacing = scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                gateway.replace(move |_: &Request<'_>| number.to_string());
                thread::yield_now();
            }
            number
        });
        let seen = clients
            .into_iter()
            .map(|it| it.join().expect("no request is lost"));
        let seen = seen.max();
        is_over.store(true, Ordering::Relaxed);
        let replaced = replacing.join().expect("a thread");
        assert!(seen > Some(0));
        replaced
    });
    assert!(replaced > 10, "only {replaced}");
    server.stop().expect("a clean end");
}
