//! Headers of a response whose values are lists: `Vary` and `Cache-Control`.

use crate::response::response::Response;
use crate::syntax::list::elements;
use alloc::vec::Vec;

/// Adds the name of a request header to `Vary` (RFC 9110 section 12.5.5), unless it or `*` is listed. Several lines
/// become one, because some caches read only the first.
pub(super) fn add_vary(response: &mut Response, name: &str) {
    let mut names: Vec<u8> = Vec::new();
    for element in response.headers().view().get_all("Vary").flat_map(elements) {
        if element == b"*" || element.eq_ignore_ascii_case(name.as_bytes()) {
            return;
        }
        names.extend_from_slice(element);
        names.extend_from_slice(b", ");
    }
    names.extend_from_slice(name.as_bytes());
    response.set_header("Vary", names);
}

/// Returns whether `Cache-Control` contains a directive, with or without an argument (RFC 9111 section 5.2).
pub(super) fn has_directive(response: &Response, directive: &str) -> bool {
    let lines = response.headers().view();
    let mut directives = lines.get_all("Cache-Control").flat_map(elements);
    directives.any(|element| {
        let name = element.split(|&byte| byte == b'=').next();
        name.is_some_and(|name| name.eq_ignore_ascii_case(directive.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_lists_each_name_once() {
        for (before, after) in [
            (&[][..], "Origin"),
            (&["Accept"][..], "Accept, Origin"),
            (&["Accept, ,Cookie", "X"][..], "Accept, Cookie, X, Origin"),
            (&["Accept, origin"][..], "Accept, origin"),
            (&["*"][..], "*"),
        ] {
            let mut response = Response::text("");
            for line in before {
                response.append_header("Vary", line);
            }
            add_vary(&mut response, "Origin");
            let lines: Vec<&[u8]> = response.headers().view().get_all("vary").collect();
            assert_eq!(lines, [after.as_bytes()], "{before:?}");
        }
    }

    #[test]
    fn directives_are_compared_whole_and_without_case() {
        let response =
            Response::text("").with_header("Cache-Control", "private, No-Store,max-age=0");
        for (directive, has) in [
            ("no-store", true),
            ("private", true),
            ("max-age", true),
            ("store", false),
            ("no-transform", false),
        ] {
            assert_eq!(has_directive(&response, directive), has, "{directive}");
        }
    }
}
