//! How a connection must read its input, written again in the simplest way: whole strings, no state, no speed.
//! It knows the default limits and which requests are served, but not the status of a refusal.

/// A request that reaches the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: usize,
}

/// All requests of a connection, and whether it ends with a refusal.
pub(crate) fn connection(mut input: &[u8]) -> (Vec<Served>, bool) {
    let mut served = Vec::new();
    loop {
        for _ in 0..10 {
            input = input.strip_prefix(b"\r\n").unwrap_or(input);
        }
        if input.is_empty() {
            return (served, false);
        }
        match request(input) {
            None => return (served, true),
            Some((request, persists, rest)) => {
                served.push(request);
                if !persists {
                    return (served, false);
                }
                input = rest;
            }
        }
    }
}

type Parsed<'i> = (Served, bool, &'i [u8]);

fn request(input: &[u8]) -> Option<Parsed<'_>> {
    let (head, rest) = split_at_text(input, b"\r\n\r\n")?;
    if head.len() + 4 > 32_768 {
        return None;
    }
    let mut lines = head_lines(head)?.into_iter();
    let request_line = String::from_utf8(lines.next()?.to_vec()).ok()?;
    let parts: Vec<&str> = request_line.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return None;
    };
    let minor = version.strip_prefix("HTTP/1.")?;
    if request_line.len() > 8192 || minor.len() != 1 || !minor.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let headers = headers(lines, 100, 16_384)?;
    let all = |name: &str| -> Vec<&str> {
        let of_name = headers.iter().filter(|(known, _)| known == name);
        of_name.map(|(_, value)| value.as_str()).collect()
    };

    if method.len() > 32 || !is_token(method) || !is_target(method, target) {
        return None;
    }
    let is_http10 = minor == "0";
    let host = match all("host")[..] {
        [] if is_http10 => None,
        [host] if bytegate::request::Authority::parse(host).is_some() => Some(host),
        _ => return None,
    };
    if let (Some(named), Some(host)) = (absolute_authority(target), host) {
        let name = |text| {
            bytegate::request::Authority::parse(text)
                .map(|it: bytegate::request::Authority<'_>| it.host.to_lowercase())
        };
        if name(named) != name(host) {
            return None;
        }
    }
    let members = |name: &str| -> Vec<String> {
        let values = all(name);
        let members = values.iter().flat_map(|value| value.split(',')).map(trim);
        let members = members.filter(|member| !member.is_empty());
        members.map(str::to_lowercase).collect()
    };
    match &members("expect")[..] {
        [] => {}
        _ if is_http10 => {}
        [only] if only == "100-continue" => {}
        _ => return None,
    }
    if all("content-type").len() > 1 {
        return None;
    }
    let options = members("connection");
    let has = |name: &str| options.iter().any(|option| option == name);
    let persists = !has("close") && (!is_http10 || has("keep-alive"));

    let limit = 1 << 20;
    let (body, trailers, rest) = match (&all("content-length")[..], &all("transfer-encoding")[..]) {
        ([], []) => (Vec::new(), 0, rest),
        ([length], []) => {
            let is_digits =
                !length.is_empty() && length.bytes().all(|digit| digit.is_ascii_digit());
            let length: u64 = if is_digits {
                length.parse().ok()?
            } else {
                return None;
            };
            if length > limit {
                return None;
            }
            let length = length as usize;
            (rest.get(..length)?.to_vec(), 0, rest.get(length..)?)
        }
        ([], [coding]) if !is_http10 => {
            let codings: Vec<_> = coding
                .split(',')
                .map(trim)
                .filter(|coding| !coding.is_empty())
                .collect();
            match codings[..] {
                [only] if only.eq_ignore_ascii_case("chunked") => chunked(rest, limit)?,
                _ => return None,
            }
        }
        _ => return None,
    };
    let served = Served {
        method: method.to_string(),
        target: target.to_string(),
        body,
        trailers,
    };
    Some((served, persists, rest))
}

/// The lines of a head, none of which may contain a CR or LF.
fn head_lines(head: &[u8]) -> Option<Vec<&[u8]>> {
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some((line, after)) = split_at_text(rest, b"\r\n") {
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    let is_clean = |line: &&[u8]| !line.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    lines.iter().all(is_clean).then_some(lines)
}

/// Names in lower case; values in Latin-1, without the whitespace around them.
fn headers<'l>(
    lines: impl Iterator<Item = &'l [u8]>,
    most: usize,
    line_bytes: usize,
) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for line in lines {
        let text: String = line.iter().map(|&byte| char::from(byte)).collect();
        let (name, value) = text.split_once(':')?;
        let is_value =
            |character: char| character == '\t' || (character >= ' ' && character != '\u{7f}');
        if !is_token(name) || !value.chars().all(is_value) || line.len() > line_bytes {
            return None;
        }
        headers.push((name.to_lowercase(), trim(value).to_string()));
    }
    (headers.len() <= most).then_some(headers)
}

fn chunked(mut rest: &[u8], limit: u64) -> Option<(Vec<u8>, usize, &[u8])> {
    let mut body = Vec::new();
    let mut extensions = 0;
    loop {
        let (line, after) = split_at_text(rest, b"\r\n")?;
        let digits = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (size, extension) = line.split_at(digits);
        let significant = core::str::from_utf8(size).ok()?.trim_start_matches('0');
        let size = match (digits, significant) {
            (0, _) => return None,
            (_, "") => 0,
            (_, size) => u64::from_str_radix(size, 16).ok()?,
        };
        extensions += extension.len() + digits - significant.len();
        if line.len() > 256
            || extensions > 4096
            || body.len() as u64 + size > limit
            || !is_extensions(extension)
        {
            return None;
        }
        if size == 0 {
            let (trailers, after) = trailers(after)?;
            return Some((body, trailers, after));
        }
        body.extend_from_slice(after.get(..size as usize)?);
        rest = after.get(size as usize..)?.strip_prefix(b"\r\n")?;
    }
}

fn trailers(rest: &[u8]) -> Option<(usize, &[u8])> {
    const FORBIDDEN: &str = "authorization connection content-length cookie expect forwarded host keep-alive \
        max-forwards proxy-authorization proxy-connection set-cookie te trailer transfer-encoding upgrade";
    const TOO_LATE: &str = "accept accept-charset accept-encoding accept-language age allow cache-control \
        content-disposition content-encoding content-language content-location content-range content-type date \
        expires location pragma range retry-after vary";
    let has = |names: &str, name: &str| names.split_whitespace().any(|other| other == name);
    if let Some(after) = rest.strip_prefix(b"\r\n") {
        return Some((0, after));
    }
    let (section, after) = split_at_text(rest, b"\r\n\r\n")?;
    let headers = headers(head_lines(section)?.into_iter(), 32, 16_384)?;
    let allowed =
        |(name, _): &(String, String)| !has(FORBIDDEN, name) && !name.starts_with("x-forwarded-");
    let kept = |(name, _): &&(String, String)| !has(TOO_LATE, name) && !name.starts_with("if-");
    let fits = section.len() + 4 <= 4096;
    let count = headers.iter().filter(kept).count();
    (fits && headers.iter().all(allowed)).then_some((count, after))
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`
fn is_extensions(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let Some(rest) = skip_blank(text).strip_prefix(b";") else {
            return false;
        };
        let Some(rest) = skip_token(skip_blank(rest)) else {
            return false;
        };
        text = rest;
        if let Some(value) = skip_blank(rest).strip_prefix(b"=") {
            let value = skip_blank(value);
            let Some(rest) = skip_token(value).or_else(|| skip_quoted(value)) else {
                return false;
            };
            text = rest;
        }
    }
    true
}

fn skip_blank(text: &[u8]) -> &[u8] {
    let count = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    &text[count..]
}

fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|&&byte| is_tchar(byte)).count();
    (count > 0).then(|| &text[count..])
}

fn skip_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = match byte {
            b'"' => return Some(after),
            b'\\' => {
                let (&escaped, after) = after.split_first()?;
                if !is_text(escaped) {
                    return None;
                }
                after
            }
            byte if is_text(byte) => after,
            _ => return None,
        };
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

fn is_target(method: &str, target: &str) -> bool {
    let in_query = |character: char| {
        if character.is_ascii() {
            is_path_byte(character as u8) || "?\\\"<>".contains(character)
        } else {
            !character.is_control()
        }
    };
    let is_path = |text: &str| {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        path.bytes().all(is_path_byte)
            && query.chars().all(in_query)
            && has_good_escapes(path)
            && !query.contains("%00")
    };
    match (method, target) {
        ("CONNECT", _) => false,
        ("OPTIONS", "*") => true,
        (_, path) if path.starts_with('/') => is_path(path),
        (_, other) => match absolute_authority(other) {
            Some(authority) => {
                let path = &other["http://".len() + authority.len()..];
                bytegate::request::Authority::parse(authority).is_some() && is_path(path)
            }
            None => false,
        },
    }
}

fn absolute_authority(target: &str) -> Option<&str> {
    let scheme = target.get(..7)?;
    let rest = target.get(7..)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    scheme.eq_ignore_ascii_case("http://").then(|| &rest[..end])
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%[]{}|^`".contains(&byte)
}

fn has_good_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| match after.as_bytes() {
        [b'0', b'0', ..] => false,
        [high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    })
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|character| character.is_ascii() && is_tchar(character as u8))
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn split_at_text<'i>(input: &'i [u8], text: &[u8]) -> Option<(&'i [u8], &'i [u8])> {
    let at = input
        .windows(text.len())
        .position(|window| window == text)?;
    Some((&input[..at], &input[at + text.len()..]))
}
