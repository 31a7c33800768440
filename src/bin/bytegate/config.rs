//! The config file: options in TOML.

use crate::meant;
use crate::options::{Options, Origin, Setting};
use crate::table::{Scope, Spec, Takes};
use crate::values::Value;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The key for the folder, which is a positional argument on the command line.
const FOLDER: &str = "folder";

/// The settings in a config file.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) settings: Vec<Setting>,
}

/// Parses the text of a config file. Errors name its path, and relative paths start at its folder.
///
/// # Errors
/// Returns an error that names the file, the line and the invalid key.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, String> {
    let source = Source {
        path: Arc::new(path.to_path_buf()),
        text,
    };
    let table = DeTable::parse(text)
        .map_err(|error| source.error(&error.span().unwrap_or_default(), error.message()))?;
    let mut keys: Vec<_> = table.get_ref().iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    let mut config = Config::default();
    for (key, value) in keys {
        let option = Spec::named(key.get_ref()).filter(|it| it.scope() != Scope::Program);
        match (&**key.get_ref(), option) {
            (FOLDER, _) => config.folder = Some(source.folder(value)?),
            (_, Some(option)) => config.settings.extend(source.settings(option, value)?),
            (name, None) => {
                let known = Spec::settings().map(|spec| spec.name).chain([FOLDER]);
                let meant = meant::question(name, known);
                let error = format!("unknown option {name:?}{meant}");
                return Err(source.error(&key.span(), &error));
            }
        }
    }
    Ok(config)
}

/// The text of a config file.
struct Source<'a> {
    path: Arc<PathBuf>,
    text: &'a str,
}

impl Source<'_> {
    fn folder(&self, value: &Spanned<DeValue<'_>>) -> Result<PathBuf, String> {
        let folder = read(value.get_ref(), Takes::Text)
            .and_then(|folder| folder.text().map(PathBuf::from))
            .map_err(|error| self.error(&value.span(), &format!("{FOLDER}: {error}")))?;
        let base = self.path.parent().unwrap_or(Path::new(""));
        Ok(base.join(folder))
    }

    /// Returns the values of an option. Some options have several.
    fn settings(
        &self,
        option: &'static Spec,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<Setting>, String> {
        let values = match value.get_ref() {
            DeValue::Array(values) if option.takes.is_repeatable() => values.iter().collect(),
            _ => vec![value],
        };
        let setting = |value: &Spanned<DeValue<'_>>| {
            let span = value.span();
            let read = read(value.get_ref(), option.takes);
            let setting = Setting {
                option,
                value: read.map_err(|it| self.error(&span, &format!("{}: {it}", option.name)))?,
                origin: Origin::File {
                    path: self.path.clone(),
                    line: self.line(&span),
                },
            };
            Options::default().set(setting.clone())?;
            Ok(setting)
        };
        values.into_iter().map(setting).collect()
    }

    fn error(&self, span: &Range<usize>, error: &str) -> String {
        format!("{:?} line {}: {error}", self.path, self.line(span))
    }

    /// Returns the number of the line in which a span begins.
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}

/// Converts a value into its form on the command line.
fn read(value: &DeValue<'_>, takes: Takes) -> Result<Value, String> {
    let text = match (value, takes) {
        (DeValue::Boolean(is_on), Takes::Switch | Takes::SwitchOrText) => is_on.to_string(),
        (DeValue::Integer(number), Takes::Number) if number.radix() == 10 => number.to_string(),
        (DeValue::String(text), takes) if takes != Takes::Switch => text.to_string(),
        (DeValue::Table(table), takes) if takes.is_repeatable() => {
            let mut parts: Vec<_> = table.iter().collect();
            parts.sort_by_key(|(name, _)| name.span().start);
            let parts = parts.into_iter().map(|(name, value)| {
                let value = match value.get_ref() {
                    DeValue::String(text) => text.to_string(),
                    DeValue::Integer(number) => number.to_string(),
                    other => return Err(format!("{}: {}", name.get_ref(), not("text", other))),
                };
                Ok((name.get_ref().to_string(), value))
            });
            return Ok(Value::Parts(parts.collect::<Result<_, String>>()?));
        }
        (other, takes) => return Err(not(takes.in_config_file(), other)),
    };
    Ok(Value::Text(text))
}

fn not(wanted: &str, value: &DeValue<'_>) -> String {
    format!("expected {wanted}, found {}", value.type_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Config, String> {
        parse(Path::new("web/site.toml"), text)
    }

    fn settings(text: &str) -> Vec<String> {
        let config = parse_text(text).unwrap();
        config.settings.iter().map(Setting::to_string).collect()
    }

    #[test]
    fn values_have_the_same_form_as_on_the_command_line() {
        let text = "port = 8_080\nlisting = true\nspa = false\nindex = [\n  'a',\n  'b']\ncache = 'no-store'\n\
                    head-timeout = '2m'\n[[redirect]]\npattern = '/a b'\ntarget = '/c'\nstatus = 301\n";
        assert_eq!(
            settings(text),
            [
                r#""web/site.toml" line 1: port "8080""#,
                r#""web/site.toml" line 2: listing"#,
                r#""web/site.toml" line 3: spa "false""#,
                r#""web/site.toml" line 5: index "a""#,
                r#""web/site.toml" line 6: index "b""#,
                r#""web/site.toml" line 7: cache "no-store""#,
                r#""web/site.toml" line 8: head-timeout "2m""#,
                r#""web/site.toml" line 9: redirect pattern "/a b" target "/c" status "301""#,
            ]
        );
    }

    #[test]
    fn a_folder_is_relative_to_the_file() {
        let folder = |text| parse_text(text).unwrap().folder;
        assert_eq!(folder("folder = 'public'"), Some("web/public".into()));
        assert_eq!(folder("folder = '/public'"), Some("/public".into()));
        assert_eq!(folder(""), None);
    }

    #[test]
    fn errors_name_the_file_the_line_and_the_key() {
        for (text, message) in [
            (
                "\nlistings = true",
                "line 2: unknown option \"listings\": did you mean listing?",
            ),
            ("config = 'a'", "line 1: unknown option \"config\""),
            ("folder = 1", "line 1: folder: expected text, found integer"),
            (
                "port = true",
                "line 1: port: expected a number or text, found boolean",
            ),
            ("port = 99999", "line 1: port \"99999\": not a port"),
            (
                "port = [1]",
                "line 1: port: expected a number or text, found array",
            ),
            (
                "listing = 1",
                "line 1: listing: expected true or false, found integer",
            ),
            (
                "index = [\n'a',\n2]",
                "line 3: index: expected text or a list of texts, found integer",
            ),
            ("cache = ''", "line 1: cache \"\": a cache rule is"),
            (
                "\n\ndownload = '***'",
                "line 3: download \"***\": the pattern",
            ),
            (
                "[[redirect]]\nfrom = '/a'",
                "line 1: redirect from \"/a\": unknown key \"from\"",
            ),
            (
                "[listing]",
                "line 1: listing: expected true or false, found table",
            ),
            ("a = 1\na = 2", "line 2: "),
            ("port = 1\nport 2", "line 2: "),
        ] {
            let error = parse_text(text).unwrap_err();
            let expected = format!("\"web/site.toml\" {message}");
            assert!(error.starts_with(&expected), "{text:?}: {error}");
            assert!(!error.contains('\n'), "{text:?}: {error}");
        }
    }
}
