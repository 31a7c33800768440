//! Targets of redirects and rewrites, made from the captures of a pattern's stars.

use super::pattern_error::{PatternError, Reason, unfit};
use crate::syntax::path;
use alloc::boxed::Box;
use alloc::vec::Vec;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// A target of a redirect or a rewrite: text in which `$1` to `$9` stand for the captures of a pattern's stars, and
/// `$$` for a dollar sign. It is a path, or a URL with a host.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    pub(super) names_host: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Box<[u8]>),
    /// The place of a star in the pattern.
    Capture(usize),
}

impl Template {
    /// Parses a target for a pattern with a number of stars.
    ///
    /// # Errors
    /// Returns an error if the target refers to a star that the pattern does not have, or if it is neither a path nor a
    /// URL with a scheme and a host, both written out.
    pub(super) fn parse(text: &str, stars: usize) -> Result<Template, PatternError> {
        let error = |reason| PatternError::new(text, reason);
        if let Some(reason) = unfit(text) {
            return Err(error(reason));
        }
        let names_host = match authority(text) {
            Some(authority) if authority.is_empty() || authority.contains('$') => {
                return Err(error(Reason::OpenHost));
            }
            Some(_) => true,
            None if text.starts_with("//") || !text.starts_with('/') => {
                return Err(error(Reason::Start));
            }
            None => false,
        };
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            pieces.push(Piece::Text(before.as_bytes().into()));
            pieces.push(match after.bytes().next() {
                Some(b'$') => Piece::Text(b"$".as_slice().into()),
                Some(digit @ b'1'..=b'9') => match usize::from(digit - b'0') {
                    wanted if wanted > stars => return Err(error(Reason::Star { wanted, stars })),
                    wanted => Piece::Capture(wanted - 1),
                },
                _ => return Err(error(Reason::Dollar)),
            });
            rest = &after[1..];
        }
        pieces.push(Piece::Text(rest.as_bytes().into()));
        Ok(Template { pieces, names_host })
    }

    /// Returns whether the target is a path and nothing more: without a host, a query or a fragment.
    pub(super) fn is_path(&self) -> bool {
        let has_more = |piece: &Piece| match piece {
            Piece::Text(text) => text.iter().any(is_delimiter),
            Piece::Capture(_) => false,
        };
        !self.names_host && !self.pieces.iter().any(has_more)
    }

    /// Returns the target with the captures inserted. With `encode`, the captures are percent-encoded for `Location`.
    /// Without, the target is a decoded path.
    ///
    /// The target leads to another host only if the template names one: a path never begins with `//` or `/\`, for any
    /// captures. Folders that matched nothing leave no empty segment.
    pub(super) fn fill(&self, captures: &[&[u8]], encode: bool) -> Vec<u8> {
        let mut target = Vec::new();
        let (mut is_in_path, mut is_empty_segment) = (true, false);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    let text = match text.strip_prefix(b"/") {
                        Some(rest) if is_empty_segment => rest,
                        _ => text,
                    };
                    target.extend_from_slice(text);
                    is_in_path &= !text.iter().any(is_delimiter);
                    is_empty_segment = false;
                }
                Piece::Capture(star) => {
                    let capture = captures.get(*star).copied().unwrap_or_default();
                    is_empty_segment = is_in_path && capture.is_empty() && target.ends_with(b"/");
                    match (encode, is_in_path) {
                        (false, _) => target.extend_from_slice(capture),
                        (true, true) => target.extend(path::encode(capture).flat_map(str::bytes)),
                        (true, false) => target
                            .extend(percent_encode(capture, NOT_IN_QUERY).flat_map(str::bytes)),
                    }
                }
            }
        }
        if !self.names_host {
            let rest = target.get(1..).unwrap_or_default();
            let is_slash = |byte: &&u8| matches!(byte, b'/' | b'\\');
            let slashes = rest.iter().take_while(is_slash).count();
            target.drain(1..1 + slashes);
        }
        target
    }
}

/// Characters that are percent-encoded when a capture is inserted into a query, so that it stays one value: all but unreserved
/// ones and slashes.
const NOT_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Returns whether a byte ends a path.
fn is_delimiter(byte: &u8) -> bool {
    matches!(byte, b'?' | b'#')
}

/// Returns the authority of a URL, or `None` if the text does not begin with a scheme and `://`.
pub(super) fn authority(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_in_scheme);
    let authority = rest.split(['/', '?', '#']).next();
    authority.filter(|_| is_scheme)
}
