//! JSON in both directions.

use super::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, Serialize)]
struct Line<'a> {
    name: &'a str,
    count: u8,
}

fn lines(request: &Request<'_>) -> Result<Response, Rejection> {
    let order: BTreeMap<&str, Vec<Line<'_>>> = request.json()?;
    Ok(Response::json(&order))
}

const JSON: &str = "application/json";

#[test]
fn json_is_read_and_written() {
    for media_type in [
        JSON,
        "Application/JSON; charset=utf-8",
        "application/problem+json",
    ] {
        let body = r#"{ "lines": [ {"count": 2, "name": "tea", "more": null} ] }"#;
        let response = ask(lines, post(media_type, body));
        assert_eq!(response.status(), 200, "{media_type}");
        assert_eq!(response.header("content-type"), Some(JSON));
        assert_eq!(response.body(), br#"{"lines":[{"name":"tea","count":2}]}"#);
    }
}

#[test]
fn a_body_of_another_type_is_not_read_as_json() {
    for media_type in ["", "text/json", "text/plain", "application/jsonp", FORM] {
        let response = ask(lines, post(media_type, "{}"));
        assert_eq!(response.status(), 415, "{media_type}");
        assert_eq!(response.header("accept"), Some(JSON));
    }
}

#[test]
fn a_syntax_error_is_a_400_with_its_position() {
    for (body, detail) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\n  \"a\": [,]}", "expected value at line 2 column 9"),
        ("{} x", "trailing characters at line 1 column 4"),
        (
            "{\"lines\": [",
            "EOF while parsing a list at line 1 column 11",
        ),
    ] {
        let page = told(lines, post(JSON, body));
        let expected = format!("400 Bad Request: the body is not JSON: {detail}\n");
        assert_eq!(page, (400, expected), "{body}");
    }
    assert_eq!(told(lines, post(JSON, b"{\"\xff\": []}")).0, 400);
}

#[test]
fn wrong_data_is_a_422_with_its_path() {
    let body = r#"{"lines": [{"name": "a", "count": 1}, {"name": "b", "count": "2"}]}"#;
    let (status, page) = told(lines, post(JSON, body));
    assert_eq!(status, 422);
    let start = "422 Unprocessable Content: the JSON does not match the expected type: lines[1].count: invalid type: string \"2\"";
    assert!(page.starts_with(start), "{page}");
    let long = format!(
        "{{\"lines\": [{{\"name\": \"a\", \"count\": \"{}\"}}]}}",
        "x".repeat(9000)
    );
    assert!(told(lines, post(JSON, long)).1.len() < 400);
}

#[test]
fn nesting_is_bounded() {
    #[derive(Deserialize)]
    struct Nested(#[allow(dead_code)] Vec<Nested>);
    let depth = |request: &Request<'_>| request.json::<Nested>().map(|_| "read");
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(told(depth, post(JSON, nested(100))).0, 200);
    let (status, page) = told(depth, post(JSON, nested(100_000)));
    assert_eq!(status, 400);
    assert!(
        page.contains("recursion limit exceeded at line 1 column 128"),
        "{page}"
    );
    let deep = post(JSON, "[".repeat(10_000_000));
    assert_eq!(told(depth, &deep).0, 413);
    assert_eq!(told(with_body_limit(1 << 24, depth), deep), (400, page));
}

#[cfg(feature = "std")]
#[test]
fn an_owned_request_reads_json_later() {
    let application = |request: &Request<'_>| {
        let request = request.into_owned();
        Response::from_future(
            async move { request.json::<Vec<u8>>().map(|list| Response::json(&list)) },
        )
    };
    assert_eq!(
        told(application, post(JSON, "[1, 2]")),
        (200, "[1,2]".to_string())
    );
}

#[test]
fn a_value_that_json_cannot_represent_makes_the_response_fail() {
    let response = Response::json(&BTreeMap::from([(vec![1], 2)]));
    let error = response.error().expect("an error").to_string();
    assert_eq!(
        error,
        "the value cannot be sent as JSON: key must be a string"
    );
}
