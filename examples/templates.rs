//! Pages from templates, with minijinja; any other template crate works in the same way. Inserted values are escaped.
//!
//! `cargo run --features net --example templates`, then open `http://127.0.0.1:7890/hello/Ada?mood=happy`

use bytegate::{Rejection, Request, Response, Router, Status, net, with_state};
use minijinja::{Environment, context};
use std::sync::Arc;

const LAYOUT: &str = "<!doctype html><title>{% block title %}{% endblock %}</title>
{% block content %}{% endblock %}
";
const HELLO: &str = "{% extends 'layout.html' %}
{% block title %}Hello {{ name }}{% endblock %}
{% block content %}<h1>Hello {{ name }}</h1>
{% for mood in moods %}<p>You are {{ mood }}.</p>
{% endfor %}{% endblock %}";

type Templates = Environment<'static>;

/// Renders a page. An error in a template becomes a 500, and its reason goes to the log.
fn render(
    templates: &Templates,
    name: &str,
    values: minijinja::Value,
) -> Result<Response, Rejection> {
    let page = templates
        .get_template(name)
        .and_then(|template| template.render(values));
    page.map(Response::html).map_err(|error| {
        eprintln!("the template {name}: {error}");
        Rejection::new(Status::INTERNAL_SERVER_ERROR, "the page cannot be shown")
    })
}

fn hello(templates: &Templates, request: &Request) -> Result<Response, Rejection> {
    let name = request.param("name");
    let moods = request.query_pairs().filter(|(key, _)| key == "mood");
    let moods: Vec<String> = moods.map(|(_, mood)| mood.into_owned()).collect();
    render(templates, "hello.html", context! { name, moods })
}

/// The application. Templates are parsed once, at the start.
pub(crate) fn app() -> Result<Router, minijinja::Error> {
    let mut templates = Templates::new();
    templates.add_template("layout.html", LAYOUT)?;
    templates.add_template("hello.html", HELLO)?;
    let hello = with_state(&Arc::new(templates), hello);
    Ok(Router::new().get("/hello/{name}", hello))
}

fn main() -> std::io::Result<()> {
    let app = app().expect("templates without mistakes");
    net::run("127.0.0.1:7890", app)
}
