//! The completions of the program, in the shells that they are for. Each test is skipped, with a printed line, where its
//! shell is not installed.

use crate::temporary::Folder;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bytegate");

/// Prints the completions of each argument, which is a command line, and after them a line of dashes.
const BASH: &str = r#"
source "$SCRIPT"
complete -p bytegate | grep -q -- '-F _bytegate bytegate' || exit 1
for line in "$@"; do
  # As readline splits it.
  line=${line//=/ = }
  read -ra COMP_WORDS <<< "$line"
  [[ $line == *" " && $line != *"= " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMP_LINE=$line
  COMP_POINT=${#line}
  _bytegate bytegate 2> >(grep -v compopt >&2)
  printf '%s\n' "${COMPREPLY[@]}" ----
done
"#;

/// The same. A terminal is needed: the line editor calls the completion system when it reads a tab. Completions are printed
/// in place of being added, so nothing is listed and no question is asked.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty shell zsh -f -i
{
  type_line() { zpty -w shell "$1"; }
  type_line "PROMPT= RPROMPT= OUT=${(q)OUT}"
  type_line "autoload -Uz compinit; compinit -u -D; source ${(q)SCRIPT}"
  type_line "zstyle ':completion:*' completer _complete"
  type_line "bindkey '^I' complete-word; bindkey '^G' kill-whole-line; unsetopt beep"
  type_line 'compadd() {'
  type_line '  [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }'
  type_line '  local -a found; builtin compadd -A found "$@"; print -rl -- $found >> $OUT'
  type_line '}'
  for line in "$@"; do
    zpty -w -n shell "$line"$'\t\x07'
    type_line 'print -r -- ---- >> $OUT'
  done
  type_line 'exit'
  while zpty -r shell; do :; done
} > /dev/null
cat -- $OUT
"#;

/// The same.
const FISH: &str = r#"
source $SCRIPT
for line in $argv
  complete -C "$line"
  echo ----
end
"#;

/// A shell that completes lines in a folder.
struct Shell {
    folder: Folder,
    /// The shell, its options, and the script that drives it.
    command: Vec<String>,
}

impl Shell {
    /// Returns the shell, or `None` if it is not installed.
    fn find(name: &str, options: &[&str], driver: &str) -> Option<Shell> {
        if Command::new(name).arg("--version").output().is_err() {
            println!("skipped: {name} is not here (apt-get install {name})");
            return None;
        }
        let folder = Folder::new(&[
            ("public/index.html", b""),
            ("users.txt", b""),
            ("bin/zz-python", b"#!/bin/sh\n"),
            ("driver", driver.as_bytes()),
        ]);
        let script = Command::new(PROGRAM).args(["--completions", name]).output();
        let script = script.expect("the program runs");
        assert!(script.status.success() && script.stderr.is_empty());
        folder.write("script", &script.stdout);
        make_executable(&folder.path("bin/zz-python"));
        let command = [&[name], options, &["driver"]].concat();
        Some(Shell {
            command: command.into_iter().map(String::from).collect(),
            folder,
        })
    }

    /// Returns the completions of each line.
    fn complete(&self, lines: &[&str]) -> Vec<BTreeSet<String>> {
        let folder = &self.folder.0;
        let mut paths = vec![folder.join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(lines);
        command.current_dir(folder).env("HOME", folder);
        command.env("SCRIPT", folder.join("script"));
        command.env("OUT", folder.join("out"));
        command.env("PATH", std::env::join_paths(paths).expect("a path"));
        let _ = fs::remove_file(folder.join("out"));
        let output = output_in_time(&mut command);
        let text = String::from_utf8(output.stdout).expect("text");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && errors.is_empty(),
            "{errors}\n{text}"
        );
        let found: Vec<_> = text.split("----\n").map(completions).collect();
        assert_eq!(found.len(), lines.len() + 1, "{text}");
        found[..lines.len()].to_vec()
    }
}

/// Runs a shell, which is ended if it waits for something.
fn output_in_time(command: &mut Command) -> Output {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let shell = command.spawn().expect("the shell runs");
    let id = shell.id().to_string();
    let (done, is_done) = mpsc::channel::<()>();
    thread::spawn(move || {
        if is_done.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").arg(id).status();
        }
    });
    let output = shell.wait_with_output().expect("the shell runs");
    drop(done);
    output
}

/// Returns the completions in the output of a shell, without their descriptions.
fn completions(text: &str) -> BTreeSet<String> {
    let words = text
        .lines()
        .map(|line| line.split('\t').next().unwrap_or(line));
    // Zsh adds the equals sign that a value follows.
    let words = words.map(|word| {
        if word.starts_with('-') {
            word.trim_end_matches('=')
        } else {
            word
        }
    });
    words
        .filter(|it| !it.is_empty())
        .map(String::from)
        .collect()
}

fn make_executable(path: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// Returns the long names of all options, from the help.
fn all_options() -> BTreeSet<String> {
    let help = Command::new(PROGRAM).arg("--help").output();
    let help = String::from_utf8(help.expect("the program runs").stdout).expect("text");
    let names = help.lines().filter_map(|line| {
        let option = line.strip_prefix("  ")?;
        let option = match option.split_once(", ") {
            Some((short, long)) if short.len() == 2 && short.starts_with('-') => long,
            _ => option,
        };
        let name = option.strip_prefix("--")?;
        let end = name.find([' ', '[']).unwrap_or(name.len());
        Some(format!("--{}", &name[..end]))
    });
    names.collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| word.to_string()).collect()
}

/// Checks what a shell completes.
fn check(shell: &Shell) {
    let all = all_options();
    assert!(all.len() > 50 && all.contains("--port"), "{all:?}");
    let lines = [
        "bytegate wsgi --",
        "bytegate explain --",
        "bytegate handle --",
        "bytegate --symlinks ",
        "bytegate --color=a",
        "bytegate serve --dotfiles=",
        "bytegate --completions z",
        "bytegate ha",
        "bytegate serve pub",
        "bytegate --auth-file us",
        "bytegate wsgi --python zz-py",
        "bytegate --pret",
        "bytegate handle --port",
        "bytegate --port ",
    ];
    let [
        wsgi,
        explain,
        handle,
        symlinks,
        color,
        dotfiles,
        shells,
        command,
        folder,
        file,
        program,
        pretty,
        port_of_handle,
        port,
    ] = <[_; 14]>::try_from(shell.complete(&lines)).expect("a set for each line");
    let long = |found: &BTreeSet<String>| -> BTreeSet<String> {
        found
            .iter()
            .filter(|it| it.starts_with("--"))
            .cloned()
            .collect()
    };
    assert_eq!(long(&wsgi), all);
    let of_program = set(&["--config", "--man", "--completions", "--help", "--version"]);
    assert_eq!(long(&explain), of_program);
    assert!(
        handle.contains("--listing") && !handle.contains("--port"),
        "{handle:?}"
    );
    assert_eq!(symlinks, set(&["refuse", "within", "follow"]));
    // Fish completes the whole word.
    let values = |found: &BTreeSet<String>| -> BTreeSet<String> {
        let value = |it: &String| it.rsplit('=').next().map(String::from);
        found.iter().filter_map(value).collect()
    };
    assert_eq!(values(&color), set(&["auto", "always"]));
    assert_eq!(values(&dotfiles), set(&["refuse", "well-known", "serve"]));
    assert_eq!(shells, set(&["zsh"]));
    assert_eq!(command, set(&["handle"]));
    // Bash and zsh add the slash themselves.
    let plain = |found: BTreeSet<String>| -> BTreeSet<String> {
        found
            .iter()
            .map(|it| it.trim_end_matches('/').to_string())
            .collect()
    };
    assert_eq!(plain(folder), set(&["public"]));
    assert_eq!(file, set(&["users.txt"]));
    assert_eq!(program, set(&["zz-python"]));
    assert_eq!(pretty, set(&["--pretty-urls"]));
    assert_eq!(port_of_handle, set(&[]));
    assert_eq!(port, set(&[]));
}

#[test]
fn bash_completes_options_values_commands_and_files() {
    let options = ["--norc", "--noprofile"];
    if let Some(shell) = Shell::find("bash", &options, BASH) {
        check(&shell);
    }
}

#[test]
fn zsh_completes_options_values_commands_and_files() {
    if let Some(shell) = Shell::find("zsh", &["-f"], ZSH) {
        check(&shell);
    }
}

#[test]
fn fish_completes_options_values_commands_and_files() {
    if let Some(shell) = Shell::find("fish", &["--no-config"], FISH) {
        check(&shell);
    }
}

#[test]
fn the_manual_page_is_correct_and_has_every_option() {
    let page = Command::new(PROGRAM).arg("--man").output();
    let page = page.expect("the program runs").stdout;
    let folder = Folder::new(&[("bytegate.1", &page)]);
    let run = |arguments: &[&str]| {
        let mut command = Command::new("mandoc");
        command.args(arguments).current_dir(&folder.0);
        command.arg("bytegate.1").output()
    };
    let Ok(checked) = run(&["-Tlint"]) else {
        println!("skipped: mandoc is not here (apt-get install mandoc)");
        return;
    };
    let complaints = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    let shown = run(&["-Tascii"]).expect("mandoc runs").stdout;
    // Bold letters are printed twice.
    let shown = String::from_utf8(shown).expect("text");
    let mut plain = String::new();
    for character in shown.chars() {
        match character {
            '\u{8}' => drop(plain.pop()),
            _ => plain.push(character),
        }
    }
    for option in all_options() {
        assert!(plain.contains(&option), "{option}");
    }
}
