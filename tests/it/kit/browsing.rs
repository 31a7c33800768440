//! The client of the test kit keeps cookies, follows redirects and builds forms as browsers do.

use bytegate::testing::{Client, FormPart};
use bytegate::{Rejection, Request, Response, Router, Status};

fn cookies(request: &Request<'_>) -> String {
    request.headers().get("Cookie").unwrap_or("-").into()
}

fn target(request: &Request<'_>) -> String {
    let query = request.query().map(|query| format!("?{query}"));
    format!("{}{}", request.path(), query.unwrap_or_default())
}

/// Sets the query as a cookie, and shows the cookies.
fn app() -> Router {
    Router::new()
        .get("/set", |request: &Request<'_>| {
            let cookie = request.query_value("c").unwrap_or_default();
            Response::text("").with_header("Set-Cookie", &*cookie)
        })
        .fallback(cookies)
}

#[test]
fn cookies_are_replaced_in_place_and_removed_by_a_past_date() {
    let client = Client::new(app());
    for cookie in ["a=1", "b=2", "a=3"] {
        client.get("/set").query("c", cookie).send();
    }
    assert_eq!(client.get("/").text(), "a=3; b=2");
    client
        .get("/set")
        .query("c", "a=; Expires=Thu, 01-Jan-1970 00:00:00 GMT")
        .send();
    assert_eq!(client.get("/").text(), "b=2");
    client
        .get("/set")
        .query("c", "b=; Expires=Thu, 01 Jan 1970 00:00:01 GMT")
        .send();
    assert_eq!(client.get("/").text(), "-");
}

#[test]
fn a_target_with_a_host_has_the_cookies_of_its_path_and_host() {
    let client = Client::new(app());
    client.set_cookie("a=1; Path=/x");
    assert_eq!(client.get("/x").text(), "a=1");
    assert_eq!(client.get("http://localhost/x").text(), "a=1");
    assert_eq!(client.get("http://localhost/x/y?z").text(), "a=1");
    assert_eq!(client.get("HTTP://LOCALHOST:80/x").text(), "a=1");
    assert_eq!(client.get("http://localhost/").text(), "-");
    assert_eq!(client.get("http://localhost").text(), "-");
    assert_eq!(client.get("http://other/x").text(), "-");
    client
        .get("http://other/set")
        .query("c", "b=2; Path=/")
        .send();
    assert_eq!(client.get("/x").text(), "a=1");
    assert_eq!(client.get("http://other/x").text(), "b=2");
}

#[test]
fn a_redirect_keeps_the_query_only_where_a_browser_does() {
    let to = |location: &'static str| {
        move |request: &Request<'_>| match request.query_value("again") {
            None => Response::new(Status::FOUND).with_header("Location", location),
            Some(_) => Response::text(target(request)),
        }
    };
    for (location, target) in [
        ("?again", "/a/b?again"),
        ("../a/./b?again=1#top", "/a/b?again=1"),
        ("/c/../a/b?again=2", "/a/b?again=2"),
        ("//localhost/a/b?again", "/a/b?again"),
        ("http://localhost/a/b?again", "/a/b?again"),
    ] {
        let client = Client::new(Router::new().get("/a/b", to(location)));
        let response = client.get("/a/b?q=1").follow_redirects().send();
        assert_eq!(response.text(), target, "{location}");
        let response = client
            .get("http://localhost/a/b?q=1")
            .follow_redirects()
            .send();
        assert_eq!(response.text(), target, "{location}");
    }
    let elsewhere = Client::new(Router::new().host("other", to("?again")));
    let response = elsewhere.get("http://other/a").follow_redirects().send();
    assert_eq!(response.text(), "/a?again");
    let top = Router::new().get("/a/b", |request: &Request<'_>| {
        match request.cookie("seen") {
            None => Response::new(Status::FOUND)
                .with_header("Set-Cookie", "seen=1")
                .with_header("Location", "#top"),
            Some(_) => Response::text(target(request)),
        }
    });
    let response = Client::new(top).get("/a/b?q=1").follow_redirects().send();
    assert_eq!(response.text(), "/a/b?q=1");
}

#[test]
fn a_form_with_a_recorded_form_arrives_as_it_is() {
    let sizes = |request: &Request<'_>| -> Result<String, Rejection> {
        let form = request.multipart()?;
        let sizes: Vec<String> = form
            .iter()
            .map(|part| format!("{} {}", part.name(), part.bytes().len()))
            .collect();
        Ok(sizes.join(", "))
    };
    let client = Client::new(sizes);
    let mut file = b"a file".to_vec();
    for _ in 0..3 {
        let parts = [
            FormPart::text("note", "x"),
            FormPart::file("f", "form", "a/b", file.clone()),
        ];
        let request = client.post("/").multipart(&parts);
        assert_eq!(request.to_bytes(), request.to_bytes());
        file = request.to_bytes();
        let length = parts_length(&file);
        assert_eq!(request.send().text(), format!("note 1, f {length}"));
    }
}

/// The length of the file that was put in: what `f` has.
fn parts_length(request: &[u8]) -> usize {
    let text = String::from_utf8_lossy(request);
    let start = text.find("a/b\r\n\r\n").expect("a file") + 7;
    let end = text.rfind("\r\n--").expect("an end");
    end - start
}
