//! The counters of a server.

use super::*;
use bytegate::net::Metrics;
use bytegate::{Site, Status};

/// The values of a page by their names with labels.
fn value(metrics: &Metrics, name: &str) -> f64 {
    let page = metrics.to_string();
    let line = page.lines().find_map(|line| {
        line.strip_prefix("bytegate_")?
            .strip_prefix(name)?
            .strip_prefix(' ')
    });
    let value = line.unwrap_or_else(|| panic!("{name} is missing:\n{page}"));
    value.parse().expect("a number")
}

/// Waits until a value is as expected: a client can see a response before it is counted.
fn wait_for(metrics: &Metrics, name: &str, expected: f64) {
    let end = Instant::now() + Duration::from_secs(30);
    while value(metrics, name) != expected {
        assert!(Instant::now() < end, "{name}:\n{metrics}");
        thread::sleep(millis(5));
    }
}

fn measured(application: impl Application + 'static) -> (Server, Metrics) {
    let metrics = Metrics::new();
    let mut setup = Setup::new(application);
    setup.options.metrics = Some(metrics.clone());
    (setup.start(), metrics)
}

#[test]
fn requests_responses_and_bytes_are_counted() {
    panics_are_silent();
    let (server, metrics) = measured(|request: &Request<'_>| match request.path() {
        "/panic" => deliberate(),
        "/stream" => Response::text(Body::from_iterator(["one", "two"].into_iter())),
        "/later" => Response::from_future(async { Status::NOT_FOUND }),
        _ => Response::text(request.body().to_vec()),
    });
    let requests = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(),
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PROPFIND /stream HTTP/1.1\r\nHost: x\r\n\r\n",
        b"DELETE /later HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let mut received = 0;
    for request in requests {
        let client = server.connect();
        client.send(request);
        client.end();
        received += client.rest().expect("a clean end").len();
    }
    for (name, expected) in [
        ("requests_total{method=\"GET\"}", 2),
        ("requests_total{method=\"HEAD\"}", 1),
        ("requests_total{method=\"POST\"}", 1),
        ("requests_total{method=\"PUT\"}", 1),
        ("requests_total{method=\"PATCH\"}", 0),
        ("requests_total{method=\"DELETE\"}", 1),
        ("requests_total{method=\"OPTIONS\"}", 0),
        ("requests_total{method=\"other\"}", 1),
        ("responses_total{status=\"1xx\"}", 0),
        ("responses_total{status=\"2xx\"}", 4),
        ("responses_total{status=\"3xx\"}", 0),
        ("responses_total{status=\"4xx\"}", 3),
        ("responses_total{status=\"5xx\"}", 1),
        ("refusals_total{status=\"413\",error=\"BodyTooLarge\"}", 1),
        ("refusals_total{status=\"400\",error=\"HostMissing\"}", 1),
        ("response_errors_total", 1),
        // The request without a valid head has no duration.
        ("request_duration_seconds_count", 7),
        ("request_duration_seconds_bucket{le=\"+Inf\"}", 7),
        ("connections_accepted_total", 8),
        ("accept_errors_total", 0),
        ("tls_failures_total", 0),
        ("received_bytes_total", requests.concat().len()),
        ("sent_bytes_total", received),
    ] {
        wait_for(&metrics, name, expected as f64);
    }
    wait_for(&metrics, "connections{state=\"idle\"}", 0.0);
    assert!(value(&metrics, "request_duration_seconds_sum") > 0.0);
}

#[test]
fn a_duration_includes_the_body_and_the_wait_for_the_response() {
    let (release, released) = channel::bounded::<()>(1);
    let (server, metrics) = measured(move |_: &Request<'_>| {
        let released = released.clone();
        Response::from_future(async move {
            let _ = released.recv().await;
            "done"
        })
    });
    let mut client = server.connect();
    client.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
    wait_for(&metrics, "connections{state=\"receiving\"}", 1.0);
    // At least this much passes, however slow the machine is.
    thread::sleep(millis(20));
    client.send(b"x");
    wait_for(&metrics, "connections{state=\"responding\"}", 1.0);
    thread::sleep(millis(20));
    release.send_blocking(()).expect("a handler that waits");
    assert_eq!(client.response().text(), "done");
    wait_for(&metrics, "request_duration_seconds_count", 1.0);
    assert_eq!(
        value(&metrics, "request_duration_seconds_bucket{le=\"0.03\"}"),
        0.0
    );
    assert!(value(&metrics, "request_duration_seconds_sum") >= 0.04);
}

#[test]
fn connections_are_counted_by_state() {
    let metrics = Metrics::new();
    let mut options = Options::default();
    options.metrics = Some(metrics.clone());
    options.max_connections = 100;
    options.buffered_bytes = 1 << 20;
    let site = Site::new()
        .file("/index.html", "hi")
        .file("/large", vec![b'x'; 64 << 20]);
    let server = testing::Server::start_with(Gateway::new(site), options);
    let state = |state: &str| format!("connections{{state=\"{state}\"}}");
    let idle = [(); 3].map(|()| Client::of(server.address()));
    wait_for(&metrics, &state("idle"), 3.0);
    let receiving = Client::of(server.address());
    receiving.send(b"GET / HTTP/1.1\r\n");
    wait_for(&metrics, &state("receiving"), 1.0);
    // Nobody reads the response.
    let sending = Client::of(server.address());
    sending.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&metrics, &state("sending"), 1.0);
    assert_eq!(value(&metrics, "connections_limit"), 100.0);
    assert_eq!(value(&metrics, "buffered_bytes_limit"), (1 << 20) as f64);
    drop((idle, receiving, sending));
    for state in ["idle", "receiving", "sending", "responding"].map(state) {
        wait_for(&metrics, &state, 0.0);
    }
    server.stop().expect("a stop without an error");
    assert_eq!(value(&metrics, "connections_limit"), 0.0);
}

#[test]
fn prepared_responses_are_counted_one_by_one() {
    let metrics = Metrics::new();
    let mut options = Options::default();
    options.metrics = Some(metrics.clone());
    let site = Site::new().file("/index.html", "hi");
    let server = testing::Server::start_with(Gateway::new(site), options);
    let client = Client::of(server.address());
    client.send(GET.repeat(100));
    client.end();
    client.rest().expect("a clean end");
    wait_for(&metrics, "responses_total{status=\"2xx\"}", 100.0);
    assert_eq!(value(&metrics, "request_duration_seconds_count"), 100.0);
    assert_eq!(value(&metrics, "requests_total{method=\"GET\"}"), 100.0);
}

#[test]
fn servers_may_share_their_metrics() {
    let metrics = Metrics::new();
    let start = || {
        let mut options = Options::default();
        options.metrics = Some(metrics.clone());
        options.max_connections = 10;
        testing::Server::start_with(Gateway::new(|_: &Request<'_>| "hi"), options)
    };
    let servers = [start(), start()];
    wait_for(&metrics, "connections_limit", 20.0);
    for server in &servers {
        let client = Client::of(server.address());
        client.send(GET);
        client.end();
        client.rest().expect("a clean end");
    }
    wait_for(&metrics, "requests_total{method=\"GET\"}", 2.0);
}
