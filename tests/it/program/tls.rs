//! Certificates that the program reads or creates, and redirects from HTTP to HTTPS.

use super::*;
use bytegate::testing::{ClientResponse, StreamClient};
use bytegate::tls::SelfSigned;
use bytegate::tls::rustls::crypto::ring;
use bytegate::tls::rustls::pki_types::pem::PemObject;
use bytegate::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use bytegate::tls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use bytegate::{Method, Status};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use std::io;
use std::sync::Arc;

/// A server on free ports that speaks TLS, and the lines that it printed.
struct Server {
    program: Program,
    /// The URL, in the first line.
    url: String,
    lines: Vec<String>,
}

impl Server {
    /// Starts a server that keeps what it makes in a folder.
    fn start(state: &Folder, arguments: &[&str], lines: usize) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
        command.args(["--port", "0"]).args(arguments);
        command.env("XDG_STATE_HOME", &state.path);
        let program = Program::run(&mut command, Stdio::piped());
        let lines: Vec<String> = (0..lines).map(|_| program.error_line()).collect();
        let (_, url) = lines[0].split_once(" on ").expect("a URL");
        let url = url.split_whitespace().next().expect("a URL").to_string();
        Server {
            program,
            url,
            lines,
        }
    }

    /// Reloads, and returns the line about it.
    fn reload(&self) -> String {
        let id = self.program.child.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status();
        assert!(sent.expect("a system with kill").success());
        loop {
            let line = self.program.error_line();
            if line.contains("reloaded") {
                return line;
            }
        }
    }

    fn address(&self) -> &str {
        let address = self.url.strip_prefix("https://").expect("TLS");
        address.trim_end_matches('/')
    }
}

/// A client that trusts these certificates. It may have one itself, and its key.
struct TlsClient<'p> {
    name: &'static str,
    roots: &'p [&'p str],
    identity: Option<(&'p str, &'p str)>,
}

impl TlsClient<'_> {
    fn get(&self, address: &str, target: &str) -> io::Result<ClientResponse> {
        let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        let mut roots = RootCertStore::empty();
        for root in self.roots {
            roots.add(certificate(root)).expect("a root");
        }
        let builder = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match self.identity {
            None => builder.with_no_client_auth(),
            Some((pem, key)) => {
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                let chain = vec![certificate(pem)];
                builder.with_client_auth_cert(chain, key).expect("a client")
            }
        };
        let name = ServerName::try_from(self.name).expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        let mut client = StreamClient::new(StreamOwned::new(connection, socket));
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.name);
        client.send(request)?;
        client.response(Method::GET)
    }
}

fn trusting<'p>(name: &'static str, roots: &'p [&'p str]) -> TlsClient<'p> {
    TlsClient {
        name,
        roots,
        identity: None,
    }
}

/// A folder with a certificate and its key for each name.
fn certificates(name: &str, names: &[&str]) -> (Folder, Vec<SelfSigned>) {
    let folder = Folder::new(name, &[("public/index.html", b"a page")]);
    let made = names.iter().map(|name| {
        let made = SelfSigned::new([*name]).expect("a certificate");
        write(&folder, &format!("{name}.pem"), made.certificate_pem());
        write(&folder, &format!("{name}.key"), made.key_pem());
        made
    });
    let made = made.collect();
    (folder, made)
}

fn write(folder: &Folder, name: &str, text: &str) {
    std::fs::write(folder.path.join(name), text).expect("a file");
}

fn path(folder: &Folder, name: &str) -> String {
    folder.path.join(name).to_str().expect("UTF-8").to_string()
}

#[test]
fn a_self_signed_certificate_is_kept_and_its_fingerprint_printed() {
    let state = Folder::new("tls-made", &[("unused", b"")]);
    let first = Server::start(&state, &["--tls"], 3);
    assert_eq!(
        first.lines[1],
        "  browsers warn about this certificate, which no authority has signed; its SHA-256 fingerprint is\n"
    );
    let fingerprint = first.lines[2].trim();
    assert_eq!(fingerprint.len(), 32 * 3 - 1);
    let kept = std::fs::read_to_string(state.path.join("bytegate/self-signed.pem"));
    let kept = kept.expect("a certificate that is kept");
    assert!(kept.contains(fingerprint));
    for name in ["localhost", "127.0.0.1"] {
        let response = trusting(name, &[&kept]).get(first.address(), "/");
        assert_eq!(response.expect("a response").status(), Status::OK);
    }
    let second = Server::start(&state, &["--tls"], 3);
    assert_eq!(second.lines[2].trim(), fingerprint);
}

#[test]
fn the_name_that_a_client_asks_for_selects_a_certificate() {
    let (folder, made) = certificates("tls-names", &["one.test", "two.test"]);
    let mut arguments = vec![path(&folder, "public")];
    for name in ["one.test", "two.test"] {
        arguments.extend(["--host".to_string(), name.to_string()]);
        arguments.extend(["--tls-cert".into(), path(&folder, &format!("{name}.pem"))]);
        arguments.extend(["--tls-key".into(), path(&folder, &format!("{name}.key"))]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start(&folder, &arguments, 1);
    for (name, made) in ["one.test", "two.test"].into_iter().zip(&made) {
        let response = trusting(name, &[made.certificate_pem()]).get(server.address(), "/");
        assert_eq!(response.expect("a response").text(), "a page");
    }
    let other = [made[1].certificate_pem()];
    let other = trusting("one.test", &other);
    assert!(other.get(server.address(), "/").is_err());
}

#[test]
fn certificates_are_relative_to_the_config_file() {
    let (folder, made) = certificates("tls-config", &["localhost"]);
    let config = "folder = 'public'\ntls-cert = ['localhost.pem']\ntls-key = 'localhost.key'\n";
    write(&folder, "site.toml", config);
    let server = Server::start(&folder, &["--config", &path(&folder, "site.toml")], 1);
    let response = trusting("localhost", &[made[0].certificate_pem()]).get(server.address(), "/");
    assert_eq!(response.expect("a response").text(), "a page");
}

#[test]
fn certificates_are_read_again_at_sighup_and_stay_if_one_is_wrong() {
    let (folder, made) = certificates("tls-reload", &["localhost"]);
    let [certificate, key] = ["localhost.pem", "localhost.key"].map(|name| path(&folder, name));
    let pair = ["--tls-cert", &certificate, "--tls-key", &key];
    let server = Server::start(&folder, &pair, 1);
    let renewed = SelfSigned::new(["localhost"]).expect("a certificate");
    let is_current = |made: &SelfSigned| {
        let roots = [made.certificate_pem()];
        trusting("localhost", &roots)
            .get(server.address(), "/")
            .is_ok()
    };
    write(&folder, "localhost.pem", renewed.certificate_pem());
    let line = server.reload();
    let expected =
        format!("bytegate: nothing is reloaded: the private key in {key} does not belong");
    assert!(line.starts_with(&expected), "{line}");
    assert_eq!([is_current(&made[0]), is_current(&renewed)], [true, false]);
    write(&folder, "localhost.key", renewed.key_pem());
    assert_eq!(server.reload(), "bytegate: reloaded the demo site\n");
    assert_eq!([is_current(&made[0]), is_current(&renewed)], [false, true]);
}

#[test]
fn a_lost_self_signed_certificate_is_made_again_at_sighup() {
    let state = Folder::new("tls-renewed", &[("unused", b"")]);
    let server = Server::start(&state, &["--tls"], 3);
    let file = state.path.join("bytegate/self-signed.pem");
    let first = std::fs::read_to_string(&file).expect("a certificate");
    std::fs::remove_file(&file).expect("a file");
    assert_eq!(server.reload(), "bytegate: reloaded the demo site\n");
    let second = std::fs::read_to_string(&file).expect("a certificate");
    assert!(
        trusting("localhost", &[&first])
            .get(server.address(), "/")
            .is_err()
    );
    assert!(
        trusting("localhost", &[&second])
            .get(server.address(), "/")
            .is_ok()
    );
}

#[test]
fn a_network_is_not_warned_about_passwords_that_are_encrypted() {
    let state = Folder::new("tls-passwords", &[("unused", b"")]);
    let arguments = ["--tls", "--auth", "a:b", "--bind", "0.0.0.0"];
    let mut server = Server::start(&state, &arguments, 1);
    let id = server.program.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("a system with kill").success());
    let ended = server.program.ended();
    assert!(ended.stderr.contains("reachable from the network"));
    assert!(!ended.stderr.contains("unencrypted"), "{}", ended.stderr);
}

/// An authority for clients.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// A certificate that an authority has signed, and its key.
fn client_of(authority: &CertifiedIssuer<'static, KeyPair>) -> (String, String) {
    let mut params = CertificateParams::new(vec!["ada".to_string()]).expect("parameters");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.serial_number = Some(SerialNumber::from(1));
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn only_clients_that_the_authority_has_signed_are_served() {
    let (folder, made) = certificates("tls-clients", &["localhost"]);
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    write(&folder, "ours.pem", &ours.pem());
    let [certificate, key, ours_pem, public] =
        ["localhost.pem", "localhost.key", "ours.pem", "public"].map(|name| path(&folder, name));
    let pair = ["--tls-cert", &certificate, "--tls-key", &key];
    let arguments = [&[&*public], &pair[..], &["--client-ca", &ours_pem]].concat();
    let server = Server::start(&folder, &arguments, 1);
    let roots = [made[0].certificate_pem()];
    for (identity, is_served) in [
        (Some(client_of(&ours)), true),
        (Some(client_of(&theirs)), false),
        (None, false),
    ] {
        let identity = identity.as_ref();
        let client = TlsClient {
            name: "localhost",
            roots: &roots,
            identity: identity.map(|(certificate, key)| (&**certificate, &**key)),
        };
        let response = client.get(server.address(), "/");
        assert_eq!(response.is_ok(), is_served, "{identity:?}: {response:?}");
    }
}

/// A list of the certificates that an authority has revoked.
fn list(authority: &CertifiedIssuer<'static, KeyPair>, revoked: &[u64]) -> String {
    let revoked = revoked.iter().map(|number| RevokedCertParams {
        serial_number: SerialNumber::from(*number),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let signed = list.signed_by(authority).expect("a list");
    signed.pem().expect("PEM")
}

#[test]
fn authorities_and_revoked_clients_are_read_again_at_sighup() {
    let (folder, made) = certificates("tls-revoked", &["localhost"]);
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    write(&folder, "ours.pem", &ours.pem());
    write(&folder, "revoked.pem", &list(&ours, &[]));
    let config = "folder = 'public'\ntls-cert = 'localhost.pem'\ntls-key = 'localhost.key'\n\
                  client-ca = 'ours.pem'\nclient-crl = 'revoked.pem'\n";
    write(&folder, "site.toml", config);
    let server = Server::start(&folder, &["--config", &path(&folder, "site.toml")], 1);
    let roots = [made[0].certificate_pem()];
    let (ada, eve) = (client_of(&ours), client_of(&theirs));
    let served = || {
        [&ada, &eve].map(|(certificate, key)| {
            let client = TlsClient {
                name: "localhost",
                roots: &roots,
                identity: Some((certificate, key)),
            };
            client.get(server.address(), "/").is_ok()
        })
    };
    assert_eq!(served(), [true, false]);
    write(&folder, "revoked.pem", &list(&ours, &[1]));
    assert!(server.reload().starts_with("bytegate: reloaded "));
    assert_eq!(served(), [false, false]);
    write(&folder, "ours.pem", &theirs.pem());
    write(&folder, "revoked.pem", "");
    let line = server.reload();
    let expected = format!(
        "bytegate: nothing is reloaded: {} has no revocation list: ",
        path(&folder, "revoked.pem")
    );
    assert!(line.starts_with(&expected), "{line}");
    assert_eq!(served(), [false, false]);
    write(&folder, "revoked.pem", &list(&theirs, &[]));
    assert!(server.reload().starts_with("bytegate: reloaded "));
    assert_eq!(served(), [false, true]);
}

#[test]
fn a_certificate_that_expires_within_two_weeks_is_reported_and_is_a_metric() {
    let (folder, _) = certificates("tls-expiring", &["localhost"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = Duration::from_secs(now.expect("a time").as_secs());
    let day = Duration::from_secs(86_400);
    let make = |days: u32| {
        let until = now + day * days + day / 2;
        let made =
            SelfSigned::valid_between(["localhost"], now - day, until).expect("a certificate");
        write(&folder, "localhost.pem", made.certificate_pem());
        write(&folder, "localhost.key", made.key_pem());
        until.as_secs()
    };
    let [certificate, key] = ["localhost.pem", "localhost.key"].map(|name| path(&folder, name));
    let admin = format!("unix:{}", path(&folder, "admin.sock"));
    let arguments = [
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--admin",
        &admin,
    ];
    let metric = || {
        let socket = std::os::unix::net::UnixStream::connect(path(&folder, "admin.sock"));
        let mut client = StreamClient::new(socket.expect("it listens"));
        let response = client.get("/metrics").expect("a response");
        let start = "bytegate_certificate_expiry_timestamp_seconds{name=\"localhost\"} ";
        let mut lines = response.text().lines();
        let line = lines.find_map(|line| line.strip_prefix(start));
        line.expect("the metric").parse::<u64>().expect("a number")
    };
    let until = make(3);
    let server = Server::start(&folder, &arguments, 2);
    let line = "the certificate for localhost expires in 3 days: renew it\n";
    assert_eq!(server.lines[1], format!("  {line}"));
    assert_eq!(metric(), until);
    let until = make(0);
    let id = server.program.child.id().to_string();
    let sent = Command::new("kill").args(["-HUP", &id]).status();
    assert!(sent.expect("a system with kill").success());
    let line = std::iter::repeat_with(|| server.program.error_line());
    let mut line = line.skip_while(|line| !line.starts_with("bytegate: "));
    let expected = "bytegate: the certificate for localhost expires within a day: renew it\n";
    assert_eq!(line.next().as_deref(), Some(expected));
    assert!(server.program.error_line().contains("reloaded"));
    assert_eq!(metric(), until);
    make(14);
    assert!(server.reload().contains("reloaded"));
}

#[test]
fn http_is_redirected_except_for_challenges_of_authorities() {
    let (folder, _) = certificates("tls-redirect", &["localhost"]);
    let challenge = "public/.well-known/acme-challenge";
    std::fs::create_dir_all(folder.path.join(challenge)).expect("a folder");
    write(&folder, &format!("{challenge}/token"), "proof");
    let public = path(&folder, "public");
    let arguments = [&*public, "--tls", "--redirect-http", "0"];
    let server = Server::start(&folder, &arguments, 4);
    let line = server
        .lines
        .iter()
        .find_map(|line| line.split_once("http://"));
    let (_, plain) = line.expect("the plain address");
    let plain = plain.split('/').next().expect("an address");
    let get = |target: &str| {
        let mut client = StreamClient::connect(plain).expect("it listens");
        client.get(target).expect("a response")
    };
    let response = get("/a?b=c");
    assert_eq!(response.status(), Status::PERMANENT_REDIRECT);
    let (_, port) = server.address().rsplit_once(':').expect("a port");
    let expected = format!("https://localhost:{port}/a?b=c");
    assert_eq!(response.header("Location"), Some(&*expected));
    assert_eq!(get("/.well-known/acme-challenge/token").text(), "proof");
}

#[test]
fn plain_http_on_a_tls_port_gets_an_explanation() {
    let state = Folder::new("tls-plain", &[("unused", b"")]);
    let server = Server::start(&state, &["--tls"], 1);
    let mut client = StreamClient::connect(server.address()).expect("it listens");
    let response = client.get("/").expect("a response");
    assert_eq!(response.status(), Status::BAD_REQUEST);
    assert!(response.text().contains("https://"), "{}", response.text());
}

#[test]
fn wrong_certificates_are_one_line_that_names_the_file_and_what_is_wrong() {
    let (folder, _) = certificates("tls-wrong", &["a.test", "b.test"]);
    let day = Duration::from_secs(86_400);
    let old = SelfSigned::valid_between(["a.test"], Duration::ZERO, day).expect("a certificate");
    write(&folder, "old.pem", old.certificate_pem());
    write(&folder, "old.key", old.key_pem());
    write(
        &folder,
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    write(&folder, "empty.pem", "");
    for (certificate, key, named, expected) in [
        ("none.pem", "a.test.key", "none.pem", "cannot read "),
        ("a.test.pem", "none.key", "none.key", "cannot read "),
        ("empty.pem", "a.test.key", "empty.pem", "has no certificate"),
        (
            "a.test.pem",
            "a.test.pem",
            "a.test.pem",
            "has no private key",
        ),
        (
            "a.test.pem",
            "b.test.key",
            "b.test.key",
            "does not belong to",
        ),
        (
            "a.test.pem",
            "encrypted.key",
            "encrypted.key",
            "is encrypted",
        ),
        ("old.pem", "old.key", "old.pem", "expired on "),
    ] {
        let [certificate, key] = [certificate, key].map(|name| path(&folder, name));
        let arguments = ["--tls-cert", &certificate, "--tls-key", &key, "--port", "0"];
        let line = complaint(&arguments, 1);
        let named = path(&folder, named);
        assert!(line.contains(expected) && line.contains(&named), "{line}");
    }
    let [certificate, key] = ["a.test.pem", "a.test.key"].map(|name| path(&folder, name));
    let authorities = path(&folder, "empty.pem");
    let pair = ["--tls-cert", &certificate, "--tls-key", &key, "--port", "0"];
    let line = complaint(&[&pair[..], &["--client-ca", &authorities]].concat(), 1);
    assert!(
        line.contains("has no certificate") && line.contains(&authorities),
        "{line}"
    );
}

#[test]
fn a_redirect_that_is_neither_a_port_nor_an_address_is_refused() {
    assert_eq!(
        complaint(&["--tls", "--redirect-http", "x"], 2),
        "bytegate: --redirect-http \"x\": not a port from 0 to 65535, or an address such as 0.0.0.0:80 (see bytegate --help)"
    );
}
