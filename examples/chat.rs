//! A chat over server-sent events: every browser sees each line that one of them sends.
//!
//! `cargo run --features net --example chat`, then open `http://127.0.0.1:7890/` in two windows.

use bytegate::events::Broadcast;
use bytegate::middleware::CrossOriginProtection;
use bytegate::{Gateway, Rejection, Request, Response, Router, Status, net, with_body_limit};
use std::time::Duration;

/// The limit on the bytes of a line in a form.
const LINE_BYTES: u64 = 4096;

const PAGE: &str = r#"<!doctype html><title>Chat</title>
<form id="form"><input id="line" autofocus><button>Send</button></form>
<ul id="lines"></ul>
<script>
  new EventSource("/events").onmessage = (event) => {
    const item = document.createElement("li");
    item.textContent = event.data;
    lines.prepend(item);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    fetch("/say", { method: "POST", body: new URLSearchParams({ line: line.value }) });
    line.value = "";
  };
</script>
"#;

/// The application. The next line, or the next keep-alive comment, detects that a browser has disconnected.
pub(crate) fn app() -> Gateway {
    let room = Broadcast::new(100);
    let chat = room.clone();
    let say = move |request: &Request| -> Result<Status, Rejection> {
        let line = request.form()?.get("line").unwrap_or_default().into_owned();
        chat.send(line);
        Ok(Status::NO_CONTENT)
    };
    let router = Router::new()
        .get("/", |_: &Request| Response::html(PAGE))
        .get("/events", move |_: &Request| {
            room.subscribe().keep_alive(Duration::from_secs(15))
        })
        .post("/say", with_body_limit(LINE_BYTES, say));
    Gateway::new(router).with(CrossOriginProtection::new())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
