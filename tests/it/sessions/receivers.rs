//! Uploads that are received while they arrive.

use super::*;

#[test]
fn a_receiver_that_is_not_ready_gets_no_data_and_the_peer_does_not_time_out() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    let waits = Wait::Pending {
        until: Timeouts::default().response,
    };
    assert_eq!(wire.send(post("hello")), waits);
    assert_eq!(wire.at(29), waits);
    assert!(upload.notes().is_empty());
    upload.ready.store(true, Ordering::SeqCst);
    assert!(matches!(wire.turn(), Wait::Read { .. }));
    assert_eq!(upload.notes(), ["hello"]);
    assert_eq!(wire.responses(1)[0].body(), b"thanks");
}

#[test]
fn a_receiver_that_is_not_ready_in_time_is_told_and_gets_503() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    wire.send(post("hello"));
    let wait = wire.at(30);
    assert!(matches!(wait, Wait::Close(_)), "{wait:?}");
    assert_eq!(upload.notes(), ["Refused(ResponseTimeout)"]);
    let response = &wire.responses(1)[0];
    assert_eq!(response.status(), Status::SERVICE_UNAVAILABLE);
    assert!(response.closes());
}

#[test]
fn the_time_of_a_receiver_begins_again_when_it_was_ready() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    upload.ready.store(true, Ordering::SeqCst);
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    wire.at(10);
    upload.ready.store(false, Ordering::SeqCst);
    let wait = wire.send("llo");
    assert_eq!(
        wait,
        Wait::Pending {
            until: Duration::from_secs(40)
        }
    );
}

#[test]
fn what_was_sent_before_is_written_while_a_receiver_is_not_ready() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    wire.send([GET, &post("hello")].concat());
    assert_eq!(wire.responses(1)[0].body(), b"no content");

    let mut wire = Wire::new(upload.clone());
    let wait = wire
        .send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert!(matches!(wait, Wait::Pending { .. }), "{wait:?}");
    assert_eq!(wire.text(), "HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn a_peer_that_does_not_read_is_cut_while_a_receiver_is_not_ready() {
    let gateway = Gateway::new(Upload::default());
    let mut session = gateway.session(ConnectionInfo::default());
    let input = [GET, &post("hello")].concat();
    let mut rest = &input[..];
    assert_eq!(session.turn(&mut rest, Now::default()), Wait::Yield);
    let wait = session.turn(&mut rest, Now::default());
    let Wait::Write { until } = wait else {
        panic!("the first answer is written: {wait:?}");
    };
    let late = Now {
        monotonic: until,
        ..Now::default()
    };
    let wait = session.turn(&mut rest, late);
    assert_eq!(wait, Wait::Close(CloseReason::WriteTimeout));
}

#[test]
fn a_panic_while_a_receiver_is_asked_or_told_is_caught() {
    struct Panics;
    impl Application for Panics {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("no content")
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            match request.path() {
                "/asked" => Admission::stream(PanicsWhenAsked),
                _ => Admission::stream(PanicsWhenTold),
            }
        }
    }
    struct PanicsWhenAsked;
    impl Receiver for PanicsWhenAsked {
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
            std::panic::resume_unwind(Box::new("deliberate"))
        }

        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }
    }
    struct PanicsWhenTold;
    impl Receiver for PanicsWhenTold {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }

        fn abort(self: Box<Self>, _: AbortReason) {
            std::panic::resume_unwind(Box::new("deliberate"))
        }
    }
    let mut wire = Wire::new(Panics);
    let wait = wire.send("POST /asked HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(wait, Wait::Close(CloseReason::Refused));
    assert_eq!(wire.responses(1)[0].status(), 500);
    assert!(matches!(wire.errors[..], [ResponseError::Panicked(_)]));

    let mut wire = Wire::new(Panics);
    wire.send("POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    drop(wire);
}

#[test]
fn a_receiver_may_refuse_midway_with_its_own_response() {
    let upload = Upload::default();
    upload.ready.store(true, Ordering::SeqCst);
    let mut wire = Wire::new(upload.clone());
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ngood");
    assert_eq!(wire.send("virus"), Wait::Close(CloseReason::Refused));
    let responses = wire.responses(1);
    assert_eq!(
        (responses[0].status().code(), responses[0].closes()),
        (403, true)
    );
    assert_eq!(responses[0].body(), b"not that");
    assert_eq!(upload.notes(), ["good", "virus"]);
}

#[test]
fn a_receiver_is_told_why_the_body_broke_off() {
    let begun = |upload: &Upload| {
        upload.ready.store(true, Ordering::SeqCst);
        let mut wire = Wire::new(upload.clone());
        wire.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        wire
    };
    let upload = Upload::default();
    begun(&upload).send("z");
    assert_eq!(upload.notes(), ["a", "Refused(ChunkSize)"]);
    let upload = Upload::default();
    let mut wire = begun(&upload);
    wire.session.end_input();
    wire.turn();
    assert_eq!(upload.notes(), ["a", "Refused(BodyIncomplete)"]);
    let upload = Upload::default();
    drop(begun(&upload));
    assert_eq!(upload.notes(), ["a", "Disconnected"]);
    let upload = Upload::default();
    begun(&upload).at(30);
    assert_eq!(upload.notes(), ["a", "Refused(BodyTimeout)"]);
}
