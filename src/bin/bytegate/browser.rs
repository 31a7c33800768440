//! Opens a page in the user's browser.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

/// Opens a URL. Prints an error in one line and ignores it otherwise.
pub(crate) fn open(url: &str) {
    let mut command = opener();
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn() {
        // Some browsers run until they are closed.
        Ok(mut child) => {
            thread::spawn(move || match child.wait() {
                Ok(status) if status.success() => {}
                Ok(status) => complain(&program, &status.to_string()),
                Err(error) => complain(&program, &error.to_string()),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            complain(&program, "program not found");
        }
        Err(error) => complain(&program, &error.to_string()),
    }
}

fn complain(program: &str, reason: &str) {
    crate::complain(&format!("cannot open the browser with {program}: {reason}"));
}

fn opener() -> Command {
    if cfg!(windows) {
        let mut command = Command::new("cmd");
        // The first argument of `start` is a window title.
        command.args(["/C", "start", ""]);
        command
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        Command::new("xdg-open")
    }
}
