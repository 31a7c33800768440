//! A form with a log-in, a signed session cookie, messages that are shown once, and a log-out.
//!
//! `cargo run --features net,signed-cookies --example login`, then open `http://127.0.0.1:7890/`. The password is
//! `lovelace`.

use bytegate::middleware::*;
use bytegate::{Gateway, Rejection, Request, Response, Router, escape_html, net, with_body_limit};
use subtle::ConstantTimeEq;

const FORM: &str = "<form method=post action=/login><input name=name><input name=password type=password>\
<button>Log in</button></form>\n";
const LOG_OUT: &str = "<form method=post action=/logout><button>Log out</button></form>\n";

fn page(request: &Request) -> Result<Response, Rejection> {
    let session = request.session()?;
    let messages = escape_html(&session.take_flashes().join(" ")).into_owned();
    Ok(Response::html(match session.get("user") {
        Some(name) => format!("<p>{messages}<p>Hello {}{LOG_OUT}", escape_html(&name)),
        None => format!("<p>{messages}{FORM}"),
    }))
}

fn login(request: &Request) -> Result<Response, Rejection> {
    let (session, form) = (request.session()?, request.form()?);
    let value = |name| form.get(name).unwrap_or_default();
    // Compares in time independent of the password. A real site stores only a slow hash of it.
    if value("password").as_bytes().ct_eq(b"lovelace").into() {
        session.set("user", value("name"));
        session.flash("You are logged in.");
    } else {
        session.flash("The password is wrong.");
    }
    Ok(Response::see_other("/"))
}

fn logout(request: &Request) -> Result<Response, Rejection> {
    request.session()?.clear();
    request.session()?.flash("You are logged out.");
    Ok(Response::see_other("/"))
}

/// The application. Request bodies have at most 1000 bytes, and a client can try ten passwords a minute. A restart ends all
/// sessions, because the key is new: a real site reads its key from a file.
pub(crate) fn app() -> Gateway {
    let attempts = RateLimit::new(10, std::time::Duration::from_secs(60));
    let router = Router::new()
        .get("/", page)
        .post("/login", with_middleware(attempts, login))
        .post("/logout", logout);
    let pages = ErrorPages::new(|error| Response::html(error.status.to_string()));
    Gateway::new(with_body_limit(1000, router))
        .with(pages)
        .with(Sessions::new(bytegate::cookie::Key::generate()))
        .with(CrossOriginProtection::new())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
