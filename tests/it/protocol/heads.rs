//! Heads that arrive slowly, and idle connections.

use super::*;

#[test]
fn a_connection_that_sends_nothing_is_closed_silently() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.settle(), read_until(10));
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Idle));
    assert!(wire.taken.is_empty());
}

#[test]
fn a_head_that_is_not_complete_in_time_gets_a_408() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.at(3), read_until(10));
    assert_eq!(wire.send("G"), read_until(10));
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.refused, [ProtocolError::HeadTimeout]);
    assert_eq!(wire.statuses(), [408]);
    assert!(wire.last_closes());
}

#[test]
fn dripping_bytes_does_not_extend_the_head_timeout() {
    let mut wire = Wire::new(Config::default(), hello);
    for (second, byte) in (0..).zip(&GET[..10]) {
        assert_eq!(wire.at(second), read_until(10));
        assert_eq!(wire.send([*byte]), read_until(10));
    }
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

#[test]
fn a_head_completed_at_the_last_moment_gets_a_response() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send(&GET[..10]);
    wire.now = wire.now.after(seconds(10));
    wire.send(&GET[10..]);
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn an_idle_connection_is_closed_silently() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.at(5);
    assert_eq!(wire.send(GET), read_until(80));
    let response = wire.taken.clone();
    assert_eq!(wire.at(79), read_until(80));
    assert_eq!(wire.at(80), Pause::Close(CloseReason::Idle));
    assert_eq!(wire.taken, response);
}

#[test]
fn the_timeout_of_a_second_head_starts_at_its_first_byte() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.send(GET), read_until(75));
    assert_eq!(wire.at(70), read_until(75));
    assert_eq!(wire.send("G"), read_until(80));
    assert_eq!(wire.at(79), read_until(80));
    assert_eq!(wire.at(80), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [200, 408]);
}

#[test]
fn an_empty_line_between_requests_does_not_start_a_head() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send([GET, b"\r\n"].concat());
    let response = wire.taken.clone();
    assert_eq!(wire.at(74), read_until(75));
    assert_eq!(wire.at(75), Pause::Close(CloseReason::Idle));
    assert_eq!(wire.taken, response);
}

#[test]
fn time_spent_sending_a_response_is_not_idle_time() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    // Steady and faster than the minimum rate, but it takes longer than the idle timeout.
    for second in 0..90 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(64 * 1024);
    }
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send(GET), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn time_spent_in_the_application_is_not_idle_time() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    // Here the application works for 100 seconds.
    assert!(connection.respond(&mut Response::text("late")).is_ok());
    let later = Now::default().after(seconds(100));
    let step = connection.step(&mut input, later);
    assert!(matches!(step, Step::Write { .. }));
    let length = connection.output().len();
    connection.sent(length);
    let step = connection.step(&mut input, later);
    assert!(matches!(step, Step::Read { .. }), "{step:?}");
}

#[test]
fn a_head_is_not_late_while_the_session_is_not_reading() {
    let mut wire = Wire::new(Config::default(), medium);
    wire.input.extend_from_slice(GET);
    wire.input.extend_from_slice(&GET[..10]);
    for second in 0..25 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(2 * 1024);
    }
    // The rest arrived long ago, but the session did not ask for it until now.
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send(&GET[10..]), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn a_body_is_not_late_while_the_session_is_not_reading() {
    let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
        match request.body() {
            b"" => medium(request),
            _ => echo(request),
        }
    });
    wire.input.extend_from_slice(GET);
    wire.input.extend_from_slice(&post(5));
    for second in 0..25 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(2 * 1024);
    }
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send("hello"), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}
