//! What an answer and an idle connection cost in memory, counted by the allocator.

use allocation_counter::{AllocationInfo, measure};
use bytegate::{Config, Connection, Gateway, Now, Request, Response, Site, Step};
use std::hint::black_box;

const STATIC: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const DYNAMIC: &[u8] = b"GET /index.py HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const PAGE: &str = "<h1>Hello, world</h1>\n";

fn gateway() -> Gateway {
    Gateway::new()
        .site(Site::new().file("/index.html", PAGE))
        .dynamic(".py", |_: &Request<'_>| Response::html(PAGE))
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
    let gateway = Gateway::new().site(Site::new().file("/a.bin", vec![b'x'; length]));
    let input = b"GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n";
    // The first answer makes the content shareable, once and for all.
    gateway.handle(input);
    let mut connection = Connection::new(gateway.connection_config());
    let info = measure(|| serve(&gateway, &mut connection, input));
    assert!(connection.output().len() > length);
    info
}

#[test]
fn a_small_file_is_copied_behind_its_head_into_room_for_both() {
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
        let mut connection = Connection::new(gateway.connection_config());
        for _ in 0..3 {
            serve(&gateway, &mut connection, STATIC);
            let written = connection.output().len();
            connection.sent(written);
        }
        let mut input: &[u8] = b"";
        let step = connection.step(&mut input, Now::default());
        assert!(matches!(step, Step::Read { .. }));
        assert!(connection.is_idle());
        // Not dropped: what is current when the measurement ends is what it holds.
        std::mem::forget(connection);
    });
    assert_eq!((info.count_current, info.bytes_current), (0, 0), "{info:?}");
}

#[test]
fn a_turn_with_a_lent_buffer_allocates_nothing_and_gives_it_back() {
    let gateway = gateway();
    let mut connection = Connection::new(gateway.connection_config());
    let mut buffer = Vec::with_capacity(1024);
    let info = measure(|| {
        for _ in 0..3 {
            connection.output().lend(&mut buffer);
            serve(&gateway, &mut connection, STATIC);
            assert!(connection.output().len() > PAGE.len());
            connection.sent_all(&mut buffer);
            assert!(connection.output().is_empty() && buffer.is_empty());
            assert_eq!(buffer.capacity(), 1024);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
    // A buffer that is in use, or as good as the other, stays what it is.
    serve(&gateway, &mut connection, STATIC);
    let mut in_use = b"in use".to_vec();
    connection.sent_all(&mut in_use);
    assert_eq!(in_use, b"in use");
    serve(&gateway, &mut connection, STATIC);
    connection.sent_all(&mut buffer);
    assert_eq!(buffer.capacity(), 1024);
}

#[test]
fn a_connection_is_small() {
    let size = size_of::<Connection>();
    assert!(size <= 768, "{size}");
}

/// Lets the gateway answer, without writing.
fn serve(gateway: &Gateway, connection: &mut Connection, input: &[u8]) {
    use bytegate::Application;
    let mut input = input;
    loop {
        match connection.step(&mut input, Now::default()) {
            Step::Call(request) => {
                let response = gateway.call(&request);
                connection.respond(response);
            }
            Step::Read { .. } | Step::Write { .. } => return,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_default_configuration_is_all_on_the_stack() {
    let info = measure(|| {
        black_box(Connection::new(Config::default()));
    });
    assert_eq!(info.count_total, 0);
}
