//! Clocks that stand still, jump, run backwards, or are at their maximum.

use super::*;

fn no_timeouts() -> Timeouts {
    let mut timeouts = Timeouts::default();
    for pace in [&mut timeouts.body, &mut timeouts.write] {
        (pace.grace, pace.gap) = (Duration::MAX, Duration::MAX);
    }
    for timeout in [
        &mut timeouts.response,
        &mut timeouts.stop,
        &mut timeouts.head,
        &mut timeouts.idle,
        &mut timeouts.age,
    ] {
        *timeout = Duration::MAX;
    }
    timeouts
}

#[test]
fn timeouts_of_the_maximum_duration_never_fire() {
    let never = Pause::Read(Duration::MAX);
    for start in [0, 1, u64::MAX / 2] {
        let mut wire = Wire::new(with_timeouts(no_timeouts()), echo);
        wire.at(start);
        for part in [b"GET / ".to_vec(), GET[6..].to_vec(), post(5)] {
            assert_eq!(wire.send(part), never);
            assert_eq!(wire.at(u64::MAX), never);
            wire.at(start);
        }
        wire.input.extend_from_slice(b"hello");
        assert_eq!(wire.step(), Pause::Write(Duration::MAX));
        wire.now.monotonic = seconds(u64::MAX);
        assert_eq!(wire.step(), Pause::Write(Duration::MAX));
        assert_eq!(wire.settle(), never);
        assert_eq!(wire.statuses(), [200, 200]);
    }
}

/// Sends two requests byte by byte, each byte at the next of these times.
fn two_requests_at(times: &[Duration]) {
    for has_wall in [false, true] {
        let now = |time| Now {
            monotonic: time,
            wall: has_wall.then_some(time),
        };
        let mut wire = Wire::opened_at(now(times[0]), Config::default(), echo);
        let bytes = [GET, &post(5), b"hello"].concat();
        for (byte, &time) in bytes.iter().zip(times.iter().cycle()) {
            wire.now = now(time);
            let pause = wire.send([*byte]);
            assert!(matches!(pause, Pause::Read(_)), "{times:?}: {pause:?}");
        }
        assert_eq!(wire.statuses(), [200, 200], "{times:?}");
    }
}

#[test]
fn a_stopped_clock_closes_nothing_whatever_its_time() {
    for time in [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::MAX - seconds(5),
    ] {
        two_requests_at(&[time]);
    }
}

#[test]
fn a_clock_at_its_maximum_closes_nothing() {
    two_requests_at(&[Duration::MAX]);
}

#[test]
fn a_clock_that_runs_backwards_closes_nothing() {
    let backwards: Vec<Duration> = (0..100).rev().map(|step| seconds(step * 1000)).collect();
    two_requests_at(&backwards);
}

#[test]
fn a_clock_that_jumps_back_and_forth_closes_nothing() {
    // Nine seconds in total, with two jumps back.
    two_requests_at(&[1000, 0, 1004, 3, 1009].map(seconds));
}

#[test]
fn a_clock_that_runs_backwards_cuts_no_response_short() {
    let mut wire = Wire::new(Config::default(), large);
    wire.now.monotonic = seconds(1000);
    wire.input.extend_from_slice(GET);
    for second in (0..1000).rev() {
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(1);
        wire.now.monotonic = seconds(second);
    }
    wire.settle();
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn extra_steps_do_no_harm() {
    let mut wire = Wire::new(Config::default(), echo);
    for byte in [GET, &post(5), b"hello"].concat() {
        wire.send([byte]);
        let pause = wire.step();
        assert_eq!(wire.step(), pause);
    }
    assert_eq!(wire.statuses(), [200, 200]);
}
