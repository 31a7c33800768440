//! The config file: the long names of options, in TOML.

use super::given::{Given, Kind, kind};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Reads a config file. Errors name the file and the line.
pub(super) fn read(file: &Path) -> Result<Given, String> {
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {file:?}: {error}"))?;
    parse(&text, file.parent().unwrap_or(Path::new("")))
        .map_err(|(at, message)| format!("{}, line {}: {message}", file.display(), line(&text, at)))
}

/// An error, and the bytes that it is about.
type Fault = (Range<usize>, String);

fn parse(text: &str, base: &Path) -> Result<Given, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let message = error.message().to_string();
        (error.span().unwrap_or_default(), message)
    })?;
    let mut given = Given::default();
    for (key, value) in table.get_ref() {
        let name: &str = key.get_ref();
        let faulty = |message: String| (key.span(), format!("{name}: {message}"));
        match (name, value.get_ref(), kind(name)) {
            ("folder", value, _) => {
                let path = text_of(value).ok_or_else(|| faulty("not a text".to_string()))?;
                given.folder = Some(base.join(path));
            }
            ("over", value, _) => {
                let paths = texts_of(value).map_err(faulty)?;
                given.options.over = paths
                    .iter()
                    .map(|path| base.join(path))
                    .collect::<Vec<PathBuf>>();
            }
            (_, DeValue::Boolean(is_on), Some(Kind::Nothing)) => {
                let value = if *is_on { "true" } else { "false" };
                given.set(name, value).map_err(faulty)?;
            }
            (_, _, Some(Kind::Nothing)) => return Err(faulty("not true or false".to_string())),
            (_, value, Some(Kind::Value)) => {
                for text in texts_of(value).map_err(faulty)? {
                    given.set(name, &text).map_err(faulty)?;
                }
            }
            (_, _, None) => return Err((key.span(), format!("there is no option {name:?}"))),
        }
    }
    Ok(given)
}

/// Returns the texts of a value: one, or a list.
fn texts_of(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let texts = match value {
        DeValue::Array(values) => values
            .iter()
            .map(|value| text_of(value.get_ref()))
            .collect(),
        value => text_of(value).map(|text| vec![text]),
    };
    texts.ok_or_else(|| "not a text, a number or a list of them".to_string())
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the number of the line with a byte.
fn line(text: &str, at: Range<usize>) -> usize {
    let before = text.get(..at.start).unwrap_or(text);
    before.matches('\n').count() + 1
}
