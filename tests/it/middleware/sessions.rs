//! Sessions in signed cookies.

use super::*;
use bytegate::cookie::Key;
use bytegate::middleware::Sessions;
use bytegate::testing::Client;
use bytegate::{OwnedRequest, Rejection};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn key(byte: u8) -> Key {
    Key::from(&[byte; 64])
}

/// Sets the user to the body.
fn set(request: &Request<'_>) -> Result<&'static str, Rejection> {
    let user = String::from_utf8_lossy(request.body()).into_owned();
    request.session()?.set("user", user);
    Ok("set")
}

async fn set_later(request: OwnedRequest) -> Result<&'static str, Rejection> {
    let session = request.session()?;
    std::future::ready(()).await;
    session.set("user", "later");
    Ok("set")
}

fn show(request: &Request<'_>) -> Result<String, Rejection> {
    let user = request.session()?.get("user");
    Ok(user.unwrap_or("nobody".to_string()))
}

fn fail(request: &Request<'_>) -> Result<Status, Rejection> {
    request.session()?.set("user", "failed");
    Err(Rejection::internal("the disk is gone"))
}

fn clear(request: &Request<'_>) -> Result<Status, Rejection> {
    request.session()?.clear();
    Ok(Status::NO_CONTENT)
}

fn router() -> Router {
    Router::new()
        .get("/", show)
        .get("/other", |_: &Request<'_>| "other")
        .post("/set", set)
        .post("/later", set_later)
        .post("/fail", fail)
        .post("/clear", clear)
}

fn client(sessions: Sessions) -> Client {
    Client::new(Gateway::new(router()).with(sessions)).start_at(Now::at_unix(1_800_000_000))
}

/// Returns a client after a log-in, and the value of its cookie.
fn logged_in() -> (Client, String) {
    let client = client(Sessions::new(key(1)));
    client.post("/set").body("ada").send();
    let cookie = client.cookie("session").expect("a cookie");
    (client, cookie)
}

#[test]
fn any_text_is_kept() {
    let long = "x".repeat(2900);
    for user in [
        "Ada Lovelace",
        "Jos\u{e9}",
        "a=\"b\"; c, 100%\0\r\n",
        &*long,
    ] {
        let client = client(Sessions::new(key(1)));
        client.post("/set").body(user.to_string()).send();
        assert_eq!(client.get("/").text(), user);
    }
}

#[test]
fn the_cookie_is_protected() {
    for (scheme, name, end) in [
        (
            Scheme::Http,
            "session=",
            "; HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600",
        ),
        (
            Scheme::Https,
            "__Host-session=",
            "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1209600",
        ),
    ] {
        let client = client(Sessions::new(key(1))).scheme(scheme);
        let response = client.post("/set").body("ada").send();
        let cookie = response.header("Set-Cookie").expect("a cookie");
        assert!(
            cookie.starts_with(name) && cookie.ends_with(end),
            "{cookie}"
        );
        assert_eq!(client.get("/").text(), "ada");
    }
    let client = client(Sessions::new(key(1)).cookie_name("id"));
    client.post("/set").body("ada").send();
    assert!(client.cookie("id").is_some());
}

#[test]
fn a_cookie_that_was_changed_or_cut_is_an_empty_session() {
    let (client, cookie) = logged_in();
    let show = |value: &str| {
        client.set_cookie(&format!("session={value}; Path=/"));
        client.get("/").text()
    };
    for at in 0..cookie.len() {
        let mut changed = cookie.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).expect("text");
        assert_eq!(show(&changed), "nobody", "{changed}");
        assert_eq!(show(&cookie[..at]), "nobody", "{at}");
    }
    for garbage in ["%", "\u{e9}", "a=b", &"=".repeat(4000)] {
        assert_eq!(show(garbage), "nobody", "{garbage}");
    }
    assert_eq!(show(&cookie), "ada");
}

#[test]
fn a_cookie_that_was_signed_for_another_purpose_is_an_empty_session() {
    let (client, cookie) = logged_in();
    let (_, content) = cookie
        .split_once("session=")
        .expect("a signature before it");
    for (name, value) in [("theme", content), ("session", ""), ("session", "YWRh")] {
        let other = Response::text("").with_signed_cookie(&key(1), (name, value));
        let other = other.headers().get("Set-Cookie").expect("a cookie");
        let (_, value) = other.split_once('=').expect("a value");
        client.set_cookie(&format!("session={value}; Path=/"));
        assert_eq!(client.get("/").text(), "nobody", "{name} {value}");
    }
    let https = self::client(Sessions::new(key(1))).scheme(Scheme::Https);
    https.set_cookie(&format!("__Host-session={cookie}; Secure; Path=/"));
    https.set_cookie(&format!("session={cookie}; Path=/"));
    assert_eq!(https.get("/").text(), "nobody");
}

#[test]
fn a_forged_cookie_does_not_hide_the_session() {
    let (client, cookie) = logged_in();
    client.clear_cookies();
    let cookies = format!("session=forged; session={cookie}");
    let request = client.get("/").header("Cookie", cookies);
    assert_eq!(request.text(), "ada");
}

#[test]
fn the_server_checks_the_lifetime() {
    let (client, cookie) = logged_in();
    // The browser is not asked: a client keeps a copy for longer.
    let show = || {
        client.set_cookie(&format!("session={cookie}; Path=/"));
        client.get("/").send()
    };
    client.advance(14 * DAY - Duration::from_secs(1));
    assert_eq!(show().text(), "ada");
    client.advance(Duration::from_secs(1));
    assert_eq!(show().text(), "nobody");
    // The clock of the server that sent the cookie was ahead.
    let behind = self::client(Sessions::new(key(1))).start_at(Now::at_unix(1_799_999_000));
    behind.set_cookie(&format!("session={cookie}; Path=/"));
    assert_eq!(behind.get("/").text(), "ada");
}

#[test]
fn a_session_in_use_is_prolonged_after_half_of_its_lifetime() {
    let (client, _) = logged_in();
    let is_sent = |target: &str| client.get(target).send().header("Set-Cookie").is_some();
    client.advance(6 * DAY);
    assert!(!is_sent("/"));
    client.advance(DAY);
    assert!(!is_sent("/other"));
    assert!(is_sent("/"));
    assert!(!is_sent("/"));
    client.advance(13 * DAY);
    assert_eq!(client.get("/").text(), "ada");
}

#[test]
fn an_old_key_is_accepted_and_replaced() {
    let (_, cookie) = logged_in();
    let set_cookie = format!("session={cookie}; Path=/");
    let both = client(Sessions::new(key(2)).old_key(key(3)).old_key(key(1)));
    both.set_cookie(&set_cookie);
    assert_eq!(both.get("/").text(), "ada");
    let renewed = both.cookie("session").expect("a cookie");
    assert_ne!(renewed, cookie);
    let new = client(Sessions::new(key(2)));
    new.set_cookie(&set_cookie);
    assert_eq!(new.get("/").text(), "nobody");
    new.set_cookie(&format!("session={renewed}; Path=/"));
    let response = new.get("/").send();
    assert_eq!(response.text(), "ada");
    assert_eq!(response.header("Set-Cookie"), None);
}

#[test]
fn a_session_that_no_browser_would_keep_is_an_error() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let list = errors.clone();
    let gateway = Gateway::new(router()).with(Sessions::new(key(1)));
    let gateway = gateway.on_error(move |error, info| {
        let text = format!("{info}: {error}");
        list.lock().expect("a list").push(text);
    });
    let client = Client::new(gateway);
    client.post("/set").body("ada").send();
    let response = client.post("/set").body("x".repeat(3100)).send();
    assert_eq!(response.status(), 500);
    assert_eq!(response.text(), "500 Internal Server Error\n");
    let errors = errors.lock().expect("a list");
    assert_eq!(
        *errors,
        [
            "POST /set: the session is too long: its cookie \"session\" has 4215 bytes, and browsers keep 4096 at most \
             (RFC 6265bis section 5.7)"
        ]
    );
    assert_eq!(client.get("/").text(), "ada");
}

#[test]
fn a_session_that_is_cleared_is_removed_from_the_browser() {
    for scheme in [Scheme::Http, Scheme::Https] {
        let client = client(Sessions::new(key(1))).scheme(scheme);
        let response = client.post("/clear").send();
        assert_eq!(response.header("Set-Cookie"), None);
        client.post("/set").body("ada").send();
        client.post("/clear").send();
        assert_eq!(client.cookie("session"), None);
        assert_eq!(client.cookie("__Host-session"), None);
        assert_eq!(client.get("/").text(), "nobody");
    }
}

#[test]
fn only_responses_that_use_the_session_depend_on_the_cookie() {
    let (client, _) = logged_in();
    let response = client.get("/other").send();
    assert_eq!(response.header("Vary"), None);
    assert_eq!(response.header("Cache-Control"), None);
    let response = client.get("/").send();
    assert_eq!(response.header("Vary"), Some("Cookie"));
    assert_eq!(response.header("Cache-Control"), Some("private"));
    let strict = with_middleware(
        SetHeaders::new().header("Cache-Control", "no-store"),
        router(),
    );
    let client = Client::new(Gateway::new(strict).with(Sessions::new(key(1))));
    let response = client.get("/").send();
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
}

#[test]
fn changes_are_kept_unless_the_handler_fails() {
    let (client, _) = logged_in();
    assert_eq!(client.post("/fail").status(), 500);
    assert_eq!(client.get("/").text(), "ada");
    client.post("/later").send();
    assert_eq!(client.get("/").text(), "later");
}

#[test]
fn one_route_can_have_sessions() {
    let mount = with_middleware(Sessions::new(key(1)), router());
    let client = Client::new(Router::new().mount("/in", mount).mount("/out", router()));
    for (path, user) in [("/in/set", "ada"), ("/in/later", "later")] {
        client.post(path).body("ada").send();
        assert_eq!(client.get("/in/").text(), user);
    }
    let response = client.get("/out/").send();
    assert_eq!(response.status(), 500);
    let error = Response::from(
        show(&Request::builder("GET", "/").build().expect("valid").view()).expect_err("none"),
    );
    let error = error.error().expect("an error").to_string();
    assert_eq!(
        error,
        "Request::session needs the middleware Sessions around its handler"
    );
}
