//! Forms with files, read from memory.

mod parts;

use super::*;
use bytegate::request::MultipartLimits;

fn shown(request: &Request<'_>) -> Result<String, Rejection> {
    let form = request.multipart()?;
    let lines = form.iter().map(|part| {
        let file = (part.file_name(), part.content_type());
        format!(
            "{:?} {file:?} {:?}\n",
            part.name(),
            part.bytes().escape_ascii().to_string()
        )
    });
    Ok(lines.collect())
}

fn form(body: impl AsRef<[u8]>) -> Vec<u8> {
    post("multipart/form-data; boundary=b", body)
}

/// A form with one part that has this head.
fn of_head(head: &str) -> Vec<u8> {
    form(format!("--b\r\n{head}\r\n\r\nx\r\n--b--\r\n"))
}

const FIELD: &str = "Content-Disposition: form-data; name=\"a\"";

#[test]
fn values_and_files_are_read() {
    // As Firefox and Chromium write it.
    let body = b"------geckoformboundary8\r\n\
        Content-Disposition: form-data; name=\"title\"\r\n\r\nThe sea\r\n\
        ------geckoformboundary8\r\n\
        Content-Disposition: form-data; name=\"photo\"; filename=\"s\xc3\xa9a \\a %22.png\"\r\n\
        Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0--\r\n------gecko\r\n\
        ------geckoformboundary8\r\n\
        Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\r\n\
        ------geckoformboundary8--\r\n";
    let media_type = "multipart/form-data; boundary=----geckoformboundary8";
    let (status, page) = told(shown, post(media_type, body));
    assert_eq!(status, 200, "{page}");
    assert_eq!(
        page,
        "\"title\" (None, None) \"The sea\"\n\
        \"photo\" (Some(\"s\u{e9}a \\\\a %22.png\"), Some(\"image/png\")) \
        \"\\\\x89PNG\\\\r\\\\n\\\\x1a\\\\n\\\\x00--\\\\r\\\\n------gecko\"\n\
        \"none\" (Some(\"\"), Some(\"application/octet-stream\")) \"\"\n"
    );
}

#[test]
fn quotes_in_names_may_be_escaped() {
    let head = r#"content-disposition: Form-Data; name=a; filename="\"C:\new\\\".txt""#;
    let page = "\"a\" (Some(\"\\\"C:\\\\new\\\\\\\".txt\"), None) \"x\"\n";
    assert_eq!(told(shown, of_head(head)), (200, page.to_string()));
}

#[test]
fn an_extended_parameter_names_the_file() {
    for (parameters, name) in [
        ("filename*=UTF-8''na%C3%AFve.txt", "na\u{ef}ve.txt"),
        (
            "filename*=utf-8'fr'na%C3%AFve.txt; filename=\"naive.txt\"",
            "na\u{ef}ve.txt",
        ),
        ("filename=naive.txt; filename*=broken", "naive.txt"),
    ] {
        let head = format!("{FIELD}; {parameters}");
        let page = format!("\"a\" (Some({name:?}), None) \"x\"\n");
        assert_eq!(told(shown, of_head(&head)), (200, page), "{parameters}");
    }
}

#[test]
fn the_first_part_of_a_name_is_found() {
    let body = format!("--b\r\n{FIELD}\r\n\r\n1\r\n--b\r\n{FIELD}\r\n\r\n2\r\n--b--");
    let request = Request::builder("POST", "/")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .body(body)
        .build()
        .expect("a request");
    {
        let request = &request.view();
        let form = request.multipart().expect("a form");
        assert_eq!(form.get("a").expect("a part").text(), Ok("1"));
        assert!(form.get("b").is_none());
        assert_eq!(form.iter().count(), 2);
        let part = form.get("a").expect("a part");
        assert_eq!(
            part.headers().get("content-disposition"),
            Some("form-data; name=\"a\"")
        );
        let shown = "Part { name: \"a\", file_name: None, bytes: 1 bytes, .. }";
        assert_eq!(format!("{part:?}"), shown);
    }
}

#[test]
fn text_must_be_utf_8() {
    let text = |request: &Request<'_>| -> Result<String, Rejection> {
        let form = request.multipart()?;
        let part = form
            .get("a")
            .ok_or_else(|| Rejection::bad_request("no part"))?;
        part.text().map(str::to_string)
    };
    let body = |value: &[u8]| {
        let head = format!("--b\r\n{FIELD}\r\n\r\n");
        form([head.as_bytes(), value, b"\r\n--b--"].concat())
    };
    assert_eq!(
        told(text, body("\u{e4}".as_bytes())),
        (200, "\u{e4}".to_string())
    );
    let page = "400 Bad Request: \"a\" in the form is not UTF-8\n";
    assert_eq!(told(text, body(b"\xff")), (400, page.to_string()));
}

#[test]
fn another_type_or_boundary_is_refused() {
    assert_eq!(
        told(shown, post("multipart/mixed; boundary=b", "--b--")).0,
        415
    );
    assert_eq!(told(shown, post(FORM, "a=b")).0, 415);
    assert_eq!(told(shown, post("", "--b--")).0, 415);
    let page = "400 Bad Request: the Content-Type has no boundary of 1 to 70 characters\n";
    for parameters in [
        "",
        "; boundary=",
        "; boundary=\"\"",
        "; boundary=\"a\\\"b\"",
        "; boundary=b\"x",
        "; boundary=\"b",
    ] {
        let media_type = format!("multipart/form-data{parameters}");
        assert_eq!(
            told(shown, post(&media_type, "--b--")),
            (400, page.to_string()),
            "{media_type}"
        );
    }
    let media_type = |length| {
        format!(
            "Multipart/Form-Data;x=y; Boundary=\"{}\"",
            "b".repeat(length)
        )
    };
    let body = |length| format!("--{}--", "b".repeat(length));
    assert_eq!(told(shown, post(&media_type(70), body(70))).0, 200);
    assert_eq!(told(shown, post(&media_type(71), body(71))).0, 400);
}

#[test]
fn malformed_parts_are_refused_with_their_number() {
    for (body, sentence) in [
        (
            "".to_string(),
            "the form does not contain the boundary of its Content-Type",
        ),
        (
            "hello".to_string(),
            "the form does not contain the boundary of its Content-Type",
        ),
        (
            format!("--b\r\n{FIELD}\r\n\r\nx"),
            "part 1 of the form does not end with a boundary",
        ),
        (
            format!("--b\r\n{FIELD}\r\n\r\nx\r\n--b\r\n{FIELD}\r\n\r\n"),
            "part 2 of the form does not end with a boundary",
        ),
        (
            format!("--b\r\n{FIELD}\r\n\r\nx\r\n--bc\r\n"),
            "the boundary before part 2 of the form is not alone on its line",
        ),
        (
            format!("--b\r\n{FIELD}\r\nx\r\n--b--"),
            "part 1 of the form has a malformed head",
        ),
    ] {
        let page = (400, format!("400 Bad Request: {sentence}\n"));
        assert_eq!(told(shown, form(&body)), page, "{body:?}");
    }
    for (head, reason) in [
        (
            "Content-Type: text/plain",
            "must have one Content-Disposition",
        ),
        (
            "Content-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b",
            "must have one Content-Disposition",
        ),
        (
            "Content-Disposition: form-data",
            "has no name: its Content-Disposition must be form-data with a name",
        ),
        (
            "Content-Disposition: attachment; name=a",
            "has no name: its Content-Disposition must be form-data with a name",
        ),
        (
            "Content-Disposition: form-data; name=\"a",
            "has a malformed Content-Disposition",
        ),
        (
            "Content-Disposition: form-data; name=a\"b",
            "has a malformed Content-Disposition",
        ),
        (
            "Content-Disposition: form-data; name=a; filename*=ISO-8859-1''%A3",
            "has a filename* that is not UTF-8 in the form of RFC 8187",
        ),
        (
            "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
            "is encoded as base64, which RFC 7578 does not allow",
        ),
    ] {
        let page = (
            400,
            format!("400 Bad Request: part 1 of the form {reason}\n"),
        );
        assert_eq!(told(shown, of_head(head)), page, "{head:?}");
    }
    let latin = b"--b\r\nContent-Disposition: form-data; name=\"\xe4\"\r\n\r\nx\r\n--b--";
    let page = "400 Bad Request: part 1 of the form has a name that is not UTF-8\n";
    assert_eq!(told(shown, form(latin)), (400, page.to_string()));
    let head = format!("{FIELD}\r\nContent-Transfer-Encoding: 8BIT");
    assert_eq!(told(shown, of_head(&head)).0, 200);
}

#[test]
fn parts_and_their_heads_are_limited() {
    let parts = |count: usize| form(format!("--b\r\n{FIELD}\r\n\r\n\r\n").repeat(count) + "--b--");
    assert_eq!(told(shown, parts(1000)).0, 200);
    let page = "413 Content Too Large: the form has more than 1000 parts\n";
    assert_eq!(told(shown, parts(1001)), (413, page.to_string()));

    let long = |length: usize| of_head(&format!("{FIELD}\r\nX: {}", "x".repeat(length)));
    let fitting = 4096 - format!("{FIELD}\r\nX: \r\n").len();
    assert_eq!(told(shown, long(fitting)).0, 200);
    let page = "413 Content Too Large: part 1 of the form has a head that is too long\n";
    assert_eq!(told(shown, long(fitting + 1)), (413, page.to_string()));

    let within = |request: &Request<'_>| {
        let limits = MultipartLimits {
            parts: 1,
            ..MultipartLimits::default()
        };
        request
            .multipart_with(limits)
            .map(|form| form.into_iter().count().to_string())
    };
    assert_eq!(told(within, parts(1)), (200, "1".to_string()));
    assert_eq!(told(within, parts(2)).0, 413);
}

/// Limits that short forms reach.
const LOW: MultipartLimits = MultipartLimits {
    parts: 3,
    part_head_bytes: 60,
    part_bytes: 5,
};
