//! How long one turn keeps other sessions waiting.

use super::*;

/// A clock that only the application advances.
#[derive(Clone, Default)]
struct WorkClock(Arc<AtomicU64>);

impl WorkClock {
    fn work(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl FrontEnd for WorkClock {
    fn now(&mut self) -> Now {
        Now {
            monotonic: self.elapsed(),
            wall: None,
        }
    }
}

#[test]
fn a_turn_calls_the_application_for_one_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
        "hello"
    });
    let mut session = gateway.session(ConnectionInfo::default());
    let input = GET.repeat(3);
    let mut rest = &input[..];
    for expected in [1, 2] {
        assert_eq!(session.turn(&mut rest, Now::default()), Wait::Yield);
        assert_eq!(calls.load(Ordering::SeqCst), expected);
    }
    let wait = session.turn(&mut rest, Now::default());
    assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
    let responses = reader::read_all(&session.take_output(), &[Method::GET; 3]);
    assert_eq!(responses.len(), 3);
}

#[test]
fn files_in_memory_need_no_turn_each() {
    let gateway = Gateway::new(Site::new().file("/index.html", "hello"));
    let mut session = gateway.session(ConnectionInfo::default());
    let input = GET.repeat(100);
    let wait = session.turn(&mut &input[..], Now::default());
    assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
}

/// Takes turns with all sessions until the last one has responded. Returns when it did.
fn time_until_the_last_responses(
    sessions: &mut [(Session, Vec<u8>)],
    clock: &WorkClock,
) -> Duration {
    for _ in 0..1000 {
        let last = sessions.len() - 1;
        for (index, (session, input)) in sessions.iter_mut().enumerate() {
            let mut rest = &input[..];
            let wait = session.turn(&mut rest, &mut clock.clone());
            *input = rest.to_vec();
            if let Wait::Write { .. } = wait {
                session.take_output();
                if index == last {
                    return clock.elapsed();
                }
            }
        }
    }
    panic!("the last session has no answer");
}

#[test]
fn pipelined_requests_hold_others_up_for_one_call_and_a_millisecond_at_most() {
    for call in [0, 1, 5, 70] {
        let clock = WorkClock::default();
        let works = clock.clone();
        let gateway = Gateway::new(move |_: &Request<'_>| {
            works.work(call);
            "hello"
        });
        let session = |count| {
            let info = ConnectionInfo::default();
            (gateway.session(info), GET.repeat(count))
        };
        let mut sessions = [session(400), session(400), session(1)];
        let waited = time_until_the_last_responses(&mut sessions, &clock);
        // Each of the others has one turn, then comes the call for the last session itself.
        let most = Duration::from_millis(2 * (call + 1) + call);
        assert!(waited <= most, "{waited:?} with calls of {call} ms");
    }
}

#[test]
fn parts_of_a_body_hold_others_up_no_longer_than_requests() {
    struct SlowReceiver(WorkClock);
    impl Receiver for SlowReceiver {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            self.0.work(5);
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("received")
        }
    }
    struct SlowUpload(WorkClock);
    impl Application for SlowUpload {
        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::stream(SlowReceiver(self.0.clone()))
        }
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("hello")
        }
    }
    let clock = WorkClock::default();
    let gateway = Gateway::new(SlowUpload(clock.clone()));
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = [&head[..], &b"1\r\nx\r\n".repeat(1000)].concat();
    let info = ConnectionInfo::default;
    let mut sessions = [
        (gateway.session(info()), chunks),
        (gateway.session(info()), GET.to_vec()),
    ];
    let waited = time_until_the_last_responses(&mut sessions, &clock);
    assert!(waited <= Duration::from_millis(6), "{waited:?}");
}

#[test]
fn a_stream_of_empty_blocks_lets_others_go_on() {
    let nothing = || Body::from_iterator(std::iter::repeat(Bytes::new()));
    let gateway = Gateway::new(move |_: &Request<'_>| Response::text(nothing()));
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = GET;
    let mut waits = (0..10).map(|_| {
        let wait = session.turn(&mut input, Now::default());
        session.take_output();
        wait
    });
    assert!(waits.any(|wait| wait == Wait::Yield));
}
