//! How much memory a response and an idle connection take. This is a separate program because it replaces the
//! allocator by one that counts.

use allocation_counter::{AllocationInfo, measure};
use bytegate::config::Config;
use bytegate::connection::Connection;
use bytegate::gateway::Wait;
use bytegate::request::{ConnectionInfo, Scheme};
use bytegate::{Body, Bytes, Gateway, Now, Request, Response, Router, Session, Site, Status};
use std::hint::black_box;

#[cfg(feature = "self-signed")]
#[path = "it/tls/laws.rs"]
#[expect(dead_code, reason = "only the client is needed here")]
mod laws;

const STATIC: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const DYNAMIC: &[u8] = b"GET /index.py HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
const PAGE: &str = "<h1>Hello, world</h1>\n";

fn gateway() -> Gateway {
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| Response::html(PAGE))
        .fallback(Site::new().file("/index.html", PAGE));
    Gateway::new(router)
}

/// Allocations for the second response into the same buffer, after the first one has made it large enough.
fn into_used_buffer(input: &[u8]) -> AllocationInfo {
    into_used_buffer_of(&gateway(), input)
}

fn into_used_buffer_of(gateway: &Gateway, input: &[u8]) -> AllocationInfo {
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
fn a_static_response_into_a_used_buffer_allocates_nothing() {
    assert_eq!(into_used_buffer(STATIC).count_total, 0);
}

#[test]
fn pipelined_responses_into_a_used_buffer_allocate_nothing() {
    assert_eq!(into_used_buffer(&STATIC.repeat(16)).count_total, 0);
}

#[test]
fn an_application_response_into_a_used_buffer_adds_no_allocations() {
    assert_eq!(into_used_buffer(DYNAMIC).count_total, 0);
}

#[test]
fn a_routed_response_with_parameters_into_a_used_buffer_allocates_nothing() {
    let page = |request: &Request<'_>| match (request.param("name"), request.param("page")) {
        (Some("ada"), Some("a/b")) => Response::html(PAGE),
        _ => Status::NOT_FOUND.into(),
    };
    let users = Router::new().get("/pages/{*page}", page);
    let gateway = Gateway::new(Router::new().mount("/users/{name}", users));
    let input = b"GET /users/ada/pages/a/b HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(into_used_buffer_of(&gateway, input).count_total, 0);
}

#[test]
fn a_response_as_bytes_takes_one_buffer() {
    let gateway = gateway();
    let info = measure(|| {
        black_box(gateway.handle(black_box(STATIC)));
    });
    // One for the buffer, and one that `Bytes` needs to share it.
    assert!(info.count_total <= 2, "{info:?}");
}

/// Allocations of a connection for a response with a file of this length.
fn for_file(length: usize) -> AllocationInfo {
    let gateway = Gateway::new(Site::new().file("/a.bin", vec![b'x'; length]));
    let input = b"GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n";
    // The first response makes the body shareable; this happens only once.
    drop(gateway.handle(input));
    let mut session = gateway.session(ConnectionInfo::default());
    let info = measure(|| serve(&mut session, input));
    assert!(session.output().len() > length);
    info
}

#[test]
fn a_small_file_and_its_head_share_one_allocation() {
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
fn a_large_file_is_sent_without_a_copy() {
    for length in [16 * 1024, 1024 * 1024] {
        let info = for_file(length);
        assert!(info.bytes_total < 1024, "{length}: {info:?}");
    }
}

#[test]
fn a_connection_that_waits_for_a_request_holds_no_heap_memory() {
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
        // Not dropped, so that the measurement includes the memory that the session still holds.
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
    // A buffer that is in use, or no smaller than the other, is left alone.
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
    let size = size_of::<Session>();
    assert!(size <= 640, "{size}");
}

/// Lets the gateway respond, without writing the output.
fn serve(session: &mut Session, mut input: &[u8]) {
    session.turn(&mut input, Now::default());
}

#[test]
fn a_connection_with_a_shared_configuration_allocates_nothing() {
    let config = std::sync::Arc::new(Config::default());
    let info = measure(|| {
        black_box(Connection::new(config.clone(), Scheme::Http));
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn sent_bytes_are_not_kept() {
    let block = Bytes::from(vec![b'x'; 1024]);
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let block = block.clone();
        Response::text(Body::from_iterator(std::iter::repeat_with(move || {
            block.clone()
        })))
    });
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = STATIC;
    let mut sent = 0;
    let info = measure(|| {
        // A peer that always leaves a byte unread, as one with a small window may do.
        while sent < 64 << 20 {
            let wait = session.turn(&mut input, Now::default());
            assert!(matches!(wait, Wait::Write { .. }));
            let most = session.output().len() - 1;
            session.sent(most);
            sent += most;
        }
    });
    assert!(
        info.bytes_max < 4 << 20,
        "memory grew by {} bytes while {sent} bytes were sent",
        info.bytes_max
    );
}

#[cfg(feature = "std")]
#[test]
fn a_rate_limit_takes_less_than_3_mb_however_long_the_keys_are() {
    for digits in [63, 2000] {
        let limit = bytegate::middleware::RateLimit::new(1, std::time::Duration::from_secs(60))
            .by(|request| Some(request.head.path().to_string()));
        let gateway = Gateway::new(|_: &Request<'_>| "").with(limit);
        let info = measure(|| {
            for client in 0..20_000 {
                let input = format!("GET /{client:0>digits$} HTTP/1.1\r\nHost: x\r\n\r\n");
                black_box(gateway.handle_at(input.as_bytes(), Now::at_unix(784_111_777)));
            }
        });
        assert!(info.bytes_current > 1_000_000, "{digits}: {info:?}");
        assert!(info.bytes_max < 3_000_000, "{digits}: {info:?}");
    }
}

/// The bytes that the server's end of a connection holds after a handshake and a request.
#[cfg(feature = "self-signed")]
fn held_by_tls(version: &'static bytegate::tls::rustls::SupportedProtocolVersion) -> i64 {
    let mut client = laws::Offer::default().version(version).start();
    let tls = laws::tls();
    let mut connection = None;
    let mut held = measure(|| connection = Some(tls.connection())).bytes_current;
    let connection = connection.as_mut().expect("a connection");
    for _ in 0..4 {
        let there = client.output();
        let mut back = Vec::new();
        let taken = measure(|| {
            let mut plain = Vec::new();
            connection
                .receive(&there, &mut plain)
                .expect("a sound client");
            if !plain.is_empty() {
                connection.send(PAGE.as_bytes());
            }
            back = connection.take_output();
        });
        held += taken.bytes_current - back.capacity() as i64;
        client.receive(&back);
        if !client.connection.is_handshaking() {
            client.send(STATIC);
        }
    }
    assert!(client.received.starts_with(PAGE.as_bytes()));
    held + size_of_val(connection) as i64
}

#[cfg(feature = "self-signed")]
#[test]
fn an_idle_connection_over_tls_is_small() {
    for version in laws::VERSIONS {
        let held = held_by_tls(version);
        // `net` counts 8 KiB.
        assert!((5_000..=8_192).contains(&held), "{version:?}: {held}");
    }
}
