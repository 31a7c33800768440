//! A log in a file, which is opened again after it was moved.

use crate::Failure;
use crate::log_output::Output;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file to which lines are appended.
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    reopening: Reopening,
    report: Box<dyn Fn(&str) + Send>,
}

/// A request to open a log file again. Clones are for the same file.
#[derive(Clone, Default)]
pub(crate) struct Reopening(Arc<AtomicBool>);

impl Reopening {
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_asked(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl LogFile {
    /// Opens a file, which is made if there is none.
    ///
    /// # Errors
    /// Returns an error that names the file.
    pub(crate) fn open(
        path: &Path,
        reopening: Reopening,
        report: impl Fn(&str) + Send + 'static,
    ) -> Result<LogFile, Failure> {
        Ok(LogFile {
            path: path.to_path_buf(),
            file: open(path)?,
            reopening,
            report: Box::new(report),
        })
    }
}

impl Output for LogFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Opens the file again, if that was asked for. If that fails, the one that is open stays.
    fn renew(&mut self) -> bool {
        if !self.reopening.is_asked() {
            return false;
        }
        match open(&self.path) {
            Ok(file) => {
                self.file = file;
                true
            }
            Err(error) => {
                (self.report)(&format!(
                    "{error}: the access log continues in the old file"
                ));
                false
            }
        }
    }
}

/// Opens a log file. Others cannot read it, because paths and queries may have secrets.
fn open(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path).map_err(|error| {
        let path = path.display();
        let advice = match error.kind() {
            io::ErrorKind::NotFound => " (the folder must exist)",
            _ => "",
        };
        format!("cannot open the log file {path}: {error}{advice}").into()
    })
}
