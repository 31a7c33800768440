//! Tests with a terminal. Linux only.

use super::serve::{Server, get};
use super::*;
use bytegate::Method;
use bytegate::testing::StreamClient;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::os::fd::OwnedFd;

/// The program in a terminal with this number of columns.
fn start(columns: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Program {
    let (terminal, name) = terminal();
    let size = Winsize {
        ws_col: columns,
        ws_row: 40,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).expect("a terminal");
    let open = || {
        File::options()
            .read(true)
            .write(true)
            .open(&name)
            .expect("a terminal")
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm");
    command.envs(variables.iter().copied());
    let child = command.stdin(open()).stdout(open()).stderr(open()).spawn();
    Program {
        child: child.expect("the program starts"),
        stdin: None,
        // Both streams are one.
        stdout: lines(None::<File>),
        stderr: lines(Some(File::from(terminal))),
    }
}

/// The lines about a valid and an invalid request, with dates and times masked.
fn logged(log: impl Fn() -> String, address: &str) -> [String; 2] {
    let invalid = "GET /\x1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n";
    [&*get("/nope"), invalid].map(|request| {
        let mut client = StreamClient::connect(address).expect("it listens");
        client.send(request).expect("it is sent");
        client.response(Method::GET).expect("an answer");
        let line = loop {
            let line = log();
            if line.contains("\"GET ") {
                break line.trim_end().to_string();
            }
        };
        let (before, rest) = line.split_once('[').expect("a date");
        // The first bracket may begin a color.
        let (before, rest) = match rest.split_once('[') {
            Some((color, rest)) if before.ends_with('\x1b') => (format!("{before}[{color}"), rest),
            _ => (before.to_string(), rest),
        };
        let (_, after) = rest.split_once(']').expect("a date");
        let line = format!("{before}[date]{after}");
        match line.rsplit_once(' ') {
            Some((line, time)) if time.ends_with("ms") => {
                let time = time.trim_end_matches("ms");
                assert!(time.parse::<f64>().is_ok() && time.contains('.'), "{time}");
                format!("{line} TIME")
            }
            _ => line,
        }
    })
}

/// The address in the first line.
fn address(program: &Program) -> String {
    let line = program.error_line();
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|url| url.split('/').next());
    address.expect("an address").to_string()
}

#[test]
fn a_terminal_shows_colors_and_the_time_taken_unless_the_user_says_otherwise() {
    let colored = [
        "\x1b[90m127.0.0.1 - - [date] \x1b[0m\"GET /nope HTTP/1.1\" \x1b[33m404\x1b[0m 843 TIME",
        "\x1b[90m127.0.0.1 - - [date] \x1b[0m\"GET /\\x1b\" \x1b[33m400\x1b[0m 96 -",
    ];
    let plain = [
        "127.0.0.1 - - [date] \"GET /nope HTTP/1.1\" 404 843 TIME",
        "127.0.0.1 - - [date] \"GET /\\x1b\" 400 96 -",
    ];
    for (options, variables, expected) in [
        (&[][..], &[][..], colored),
        (&["--color", "auto"], &[], colored),
        (&["--color=always"], &[("NO_COLOR", "1")], colored),
        (&[], &[("NO_COLOR", "1")], plain),
        (&[], &[("TERM", "dumb")], plain),
        (&["--color", "never"], &[], plain),
    ] {
        let arguments = [&["serve", "--port", "0"], options].concat();
        let program = start(100, &arguments, variables);
        let address = address(&program);
        let lines = logged(|| program.error_line(), &address);
        assert_eq!(lines, expected, "{options:?} {variables:?}");
    }
}

#[test]
fn a_pipe_has_no_time_and_colors_only_if_they_are_asked_for() {
    let line = "127.0.0.1 - - [date] \"GET /nope HTTP/1.1\" 404 843";
    let colored =
        "\x1b[90m127.0.0.1 - - [date] \x1b[0m\"GET /nope HTTP/1.1\" \x1b[33m404\x1b[0m 843";
    for (color, expected) in [("auto", line), ("never", line), ("always", colored)] {
        let server = Server::start(&["--color", color]);
        let [lines, _] = logged(|| server.program.line(), &server.address);
        assert_eq!(lines, expected, "{color}");
    }
}

#[test]
fn ctrl_c_is_named_where_it_can_be_typed() {
    let line = start(100, &["--port", "0"], &[]).error_line();
    assert!(line.ends_with("/ (Ctrl-C stops it)\r\n"), "{line}");
}

/// The lines up to the one about the network, and the address that others can reach, if this machine has one.
fn network(program: &Program) -> Option<String> {
    let mut other = None;
    loop {
        let line = program.error_line();
        if line.starts_with("  reachable from the network") {
            return other;
        }
        if let Some(url) = line.strip_prefix("  and on ") {
            other.get_or_insert(url.trim_end().to_string());
        }
    }
}

/// A QR code as it is printed without colors: bright where a camera must see white.
fn drawn(url: &str) -> Vec<String> {
    use qrcode::render::unicode::Dense1x2;
    let code = qrcode::QrCode::with_error_correction_level(url, qrcode::EcLevel::L);
    let code = code.expect("a short text");
    let mut drawing = code.render::<Dense1x2>();
    drawing
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark);
    drawing.build().lines().map(String::from).collect()
}

#[test]
fn the_address_for_phones_is_a_qr_code() {
    let serve = ["--bind", "0.0.0.0", "--port", "0"];
    for (columns, options) in [(100, &[][..]), (20, &["--qr"])] {
        let program = start(columns, &[&serve, options].concat(), &[("NO_COLOR", "1")]);
        let Some(url) = network(&program) else {
            println!("skipped: this machine has no network");
            return;
        };
        for line in drawn(&url) {
            assert_eq!(program.error_line().trim_end_matches("\r\n"), line);
        }
    }
    // In a pipe, and below a base.
    let server = Server::start(&["--bind", "0.0.0.0", "--qr", "--base", "/repo/"]);
    let url = network(&server.program).expect("a network");
    assert!(url.ends_with("/repo/"), "{url}");
    for line in drawn(&url) {
        assert_eq!(server.program.error_line().trim_end_matches('\n'), line);
    }
}

#[test]
fn a_qr_code_has_its_own_colors_if_the_terminal_has_any() {
    let program = start(100, &["--bind", "0.0.0.0", "--port", "0"], &[]);
    let Some(url) = network(&program) else { return };
    for line in drawn(&url) {
        assert_eq!(
            program.error_line(),
            format!("\x1b[97;40m{line}\x1b[0m\r\n")
        );
    }
}

#[test]
fn a_terminal_that_is_too_narrow_for_the_code_is_told_the_width() {
    let program = start(20, &["--bind", "0.0.0.0", "--port", "0"], &[]);
    let Some(url) = network(&program) else { return };
    let columns = drawn(&url)[0].chars().count();
    assert_eq!(
        program.error_line(),
        format!(
            "  the QR code of {url} needs {columns} columns, and this terminal has 20; --qr prints it anyway\r\n"
        )
    );
}

#[test]
fn there_is_no_code_if_it_is_of_no_use_or_not_wanted() {
    let options = ["--port", "0", "--bind"];
    for (terminal, arguments, expected) in [
        (true, &["0.0.0.0", "--no-qr"][..], ""),
        (true, &["127.0.0.1"], ""),
        (false, &["0.0.0.0"], ""),
        (
            false,
            &["127.0.0.1", "--qr"],
            "  --qr: no other device can reach this address; use --bind 0.0.0.0 to let them connect\n",
        ),
    ] {
        let arguments = [&options, arguments].concat();
        let mut program = if terminal {
            start(100, &arguments, &[])
        } else {
            Program::start(&arguments)
        };
        let id = program.child.id().to_string();
        let first = program.error_line();
        assert!(first.starts_with("bytegate serves"), "{first}");
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        assert!(program.child.wait().expect("it ends").success());
        let rest: String = std::iter::from_fn(|| program.stderr.recv_timeout(DEADLINE).ok())
            .map(text)
            .filter(|line| !line.starts_with("  and on ") && !line.starts_with("  reachable from"))
            .take_while(|line| !line.starts_with("bytegate: stopped"))
            .collect();
        assert_eq!(rest, expected, "{arguments:?}");
    }
}

#[test]
fn a_loopback_address_as_process_1_is_said_to_be_of_no_use_to_others() {
    let mut command = Command::new("unshare");
    command.args([
        "--pid",
        "--fork",
        "--kill-child",
        env!("CARGO_BIN_EXE_bytegate"),
        "-p0",
    ]);
    let mut program = Program::run(&mut command, Stdio::piped());
    let first = program.stderr.recv_timeout(DEADLINE).map(text);
    let first = first.unwrap_or_default();
    if !first.starts_with("bytegate serves") {
        println!("skipped: no other process can be the first of its kind here: {first}");
        return;
    }
    insta::assert_snapshot!(program.error_line().trim(), @"process 1 is usually in a container: --bind 0.0.0.0 lets others connect to it");
    // The first process gets no signal that it does not handle.
    let unshare = program.child.id();
    let children = std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
    let child = children.expect("a process with a child");
    let killed = Command::new("kill").args(["-TERM", child.trim()]).status();
    assert!(killed.expect("a system with kill").success());
    let ended = program.ended();
    assert_eq!(
        (ended.code, &*ended.stderr),
        (Some(0), "bytegate: stopped\n")
    );
}

/// A new terminal, and its name.
fn terminal() -> (OwnedFd, String) {
    // A child that had a copy would keep the terminal open.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).expect("a terminal");
    grantpt(&terminal).expect("a terminal");
    unlockpt(&terminal).expect("a terminal");
    let name = ptsname(&terminal, Vec::new()).expect("a terminal");
    let name = name.into_string().expect("a name in UTF-8");
    (terminal, name)
}

#[test]
fn a_program_ends_when_its_terminal_is_closed_unless_hangups_are_ignored() {
    // The tests themselves may run with hangups ignored.
    let arguments = ["env", "--default-signal=HUP", "true"];
    let setsid = Command::new("setsid").args(arguments).output();
    if !setsid.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: setsid or env cannot do that here");
    }
    let folder = Folder::new("closed", &[("a.txt", b"a")]);
    for (signal, ends) in [
        ("--default-signal=HUP", true),
        ("--ignore-signal=HUP", false),
    ] {
        let (terminal, name) = terminal();
        let input = File::options().read(true).write(true).open(name);
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "env", signal])
            .args([env!("CARGO_BIN_EXE_bytegate"), "serve", folder.as_str()])
            .args(["--port", "0"])
            .stdin(input.expect("a terminal"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut program = Program {
            stdin: None,
            stdout: lines(None::<File>),
            stderr: lines(child.stderr.take()),
            child,
        };
        let address = address(&program);
        let hang_up = |program: &Program| {
            let id = program.child.id().to_string();
            let kill = Command::new("kill").args(["-HUP", &id]).status();
            assert!(kill.expect("a system with kill").success());
        };
        let reloads = |program: &Program| while !program.error_line().contains("reloaded ") {};
        hang_up(&program);
        reloads(&program);
        drop(terminal);
        if ends {
            assert_eq!(program.ended().code, Some(0));
            continue;
        }
        hang_up(&program);
        reloads(&program);
        let mut client = StreamClient::connect(&address).expect("it listens");
        assert_eq!(client.get("/a.txt").expect("a response").text(), "a");
    }
}
