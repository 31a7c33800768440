//! The examples behave as documented.

#[expect(dead_code, reason = "nothing calls `main`")]
mod programs;

use bytegate::blocking::ThreadServer;
use bytegate::testing::{
    Client, StreamClient, fuzz_request, hostile_requests, malformed_requests, probe,
};
use bytegate::{Gateway, Method, Request, Status};
#[cfg(feature = "tower")]
use programs::axum_router;
use programs::{
    api, chat, embed, fuzz, hello, inetd, later, login, readiness, simulation, state, templates,
    unix, upload, watchlist,
};
use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::{fs, thread};

#[test]
fn hello_repeats_as_often_as_requested() {
    let client = Client::new(hello::app());
    assert_eq!(client.get("/hello/Ada").text(), "hello Ada\n");
    let twice = client.get("/hello/Ada").query("times", "2").send();
    assert_eq!(twice.text(), "hello Ada\nhello Ada\n");
    let often = client.get("/hello/Ada").query("times", "11").send();
    assert_eq!(often.status(), Status::UNPROCESSABLE_CONTENT);
}

#[test]
fn deferred_and_streamed_responses_arrive() {
    let client = Client::new(later::app());
    assert_eq!(client.get("/slow/0").text(), "0 seconds later\n");
    assert_eq!(client.get("/slow/x").status(), Status::NOT_FOUND);
    assert!(client.get("/lines").text().ends_with("line 5\n"));
}

#[cfg(feature = "tower")]
#[test]
fn an_axum_router_works_without_a_runtime() {
    let client = Client::new(bytegate::bridge::tower(axum_router::app()));
    assert_eq!(client.get("/hello/Ada").text(), "hello Ada\n");
    let shouted = client
        .post("/shout")
        .content_type("text/plain")
        .body("hey")
        .send();
    assert_eq!(shouted.text(), "HEY");
}

#[test]
fn a_user_can_log_in_and_out() {
    let client = Client::new(login::app());
    let log_in = |password| {
        let form = [("name", "<Ada>"), ("password", password)];
        client.post("/login").form(&form).follow_redirects().text()
    };
    assert!(log_in("wrong").starts_with("<p>The password is wrong.<form"));
    assert!(log_in("lovelace").starts_with("<p>You are logged in.<p>Hello &lt;Ada&gt;"));
    assert!(client.get("/").text().starts_with("<p><p>Hello"));
    let forged = client
        .post("/logout")
        .header("Sec-Fetch-Site", "cross-site");
    assert_eq!(forged.status(), 403);
    let page = client.post("/logout").follow_redirects().text();
    assert!(page.starts_with("<p>You are logged out.<form"));
    assert_eq!(client.get("/nothing").text(), "404 Not Found");
}

#[test]
fn a_probe_finds_nothing_in_the_examples() {
    probe(login::app());
    probe(api::app());
    probe(upload::app());
    probe(state::app());
    probe(templates::app().unwrap());
    probe(chat::app());
}

#[test]
fn hostile_requests_never_cause_a_5xx() {
    let routes = [
        (Client::new(login::app()), "/login"),
        (Client::new(api::app()), "/notes"),
        (Client::new(upload::app()), "/"),
    ];
    for (client, target) in routes {
        let mut count = 0;
        for request in hostile_requests(Method::POST, target) {
            let output = client.send_bytes(&request.bytes);
            let status = &output[..output.len().min(12)];
            assert!(status.starts_with(b"HTTP/1.1 "), "{}", request.name);
            assert!(
                status[9] < b'5',
                "{}: {}",
                request.name,
                output.escape_ascii()
            );
            count += 1;
        }
        assert!(count > 25, "only {count} requests");
    }
}

#[test]
fn cross_site_requests_change_nothing() {
    let form = [
        ("name", "Ada"),
        ("password", "lovelace"),
        ("line", "x"),
        ("code", "000007"),
    ];
    let cases = [
        (Client::new(login::app()), "POST", "/login"),
        (Client::new(login::app()), "POST", "/logout"),
        (Client::new(chat::app()), "POST", "/say"),
        (Client::new(api::app()), "POST", "/notes"),
        (Client::new(upload::app()), "PUT", "/checksum"),
        (Client::new(embed::admin(&Arc::default())), "POST", "/"),
        (watch_list("watchlist-cross.redb"), "POST", "/add"),
    ];
    for (client, method, path) in cases {
        for (name, value) in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://evil.example"),
        ] {
            let request = client.request(method, path).form(&form).header(name, value);
            assert_eq!(request.status(), Status::FORBIDDEN, "{path}");
        }
        let own = client
            .request(method, path)
            .form(&form)
            .header("Origin", "http://localhost");
        assert_ne!(own.send().status(), Status::FORBIDDEN, "{path}");
    }
}

#[test]
fn examples_without_a_login_accept_only_local_hosts() {
    for client in [
        Client::new(embed::admin(&Arc::default())),
        watch_list("watchlist-host.redb"),
    ] {
        assert_eq!(client.get("/").status(), Status::OK);
        let rebound = client.host("rebind.attacker.example");
        let response = rebound.get("/").send();
        assert_eq!(response.status(), Status::MISDIRECTED_REQUEST);
    }
}

#[test]
fn memory_held_for_clients_is_bounded() {
    let long = "x".repeat(9000);
    for (client, path, name) in [
        (Client::new(login::app()), "/login", "name"),
        (Client::new(chat::app()), "/say", "line"),
        (watch_list("watchlist-long.redb"), "/note/000007", "note"),
    ] {
        let form = [(name, &*long), ("password", "lovelace")];
        let response = client.post(path).form(&form).send();
        assert_eq!(response.status(), Status::CONTENT_TOO_LARGE, "{path}");
    }
    let client = Client::new(api::app());
    let add = || {
        client
            .post("/notes")
            .json(&BTreeMap::from([("text", "x")]))
            .send()
    };
    assert!((0..1000).all(|_| add().status() == Status::CREATED));
    assert_eq!(add().status(), Status::CONFLICT);
}

#[test]
fn notes_are_added_listed_and_read_as_json() {
    let client = Client::new(api::app());
    let note = BTreeMap::from([("text".to_string(), "call Ada".to_string())]);
    let added = client.post("/notes").json(&note).send();
    assert_eq!(added.status(), Status::CREATED);
    let location = added.header("Location").unwrap();
    let read: BTreeMap<String, String> = client.get(location).send().json();
    assert_eq!(read, note);
    let all: Vec<BTreeMap<String, String>> = client.get("/notes").send().json();
    assert_eq!(all, [note]);
    for (request, status, words) in [
        (client.get("/notes/7"), 404, "Not Found"),
        (client.get("/notes/x"), 404, "invalid digit"),
        (client.get("/elsewhere"), 404, "Not Found"),
        (client.put("/notes"), 405, "Method Not Allowed"),
        (client.post("/notes").body("{}"), 415, "application/json"),
        (
            client
                .post("/notes")
                .content_type("application/json")
                .body("{"),
            400,
            "line 1",
        ),
        (client.post("/notes").json(&1), 422, "Note"),
    ] {
        let response = request.send();
        assert_eq!(response.status().code(), status, "{words}");
        assert_eq!(
            response.header("Content-Type"),
            Some("application/problem+json")
        );
        assert!(response.text().contains(words), "{}", response.text());
    }
}

#[test]
fn the_progress_of_an_upload_is_seen_while_it_arrives() {
    let client = Client::new(upload::app());
    let mut watcher = client.connect();
    watcher.request(&client.get("/progress"));
    assert_eq!(watcher.response_head().status(), Status::OK);
    let mut sender = client.connect();
    sender.send("PUT /checksum HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n");
    for mebibytes in 1..=2 {
        sender.send(vec![b'a'; 1 << 20]);
        let event = format!("data: {mebibytes} MiB\n\n");
        assert_eq!(watcher.blocks().concat(), event.as_bytes());
    }
    sender.send(vec![b'a'; 1 << 20]);
    assert_eq!(watcher.blocks().concat(), b"data: 3 MiB\n\ndata: done\n\n");
    let at_once = client
        .put("/checksum")
        .content_type("text/plain")
        .body(vec![b'a'; 3 << 20]);
    assert_eq!(sender.response().text(), at_once.text());
}

#[test]
fn an_interrupted_upload_is_reported() {
    let client = Client::new(upload::app());
    let mut watcher = client.connect();
    watcher.request(&client.get("/progress"));
    watcher.response_head();
    let mut sender = client.connect();
    sender.send("PUT /checksum HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    drop(sender);
    assert_eq!(
        watcher.blocks().concat(),
        b"data: aborted: the client disconnected\n\n"
    );
    let known = client
        .put("/checksum")
        .content_type("text/plain")
        .body("foobar");
    assert_eq!(known.text(), "6 bytes, 85944171f73967e8\n");
    let nothing = client.put("/checksum").text();
    assert_eq!(nothing, "0 bytes, cbf29ce484222325\n");
}

#[test]
fn requests_on_standard_input_get_responses_on_standard_output() {
    let mut output = Vec::new();
    let input = b"GET /hello/Ada HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    inetd::serve(&input[..], &mut output).unwrap();
    let responses = bytegate::testing::read_responses(&output, &[bytegate::Method::GET; 2]);
    let responses = responses.unwrap();
    assert_eq!(responses[0].text(), "hello Ada\n");
    assert_eq!(responses[1].status(), Status::NOT_FOUND);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_even_if_a_stale_one_exists() {
    use std::os::unix::net::UnixStream;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example.sock");
    drop(unix::socket::bind(&path).unwrap());
    let listener = unix::socket::bind(&path).unwrap();
    thread::spawn(move || unix::socket::serve(&listener));
    let mut client = StreamClient::new(UnixStream::connect(&path).unwrap());
    assert_eq!(client.get("/").unwrap().text(), "hello neighbour\n");
}

#[test]
fn an_admin_page_pauses_a_running_program() {
    let work = Arc::new(embed::Work::default());
    let client = Client::new(embed::admin(&work));
    work.step();
    assert!(client.get("/").text().contains("<p>1 steps</p>"));
    let paused = client.post("/").follow_redirects().send();
    assert!(paused.text().contains("Continue"));
    work.step();
    let metrics = client.get("/metrics").send();
    assert_eq!(
        metrics.text(),
        "# TYPE steps_total counter\nsteps_total 1\n"
    );
    client.post("/").send();
    work.step();
    assert!(client.get("/").text().contains("<p>2 steps</p>"));
}

#[test]
fn the_admin_page_is_served_by_threads_over_tcp() {
    let server = ThreadServer::start("127.0.0.1:0", embed::admin(&Arc::default())).unwrap();
    // A client that sends nothing delays no other.
    let _silent = TcpStream::connect(server.address()).unwrap();
    let response = StreamClient::connect(server.address())
        .unwrap()
        .get("/metrics");
    let response = response.unwrap();
    assert!(response.text().ends_with("steps_total 0\n"), "{response:?}");
}

#[test]
fn a_readiness_loop_serves_many_clients_on_one_thread() {
    let gateway = Gateway::new(|request: &Request<'_>| request.path().to_string());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || readiness::serve(listener, &gateway));
    let mut clients: Vec<_> = (0..50)
        .map(|_| StreamClient::connect(address).unwrap())
        .collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{number} HTTP/1.1\r\n")).unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate().rev() {
        client.send("Host: x\r\n\r\n").unwrap();
        let response = client.response(Method::GET).unwrap();
        assert_eq!(response.text(), format!("/{number}"));
    }
}

/// A watch list in a new file.
fn watch_list(name: &str) -> Client {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    let database = redb::Database::create(path).unwrap();
    Client::new(watchlist::app(
        watchlist::store::Store::new(database).unwrap(),
    ))
}

#[test]
fn stocks_are_added_noted_and_removed() {
    let client = watch_list("watchlist.redb");
    let add = |code| client.post("/add").form(&[("code", code)]);
    assert!(!client.get("/").text().contains("<h2>"));
    add("300268").send();
    let page = add("000007").follow_redirects().send();
    let (first, second) = (page.text().find("000007"), page.text().find("300268"));
    assert!(first.is_some() && first < second, "{}", page.text());
    let note = client
        .post("/note/000007")
        .form(&[("note", "\"buy\" & <hold>")]);
    let page = note.follow_redirects().send();
    assert!(
        page.text()
            .contains("value=\"&quot;buy&quot; &amp; &lt;hold&gt;\"")
    );
    let page = client.post("/remove/300268").follow_redirects().send();
    assert!(!page.text().contains("300268") && page.text().contains("000007"));
}

#[test]
fn invalid_changes_to_a_watch_list_are_explained_and_change_nothing() {
    let client = watch_list("watchlist-wrong.redb");
    let add = |code| client.post("/add").form(&[("code", code)]);
    add("000007").send();
    client.post("/note/000007").form(&[("note", "kept")]).send();
    let before = client.get("/").send().text().to_string();
    for (request, status, words) in [
        (add("000007"), 409, "the list has changed"),
        (add("7"), 422, "six digits"),
        (client.post("/add").body("code=000008"), 415, "form"),
        (client.post("/add").form(&[]), 422, "six digits"),
        (client.post("/remove/000008"), 409, "the list has changed"),
        (client.post("/remove/00000x"), 404, "six digits"),
        (
            client.post("/note/000008").form(&[("note", "x")]),
            409,
            "the list has changed",
        ),
        (client.get("/remove/000007"), 405, "Method Not Allowed"),
    ] {
        let response = request.send();
        assert_eq!(response.status().code(), status, "{}", response.text());
        assert!(response.text().contains(words), "{}", response.text());
    }
    assert_eq!(client.get("/").text(), before);
    for request in malformed_requests() {
        client.send_bytes(&request.bytes);
    }
    assert_eq!(client.get("/").text(), before);
}

#[test]
fn template_values_are_escaped() {
    let client = Client::new(templates::app().unwrap());
    let page = client
        .get("/hello/<Ada>")
        .query("mood", "<b>")
        .query("mood", "calm")
        .send();
    assert_eq!(
        page.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        page.text(),
        "<!doctype html><title>Hello &lt;Ada&gt;</title>\n<h1>Hello &lt;Ada&gt;</h1>\n\
         <p>You are &lt;b&gt;.</p>\n<p>You are calm.</p>\n"
    );
}

#[test]
fn each_user_has_a_count_of_visits() {
    let client = Client::new(state::app());
    let visit = |token| client.get("/").bearer_auth(token).send();
    visit("1815");
    assert_eq!(visit("1815").text(), "hello Ada, this is your visit 2\n");
    assert_eq!(
        visit("1791").text(),
        "hello Charles, this is your visit 1\n"
    );
    let unknown = visit("1912");
    assert_eq!(unknown.status(), Status::UNAUTHORIZED);
    assert_eq!(unknown.header("WWW-Authenticate"), Some("Bearer"));
}

#[test]
fn random_data_finds_the_bug_in_the_fuzzing_example() {
    let mut seed = 1_u64;
    let random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed >> 33
    };
    let data = fuzz::find(random, 1_000_000);
    let request = fuzz_request(fuzz::gateway(), &data.expect("found")).expect("a request");
    let line = request.split(|byte| *byte == b'\r').next().unwrap();
    let is_zero = line.ends_with(b"/0 HTTP/1.1") || line.ends_with(b"/0? HTTP/1.1");
    assert!(is_zero || line.contains(&b'?'), "{}", line.escape_ascii());
}

#[test]
fn two_browsers_see_each_others_lines() {
    let client = Client::new(chat::app());
    let (mut one, mut two) = (client.connect(), client.connect());
    for wire in [&mut one, &mut two] {
        wire.request(&client.get("/events"));
        assert_eq!(
            wire.response_head().header("Content-Type"),
            Some("text/event-stream")
        );
    }
    client.post("/say").form(&[("line", "hello")]).send();
    for wire in [&mut one, &mut two] {
        assert_eq!(wire.blocks().concat(), b"data: hello\n\n");
    }
    assert!(client.get("/").text().contains("EventSource"));
}

#[test]
fn a_simulation_is_reproducible() {
    let first = simulation::simulate(1000, 60);
    assert_eq!(first, simulation::simulate(1000, 60));
    assert!(first.0 > 400, "{first:?}");
    assert!(first.1.len() > 1, "{first:?}");
}
