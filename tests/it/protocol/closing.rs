//! The ways in which a connection ends: limits, stops, and the end of the input.

use super::*;

#[test]
fn the_response_to_the_last_allowed_request_closes_the_connection() {
    let mut limits = Limits::default();
    limits.requests = 3;
    let mut wire = Wire::new(with_limits(limits), hello);
    assert_eq!(
        wire.send(GET.repeat(5)),
        Pause::Close(CloseReason::Persistence)
    );
    let closes: Vec<bool> = wire
        .responses()
        .iter()
        .map(|response| response.closes())
        .collect();
    assert_eq!(closes, [false, false, true]);
}

#[test]
fn the_first_response_after_the_maximum_age_closes_the_connection() {
    let mut wire = Wire::new(Config::default(), hello);
    for second in (0..3600).step_by(60) {
        wire.at(second);
        wire.send(GET);
    }
    assert!(!wire.last_closes());
    wire.at(3600 - 1);
    wire.send(GET);
    assert!(!wire.last_closes());
    wire.now.monotonic = seconds(3600);
    assert_eq!(wire.send(GET), Pause::Close(CloseReason::Persistence));
    assert!(wire.last_closes());
}

#[test]
fn a_stop_between_requests_closes_at_once() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert!(wire.taken.is_empty());

    let mut wire = Wire::new(Config::default(), hello);
    wire.send(GET);
    assert!(wire.session.is_idle());
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn a_stop_during_a_request_responds_to_it_and_then_closes() {
    let request = [&post(5)[..], b"hello"].concat();
    for cut in 1..request.len() {
        let mut wire = Wire::new(Config::default(), echo);
        wire.send(&request[..cut]);
        assert!(!wire.session.is_idle());
        wire.session.stop();
        assert!(matches!(wire.settle(), Pause::Read(_)));
        let pause = wire.send(&request[cut..]);
        assert_eq!(pause, Pause::Close(CloseReason::Persistence), "{cut}");
        assert_eq!(wire.statuses(), [200]);
        assert!(wire.last_closes());
    }
}

#[test]
fn a_stop_before_pipelined_requests_responds_only_to_the_first() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.session.stop();
    assert_eq!(
        wire.send(GET.repeat(3)),
        Pause::Close(CloseReason::Persistence)
    );
    assert_eq!(wire.statuses(), [200]);
    assert!(wire.last_closes());
}

#[test]
fn a_stop_during_an_application_call_closes_after_its_response() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    connection.stop();
    let answered = connection.respond(&mut Response::text("hello"));
    assert!(!answered.expect("an answer").keeps_alive);
}

#[test]
fn a_stop_does_not_cut_a_response_short() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.take(1000);
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn an_incomplete_request_has_one_second_left_after_a_stop() {
    for (begun, rest) in [
        (b"GET".to_vec(), &GET[3..]),
        (post(5), &b"hello"[..]),
        ([&post(5)[..], b"hel"].concat(), b"lo"),
    ] {
        for in_time in [true, false] {
            let mut wire = Wire::new(Config::default(), echo);
            wire.send(&begun);
            wire.at(3);
            wire.session.stop();
            assert_eq!(wire.settle(), read_until(4));
            if in_time {
                assert_eq!(wire.send(rest), Pause::Close(CloseReason::Persistence));
                assert_eq!(wire.statuses(), [200]);
            } else {
                // Bytes that arrive meanwhile do not extend the deadline.
                let half = rest.len() / 2;
                wire.now.monotonic = Duration::from_millis(3900);
                assert_eq!(wire.send(&rest[..half]), read_until(4));
                assert_eq!(wire.at(4), Pause::Close(CloseReason::Refused));
                assert_eq!(wire.statuses(), [408]);
            }
            assert!(wire.last_closes());
        }
    }
}

#[test]
fn deadlines_still_apply_after_a_stop() {
    let config = with_timeouts({
        let mut timeouts = Timeouts::default();
        timeouts.stop = Duration::MAX;
        timeouts
    });
    let mut wire = Wire::new(config, hello);
    wire.send("GET");
    wire.session.stop();
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

#[test]
fn end_of_input_before_a_request_closes_silently() {
    for input in [&b""[..], b"\r\n"] {
        let mut wire = Wire::new(Config::default(), hello);
        wire.send(input);
        wire.session.end_input();
        assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
        assert!(wire.taken.is_empty());
    }
}

#[test]
fn end_of_input_inside_a_request_is_refused() {
    let request = [&post(5)[..], b"hello"].concat();
    for cut in 1..request.len() {
        let mut wire = Wire::new(Config::default(), hello);
        wire.input.extend_from_slice(&request[..cut]);
        wire.session.end_input();
        assert_eq!(
            wire.settle(),
            Pause::Close(CloseReason::Refused),
            "cut at {cut}"
        );
        assert_eq!(wire.statuses(), [400]);
        let expected = if cut < post(5).len() {
            ProtocolError::HeadIncomplete
        } else {
            ProtocolError::BodyIncomplete
        };
        assert_eq!(wire.refused, [expected], "cut at {cut}");
    }
}

#[test]
fn requests_before_the_end_of_input_all_get_responses() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(&GET.repeat(2));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn end_of_input_does_not_cut_a_stream_short() {
    let mut wire = Wire::new(Config::default(), |_: &Request<'_>| {
        Response::text(Body::from_iterator((0..1000).map(|_| vec![b'x'; 1000])))
    });
    wire.input.extend_from_slice(GET);
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
    assert_eq!(wire.responses()[0].body().len(), 1_000_000);
}

#[test]
fn end_of_input_after_a_refusal_still_sends_the_refusal() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.input.extend_from_slice(b"nonsense\r\n\r\n");
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [400]);
}

#[test]
fn end_of_input_while_a_request_is_handled_does_not_affect_it() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    connection.end_input();
    let answered = connection.respond(&mut Response::text("hello"));
    assert_eq!(answered.expect("an answer").status, Status::OK);

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let request = [&post(5)[..], b"hello"].concat();
    let mut input = &request[..];
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Admit(_)));
    connection.end_input();
    assert_eq!(connection.admit(BodyMode::Buffer), Ok(()));
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(message) if message.body == b"hello"));
}

#[test]
fn a_receiver_never_finishes_if_its_body_breaks_off() {
    let mut wire = Wire::new(Config::default(), Discarding);
    wire.send([&post(5)[..], b"hel"].concat());
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [400]);
}
