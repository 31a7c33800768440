//! Twelve small programs, as a newcomer writes them. Each is compiled and run, so that they stay as short as they are.

use bytegate::middleware::{BasicAuth, RequestParts, with_middleware};
use bytegate::testing::Client;
use bytegate::{
    Gateway, Middleware, Rejection, Request, Response, Router, Site, Status, with_state,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

#[test]
fn a_router_and_a_site_from_bytes_to_bytes() {
    let router = Router::new()
        .suffix(".py", |request: &Request| {
            format!("you asked for {}\n", request.path())
        })
        .fallback(Site::new().file("/index.html", "<h1>hi</h1>"));
    let gateway = Gateway::new(router);
    let response = gateway.handle(b"GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(response.ends_with(b"\r\n\r\nyou asked for /login.py\n"));
}

#[cfg(feature = "cookies")]
#[test]
fn a_form_with_a_session_cookie() {
    fn name(request: &Request) -> Result<Response, Rejection> {
        let form = request.form()?;
        let name = form
            .get("name")
            .ok_or(Rejection::bad_request("the form has no name"))?;
        Ok(Response::see_other("/").with_cookie(request.session_cookie("name", name)))
    }

    fn home(request: &Request) -> String {
        format!("hello {}\n", request.cookie("name").unwrap_or_default())
    }

    let client = Client::new(Router::new().get("/", home).post("/name", name));
    assert_eq!(client.post("/name").form(&[]).status(), 400);
    for name in ["Ada Lovelace", "José", "\"; Domain=x"] {
        let signed = client.post("/name").form(&[("name", name)]);
        let page = signed.follow_redirects().send();
        assert_eq!(page.text(), format!("hello {name}\n"));
    }
}

#[cfg(feature = "json")]
#[test]
fn a_json_api_with_state_and_an_async_handler() {
    use bytegate::OwnedRequest;
    use bytegate::application::with_state_async;
    use bytegate::response::Problem;

    #[derive(Default)]
    struct Db(Mutex<Vec<String>>);

    impl Db {
        async fn note(&self, number: usize) -> Result<String, std::io::Error> {
            let note = self.0.lock().unwrap().get(number).cloned();
            note.ok_or_else(|| std::io::Error::other("the disk is gone"))
        }
    }

    fn add(db: &Db, request: &Request) -> Result<Status, Rejection> {
        let note: String = request.json()?;
        let errors = if note.is_empty() {
            vec!["a note has a text"]
        } else {
            Vec::new()
        };
        if !errors.is_empty() {
            Err(Problem::new(Status::UNPROCESSABLE_CONTENT).with_member("errors", &errors))?;
        }
        db.0.lock().unwrap().push(note);
        Ok(Status::CREATED)
    }

    async fn read(db: Arc<Db>, request: OwnedRequest) -> Result<Response, Rejection> {
        Ok(Response::json(&db.note(request.parse_param("id")?).await?))
    }

    let db = Arc::<Db>::default();
    let router = Router::new()
        .post("/notes", with_state(&db, add))
        .get("/notes/{id}", with_state_async(&db, read));
    let client = Client::new(router);
    assert_eq!(client.post("/notes").json(&"buy milk").status(), 201);
    assert_eq!(client.get("/notes/0").send().json::<String>(), "buy milk");
    assert_eq!(client.get("/notes/1").status(), 500);
    assert_eq!(client.get("/notes/x").status(), 404);
    let refused = client.post("/notes").json(&"").send();
    assert_eq!(refused.status(), 422);
    assert!(refused.text().contains(r#""errors":["a note has a text"]"#));
}

#[test]
fn errors_of_an_application_become_responses_with_a_question_mark() {
    struct NameTaken(String);

    impl From<NameTaken> for Rejection {
        fn from(NameTaken(name): NameTaken) -> Rejection {
            Rejection::new(Status::CONFLICT, format!("{name} is taken"))
        }
    }

    #[derive(Default)]
    struct Users(Mutex<HashMap<String, u32>>);

    impl Users {
        fn add(&self, name: String, count: u32) -> Result<(), NameTaken> {
            match self.0.lock().unwrap().insert(name.clone(), count) {
                None => Ok(()),
                Some(_) => Err(NameTaken(name)),
            }
        }

        fn save(&self) -> std::io::Result<()> {
            let is_full = self.0.lock().unwrap().len() > 1;
            if is_full {
                Err(std::io::Error::other("the disk is full"))
            } else {
                Ok(())
            }
        }
    }

    fn register(users: &Users, request: &Request) -> Result<Response, Rejection> {
        let count: u32 = request.parse_query("count")?.unwrap_or(1);
        let name = request.form()?.get("name").unwrap_or_default().into_owned();
        users.add(name, count)?;
        users.save().map_err(Rejection::internal)?;
        Ok(Response::see_other("/welcome"))
    }

    let users = Arc::<Users>::default();
    let client = Client::new(Router::new().post("/users", with_state(&users, register)));
    let post = |target, name| client.post(target).form(&[("name", name)]).send();
    assert_eq!(post("/users", "ada").header("Location"), Some("/welcome"));
    assert!(post("/users", "ada").text().ends_with(": ada is taken\n"));
    assert_eq!(post("/users?count=x", "eve").status(), 400);
    let failed = post("/users", "eve");
    assert_eq!(failed.text(), "500 Internal Server Error\n");
}

#[cfg(feature = "std")]
mod with_threads {
    use super::*;
    use bytegate::Session;
    use bytegate::application::receive_upload;
    use bytegate::gateway::{Clock, Wait};
    use bytegate::headers::Headers;
    use bytegate::request::Peer;
    use bytegate::upload::Receiver;
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    /// Sends a request and returns the whole response.
    fn ask(mut stream: TcpStream) -> String {
        let mut response = String::new();
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    #[test]
    fn a_loop_that_embeds_a_gateway() {
        struct Client {
            session: Session,
            input: Vec<u8>,
            stream: TcpStream,
        }

        fn serve(client: Client) -> io::Result<()> {
            let Client {
                mut session,
                mut input,
                mut stream,
            } = client;
            let (mut clock, mut block) = (Clock::start(), [0; 4096]);
            loop {
                match session.turn(&mut input, &mut clock) {
                    Wait::Write { .. } => stream.write_all(&session.take_output())?,
                    Wait::Pending { until } => clock.wait(until),
                    Wait::Yield => {}
                    Wait::Close(_) => return Ok(()),
                    Wait::Read { .. } => match stream.read(&mut block)? {
                        0 => session.end_input(),
                        count => input.extend_from_slice(&block[..count]),
                    },
                }
            }
        }

        let gateway = Gateway::new(async |_: bytegate::OwnedRequest| "all is well\n");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept()?;
            let session = gateway.session(Peer::named("ttyS0"));
            serve(Client {
                session,
                input: Vec::new(),
                stream,
            })
        });
        assert!(ask(TcpStream::connect(address).unwrap()).ends_with("all is well\n"));
        server.join().unwrap().unwrap();
    }

    #[test]
    fn a_blocking_server_with_the_standard_library_alone() {
        let admin = Gateway::new(|_: &Request| "all is well\n");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (stream, peer) = listener.accept()?;
            admin.serve_stream(stream, peer)
        });
        assert!(ask(TcpStream::connect(address).unwrap()).ends_with("all is well\n"));
        server.join().unwrap().unwrap();
    }

    #[test]
    fn an_upload_that_is_received_as_it_arrives() {
        #[derive(Default)]
        struct Film(u64);

        impl Receiver for Film {
            fn data(&mut self, part: &[u8]) -> Result<(), Response> {
                self.0 += part.len() as u64;
                Ok(())
            }

            fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
                Response::text(format!("{} bytes\n", self.0))
            }
        }

        let film = receive_upload(|_: &Request| Film::default());
        let router = Router::new()
            .put("/any", receive_upload(|_: &Request| Film::default()))
            .put("/film", bytegate::with_body_limit(3 << 20, film));
        let client = Client::new(router);
        let body = vec![0; 2 << 20];
        assert_eq!(
            client.put("/any").body(body.clone()).text(),
            "2097152 bytes\n"
        );
        assert_eq!(
            client.put("/film").body(body.clone()).text(),
            "2097152 bytes\n"
        );
        assert_eq!(
            client
                .put("/film")
                .body([&body[..], &body].concat())
                .status(),
            413
        );
    }
}

#[cfg(feature = "server")]
#[test]
fn events_for_every_browser() {
    use bytegate::events::Broadcast;
    use std::time::Duration;

    let room = Broadcast::new(100);
    let subscribed = room.clone();
    let router = Router::new().get("/events", move |_: &Request| {
        subscribed.subscribe().keep_alive(Duration::from_secs(15))
    });
    let client = Client::new(router);
    let mut wire = client.connect();
    wire.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(room.send("hello"), 1);
}

#[test]
fn middleware_that_identifies_the_user() {
    #[derive(Clone)]
    struct User(String);

    struct Identify {
        users: HashMap<String, String>,
    }

    impl Middleware for Identify {
        fn before(&self, request: &mut RequestParts) -> Option<Response> {
            let header = request.head.headers().get("Authorization")?;
            let token = header.strip_prefix("Bearer ")?;
            request
                .extensions
                .insert(User(self.users.get(token)?.clone()));
            None
        }
    }

    fn home(request: &Request) -> String {
        let user = request.extensions().get::<User>();
        format!("hello {}\n", user.map_or("you", |User(name)| name))
    }

    let users = HashMap::from([("1815".to_string(), "Ada".to_string())]);
    let staff = BasicAuth::user("staff", "Ada", "x");
    let router = Router::new()
        .get("/", home)
        .get("/admin", with_middleware(staff, home));
    let client = Client::new(Gateway::new(router).with(Identify { users }));
    assert_eq!(client.get("/").text(), "hello you\n");
    assert_eq!(client.get("/").bearer_auth("1815").text(), "hello Ada\n");
    assert_eq!(client.get("/admin").status(), 401);
    assert_eq!(client.get("/admin").basic_auth("Ada", "x").status(), 200);
}

#[test]
fn a_test_of_an_application() {
    let names = Router::new().post("/name", |request: &Request| match request.form() {
        Ok(form) if form.get("name").is_some() => Response::see_other("/"),
        _ => Status::BAD_REQUEST.into(),
    });
    let client = Client::new(names.get("/", |_: &Request| Response::html("<form method=post>\n")));
    assert!(client.get("/").text().starts_with("<form"));
    assert_eq!(client.post("/name").form(&[]).status(), 400);
    let name = client.post("/name").form(&[("name", "Ada Lovelace")]);
    let page = name.follow_redirects().send();
    insta::assert_snapshot!(page.exchange(), @r"
    > GET / HTTP/1.1
    > Host: localhost
    >
    < HTTP/1.1 200 OK
    < Content-Type: text/html; charset=utf-8
    < Content-Length: 19
    <
    < <form method=post>\n
    ");
}

#[cfg(all(feature = "tower", feature = "json"))]
#[test]
fn an_axum_application_on_the_wire() {
    use axum::body::Bytes;
    use axum::extract::DefaultBodyLimit;
    use axum::routing::post;
    use axum::{Json, Router};

    let sum = post(async |Json(numbers): Json<Vec<u32>>| numbers.iter().sum::<u32>().to_string());
    let upload = post(async |body: Bytes| body.len().to_string());
    let router = Router::new()
        .route("/sum", sum)
        .route("/upload", upload.layer(DefaultBodyLimit::max(3 << 20)));
    let client = Client::new(bytegate::bridge::tower(router));
    assert_eq!(client.post("/sum").json(&[1, 2, 3]).text(), "6");
    assert_eq!(
        client.post("/upload").body(vec![0; 2 << 20]).text(),
        "2097152"
    );
    assert_eq!(client.post("/upload").body(vec![0; 4 << 20]).status(), 413);
}

#[cfg(feature = "folder")]
#[test]
fn a_folder_with_headers_and_listings() {
    use bytegate::site::SiteOptions;

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/site");
    let site = SiteOptions::new()
        .listing(true)
        .header("**", "X-Frame-Options", "DENY")
        .open(folder)
        .unwrap();
    let client = Client::new(Gateway::new(site).configure(|config| config.limits.body_bytes = 0));
    let page = client.get("/").send();
    assert_eq!(
        (page.status(), page.header("X-Frame-Options")),
        (Status::OK, Some("DENY"))
    );
    assert_eq!(client.post("/").body("x").status(), 405);
}
