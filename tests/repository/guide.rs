//! The guide works word for word, in an empty directory.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// A code block of the guide.
#[derive(Debug)]
struct Block {
    /// The word after the opening fence, such as `console`.
    kind: String,
    /// The lines that a reader sees.
    text: String,
}

/// The code blocks of the guide, in order.
fn blocks() -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/guide.md");
    let guide = fs::read_to_string(path).expect("the guide");
    let (mut found, mut open): (Vec<Block>, Option<(usize, Block)>) = (Vec::new(), None);
    for line in guide.lines() {
        let indent = line.len() - line.trim_start().len();
        let fence = line.trim_start().strip_prefix("```");
        match (fence, open.take()) {
            (Some(kind), None) => {
                let (kind, text) = (kind.to_string(), String::new());
                open = Some((indent, Block { kind, text }));
            }
            (Some(_), Some((_, block))) => found.push(block),
            (None, Some((indent, mut block))) => {
                let line = line.get(indent..).unwrap_or_default();
                // Lines that rustdoc hides.
                if line != "#" && !line.starts_with("# ") {
                    block.text += line;
                    block.text.push('\n');
                }
                open = Some((indent, block));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    found
}

/// The reader of the guide: an empty directory beside a clone of the crate.
struct Reader {
    folder: PathBuf,
}

impl Reader {
    fn new() -> Reader {
        let folder = env::temp_dir().join(format!("bytegate-guide-{}", process::id()));
        fs::create_dir(&folder).expect("an empty directory");
        std::os::unix::fs::symlink(env!("CARGO_MANIFEST_DIR"), folder.join("bytegate"))
            .expect("a clone");
        Reader { folder }
    }

    fn project(&self) -> PathBuf {
        self.folder.join("guestbook")
    }

    /// Runs a command line in the project, or beside it as long as there is none. Returns its output.
    fn run(&self, line: &str) -> String {
        let is_new = !self.project().exists();
        let folder = if is_new {
            self.folder.clone()
        } else {
            self.project()
        };
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            // Those of this test would apply to the project too.
            .env_remove("RUSTFLAGS")
            .output()
            .expect("a shell");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{printed}\n{errors}");
        if is_new && self.project().exists() {
            let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
            fs::copy(lock, self.project().join("Cargo.lock")).expect("the locked versions");
        }
        printed
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Starts the program on a free port.
    fn start(&self, main: &str) -> Server {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        assert_eq!(main.matches("\"127.0.0.1:7890\"").count(), 1);
        self.write("src/main.rs", &main.replace(":7890", &format!(":{port}")));
        self.run("cargo build --quiet");
        let program = Command::new(target().join("debug/guestbook"))
            .stderr(Stdio::null())
            .spawn();
        let program = program.expect("the program");
        Server { port, program }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The dependencies are built once for all runs of this test.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide")
}

/// The running program. It ends with this value.
struct Server {
    port: u16,
    program: Child,
}

impl Server {
    /// Sends a request that closes the connection and returns the response.
    fn send(&self, request: &str) -> String {
        let start = Instant::now();
        let mut stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "{error}"),
            }
            thread::sleep(Duration::from_millis(20));
        };
        stream.write_all(request.as_bytes()).expect("sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A block that is a separate program in the project. Blocks without `main` are its body.
fn as_example(block: &Block) -> String {
    let text = &block.text;
    if text.contains("fuzz_target!") {
        // The crate is a binary, and the macro is a part of `libfuzzer-sys`.
        return format!(
            "#[path = \"../src/main.rs\"] mod guestbook;\n\
             macro_rules! fuzz_target {{ (|$data:ident: &[u8]| $check:expr) => {{\n\
             fn main() {{ for $data in [&b\"GET /\"[..], b\"POST / HTTP/1.1\"] {{ $check }} }}\n\
             }} }}\n{text}"
        );
    }
    format!(
        "#![allow(unreachable_code)]\n\
         fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{text}\nOk(())\n}}\n"
    )
}

#[test]
fn every_block_of_the_guide_works_in_order() {
    let reader = Reader::new();
    let (mut main, mut stages, mut tests, mut examples) = (String::new(), 0, 0, Vec::new());
    for (number, block) in blocks().iter().enumerate() {
        match &block.kind[..] {
            "console" => {
                for line in block.text.lines() {
                    reader.run(line.strip_prefix("$ ").expect("a command"));
                }
            }
            "" | "no_run" if block.text.contains("fn main()") => {
                main = block.text.clone();
                let server = reader.start(&main);
                assert!(server.get("/").starts_with("HTTP/1.1 200 OK\r\n"));
                stages += 1;
            }
            "" if block.text.starts_with("#[cfg(test)]") => {
                main = format!("{main}\n{}", block.text);
                reader.write("src/main.rs", &main);
                let printed = reader.run("cargo test --quiet");
                tests = block.text.matches("#[test]").count();
                assert!(printed.contains(&format!("{tests} passed")), "{printed}");
            }
            "" | "no_run" => {
                let name = format!("block{number}");
                reader.write(&format!("examples/{name}.rs"), &as_example(block));
                if block.kind.is_empty() {
                    examples.push(name);
                }
            }
            kind => panic!("a block of the guide is {kind:?}"),
        }
    }
    assert_eq!((stages, tests), (2, 5));
    let server = reader.start(&main);
    reader.run("cargo build --quiet --examples");
    for example in &examples {
        reader.run(&format!("cargo run --quiet --example {example}"));
    }
    assert!(examples.len() >= 3);
    let signed = server.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 11\r\nConnection: close\r\n\r\nentry=hello",
    );
    assert!(signed.contains("\r\nLocation: /\r\n"), "{signed}");
    assert!(server.get("/").contains("<a href=/entries/0>hello</a>"));
    assert!(server.get("/entries/0").ends_with("<h1>hello</h1>\n"));
}
