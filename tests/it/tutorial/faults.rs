//! The faults of the tutorial, which ours does not have.

use super::*;
use bytegate::Request;

/// An application that reports how much it received.
#[cfg(feature = "server")]
fn count(request: &Request<'_>) -> String {
    let headers: usize = request.headers().iter().map(|(_, value)| value.len()).sum();
    let sum: u64 = request.body().iter().map(|&byte| u64::from(byte)).sum();
    format!(
        "{headers} bytes of fields, {} of content, sum {sum}\n",
        request.body().len()
    )
}

/// The server treated the result of one `recv(1024)` as the whole request.
#[cfg(feature = "server")]
#[test]
fn a_request_may_be_longer_than_one_read_and_arrive_in_pieces() {
    let server = Server::start(Router::new().suffix(".py", count));
    let body: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let head = format!(
        "POST /a.py HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        "x".repeat(5000),
        body.len()
    );
    let mut client = server.connect();
    for piece in [head.as_bytes(), &body].concat().chunks(777) {
        client.send(piece).expect("a piece is sent");
    }
    let page = last_response(client);
    let sum: u64 = body.iter().map(|&byte| u64::from(byte)).sum();
    let expected = format!("5012 bytes of fields, 100000 of content, sum {sum}\n");
    assert_eq!(page.text(), expected);
}

/// The client may even hold the body back until the server asks for it.
#[cfg(feature = "server")]
#[test]
fn a_body_may_arrive_long_after_its_head() {
    use std::io::Read;
    let server = Server::start(demo::gateway());
    let mut client = server.connect();
    client
        .send(
            b"POST /login.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
              Content-Type: application/x-www-form-urlencoded\r\n\
              Expect: 100-continue\r\nContent-Length: 26\r\n\r\n",
        )
        .expect("the head is sent");
    let mut interim = [0; 25];
    client.read_exact(&mut interim).expect("the server answers");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client
        .send(b"name=ada&password=lovelace")
        .expect("the body is sent");
    let page = last_response(client);
    assert_eq!(header(&page, "location"), "/login.py?welcome=ada");
}

/// Targets that led out of the site's folder.
const WAYS_OUT: [&str; 12] = [
    "/../../../../../../etc/passwd",
    "/docs/../../../../../../etc/passwd",
    "/./../../../../../etc/passwd",
    "//etc/passwd",
    "/etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/%2fetc%2fpasswd",
    "/%252e%252e/%252e%252e/etc/passwd",
    "/..%5c..%5cetc%5cpasswd",
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "http://x/../../../../etc/passwd",
];

fn assert_no_way_out(gateway: &Gateway) {
    for target in WAYS_OUT {
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let page = response(gateway, request);
        assert_eq!(page.status(), 404, "{target}");
        assert!(!page.text().contains("root:"), "{target}");
    }
}

/// `"./html" + file_name` opened any file that the path led to.
#[test]
fn no_path_leads_out_of_a_site() {
    assert_no_way_out(&demo::gateway());
}

#[test]
fn a_backslash_is_not_a_slash() {
    let page = get(&demo::gateway(), "/..\\..\\etc\\passwd");
    assert_eq!(page.status(), 400);
}

#[cfg(all(unix, feature = "folder"))]
#[test]
fn no_path_and_no_link_leads_out_of_a_folder() {
    use std::fs;
    use std::os::unix::fs::symlink;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("tutorial-ways-out-{}", std::process::id()));
    let site = folder.join("site");
    fs::create_dir_all(site.join("docs")).expect("a folder");
    fs::write(folder.join("secret.txt"), "root: secret").expect("a file");
    fs::write(site.join("index.html"), "<h1>hi</h1>").expect("a file");
    fs::write(site.join("docs/a.txt"), "a").expect("a file");
    for (place, name) in [
        ("../secret.txt", "file.txt"),
        ("..", "folder"),
        ("/etc", "etc"),
        ("docs/a.txt", "inside.txt"),
    ] {
        symlink(place, site.join(name)).expect("a link");
    }

    let site = bytegate::Site::load(&site).expect("a site");
    fs::remove_dir_all(&folder).expect("the folder can be removed");
    let mut skipped: Vec<String> = site
        .skipped()
        .iter()
        .map(|skipped| {
            let name = skipped.path.file_name().unwrap_or_default();
            format!("{}: {}", name.to_string_lossy(), skipped.reason)
        })
        .collect();
    skipped.sort();
    insta::assert_snapshot!(skipped.join("\n"), @r"
        etc: the symbolic link points outside the folder
        file.txt: the symbolic link points outside the folder
        folder: the symbolic link points outside the folder
        ");
    let paths: Vec<&str> = site.paths().collect();
    assert_eq!(paths, ["/docs/a.txt", "/index.html", "/inside.txt"]);

    let gateway = Gateway::new(site);
    assert_no_way_out(&gateway);
    for target in ["/file.txt", "/folder/secret.txt", "/../secret.txt"] {
        assert_eq!(get(&gateway, target).status(), 404, "{target}");
    }
    assert_eq!(get(&gateway, "/inside.txt").body(), b"a");
}

/// Responses had a status line and one made-up header.
#[test]
fn every_response_has_a_length_and_a_type() {
    let broken = |_: &Request<'_>| bytegate::Response::text("").with_header("Date", "");
    let router = Router::new()
        .suffix(".py", bytegate::wsgi::adapt(demo::mini_frame::application))
        .suffix("/broken.py", broken)
        .fallback(demo::site());
    let gateway = Gateway::new(router);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("HEAD /login.py HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("GET /docs HTTP/1.1\r\nHost: x\r\n\r\n", 301),
        ("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("GET /nope.py HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("GET /broken.py HTTP/1.1\r\nHost: x\r\n\r\n", 500),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 505),
    ] {
        let page = response(&gateway, request);
        assert_eq!(page.status().code(), status, "{request:?}");
        assert_ne!(header(&page, "content-type"), "", "{request:?}");
        assert_ne!(header(&page, "content-length"), "", "{request:?}");
    }
}

/// `re.match(r"[^/]+(/[^ ]*)")` took the query as part of the file name.
#[test]
fn the_query_is_not_part_of_the_file_name() {
    let gateway = demo::gateway();
    for target in ["/style.css?v=1", "/style.css?", "/style.css?a=/../b.html"] {
        let page = get(&gateway, target);
        assert_eq!(page.raw(), get(&gateway, "/style.css").raw(), "{target}");
    }
    assert_eq!(get(&gateway, "/?page=1").raw(), get(&gateway, "/").raw());
    assert!(
        get(&gateway, "/login.py?next=/a.html")
            .text()
            .contains("<h1>Log in</h1>")
    );
    let docs = get(&gateway, "/docs?a=b");
    assert_eq!(
        (docs.status().code(), header(&docs, "location")),
        (301, "docs/?a=b")
    );
}

/// `request.splitlines()[0]` failed for an empty request, which ended the handler and with it the server.
#[cfg(feature = "server")]
#[test]
fn a_connection_without_a_request_does_not_affect_others() {
    use std::io::Read;
    let server = Server::start(demo::gateway());
    let open = server.connect();
    for garbage in [
        &b""[..],
        b"\r\n",
        b"\r\n\r\n\r\n",
        b"\n",
        b"GET",
        b"GET\r\n\r\n",
        b"GET /",
        b"GET / HTTP/1.1\r\nHost",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff\xfe\x00\x00",
        &[0; 100_000],
    ] {
        let mut client = server.connect();
        // The server may have refused it and closed before all of it was sent.
        let _ = client.send(garbage);
        let _ = client.end_input();
        let mut output = Vec::new();
        client.read_to_end(&mut output).expect("a clean close");
        assert!(
            output.is_empty() || output.starts_with(b"HTTP/1.1 400 "),
            "{}",
            output.escape_ascii()
        );
    }
    let page = get_over_tcp(server.connect(), "/");
    assert_eq!(page.status(), 200);
    drop(open);
}

/// The branch for `/register.py` could never be reached.
#[test]
fn every_page_of_the_framework_can_be_reached() {
    for (target, title) in [
        ("/login.py", "Log in"),
        ("/register.py", "Register"),
        ("/time.py", "Time"),
    ] {
        let page = get(&demo::gateway(), target);
        assert!(
            page.text().contains(&format!("<h1>{title}</h1>")),
            "{target}"
        );
    }
}

/// `send` sent as much as fit into the buffer, and the rest was lost.
#[cfg(feature = "server")]
#[test]
fn a_large_file_arrives_whole_at_any_reading_speed() {
    use std::io::Read;
    let file: Vec<u8> = (0..4_u32 << 20)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let site = demo::site().file("/large.bin", file.clone());
    let server = Server::start(site);
    let mut slow = server.connect();
    let request = "GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    slow.send(request).expect("it is sent");
    let mut output = vec![0; 1024];
    slow.read_exact(&mut output).expect("the answer begins");

    // While it does not read, others are still served.
    let page = get_over_tcp(server.connect(), "/");
    assert_eq!(page.status(), 200);

    let mut block = [0; 5000];
    loop {
        match slow.read(&mut block).expect("the answer continues") {
            0 => break,
            count => output.extend_from_slice(&block[..count]),
        }
    }
    let response = support::read_one(&output);
    assert_eq!(response.status(), 200);
    assert!(response.body() == file);
}

/// `decode("utf-8")` of a request that was not UTF-8 ended the handler.
#[test]
fn a_body_that_is_not_utf_8_reaches_the_application() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let form = match request.form() {
            Ok(form) => form
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        let length = request.body().len();
        format!("{length} bytes: {}", form.join(" "))
    });
    let page = post(&gateway, "/a.py", b"a=%41&\xc3\xa4=%c3%b6");
    assert_eq!(page.text(), "15 bytes: a=A ä=ö");
    let page = post(&gateway, "/a.py", b"a=\xff&b=%fe&\xc3\xa4=%c3%b6");
    assert_eq!(page.text(), "19 bytes: the form is not UTF-8");
    let page = post(&demo::gateway(), "/login.py", b"\x89PNG\r\n\x1a\n\x00\xff");
    assert_eq!(page.status(), 400);
}

/// Files were read as text.
#[test]
fn a_file_that_is_not_utf_8_is_served_unchanged() {
    let bytes: Vec<u8> = (0..=255).collect();
    let site = demo::site().file("/octets.bin", bytes.clone());
    let gateway = Gateway::new(site);
    assert_eq!(get(&gateway, "/octets.bin").body(), bytes);
    assert_eq!(
        get(&gateway, "/logo.png").body(),
        include_bytes!("../../../fixtures/site/logo.png")
    );
}
