//! Plain HTTP on a TLS port, and the response to it.

/// The longest method that is recognized. A TLS record never begins with a letter.
const MOST_LETTERS: usize = 16;

/// The response to plain HTTP.
const RESPONSE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 63\r\n\r\n\
    400 Bad Request: this port speaks TLS: use https:// in the URL\n";
const BODY_BYTES: usize = 63;

/// The first bytes of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FirstBytes {
    /// No bytes yet, or letters that may become a method.
    Unknown,
    /// A request, and the response.
    PlainHttp(&'static [u8]),
    /// Any other bytes, which TLS accepts or refuses.
    Other,
}

impl FirstBytes {
    pub(super) fn of(bytes: &[u8]) -> FirstBytes {
        let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase());
        let letters = letters.count();
        match bytes.get(letters) {
            _ if letters > MOST_LETTERS => FirstBytes::Other,
            None => FirstBytes::Unknown,
            Some(b' ') if letters > 0 => FirstBytes::PlainHttp(response(&bytes[..letters])),
            Some(_) => FirstBytes::Other,
        }
    }
}

/// Returns the response to a request with this method.
fn response(method: &[u8]) -> &'static [u8] {
    match method {
        b"HEAD" => &RESPONSE[..RESPONSE.len() - BODY_BYTES],
        _ => RESPONSE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_and_a_space_are_plain_http() {
        for (bytes, expected) in [
            (&b""[..], FirstBytes::Unknown),
            (b"G", FirstBytes::Unknown),
            (b"PROPFIND", FirstBytes::Unknown),
            (b"GET ", FirstBytes::PlainHttp(RESPONSE)),
            (b"GET / HTTP/1.1\r\n", FirstBytes::PlainHttp(RESPONSE)),
            (b" GET / HTTP/1.1\r\n", FirstBytes::Other),
            (b"\x16", FirstBytes::Other),
            (b"\x16\x03\x01", FirstBytes::Other),
            (b"GET/", FirstBytes::Other),
            (b"get ", FirstBytes::Other),
            (b"AAAAAAAAAAAAAAAAA", FirstBytes::Other),
        ] {
            assert_eq!(FirstBytes::of(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_response_has_its_length_and_a_head_has_no_body() {
        let FirstBytes::PlainHttp(head) = FirstBytes::of(b"HEAD / HTTP/1.1") else {
            panic!("it is a request");
        };
        assert!(head.ends_with(b"\r\n\r\n"));
        let body = RESPONSE.strip_prefix(head).expect("the same head");
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        assert!(head.ends_with(length.as_bytes()));
    }
}
