//! The automatic response to a method that no route accepts, and to OPTIONS (RFC 9110 sections 9.3.7 and 15.5.6).

use crate::response::response::Response;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::vec::Vec;

/// The order of methods in `Allow`. Others follow in alphabetical order.
const ORDER: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Returns the key by which methods are sorted.
pub(super) fn order(method: &Method) -> (usize, &str) {
    let place = ORDER.iter().position(|known| known == method);
    (place.unwrap_or(ORDER.len()), method.as_str())
}

/// Responds to a request for a path whose routes accept only `routed` methods. OPTIONS gets a 204, and any other method
/// a 405. `Allow` names each method once, including HEAD if it includes GET.
pub(super) fn respond(method: &Method, routed: &[&Method]) -> Response {
    let mut methods = routed.to_vec();
    if methods.contains(&&Method::GET) {
        methods.push(&Method::HEAD);
    }
    methods.push(&Method::OPTIONS);
    methods.sort_by_key(|method| order(method));
    methods.dedup();
    let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    let response = match *method {
        Method::OPTIONS => Response::new(Status::NO_CONTENT),
        _ => Status::METHOD_NOT_ALLOWED.into(),
    };
    response.with_header("Allow", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_once_in_a_fixed_order() {
        let other = |token: &str| token.parse::<Method>().unwrap();
        let routed = [
            &other("PURGE"),
            &Method::DELETE,
            &other("COPY"),
            &Method::GET,
            &Method::HEAD,
            &Method::GET,
        ];
        let response = respond(&Method::POST, &routed);
        let allow = Some(&b"GET, HEAD, DELETE, OPTIONS, COPY, PURGE"[..]);
        assert_eq!(response.status(), Status::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers().get_bytes("allow"), allow);
        let response = respond(&Method::OPTIONS, &routed);
        assert_eq!(response.status(), Status::NO_CONTENT);
        assert_eq!(response.headers().get_bytes("allow"), allow);
        let response = respond(&Method::GET, &[&Method::PUT]);
        assert_eq!(
            response.headers().get_bytes("allow"),
            Some(&b"PUT, OPTIONS"[..])
        );
    }
}
