//! Names of fields, found in the responses of an application: it names the fields that it misses, and its forms and its
//! JSON have names.

use super::response::ClientResponse;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The longest error of which every word is taken.
const SHORT: usize = 600;

/// The most names of one response.
const MOST: usize = 40;

/// Returns names that a response mentions: all words of a short error, names of form controls, and names in JSON.
pub(super) fn names_in(response: &ClientResponse) -> Vec<String> {
    let Ok(text) = core::str::from_utf8(response.body()) else {
        return Vec::new();
    };
    let media_type = response.header("Content-Type").unwrap_or_default();
    let mut names = Vec::new();
    let mut add = |name: &str| {
        let is_new = !names.iter().any(|known| known == name);
        if is_new && is_name(name) && names.len() < MOST {
            names.push(name.to_string());
        }
    };
    if response.status().code() >= 400 && text.len() <= SHORT {
        let words = text.split(|character: char| !is_in_name(character));
        words.for_each(&mut add);
    } else if media_type.starts_with("text/html") {
        let parts = text.split("name=").skip(1);
        let values = parts.map(|part| part.trim_start_matches(['"', '\'']));
        values
            .filter_map(|value| value.split(|character: char| !is_in_name(character)).next())
            .for_each(&mut add);
    } else if media_type.contains("json") {
        // Each second part is in quotes, unless text has escapes, which does no harm here.
        let parts: Vec<&str> = text.split('"').collect();
        let before_colon = parts
            .windows(2)
            .filter(|pair| pair[1].trim_start().starts_with(':'));
        before_colon.for_each(|pair| add(pair[0]));
    }
    names
}

/// Returns the names that a response has in quotes, as errors about missing members do.
pub(super) fn quoted_in(response: &ClientResponse) -> Vec<String> {
    let text = String::from_utf8_lossy(response.body());
    let mut names = names_in(response);
    names.retain(|name| {
        let mut quotes = ['"', '`', '\''].iter();
        quotes.any(|quote| text.contains(&alloc::format!("{quote}{name}{quote}")))
    });
    names
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

fn is_name(text: &str) -> bool {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_word && text.len() <= 40 && text.chars().all(is_in_name)
}
