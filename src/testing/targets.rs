//! The routes of a gateway, to send requests to each of them.

use crate::application::ListedRoute;
use crate::gateway::Gateway;
use crate::values::method::Method;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A route and a method that it has.
#[derive(Clone, Debug)]
pub(super) struct RouteTarget {
    pub(super) method: Method,
    /// The pattern of the path.
    pub(super) pattern: String,
    host: Option<String>,
}

impl RouteTarget {
    /// Returns the routes of a gateway. A route for any method has one entry for each common method.
    pub(super) fn all_of(gateway: &Gateway) -> Vec<RouteTarget> {
        const COMMON: [Method; 5] = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let of_route = |route: ListedRoute| {
            let methods = match route.method {
                Some(method) => Vec::from([method]),
                None => COMMON.into(),
            };
            methods.into_iter().map(move |method| RouteTarget {
                method,
                pattern: route.pattern.clone(),
                host: route.host.clone(),
            })
        };
        gateway
            .route_list()
            .into_iter()
            .flat_map(of_route)
            .collect()
    }

    /// Returns the path with values for its parameters, percent-encoded. A parameter has at least one character.
    pub(super) fn path(&self, mut value: impl FnMut(&str) -> String) -> String {
        let mut path = String::new();
        let mut rest = &self.pattern[..];
        while let Some((before, after)) = rest.split_once('{') {
            encode_into(&mut path, before.as_bytes(), b"/");
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = value(name.trim_start_matches('*'));
            match (name.starts_with('*'), value.is_empty()) {
                (true, _) => encode_into(&mut path, value.as_bytes(), b"/"),
                (false, true) => path.push('-'),
                (false, false) => encode_into(&mut path, value.as_bytes(), b""),
            }
            rest = after;
        }
        encode_into(&mut path, rest.as_bytes(), b"/");
        path
    }

    /// Returns the number of parameters.
    pub(super) fn parameters(&self) -> usize {
        self.pattern.matches('{').count()
    }

    /// Gives a request for `localhost` the host of the route.
    pub(super) fn at_host(&self, request: Vec<u8>) -> Vec<u8> {
        const LOCAL: &[u8] = b"\r\nHost: localhost\r\n";
        let place = request.windows(LOCAL.len()).position(|it| it == LOCAL);
        match (&self.host, place) {
            (Some(host), Some(place)) => {
                let (before, rest) = request.split_at(place);
                let line = format!("\r\nHost: {host}\r\n");
                [before, line.as_bytes(), &rest[LOCAL.len()..]].concat()
            }
            _ => request,
        }
    }
}

/// Appends text that is allowed in a target, and percent-encodes the rest. `also` lists delimiters to keep. A NUL becomes
/// a zero, because an encoded one is refused.
pub(super) fn encode_into(target: &mut String, bytes: &[u8], also: &[u8]) {
    for &byte in bytes {
        match byte {
            0 => target.push('0'),
            b'-' | b'.' | b'_' | b'~' => target.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() || also.contains(&byte) => {
                target.push(char::from(byte));
            }
            _ => target.push_str(&format!("%{byte:02X}")),
        }
    }
}
