//! How long a response took.

use super::*;

#[test]
fn server_timing_runs_from_the_request_head_to_the_response() {
    let micros = Arc::new(AtomicU64::new(0));
    let (clock, hand) = (micros.clone(), micros);
    let application = move |_: &Request<'_>| {
        hand.fetch_add(12_345, Ordering::Relaxed);
        let hand = hand.clone();
        Response::from_future(async move {
            hand.fetch_add(5, Ordering::Relaxed);
            Response::text("").with_header("Server-Timing", "db;dur=1")
        })
    };
    let timing =
        ServerTiming::with_clock(move || Duration::from_micros(clock.load(Ordering::Relaxed)));
    let gateway = Gateway::new(application).with(timing);
    for _ in 0..2 {
        let response = ask(&gateway, &get(&[]));
        let values: Vec<&[u8]> = response.headers().get_all("server-timing").collect();
        assert_eq!(values, [&b"db;dur=1"[..], b"total;dur=12.350"]);
    }
}
