//! A headless Chromium, driven over the WebDriver protocol (W3C WebDriver) by `chromedriver`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything in the browser may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts a browser; `None` if Chromium or its driver is not installed.
    pub(crate) fn start() -> Option<Browser> {
        let find = |names: &[&str]| {
            let folders = ["/usr/bin", "/usr/local/bin", "/usr/lib/chromium"];
            let mut paths = folders
                .iter()
                .flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)));
            paths.find(|path| path.exists())
        };
        let chromium = find(&["chromium", "chromium-browser", "google-chrome"])?;
        let driver = find(&["chromedriver"])?;
        let mut driver = Command::new(driver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let stdout = BufReader::new(driver.stdout.take().expect("a pipe"));
        let port = stdout
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("successfully on port ")?.1[..].parse_port())
            .expect("chromedriver says where it listens");
        let profile = std::env::temp_dir().join(format!("bytegate-browser-{}", driver.id()));
        let mut browser = Browser {
            driver,
            port,
            session: String::new(),
            profile,
        };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", browser.profile.display()),
        ];
        let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        let response = browser.ask(
            "POST",
            "/session",
            &format!(
                "{{\"capabilities\": {{\"alwaysMatch\": {{\"browserName\": \"chrome\", \
                 \"acceptInsecureCerts\": true, \
                 \"goog:chromeOptions\": {{\"binary\": {}, \"args\": [{}]}}}}}}}}",
                quoted(&chromium.display().to_string()),
                arguments.join(", ")
            ),
        );
        browser.session = string_after(&response, "\"sessionId\":");
        Some(browser)
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("url", &format!("{{\"url\": {}}}", quoted(url)));
    }

    /// Goes back in the history.
    pub(crate) fn back(&self) {
        self.command("back", "{}");
    }

    /// Goes forward in the history.
    pub(crate) fn forward(&self) {
        self.command("forward", "{}");
    }

    /// Runs the body of an async function in the page and returns its result as text.
    pub(crate) fn run(&self, body: &str) -> String {
        // Each character is sent as four hexadecimal digits, so that no JSON escapes have to be parsed.
        let script = format!(
            "const done = arguments[0];
             const hex = text => Array.from({{length: text.length}}, (_, at) =>
               text.charCodeAt(at).toString(16).padStart(4, '0')).join('');
             (async () => {{ {body} }})().then(
               text => done('ok' + hex(String(text))),
               error => done('no' + hex(String(error))));"
        );
        let command = format!("{{\"script\": {}, \"args\": []}}", quoted(&script));
        let response = self.command("execute/async", &command);
        let value = string_after(&response, "\"value\":");
        let (outcome, digits) = value.split_at(2);
        let units: Vec<u16> = digits
            .as_bytes()
            .chunks(4)
            .map(|digits| {
                let digits = std::str::from_utf8(digits).expect("digits");
                u16::from_str_radix(digits, 16).expect("digits")
            })
            .collect();
        let text = String::from_utf16_lossy(&units);
        assert_eq!(outcome, "ok", "the script failed: {text}");
        text
    }

    /// Waits until an expression is true in the page.
    pub(crate) fn wait_until(&self, expression: &str) {
        let start = Instant::now();
        while self.run(&format!("return {expression};")) != "true" {
            assert!(start.elapsed() < PATIENCE, "not in time: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Shows pages with a width in pixels, in `light` or `dark`.
    pub(crate) fn show_as(&self, width: u32, scheme: &str) {
        self.emulate(
            "setDeviceMetricsOverride",
            &format!("{{\"width\": {width}, \"height\": 600, \"deviceScaleFactor\": 1, \"mobile\": false}}"),
        );
        let feature = format!("{{\"name\": \"prefers-color-scheme\", \"value\": \"{scheme}\"}}");
        self.emulate(
            "setEmulatedMedia",
            &format!("{{\"features\": [{feature}]}}"),
        );
    }

    /// Sends a command of the DevTools protocol.
    fn emulate(&self, name: &str, parameters: &str) {
        let command = format!("{{\"cmd\": \"Emulation.{name}\", \"params\": {parameters}}}");
        self.command("goog/cdp/execute", &command);
    }

    fn command(&self, name: &str, body: &str) -> String {
        self.ask("POST", &format!("/session/{}/{name}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout for reads");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream
            .write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())
            .expect("the driver reads");
        // The driver does not close the connection.
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let count = stream.read_line(&mut head).expect("the driver answers");
            assert_ne!(count, 0, "{path}: {head}");
        }
        let head = head.to_ascii_lowercase();
        let length = head.split_once("content-length:").expect("a length").1;
        let length = length.lines().next().unwrap_or_default().trim();
        let mut text = vec![0; length.parse().expect("a length")];
        stream.read_exact(&mut text).expect("the whole answer");
        let text = String::from_utf8(text).expect("JSON");
        assert!(head.starts_with("http/1.1 200"), "{path}: {text}");
        text
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask("DELETE", &format!("/session/{}", self.session), "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

trait ParsePort {
    fn parse_port(&self) -> Option<u16>;
}

impl ParsePort for str {
    fn parse_port(&self) -> Option<u16> {
        self.trim_end_matches('.').parse().ok()
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                quoted += &format!("\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// The string after a key; it must not contain escapes.
fn string_after(response: &str, key: &str) -> String {
    let (_, rest) = response
        .split_once(key)
        .unwrap_or_else(|| panic!("no {key} in {response}"));
    let value = rest.trim_start().strip_prefix('"').expect("a string");
    value.split('"').next().unwrap_or_default().to_string()
}
