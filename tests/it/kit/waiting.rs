//! A client of the test kit that waits for nothing panics, and names the missing bytes.

use bytegate::testing::Client;
use bytegate::{Body, OwnedRequest, Request, Response};
use std::future::{pending, poll_fn};
use std::task::Poll;
use std::thread;
use std::time::Duration;

#[test]
#[should_panic(
    expected = "the response to \"GET /late HTTP/1.1\" is still pending after 10 seconds. If the handler uses tokio"
)]
fn a_response_that_never_comes_panics() {
    let client = Client::new(|request: &Request<'_>| {
        let _: OwnedRequest = request.into_owned();
        Response::from_future(pending::<Response>())
    });
    client.get("/late").send();
}

#[test]
#[should_panic(
    expected = "the next block of the body for \"GET /events HTTP/1.1\" is still pending"
)]
fn a_body_that_never_goes_on_panics() {
    let (sender, body) = Body::channel(8);
    sender.try_send("one").unwrap();
    let body = std::sync::Mutex::new(Some(body));
    let client = Client::new(move |_: &Request<'_>| {
        Response::text(body.lock().unwrap().take().unwrap_or_default())
    });
    client.get("/events").send();
}

#[test]
fn a_response_that_takes_some_time_is_awaited() {
    let client = Client::new(|_: &Request<'_>| {
        let mut has_waited = false;
        Response::from_future(poll_fn(move |context| {
            if has_waited {
                return Poll::Ready("late\n");
            }
            has_waited = true;
            let waker = context.waker().clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(30));
                waker.wake();
            });
            Poll::Pending
        }))
    });
    assert_eq!(client.get("/").text(), "late\n");
}
