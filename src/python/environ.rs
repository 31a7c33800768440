//! The environ of PEP 3333 as the block that a worker reads: names and values, each followed by a zero byte.

use super::decimal::Decimal;
use crate::middleware::{AuthenticatedUser, RequestId};
use crate::request::request::Request;
use crate::values::scheme::Scheme;
use alloc::string::ToString;
use alloc::vec::Vec;
use percent_encoding::percent_decode_str;

/// The environ of one request, without the length of its body.
#[derive(Debug)]
pub(super) struct Environ {
    block: Vec<u8>,
}

impl Environ {
    /// Creates the environ of a request. Returns `None` for a path that an application could mistake for another one,
    /// unless `all_paths` is set.
    pub(super) fn of(request: &Request<'_>, all_paths: bool) -> Option<Environ> {
        let mut environ = Environ {
            block: Vec::with_capacity(1024),
        };
        let head = request.head();
        environ.set("REQUEST_METHOD", head.method_token());
        let script_name = request.script_name();
        if !script_name.is_empty() {
            environ.set("SCRIPT_NAME", script_name);
        }
        match request.path_info_bytes() {
            Some(path) => environ.set("PATH_INFO", path),
            None if all_paths => {
                let path = request.path().get(request.mounted..).unwrap_or_default();
                // No valid target has an encoded zero byte.
                let path: Vec<u8> = percent_decode_str(path).collect();
                environ.set("PATH_INFO", &path);
            }
            None => return None,
        }
        environ.set_parts("REQUEST_URI", |block| {
            block.extend_from_slice(request.path().as_bytes());
            if let Some(query) = request.query() {
                block.push(b'?');
                block.extend_from_slice(query.as_bytes());
            }
        });
        if let Some(query) = request.query() {
            environ.set("QUERY_STRING", query);
        }
        let authority = request.authority();
        let host = authority.map_or("localhost", |authority| authority.host);
        environ.set("SERVER_NAME", host);
        let port = authority.and_then(|authority| authority.port);
        let port = port.unwrap_or(request.scheme().default_port());
        environ.set("SERVER_PORT", Decimal::of(port.into()).as_str());
        environ.set("SERVER_PROTOCOL", request.version().as_str());
        environ.set("wsgi.url_scheme", request.scheme().as_str());
        if request.scheme() == Scheme::Https {
            environ.set("HTTPS", "on");
        }
        if let Some(address) = request.peer().address() {
            environ.set("REMOTE_ADDR", address.ip().to_string().as_str());
            if address.port() != 0 {
                environ.set("REMOTE_PORT", Decimal::of(address.port().into()).as_str());
            }
        }
        if let Some(user) = request.extensions().get::<AuthenticatedUser>() {
            environ.set("REMOTE_USER", user.name());
        }
        if let Some(id) = request.extensions().get::<RequestId>() {
            environ.set("bytegate.request_id", id.as_str());
        }
        environ.set_headers(request);
        Some(environ)
    }

    /// Sets `CONTENT_LENGTH` and returns the block.
    pub(super) fn finish(mut self, content_length: Option<u64>) -> Vec<u8> {
        if let Some(length) = content_length {
            self.set("CONTENT_LENGTH", Decimal::of(length).as_str());
        }
        // The last zero byte would begin another name.
        self.block.pop();
        self.block
    }

    fn set(&mut self, name: &str, value: &(impl AsRef<[u8]> + ?Sized)) {
        self.set_parts(name, |block| block.extend_from_slice(value.as_ref()));
    }

    fn set_parts(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.block.extend_from_slice(name.as_bytes());
        self.block.push(0);
        write(&mut self.block);
        self.block.push(0);
    }

    /// Sets a key for each header. Values of the same name are joined.
    fn set_headers(&mut self, request: &Request<'_>) {
        let headers = request.headers();
        for (index, (name, value)) in headers.iter().enumerate() {
            let is_type = name.eq_ignore_ascii_case("content-type");
            if !is_type && !has_key(name) {
                continue;
            }
            let mut before = headers.iter().take(index);
            if before.any(|(other, _)| is_same(name, other)) {
                continue;
            }
            if !is_type {
                self.block.extend_from_slice(b"HTTP_");
            }
            self.block.extend(name.bytes().map(|byte| match byte {
                b'-' => b'_',
                byte => byte.to_ascii_uppercase(),
            }));
            self.block.push(0);
            self.block.extend_from_slice(value);
            let others = headers.iter().skip(index + 1);
            for (_, value) in others.filter(|(other, _)| is_same(name, other)) {
                let separator: &[u8] = if name.eq_ignore_ascii_case("cookie") {
                    b"; "
                } else {
                    b", "
                };
                self.block.extend_from_slice(separator);
                self.block.extend_from_slice(value);
            }
            self.block.push(0);
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Returns whether a header has a key that begins with `HTTP_`. `Proxy` would become a setting of CGI libraries
/// (CVE-2016-5385), a name with an underscore could be mistaken for another one, and the body reaches the application with
/// a length and without its transfer coding.
fn has_key(name: &str) -> bool {
    const WITHOUT: [&str; 3] = ["content-length", "proxy", "transfer-encoding"];
    !name.contains('_') && !WITHOUT.iter().any(|without| is_same(name, without))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::owned_request::OwnedRequest;
    use alloc::borrow::ToOwned;
    use alloc::string::String;

    fn pairs(request: &OwnedRequest, length: Option<u64>) -> Vec<(String, String)> {
        let environ = Environ::of(&request.view(), false).unwrap();
        let block = environ.finish(length);
        // Python decodes Latin-1.
        let text: String = block.iter().copied().map(char::from).collect();
        let headers: Vec<&str> = text.split('\0').collect();
        let pair = |pair: &[&str]| (pair[0].to_owned(), pair[1].to_owned());
        headers.chunks(2).map(pair).collect()
    }

    fn value(pairs: &[(String, String)], name: &str) -> Option<String> {
        let mut found = pairs.iter().filter(|(other, _)| other == name);
        let value = found.next().map(|(_, value)| value.clone());
        assert!(found.next().is_none(), "{name} twice");
        value
    }

    #[test]
    fn each_key_has_one_value() {
        let request = Request::builder("POST", "/caf%C3%A9?a=%20b")
            .header("Cookie", "a=1")
            .header("X-Two", "1")
            .header("cookie", "b=2")
            .header("X-TWO", "2")
            .header("Content-Type", "text/plain")
            .header("Proxy", "evil")
            .header("X_Y", "forged")
            .body("abc")
            .build()
            .unwrap();
        let pairs = pairs(&request, Some(3));
        for (name, expected) in [
            ("REQUEST_METHOD", "POST"),
            ("PATH_INFO", "/caf\u{c3}\u{a9}"),
            ("QUERY_STRING", "a=%20b"),
            ("REQUEST_URI", "/caf%C3%A9?a=%20b"),
            ("HTTP_COOKIE", "a=1; b=2"),
            ("HTTP_X_TWO", "1, 2"),
            ("CONTENT_TYPE", "text/plain"),
            ("CONTENT_LENGTH", "3"),
            ("SERVER_NAME", "localhost"),
            ("SERVER_PORT", "80"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("wsgi.url_scheme", "http"),
        ] {
            assert_eq!(value(&pairs, name).as_deref(), Some(expected), "{name}");
        }
        for name in [
            "HTTP_PROXY",
            "HTTP_X_Y",
            "HTTP_CONTENT_TYPE",
            "HTTP_CONTENT_LENGTH",
        ] {
            assert_eq!(value(&pairs, name), None);
        }
    }

    #[test]
    fn the_client_behind_a_proxy_is_the_one_that_the_proxy_names() {
        use crate::config::TrustedProxies;
        use crate::gateway::Gateway;
        use crate::middleware::ForwardedHeaders;
        use crate::values::connection_info::Peer;
        use crate::values::now::Now;
        let show = |request: &Request<'_>| {
            let pairs = pairs(&request.into_owned(), None);
            let keys = [
                "REMOTE_ADDR",
                "REMOTE_PORT",
                "wsgi.url_scheme",
                "HTTPS",
                "HTTP_HOST",
            ];
            let keys = keys
                .into_iter()
                .chain(["SCRIPT_NAME", "PATH_INFO", "REQUEST_URI"]);
            let keys = keys.chain(["HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"]);
            let values = keys.map(|key| value(&pairs, key).unwrap_or("-".to_owned()));
            values.collect::<Vec<_>>().join(" ")
        };
        let forwarded = ForwardedHeaders::trusting(TrustedProxies::new().named_peers()).prefix();
        let gateway = Gateway::new(show).with(forwarded);
        let request = b"GET /a%20b?c HTTP/1.0\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\
            X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /shop\r\n\
            X-Forwarded-Host: forged\r\nForwarded: for=forged\r\n\r\n";
        let mut output = Vec::new();
        gateway.handle_for(
            request,
            Peer::named("proxy"),
            &mut Now::default(),
            &mut output,
        );
        let expected = b"\r\n\r\n192.0.2.7 - https on x /shop /a b /shop/a%20b?c - -";
        assert!(output.ends_with(expected), "{}", output.escape_ascii());
    }

    #[test]
    fn a_query_in_utf_8_is_latin_1_to_python() {
        let request = Request::builder("GET", "/?q=\u{e9}").build().unwrap();
        let pairs = pairs(&request, None);
        for (name, expected) in [
            ("QUERY_STRING", "q=\u{c3}\u{a9}"),
            ("REQUEST_URI", "/?q=\u{c3}\u{a9}"),
        ] {
            assert_eq!(value(&pairs, name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn an_encoded_slash_is_decoded_only_on_demand() {
        let request = Request::builder("GET", "/a%2Fb%ff").build().unwrap();
        assert!(Environ::of(&request.view(), false).is_none());
        let block = Environ::of(&request.view(), true).unwrap().finish(None);
        let path = b"PATH_INFO\0/a/b\xff\0";
        assert!(block.windows(path.len()).any(|window| window == path));
        assert!(Request::builder("GET", "/a%00b").build().is_err());
    }
}
