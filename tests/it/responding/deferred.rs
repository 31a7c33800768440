//! Changes to deferred responses.

use super::*;

/// A change to a response that is not ready yet.
type Change = fn(Response) -> Response;

/// Responds with a deferred response, and keeps the errors.
fn deferred(change: Change) -> (ClientResponse, Vec<String>) {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        change(Response::from_future(async {
            let inner = async {
                Response::text("later")
                    .with_header("A", "of the future")
                    .with_header("B", "of the future")
            };
            Response::from_future(inner).with_appended_header("C", "1")
        }))
    })
    .on_error(move |error: &ResponseError, _| {
        told.lock().expect("a list").push(error.to_string());
    });
    let response = response_of(&gateway, &request("GET", "/", ""));
    let errors = errors.lock().expect("a list").clone();
    (response, errors)
}

#[test]
fn changes_to_a_deferred_response_are_applied_when_it_is_ready() {
    let (response, errors) = deferred(|response| {
        let mut response = response
            .with_header("a", "set")
            .with_appended_header("c", "2")
            .with_appended_header("C", "3");
        assert!(response.is_pending());
        response.remove_header("B");
        (Status::CREATED, response).into()
    });
    assert_eq!((response.status().code(), response.text()), (201, "later"));
    assert_eq!(
        (response.header("a"), response.header("b")),
        (Some("set"), None)
    );
    let values: Vec<&[u8]> = response.headers().get_all("c").collect();
    assert_eq!(values, [b"1", b"2", b"3"]);
    assert!(errors.is_empty());
    let (response, _) = deferred(|response| response.with_body("changed"));
    assert_eq!(
        (response.status().code(), response.text()),
        (200, "changed")
    );
}

#[test]
fn a_deferred_response_fails_for_the_same_reasons_as_others() {
    let cases: [(Change, &str); 4] = [
        (|it| it.with_header("a b", "x"), "header \"a b\""),
        (
            |it| it.with_appended_header("Connection", "close"),
            "header \"Connection\"",
        ),
        (
            |it| it.with_status(Status::CONTINUE),
            "100 Continue is not a final status",
        ),
        (
            |mut it| {
                it.map_body(|_| "x".into());
                it
            },
            "the body of a deferred response",
        ),
    ];
    for (change, reason) in cases {
        let (response, errors) = deferred(change);
        assert_eq!(response.status(), 500, "{reason}");
        assert_eq!(errors.len(), 1, "{reason}");
        assert!(errors[0].starts_with(reason), "{errors:?}");
    }
}

#[cfg(feature = "cookies")]
#[test]
fn a_cookie_may_be_set_on_a_deferred_response() {
    let (response, _) = deferred(|response| response.with_cookie(("session", "8f2c")));
    assert_eq!(response.header("set-cookie"), Some("session=8f2c"));
    let (response, errors) = deferred(|response| response.with_cookie(("a;b", "session")));
    assert_eq!((response.status().code(), errors.len()), (500, 1));
}

#[test]
fn middleware_sees_a_changed_deferred_response_once() {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(|_: &Request<'_>| {
        Response::from_future(async { "later" }).with_status(Status::ACCEPTED)
    })
    .with(AccessLog::to(move |line| {
        lines.lock().expect("a log").push_str(line)
    }));
    assert_eq!(
        response_of(&gateway, &request("GET", "/", ""))
            .status()
            .code(),
        202
    );
    let log = log.lock().expect("a log");
    assert!(
        log.contains("\" 202 5\n") && log.lines().count() == 1,
        "{log}"
    );
}
