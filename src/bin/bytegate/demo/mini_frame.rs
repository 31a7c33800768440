//! A framework as small as the tutorial's: a table of names and pages, exposed as `application`.

use bytegate::Rejection;
use bytegate::headers::http_date;
use bytegate::wsgi::{Environ, StartResponse};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A page: its title and body in HTML.
struct Page {
    title: String,
    body: String,
}

impl Page {
    fn of_one_line(title: &str, line: &str) -> Page {
        Page {
            title: title.to_string(),
            body: format!("<p>{line}</p>"),
        }
    }
}

/// The result of a view.
enum Outcome {
    Page(Page),
    /// The form was accepted. The browser goes to this page with GET, so going back or reloading does not send the
    /// form again.
    SeeOther(String),
}

/// A function from a visit to its outcome.
type View = fn(&Visit<'_>) -> Outcome;

/// Views by the name in the path, without the dynamic suffix.
const PAGES: [(&str, View); 3] = [("/time", time), ("/login", login), ("/register", register)];

const HTML: (&str, &str) = ("Content-Type", "text/html; charset=utf-8");
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// The query parameter with the name to greet.
const GREETED: &str = "welcome";

/// The only account of the demo, which does not store others.
const DEMO_ACCOUNT: (&str, &str) = ("ada", "lovelace");

/// The entry point of the framework: `application(environ, start_response)` of PEP 3333.
pub fn application(environ: &Environ<'_>, start_response: &mut StartResponse) -> [String; 1] {
    let visit = Visit::of(environ);
    let view = PAGES.iter().find(|(name, _)| *name == visit.name);
    let page = match (view, visit.method, &visit.form) {
        (None, ..) => {
            start_response.call("404 Not Found", &[HTML]);
            not_found(&visit)
        }
        (Some(_), Verb::Options, _) => {
            start_response.call("204 No Content", &[("Allow", ALLOW)]);
            return [String::new()];
        }
        (Some(_), Verb::Other, _) => {
            start_response.call("405 Method Not Allowed", &[HTML, ("Allow", ALLOW)]);
            Page::of_one_line("Method not allowed", "This page supports GET and POST.")
        }
        (Some(_), Verb::Post, Err(rejection)) => {
            let status = rejection.status();
            start_response.call(&status.to_string(), &[HTML]);
            let reason = escape(rejection.detail());
            Page::of_one_line(status.reason(), &format!("Invalid request: {reason}."))
        }
        (Some((_, view)), Verb::Read | Verb::Post, _) => match view(&visit) {
            Outcome::Page(page) => {
                // Caches must revalidate it, but the browser keeps it for going back. With `no-store`, the browser
                // would ask whether to send a form again.
                start_response.call("200 OK", &[HTML, ("Cache-Control", "no-cache")]);
                page
            }
            Outcome::SeeOther(location) => {
                start_response.call("303 See Other", &[("Location", &location)]);
                return [String::new()];
            }
        },
    };
    [layout(&page, &visit)]
}

/// A request, as the pages see it.
struct Visit<'a> {
    method: Verb,
    path: String,
    /// The path without its suffix.
    name: String,
    suffix: String,
    /// The first value of each name.
    form: Result<BTreeMap<Cow<'a, str>, Cow<'a, str>>, Rejection>,
    /// The name to greet after a form was accepted, from the query.
    greeted: Option<Cow<'a, str>>,
    /// The time of the request.
    now: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Read,
    Post,
    Options,
    Other,
}

impl<'a> Visit<'a> {
    fn of(environ: &Environ<'a>) -> Visit<'a> {
        let path = environ.get("PATH_INFO").unwrap_or_default();
        let stem = path.rfind('.').unwrap_or(path.len());
        let (name, suffix) = path.split_at(stem);
        let form = environ.request().form().map(|pairs| {
            let mut form = BTreeMap::new();
            for (name, value) in pairs {
                form.entry(name).or_insert(value);
            }
            form
        });
        let mut query = environ.request().query_pairs();
        Visit {
            method: match environ.get("REQUEST_METHOD").as_deref() {
                Some("GET" | "HEAD") => Verb::Read,
                Some("POST") => Verb::Post,
                Some("OPTIONS") => Verb::Options,
                _ => Verb::Other,
            },
            name: name.to_string(),
            suffix: suffix.to_string(),
            path: path.to_string(),
            form,
            greeted: query
                .find(|(name, _)| name == GREETED)
                .map(|(_, value)| value),
            now: match environ.request().now().wall.and_then(http_date) {
                Some(date) => date,
                None => "an unknown time".to_string(),
            },
        }
    }

    fn field(&self, name: &str) -> &str {
        let form = self.form.as_ref().ok();
        form.and_then(|form| form.get(name))
            .map_or("", |value| &**value)
    }

    /// Redirects to the same page with GET, to show a greeting.
    fn greet(&self, name: &str) -> Outcome {
        Outcome::SeeOther(format!("{}?{GREETED}={}", self.path, percent_encode(name)))
    }
}

fn time(visit: &Visit<'_>) -> Outcome {
    Outcome::Page(Page {
        title: "Time".to_string(),
        body: format!("<p>It is <time>{}</time>.</p>", visit.now),
    })
}

fn login(visit: &Visit<'_>) -> Outcome {
    if let (Verb::Read, Some(name)) = (visit.method, &visit.greeted) {
        return welcome("Welcome", name, "You are logged in.");
    }
    let (name, password) = (visit.field("name").trim(), visit.field("password"));
    let message = match visit.method {
        Verb::Post if name.is_empty() || password.is_empty() => {
            error("Please give both a name and a password.")
        }
        Verb::Post if (name, password) == DEMO_ACCOUNT => return visit.greet(name),
        Verb::Post => error("Incorrect name or password."),
        _ => String::new(),
    };
    let (demo_name, demo_password) = DEMO_ACCOUNT;
    Outcome::Page(Page {
        title: "Log in".to_string(),
        body: format!(
            r#"{message}<form method="post">
<label>Name <input name="name" value="{}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>
<p>The demo knows one account: <code>{demo_name}</code> with the password <code>{demo_password}</code>.</p>"#,
            escape(name)
        ),
    })
}

fn register(visit: &Visit<'_>) -> Outcome {
    if let (Verb::Read, Some(name)) = (visit.method, &visit.greeted) {
        return welcome(
            "Thank you",
            name,
            "You are registered. The demo does not store accounts.",
        );
    }
    let (name, password) = (visit.field("name").trim(), visit.field("password"));
    let is_plain = |character: char| character.is_alphanumeric() || "-.".contains(character);
    let message = match visit.method {
        Verb::Post if !(3..=32).contains(&name.chars().count()) || !name.chars().all(is_plain) => {
            error("A name has 3 to 32 letters, digits, points or dashes.")
        }
        Verb::Post if password.chars().count() < 8 => {
            error("A password has at least 8 characters.")
        }
        Verb::Post if password != visit.field("again") => {
            error("The two passwords are not the same.")
        }
        Verb::Post => return visit.greet(name),
        _ => String::new(),
    };
    Outcome::Page(Page {
        title: "Register".to_string(),
        body: format!(
            r#"{message}<form method="post">
<label>Name <input name="name" value="{}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="new-password" required></label>
<label>Password again <input name="again" type="password" autocomplete="new-password" required></label>
<button>Register</button>
</form>"#,
            escape(name)
        ),
    })
}

fn not_found(visit: &Visit<'_>) -> Page {
    Page {
        title: "No such page".to_string(),
        body: format!(
            "<p>The application has no page <code>{}</code>.</p>",
            escape(&visit.path)
        ),
    }
}

fn welcome(greeting: &str, name: &str, message: &str) -> Outcome {
    Outcome::Page(Page {
        title: format!("{greeting}, {}", escape(name)),
        body: format!("<p class=\"message ok\">{message}</p>"),
    })
}

fn error(message: &str) -> String {
    format!("<p class=\"message error\" role=\"alert\">{message}</p>\n")
}

fn layout(page: &Page, visit: &Visit<'_>) -> String {
    let Page { title, body } = page;
    let (suffix, now) = (escape(&visit.suffix), &visit.now);
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
<nav aria-label="Main"><a href="/login{suffix}">Log in</a> <a href="/register{suffix}">Register</a> <a href="/time{suffix}">Time</a></nav>
</header>
<main class="card">
<h1>{title}</h1>
{body}
</main>
<footer><p>Answered at {now}.</p></footer>
</body>
</html>
"#
    )
}

/// Encodes text as a value in a query.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Escapes text for HTML, including attribute values.
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
