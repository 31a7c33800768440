//! The site of a folder.

use crate::arguments::Content;
use crate::{Failure, complain, tell};
use bytegate::{LoadError, Site};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Opens a folder, or reads it into memory, and lays it over others.
pub(crate) fn site(folder: &Path, content: &Content) -> Result<Site, Failure> {
    let options = &content.options;
    let in_memory = options.is_on("memory");
    let make = |folder: &Path| -> Result<Site, LoadError> {
        match in_memory {
            true => while_telling(folder, || options.site().load(folder)),
            false => options.site().open(folder),
        }
    };
    let mut site = make(folder)?;
    for lower in &options.over {
        site = site.over(make(lower)?);
    }
    for skipped in site.skipped() {
        complain(&skipped.to_string());
    }
    if content.is_verbose {
        let how = match in_memory {
            true => format!("read into memory, {} files", site.paths().count()),
            false => "read for each request".to_string(),
        };
        complain(&format!("folder {}, {how}", folder.display()));
        for lower in &options.over {
            complain(&format!("over {}", lower.display()));
        }
        for (name, value) in options.given() {
            complain(&format!("{name} {value}"));
        }
    }
    Ok(site)
}

/// Says that a folder is being read if that takes over a second.
fn while_telling<T>(folder: &Path, read: impl FnOnce() -> T) -> T {
    let (done, is_done) = channel::<()>();
    let name = folder.display().to_string();
    let teller = thread::spawn(move || {
        let is_late =
            is_done.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout);
        if is_late {
            tell(&format!("bytegate reads {name} into memory ..."));
        }
    });
    let result = read();
    drop(done);
    let _ = teller.join();
    result
}
