//! A page that is made for each request.

use super::*;
use bytegate::headers::http_date;
use bytegate::{Request, Response};

const GET_TIME: &str = "GET /time.py HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn a_page_shows_the_time_it_was_given() {
    let page = respond_at(&demo::gateway(), GET_TIME, Now::at_unix(784_111_777));
    assert!(
        page.text()
            .contains("It is <time>Sun, 06 Nov 1994 08:49:37 GMT</time>.")
    );
    assert_eq!(header(&page, "date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

#[test]
fn a_page_without_a_clock_shows_no_time() {
    let page = response(&demo::gateway(), GET_TIME);
    assert!(page.text().contains("an unknown time"));
    assert_eq!(page.header("date"), None);
}

#[test]
fn the_same_request_at_the_same_time_gets_the_same_response() {
    let now = Now::at_unix(951_782_400);
    let pages = [(); 2].map(|()| demo::gateway().handle_at(GET_TIME.as_bytes(), now));
    assert_eq!(pages[0], pages[1]);
}

#[test]
fn any_function_of_a_request_can_be_a_page() {
    fn clock(request: &Request<'_>) -> Option<Response> {
        let date = request.now().wall.and_then(http_date)?;
        Some(Response::html(format!("<h1>{date}</h1>")))
    }
    let gateway = Gateway::new(Router::new().suffix(".py", clock));
    let page = respond_at(&gateway, GET_TIME, Now::at_unix(0));
    assert_eq!(page.text(), "<h1>Thu, 01 Jan 1970 00:00:00 GMT</h1>");
    assert_eq!(response(&gateway, GET_TIME).status(), 404);
}
