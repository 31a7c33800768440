//! TLS with the clients of others: OpenSSL, curl, Python and Chromium. Each is skipped, with a printed line, where it is not
//! installed.

use crate::chromium::Browser;
use crate::temporary::Folder;
use bytegate::net::Options;
use bytegate::testing::Server;
use bytegate::tls::{SelfSigned, TlsOptions};
use bytegate::{Body, Bytes, Request, Response, Router};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// A server with three certificates, and the files that clients need.
struct Served {
    server: Server,
    folder: Folder,
    port: String,
}

/// Responds with the information that the server has about the connection.
fn tell(request: &Request<'_>) -> String {
    let tls = request.connection().tls.as_deref().expect("TLS");
    let name = tls.server_name().unwrap_or("no name");
    let client = tls.client_fingerprint();
    let client = client.as_deref().unwrap_or("no certificate");
    format!("{} {name} {client}\n", tls.version())
}

fn serve() -> Served {
    serve_with(|options, _| options)
}

/// A server that accepts clients with a certificate of `client.pem`, and others.
fn serve_clients_with_certificates() -> Served {
    serve_with(|options, authority| {
        let options = options.client_authorities_pem(authority);
        options.allow_clients_without_certificate()
    })
}

/// The options also get the authority of client certificates, in PEM form.
fn serve_with(change: impl FnOnce(TlsOptions, String) -> TlsOptions) -> Served {
    let made = [
        SelfSigned::new(["localhost", "127.0.0.1"]),
        SelfSigned::new(["one.example"]),
        SelfSigned::new(["*.two.example", "two.example"]),
    ]
    .map(|made| made.expect("a certificate"));
    let (authority, client, key) = client_certificate();
    let mut options = change(TlsOptions::new(), authority);
    let mut all = String::new();
    for one in &made {
        options = options.certificate_pem(one.certificate_pem(), one.key_pem());
        all.push_str(one.certificate_pem());
    }
    let files = [
        ("all.pem", all.as_bytes()),
        ("client.pem", client.as_bytes()),
        ("client.key", key.as_bytes()),
    ];
    let folder = Folder::new(&files);
    let block = Bytes::from(vec![b'x'; 1 << 20]);
    let huge = move |_: &Request<'_>| {
        let blocks = std::iter::repeat_n(block.clone(), 1024);
        Response::of_type("application/octet-stream", Body::from_iterator(blocks))
    };
    let app = Router::new().get("/", tell).get("/huge", huge);
    let mut net = Options::default();
    net.tls = Some(options.build().expect("TLS"));
    let server = Server::start_with(app, net);
    let port = server.address().port().to_string();
    Served {
        server,
        folder,
        port,
    }
}

/// An authority for clients, and a certificate of a client with its key, in PEM form.
fn client_certificate() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let mut params = CertificateParams::new(vec!["ada".to_string()]).expect("parameters");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    let client = params.signed_by(&key, &authority).expect("a certificate");
    (authority.pem(), client.pem(), key.serialize_pem())
}

fn has(program: &str, argument: &str) -> bool {
    let output = Command::new(program).arg(argument).output();
    let is_here = output.is_ok_and(|output| output.status.success());
    if !is_here {
        println!("skipped: {program} is not here (apt-get install {program})");
    }
    is_here
}

/// Runs a program in the folder of a server, with this input. Returns whether it succeeded, and both outputs.
fn run(served: &Served, program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&served.folder.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that has failed reads nothing.
    let mut stdin = child.stdin.take().expect("a pipe");
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

/// Runs `openssl s_client` with a request. The arguments are separated by spaces.
fn s_client(served: &Served, arguments: &str) -> (bool, String) {
    let address = format!("127.0.0.1:{}", served.port);
    let mut all = vec!["s_client", "-connect", &address, "-CAfile", "all.pem"];
    all.extend(["-verify_return_error", "-ign_eof"]);
    all.extend(arguments.split_ascii_whitespace());
    let input = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    run(served, "openssl", &all, input)
}

#[test]
fn openssl_gets_the_version_the_name_and_the_protocol_that_it_asks_for() {
    if !has("openssl", "version") {
        return;
    }
    let served = serve();
    for (arguments, expected) in [
        (
            "-tls1_2 -servername localhost",
            "TLSv1.2 localhost no certificate\n",
        ),
        (
            "-tls1_3 -servername localhost",
            "TLSv1.3 localhost no certificate\n",
        ),
        (
            "-noservername -verify_hostname localhost",
            "TLSv1.3 no name no certificate\n",
        ),
        (
            "-servername one.example -verify_hostname one.example",
            " one.example ",
        ),
        (
            "-servername two.example -verify_hostname two.example",
            " two.example ",
        ),
        (
            "-servername a.two.example -verify_hostname a.two.example",
            " a.two.example ",
        ),
        // The first certificate is for names that no certificate has.
        (
            "-servername other.example -verify_hostname localhost",
            " other.example ",
        ),
        (
            "-servername localhost -alpn h2,http/1.1",
            "ALPN protocol: http/1.1",
        ),
        (
            "-servername localhost -alpn http/1.0",
            "ALPN protocol: http/1.0",
        ),
        (
            "-servername localhost -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -tls1_2",
            "TLSv1.2",
        ),
        ("-servername localhost -groups P-256", "TLSv1.3 localhost"),
    ] {
        let (succeeded, output) = s_client(&served, arguments);
        assert!(succeeded, "{arguments}: {output}");
        assert!(output.contains("HTTP/1.1 200 OK"), "{arguments}: {output}");
        assert!(output.contains(expected), "{arguments}: {output}");
    }
    for (arguments, expected) in [
        (
            "-servername localhost -alpn h2",
            "alert no application protocol",
        ),
        (
            "-servername localhost -tls1_1 -cipher ALL:@SECLEVEL=0",
            "alert",
        ),
        (
            "-servername localhost -tls1_2 -cipher AES128-SHA",
            "alert handshake failure",
        ),
        (
            "-servername one.example -verify_hostname two.example",
            "ostname mismatch",
        ),
    ] {
        let (succeeded, output) = s_client(&served, arguments);
        assert!(!succeeded, "{arguments}: {output}");
        assert!(output.contains(expected), "{arguments}: {output}");
        assert!(!output.contains("HTTP/1.1 200 OK"), "{arguments}: {output}");
    }
}

#[test]
fn openssl_resumes_sessions() {
    if !has("openssl", "version") {
        return;
    }
    let served = serve();
    for version in ["-tls1_2", "-tls1_3"] {
        let first = format!("{version} -servername localhost -sess_out session");
        let (succeeded, output) = s_client(&served, &first);
        assert!(succeeded && output.contains("New, "), "{output}");
        let second = format!("{version} -servername localhost -sess_in session");
        let (succeeded, output) = s_client(&served, &second);
        assert!(succeeded && output.contains("Reused, "), "{output}");
        assert!(output.contains("HTTP/1.1 200 OK"), "{output}");
        // A ticket for another name opens nothing.
        let other = format!("{version} -servername one.example -sess_in session");
        let (_, output) = s_client(&served, &other);
        assert!(!output.contains("Reused, "), "{output}");
    }
    // Client certificates are verified at each connection.
    let served = serve_clients_with_certificates();
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = format!("{version} -servername localhost -sess_out session");
        let (succeeded, output) = s_client(&served, &arguments);
        assert!(succeeded && output.contains("New, "), "{output}");
        assert!(!served.folder.path("session").exists());
    }
}

#[test]
fn openssl_sends_a_client_certificate() {
    if !has("openssl", "version") {
        return;
    }
    let served = serve_clients_with_certificates();
    let arguments = [
        "x509",
        "-in",
        "client.pem",
        "-noout",
        "-fingerprint",
        "-sha256",
    ];
    let (_, fingerprint) = run(&served, "openssl", &arguments, "");
    let (_, fingerprint) = fingerprint.trim().split_once('=').expect("a fingerprint");
    for version in ["-tls1_2", "-tls1_3"] {
        let own = format!("{version} -servername localhost -cert client.pem -key client.key");
        let (succeeded, output) = s_client(&served, &own);
        assert!(succeeded, "{output}");
        let expected = format!(" localhost {fingerprint}\n");
        assert!(output.contains(&expected), "{output}");
    }
}

#[test]
fn curl_speaks_tls() {
    if !has("curl", "--version") {
        return;
    }
    let served = serve();
    let url = |host: &str| format!("https://{host}:{}/", served.port);
    let resolve = |host: &str| format!("{host}:{}:127.0.0.1", served.port);
    let curl = |arguments: &[&str]| {
        let common = [
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--cacert",
            "all.pem",
        ];
        run(&served, "curl", &[&common[..], arguments].concat(), "")
    };
    let (one, two) = (resolve("one.example"), resolve("www.two.example"));
    for (arguments, expected) in [
        (vec![&*url("127.0.0.1")], "TLSv1.3 no name no certificate\n"),
        (
            vec!["--tls-max", "1.2", &url("localhost")],
            "TLSv1.2 localhost no certificate\n",
        ),
        (
            vec!["--resolve", &one, &url("one.example")],
            "TLSv1.3 one.example no certificate\n",
        ),
        (
            vec!["--resolve", &two, &url("www.two.example")],
            "TLSv1.3 www.two.example no certificate\n",
        ),
        (
            vec!["--http1.0", &url("localhost")],
            "TLSv1.3 localhost no certificate\n",
        ),
        (
            vec!["--http2", &url("localhost")],
            "TLSv1.3 localhost no certificate\n",
        ),
    ] {
        let (succeeded, output) = curl(&arguments);
        assert!(succeeded, "{arguments:?}: {output}");
        assert_eq!(output, expected, "{arguments:?}");
    }
    // Two requests share a connection.
    let written = "%{num_connects}\n";
    let arguments = ["--write-out", written, &url("localhost"), &url("localhost")];
    let (_, output) = curl(&arguments);
    let counts: Vec<&str> = output.lines().filter(|line| line.len() == 1).collect();
    assert_eq!(counts, ["1", "0"], "{output}");
    // A host of another certificate is refused on this connection.
    let (_, output) = curl(&["--header", "Host: one.example", &url("localhost")]);
    assert!(output.starts_with("421 Misdirected Request: "), "{output}");
    let plain = format!("http://127.0.0.1:{}/", served.port);
    let (succeeded, output) = curl(&["--write-out", " %{http_code}", &plain]);
    assert!(succeeded, "{output}");
    assert!(
        output.contains("this port speaks TLS") && output.ends_with(" 400"),
        "{output}"
    );
    let (succeeded, output) = run(
        &served,
        "curl",
        &["--silent", "--show-error", &url("localhost")],
        "",
    );
    assert!(!succeeded && output.contains("certificate"), "{output}");
}

/// The memory of this process in KiB.
#[cfg(target_os = "linux")]
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.expect("a line").trim().trim_end_matches(" kB");
    digits.parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn a_gibibyte_takes_little_memory() {
    if !has("curl", "--version") {
        return;
    }
    let served = serve();
    let url = format!("https://localhost:{}/huge", served.port);
    let before = memory();
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--cacert",
        "all.pem",
        "--output",
        "/dev/null",
    ]);
    curl.args(["--write-out", "%{size_download}", &url]);
    let curl = curl.current_dir(&served.folder.0).stdout(Stdio::piped());
    let mut child = curl.spawn().expect("curl starts");
    let mut most = before;
    while child.try_wait().expect("curl runs").is_none() {
        most = most.max(memory());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("curl ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1073741824");
    // Other tests run beside this one.
    let grown = most - before;
    assert!(grown < 200 * 1024, "{grown} KiB");
}

const PYTHON: &str = r#"
import http.client, socket, ssl, sys
port = int(sys.argv[1])
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile="all.pem")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.load_cert_chain("client.pem", "client.key")
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)
    for _ in range(3):
        connection.request("GET", "/")
        response = connection.getresponse()
        print(response.status, connection.sock.selected_alpn_protocol(), response.read().decode().split(":")[0])
    # The server answers an end with an end.
    connection.sock.unwrap().close()
plain = socket.create_connection(("localhost", port), timeout=60)
try:
    ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
except ssl.SSLCertVerificationError as error:
    print(error.reason)
"#;

#[test]
fn python_speaks_tls() {
    if !has("python3", "--version") {
        return;
    }
    let served = serve_clients_with_certificates();
    let (_, output) = run(&served, "python3", &["-", &served.port], PYTHON);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 7, "{output}");
    for (version, lines) in ["TLSv1.2", "TLSv1.3"].into_iter().zip(lines.chunks(3)) {
        for line in lines {
            let expected = format!("200 http/1.1 {version} localhost ");
            let fingerprint = line.strip_prefix(&expected).expect("the version");
            assert!(
                fingerprint.chars().all(|it| it.is_ascii_hexdigit()),
                "{line}"
            );
        }
    }
    assert_eq!(lines[6], "CERTIFICATE_VERIFY_FAILED");
}

#[test]
fn a_browser_opens_a_page_in_a_secure_context() {
    let Some(browser) = Browser::start() else {
        println!("skipped: Chromium or chromedriver is not here (apt-get install chromium-driver)");
        return;
    };
    let served = serve();
    browser.open(&format!("https://localhost:{}/", served.port));
    assert!(served.server.url("/").starts_with("https://"));
    let text = browser.run("return document.body.innerText;");
    assert!(text.contains("TLSv1.3 localhost no certificate"), "{text}");
    let text = browser.run(
        "const entry = performance.getEntriesByType('navigation')[0];
         return [location.protocol, isSecureContext, entry.nextHopProtocol].join(' ');",
    );
    assert!(text.contains("https: true http/1.1"), "{text}");
}
