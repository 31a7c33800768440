//! A row of the table of options.

/// The specification of an option.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The name, which is the key in a config file.
    pub(crate) name: &'static str,
    pub(crate) short: Option<char>,
    pub(crate) takes: Takes,
    /// The word for the value in the help, such as `PAGE`. Empty for a switch.
    pub(crate) value: &'static str,
    pub(crate) help: &'static str,
    pub(crate) default: Option<&'static str>,
    pub(crate) completes: Completes,
    /// Whether the option has no effect on a running program that reloads its configuration.
    pub(crate) is_read_once: bool,
    /// The feature that the option needs, if any.
    pub(crate) feature: Option<Feature>,
}

/// The values that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `true`, `false` or none, which is `true`.
    Switch,
    /// `true`, `false`, none or text.
    SwitchOrText,
    /// A number, or a number with a unit.
    Number,
    Text,
    /// Text. The option can be repeated.
    Texts,
    /// Text, or a table with these parts. The option can be repeated.
    Rules(&'static [&'static str]),
}

/// The values that a shell completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completes {
    Nothing,
    Words(&'static [&'static str]),
    Files,
    /// Programs, by name or by path.
    Programs,
}

/// A feature of the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    /// Whether this program was built with it.
    pub(crate) is_built: bool,
}

impl Takes {
    /// Returns whether an option has this value when it is given without one.
    pub(crate) fn is_implied(self, text: &str) -> bool {
        self.is_optional() && text == "true"
    }

    /// Returns whether the option can be given without a value.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Takes::Switch | Takes::SwitchOrText)
    }

    /// Returns the kind of value that the key in a config file takes.
    pub(crate) fn in_config_file(self) -> &'static str {
        match self {
            Takes::Switch => "true or false",
            Takes::SwitchOrText => "true, false or text",
            Takes::Number => "a number or text",
            Takes::Text => "text",
            Takes::Texts | Takes::Rules(_) => "text or a list of texts",
        }
    }

    /// Returns whether the option can be repeated.
    pub(crate) fn is_repeatable(self) -> bool {
        matches!(self, Takes::Texts | Takes::Rules(_))
    }
}

/// An option without a value.
pub(super) const fn switch(name: &'static str, help: &'static str) -> Spec {
    row(name, Takes::Switch, "", help)
}

/// An option with a number. `value` and `help` are for people.
pub(super) const fn number(name: &'static str, value: &'static str, help: &'static str) -> Spec {
    row(name, Takes::Number, value, help)
}

/// An option with a text.
pub(super) const fn text(name: &'static str, value: &'static str, help: &'static str) -> Spec {
    row(name, Takes::Text, value, help)
}

/// An option with a text, which can be repeated.
pub(super) const fn texts(name: &'static str, value: &'static str, help: &'static str) -> Spec {
    row(name, Takes::Texts, value, help)
}

/// An option of another kind.
pub(super) const fn row(
    name: &'static str,
    takes: Takes,
    value: &'static str,
    help: &'static str,
) -> Spec {
    Spec {
        name,
        short: None,
        takes,
        value,
        help,
        default: None,
        completes: Completes::Nothing,
        is_read_once: false,
        feature: None,
    }
}

impl Spec {
    pub(super) const fn short(self, letter: char) -> Spec {
        Spec {
            short: Some(letter),
            ..self
        }
    }

    /// Sets the default, as the help shows it.
    pub(super) const fn default(self, default: &'static str) -> Spec {
        Spec {
            default: Some(default),
            ..self
        }
    }

    /// Says that a change needs a restart of the program.
    pub(super) const fn at_start(self) -> Spec {
        Spec {
            is_read_once: true,
            ..self
        }
    }

    pub(super) const fn completes(self, completes: Completes) -> Spec {
        Spec { completes, ..self }
    }

    /// Sets the feature that the option needs, and whether the program has it: `cfg!(feature = ...)`.
    pub(super) const fn feature(self, name: &'static str, is_built: bool) -> Spec {
        Spec {
            feature: Some(Feature { name, is_built }),
            ..self
        }
    }

    /// Returns why this program cannot apply the option, if it was built without its feature.
    pub(crate) fn missing_feature(&self) -> Option<String> {
        let feature = self.feature.filter(|feature| !feature.is_built)?;
        Some(format!(
            "this program was built without it: build it with --features net,{}",
            feature.name
        ))
    }

    /// Returns the option as the help shows it: `-p, --port N`.
    pub(crate) fn usage(&self) -> String {
        let short = self.short.map_or(String::new(), |it| format!("-{it}, "));
        let value = match (self.takes, self.value) {
            (_, "") => String::new(),
            (Takes::SwitchOrText, value) => format!("[={value}]"),
            (_, value) => format!(" {value}"),
        };
        format!("{short}--{}{value}", self.name)
    }

    /// Returns the whole help: its text, its default, and the feature that it needs.
    pub(crate) fn description(&self) -> String {
        let default = self.default.map(|it| format!(" [default: {it}]"));
        let feature = self.feature.map(|it| format!(" (feature {})", it.name));
        [
            self.help,
            &default.unwrap_or_default(),
            &feature.unwrap_or_default(),
        ]
        .concat()
    }
}
