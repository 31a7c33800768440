//! The commands.

use super::groups::Scope;

/// The specification of a command.
#[derive(Debug)]
pub(crate) struct CommandSpec {
    pub(crate) name: &'static str,
    /// What follows the name of the program.
    pub(crate) usage: &'static str,
    pub(crate) help: &'static str,
    /// The scopes of the options that it takes.
    pub(crate) scopes: &'static [Scope],
    /// Whether this system has the command.
    pub(crate) is_built: bool,
}

/// The command that needs no name.
const SERVE: CommandSpec = CommandSpec {
    name: "serve",
    usage: "[serve] [DIR] [OPTIONS]",
    help: "Serve the files in DIR over TCP, picking up changes, or the demo without DIR. If DIR is a \
           single file, serve it at / and at its name. This is the default command.",
    scopes: &[
        Scope::Folder,
        Scope::Content,
        Scope::Requests,
        Scope::Server,
    ],
    is_built: true,
};

const COMMANDS: &[CommandSpec] = &[
    SERVE,
    CommandSpec {
        name: "handle",
        usage: "handle [DIR] [OPTIONS]",
        help: "Read requests from standard input, write the responses to standard output.",
        scopes: &[Scope::Folder, Scope::Content, Scope::Requests],
        is_built: true,
    },
    CommandSpec {
        name: "routes",
        usage: "routes [DIR] [OPTIONS]",
        help: "List the routes in match order.",
        scopes: &[Scope::Folder, Scope::Content],
        is_built: true,
    },
    CommandSpec {
        name: "explain",
        usage: "explain",
        help: "Read requests from standard input and show how they are parsed: the request line, \
               headers and framing of each, or the rule that is broken, and where.",
        scopes: &[],
        is_built: true,
    },
    CommandSpec {
        name: "wsgi",
        usage: "wsgi MODULE:APPLICATION [DIR] [OPTIONS]",
        help: "Serve a Python application, such as shop.wsgi:application, over TCP (Unix only). With \
               DIR, existing files are served, except Python sources, and the application gets all \
               other paths. An application with one parameter, as in the tutorial, gets only the \
               paths that end in .py.",
        scopes: &[
            Scope::Folder,
            Scope::Content,
            Scope::Requests,
            Scope::Server,
            Scope::Wsgi,
        ],
        is_built: cfg!(unix),
    },
];

impl CommandSpec {
    /// Returns all commands, including those of other systems.
    pub(crate) fn all() -> impl Iterator<Item = &'static CommandSpec> {
        COMMANDS.iter()
    }

    /// Returns the command that is meant if none is named.
    pub(crate) fn usual() -> &'static CommandSpec {
        &SERVE
    }

    /// Returns the commands of this system.
    pub(crate) fn built() -> impl Iterator<Item = &'static CommandSpec> {
        COMMANDS.iter().filter(|command| command.is_built)
    }
}
