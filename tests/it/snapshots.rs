//! Whole exchanges with the demo, as they appear on the wire. The time is an argument, so the snapshots are stable.

use bytegate::Now;

/// The bytes of the response as text.
fn exchange(request: &str) -> String {
    let response = crate::demo::gateway().handle_at(request.as_bytes(), Now::at_unix(784_111_777));
    String::from_utf8_lossy(&response).replace("\r\n", "\n")
}

fn post(path: &str, form: &str) -> String {
    exchange(&format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    ))
}

#[test]
fn home() {
    insta::assert_snapshot!(exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

#[test]
fn login_form() {
    insta::assert_snapshot!(exchange(
        "GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
}

#[test]
fn login_that_fails_shows_the_form_and_what_was_typed() {
    insta::assert_snapshot!(post("/login.py", "name=%3Cb%3E%22ada&password=x"));
}

#[test]
fn login_that_succeeds() {
    insta::assert_snapshot!(post("/login.py", "name=ada&password=lovelace"));
}

#[test]
fn the_page_after_a_login() {
    insta::assert_snapshot!(exchange(
        "GET /login.py?welcome=ada HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
}

#[test]
fn register_that_succeeds() {
    insta::assert_snapshot!(post(
        "/register.py",
        "name=grace&password=hopper-1906&again=hopper-1906"
    ));
}

#[test]
fn not_found_by_the_application_and_by_the_site() {
    let requests = "GET /nope.py HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nope.html HTTP/1.1\r\nHost: localhost\r\n\r\n";
    insta::assert_snapshot!(exchange(requests));
}

#[test]
fn head_and_a_pipelined_refusal() {
    insta::assert_snapshot!(exchange(
        "HEAD /style.css HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    ));
}
