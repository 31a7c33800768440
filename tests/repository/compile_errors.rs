//! The messages of the compiler about usual mistakes.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs};

/// Held while the package of the mistakes is built.
static BUILD: Mutex<()> = Mutex::new(());

/// Checks a program that makes a mistake, and returns the compiler's errors. `main` makes a router with this handler.
fn errors(name: &str, items: &str, handler: &str) -> String {
    let _guard = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-errors");
    fs::create_dir_all(package.join("src/bin")).expect("a folder");
    let manifest = format!(
        "[package]\nname = \"mistakes\"\nedition = \"2024\"\n\
         [dependencies]\nbytegate = {{ path = {:?}, default-features = false, features = [\"std\"] }}\n[workspace]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let program = format!(
        "#![allow(unused)]\nuse bytegate::*;\nuse std::sync::Arc;\n{items}\n\
         fn main() {{\n    Router::new().get(\"/\", {handler});\n}}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(package.join(format!("src/bin/{name}.rs")), program).expect("a program");
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    fs::copy(lock, package.join("Cargo.lock")).expect("the locked versions");
    let checked = Command::new(env!("CARGO"))
        .args([
            "check",
            "--quiet",
            "--offline",
            "--bin",
            name,
            "--target-dir",
        ])
        .arg(package.join("target"))
        .current_dir(&package)
        // Those of the test would apply to the program too.
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(!checked.status.success(), "{name} compiles");
    String::from_utf8_lossy(&checked.stderr).into_owned()
}

/// The advice for everything that is not an application.
const ADVICE: &str = "\
error: not an application
- a closure must name the type of its argument: `|request: &Request| ...`
- an `async fn` takes an `OwnedRequest`, because it may run for longer than the request is in memory
- an `async fn` that takes a state as well goes into `with_state_async`: `async fn f(state: Arc<State>, request: OwnedRequest)`
- text, bytes, a `Status`, a `(Status, text)`, and an `Option` or `Result` of them become a `Response`
- an error must be a `Rejection`, which `?` makes of an `io::Error`, a `Status`, or a type with `From<..> for Response`
- what a closure captures must be `Send + Sync + 'static`: `Arc` and `Mutex`, not `Rc`, `RefCell` or a reference
";

/// The titles of the errors, and the notes of this crate. The rest are the compiler's own words, which change from
/// version to version.
fn words(errors: &str) -> String {
    // Shown if the test fails.
    println!("{errors}");
    let mut words = String::new();
    for line in errors.lines() {
        let note = line.trim_start().strip_prefix("= note: ");
        let is_ours = |note: &&str| {
            let others = ["required", "expected"];
            !others.iter().any(|other| note.starts_with(other))
        };
        let title = line.strip_prefix("error[");
        let title = title.and_then(|rest| Some(rest.split_once(": ")?.1));
        if let Some(title) = title {
            let is_application = !title.ends_with("` is not an application");
            let title = if is_application {
                title
            } else {
                "not an application"
            };
            writeln!(words, "error: {title}").expect("a text grows");
        } else if let Some(note) = note.filter(is_ours) {
            writeln!(words, "- {note}").expect("a text grows");
        }
    }
    words
}

#[test]
fn a_closure_without_the_type_of_its_argument() {
    let errors = errors("closure", "", "|request| \"hello\"");
    assert_eq!(words(&errors), ADVICE);
    assert!(errors.contains("not a function from `&Request` to what becomes a `Response`"));
}

#[test]
fn a_closure_that_captures_an_rc() {
    let handler = "{ let shared = std::rc::Rc::new(1); move |_: &Request| shared.to_string() }";
    let expected = "\
error: `Rc<i32>` cannot be sent between threads safely
error: `Rc<i32>` cannot be shared between threads safely
";
    assert_eq!(words(&errors("rc", "", handler)), expected);
}

#[test]
fn a_closure_that_captures_a_cell() {
    let handler =
        "{ let count = std::cell::RefCell::new(1); move |_: &Request| count.borrow().to_string() }";
    let expected = "error: `RefCell<i32>` cannot be shared between threads safely\n";
    assert!(words(&errors("cell", "", handler)).starts_with(expected));
}

#[test]
fn an_async_function_that_borrows_its_request() {
    let items = "async fn hello(request: &Request<'_>) -> String { String::new() }";
    assert_eq!(words(&errors("borrowed", items, "hello")), ADVICE);
}

#[test]
fn an_async_function_with_a_state_and_no_wrapper() {
    let items = "async fn read(state: Arc<u8>, request: OwnedRequest) -> String { String::new() }";
    assert_eq!(words(&errors("state", items, "read")), ADVICE);
}

#[test]
fn an_async_function_in_the_wrapper_for_other_functions() {
    let items = "async fn read(state: Arc<u8>, request: OwnedRequest) -> String { String::new() }";
    let errors = errors("wrapper", items, "with_state(&Arc::new(1), read)");
    // These words are all the compiler's own. It names the arguments that `with_state` wants.
    assert!(words(&errors).starts_with("error: type mismatch in function arguments\n"));
    assert!(errors.contains("Fn(&S, &Request<'_>) -> R"), "{errors}");
}

#[test]
fn an_io_error() {
    let items =
        "fn read(_: &Request) -> Result<String, std::io::Error> { std::fs::read_to_string(\"a\") }";
    assert_eq!(words(&errors("io_error", items, "read")), ADVICE);
}

#[test]
fn a_type_that_does_not_become_a_response() {
    assert_eq!(
        words(&errors("number", "", "|request: &Request| 5")),
        ADVICE
    );
}
