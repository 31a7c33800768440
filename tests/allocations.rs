//! What an answer and an idle connection cost in memory, counted by the allocator.

use allocation_counter::{AllocationInfo, measure};
use bytegate::{
    Config, Connection, ConnectionInfo, Gateway, Now, Request, Response, Router, Scheme, Session,
    Site, Wait,
};
use std::hint::black_box;

const STATIC: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const DYNAMIC: &[u8] = b"GET /index.py HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const PAGE: &str = "<h1>Hello, world</h1>\n";

fn gateway() -> Gateway {
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| Response::html(PAGE))
        .fallback(Site::new().file("/index.html", PAGE));
    Gateway::new(router)
}

/// What the second answer into the same buffer allocates: the first one makes the room.
fn into_used_buffer(input: &[u8]) -> AllocationInfo {
    let gateway = gateway();
    let now = Now::at_unix(784_111_777);
    let mut output = Vec::new();
    gateway.handle_into(input, now, &mut output);
    let info = measure(|| {
        output.clear();
        gateway.handle_into(black_box(input), now, &mut output);
    });
    assert!(output.starts_with(b"HTTP/1.1 200 OK\r\n"));
    info
}

#[test]
fn a_static_answer_into_a_used_buffer_allocates_nothing() {
    assert_eq!(into_used_buffer(STATIC).count_total, 0);
}

#[test]
fn pipelined_answers_into_a_used_buffer_allocate_nothing() {
    assert_eq!(into_used_buffer(&STATIC.repeat(16)).count_total, 0);
}

#[test]
fn the_answer_of_an_application_into_a_used_buffer_allocates_what_the_application_does() {
    assert_eq!(into_used_buffer(DYNAMIC).count_total, 0);
}

#[test]
fn an_answer_as_bytes_is_allocated_once() {
    let gateway = gateway();
    let info = measure(|| {
        black_box(gateway.handle(black_box(STATIC)));
    });
    // The buffer, and what `Bytes` needs to share it.
    assert!(info.count_total <= 2, "{info:?}");
}

/// What a connection allocates for the answer with a file of that length.
fn for_file(length: usize) -> AllocationInfo {
    let gateway = Gateway::new(Site::new().file("/a.bin", vec![b'x'; length]));
    let input = b"GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n";
    // The first answer makes the content shareable, once and for all.
    gateway.handle(input);
    let mut session = gateway.session(ConnectionInfo::default());
    let info = measure(|| serve(&mut session, input));
    assert!(session.output().len() > length);
    info
}

#[test]
fn a_small_file_is_copied_after_its_head_into_room_for_both() {
    for length in [0, 1000, 16 * 1024 - 1] {
        let info = for_file(length);
        assert_eq!(info.count_total, 1, "{length}: {info:?}");
        assert!(
            info.bytes_total < length as u64 + 1024,
            "{length}: {info:?}"
        );
    }
}

#[test]
fn a_large_file_is_not_copied_on_its_way_out() {
    for length in [16 * 1024, 1024 * 1024] {
        let info = for_file(length);
        assert!(info.bytes_total < 1024, "{length}: {info:?}");
    }
}

#[test]
fn a_connection_that_waits_for_a_request_holds_no_memory() {
    let gateway = gateway();
    let info = measure(|| {
        let mut session = gateway.session(ConnectionInfo::default());
        for _ in 0..3 {
            serve(&mut session, STATIC);
            let written = session.output().len();
            session.sent(written);
        }
        let mut input: &[u8] = b"";
        let wait = session.turn(&mut input, Now::default());
        assert!(matches!(wait, Wait::Read { .. }));
        assert!(session.is_idle());
        // Not dropped: what is current when the measurement ends is what it holds.
        std::mem::forget(session);
    });
    assert_eq!((info.count_current, info.bytes_current), (0, 0), "{info:?}");
}

#[test]
fn a_turn_with_a_lent_buffer_allocates_nothing_and_gives_it_back() {
    let gateway = gateway();
    let mut session = gateway.session(ConnectionInfo::default());
    let mut buffer = Vec::with_capacity(1024);
    let info = measure(|| {
        for _ in 0..3 {
            session.output().lend(&mut buffer);
            serve(&mut session, STATIC);
            assert!(session.output().len() > PAGE.len());
            session.sent_all(&mut buffer);
            assert!(session.output().is_empty() && buffer.is_empty());
            assert_eq!(buffer.capacity(), 1024);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
    // A buffer that is in use, or as good as the other, stays what it is.
    serve(&mut session, STATIC);
    let mut in_use = b"in use".to_vec();
    session.sent_all(&mut in_use);
    assert_eq!(in_use, b"in use");
    serve(&mut session, STATIC);
    session.sent_all(&mut buffer);
    assert_eq!(buffer.capacity(), 1024);
}

#[test]
fn a_connection_is_small() {
    let size = size_of::<Session<'_>>();
    assert!(size <= 832, "{size}");
}

/// Lets the gateway answer, without writing.
fn serve(session: &mut Session<'_>, mut input: &[u8]) {
    session.turn(&mut input, Now::default());
}

#[test]
fn the_default_configuration_is_all_on_the_stack() {
    let info = measure(|| {
        black_box(Connection::new(Config::default(), Scheme::Http));
    });
    assert_eq!(info.count_total, 0);
}
