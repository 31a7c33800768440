//! The clock of a service.

use super::*;
use bytegate::Now;
use bytegate::middleware::{AccessLog, RateLimit};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// A request of a known client.
fn get() -> http::Request<Body> {
    let connection = ConnectionInfo::from(Peer::named("a"));
    let request = http::Request::get("/").extension(connection);
    request.body(Body::empty()).unwrap()
}

#[test]
fn the_rate_limit_refills_over_time() {
    let limit = RateLimit::new(2, Duration::from_secs(10));
    let gateway = Gateway::new(|_: &Request<'_>| "hello").with(limit);
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = seconds.clone();
    let mut service = GatewayService::new(gateway).with_clock(move || {
        let elapsed = Duration::from_secs(clock.load(Ordering::SeqCst));
        Now::at_unix(0).after(elapsed)
    });
    let mut at = |second| {
        seconds.store(second, Ordering::SeqCst);
        ask(&mut service, get()).status().as_u16()
    };
    assert_eq!([at(0), at(0), at(1)], [200, 200, 429]);
    assert_eq!([at(5), at(5)], [200, 429]);
}

#[test]
fn the_default_clock_advances() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let note = move |request: &Request<'_>| {
        seen.lock().unwrap().push(request.now());
        "hello"
    };
    let mut service = GatewayService::new(Gateway::new(note));
    ask(&mut service, get());
    std::thread::sleep(Duration::from_millis(2));
    ask(&mut service.clone(), get());
    let times = times.lock().unwrap();
    assert!(times[1].monotonic >= times[0].monotonic + Duration::from_millis(2));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().abs_diff(times[1].wall.unwrap());
    assert!(age < Duration::from_secs(60));
}

#[test]
fn the_access_log_has_the_time() {
    let lines = Arc::new(Mutex::new(String::new()));
    let log = lines.clone();
    let log = AccessLog::to(move |line: &str| log.lock().unwrap().push_str(line));
    let gateway = Gateway::new(|_: &Request<'_>| "hello").with(log);
    let service = GatewayService::new(gateway);
    ask(&mut service.with_clock(|| Now::at_unix(784_111_777)), get());
    let lines = lines.lock().unwrap();
    assert!(
        lines.starts_with("a - - [06/Nov/1994:08:49:37 +0000]"),
        "{lines}"
    );
}

#[test]
fn the_elapsed_time_is_measured_with_the_clock_of_the_service() {
    let micros = Arc::new(AtomicU64::new(0));
    let (clock, hand) = (micros.clone(), micros);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let log = AccessLog::to(move |line: &str| log.lock().unwrap().push(line.to_string()));
    let slow = move |request: &Request<'_>| {
        hand.fetch_add(1500, Ordering::SeqCst);
        let (hand, length) = (hand.clone(), request.body().len());
        Response::from_future(async move {
            hand.fetch_add(2000, Ordering::SeqCst);
            format!("{length}")
        })
    };
    let service = GatewayService::new(Gateway::new(slow).with(log.timed()));
    let mut service = service.with_clock(move || {
        Now::default().after(Duration::from_micros(clock.load(Ordering::SeqCst)))
    });
    ask(&mut service, get());
    let post = http::Request::post("/").body(Body::from("abc")).unwrap();
    ask(&mut service, post);
    let lines = lines.lock().unwrap();
    assert!(
        lines[0].ends_with("\"GET / HTTP/1.1\" 200 1 3.500ms\n"),
        "{lines:?}"
    );
    assert!(
        lines[1].ends_with("\"POST / HTTP/1.1\" 200 1 3.500ms\n"),
        "{lines:?}"
    );
}
