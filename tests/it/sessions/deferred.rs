//! Responses that come later.

use super::*;

#[test]
fn a_response_that_comes_later_delays_the_next_request() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    let wait = wire.send([SLOW, GET].concat());
    assert_eq!(wait, Wait::Pending { until: seconds(30) });
    assert_eq!((wire.text(), wire.woken()), (String::new(), 0));
    // Extra turns do no harm.
    assert_eq!(wire.turn(), wait);
    assert_eq!(wire.at(29), wait);
    promise.keep("at last");
    assert_eq!(wire.woken(), 1);
    assert!(matches!(wire.turn(), Wait::Read { .. }));
    let responses = wire.responses(2);
    assert_eq!(responses[0].body(), b"at last");
    assert_eq!(responses[1].body(), b"/");
}

#[test]
fn a_response_that_is_too_late_is_a_503_and_the_future_is_dropped() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send([SLOW, GET].concat());
    assert_eq!(wire.at(30), Wait::Close(CloseReason::Refused));
    assert!(promise.dropped.load(Ordering::SeqCst));
    let responses = wire.responses(1);
    assert_eq!(
        (responses[0].status().code(), responses[0].closes()),
        (503, true)
    );
    assert!(
        wire.text()
            .ends_with("the response was not ready in time (RFC 9110 section 15.6.4)\n")
    );
}

#[test]
fn the_future_is_dropped_with_its_session() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send(SLOW);
    assert!(!promise.dropped.load(Ordering::SeqCst));
    drop(wire);
    assert!(promise.dropped.load(Ordering::SeqCst));
}

#[test]
fn earlier_responses_are_sent_before_waiting_for_a_later_one() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send([GET, SLOW].concat());
    assert_eq!(wire.responses(1)[0].body(), b"/");
}

#[test]
fn end_of_input_does_not_cancel_a_response_that_comes_later() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send(SLOW);
    wire.session.end_input();
    assert!(matches!(wire.turn(), Wait::Pending { .. }));
    promise.keep("still");
    assert_eq!(wire.turn(), Wait::Close(CloseReason::InputEnded));
    assert_eq!(wire.responses(1)[0].body(), b"still");
}

#[test]
fn a_future_may_return_another_response_that_comes_later() {
    let (first, second) = (Promise::default(), Promise::default());
    let (outer, inner) = (first.clone(), second.clone());
    let mut wire = Wire::new(move |_: &Request<'_>| {
        let (outer, inner) = (outer.wait(), inner.wait());
        Response::from_future(async move {
            outer.await;
            Response::from_future(inner)
        })
    });
    wire.send(GET);
    wire.now.monotonic = seconds(10);
    first.keep("");
    // The deadline of the first one still applies.
    assert_eq!(wire.turn(), Wait::Pending { until: seconds(30) });
    second.keep("both");
    wire.turn();
    assert_eq!(wire.responses(1)[0].body(), b"both");
}

#[test]
fn a_future_that_panics_is_a_500() {
    let mut wire = Wire::new(|_: &Request<'_>| {
        Response::from_future(async {
            std::panic::resume_unwind(Box::new("deliberate"));
            #[expect(unreachable_code, reason = "the type of the answer")]
            ""
        })
    });
    assert_eq!(wire.send(GET), Wait::Close(CloseReason::Persistence));
    assert_eq!(wire.responses(1)[0].status(), 500);
    let panicked = ResponseError::Panicked("deliberate".to_string());
    assert_eq!(wire.errors, [panicked]);
}

#[test]
fn an_upload_may_be_refused_later_based_on_its_head() {
    struct Slow(Promise);
    impl Application for Slow {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("called")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::refuse(Response::from_future(self.0.wait()))
        }
    }
    let promise = Promise::default();
    let mut wire = Wire::new(Slow(promise.clone()));
    assert!(matches!(wire.send(post("hello")), Wait::Pending { .. }));
    promise.keep("no");
    assert_eq!(wire.turn(), Wait::Close(CloseReason::Refused));
    assert_eq!(wire.responses(1)[0].body(), b"no");
}

#[test]
fn handle_waits_for_responses_that_come_later() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let request = request.into_owned();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let _ = sender.send(request.path().to_string());
        });
        Response::from_future(async move { receiver.recv().unwrap_or_default() })
    });
    let output = gateway.handle(&SLOW.repeat(2));
    let responses = reader::read_all(&output, &[Method::GET; 2]);
    assert!(responses.iter().all(|response| response.body() == b"/slow"));
}
