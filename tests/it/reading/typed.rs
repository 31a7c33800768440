//! Forms and queries as values of your own types.

use super::*;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
struct Order {
    item: String,
    count: u8,
    #[serde(default)]
    tag: Vec<String>,
    note: Option<String>,
}

fn order(request: &Request<'_>) -> Result<String, Rejection> {
    let order: Order = match request.path() {
        "/query" => request.query_as()?,
        "/owned" => request.into_owned().form_as()?,
        _ => request.form_as()?,
    };
    Ok(format!("{order:?}"))
}

#[test]
fn a_form_fills_in_a_type() {
    let shown = r#"Order { item: "green tea", count: 2, tag: ["a", "b"], note: Some("") }"#;
    let pairs = "item=green+tea&count=2&tag=a&tag=b&note=&other=1";
    assert_eq!(told(order, post(FORM, pairs)), (200, shown.to_string()));
    let query = get(&format!("/query?{pairs}"));
    assert_eq!(told(order, query), (200, shown.to_string()));
    let owned = String::from_utf8(post(FORM, pairs)).expect("text");
    let owned = owned.replacen("POST /", "POST /owned", 1);
    assert_eq!(told(order, owned), (200, shown.to_string()));
}

#[test]
fn a_form_that_does_not_fit_is_a_422_that_names_the_field() {
    for (pairs, detail) in [
        ("item=a", "missing field `count`"),
        (
            "item=a&count=300",
            "count: number too large to fit in target type",
        ),
        (
            "item=a&count=",
            "count: cannot parse integer from empty string",
        ),
        ("item=a&count=1&count=2", "count: "),
    ] {
        let (status, page) = told(order, post(FORM, pairs));
        let start = format!(
            "422 Unprocessable Content: the form does not match the expected type: {detail}"
        );
        assert_eq!(status, 422, "{pairs}");
        assert!(page.starts_with(&start), "{pairs}: {page}");
        let (status, page) = told(order, get(&format!("/query?{pairs}")));
        let start =
            format!("400 Bad Request: the query does not match the expected type: {detail}");
        assert_eq!(status, 400, "{pairs}");
        assert!(page.starts_with(&start), "{pairs}: {page}");
    }
}

#[test]
fn a_query_that_is_not_utf_8_is_refused_like_a_form() {
    for (pairs, name) in [
        ("item=%FF&count=1", "item"),
        ("item=a&count=1&other=%C3", "other"),
        ("item=a&count=1&%FF=1", "\u{fffd}"),
    ] {
        let page = format!("400 Bad Request: \"{name}\" in the query is not UTF-8\n");
        let query = get(&format!("/query?{pairs}"));
        assert_eq!(told(order, query), (400, page), "{pairs}");
        assert_eq!(told(order, post(FORM, pairs)).0, 400, "{pairs}");
    }
}

#[test]
fn a_form_of_another_type_is_not_filled_in() {
    assert_eq!(told(order, post("text/plain", "item=a&count=1")).0, 415);
    assert_eq!(told(order, post(FORM, "item=%ff&count=1")).0, 400);
    assert_eq!(told(order, post(FORM, "a&".repeat(1001))).0, 413);
}
