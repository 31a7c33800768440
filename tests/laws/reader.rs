//! Responses as the tests compare them, read by the strict reader of the test kit.

use bytegate::Method;
use bytegate::testing::{ClientResponse, read_responses};

/// A final response. The interim responses before it are checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, and values.
    pub fields: Vec<(String, Vec<u8>)>,
    pub content: Vec<u8>,
    pub closes: bool,
}

impl Response {
    pub fn of(response: &ClientResponse) -> Response {
        let interim = response.interim().iter();
        assert!(interim.clone().all(|status| status.code() == 100));
        let is_closed_by_end = response.field("Content-Length").is_none()
            && response.field("Transfer-Encoding").is_none()
            && !response.content().is_empty();
        assert!(
            response.closes() || !is_closed_by_end,
            "content without framing must end with a close"
        );
        let fields = response.fields();
        Response {
            status: response.status().code(),
            fields: fields
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()))
                .collect(),
            content: response.content().to_vec(),
            closes: response.closes(),
        }
    }

    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &value[..])
    }
}

/// Reads exactly one final response for each entry of `is_head`; nothing may follow the last.
pub fn read_all(output: &[u8], is_head: &[bool]) -> Vec<Response> {
    let methods: Vec<Method> = is_head
        .iter()
        .map(|is_head| match is_head {
            true => Method::Head,
            false => Method::Get,
        })
        .collect();
    let responses = match read_responses(output, &methods) {
        Ok(responses) => responses,
        Err(error) => panic!("{error}: {}", output.escape_ascii()),
    };
    responses.iter().map(Response::of).collect()
}
