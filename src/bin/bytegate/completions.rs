//! Completions for shells, from the table of options.

use crate::table::{CommandSpec, Completes, GROUPS, Scope, Spec, Takes};
use std::fmt::Write;

/// A shell that the program has completions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Returns the script that completes the arguments of the program.
pub(crate) fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

fn bash() -> String {
    let mut values = String::new();
    for option in Spec::all().filter(|option| !option.takes.is_optional()) {
        let names = names(option).join("|");
        let completed = match option.completes {
            Completes::Nothing => String::new(),
            Completes::Words(words) => format!("_bytegate_words '{}'; ", words.join(" ")),
            Completes::Files => "_bytegate_files; ".to_string(),
            Completes::Programs => "_bytegate_programs; ".to_string(),
        };
        let _ = writeln!(values, "    {names}) {completed}return ;;");
    }
    let mut options = String::new();
    for command in CommandSpec::built() {
        let names: Vec<String> = options_of(command).flat_map(names).collect();
        let _ = writeln!(
            options,
            "    {}) _bytegate_words '{}' ;;",
            command.name,
            names.join(" ")
        );
    }
    let commands = command_names();
    let alternatives = commands.join("|");
    let commands = commands.join(" ");
    format!(
        r##"# Completions for bash: source <(bytegate --completions bash)

_bytegate_words() {{
  COMPREPLY+=($(compgen -W "$1" -- "$current"))
}}

_bytegate_files() {{
  local IFS=$'\n'
  compopt -o filenames
  COMPREPLY+=($(compgen -f -- "$current"))
}}

_bytegate_programs() {{
  local IFS=$'\n'
  compopt -o filenames
  COMPREPLY+=($(compgen -c -- "$current"))
}}

_bytegate() {{
  COMPREPLY=()
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  # Bash makes three words of --option=value.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  case $previous in
{values}  esac
  local command= word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
    case $word in
    {alternatives}) command=$word && break ;;
    esac
  done
  if [[ $current == -* ]]; then
    case ${{command:-serve}} in
{options}    esac
    return
  fi
  [[ -n $command ]] || _bytegate_words '{commands}'
  _bytegate_files
}}

complete -F _bytegate bytegate
"##
    )
}

fn zsh() -> String {
    let mut arrays = String::new();
    for group in GROUPS {
        let _ = writeln!(arrays, "  {}+=(", array(group.scope));
        for option in group.options {
            let _ = writeln!(arrays, "    {}", zsh_spec(option));
        }
        arrays.push_str("  )\n");
    }
    let mut commands = String::new();
    let mut cases = String::new();
    for command in CommandSpec::built() {
        let summary = summary(command.help).replace(':', "\\:");
        let _ = writeln!(
            commands,
            "    {}",
            quoted(&format!("{}:{summary}", command.name))
        );
        let scopes = command.scopes.iter().chain(&[Scope::Program]);
        let arrays: Vec<String> = scopes.map(|it| format!("${}", array(*it))).collect();
        let _ = writeln!(
            cases,
            "    ({}) specs=({}) ;;",
            command.name,
            arrays.join(" ")
        );
    }
    let alternatives = command_names().join("|");
    format!(
        r#"#compdef bytegate
# Completions for zsh: bytegate --completions zsh > a folder of $fpath/_bytegate

_bytegate_arguments() {{
  local -a commands=(
{commands}  )
  [[ -n $command ]] || _describe -t commands command commands
  _files
}}

_bytegate() {{
  local -a of_folder of_content of_requests of_server of_wsgi of_program specs
{arrays}  local command word
  for word in ${{words[2,CURRENT - 1]}}; do
    case $word in
    ({alternatives}) command=$word; break ;;
    esac
  done
  case ${{command:-serve}} in
{cases}  esac
  _arguments -s -S : $specs '*:argument:_bytegate_arguments'
}}

if [[ $funcstack[1] == _bytegate ]]; then
  _bytegate "$@"
else
  compdef _bytegate bytegate
fi
"#
    )
}

/// Returns the name of the array of a scope's options.
fn array(scope: Scope) -> &'static str {
    match scope {
        Scope::Folder => "of_folder",
        Scope::Content => "of_content",
        Scope::Requests => "of_requests",
        Scope::Server => "of_server",
        Scope::Wsgi => "of_wsgi",
        Scope::Program => "of_program",
    }
}

/// Returns the specification of an option for `_arguments`.
fn zsh_spec(option: &Spec) -> String {
    let escape = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace(':', "\\:");
        escaped.replace('[', "\\[").replace(']', "\\]")
    };
    let action = match option.completes {
        Completes::Nothing => " ".to_string(),
        Completes::Words(words) => {
            let words: Vec<String> = words.iter().map(|it| escape(it)).collect();
            format!("({})", words.join(" "))
        }
        Completes::Files => "_files".to_string(),
        Completes::Programs => "_command_names -e".to_string(),
    };
    let value = match option.takes {
        Takes::Switch => String::new(),
        // The value must be in the same word.
        Takes::SwitchOrText => format!("::{}:{action}", escape(option.value)),
        _ => format!(":{}:{action}", escape(option.value)),
    };
    let summary = escape(summary(option.help));
    let exclusion = match (option.takes.is_repeatable(), option.short) {
        (true, _) => "*".to_string(),
        (false, Some(letter)) => format!("(-{letter} --{})", option.name),
        (false, None) => String::new(),
    };
    let marks = match option.takes {
        Takes::Switch => ("", ""),
        Takes::SwitchOrText => ("", "=-"),
        _ => ("+", "="),
    };
    let form =
        |name: String, mark: &str| quoted(&format!("{exclusion}{name}{mark}[{summary}]{value}"));
    let short = option.short.map(|it| form(format!("-{it}"), marks.0));
    let long = form(format!("--{}", option.name), marks.1);
    short.map_or(long.clone(), |short| format!("{short} {long}"))
}

fn fish() -> String {
    let mut script = "# Completions for fish: bytegate --completions fish | source\n\n".to_string();
    let commands = command_names().join(" ");
    for command in CommandSpec::built() {
        let _ = writeln!(
            script,
            "complete -c bytegate -n {} -a {} -d {}",
            quoted(&format!("not __fish_seen_subcommand_from {commands}")),
            command.name,
            quoted(summary(command.help))
        );
    }
    for group in GROUPS {
        let condition = fish_condition(group.scope);
        let _ = writeln!(script, "\n# {}", group.title);
        for option in group.options {
            let short = option.short.map_or(String::new(), |it| format!(" -s {it}"));
            let value = match (option.takes.is_optional(), option.completes) {
                (true, _) => String::new(),
                (_, Completes::Nothing) => " -x".to_string(),
                (_, Completes::Words(words)) => format!(" -x -a {}", quoted(&words.join(" "))),
                (_, Completes::Files) => " -r -F".to_string(),
                (_, Completes::Programs) => " -x -a '(__fish_complete_command)'".to_string(),
            };
            let _ = writeln!(
                script,
                "complete -c bytegate{condition}{short} -l {}{value} -d {}",
                option.name,
                quoted(summary(option.help))
            );
        }
    }
    script
}

/// Returns the condition under which the options of a scope are completed. Without a command, those of the usual one are.
fn fish_condition(scope: Scope) -> String {
    let names = |has_it: bool| {
        let commands = CommandSpec::built();
        let of_kind = commands.filter(move |it| takes(it, scope) == has_it);
        of_kind.map(|it| it.name).collect::<Vec<_>>().join(" ")
    };
    let condition = if takes(CommandSpec::usual(), scope) {
        format!("not __fish_seen_subcommand_from {}", names(false))
    } else {
        format!("__fish_seen_subcommand_from {}", names(true))
    };
    match scope {
        Scope::Program => String::new(),
        _ => format!(" -n {}", quoted(&condition)),
    }
}

fn takes(command: &CommandSpec, scope: Scope) -> bool {
    scope == Scope::Program || command.scopes.contains(&scope)
}

fn options_of(command: &CommandSpec) -> impl Iterator<Item = &'static Spec> {
    Spec::all().filter(|option| takes(command, option.scope()))
}

fn command_names() -> Vec<&'static str> {
    CommandSpec::built().map(|command| command.name).collect()
}

/// Returns the names of an option as they are typed.
fn names(option: &Spec) -> Vec<String> {
    let short = option.short.map(|letter| format!("-{letter}"));
    let long = format!("--{}", option.name);
    short.into_iter().chain([long]).collect()
}

/// Returns the first part of a description.
fn summary(help: &str) -> &str {
    let ends = [": ", "; ", ". ", " ["].map(|end| help.find(end).unwrap_or(help.len()));
    let end = ends.into_iter().min().unwrap_or(help.len());
    help[..end].trim_end_matches('.')
}

/// Returns text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
