//! A parser of responses: slow, strict and obvious. It shares no code with the library that it checks.

/// A final response; interim responses before it are checked and skipped.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub fields: Vec<(String, Vec<u8>)>,
    pub content: Vec<u8>,
    pub closes: bool,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &value[..])
    }
}

/// Reads exactly one final response for each entry of `is_head`; nothing may follow the last.
pub fn read_all(mut output: &[u8], is_head: &[bool]) -> Vec<Response> {
    let mut responses = Vec::new();
    for &is_head in is_head {
        let (response, rest) = read_one(output, is_head);
        responses.push(response);
        output = rest;
    }
    assert!(
        output.is_empty(),
        "bytes after the last response: {}",
        output.escape_ascii()
    );
    responses
}

fn read_one(mut output: &[u8], is_head: bool) -> (Response, &[u8]) {
    loop {
        let (status, fields, rest) = read_head(output);
        if status >= 200 {
            return read_content(status, fields, rest, is_head);
        }
        assert_eq!(status, 100, "the only interim response is 100");
        assert!(fields.is_empty(), "a field in an interim response");
        output = rest;
    }
}

type Fields = Vec<(String, Vec<u8>)>;

fn read_head(output: &[u8]) -> (u16, Fields, &[u8]) {
    let (line, mut rest) = read_line(output);
    let line = core::str::from_utf8(line).expect("a status line is ASCII");
    let status = line
        .strip_prefix("HTTP/1.1 ")
        .expect("the version is HTTP/1.1");
    assert_eq!(
        status.as_bytes().get(3),
        Some(&b' '),
        "a space after the status: {line:?}"
    );
    let code = status[..3].parse().expect("three digits");
    let mut fields = Vec::new();
    loop {
        let (line, behind) = read_line(rest);
        rest = behind;
        if line.is_empty() {
            return (code, fields, rest);
        }
        let colon = line
            .iter()
            .position(|&octet| octet == b':')
            .expect("a colon in a field line");
        let name = core::str::from_utf8(&line[..colon])
            .expect("a name is ASCII")
            .to_ascii_lowercase();
        let is_token =
            |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
        assert!(!name.is_empty() && name.bytes().all(is_token), "{name:?}");
        let value = line[colon + 1..]
            .strip_prefix(b" ")
            .expect("a space after the colon");
        let is_value = |octet: &u8| *octet == b'\t' || (*octet >= b' ' && *octet != 0x7f);
        assert!(
            value.iter().all(is_value),
            "{name}: {}",
            value.escape_ascii()
        );
        fields.push((name, value.to_vec()));
    }
}

fn read_content(status: u16, fields: Fields, rest: &[u8], is_head: bool) -> (Response, &[u8]) {
    let count = |name: &str| fields.iter().filter(|(known, _)| known == name).count();
    for once in [
        "content-length",
        "transfer-encoding",
        "connection",
        "date",
        "content-type",
    ] {
        assert!(count(once) <= 1, "{once} appears twice");
    }
    let get = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &value[..])
    };
    let length = get("content-length").map(|value| {
        let text = core::str::from_utf8(value).expect("a length is ASCII");
        text.parse::<usize>().expect("a length is a number")
    });
    let chunked = get("transfer-encoding")
        .map(|value| assert_eq!(value, b"chunked"))
        .is_some();
    assert!(!(chunked && length.is_some()), "two kinds of framing");
    let bodiless = status == 204 || status == 304;
    assert!(
        !(bodiless && (chunked || length.is_some())),
        "framing in a {status}"
    );
    let closes = get("connection") == Some(b"close");
    let (content, rest) = match (is_head || bodiless, chunked, length) {
        (true, _, _) => (Vec::new(), rest),
        (false, true, _) => read_chunks(rest),
        (false, false, Some(length)) => (rest[..length].to_vec(), &rest[length..]),
        (false, false, None) => {
            assert!(closes, "content without framing must end with a close");
            (rest.to_vec(), &rest[rest.len()..])
        }
    };
    let response = Response {
        status,
        fields,
        content,
        closes,
    };
    (response, rest)
}

fn read_chunks(mut rest: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut content = Vec::new();
    loop {
        let (line, behind) = read_line(rest);
        let line = core::str::from_utf8(line).expect("a size is ASCII");
        let size = usize::from_str_radix(line, 16).expect("a size is hexadecimal");
        content.extend_from_slice(&behind[..size]);
        assert_eq!(&behind[size..size + 2], b"\r\n");
        rest = &behind[size + 2..];
        if size == 0 {
            return (content, rest);
        }
    }
}

fn read_line(output: &[u8]) -> (&[u8], &[u8]) {
    let end = output
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .unwrap_or_else(|| {
            panic!("a line without its end: {}", output.escape_ascii());
        });
    (&output[..end], &output[end + 2..])
}
