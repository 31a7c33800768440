//! Reads responses with the strict reader of the test kit, and checks the rules for all our responses.

use bytegate::Method;
use bytegate::testing::{ClientResponse, read_responses};

/// Reads exactly one final response for each method; nothing may follow the last.
#[track_caller]
pub(crate) fn read_all(output: &[u8], methods: &[Method]) -> Vec<ClientResponse> {
    match read_responses(output, methods) {
        Ok(responses) => responses.into_iter().map(checked).collect(),
        Err(error) => panic!("{error}: {}", output.escape_ascii()),
    }
}

/// Checks the rules for our responses, and returns the response.
#[track_caller]
pub(crate) fn checked(response: ClientResponse) -> ClientResponse {
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
