//! Events, broadcasts and channels.

use super::*;

/// An application whose events are sent by the test.
fn channel(events: usize) -> (Arc<Mutex<Option<EventSender>>>, Gateway) {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let (sender, events) = Events::channel(events);
        *keep.lock().expect("a sender") = Some(sender);
        events
    });
    (kept, gateway)
}

fn taken(kept: &Mutex<Option<EventSender>>) -> EventSender {
    kept.lock().expect("a sender").take().expect("a sender")
}

#[test]
fn events_arrive_one_by_one_from_another_thread() {
    let (kept, gateway) = channel(2);
    let mut client = Client::new(&gateway, GET);
    assert_eq!(
        client.text(),
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
         X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let sender = taken(&kept);
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            sender.send("one\ntwo").expect("a client");
            let event = Event::new("three").with_name("a\r\ndata: b").with_id("7\n");
            sender.send(event).expect("a client");
            sender.send(Event::comment()).expect("a client");
            // More than fit into the channel.
            for number in 0..20 {
                sender.send(number.to_string()).expect("a client");
            }
            thread::park();
        });
        client.wait_for("data: 19\n\n\r\n");
        sending.thread().unpark();
        sending.join().expect("no panic");
    });
    // Dropping the sender ended the response, and the connection stays open.
    assert!(matches!(client.turn(&mut &b""[..]), Wait::Read { .. }));
    assert!(client.alarm.count.load(Ordering::SeqCst) > 0);
    let body = client.body();
    let (first, rest) = body.split_once("\n\n").expect("an event");
    assert_eq!(first, "data: one\ndata: two");
    let (second, rest) = rest.split_once("\n\n").expect("an event");
    assert_eq!(second, "event: a  data: b\nid: 7 \ndata: three");
    assert!(rest.ends_with("data: 18\n\ndata: 19\n\n"), "{rest}");
}

#[test]
fn sending_to_a_disconnected_client_fails() {
    let (kept, gateway) = channel(1);
    let client = Client::new(&gateway, GET);
    let sender = taken(&kept);
    assert!(!sender.is_closed());
    sender.send("a").expect("a client");
    thread::scope(|scope| {
        // This waits, because the channel is full.
        let waiting = scope.spawn(|| sender.send("b"));
        drop(client);
        assert_eq!(waiting.join().expect("no panic"), Err(Closed));
    });
    assert!(sender.is_closed());
    assert_eq!(sender.send("c"), Err(Closed));
    assert_eq!(sender.try_send("d"), Err(TrySendError::Closed));

    let head = Client::new(&gateway, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(taken(&kept).send("a"), Err(Closed));
    drop(head);
}

/// A stream of two events, the second of which is not ready at once.
struct Halting(u32);

impl futures_core::Stream for Halting {
    type Item = Event;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        self.0 += 1;
        match self.0 {
            1 => std::task::Poll::Ready(Some("first".into())),
            2 => {
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }
            3 => std::task::Poll::Ready(Some("second".into())),
            _ => std::task::Poll::Ready(None),
        }
    }
}

#[test]
fn events_may_come_from_an_asynchronous_stream() {
    let response = sent_by(|_: &Request<'_>| Events::from_stream(Halting(0)), GET);
    assert_eq!(response.text(), "data: first\n\ndata: second\n\n");
}

#[test]
fn every_client_of_a_broadcast_sees_the_lines_of_the_others() {
    let chat = Broadcast::new(8);
    let (room, said) = (chat.clone(), chat.clone());
    let router = Router::new()
        .get("/", move |_: &Request<'_>| room.subscribe())
        .post("/", move |request: &Request<'_>| {
            said.send(String::from_utf8_lossy(request.body()));
            Status::NO_CONTENT
        });
    let gateway = Gateway::new(router);
    let mut one = Client::new(&gateway, GET);
    assert_eq!(chat.subscribers(), 1);
    let say = |line: &str| {
        let fields = format!("Content-Length: {}\r\n", line.len());
        let input = [request("POST", "/", &fields), line.into()].concat();
        assert_eq!(response_of(&gateway, &input).status(), 204);
    };
    say("early");
    let mut two = Client::new(&gateway, GET);
    say("hello\r\ndata: both");
    assert!(one.text().contains("data: early\n\n"));
    for client in [&mut one, &mut two] {
        let text = client.text();
        assert!(
            text.ends_with("data: hello\ndata: data: both\n\n\r\n"),
            "{text}"
        );
    }
    assert!(!two.text().contains("early"));
    drop(one);
    assert_eq!(chat.subscribers(), 1);
    assert_eq!(chat.send("bye"), 1);
    assert!(two.text().ends_with("data: bye\n\n\r\n"));
    drop(two);
    assert_eq!(chat.subscribers(), 0);
    assert_eq!(format!("{chat:?}"), "Broadcast(0 subscribers)");
}

#[test]
fn a_slow_client_of_a_broadcast_is_disconnected_and_does_not_delay_others() {
    let news = Broadcast::new(2);
    let room = news.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| room.subscribe());
    let mut slow = Client::new(&gateway, GET);
    let mut fast = Client::new(&gateway, GET);
    for (event, clients) in [("one", 2), ("two", 2), ("three", 1)] {
        assert_eq!(news.send(event), clients, "{event}");
        assert!(fast.text().ends_with(&format!("data: {event}\n\n\r\n")));
    }
    // Its queue is dropped, and its response is cut off.
    let cut = Wait::Close(CloseReason::ResponseBroken);
    assert_eq!(slow.turn(&mut &b""[..]), cut);
    assert!(slow.text().ends_with("chunked\r\n\r\n"));
}

#[test]
fn the_queue_of_a_slow_client_is_bounded_in_bytes_and_dropped_with_it() {
    let news = Broadcast::new(100).queued_bytes(1000);
    let room = news.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| room.subscribe());
    // The data has 100 lines, so that 800 bytes are sent for 100.
    let lines = "\n".repeat(99);
    let mut slow = Client::new(&gateway, GET);
    for (event, clients) in [(&*lines, 1), ("fits", 1), (&lines, 0)] {
        assert_eq!(news.send(event), clients, "{event:?}");
    }
    assert!(matches!(slow.turn(&mut &b""[..]), Wait::Close(_)));
    assert!(!slow.text().contains("data:"));
    // A client that reads gets events of any length.
    let mut fast = Client::new(&gateway, GET);
    for event in [&lines, &"\n".repeat(5000), &lines] {
        assert_eq!(news.send(event.as_str()), 1);
        fast.text();
    }
}

#[test]
fn a_channel_queues_at_most_a_mebibyte_and_at_least_one_block() {
    let (sender, _body) = Body::channel(10);
    assert_eq!(sender.try_send(vec![0; 2 << 20]), Ok(()));
    let full = sender.try_send("more");
    assert_eq!(full, Err(TrySendError::Full("more".into())));
    let (sender, _body) = Body::channel(10);
    assert_eq!(sender.try_send(vec![0; 1 << 19]), Ok(()));
    assert_eq!(sender.try_send(vec![0; 1 << 19]), Ok(()));
    let full = sender.try_send("more");
    assert_eq!(full, Err(TrySendError::Full("more".into())));
}

#[test]
fn comments_keep_a_quiet_stream_alive() {
    let seconds = |seconds| Now {
        monotonic: Duration::from_secs(seconds),
        wall: None,
    };
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let (sender, events) = Events::channel(4);
        *keep.lock().expect("a sender") = Some(sender);
        events.keep_alive(Duration::from_secs(15))
    });
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = GET;
    let mut turn = |second| {
        let mut sent = Vec::new();
        loop {
            match session.turn(&mut input, seconds(second)) {
                Wait::Write { .. } => session.output().move_to(&mut sent),
                Wait::Pending { until } => {
                    break (String::from_utf8(sent).unwrap(), until.as_secs());
                }
                other => unreachable!("{other:?}"),
            }
        }
    };
    let (head, until) = turn(1);
    assert!(head.ends_with("\r\n\r\n") && until == 16, "{head} {until}");
    assert_eq!(turn(15), (String::new(), 16));
    assert_eq!(turn(17), ("3\r\n:\n\n\r\n".to_string(), 32));
    // An event puts the next comment off.
    let sender = taken(&kept);
    sender.send("a").expect("a client");
    let (event, until) = turn(20);
    assert!(
        event.contains("data: a\n\n") && until == 35,
        "{event} {until}"
    );
    assert_eq!(turn(34), (String::new(), 35));
    assert_eq!(turn(35), ("3\r\n:\n\n\r\n".to_string(), 50));
}

/// The text of the events that a client gets, without the headers.
fn events_of(gateway: &Gateway, last_id: &str) -> String {
    let headers = match last_id {
        "" => String::new(),
        id => format!("Last-Event-ID: {id}\r\n"),
    };
    let text = Client::new(gateway, &request("GET", "/", &headers)).text();
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    // Without the chunk lines.
    let lines = body.split("\r\n").skip(1).step_by(2);
    lines.collect()
}

/// A gateway whose clients get the events that they missed.
fn replayed(news: &Broadcast) -> Gateway {
    let news = news.clone();
    Gateway::new(
        move |request: &Request<'_>| match request.header("Last-Event-ID") {
            Some(id) => news.subscribe_after(id),
            None => news.subscribe_with("now"),
        },
    )
}

#[test]
fn a_client_that_reconnects_gets_the_events_that_it_missed() {
    let news = Broadcast::new(1).replaying(3);
    let gateway = replayed(&news);
    for text in ["one", "two", "three", "four"] {
        news.send(Event::new(text).with_id(text));
    }
    let event = |text: &str| format!("id: {text}\ndata: {text}\n\n");
    let three = ["two", "three", "four"].map(event).concat();
    assert_eq!(events_of(&gateway, ""), "data: now\n\n");
    assert_eq!(events_of(&gateway, "four"), "");
    assert_eq!(events_of(&gateway, "three"), event("four"));
    assert_eq!(
        events_of(&gateway, "two"),
        ["three", "four"].map(event).concat()
    );
    // They are no longer known, or never were.
    assert_eq!(events_of(&gateway, "one"), three);
    assert_eq!(events_of(&gateway, "five"), three);
    let unkept = replayed(&Broadcast::new(1));
    assert_eq!(events_of(&unkept, "five"), "");
}

#[test]
fn events_without_an_id_get_one_that_no_other_broadcast_gives() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let news = Broadcast::new(8).replaying(8);
        let gateway = replayed(&news);
        news.send("one");
        news.send("two");
        let all = events_of(&gateway, "unknown");
        let mut ids = all.lines().filter_map(|line| line.strip_prefix("id: "));
        let (one, two) = (ids.next().expect("an id"), ids.next().expect("an id"));
        assert_eq!(
            all,
            format!("id: {one}\ndata: one\n\nid: {two}\ndata: two\n\n")
        );
        assert!(one.ends_with("-1") && two.ends_with("-2"), "{all}");
        assert!(events_of(&gateway, one).ends_with("\ndata: two\n\n"));
        seen.push(one.to_string());
    }
    assert_ne!(seen[0], seen[1]);
}

#[test]
fn the_events_that_are_kept_are_bounded_in_bytes() {
    let news = Broadcast::new(8).queued_bytes(100).replaying(8);
    let gateway = replayed(&news);
    for text in ["a", "b"] {
        news.send(Event::new(text.repeat(40)).with_id(text));
    }
    assert!(events_of(&gateway, "none").starts_with("id: b\n"));
    news.send(Event::new("c".repeat(200)).with_id("c"));
    assert_eq!(events_of(&gateway, "none"), "");
}

#[test]
fn a_closed_broadcast_ends_its_responses_after_the_queued_events() {
    let news = Broadcast::new(8);
    let gateway = replayed(&news);
    let mut client = Client::new(&gateway, GET);
    assert_eq!(news.send("last"), 1);
    news.close();
    assert!(news.is_closed());
    assert_eq!((news.subscribers(), news.send("later")), (0, 0));
    let text = client.text();
    assert!(text.ends_with("data: last\n\n\r\n0\r\n\r\n"), "{text}");
    let text = Client::new(&gateway, GET).text();
    assert!(text.ends_with("\r\n\r\n0\r\n\r\n"), "{text}");
}
