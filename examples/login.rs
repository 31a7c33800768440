//! A form with a log-in, a session cookie and a log-out.
//!
//! `cargo run --features net --example login`, then open `http://127.0.0.1:7890/`. The password is `lovelace`.

use bytegate::{Gateway, Rejection, Request, Response, Router, Status, escape_html, net};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

const FORM: &str = "<form method=post action=/login><input name=name><input name=password type=password>\
<button>Log in</button></form>\n";

/// The application. It keeps who is logged in by the value of a cookie.
pub(crate) fn app() -> Router {
    let sessions: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let (known, open, close) = (sessions.clone(), sessions.clone(), sessions);
    let page = move |request: &Request<'_>| {
        let session = request.cookie("session").unwrap_or_default();
        match known.lock().unwrap().get(session) {
            Some(name) => Response::html(format!(
                "<p>Hello {}</p><form method=post action=/logout><button>Log out</button></form>\n",
                escape_html(name)
            )),
            None => Response::html(FORM),
        }
    };
    let login = move |request: &Request<'_>| -> Result<Response, Rejection> {
        let form = request.form()?;
        if form.get("password").as_deref() != Some("lovelace") {
            return Ok(Response::html(FORM).with_status(Status::FORBIDDEN));
        }
        // Random enough for an example. A real site asks a generator that is made for secrets.
        let session = format!("{:016x}", RandomState::new().hash_one(0));
        let name = form.get("name").unwrap_or_default().into_owned();
        open.lock().unwrap().insert(session.clone(), name);
        let cookie = format!("session={session}; Path=/; HttpOnly; SameSite=Lax");
        Ok(Response::see_other("/").with_appended_field("Set-Cookie", cookie))
    };
    let logout = move |request: &Request<'_>| {
        let session = request.cookie("session").unwrap_or_default();
        close.lock().unwrap().remove(session);
        Response::see_other("/")
    };
    Router::new()
        .get("/", page)
        .post("/login", login)
        .post("/logout", logout)
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", Gateway::new(app()))
}
