//! Options for folders.

use super::given::Kind;
use super::values::parse_switch;
use bytegate::{Dotfiles, EncodedNames, SiteOptions, Status, Symlinks};
use std::path::PathBuf;

/// How a folder is served: options by name, in the order in which they were given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FolderOptions {
    /// Folders for what the folder does not have.
    pub(crate) over: Vec<PathBuf>,
    given: Vec<(String, String)>,
}

impl FolderOptions {
    /// Returns what an option takes, or `None` if there is no option of that name.
    pub(super) fn kind(name: &str) -> Option<Kind> {
        match name {
            "memory" | "listing" | "cors" | "no-charset" | "precompressed" | "encoded-names" => {
                Some(Kind::Nothing)
            }
            "index" | "spa" | "not-found" | "cache" | "header" | "type" | "download"
            | "redirect" | "rewrite" | "dotfiles" | "symlinks" => Some(Kind::Value),
            _ => None,
        }
    }

    /// Sets an option, after checking it.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let options = apply(SiteOptions::new(), name, value)?;
        options.build().map_err(|error| error.to_string())?;
        self.given.push((name.to_string(), value.to_string()));
        Ok(())
    }

    /// Returns these options with others that are preferred. What can be given several times is replaced as a whole.
    pub(super) fn overridden_by(mut self, other: FolderOptions) -> FolderOptions {
        let is_given = |name: &str| other.given.iter().any(|(given, _)| given == name);
        self.given.retain(|(name, _)| !is_given(name));
        self.given.extend(other.given);
        if !other.over.is_empty() {
            self.over = other.over;
        }
        self
    }

    /// Returns the name of the first option, if there is any.
    pub(super) fn first(&self) -> Option<&str> {
        let over = self.over.first().map(|_| "over");
        self.given.first().map(|(name, _)| &name[..]).or(over)
    }

    /// Returns the names and values of all options.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.given
            .iter()
            .map(|(name, value)| (&name[..], &value[..]))
    }

    /// Returns whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        let last = self.given().filter(|(given, _)| *given == name).last();
        last.is_some_and(|(_, value)| value == "true")
    }

    /// Returns the options for a site.
    pub(crate) fn site(&self) -> SiteOptions {
        let names = self.given().filter(|(name, _)| *name == "index");
        let names: Vec<&str> = names.map(|(_, value)| value).collect();
        let options = self
            .given()
            .fold(SiteOptions::new(), |options, (name, value)| {
                // Each was checked when it was set.
                apply(options.clone(), name, value).unwrap_or(options)
            });
        match names.is_empty() {
            true => options,
            false => options.index(names),
        }
    }
}

fn apply(options: SiteOptions, name: &str, value: &str) -> Result<SiteOptions, String> {
    Ok(match name {
        "listing" => options.listing(parse_switch(value)?),
        "no-charset" => options.charset(!parse_switch(value)?),
        "precompressed" => options.precompressed(parse_switch(value)?),
        "encoded-names" => options.encoded_names(match parse_switch(value)? {
            true => EncodedNames::AsContent,
            false => EncodedNames::AsFiles,
        }),
        // What is not an option of sites.
        "memory" | "cors" => parse_switch(value).map(|_| options)?,
        "index" => options.index([value]),
        "spa" => options.single_page(value),
        "not-found" => options.error_page(Status::NOT_FOUND, value),
        "download" => options.download(value),
        "cache" => {
            let (pattern, value) = split_pattern(value);
            options.cache_control(pattern, value)
        }
        "header" => {
            let (pattern, field) = split_pattern(value);
            let (name, value) = field
                .split_once(':')
                .ok_or("not a field such as \"X-Frame-Options: DENY\"")?;
            options.field(pattern, name.trim(), value.trim())
        }
        "type" => {
            let (suffix, media_type) = value
                .split_once('=')
                .ok_or("not a suffix and a media type such as glsl=text/plain")?;
            options.media_type(suffix.trim_start_matches('.'), media_type)
        }
        "redirect" => {
            let words: Vec<&str> = value.split_whitespace().collect();
            let (pattern, target, status) = match words[..] {
                [pattern, target] => (pattern, target, Status::MOVED_PERMANENTLY),
                [pattern, target, status] => (pattern, target, parse_status(status)?),
                _ => return Err("not \"PATTERN TARGET [STATUS]\"".to_string()),
            };
            options.redirect(pattern, target, status)
        }
        "rewrite" => match value.split_whitespace().collect::<Vec<_>>()[..] {
            [pattern, target] => options.rewrite(pattern, target),
            _ => return Err("not \"PATTERN TARGET\"".to_string()),
        },
        "dotfiles" => options.dotfiles(match value {
            "refuse" => Dotfiles::Refuse,
            "well-known" => Dotfiles::WellKnown,
            "serve" => Dotfiles::Serve,
            _ => return Err("not one of refuse, well-known and serve".to_string()),
        }),
        "symlinks" => options.symlinks(match value {
            "refuse" => Symlinks::Refuse,
            "within" => Symlinks::WithinRoot,
            "follow" => Symlinks::Follow,
            _ => return Err("not one of refuse, within and follow".to_string()),
        }),
        _ => return Err(format!("there is no option {name:?}")),
    })
}

/// Splits a pattern from the value after it. Without a pattern, the value is for all files.
fn split_pattern(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((pattern, value)) if pattern.starts_with(['/', '*']) => (pattern, value.trim()),
        _ => ("**", text),
    }
}

fn parse_status(text: &str) -> Result<Status, String> {
    let status = text.parse().ok().and_then(Status::new);
    status.ok_or_else(|| "not the status of a redirect: use 301, 302, 303, 307 or 308".to_string())
}
