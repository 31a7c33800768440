//! The lines that the program prints when it is ready.

use crate::listen::Place;
use crate::options::Options;
use crate::qr::Qr;
use crate::{addresses, tell, terminal, users};
use bytegate::request::Scheme;
use std::io::{self, IsTerminal};

pub(crate) struct Greeting<'a> {
    /// The name of the site.
    pub(crate) served: &'a str,
    pub(crate) places: &'a [Place],
    /// The usual port, if another program has it.
    pub(crate) taken: Option<u16>,
    /// The addresses from which clients are redirected to HTTPS.
    pub(crate) redirected: &'a [Place],
    /// Lines about the site and its certificates.
    pub(crate) notes: Vec<String>,
}

impl Greeting<'_> {
    /// Prints the served site, its addresses, and who can connect. Returns the URL for this machine, if there is one.
    pub(crate) fn print(&self, options: &Options) -> Option<String> {
        let places: Vec<_> = self
            .places
            .iter()
            .map(|it| (it, urls(it, options)))
            .collect();
        let mut all = places.iter().flat_map(|(_, urls)| urls);
        tell(&format!(
            "bytegate serves {} on {}{}",
            self.served,
            all.next().map_or("", |url| url),
            self.remarks()
        ));
        for other in all {
            tell(&format!("  and on {other}"));
        }
        let is_open = |place: &Place| place.ip().is_some_and(addresses::is_open_to_others);
        let open = places.iter().find(|(place, _)| is_open(place));
        if let Some((place, _)) = open {
            let option = &place.option;
            tell(&format!(
                "  reachable from the network, because of {option}"
            ));
        }
        for place in self.redirected {
            let urls = place.urls(Scheme::Http);
            let url = urls.first().map_or("", |url| url);
            tell(&format!("  {url} redirects to https"));
        }
        for note in self.notes.iter().chain(&warnings(options, open.is_some())) {
            tell(&format!("  {note}"));
        }
        let for_phones = open.and_then(|(place, urls)| {
            // A phone cannot reach the address for this machine.
            let is_unspecified = place.ip().is_some_and(|ip| ip.is_unspecified());
            urls.get(usize::from(is_unspecified))
        });
        for line in qr_lines(for_phones.map(|url| &**url), options) {
            tell(&line);
        }
        let mut tcp = places.into_iter().filter(|(place, _)| place.ip().is_some());
        tcp.next().and_then(|(_, urls)| urls.into_iter().next())
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

/// Returns the URLs of the site, which may be below a path.
fn urls(place: &Place, options: &Options) -> Vec<String> {
    let base = &options.base;
    let below = |url: String| match place.ip() {
        Some(_) => format!("{}{base}/", url.trim_end_matches('/')),
        None => url,
    };
    place
        .urls(options.tls.scheme())
        .into_iter()
        .map(below)
        .collect()
}

/// Returns warnings about options that do less than they seem to.
fn warnings(options: &Options, is_open: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_plain = is_open && !options.tls.is_on();
    if is_plain && users::are_named(options) {
        warnings.push(
            "passwords are sent unencrypted: use --tls, or put a proxy with TLS in front"
                .to_string(),
        );
    }
    if is_plain && options.isolated {
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
