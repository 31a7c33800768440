//! How fast a body must arrive and output must be read.

use super::*;

/// The second at which a body arriving at this rate is refused, if it is.
fn body_is_refused_at(bytes_per_second: usize, within: u64) -> Option<u64> {
    let mut wire = Wire::new(large_uploads(), Discarding);
    wire.send(post(usize::MAX));
    for second in 1..=within {
        wire.now.monotonic = seconds(second);
        // The deadline passes before the next bytes arrive.
        if let Pause::Close(_) = wire.settle() {
            assert_eq!(wire.refused, [ProtocolError::BodyTimeout]);
            assert_eq!(wire.statuses(), [408]);
            assert!(wire.last_closes());
            return Some(second);
        }
        wire.send(vec![b'x'; bytes_per_second]);
    }
    None
}

#[test]
fn a_body_at_one_byte_per_second_is_refused_after_the_grace_period() {
    // Each byte has earned 2 ms.
    assert_eq!(body_is_refused_at(1, 100), Some(21));
}

#[test]
fn a_body_below_the_minimum_rate_is_eventually_refused() {
    let cut = body_is_refused_at(499, 20_000);
    assert!(cut.is_some_and(|second| second > 20), "{cut:?}");
}

#[test]
fn a_body_above_the_minimum_rate_is_never_refused() {
    assert_eq!(body_is_refused_at(501, 20_000), None);
}

#[test]
fn a_long_head_buys_no_time_for_its_body() {
    let mut wire = Wire::new(Config::default(), echo);
    let long = "x".repeat(6000);
    wire.send(format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX: {long}\r\nContent-Length: 9\r\n\r\nx"
    ));
    // Each byte of the body earns 2 ms.
    for (second, earned) in [(9, 4), (18, 6)] {
        wire.at(second);
        let until = seconds(20) + Duration::from_millis(earned);
        assert_eq!(wire.send("x"), Pause::Read(until));
    }
}

#[test]
fn a_long_gap_in_a_body_is_refused() {
    let mut wire = Wire::new(large_uploads(), echo);
    wire.send(post(1 << 20));
    assert_eq!(wire.send(vec![b'x'; 100_000]), read_until(30));
    assert_eq!(wire.at(29), read_until(30));
    assert_eq!(wire.send(vec![b'x'; 100_000]), read_until(59));
    assert_eq!(wire.at(58), read_until(59));
    assert_eq!(wire.at(59), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

/// The second at which an upload is refused that sends one part at once, and another every `interval` seconds.
fn upload_is_refused_at(burst: usize, part: usize, interval: usize, within: u64) -> Option<u64> {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send(post(1 << 20));
    wire.send(vec![b'x'; burst]);
    for second in 1..=within {
        if let Pause::Close(_) = wire.at(second) {
            assert_eq!(wire.statuses(), [408]);
            return Some(second);
        }
        if second % interval as u64 == 0 {
            wire.send(vec![b'x'; part]);
        }
    }
    None
}

#[test]
fn a_body_sent_at_once_earns_no_more_than_the_longest_gap() {
    let burst = (1 << 20) - 2000;
    assert_eq!(upload_is_refused_at(burst, 1, 25, 3000), Some(31));
    assert_eq!(upload_is_refused_at(burst, 1, 1, 3000), Some(31));
    assert_eq!(upload_is_refused_at(burst, 0, 1, 3000), Some(30));
}

#[test]
fn a_body_in_bursts_is_received_if_its_rate_is_high_enough() {
    // 520 bytes a second for 2,000 seconds, after a fast beginning.
    assert_eq!(upload_is_refused_at(8000, 13_000, 25, 2000), None);
    // 480 bytes a second use up the time that the beginning has earned.
    let cut = upload_is_refused_at(8000, 12_000, 25, 2000);
    assert!(cut.is_some_and(|second| second < 300), "{cut:?}");
}

#[test]
fn an_upload_that_pauses_for_twelve_seconds_is_served() {
    for sent in [0, 1, 100_000] {
        let mut wire = Wire::new(large_uploads(), echo);
        wire.send(post(100_001));
        wire.send(vec![b'x'; sent]);
        assert!(matches!(wire.at(12), Pause::Read(_)), "after {sent}");
        wire.send(vec![b'x'; 100_001 - sent]);
        assert_eq!(wire.statuses(), [200], "after {sent}");
    }
}

#[test]
fn a_reader_that_pauses_for_45_seconds_gets_everything() {
    for taken in [0, 1, 100_000] {
        let mut wire = Wire::new(Config::default(), large);
        wire.input.extend_from_slice(GET);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(taken);
        wire.now.monotonic = seconds(45);
        assert!(matches!(wire.step(), Pause::Write(_)), "after {taken}");
        assert!(matches!(wire.settle(), Pause::Read(_)), "after {taken}");
        assert_eq!(wire.statuses(), [200], "after {taken}");
    }
}

#[test]
fn a_chunked_body_must_keep_the_same_pace() {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for second in 1..20 {
        assert!(matches!(wire.at(second), Pause::Read(_)));
        assert!(matches!(wire.send("0"), Pause::Read(_)));
    }
    assert!(matches!(wire.at(20), Pause::Read(_)));
    assert_eq!(wire.at(21), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

#[test]
fn the_body_pace_starts_anew_with_each_request() {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send(post(5));
    assert!(matches!(wire.at(9), Pause::Read(_)));
    wire.send("hello");
    assert!(matches!(wire.at(60), Pause::Read(_)));
    assert_eq!(wire.send(post(5)), read_until(80));
    assert_eq!(wire.at(79), read_until(80));
    wire.send("hello");
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn a_peer_that_reads_nothing_is_cut_off() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    wire.now.monotonic = seconds(59);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    wire.now.monotonic = seconds(60);
    assert_eq!(wire.step(), Pause::Close(CloseReason::WriteTimeout));
    assert!(wire.session.output().is_empty());
    wire.now.monotonic = seconds(0);
    assert_eq!(wire.step(), Pause::Close(CloseReason::WriteTimeout));
}

/// The second at which a peer that reads at this rate is cut off, if it is.
fn writing_is_cut_at(bytes_per_second: usize) -> Option<u64> {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    for second in 0.. {
        wire.now.monotonic = seconds(second);
        match wire.step() {
            Pause::Write(_) => wire.take(bytes_per_second),
            Pause::Close(CloseReason::WriteTimeout) => return Some(second),
            _ => break,
        }
    }
    None
}

#[test]
fn a_peer_below_the_minimum_rate_is_eventually_cut_off() {
    assert_eq!(writing_is_cut_at(1), Some(61));
    let cut = writing_is_cut_at(400);
    assert!(cut.is_some_and(|second| second > 60), "{cut:?}");
}

#[test]
fn a_peer_above_the_minimum_rate_gets_everything() {
    assert_eq!(writing_is_cut_at(501), None);
}

#[test]
fn output_read_at_once_earns_no_more_than_the_longest_gap() {
    for (part, interval, cut) in [(1, 50, 61), (1, 1, 61), (0, 1, 60)] {
        let mut wire = Wire::new(Config::default(), large);
        wire.input.extend_from_slice(GET);
        wire.step();
        // The head, and a part of the body.
        wire.take(4 << 20);
        wire.take(4 << 20);
        assert!(wire.taken.len() > 4 << 20);
        wire.step();
        let end = (1..3000).find(|second| {
            wire.now.monotonic = seconds(*second);
            let pause = wire.step();
            if second % interval == 0 {
                wire.take(part);
            }
            pause == Pause::Close(CloseReason::WriteTimeout)
        });
        assert_eq!(end, Some(cut), "{part} bytes every {interval} s");
    }
}

#[test]
fn the_write_pace_starts_anew_with_each_response() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send(GET);
    wire.at(60);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(120)));
}

#[test]
fn bytes_count_as_sent_when_reported_not_when_offered() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    // A write that blocked for 15 seconds.
    wire.now.monotonic = seconds(15);
    for _ in 0..2 {
        wire.take(64 * 1024);
    }
    assert_eq!(wire.step(), Pause::Write(seconds(75)));
}

#[test]
fn partial_writes_do_not_change_the_output() {
    let bytes_of = |most: &mut dyn FnMut() -> usize| {
        let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
            Response::text(match request.path() {
                "/stream" => Body::from_iterator(
                    (1..40).map(|count| vec![b's'; count * 97].into_boxed_slice()),
                ),
                "/large" => Body::from(vec![b'l'; 70_000]),
                _ => Body::from("small"),
            })
        });
        for path in ["/", "/stream", "/large", "/", "/stream"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            wire.input.extend_from_slice(request.as_bytes());
        }
        while let Pause::Write(_) = wire.step() {
            wire.take(most());
        }
        assert_eq!(wire.statuses(), [200; 5]);
        wire.taken
    };
    let whole = bytes_of(&mut || usize::MAX);
    assert!(bytes_of(&mut || 1) == whole);
    let mut counts = (0_usize..).map(|count| 1 + count * 7919 % 40_000);
    assert!(bytes_of(&mut || counts.next().expect("endless")) == whole);
}
