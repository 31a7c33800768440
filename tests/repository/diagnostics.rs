//! What the compiler says about usual mistakes.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The errors of a program whose `main` has this body.
fn errors(name: &str, items: &str, body: &str) -> String {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(package.join("src")).expect("a folder");
    let manifest = format!(
        "[package]\nname = \"mistake\"\nedition = \"2024\"\n\
         [dependencies]\nbytegate = {{ path = {:?}, default-features = false }}\n[workspace]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let program = format!(
        "#![allow(unused)]\nuse bytegate::*;\n{items}\nfn main() {{ Gateway::new({body}); }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(package.join("src/main.rs"), program).expect("a program");
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    fs::copy(lock, package.join("Cargo.lock")).expect("the locked versions");
    let checked = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--target-dir"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes"))
        .current_dir(&package)
        // Those of the test would apply to the program too.
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(!checked.status.success(), "{name} compiles");
    String::from_utf8_lossy(&checked.stderr).into_owned()
}

#[test]
fn an_async_function_is_no_application_and_the_error_says_what_to_do() {
    let function = "async fn hello(request: &Request<'_>) -> String { String::new() }";
    let errors = errors("async", function, "hello");
    assert!(errors.contains("is not an application"), "{errors}");
    assert!(
        errors.contains("an `async fn` takes an `OwnedRequest`"),
        "{errors}"
    );
}

#[test]
fn what_does_not_become_a_response_is_named_with_what_does() {
    let errors = errors("number", "", "|request: &Request<'_>| 5");
    assert!(errors.contains("is not an application"), "{errors}");
    assert!(errors.contains("text, bytes, a `Status`"), "{errors}");
}
