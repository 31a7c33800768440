//! A form with a log-in, a session cookie and a log-out.
//!
//! `cargo run --features net --example login`, then open `http://127.0.0.1:7890/`. The password is `lovelace`.

use bytegate::{Rejection, Request, Response, Router, Status, escape_html, net, with_state};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

const FORM: &str = "<form method=post action=/login><input name=name><input name=password type=password>\
<button>Log in</button></form>\n";
const LOG_OUT: &str = "<form method=post action=/logout><button>Log out</button></form>\n";

/// Who is logged in, by the value of a cookie.
type Sessions = Mutex<HashMap<String, String>>;

fn page(sessions: &Sessions, request: &Request<'_>) -> Response {
    let session = request.cookie("session").unwrap_or_default();
    match sessions.lock().unwrap().get(session) {
        Some(name) => Response::html(format!("<p>Hello {}</p>{LOG_OUT}", escape_html(name))),
        None => Response::html(FORM),
    }
}

fn login(sessions: &Sessions, request: &Request<'_>) -> Result<Response, Rejection> {
    let form = request.form()?;
    let (Some(name), Some("lovelace")) = (form.get("name"), form.get("password").as_deref()) else {
        return Ok(Response::html(FORM).with_status(Status::FORBIDDEN));
    };
    // Random enough for an example. A real site asks a generator that is made for secrets.
    let session = format!("{:016x}", RandomState::new().hash_one(0));
    let cookie = format!("session={session}; Path=/; HttpOnly; SameSite=Lax");
    sessions.lock().unwrap().insert(session, name.into_owned());
    Ok(Response::see_other("/").with_appended_field("Set-Cookie", cookie))
}

fn logout(sessions: &Sessions, request: &Request<'_>) -> Response {
    let session = request.cookie("session").unwrap_or_default();
    sessions.lock().unwrap().remove(session);
    Response::see_other("/").with_appended_field("Set-Cookie", "session=; Path=/; Max-Age=0")
}

/// The application.
pub(crate) fn app() -> Router {
    let sessions = Arc::<Sessions>::default();
    Router::new()
        .get("/", with_state(&sessions, page))
        .post("/login", with_state(&sessions, login))
        .post("/logout", with_state(&sessions, logout))
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
