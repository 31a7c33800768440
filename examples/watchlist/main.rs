//! A watch list of stocks, kept in a small embedded database: list, add, change a note, remove.
//!
//! `cargo run --features net --example watchlist`, then open `http://127.0.0.1:7890/`

pub(crate) mod store;

use bytegate::middleware::{AllowedHosts, CrossOriginProtection};
use bytegate::with_body_limit;
use bytegate::{
    Gateway, Rejection, Request, Response, Router, Status, escape_html, net, with_state,
};
use std::sync::Arc;
use store::{Code, Failure, Store};

const ADD: &str = "<form method=post action=/add><input name=code><button>Add</button></form>\n";

fn list(store: &Store, _: &Request) -> Result<Response, Rejection> {
    let row = |(code, note): (String, String)| {
        let note = escape_html(&note);
        format!(
            "<h2>{code}</h2><form method=post action=/note/{code}><input name=note value=\"{note}\">\
             <button>Save</button></form><form method=post action=/remove/{code}><button>Remove</button></form>\n"
        )
    };
    let rows: String = store.list().map_err(failed)?.into_iter().map(row).collect();
    Ok(Response::html(format!(
        "<!doctype html><title>Stocks</title>\n{ADD}{rows}"
    )))
}

fn add(store: &Store, request: &Request) -> Result<Response, Rejection> {
    let code: Result<Code, _> = request.form()?.get("code").unwrap_or_default().parse();
    let code = code.map_err(Rejection::unprocessable_content)?;
    changed(store.set(&code, false, Some("")))
}

fn note(store: &Store, request: &Request) -> Result<Response, Rejection> {
    let (code, form) = (request.parse_param("code")?, request.form()?);
    changed(store.set(&code, true, Some(&form.get("note").unwrap_or_default())))
}

fn remove(store: &Store, request: &Request) -> Result<Response, Rejection> {
    changed(store.set(&request.parse_param("code")?, true, None))
}

/// Shows the list again after a form.
fn changed(result: Result<bool, Failure>) -> Result<Response, Rejection> {
    if result.map_err(failed)? {
        return Ok(Response::see_other("/"));
    }
    let detail = "the list has changed: please load it again";
    Err(Rejection::new(Status::CONFLICT, detail))
}

fn failed(error: Failure) -> Rejection {
    eprintln!("the database: {error}");
    Rejection::new(Status::INTERNAL_SERVER_ERROR, "the list is not available")
}

/// The application. There is no log-in, so it refuses requests that other sites send through a browser on this machine. The
/// database waits for the disk, so the handlers run in `net::blocking`.
pub(crate) fn app(store: Store) -> Gateway {
    let store = Arc::new(store);
    let router = Router::new()
        .get("/", with_state(&store, list))
        .post("/add", with_state(&store, add))
        .post("/note/{code}", with_state(&store, note))
        .post("/remove/{code}", with_state(&store, remove));
    let gateway = Gateway::new(with_body_limit(8 * 1024, net::blocking(router)));
    let gateway = gateway.with(CrossOriginProtection::new());
    gateway.with(AllowedHosts::local())
}

fn main() -> Result<(), Failure> {
    let database = redb::Database::create("watchlist.redb")?;
    Ok(net::run("127.0.0.1:7890", app(Store::new(database)?))?)
}
