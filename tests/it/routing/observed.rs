//! What middleware and reports of errors know about the route of a request.

use super::*;

/// Notes the routes of all requests.
#[derive(Clone, Default)]
struct Routes(Arc<Mutex<Vec<Option<String>>>>);

impl Routes {
    fn take(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.0.lock().expect("a list"))
    }
}

impl Middleware for Routes {
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        self.0.lock().expect("a list").push(request.route());
        response
    }
}

/// Refuses requests with a header.
struct Guard;

impl Middleware for Guard {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let refused = request.head.headers().get("X-Refused");
        refused.map(|_| Status::FORBIDDEN.into())
    }
}

async fn later(_: OwnedRequest) -> &'static str {
    "later"
}

struct Lines;

impl Receiver for Lines {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        "received".into()
    }
}

#[test]
fn middleware_can_find_the_route() {
    let (outer, inner) = (Routes::default(), Routes::default());
    let users = Router::new()
        .get("/{user}", named("user"))
        .get("/{user}/later", later)
        .post("/{user}/file", receive_upload(|_: &Request<'_>| Lines))
        .fallback(named("inner fallback"));
    let router = Router::new()
        .mount(
            "/users",
            with_middleware(inner.clone(), with_body_limit(9, users)),
        )
        .host("other.test", Router::new().get("/{page}", named("page")))
        .get("/echo", named("echo"))
        .suffix(".py", named("suffix"))
        .trailing_slash(TrailingSlash::Either)
        .fallback(Site::new().file("/index.html", "home"));
    let gateway = Gateway::new(router).with(Guard).with(outer.clone());
    for (request, route, passes_inner) in [
        ("GET /users/ada", Some("/users/{user}"), true),
        ("GET /users/ada/later", Some("/users/{user}/later"), true),
        ("POST /users/ada/file", Some("/users/{user}/file"), true),
        ("GET /users/a/b/c", Some("/users"), true),
        ("PUT /users/ada", None, true),
        ("GET http://localhost/echo", Some("/echo"), false),
        ("GET /echo/?q=\"", Some("/echo"), false),
        ("GET http://other.test/echo", Some("/{page}"), false),
        ("GET http://other.test:81/x", Some("/{page}"), false),
        ("GET /a.py", None, false),
        ("GET /", None, false),
        ("GET /nowhere", None, false),
        ("OPTIONS *", None, false),
        ("GET /%zz", None, false),
    ] {
        for fields in ["", "Content-Length: 2\r\n"] {
            let body = if fields.is_empty() { "" } else { "ab" };
            let host = if request.contains("other") {
                "other.test"
            } else {
                "localhost"
            };
            let head = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n{body}");
            let _ = gateway.handle(head.as_bytes());
            let route = route.map(String::from);
            assert_eq!(outer.take(), std::slice::from_ref(&route), "{head}");
            let inside = inner.take();
            if passes_inner {
                assert_eq!(inside, [route], "{head}")
            } else {
                assert_eq!(inside, [], "{head}")
            }
        }
    }
    let refused = b"GET /users/ada HTTP/1.1\r\nHost: x\r\nX-Refused: yes\r\n\r\n";
    assert!(gateway.handle(refused).starts_with(b"HTTP/1.1 403 "));
    assert_eq!(outer.take(), [Some("/users/{user}".into())]);
    // Without Host, no rule for a host applies.
    let _ = gateway.handle(b"GET /echo HTTP/1.0\r\n\r\n");
    assert_eq!(outer.take(), [Some("/echo".into())]);
}

#[test]
fn an_error_has_the_route_of_its_request() {
    let routes = Routes::default();
    let noted = routes.clone();
    async fn fail(_: OwnedRequest) -> Response {
        Response::text("").with_header("Connection", "x")
    }
    let users = Router::new()
        .get("/{user}", |_: &Request<'_>| {
            Response::text("").with_header("Connection", "x")
        })
        .get("/{user}/later", fail);
    let gateway = Gateway::new(Router::new().mount("/users", users)).on_error(move |_, request| {
        noted.0.lock().expect("a list").push(request.route());
    });
    for (path, route) in [
        ("/users/ada", "/users/{user}"),
        ("/users/ada/later", "/users/{user}/later"),
    ] {
        get(&gateway, path);
        assert_eq!(routes.take(), [Some(route.into())]);
    }
}
