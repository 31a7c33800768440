//! Services below a mount.

use super::*;
use axum::http::Uri;
use bytegate::middleware::{AuthenticatedUser, BasicAuth, RequestId, RequestParts, SetRequestId};
use bytegate::request::Extensions;
use bytegate::{Method, Middleware};

async fn target(uri: Uri) -> String {
    uri.to_string()
}

fn client() -> Client {
    let inner = Router::new().mount("/deep", tower(axum::Router::new().fallback(target)));
    let router = Router::new()
        .mount("/api", tower(axum::Router::new().fallback(target)))
        .mount("/a b", tower(axum::Router::new().fallback(target)))
        .mount("/users/{user}", tower(axum::Router::new().fallback(target)))
        .mount("/outer", inner)
        .fallback(tower(axum::Router::new().fallback(target)));
    Client::new(router)
}

#[test]
fn the_target_is_the_rest_of_the_path() {
    let client = client();
    for (sent, seen) in [
        ("/api", "/"),
        ("/api/", "/"),
        ("/api?q=/api", "/?q=/api"),
        ("/api/x/y?q=1&r", "/x/y?q=1&r"),
        ("/api/api", "/api"),
        ("/%61pi/%78%20", "/%78%20"),
        ("/a%20b/c%2Bd", "/c%2Bd"),
        ("/users/%C3%A4da/x%20y?z", "/x%20y?z"),
        ("/users/ada", "/"),
        ("/outer/deep/x", "/x"),
        ("/outer/deep", "/"),
        ("/apix/y", "/apix/y"),
        ("/other%20path?q", "/other%20path?q"),
        ("/x?q=\"<é>\"", "/x?q=%22%3C%C3%A9%3E%22"),
        ("/api/x?q=\"<é>\"", "/x?q=%22%3C%C3%A9%3E%22"),
        ("http://localhost/api/x?q", "http://localhost/x?q"),
        ("http://localhost/api", "http://localhost/"),
        ("http://localhost/x", "http://localhost/x"),
    ] {
        let request = format!("GET {sent} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let response = client.send_bytes(request.as_bytes());
        let response = String::from_utf8_lossy(&response).into_owned();
        assert!(
            response.ends_with(&format!("\r\n\r\n{seen}")),
            "{sent}: {response}"
        );
    }
}

#[test]
fn axum_routes_match_below_a_mount() {
    let api = axum::Router::new().route(
        "/hello/{name}",
        get(|Path(name): Path<String>| async move { name }),
    );
    let client = Client::new(Router::new().mount("/api/v1", tower(api)));
    assert_eq!(client.get("/api/v1/hello/Ada%20L").text(), "Ada L");
}

#[derive(Clone)]
struct Language(&'static str);

struct Languages;

impl Middleware for Languages {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        request.extensions.insert(Language("de"));
        None
    }
}

#[test]
fn a_service_sees_extensions_from_middleware() {
    async fn show(extensions: axum::http::Extensions) -> String {
        let user = extensions.get::<AuthenticatedUser>().unwrap();
        let id = extensions.get::<RequestId>().unwrap();
        let own = extensions.get::<Extensions>().unwrap();
        format!("{} {id} {}", user.name(), own.get::<Language>().unwrap().0)
    }
    let gateway = Gateway::new(tower(axum::Router::new().fallback(show)))
        .with(BasicAuth::user("staff", "ada", "secret"))
        .with(SetRequestId::generated_by(|_| "abc".to_string()))
        .with(Languages);
    let client = Client::new(gateway);
    let response = client.get("/").basic_auth("ada", "secret").send();
    assert_eq!(response.text(), "ada abc de");
}

#[test]
fn a_gateway_sees_extensions_from_layers() {
    let show = |request: &Request<'_>| {
        let (own, connection) = (request.extensions(), request.connection());
        let foreign = own.get::<http::Extensions>().unwrap();
        format!(
            "{} {} {} {} {}",
            connection.peer,
            connection.number,
            own.get::<AuthenticatedUser>().unwrap().name(),
            own.get::<Language>().unwrap().0,
            foreign.get::<u32>().unwrap(),
        )
    };
    let router = Router::new().route(Method::POST, "/", show);
    let mut extensions = Extensions::new();
    extensions.insert(Language("de"));
    let connection = ConnectionInfo {
        number: 3,
        ..Peer::named("b").into()
    };
    let request = http::Request::post("/")
        .extension(connection)
        .extension(AuthenticatedUser::new("ada"))
        .extension(extensions)
        .extension(7_u32)
        .body(Body::from("content"))
        .unwrap();
    let response = ask(&mut GatewayService::new(Gateway::new(router)), request);
    assert_eq!(
        response.body().as_bytes(),
        Some(&b"b 3 ada de 7"[..]),
        "{response:?}"
    );
}
