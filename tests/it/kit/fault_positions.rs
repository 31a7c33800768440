//! Faults of servers: their positions, and whether they have taken effect.

use bytegate::blocking::BlockingStream;
use bytegate::testing::{Client, Fault, Pipe};
use bytegate::{Body, Gateway, Request, Response};
use std::io::{ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn hello(_: &Request<'_>) -> &'static str {
    "hello\n"
}

/// The bytes that a client receives, how the connection ends, and whether the fault has taken effect.
fn received(fault: Fault) -> (String, Option<ErrorKind>, bool) {
    let mut stream = Pipe::connect_faulty(&Gateway::new(hello), fault);
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut output = Vec::new();
    let error = stream.read_to_end(&mut output).err();
    let text = String::from_utf8(output).unwrap();
    // The second may change between two responses.
    let dated = text.split("\r\n").find(|line| line.starts_with("Date: "));
    let text = dated.map_or(text.clone(), |date| text.replace(date, "Date: now"));
    (
        text,
        error.map(|error| error.kind()),
        stream.fault_has_fired(),
    )
}

#[test]
fn a_position_in_the_body_counts_from_its_start() {
    let (whole, ..) = received(Fault::CutAfter(1000));
    let head = whole.strip_suffix("hello\n").expect("the body");
    for (fault, body) in [
        (Fault::CutAfter(0), ""),
        (Fault::CutAfter(2), "he"),
        (
            Fault::Garbage {
                after: 2,
                bytes: b"??".to_vec(),
            },
            "he??llo\n",
        ),
        (
            Fault::Delay {
                after: 2,
                time: Duration::from_millis(1),
            },
            "hello\n",
        ),
    ] {
        let expected = (format!("{head}{body}"), None, true);
        assert_eq!(received(fault.clone().in_body()), expected, "{fault:?}");
    }
    assert_eq!(
        received(Fault::CutAfter(1000).in_body()),
        (whole, None, false)
    );
}

#[test]
fn a_reset_is_an_error_after_what_was_sent() {
    let (output, error, has_fired) = received(Fault::ResetAfter(12));
    assert_eq!(output, "HTTP/1.1 200");
    assert_eq!((error, has_fired), (Some(ErrorKind::ConnectionReset), true));
    let (output, error, _) = received(Fault::ResetAfter(3).in_body());
    assert!(output.ends_with("\r\n\r\nhel"), "{output}");
    assert_eq!(error, Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_delay_comes_before_the_rest() {
    let time = Duration::from_millis(60);
    let fault = Fault::Delay { after: 1, time }.in_body();
    let mut stream = Pipe::connect_faulty(&Gateway::new(hello), fault);
    stream.set_timeout(Some(Duration::from_secs(5))).unwrap();
    let start = Instant::now();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut output = String::new();
    stream.read_to_string(&mut output).unwrap();
    assert!(output.ends_with("\r\n\r\nhello\n"), "{output}");
    assert!(start.elapsed() >= time);
}

#[test]
fn a_fault_without_its_target_does_not_take_effect() {
    for fault in [
        Fault::BrokenChunk,
        Fault::CutAfter(1000),
        Fault::StallAfter(1000),
        Fault::ResetAfter(1000),
    ] {
        let (output, error, has_fired) = received(fault.clone());
        assert!(output.ends_with("hello\n"), "{fault:?}");
        assert_eq!((error, has_fired), (None, false), "{fault:?}");
    }
    let (output, _, has_fired) = received(Fault::ContentLength(3));
    assert!(
        output.contains("Content-Length: 3\r\n") && has_fired,
        "{output}"
    );
}

#[test]
fn waiting_for_text_ends_with_the_body_and_with_the_timeout() {
    let (sender, body) = Body::channel(8);
    let body = std::sync::Mutex::new(Some(body));
    let client = Client::new(move |_: &Request<'_>| {
        Response::text(body.lock().unwrap().take().unwrap_or_default())
    });
    let mut wire = client.connect();
    wire.request(&client.get("/"));
    assert_eq!(wire.response_head().status(), 200);
    sender.try_send("one ").unwrap();
    sender.try_send("two").unwrap();
    assert_eq!(wire.wait_for("e tw", Duration::ZERO), "one two");
    let mut panic_of = |timeout| {
        let waiting = AssertUnwindSafe(|| wire.wait_for("three", timeout));
        let panic = catch_unwind(waiting).expect_err("a panic");
        *panic.downcast::<String>().expect("text")
    };
    let late = "\"three\" has not arrived after 1ms: \"\"";
    assert_eq!(panic_of(Duration::from_millis(1)), late);
    sender.try_send("four").unwrap();
    sender.finish();
    let ended = "the body has ended without \"three\": \"four\"";
    assert_eq!(panic_of(Duration::from_secs(60)), ended);
}
