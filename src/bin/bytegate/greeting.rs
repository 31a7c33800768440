//! The lines that the program prints when it is ready.

use crate::options::Options;
use crate::qr::Qr;
use crate::{addresses, tell, terminal, users};
use std::io::{self, IsTerminal};
use std::net::SocketAddr;

pub(crate) struct Greeting<'a> {
    /// The name of the site.
    pub(crate) served: &'a str,
    pub(crate) address: SocketAddr,
    pub(crate) has_ipv4_too: bool,
    /// The usual port, if another program has it.
    pub(crate) taken: Option<u16>,
    /// A line about the site.
    pub(crate) note: Option<String>,
}

impl Greeting<'_> {
    /// Prints the served site, its addresses, and who can connect. Returns the URL for this machine.
    pub(crate) fn print(&self, options: &Options) -> String {
        let urls = addresses::urls(self.address, self.has_ipv4_too);
        let mut urls = urls.into_iter().map(|url| below(&url, &options.base));
        let url = urls.next().unwrap_or_default();
        let others: Vec<String> = urls.collect();
        tell(&format!(
            "bytegate serves {} on {url}{}",
            self.served,
            self.remarks()
        ));
        for other in &others {
            tell(&format!("  and on {other}"));
        }
        let is_open = addresses::is_open_to_others(self.address.ip());
        if is_open {
            let ip = self.address.ip();
            tell(&format!(
                "  reachable from the network, because of --bind {ip}"
            ));
        }
        for note in self.note.iter().chain(&warnings(options, is_open)) {
            tell(&format!("  {note}"));
        }
        // A phone cannot reach the address for this machine.
        let for_phones = if self.address.ip().is_unspecified() {
            others.first()
        } else {
            Some(&url).filter(|_| is_open)
        };
        for line in qr_lines(for_phones.map(|url| &**url), options) {
            tell(&line);
        }
        url
    }

    /// Returns the remarks in parentheses after the URL.
    fn remarks(&self) -> String {
        let taken = self.taken.map(|port| format!("port {port} is taken"));
        let is_watched = [
            io::stdin().is_terminal(),
            io::stdout().is_terminal(),
            io::stderr().is_terminal(),
        ];
        let stop = is_watched
            .contains(&true)
            .then(|| "Ctrl-C stops it".to_string());
        let remarks: Vec<String> = taken.into_iter().chain(stop).collect();
        if remarks.is_empty() {
            String::new()
        } else {
            format!(" ({})", remarks.join("; "))
        }
    }
}

/// Returns the URL of a path, which is empty or has no slash at its end, from the URL of the root.
fn below(url: &str, base: &str) -> String {
    format!("{}{base}/", url.trim_end_matches('/'))
}

/// Returns warnings about options that do less than they seem to.
fn warnings(options: &Options, is_open: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_open && users::are_named(options) {
        warnings.push("passwords are sent unencrypted: put a proxy with TLS in front".to_string());
    }
    if is_open && options.isolated {
        let only = "browsers isolate pages only over https and on localhost";
        warnings.push(format!("--isolated: {only}"));
    }
    // Usually in a container, with a separate loopback address.
    if !is_open && std::process::id() == 1 {
        warnings.push(
            "process 1 is usually in a container: --bind 0.0.0.0 lets others connect to it"
                .to_string(),
        );
    }
    warnings
}

/// Returns the lines of a QR code, or the reason why there is none.
fn qr_lines(url: Option<&str>, options: &Options) -> Vec<String> {
    let is_terminal = io::stderr().is_terminal();
    if !options.qr.unwrap_or(is_terminal) {
        return Vec::new();
    }
    let is_asked_for = options.qr.is_some();
    let columns = if is_asked_for {
        usize::MAX
    } else {
        terminal::columns()
    };
    match url {
        None if is_asked_for => {
            vec![
                "  --qr: no other device can reach this address; use --bind 0.0.0.0 to let them connect"
                    .to_string(),
            ]
        }
        None => Vec::new(),
        Some(url) => lines_for(url, columns, options.color.applies(is_terminal)),
    }
}

fn lines_for(url: &str, columns: usize, has_colors: bool) -> Vec<String> {
    match Qr::of(url) {
        None => Vec::new(),
        Some(qr) if qr.columns() > columns => vec![format!(
            "  the QR code of {url} needs {} columns, and this terminal has {columns}; --qr prints it anyway",
            qr.columns()
        )],
        Some(qr) => qr.lines(has_colors).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_is_too_narrow_is_told_the_width() {
        let url = "http://192.168.1.5:7890/";
        assert_eq!(
            lines_for(url, 32, false),
            [
                "  the QR code of http://192.168.1.5:7890/ needs 33 columns, and this terminal has 32; --qr prints it anyway"
            ]
        );
        assert_eq!(lines_for(url, 33, false).len(), 17);
    }
}
