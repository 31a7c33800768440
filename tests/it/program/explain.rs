//! Requests that are explained.

use super::*;

/// The explanation of input that breaks no rule.
fn understood(input: &str) -> String {
    explained(input.as_bytes(), 0)
}

/// The explanation of input that breaks a rule; checks that the caret points at the named byte.
fn refused(input: impl AsRef<[u8]>) -> String {
    let input = input.as_ref();
    let explanation = explained(input, 3);
    let lines: Vec<&str> = explanation.lines().collect();
    let at = lines
        .iter()
        .find_map(|line| line.strip_prefix("refused at byte "));
    let at: usize = at.and_then(|at| at.parse().ok()).expect("a byte");
    let caret = lines
        .iter()
        .position(|line| line.trim() == "^")
        .expect("a caret");
    let column = lines[caret].len() - 1;
    let shown = input[at.saturating_sub(30)..].escape_ascii().to_string();
    let before = input[at.saturating_sub(30)..at].escape_ascii().count();
    assert_eq!(column, "  where    ".len() + before, "{explanation}");
    let marked = lines[caret - 1].get(column..).unwrap_or_default();
    assert!(shown[before..].starts_with(marked), "{explanation}");
    explanation
}

fn explained(input: &[u8], code: i32) -> String {
    let ended = run(&["explain"], input);
    assert_eq!((ended.code, &*ended.stderr), (Some(code), ""));
    text(ended.stdout)
}

#[test]
fn a_good_request() {
    let input = "GET /docs/?page=2 HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n\r\n";
    insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   GET
          target   /docs/?page=2 (origin-form)
          path     /docs/
          query    page=2
          version  HTTP/1.1
          host     example.org, port 8080
          header   Host: example.org:8080
          header   Accept: */*
          body     none: no Content-Length or Transfer-Encoding
          then     the connection stays open
        ");
}

#[test]
fn two_pipelined_requests_with_a_body() {
    let input = "POST /login.py HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\
                 Expect: 100-continue\r\n\r\nname=adaGET / HTTP/1.0\r\n\r\n";
    insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   POST
          target   /login.py (origin-form)
          path     /login.py
          version  HTTP/1.1
          host     x
          header   Host: x
          header   Content-Length: 8
          header   Expect: 100-continue
          expects  100 Continue before it sends the body
          body     8 bytes (Content-Length)
          then     the connection stays open

        request 2, from byte 85
          method   GET
          target   / (origin-form)
          path     /
          version  HTTP/1.0
          host     none, as HTTP/1.0 allows
          body     none: no Content-Length or Transfer-Encoding
          then     the connection closes
        ");
}

#[test]
fn a_chunked_body_with_trailers() {
    let input = "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n";
    insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   PUT
          target   /a (origin-form)
          path     /a
          version  HTTP/1.1
          host     x
          header   Host: x
          header   Transfer-Encoding: chunked
          body     11 bytes (chunked)
          trailer  X-Sum: 7
          then     the connection stays open
        ");
}

#[test]
fn every_form_of_a_target() {
    let input = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n\
                 GET http://[::1]:80/a?b HTTP/1.1\r\nHost: [::1]:80\r\n\r\n";
    let explanation = understood(input);
    assert!(explanation.contains("  target   * (asterisk-form)\n"));
    assert!(explanation.contains("  target   http://[::1]:80/a?b (absolute-form)\n"));
    assert!(explanation.contains("  host     [::1], port 80\n"));
}

#[test]
fn no_input() {
    insta::assert_snapshot!(understood(""), @"no request: the input is empty");
}

#[test]
fn an_empty_line_is_not_a_request_but_not_empty_input_either() {
    assert!(!understood("\r\n").contains("the input is empty"));
}

#[test]
fn bytes_after_the_last_request_are_counted() {
    let input = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /";
    let explanation = understood(input);
    let last = "5 bytes after the last request are not read\n";
    assert!(explanation.ends_with(last), "{explanation}");
}

#[test]
fn a_space_before_the_colon() {
    let input = "GET / HTTP/1.1\r\nHost : x\r\n\r\n";
    insta::assert_snapshot!(refused(input), @r"
        refused at byte 20
          rule     whitespace is not allowed between a header name and its colon
          source   RFC 9112 section 5.1
          where    GET / HTTP/1.1\r\nHost : x\r\n\r\n
                                         ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn a_line_feed_alone() {
    insta::assert_snapshot!(refused("GET / HTTP/1.1\nHost: x\n\n"), @r"
        refused at byte 14
          rule     a line must end with CR LF, not with a line feed alone
          source   RFC 9112 section 2.2
          where    GET / HTTP/1.1\nHost: x\n\n
                                 ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn a_missing_host() {
    insta::assert_snapshot!(refused("GET / HTTP/1.1\r\n\r\n"), @r"
        refused at byte 16
          rule     an HTTP/1.1 request must have a Host header
          source   RFC 9112 section 3.2
          where    GET / HTTP/1.1\r\n\r\n
                                     ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn content_length_and_transfer_encoding_together() {
    let input = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\
                 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    insta::assert_snapshot!(refused(input), @r"
        refused at byte 64
          rule     Transfer-Encoding and Content-Length must not be used together
          source   RFC 9112 section 6.3
          where    Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n
                                                   ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn a_chunk_that_is_longer_than_its_size() {
    let input = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello world\r\n0\r\n\r\n";
    insta::assert_snapshot!(refused(input), @r"
        request 1, from byte 0
          method   POST
          target   / (origin-form)
          path     /
          version  HTTP/1.1
          host     x
          header   Host: x
          header   Transfer-Encoding: chunked

        refused at byte 64
          rule     chunk data must be followed by CR LF after exactly its size
          source   RFC 9112 section 7.1
          where    -Encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n
                                                       ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn a_second_request_that_breaks_a_rule() {
    let input = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /\u{e4} HTTP/1.1\r\nHost: x\r\n\r\n";
    insta::assert_snapshot!(refused(input), @r"
        request 1, from byte 0
          method   GET
          target   / (origin-form)
          path     /
          version  HTTP/1.1
          host     x
          header   Host: x
          body     none: no Content-Length or Transfer-Encoding
          then     the connection stays open

        refused at byte 32
          rule     the target contains a byte that must be percent-encoded
          source   RFC 9112 section 3.2
          where    T / HTTP/1.1\r\nHost: x\r\n\r\nGET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n
                                                       ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn input_that_ends_too_early() {
    insta::assert_snapshot!(refused("GET / HTTP/1.1\r\nHost: x\r\n"), @r"
        refused at byte 25
          rule     the input ended inside a head
          source   RFC 9112 section 8
          where    GET / HTTP/1.1\r\nHost: x\r\n
                                                ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn bytes_that_are_not_text() {
    insta::assert_snapshot!(refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), @r"
        refused at byte 0
          rule     the method must be a token followed by one space
          source   RFC 9110 section 5.6.2
          where    \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03
                   ^
          response 400 Bad Request, then the connection closes
        ");
}

#[test]
fn every_fixture_is_explained_as_its_name_says() {
    let exchanges = crate::laws::exchange::Exchange::all();
    for exchange in &exchanges {
        match exchange.name().split('-').next() {
            Some("refuse") => refused(&exchange.input),
            Some("accept") => explained(&exchange.input, 0),
            _ => continue,
        };
    }
}
