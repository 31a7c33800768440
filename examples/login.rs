//! A form with a log-in, a session cookie and a log-out.
//!
//! `cargo run --features net,cookies --example login`, then open `http://127.0.0.1:7890/`. The password is `lovelace`.

use bytegate::middleware::{CrossOriginProtection, RateLimit, with_middleware};
use bytegate::{Gateway, Rejection, Request, Response, Router, Status};
use bytegate::{escape_html, net, with_body_limit, with_state};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use subtle::ConstantTimeEq;

const FORM: &str = "<form method=post action=/login><input name=name><input name=password type=password>\
<button>Log in</button></form>\n";
const LOG_OUT: &str = "<form method=post action=/logout><button>Log out</button></form>\n";

/// At this limit, all sessions end, and everybody logs in again.
const MOST_SESSIONS: usize = 1000;

/// The name of each user who is logged in, by session cookie.
type Sessions = Mutex<HashMap<String, String>>;

fn page(sessions: &Sessions, request: &Request) -> Response {
    let session = request.cookie("session").unwrap_or_default();
    match sessions.lock().unwrap().get(&*session) {
        Some(name) => Response::html(format!("<p>Hello {}</p>{LOG_OUT}", escape_html(name))),
        None => Response::html(FORM),
    }
}

fn login(sessions: &Sessions, request: &Request) -> Result<Response, Rejection> {
    let form = request.form()?;
    let value = |name| form.get(name).unwrap_or_default();
    // Compares in time independent of the password. A real site stores only a slow hash of it.
    let is_right: bool = value("password").as_bytes().ct_eq(b"lovelace").into();
    if !is_right {
        return Ok(Response::html(FORM).with_status(Status::FORBIDDEN));
    }
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the system's generator for secrets");
    let session = format!("{:032x}", u128::from_ne_bytes(id));
    let cookie = request.session_cookie("session", session.clone());
    let mut sessions = sessions.lock().unwrap();
    if sessions.len() == MOST_SESSIONS {
        sessions.clear();
    }
    sessions.insert(session, value("name").into_owned());
    Ok(Response::see_other("/").with_cookie(cookie))
}

fn logout(sessions: &Sessions, request: &Request) -> Response {
    let session = request.cookie("session").unwrap_or_default();
    sessions.lock().unwrap().remove(&*session);
    Response::see_other("/").with_removed_cookie("session")
}

/// The application. Request bodies have at most 1000 bytes, and a client can try ten passwords a minute.
pub(crate) fn app() -> Gateway {
    let sessions = Arc::<Sessions>::default();
    let attempts = RateLimit::new(10, Duration::from_secs(60));
    let login = with_middleware(attempts, with_state(&sessions, login));
    let router = Router::new()
        .get("/", with_state(&sessions, page))
        .post("/login", login)
        .post("/logout", with_state(&sessions, logout));
    Gateway::new(with_body_limit(1000, router)).with(CrossOriginProtection::new())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
