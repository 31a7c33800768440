//! Buffered output, and streams that fail or have the wrong length.

use super::*;

#[test]
fn pipelined_requests_wait_until_the_peer_reads_the_responses() {
    const COUNT: usize = 10_000;
    const ANSWER_BYTES: usize = 1024;
    let mark = Limits::default().output_bytes;
    let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
        Response::text(request.path().to_string())
    });
    for number in 0..COUNT {
        let request = format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n");
        wire.input.extend_from_slice(request.as_bytes());
    }
    while let Pause::Write(_) = wire.step() {
        let waiting = wire.session.output().len();
        assert!(
            waiting < mark + ANSWER_BYTES,
            "{waiting} bytes are buffered"
        );
        wire.take(10_000);
    }
    let responses = wire.responses();
    assert_eq!(responses.len(), COUNT);
    for (number, response) in responses.iter().enumerate() {
        assert_eq!(response.body(), format!("/{number}").as_bytes());
    }
    assert!(responses[COUNT - 1].closes());
}

/// An endless stream, and a counter of the blocks pulled from it.
fn counted_stream(
    block_bytes: usize,
) -> (Arc<AtomicUsize>, impl Fn(&Request<'_>) -> Response + Sync) {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    let application = move |_: &Request<'_>| {
        let counter = counter.clone();
        let block = Bytes::from(vec![b'x'; block_bytes]);
        Response::text(Body::from_iterator(std::iter::repeat_with(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            block.clone()
        })))
    };
    (pulled, application)
}

#[test]
fn a_stream_is_pulled_only_while_the_output_is_below_its_limit() {
    let (pulled, application) = counted_stream(1024);
    let mut wire = Wire::new(Config::default(), application);
    wire.input.extend_from_slice(GET);
    // One block for each write, as long as there is room.
    for blocks in 1..=3 {
        assert!(matches!(wire.step(), Pause::Write(_)));
        assert_eq!(pulled.load(Ordering::Relaxed), blocks);
    }
    for _ in 0..200 {
        assert!(matches!(wire.step(), Pause::Write(_)));
    }
    let before = pulled.load(Ordering::Relaxed);
    assert!((60..=64).contains(&before), "{before} blocks");
    wire.take(10 * 1024);
    for _ in 0..200 {
        wire.step();
    }
    let refilled = pulled.load(Ordering::Relaxed) - before;
    assert!((9..=11).contains(&refilled), "{refilled} blocks");
}

#[test]
fn a_slow_reader_costs_at_most_one_extra_block() {
    const BLOCK_BYTES: usize = 1024 * 1024;
    let mark = Limits::default().output_bytes;
    let (_, application) = counted_stream(BLOCK_BYTES);
    let mut wire = Wire::new(Config::default(), application);
    wire.input.extend_from_slice(GET);
    for _ in 0..1000 {
        assert!(matches!(wire.step(), Pause::Write(_)));
        let waiting = wire.session.output().len();
        assert!(
            waiting < mark + BLOCK_BYTES + 16,
            "{waiting} bytes are buffered"
        );
        wire.take(10_000);
    }
}

fn ends_broken(body: impl Fn() -> Body + Send + Sync + 'static) -> String {
    let mut wire = Wire::new(Config::default(), move |_: &Request<'_>| {
        Response::text(body())
    });
    let pause = wire.send(GET.repeat(2));
    assert_eq!(pause, Pause::Close(CloseReason::ResponseBroken));
    assert_eq!(wire.answered.len(), 1);
    String::from_utf8(wire.taken).expect("ASCII")
}

fn blocks(count: usize) -> impl Iterator<Item = Result<Bytes, BodyError>> + Send + 'static + use<> {
    std::iter::repeat_n(Ok(Bytes::from_static(b"block")), count)
}

#[test]
fn a_stream_that_breaks_off_has_no_last_chunk() {
    let broken = || blocks(2).chain([Err(BodyError)]).chain(blocks(9));
    let output = ends_broken(move || Body::try_from_iterator(None, broken()));
    let (_, body) = output.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, "5\r\nblock\r\n5\r\nblock\r\n");
}

#[test]
fn a_stream_shorter_than_declared_closes_the_connection() {
    let output = ends_broken(|| Body::try_from_iterator(Some(11), blocks(2)));
    assert!(output.contains("Content-Length: 11\r\n"));
    assert!(output.ends_with("\r\n\r\nblockblock"));
}

#[test]
fn a_stream_longer_than_declared_sends_nothing_past_its_length() {
    let output = ends_broken(|| Body::try_from_iterator(Some(9), blocks(2)));
    assert!(output.contains("Content-Length: 9\r\n"));
    assert!(output.ends_with("\r\n\r\nblock"));
    let output = ends_broken(|| Body::try_from_iterator(Some(0), blocks(1)));
    assert!(output.ends_with("\r\n\r\n"));
}

#[test]
fn a_stream_of_the_declared_length_keeps_the_connection_open() {
    let mut wire = Wire::new(Config::default(), |_: &Request<'_>| {
        Response::text(Body::try_from_iterator(Some(10), blocks(2)))
    });
    assert!(matches!(wire.send(GET.repeat(2)), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}
