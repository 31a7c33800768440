//! Bodies from channels.

use super::*;

/// An application whose body is written by the test.
fn channel(blocks: usize) -> (Arc<Mutex<Option<BodySender>>>, impl Application) {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let application = move |_: &Request<'_>| {
        let (sender, body) = Body::channel(blocks);
        *keep.lock().expect("a sender") = Some(sender);
        Response::text(body)
    };
    (kept, application)
}

#[test]
fn blocks_from_a_channel_are_sent_as_they_arrive() {
    let (kept, application) = channel(4);
    let mut wire = Wire::new(application);
    let never = Wait::Pending {
        until: Duration::MAX,
    };
    assert_eq!(wire.send([GET, GET].concat()), never);
    assert!(wire.text().ends_with("Transfer-Encoding: chunked\r\n\r\n"));
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    sender.send("one").expect("somebody reads");
    assert_eq!(wire.woken(), 1);
    assert_eq!(wire.at(1000), never);
    assert!(wire.text().ends_with("\r\n3\r\none\r\n"));
    sender.send("two").expect("somebody reads");
    sender.finish();
    // Now the second request is handled, with a separate channel.
    assert_eq!(wire.turn(), never);
    let text = wire.text();
    assert!(
        text.contains("3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{text}"
    );
}

#[test]
fn a_sender_dropped_before_the_end_leaves_an_incomplete_message() {
    let (kept, application) = channel(4);
    let mut wire = Wire::new(application);
    wire.send(GET);
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    sender.send("one").expect("somebody reads");
    drop(sender);
    assert_eq!(wire.turn(), Wait::Close(CloseReason::ResponseBroken));
    assert!(wire.text().ends_with("\r\n3\r\none\r\n"), "{}", wire.text());
    assert_eq!(wire.errors, [ResponseError::BodyError]);
}

#[test]
fn a_slow_reader_blocks_the_sender_and_a_lost_one_closes_it() {
    let (kept, application) = channel(2);
    let mut wire = Wire::new(application);
    wire.send(GET);
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    assert_eq!(sender.try_send("one"), Ok(()));
    assert_eq!(sender.try_send("two"), Ok(()));
    let full = TrySendError::Full(Bytes::from_static(b"three"));
    assert_eq!(sender.try_send("three"), Err(full));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sender.send("three"));
        while !wire.text().contains("three") {
            wire.turn();
        }
        assert_eq!(waiting.join().expect("a thread"), Ok(()));
    });
    assert!(!sender.is_closed());
    drop(wire);
    assert!(sender.is_closed());
    assert_eq!(sender.try_send("four"), Err(TrySendError::Closed));
    assert!(sender.send("four").is_err());
}
