//! Exchanges as text.

use super::*;

#[test]
fn an_exchange_is_shown_as_text() {
    let client = Client::new(|_: &Request<'_>| {
        Response::of_type("text/plain", "a\r\nb\tc\n\u{1b}end")
            .with_appended_header("Set-Cookie", "id=1")
            .with_appended_header("Set-Cookie", "theme=dark")
    });
    let response = client
        .post("/x")
        .header("X-Token", "123")
        .content_type("a/b")
        .body(vec![0xff])
        .send();
    let text = response
        .exchange()
        .mask("x-token")
        .mask("Set-Cookie")
        .to_string();
    let expected = r"> POST /x HTTP/1.1
> Host: localhost
> X-Token: (masked)
> Content-Type: a/b
> Content-Length: 1
>
> (1 bytes that are not text)
< HTTP/1.1 200 OK
< Content-Type: text/plain
< Set-Cookie: (masked)
< Set-Cookie: (masked)
< Content-Length: 11
<
< a\r\n
< b\tc\n
< \u{1b}end
";
    assert_eq!(text, expected);
}

#[test]
fn a_masked_text_appears_nowhere() {
    let client = Client::new(|_: &Request<'_>| {
        Response::text("id 83f1, 83f17, mask\n83f1").with_header("X-Id", "a 83f1 b")
    });
    let response = client.post("/83f1").content_type("a/b").body("83f1").send();
    let text = response
        .exchange()
        .mask_text("83f1")
        .mask_text("83f17")
        .mask_text("mask")
        .mask_text("")
        .mask("content-type")
        .to_string();
    let expected = r"> POST /(masked) HTTP/1.1
> Host: localhost
> Content-Type: (masked)
> Content-Length: 4
>
> (masked)
< HTTP/1.1 200 OK
< Content-Type: (masked)
< X-Id: a (masked) b
< Content-Length: 25
<
< id (masked), (masked), (masked)\n
< (masked)
";
    assert_eq!(text, expected);
}
