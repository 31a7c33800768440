//! A JSON API: list, add, read and remove notes. Errors are problem details, whatever makes them.
//!
//! `cargo run --features net,json --example api`

use bytegate::{ErrorPages, Gateway, Rejection, Request, Response, Router, Status, net};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, serde::Deserialize, serde::Serialize)]
struct Note {
    text: String,
}

/// The application. All notes are in memory.
pub(crate) fn app() -> Gateway {
    let notes: Arc<Mutex<BTreeMap<u64, Note>>> = Arc::default();
    let (all, added, read, removed) = (notes.clone(), notes.clone(), notes.clone(), notes);
    let add = move |request: &Request<'_>| -> Result<Response, Rejection> {
        let note: Note = request.json()?;
        let mut notes = added.lock().unwrap();
        let id = notes.last_key_value().map_or(1, |(id, _)| id + 1);
        notes.insert(id, note.clone());
        let created = Response::json(&note).with_status(Status::CREATED);
        Ok(created.with_field("Location", format!("/notes/{id}")))
    };
    let get = move |request: &Request<'_>| -> Result<Response, Rejection> {
        let id: u64 = request.parse_param("id")?;
        let note = read.lock().unwrap().get(&id).cloned();
        let note = note.ok_or_else(|| Rejection::not_found(format!("there is no note {id}")))?;
        Ok(Response::json(&note))
    };
    let remove = move |request: &Request<'_>| -> Result<Status, Rejection> {
        removed.lock().unwrap().remove(&request.parse_param("id")?);
        Ok(Status::NO_CONTENT)
    };
    let router = Router::new()
        .get("/notes", move |_: &Request<'_>| {
            Response::json(&*all.lock().unwrap())
        })
        .post("/notes", add)
        .get("/notes/{id}", get)
        .delete("/notes/{id}", remove);
    Gateway::new(router).with(ErrorPages::problem_details())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
