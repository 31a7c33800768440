//! The groups of options, in the order of the help.

use super::spec::Spec;
use super::{content, folder, program, server, wsgi};

/// Options with the same scope, below a title.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) scope: Scope,
    pub(crate) options: &'static [Spec],
}

/// The scope of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Settings of a folder.
    Folder,
    /// The choice of the site.
    Content,
    /// Limits on requests.
    Requests,
    /// Connections.
    Server,
    /// An application in Python.
    Wsgi,
    /// What the program does. A config file has no such options.
    Program,
}

/// All options. To add one, write its row into its group, and its effect into `Options::apply`.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        title: "Folder options (serve, handle and routes with DIR)",
        scope: Scope::Folder,
        options: folder::OPTIONS,
    },
    Group {
        title: "Options of serve, handle and routes",
        scope: Scope::Content,
        options: content::OPTIONS,
    },
    Group {
        title: "Options of serve and handle",
        scope: Scope::Requests,
        options: content::LIMITS,
    },
    Group {
        title: "Options of serve (addresses)",
        scope: Scope::Server,
        options: server::ADDRESSES,
    },
    Group {
        title: "Options of serve (TLS)",
        scope: Scope::Server,
        options: server::TLS,
    },
    Group {
        title: "Options of serve (proxies in front of it)",
        scope: Scope::Server,
        options: server::PROXIES,
    },
    Group {
        title: "Options of serve (logs and monitoring)",
        scope: Scope::Server,
        options: server::LOGS,
    },
    Group {
        title: "Options of serve (timeouts and limits)",
        scope: Scope::Server,
        options: server::LIMITS,
    },
    Group {
        title: "Options of wsgi, which also takes the options of serve",
        scope: Scope::Wsgi,
        options: wsgi::OPTIONS,
    },
    Group {
        title: "Other options",
        scope: Scope::Program,
        options: program::OPTIONS,
    },
];

impl Spec {
    /// Returns all options.
    pub(crate) fn all() -> impl Iterator<Item = &'static Spec> {
        GROUPS.iter().flat_map(|group| group.options)
    }

    /// Returns the options that are also keys of a config file.
    pub(crate) fn settings() -> impl Iterator<Item = &'static Spec> {
        Spec::all().filter(|spec| spec.scope() != Scope::Program)
    }

    /// Returns the option with a name.
    pub(crate) fn named(name: &str) -> Option<&'static Spec> {
        Spec::all().find(|spec| spec.name == name)
    }

    /// Returns the option with a letter.
    pub(crate) fn with_letter(letter: char) -> Option<&'static Spec> {
        Spec::all().find(|spec| spec.short == Some(letter))
    }

    pub(crate) fn scope(&self) -> Scope {
        let group = GROUPS.iter().find(|group| group.options.contains(self));
        group.map_or(Scope::Program, |group| group.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Takes;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_letters_are_unique_and_each_option_is_described() {
        let (mut names, mut letters) = (BTreeSet::new(), BTreeSet::new());
        for spec in Spec::all() {
            assert!(names.insert(spec.name), "{spec:?}");
            assert!(spec.short.is_none_or(|it| letters.insert(it)), "{spec:?}");
            let is_switch = spec.takes == Takes::Switch;
            assert_eq!(spec.value.is_empty(), is_switch, "{spec:?}");
            assert!(spec.help.starts_with(char::is_uppercase), "{spec:?}");
            assert!(!spec.help.ends_with('.'), "{spec:?}");
            assert!(!spec.help.contains("  "), "{spec:?}");
        }
    }
}
