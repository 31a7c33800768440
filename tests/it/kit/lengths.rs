//! A stream of another length than it declared is reported with both lengths.

use bytegate::body::BodyError;
use bytegate::response::ResponseError;
use bytegate::testing::Client;
use bytegate::{Body, Bytes, Gateway, Request, Response};
use std::sync::{Arc, Mutex};

/// The errors that are reported for a body of these blocks.
fn errors(
    declared: Option<u64>,
    blocks: &'static [Result<&'static str, BodyError>],
) -> Vec<ResponseError> {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let log = errors.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let blocks = blocks.iter().map(|block| block.map(Bytes::from));
        Response::text(Body::try_from_iterator(declared, blocks))
    });
    let gateway = gateway.on_error(move |error: &ResponseError, _| {
        log.lock().unwrap().push(error.clone());
    });
    let client = Client::new(gateway);
    let response = client.get("/").try_send();
    let found = std::mem::take(&mut *errors.lock().unwrap());
    assert_eq!(response.is_err(), !found.is_empty());
    assert_eq!(client.head("/").status(), 200);
    assert_eq!(*errors.lock().unwrap(), []);
    found
}

#[test]
fn a_wrong_length_is_reported_with_both_lengths() {
    let length = |given| ResponseError::BodyLength { declared: 5, given };
    assert_eq!(errors(Some(5), &[Ok("abc"), Ok("def")]), [length(6)]);
    assert_eq!(errors(Some(5), &[Ok("abcdefg"), Ok("h")]), [length(7)]);
    assert_eq!(errors(Some(5), &[Ok("abc"), Ok("d")]), [length(4)]);
    assert_eq!(errors(Some(5), &[]), [length(0)]);
    assert_eq!(
        length(6).to_string(),
        "the body has another length than declared: declared 5, the stream gave 6"
    );
}

#[test]
fn a_stream_that_fails_or_is_right_has_no_wrong_length() {
    assert_eq!(
        errors(Some(5), &[Ok("abc"), Err(BodyError)]),
        [ResponseError::BodyError]
    );
    assert_eq!(
        errors(None, &[Ok("abc"), Err(BodyError)]),
        [ResponseError::BodyError]
    );
    assert_eq!(errors(Some(5), &[Ok("abc"), Ok(""), Ok("de")]), []);
    assert_eq!(errors(None, &[Ok("abc")]), []);
}
