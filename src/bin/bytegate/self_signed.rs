//! The self-signed certificate of `--tls`. The program keeps it, so that browsers that have accepted it once do not ask again.

use bytegate::tls::{SelfSigned, TlsError};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the file. It has the certificate, its key, and lines about both.
const FILE: &str = "self-signed.pem";
/// The validity of a certificate, the longest that browsers accept.
const VALID: Duration = Duration::from_secs(397 * DAY);
/// How long ago the validity begins, because the clock of a client may be slow.
const BEFORE: Duration = Duration::from_secs(DAY);
/// A certificate is replaced this long before it expires, because the server may run for a long time.
const EARLY: Duration = Duration::from_secs(30 * DAY);
const DAY: u64 = 24 * 60 * 60;
/// The maximum number of names in a certificate. Each network that this machine joins adds addresses.
const MOST_NAMES: usize = 50;

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Certificate {
    names: Vec<String>,
    /// The time since 1970 at which it expires.
    until: Duration,
    pub(crate) fingerprint: String,
    /// The certificate and the key.
    pub(crate) pem: String,
}

impl Certificate {
    /// Returns the certificate in a folder, if it has these names and does not expire soon. Otherwise, creates one and writes it
    /// to the folder. Also returns its file, or the reason why it cannot be written.
    pub(crate) fn in_folder(
        folder: Option<&Path>,
        names: &[String],
    ) -> Result<(Certificate, Result<PathBuf, String>), TlsError> {
        let names = &names[..names.len().min(MOST_NAMES)];
        let file = match folder {
            Some(folder) => Ok(folder.join(FILE)),
            None => Err("neither XDG_STATE_HOME nor HOME is set".to_string()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Duration::from_secs(now.map_or(0, |now| now.as_secs()));
        let kept = file.as_ref().ok().and_then(|file| read(file));
        if let Some(kept) = kept.clone().filter(|kept| kept.is_good_for(names, now)) {
            return Ok((kept, file));
        }
        // The names of other networks are kept, because this machine may join them again.
        let earlier = kept.map(|kept| kept.names).unwrap_or_default();
        let made = Certificate::make(&all_names(names, earlier), now)?;
        let file = file.and_then(|file| {
            let written = write(&file, &made);
            let written = written.map_err(|error| format!("cannot write {file:?}: {error}"));
            written.map(|()| file)
        });
        Ok((made, file))
    }

    fn make(names: &[String], now: Duration) -> Result<Certificate, TlsError> {
        let from = now.saturating_sub(BEFORE);
        let until = from + VALID;
        let certificate = SelfSigned::valid_between(names, from, until)?;
        Ok(Certificate {
            names: names.to_vec(),
            until,
            fingerprint: certificate.fingerprint().to_string(),
            pem: [certificate.certificate_pem(), certificate.key_pem()].concat(),
        })
    }

    fn is_good_for(&self, names: &[String], now: Duration) -> bool {
        now + EARLY < self.until && names.iter().all(|name| self.names.contains(name))
    }

    /// Returns the text of the file. Readers of PEM ignore the first lines.
    fn to_text(&self) -> String {
        format!(
            "names: {}\nuntil: {}\nfingerprint: {}\n{}",
            self.names.join(" "),
            self.until.as_secs(),
            self.fingerprint,
            self.pem
        )
    }

    fn parse(text: &str) -> Option<Certificate> {
        let (names, text) = text.strip_prefix("names: ")?.split_once('\n')?;
        let (until, text) = text.strip_prefix("until: ")?.split_once('\n')?;
        let (fingerprint, pem) = text.strip_prefix("fingerprint: ")?.split_once('\n')?;
        Some(Certificate {
            names: names.split(' ').map(String::from).collect(),
            until: Duration::from_secs(until.parse().ok()?),
            fingerprint: fingerprint.to_string(),
            pem: pem.to_string(),
        })
    }
}

/// Returns the folder for the state of the program, which may not exist yet.
pub(crate) fn state_folder() -> Option<PathBuf> {
    state_folder_from(|name| std::env::var_os(name).map(PathBuf::from))
}

fn state_folder_from(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let home = || variable("HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(home()?.join(".local/state")));
    Some(state?.join("bytegate"))
}

fn all_names(names: &[String], earlier: Vec<String>) -> Vec<String> {
    let mut all = names.to_vec();
    for name in earlier {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all.truncate(MOST_NAMES);
    all
}

/// Reads a certificate, unless others can read the file.
fn read(path: &Path) -> Option<Certificate> {
    let mut file = File::open(path).ok()?;
    if can_others_read(&file) {
        return None;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    Certificate::parse(&text)
}

#[cfg(unix)]
fn can_others_read(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata();
    metadata.map_or(true, |it| it.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn can_others_read(_: &File) -> bool {
    false
}

/// Writes a certificate atomically, to a file that others cannot read.
fn write(path: &Path, certificate: &Certificate) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut folders, mut options) = (DirBuilder::new(), OpenOptions::new());
    folders.recursive(true);
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        options.mode(0o600);
    }
    folders.create(folder)?;
    let new = folder.join(format!("{FILE}.{}", std::process::id()));
    // An earlier process with the same ID may have left it.
    let _ = fs::remove_file(&new);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(certificate.to_text().as_bytes())?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    fn in_folder(folder: Option<&Path>, names: &[String]) -> (Certificate, Option<String>) {
        let found = Certificate::in_folder(folder, names);
        let (certificate, file) = found.unwrap_or_else(|error| panic!("{error}"));
        (certificate, file.err())
    }

    /// A folder for the state, which does not exist yet and is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("bytegate-{name}-{}", std::process::id());
            Folder(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_certificate_is_kept_until_it_lacks_a_name() {
        let folder = Folder::new("kept");
        let get = |of: &[&str]| {
            let (certificate, error) = in_folder(Some(&folder.0), &names(of));
            assert_eq!(error, None);
            (certificate.fingerprint, certificate.pem)
        };
        let first = get(&["localhost", "127.0.0.1"]);
        assert_eq!(get(&["127.0.0.1"]), first);
        let second = get(&["localhost", "192.0.2.1"]);
        assert_ne!(second, first);
        // It is for both networks.
        assert_eq!(get(&["localhost", "127.0.0.1"]), second);
    }

    #[test]
    fn a_certificate_is_replaced_a_month_before_it_expires() {
        let now = Duration::from_secs(1_800_000_000);
        let made = Certificate::make(&names(&["localhost"]), now).ok().unwrap();
        let days = |days| now + Duration::from_secs(days * DAY);
        assert!(made.is_good_for(&names(&["localhost"]), days(365)));
        assert!(!made.is_good_for(&names(&["localhost"]), days(366)));
        assert!(!made.is_good_for(&names(&["other"]), now));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_one_that_is_not_is_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("private");
        let of = names(&["localhost"]);
        let (first, _) = in_folder(Some(&folder.0), &of);
        let file = folder.0.join(FILE);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.0), mode(&file)), (0o700, 0o600));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let (second, _) = in_folder(Some(&folder.0), &of);
        assert_ne!(first.fingerprint, second.fingerprint);
        assert_eq!(mode(&file), 0o600);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let folder = Folder::new("damaged");
        let of = names(&["localhost"]);
        let (first, _) = in_folder(Some(&folder.0), &of);
        for damaged in ["", "names: localhost\nuntil: soon\n"] {
            fs::write(folder.0.join(FILE), damaged).unwrap();
            let (next, error) = in_folder(Some(&folder.0), &of);
            assert_eq!(error, None);
            assert_ne!(first.fingerprint, next.fingerprint);
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_saved_is_still_used() {
        let of = names(&["localhost"]);
        let (_, error) = in_folder(None, &of);
        assert!(error.unwrap().contains("XDG_STATE_HOME"));
        let file = std::env::current_exe().unwrap();
        let (_, error) = in_folder(Some(&file), &of);
        assert!(error.unwrap().starts_with("cannot write "));
    }

    #[test]
    fn the_number_of_names_is_limited_and_those_of_today_come_first() {
        let earlier = (0..100).map(|it| format!("10.0.0.{it}")).collect();
        let all = all_names(&names(&["localhost", "10.0.0.7"]), earlier);
        assert_eq!(all.len(), MOST_NAMES);
        let folder = Folder::new("names");
        let many: Vec<String> = (0..100).map(|it| format!("10.0.0.{it}")).collect();
        let (first, _) = in_folder(Some(&folder.0), &many);
        let (second, _) = in_folder(Some(&folder.0), &many);
        assert_eq!(first.fingerprint, second.fingerprint);
        assert_eq!(all[..3], names(&["localhost", "10.0.0.7", "10.0.0.0"]));
    }

    #[test]
    fn the_state_is_where_xdg_says() {
        let folder = |state: Option<&str>, home: Option<&str>| {
            let (state, home) = (state.map(PathBuf::from), home.map(PathBuf::from));
            state_folder_from(|name| match name {
                "XDG_STATE_HOME" => state.clone(),
                _ => home.clone(),
            })
        };
        let of = |path: &str| Some(PathBuf::from(path));
        assert_eq!(folder(Some("/s"), Some("/h")), of("/s/bytegate"));
        assert_eq!(folder(None, Some("/h")), of("/h/.local/state/bytegate"));
        assert_eq!(
            folder(Some("relative"), Some("/h")),
            of("/h/.local/state/bytegate")
        );
        assert_eq!(folder(None, None), None);
    }
}
