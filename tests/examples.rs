//! The examples do what they say.
#![cfg(all(feature = "net", feature = "json"))]
#![allow(dead_code)]

use bytegate::Status;
use bytegate::testing::Client;
use std::collections::BTreeMap;

#[path = "../examples/api.rs"]
mod api;
#[path = "../examples/chat.rs"]
mod chat;
#[path = "../examples/login.rs"]
mod login;
#[path = "../examples/simulation.rs"]
mod simulation;

#[test]
fn one_logs_in_and_out_with_a_form() {
    let client = Client::new(login::app());
    let login = |password| {
        let form = [("name", "<Ada>"), ("password", password)];
        client.post("/login").form(&form).follow_redirects().send()
    };
    assert_eq!(login("wrong").status(), Status::FORBIDDEN);
    assert!(
        login("lovelace")
            .text()
            .starts_with("<p>Hello &lt;Ada&gt;</p>")
    );
    let first = client.cookie("session").unwrap();
    assert!(client.get("/").send().text().contains("Hello"));
    let out = client.post("/logout").follow_redirects().send();
    assert!(out.text().contains("name=password"));
    // A cookie that was closed opens nothing.
    client.set_cookie(&format!("session={first}; Path=/"));
    assert!(client.get("/").send().text().contains("name=password"));
    login("lovelace");
    assert_ne!(client.cookie("session").unwrap(), first);
}

#[test]
fn notes_are_added_read_and_removed_as_json() {
    let client = Client::new(api::app());
    let note = BTreeMap::from([("text", "call Ada")]);
    let added = client.post("/notes").json(&note).send();
    assert_eq!(added.status(), Status::CREATED);
    let location = added.field("Location").unwrap().to_string();
    let read: BTreeMap<String, String> = client.get(&location).send().json();
    assert_eq!(read["text"], "call Ada");
    let all: BTreeMap<u64, BTreeMap<String, String>> = client.get("/notes").send().json();
    assert_eq!(all[&1]["text"], "call Ada");
    assert_eq!(client.delete(&location).send().status(), Status::NO_CONTENT);
    for (response, status, words) in [
        (client.get(&location).send(), 404, "there is no note 1"),
        (client.get("/notes/x").send(), 404, "invalid digit"),
        (client.get("/elsewhere").send(), 404, "Not Found"),
        (client.put("/notes").send(), 405, "Method Not Allowed"),
        (
            client.post("/notes").text("{}").send(),
            415,
            "application/json",
        ),
        (
            client
                .post("/notes")
                .content("application/json", "{")
                .send(),
            400,
            "line 1",
        ),
        (client.post("/notes").json(&1).send(), 422, "Note"),
    ] {
        assert_eq!(response.status().code(), status, "{words}");
        assert_eq!(
            response.field("Content-Type"),
            Some("application/problem+json")
        );
        assert!(response.text().contains(words), "{}", response.text());
    }
}

#[test]
fn two_browsers_see_each_others_lines() {
    let client = Client::new(chat::app());
    let (mut one, mut two) = (client.connect(), client.connect());
    for wire in [&mut one, &mut two] {
        wire.request(&client.get("/events"));
        assert_eq!(
            wire.response_head().field("Content-Type"),
            Some("text/event-stream")
        );
    }
    client.post("/say").form(&[("line", "hello")]).send();
    for wire in [&mut one, &mut two] {
        assert_eq!(wire.blocks().concat(), b"data: hello\n\n");
    }
    assert!(client.get("/").send().text().contains("EventSource"));
}

#[test]
fn a_simulation_is_the_same_every_time() {
    let first = simulation::simulate(50, 60);
    assert_eq!(first, simulation::simulate(50, 60));
    assert!(first.0 > 400, "{first:?}");
    assert!(first.1.len() > 1, "{first:?}");
}
