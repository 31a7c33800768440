//! The client that needs no socket.

use super::*;

#[test]
fn every_malformed_request_of_the_corpus_is_refused_before_the_application() {
    let client = Client::new(|_: &Request<'_>| -> &'static str { panic!("not reached") });
    let wrong: Vec<String> = malformed_requests()
        .filter_map(|request| {
            let output = client.send_bytes(&request.bytes);
            let line = String::from_utf8_lossy(&output);
            let line = line.lines().next().unwrap_or_default().to_string();
            let expected = format!("HTTP/1.1 {}", request.status.unwrap());
            (line != expected).then(|| format!("{}: {line}, not {expected}", request.name))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    let mut names: Vec<_> = malformed_requests().map(|request| request.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have the same name");
}

#[test]
fn requests_of_every_kind_arrive_as_they_were_built() {
    let client = Client::new(echo);
    let text = |request: bytegate::testing::ClientRequest<'_>| request.send().text().to_string();
    assert_eq!(text(client.get("/a")), "GET /a - ");
    assert_eq!(text(client.get("/a b?c=ä")), "GET /a%20b c=%C3%A4 ");
    assert_eq!(
        text(client.get("/a?b=1").query("c d", "e&f")),
        "GET /a b=1&c+d=e%26f "
    );
    assert_eq!(text(client.put("/a").body("hello")), "PUT /a - hello");
    assert_eq!(
        text(client.patch("/a").content_type("a/b").body(vec![b'x'])),
        "PATCH /a - x"
    );
    assert_eq!(text(client.delete("/a")), "DELETE /a - ");
    assert_eq!(text(client.request("PURGE", "/a")), "PURGE /a - ");
    assert_eq!(
        text(client.post("/a").form(&[("b", "c d"), ("e", "&")])),
        "POST /a - b=c+d&e=%26"
    );
    assert_eq!(
        text(client.post("/a").chunks(["one ", "", "two"])),
        "POST /a - one two"
    );
    assert_eq!(client.head("/a").send().body(), b"");
    let parts = [
        FormPart::text("a\"b", "c"),
        FormPart::file("d", "e.txt", "text/plain", "f"),
    ];
    let form = text(client.post("/").multipart(&parts));
    assert!(form.contains("name=\"a%22b\"\r\n\r\nc\r\n--"), "{form}");
    assert!(
        form.contains("filename=\"e.txt\"\r\nContent-Type: text/plain\r\n\r\nf\r\n--"),
        "{form}"
    );
    assert!(form.ends_with("--\r\n"), "{form}");
}

#[test]
fn the_application_sees_the_peer_the_scheme_the_host_and_the_time() {
    let client = Client::new(|request: &Request<'_>| {
        format!(
            "{} {:?} {} {:?}",
            request.peer(),
            request.scheme(),
            request.authority().map_or("-", |authority| authority.host),
            request.now().monotonic,
        )
    })
    .peer(Peer::named("a test"))
    .scheme(Scheme::Https)
    .host("example.com:8080")
    .start_at(Now::at_unix(784_111_777));
    client.advance(Duration::from_secs(3));
    let response = client.get("/").send();
    assert!(
        response.text().starts_with("a test Https example.com 3s"),
        "{}",
        response.text()
    );
    assert_eq!(
        response.header("Date"),
        Some("Sun, 06 Nov 1994 08:49:40 GMT")
    );
}

#[test]
#[should_panic(expected = "the header \"X\" cannot be sent")]
fn a_header_that_would_split_the_request_is_refused() {
    let client = Client::new(echo);
    let _ = client.get("/").header("X", "a\r\nY: b");
}

#[test]
fn a_truncated_response_is_incomplete_and_names_the_rule() {
    let client = Client::new(|_: &Request<'_>| {
        Response::text(Body::try_from_iterator(
            None,
            [Ok("one".into()), Err(bytegate::body::BodyError)].into_iter(),
        ))
    });
    let error = client.get("/").try_send().unwrap_err();
    assert!(error.is_incomplete());
    assert!(error.rule().starts_with("a chunk must begin"), "{error}");
}

#[test]
fn cookies_are_kept_sent_and_removed() {
    let router = Router::new()
        .get("/login", |_: &Request<'_>| {
            Response::text("in")
                .with_appended_header("Set-Cookie", "session=abc; Path=/; HttpOnly; Max-Age=60")
                .with_appended_header("Set-Cookie", "secret=1; Path=/; Secure")
        })
        .get("/logout", |_: &Request<'_>| {
            Response::text("out").with_header("Set-Cookie", "session=; Path=/; Max-Age=0")
        })
        .fallback(|request: &Request<'_>| {
            request.headers().get("Cookie").unwrap_or("-").to_string()
        });
    let client = Client::new(router);
    assert_eq!(client.get("/me").text(), "-");
    client.get("/login").send();
    assert_eq!(client.cookie("session").as_deref(), Some("abc"));
    assert_eq!(client.get("/me").text(), "session=abc");
    client.advance(Duration::from_secs(60));
    assert_eq!(client.cookie("session"), None, "it has expired");
    assert_eq!(client.get("/me").text(), "-", "it has expired");
    client.get("/login").send();
    client.get("/logout").send();
    assert_eq!(client.get("/me").text(), "-");
    let other = Client::new(client.gateway().clone());
    other.get("/login").send();
    assert_eq!(
        client.get("/me").send().text(),
        "-",
        "another client's cookie"
    );
}

#[test]
fn redirects_are_followed_on_request() {
    let to = |status: u16, location: &'static str| {
        move |_: &Request<'_>| {
            let status = Status::new(status).unwrap();
            Response::from(status).with_header("Location", location)
        }
    };
    let router = Router::new()
        .route(Method::POST, "/301", to(301, "/end"))
        .route(Method::POST, "/303", to(303, "end?x=1"))
        .route(Method::POST, "/307", to(307, "http://localhost/end"))
        .get("/loop", to(302, "/loop"))
        .get("/away", to(302, "http://elsewhere/end"))
        .fallback(echo);
    let client = Client::new(router);
    let follow = |request: bytegate::testing::ClientRequest<'_>| request.follow_redirects().send();
    assert_eq!(
        client.post("/301").send().status(),
        Status::MOVED_PERMANENTLY
    );
    assert_eq!(follow(client.post("/301").body("a")).text(), "GET /end - ");
    assert_eq!(
        follow(client.post("/303").body("a")).text(),
        "GET /end x=1 "
    );
    assert_eq!(
        follow(client.post("/307").body("a")).text(),
        "POST /end - a"
    );
    assert_eq!(follow(client.get("/loop")).status(), Status::FOUND);
    assert_eq!(follow(client.get("/away")).status(), Status::FOUND);
}
