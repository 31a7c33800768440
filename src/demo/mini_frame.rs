//! A framework as small as the tutorial's: a table of paths and pages behind `application`.

use crate::application::{Environ, StartResponse};
use crate::http_date;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

/// A page: what it shows for this request, and how.
type Page = fn(&Environ<'_>) -> String;

const PAGES: [(&str, Page); 3] = [
    ("/time.py", time),
    ("/login.py", login),
    ("/register.py", register),
];

/// The framework's whole face: PEP 3333's `application(environ, start_response)`.
pub fn application(environ: &Environ<'_>, start_response: &mut StartResponse) -> [String; 1] {
    let path = environ.get("PATH_INFO").unwrap_or_default();
    let method = environ.get("REQUEST_METHOD").unwrap_or_default();
    let page = PAGES.iter().find(|(known, _)| *known == path);
    match (page, &*method) {
        (None, _) => {
            start_response.call("404 Not Found", &[HTML]);
            [not_found(&path)]
        }
        (Some((_, page)), "GET" | "HEAD" | "POST") => {
            start_response.call("200 OK", &[HTML, ("Cache-Control", "no-store")]);
            [page(environ)]
        }
        (Some(_), "OPTIONS") => {
            start_response.call("204 No Content", &[("Allow", ALLOW)]);
            [String::new()]
        }
        (Some(_), _) => {
            start_response.call("405 Method Not Allowed", &[HTML, ("Allow", ALLOW)]);
            [layout(
                "Not so",
                "<h1>Not so</h1>\n<p>This page is read with GET and filled in with POST.</p>",
            )]
        }
    }
}

const HTML: (&str, &str) = ("Content-Type", "text/html; charset=utf-8");
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// The one account of the demo, which has no memory to keep others in.
const DEMO_ACCOUNT: (&str, &str) = ("ada", "lovelace");

fn time(environ: &Environ<'_>) -> String {
    layout(
        "Time",
        &format!("<h1>Time</h1>\n<p>It is <time>{}</time>.</p>", now(environ)),
    )
}

fn login(environ: &Environ<'_>) -> String {
    let form = form(environ);
    let (name, password) = (field(&form, "name"), field(&form, "password"));
    let message = match &*environ.get("REQUEST_METHOD").unwrap_or_default() {
        "POST" if name.is_empty() || password.is_empty() => {
            error("Please give both a name and a password.")
        }
        "POST" if (name, password) == DEMO_ACCOUNT => {
            let welcome = format!(
                "<h1>Welcome, {}</h1>\n<p class=\"message ok\">You are logged in.</p>",
                escape(name)
            );
            return layout(
                "Welcome",
                &format!("{welcome}\n<p>It is {}.</p>", now(environ)),
            );
        }
        "POST" => error("That name and password do not go together."),
        _ => String::new(),
    };
    let (name, demo) = (escape(name), DEMO_ACCOUNT);
    let body = format!(
        r#"<h1>Log in</h1>
{message}<form method="post" action="/login.py">
<label>Name <input name="name" value="{name}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>
<p>The demo knows one account: <code>{}</code> with the password <code>{}</code>.</p>
<p>It is {}.</p>"#,
        demo.0,
        demo.1,
        now(environ)
    );
    layout("Log in", &body)
}

fn register(environ: &Environ<'_>) -> String {
    let form = form(environ);
    let (name, password) = (field(&form, "name"), field(&form, "password"));
    let is_plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let message = match &*environ.get("REQUEST_METHOD").unwrap_or_default() {
        "POST" if !(3..=32).contains(&name.chars().count()) || !name.chars().all(is_plain) => {
            error("A name has 3 to 32 letters, digits, points or dashes.")
        }
        "POST" if password.chars().count() < 8 => error("A password has at least 8 characters."),
        "POST" if password != field(&form, "again") => error("The two passwords are not the same."),
        "POST" => {
            let welcome = format!(
                "<h1>Thank you, {}</h1>\n<p class=\"message ok\">You are registered.</p>",
                escape(name)
            );
            let note = "<p>The demo has no memory: it forgot you as soon as it had answered.</p>";
            return layout(
                "Registered",
                &format!("{welcome}\n{note}\n<p>It is {}.</p>", now(environ)),
            );
        }
        _ => String::new(),
    };
    let body = format!(
        r#"<h1>Register</h1>
{message}<form method="post" action="/register.py">
<label>Name <input name="name" value="{}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="new-password" required></label>
<label>Password again <input name="again" type="password" autocomplete="new-password" required></label>
<button>Register</button>
</form>
<p>It is {}.</p>"#,
        escape(name),
        now(environ)
    );
    layout("Register", &body)
}

fn not_found(path: &str) -> String {
    let body = format!(
        "<h1>No such page</h1>\n<p>The application has no page <code>{}</code>.</p>",
        escape(path)
    );
    layout("No such page", &body)
}

/// The content as a form: the first value of each name. What is not UTF-8 or no form at all gives fields that
/// fit nowhere, never an error.
fn form<'a>(environ: &Environ<'a>) -> BTreeMap<Cow<'a, str>, Cow<'a, str>> {
    let mut form = BTreeMap::new();
    for (name, value) in environ.request().form() {
        form.entry(name).or_insert(value);
    }
    form
}

fn field<'f>(form: &'f BTreeMap<Cow<'_, str>, Cow<'_, str>>, name: &str) -> &'f str {
    form.get(name).map_or("", |value| value.trim())
}

/// The time of the request: an argument, like everything else.
fn now(environ: &Environ<'_>) -> String {
    let wall = environ.request().now().wall;
    wall.and_then(http_date)
        .unwrap_or_else(|| "a time that nobody told this server".into())
}

fn error(message: &str) -> String {
    format!("<p class=\"message error\" role=\"alert\">{message}</p>\n")
}

fn layout(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - bytegate</title>
<link rel="icon" href="/logo.png">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<a class="brand" href="/"><img src="/logo.png" alt="" width="28" height="28">bytegate</a>
<nav aria-label="Main"><a href="/login.py">Log in</a> <a href="/register.py">Register</a> <a href="/time.py">Time</a></nav>
</header>
<main class="card">
{body}
</main>
</body>
</html>
"#
    )
}

/// Text in HTML, also between quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
