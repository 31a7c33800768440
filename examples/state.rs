//! State without globals: shared state in an `Arc`, and the values of a single request in its extensions.
//!
//! `cargo run --features net --example state`, then `curl -H 'Authorization: Bearer 1815' http://127.0.0.1:7890/`

use bytegate::middleware::RequestParts;
use bytegate::{Gateway, Middleware, Rejection, Request, Response, Router, net, with_state};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Shared by all requests. A lock protects the part that changes.
pub(crate) struct State {
    users: HashMap<&'static str, &'static str>,
    visits: Mutex<HashMap<&'static str, u32>>,
}

/// The sender of one request, stored in its extensions by type.
#[derive(Clone, Copy)]
struct User(&'static str);

/// Looks up the user, so that handlers can read it.
struct Identify(Arc<State>);

impl Middleware for Identify {
    fn before(&self, request: &mut RequestParts) -> Option<Response> {
        let value = request.head.headers().get("Authorization")?;
        let user = self.0.users.get(value.strip_prefix("Bearer ")?)?;
        request.extensions.insert(User(user));
        None
    }
}

fn home(state: &State, request: &Request) -> Result<String, Rejection> {
    let user = request.extensions().get::<User>();
    let User(name) =
        user.ok_or_else(|| Rejection::unauthorized("Bearer", "please send a token"))?;
    let mut visits = state.visits.lock().unwrap();
    let count = visits.entry(name).or_default();
    *count += 1;
    Ok(format!("hello {name}, this is your visit {count}\n"))
}

/// The application.
pub(crate) fn app() -> Gateway {
    let state = Arc::new(State {
        users: HashMap::from([("1815", "Ada"), ("1791", "Charles")]),
        visits: Mutex::default(),
    });
    let router = Router::new().get("/", with_state(&state, home));
    Gateway::new(router).with(Identify(state))
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
