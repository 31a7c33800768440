//! A log in a file, which is opened again after it was moved.

use crate::Failure;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file to which lines are appended. Each flush opens it again, if that was asked for. A line that cannot be written is lost,
/// and so are those after it, until a write succeeds: the first loss and the end of it are reported.
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    reopening: Reopening,
    report: Box<dyn Fn(&str) + Send>,
    is_failing: bool,
    /// Whether the last write ended with a line.
    is_whole: bool,
    /// Whether the rest of a line was lost.
    is_cut: bool,
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
            is_failing: false,
            is_whole: true,
            is_cut: false,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_cut {
            self.file.write_all(b"\n")?;
            self.is_cut = false;
        }
        self.file.write(bytes)
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.append(bytes) {
            Ok(count) => {
                if std::mem::take(&mut self.is_failing) {
                    let path = self.path.display();
                    (self.report)(&format!("{path} is written again"));
                }
                self.is_whole = bytes[..count].ends_with(b"\n");
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.is_cut |= !self.is_whole;
                if !std::mem::replace(&mut self.is_failing, true) {
                    let path = self.path.display();
                    (self.report)(&format!(
                        "cannot write {path}: {error}: lines of the access log are lost"
                    ));
                }
                Ok(bytes.len())
            }
        }
    }

    /// Opens the file again, if that was asked for. If that fails, the one that is open stays.
    fn flush(&mut self) -> io::Result<()> {
        if self.reopening.is_asked() {
            match open(&self.path) {
                Ok(file) => {
                    self.file = file;
                    (self.is_whole, self.is_cut) = (true, false);
                }
                Err(error) => {
                    (self.report)(&format!(
                        "{error}: the access log continues in the old file"
                    ));
                }
            }
        }
        Ok(())
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
