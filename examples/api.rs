//! A JSON API: list, add and read notes. Every error is a problem detail (RFC 9457).
//!
//! `cargo run --features net,json --example api`

use bytegate::middleware::{CrossOriginProtection, ErrorPages};
use bytegate::{Gateway, Rejection, Request, Response, Router, Status, net, with_state};
use std::sync::{Arc, Mutex};

#[derive(serde::Deserialize, serde::Serialize)]
struct Note {
    text: String,
}

type Notes = Mutex<Vec<Note>>;

fn list(notes: &Notes, _: &Request) -> Response {
    Response::json(&*notes.lock().unwrap())
}

fn add(notes: &Notes, request: &Request) -> Result<Response, Rejection> {
    let mut notes = notes.lock().unwrap();
    if notes.len() == 1000 {
        return Err(Rejection::new(Status::CONFLICT, "the list is full"));
    }
    notes.push(request.json()?);
    Ok(Response::created(&format!("/notes/{}", notes.len() - 1)))
}

fn read(notes: &Notes, request: &Request) -> Result<Option<Response>, Rejection> {
    let number: usize = request.parse_param("number")?;
    Ok(notes.lock().unwrap().get(number).map(Response::json))
}

/// The application. All notes are in memory, so there are at most 1000.
pub(crate) fn app() -> Gateway {
    let notes = Arc::<Notes>::default();
    let router = Router::new()
        .get("/notes", with_state(&notes, list))
        .post("/notes", with_state(&notes, add))
        .get("/notes/{number}", with_state(&notes, read));
    let gateway = Gateway::new(router).with(CrossOriginProtection::new());
    gateway.with(ErrorPages::problem_details())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
