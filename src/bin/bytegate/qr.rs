//! An address as a QR code, for the cameras of phones.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A QR code as lines of text, in which each character shows two modules, one above the other.
pub(crate) struct Qr {
    lines: Vec<String>,
    columns: usize,
}

impl Qr {
    /// Creates the code of a text, with its margin. Returns `None` if the text is too long for one.
    pub(crate) fn of(text: &str) -> Option<Qr> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        // Characters are in the color of the text, which is bright on most terminals.
        let drawn = code
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build();
        let lines: Vec<String> = drawn.lines().map(String::from).collect();
        let columns = lines.first()?.chars().count();
        Some(Qr { lines, columns })
    }

    /// Returns the number of columns that a terminal needs.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the lines. With colors, they are bright on black whatever the colors of the terminal are.
    pub(crate) fn lines(&self, has_colors: bool) -> impl Iterator<Item = String> {
        self.lines.iter().map(move |line| {
            if has_colors {
                format!("\x1b[97;40m{line}\x1b[0m")
            } else {
                line.clone()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_drawn_with_a_margin() {
        let qr = Qr::of("http://192.168.1.5:7890/").unwrap();
        assert_eq!(qr.columns(), 33);
        let lines: Vec<String> = qr.lines(false).collect();
        // Another program read the address from these lines.
        insta::assert_snapshot!(lines.join("\n"), @r"
        █████████████████████████████████
        █████████████████████████████████
        ████ ▄▄▄▄▄ ██▀▀▄▄▄▀█▄█ ▄▄▄▄▄ ████
        ████ █   █ █▀███ ▀ ▀ █ █   █ ████
        ████ █▄▄▄█ █▄▄█▀▀ ▄█▀█ █▄▄▄█ ████
        ████▄▄▄▄▄▄▄█▄█ ▀▄█▄█▄█▄▄▄▄▄▄▄████
        ████▄▄▀▀█ ▄▄█ █▄▀▄▀  ▀██  ▀▀█████
        ████ ▄▀▄ █▄▀█▀▄█▀██ ▀█▄▄▀ █▄ ████
        ████▀██▄▀ ▄██ █▄▄▀▄▀▄▄▄████▀▄████
        ████ █▀ ▀█▄▀ █▄ ▄██▄▀▄█▄▀▄▀▄ ████
        ████▄██▄▄▄▄▄   ▄ █▄▀ ▄▄▄ █ ██████
        ████ ▄▄▄▄▄ █ ▀ ▄ █ █ █▄█ ▄█▀▄████
        ████ █   █ ██▀ █ ▄█▄▄▄  ▄ ▄▀ ████
        ████ █▄▄▄█ █▀▄▀▄█ █▀▀▄▀▀▀█▄█ ████
        ████▄▄▄▄▄▄▄█▄██▄██▄▄▄█▄██▄██▄████
        █████████████████████████████████
        ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
        ");
        assert!(lines.iter().all(|line| line.chars().count() == 33));
        let colored: Vec<String> = qr.lines(true).collect();
        assert_eq!(colored[0], format!("\x1b[97;40m{}\x1b[0m", lines[0]));
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
