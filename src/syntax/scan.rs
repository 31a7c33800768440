//! Scans over bytes, a block of sixteen at a time where there is one.

use super::block::{BLOCK_BYTES, Block};
use super::byte_class::{TOKEN, VALUE};

/// The number of bytes that [`controls_from`] examines.
pub(crate) const WINDOW_BYTES: usize = 64;

/// Returns the end of the name that begins at `from`, if it is followed by a colon: `1*tchar ":"`.
///
/// Most names consist of letters, hyphens and digits, which blocks recognize. The table decides about the rest.
#[inline(always)]
pub(crate) fn name_end(bytes: &[u8], from: usize) -> Option<usize> {
    let common = skip_blocks(bytes, from, |octets| {
        let digits = octets.within(b'0', b'9');
        octets.letters().or(octets.equals(b'-')).or(digits)
    });
    let is_end = |at: usize| bytes.get(at) == Some(&b':') && at > from;
    if is_end(common) {
        return Some(common);
    }
    let end = TOKEN.skip(bytes, common);
    is_end(end).then_some(end)
}

/// Returns the position of the first byte at or after `from` that common paths do not contain. They consist of letters,
/// digits, `_`, and the bytes from `+` to `;`, all of which are in [`PLAIN_PATH`](super::byte_class::PLAIN_PATH).
/// Returns `from` if `bytes` is shorter than a block.
#[inline(always)]
pub(crate) fn skip_common_path(bytes: &[u8], from: usize) -> usize {
    skip_blocks(bytes, from, |octets| {
        let marks = octets.within(b'+', b';');
        octets.letters().or(octets.equals(b'_')).or(marks)
    })
}

/// Like [`skip_common_path`], for host names: letters, digits, `-` and `.`.
#[inline(always)]
pub(crate) fn skip_common_host(bytes: &[u8], from: usize) -> usize {
    skip_blocks(bytes, from, |octets| {
        let digits = octets.within(b'0', b'9');
        octets.letters().or(octets.within(b'-', b'.')).or(digits)
    })
}

/// Returns the position of the first byte at or after `from` that is not in [`VALUE`], or the length.
#[inline]
pub(crate) fn skip_value(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() {
        let controls = controls_from(bytes, at);
        at = match controls {
            0 => at + WINDOW_BYTES,
            _ => at + controls.trailing_zeros() as usize,
        };
        if controls != 0 {
            match bytes.get(at) {
                Some(&octet) if VALUE.contains(octet) => at += 1,
                _ => return at,
            }
        }
    }
    bytes.len().max(from)
}

/// Marks the control characters, including HTAB, among the first [`WINDOW_BYTES`] bytes at or after `from`. The first
/// byte has the lowest bit.
#[inline(always)]
pub(crate) fn controls_from(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    match (rest.first_chunk(), bytes.last_chunk()) {
        (Some(window), _) => controls_in(window),
        // Less than a window is left. The last one overlaps what precedes `from`, which is shifted out.
        (None, Some(window)) if !rest.is_empty() => {
            controls_in(window) >> (WINDOW_BYTES - rest.len())
        }
        _ => controls_in_few(bytes, rest.len()),
    }
}

#[inline(always)]
fn controls_in(window: &[u8; WINDOW_BYTES]) -> u64 {
    let part = |index: usize| {
        let block = window[index * BLOCK_BYTES..].first_chunk();
        block.map_or(0, controls_in_block) << (index * BLOCK_BYTES)
    };
    part(0) | part(1) | part(2) | part(3)
}

/// Like [`controls_in`], for the last `count` bytes of an input that is shorter than a window.
#[inline(never)]
fn controls_in_few(bytes: &[u8], count: usize) -> u64 {
    let mut rest = bytes.get(bytes.len() - count..).unwrap_or_default();
    let (mut marks, mut shift) = (0, 0);
    while let Some((block, tail)) = rest.split_first_chunk() {
        marks |= controls_in_block(block) << shift;
        shift += BLOCK_BYTES;
        rest = tail;
    }
    let last = match bytes.last_chunk() {
        _ if rest.is_empty() => 0,
        Some(block) => controls_in_block(block) >> (BLOCK_BYTES - rest.len()),
        None => rest.iter().rev().fold(0, |marks, octet| {
            marks << 1 | u64::from(octet.is_ascii_control())
        }),
    };
    marks | last << shift
}

#[inline(always)]
fn controls_in_block(block: &[u8; BLOCK_BYTES]) -> u64 {
    Block::of(block).controls().bits()
}

/// Returns whether a token is the given one, ignoring case. `known` is in lower case and consists of letters and
/// hyphens.
#[inline(always)]
pub(crate) fn is_token<const N: usize>(token: &[u8], known: &[u8; N]) -> bool {
    <&[u8; N]>::try_from(token).is_ok_and(|token| {
        let pairs = token.iter().zip(known);
        // No early exit, so that the compiler compares words.
        pairs.fold(0, |difference, (octet, known)| {
            difference | ((octet | 0x20) ^ known)
        }) == 0
    })
}

/// Returns whether a path contains a `%`, or a segment that begins with `.`. `path` is the part of `bytes` from `start`
/// to `end`.
#[inline]
pub(crate) fn has_escape_or_dot(bytes: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    let mut slash_before = 0;
    while at < end {
        let Some(block) = block_at(bytes, at) else {
            return few_have_escape_or_dot(bytes.get(at..end).unwrap_or_default(), slash_before);
        };
        let block = Block::of(block);
        let count = (end - at).min(BLOCK_BYTES);
        let slashes = block.equals(b'/').bits();
        let dots = block.equals(b'.').bits() & (slashes << 1 | slash_before);
        if (dots | block.equals(b'%').bits()) & ((1 << count) - 1) != 0 {
            return true;
        }
        slash_before = slashes >> (BLOCK_BYTES - 1);
        at += BLOCK_BYTES;
    }
    false
}

fn few_have_escape_or_dot(path: &[u8], slash_before: u64) -> bool {
    let mut before = match slash_before {
        0 => 0,
        _ => b'/',
    };
    path.iter().any(|&octet| {
        let found = octet == b'%' || octet == b'.' && before == b'/';
        before = octet;
        found
    })
}

/// Returns the position of the first byte at or after `from` that `mark` does not mark, or the length. If there is not
/// even one block of bytes, returns `from`.
#[inline(always)]
fn skip_blocks(bytes: &[u8], from: usize, mark: impl Fn(Block) -> Block) -> usize {
    let others = |block: &[u8; BLOCK_BYTES]| !mark(Block::of(block)).bits();
    let mut at = from;
    while let Some(block) = block_at(bytes, at) {
        let marked = others(block).trailing_zeros() as usize;
        at += marked;
        if marked < BLOCK_BYTES {
            return at;
        }
    }
    // Less than a block is left. The last one overlaps what precedes it, which is shifted out.
    match bytes.last_chunk() {
        Some(block) if at < bytes.len() => {
            let shift = BLOCK_BYTES - (bytes.len() - at);
            let marked = (others(block) >> shift).trailing_zeros() as usize;
            (at + marked).min(bytes.len())
        }
        _ => at,
    }
}

#[inline(always)]
fn block_at(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK_BYTES]> {
    bytes.get(at..)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::super::byte_class::{PLAIN_PATH, REG_NAME};
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn skipping_blocks_agrees_with_skipping_bytes() {
        // Every byte at every position of a block, after and before every kind of neighbour.
        for octet in 0..=255u8 {
            for neighbour in b"aZ-0\t !~\x80\xff\0\r\x1f\x7f" {
                for position in 0..40 {
                    let mut bytes = [*neighbour; 40];
                    bytes[position] = octet;
                    for from in 0..40 {
                        let case = (octet, neighbour, position, from);
                        let values = (skip_value(&bytes, from), VALUE.skip(&bytes, from));
                        assert_eq!(values.0, values.1, "{case:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn values_end_at_the_same_byte_whatever_their_length() {
        for length in 0..200 {
            for position in 0..length {
                for octet in [b'\t', b'\r', 0x7f, b'x'] {
                    let mut bytes = alloc::vec![b'v'; length];
                    bytes[position] = octet;
                    for from in [0, 1, position, length.saturating_sub(70).min(length)] {
                        let expected = VALUE.skip(&bytes, from);
                        assert_eq!(skip_value(&bytes, from), expected, "{position} of {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_tokens_followed_by_a_colon() {
        for octet in 0..=255u8 {
            for neighbour in [b'a', b'Z', b'-', b'0', b'!', b';', b'9', 0xba, 0x3b] {
                for (position, size) in (0..20).flat_map(|at| [(at, at + 1), (at, 20), (at, 40)]) {
                    for last in [b':', b' ', b'a'] {
                        let mut bytes = alloc::vec![neighbour; size];
                        bytes[position] = octet;
                        bytes.push(last);
                        for from in 0..size {
                            let end = TOKEN.skip(&bytes, from);
                            let is_name = end > from && bytes.get(end) == Some(&b':');
                            let expected = is_name.then_some(end);
                            assert_eq!(name_end(&bytes, from), expected, "{bytes:x?} from {from}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn common_paths_and_hosts_stay_within_their_classes() {
        for octet in 0..=255u8 {
            for position in 0..16 {
                let mut block = [b'a'; 17];
                block[position] = octet;
                let path = skip_common_path(&block, 0);
                assert!(PLAIN_PATH.all(&block[..path]), "{block:x?}");
                let host = skip_common_host(&block, 0);
                assert!(REG_NAME.all(&block[..host]), "{block:x?}");
            }
        }
        for from in 0..40 {
            let host = skip_common_host(&b"a".repeat(40), from);
            assert_eq!(host, 40, "from {from}");
            let host = skip_common_host(b"abcdefghijklmnopqrstuvwxyz:abcdefghijklm", from);
            assert_eq!(
                host,
                [26, 40][usize::from(from > 26)].max(from),
                "from {from}"
            );
        }
        assert_eq!(skip_common_path(b"/index.html HTTP", 0), 11);
        assert_eq!(skip_common_host(b"x.y-0:7890\r\n\r\n..", 0), 5);
        assert_eq!(skip_common_host(b"short", 0), 0);
    }

    #[test]
    fn control_characters_are_marked_in_order() {
        let mut bytes = Vec::new();
        // Every byte, at every position of a block, in no particular order.
        (0..1000u32)
            .for_each(|number| bytes.push((number.wrapping_mul(2_654_435_761) >> 13) as u8));
        for end in (0..200).chain(900..1000) {
            for from in 0..=end {
                let window = bytes[from..end].iter().take(WINDOW_BYTES).enumerate();
                let expected = window.fold(0, |marks, (index, octet)| {
                    marks | u64::from(octet.is_ascii_control()) << index
                });
                let marks = controls_from(&bytes[..end], from);
                assert_eq!(marks, expected, "{from}..{end}");
            }
        }
    }

    #[test]
    fn known_tokens_are_recognized_in_any_case() {
        assert!(is_token(b"Content-LENGTH", b"content-length"));
        assert!(!is_token(b"content_length", b"content-length"));
        assert!(!is_token(b"content-lengt", b"content-length"));
    }

    #[test]
    fn escapes_and_leading_dots_are_found_wherever_they_are() {
        for length in 1..40 {
            for position in 0..length {
                for part in ["%", "/.", "/a.b", "//", ".", "/%"] {
                    let mut path = alloc::vec![b'a'; length];
                    path.splice(position..position, part.bytes());
                    let mut bytes = path.clone();
                    for tail in [&b""[..], b"%/.%%/./././././././."] {
                        bytes.extend_from_slice(tail);
                        let has_dot = path.windows(2).any(|pair| pair == b"/.");
                        let expected = has_dot || path.contains(&b'%');
                        let found = has_escape_or_dot(&bytes, 0, path.len());
                        assert_eq!(found, expected, "{part} at {position} of {length}");
                    }
                }
            }
        }
    }
}
