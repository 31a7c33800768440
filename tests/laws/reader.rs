//! Reads responses with the strict reader of the test kit, and checks the rules for all our responses.

use bytegate::Method;
use bytegate::testing::{ClientResponse, read_responses};

/// Reads exactly one final response for each method; nothing may follow the last.
#[track_caller]
pub fn read_all(output: &[u8], methods: &[Method]) -> Vec<ClientResponse> {
    match read_responses(output, methods) {
        Ok(responses) => responses.into_iter().map(checked).collect(),
        Err(error) => panic!("{error}: {}", output.escape_ascii()),
    }
}

/// Reads exactly one response to a GET, or to any other request whose response can have a body.
#[track_caller]
pub fn read_one(output: &[u8]) -> ClientResponse {
    read_all(output, &[Method::GET]).remove(0)
}

/// Reads exactly one response to this request.
#[track_caller]
pub fn read_answer(request: &[u8], output: &[u8]) -> ClientResponse {
    let method = match request.starts_with(b"HEAD ") {
        true => Method::HEAD,
        false => Method::GET,
    };
    read_all(output, &[method]).remove(0)
}

/// Checks the rules for our responses, and returns the response.
#[track_caller]
pub fn checked(response: ClientResponse) -> ClientResponse {
    let mut interim = response.interim().iter();
    assert!(interim.all(|status| status.code() == 100));
    let is_closed_by_end = response.header("Content-Length").is_none()
        && response.header("Transfer-Encoding").is_none()
        && !response.body().is_empty();
    assert!(
        response.closes() || !is_closed_by_end,
        "content without framing must end with a close"
    );
    response
}
