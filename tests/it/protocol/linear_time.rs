//! However input arrives, its length determines the time.

use super::*;

/// Fails if sixteen times the length takes much more than sixteen times the time. Quadratic code would take 256
/// times as long.
fn takes_linear_time(length: usize, run: impl Fn(usize)) {
    let mut fastest = [Duration::MAX; 2];
    // On a busy machine it takes several attempts until neither run is interrupted; the longer one must fit in a time
    // slice.
    for attempt in 0..100 {
        for (fastest, length) in fastest.iter_mut().zip([length / 16, length]) {
            let start = Instant::now();
            run(length);
            *fastest = start.elapsed().min(*fastest);
        }
        if attempt >= 5 && fastest[1] < 64 * fastest[0] {
            return;
        }
    }
    panic!("{fastest:?} for a sixteenth of {length} and for all of it");
}

#[test]
fn one_byte_chunks_take_linear_time() {
    takes_linear_time(16_000, |count| {
        let mut wire = Wire::new(Config::default(), echo);
        let mut input =
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        input.extend_from_slice(&b"1\r\nx\r\n".repeat(count));
        input.extend_from_slice(b"0\r\n\r\n");
        for part in input.chunks(1000) {
            wire.send(part);
        }
        assert_eq!(wire.responses()[0].body().len(), count);
    });
}

#[test]
fn a_head_sent_byte_by_byte_takes_linear_time() {
    let mut limits = Limits::default();
    limits.head_bytes = 1 << 20;
    limits.headers = u16::MAX;
    takes_linear_time(16 * 1024, |length| {
        let mut wire = Wire::new(with_limits(limits), hello);
        let header = format!("X-Field: {}\r\n", "x".repeat(89));
        let headers = header.repeat(length / header.len());
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        for byte in head.bytes() {
            wire.send([byte]);
        }
        assert_eq!(wire.statuses(), [200]);
    });
}

#[test]
fn a_query_in_utf_8_sent_byte_by_byte_takes_linear_time() {
    let mut limits = Limits::default();
    limits.head_bytes = 1 << 20;
    limits.request_line_bytes = 1 << 20;
    takes_linear_time(16 * 1024, |length| {
        let mut wire = Wire::new(with_limits(limits), hello);
        let query = "\"\u{20ac}".repeat(length / 4);
        let head = format!("GET /?{query} HTTP/1.1\r\nHost: x\r\n\r\n");
        for octet in head.bytes() {
            wire.send([octet]);
        }
        assert_eq!(wire.statuses(), [200]);
    });
}

#[test]
fn a_body_sent_byte_by_byte_takes_linear_time() {
    takes_linear_time(16 * 1024, |length| {
        let mut wire = Wire::new(Config::default(), echo);
        wire.send(post(length));
        for _ in 0..length {
            wire.send("x");
        }
        assert_eq!(wire.responses()[0].body().len(), length);
    });
}
