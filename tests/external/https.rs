//! The program with TLS, and curl. The test is skipped, with a printed line, where curl is not installed.

use crate::temporary::Folder;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The program, killed when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the text between two others.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

#[test]
fn curl_follows_the_redirect_and_trusts_the_certificate_that_was_kept() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not here (apt-get install curl)");
        return;
    }
    let folder = Folder::new(&[("public/index.html", b"a page\n")]);
    let mut program = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    program.args(["public", "--port=0", "--redirect-http=0", "--tls"]);
    program
        .current_dir(&folder.0)
        .env("XDG_STATE_HOME", &folder.0);
    program.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut program = Program(program.spawn().expect("the program starts"));
    let lines = BufReader::new(program.0.stderr.take().expect("a pipe")).lines();
    let (mut secure, mut plain) = (None, None);
    for line in lines.map_while(Result::ok) {
        let port = |start| between(&line, start, "/").map(String::from);
        secure = secure.or(port("https://127.0.0.1:"));
        plain = plain.or(port("http://127.0.0.1:"));
        if secure.is_some() && plain.is_some() {
            break;
        }
    }
    let (secure, plain) = secure.zip(plain).expect("two addresses");
    let curl = |arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "30"]);
        let output = curl.args(arguments).current_dir(&folder.0).output();
        let output = output.expect("curl runs");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let authority = ["--cacert", "bytegate/self-signed.pem"];
    let followed = format!("http://localhost:{plain}/");
    let written = "%{url_effective} %{http_version} %{ssl_verify_result}";
    let arguments = ["--location", "--write-out", written, &followed];
    let (output, errors) = curl(&[&authority[..], &arguments].concat());
    let expected = format!("a page\nhttps://localhost:{secure}/ 1.1 0");
    assert_eq!((output, errors), (expected, String::new()));
    // Without the certificate, nothing is fetched.
    let (output, errors) = curl(&[&format!("https://localhost:{secure}/")]);
    assert_eq!(output, "");
    assert!(errors.contains("certificate"), "{errors}");
}
