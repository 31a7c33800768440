//! The users who may connect: `--auth`, `--auth-file` and `BYTEGATE_AUTH`.

use crate::Failure;
use crate::options::Options;
use bytegate::middleware::BasicAuth;
use std::env::VarError;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The variable of the environment that has users, one a line.
const VARIABLE: &str = "BYTEGATE_AUTH";

/// A name with a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct User {
    name: String,
    password: String,
}

impl User {
    /// Parses a name and a password with a colon between them. The password may have colons too.
    pub(crate) fn parse(text: &str) -> Result<User, String> {
        match text.split_once(':') {
            Some((name, password))
                if !name.is_empty()
                    && !password.is_empty()
                    // Such characters cannot be sent (RFC 7617 section 2).
                    && !text.contains(char::is_control) =>
            {
                Ok(User {
                    name: name.to_string(),
                    password: password.to_string(),
                })
            }
            _ => Err("not USER:PASSWORD, such as ada:lovelace".to_string()),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Returns whether only users with a password are let in.
pub(crate) fn are_named(options: &Options) -> bool {
    !options.users.is_empty() || options.auth_file.is_some() || std::env::var_os(VARIABLE).is_some()
}

/// Returns the middleware that lets only the users in, or `None` if no users are named.
///
/// # Errors
/// Returns an error if users are to be read from a file or the environment and cannot be, or if others can read the file.
/// A site that should be protected is never served without users.
pub(crate) fn authentication(options: &Options) -> Result<Option<BasicAuth>, Failure> {
    let mut users = options.users.clone();
    if let Some(path) = &options.auth_file {
        users.extend(in_text(&read(path)?, &format!("{path:?}"))?);
    }
    if users.is_empty() {
        users = match std::env::var(VARIABLE) {
            Err(VarError::NotPresent) => return Ok(None),
            Err(error @ VarError::NotUnicode(_)) => {
                return Err(format!("{VARIABLE}: {error}").into());
            }
            Ok(text) => in_text(&text, VARIABLE)?,
        };
    }
    let users = users.into_iter().map(|user| (user.name, user.password));
    Ok(Some(BasicAuth::users("bytegate", users)))
}

/// Reads a file that must be private.
fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error| format!("cannot read {path:?}: {error}");
    let mut file = File::open(path).map_err(unreadable)?;
    refuse_if_others_can_read(&file, path)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Returns an error if a file with passwords can be read or changed by others.
pub(crate) fn refuse_if_others_can_read(file: &File, path: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = file.metadata();
        let mode = metadata.map_err(|error| format!("cannot read {path:?}: {error}"))?;
        if mode.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "{path:?} has passwords, and other users of this machine can read or change it: run chmod 600 {path:?}"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}

/// Parses users, one a line. `origin` names the text in errors.
fn in_text(text: &str, origin: &str) -> Result<Vec<User>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let users = lines.map(|(number, line)| {
        User::parse(line).map_err(|error| format!("{origin} line {}: {error}", number + 1))
    });
    match users.collect::<Result<Vec<User>, String>>()? {
        users if users.is_empty() => Err(format!(
            "{origin} has no users: it must have USER:PASSWORD on each line"
        )),
        users => Ok(users),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_name_and_a_password() {
        for (text, name, password) in [
            ("ada:lovelace", "ada", "lovelace"),
            ("a b:c:d ", "a b", "c:d "),
            ("\u{e4}:\u{df}", "\u{e4}", "\u{df}"),
        ] {
            let user = User::parse(text).unwrap();
            assert_eq!((&*user.name, &*user.password), (name, password));
            assert!(!format!("{user:?}").contains(password));
        }
        for wrong in ["", "ada", ":", "ada:", ":lovelace", "a:b\u{7}", "a:b\nc:d"] {
            let error = User::parse(wrong).unwrap_err();
            assert_eq!(error, "not USER:PASSWORD, such as ada:lovelace");
        }
    }

    #[test]
    fn users_are_lines_and_errors_name_the_line_and_no_secret() {
        let users = in_text("ada:1\n\n  \r\nbob:2\r\n", "F").unwrap();
        let users: Vec<_> = users
            .iter()
            .map(|user| (&*user.name, &*user.password))
            .collect();
        assert_eq!(users, [("ada", "1"), ("bob", "2")]);
        for (text, message) in [
            ("", "F has no users: "),
            (" \n", "F has no users: "),
            (
                "a:b\nhunter2\n",
                "F line 2: not USER:PASSWORD, such as ada:lovelace",
            ),
        ] {
            let error = in_text(text, "F").unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
