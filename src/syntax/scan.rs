//! Scans over bytes, in blocks of sixteen where possible.

use super::block::Block;
use super::block::size::BLOCK_BYTES;
use super::byte_class::{TOKEN, VALUE};

/// Returns the end of the name that begins at `from`: `1*tchar`. Returns `from` if no name with a colon after it begins
/// there.
///
/// Most names consist of up to 31 letters, hyphens and digits, which two blocks recognize. The table decides about the
/// rest.
#[inline(always)]
pub(crate) fn name_end(bytes: &[u8], from: u32) -> u32 {
    let mut at = from;
    for _ in 0..2 {
        let Some(block) = block_at(bytes, at as usize) else {
            break;
        };
        let block = Block::of(block);
        let no_marks = block.outside(b'0', b'9').without(block.equals(b'-'));
        let others = block.no_letters().and(no_marks).bits();
        if others != 0 {
            at += others.trailing_zeros();
            if bytes.get(at as usize) == Some(&b':') {
                return at;
            }
            break;
        }
        at += BLOCK_BYTES as u32;
    }
    uncommon_name_end(bytes, from, at)
}

#[cold]
fn uncommon_name_end(bytes: &[u8], from: u32, common: u32) -> u32 {
    let end = TOKEN.skip(bytes, common as usize);
    match bytes.get(end) {
        Some(b':') => end as u32,
        _ => from,
    }
}

/// The number of bytes that [`unusual_from`] examines.
pub(crate) const WINDOW_BYTES: usize = 64;

/// Marks all except printable ASCII characters among the first [`WINDOW_BYTES`] bytes at or after `from`. The first
/// byte has the lowest bit.
#[inline(always)]
pub(crate) fn unusual_from(bytes: &[u8], from: usize) -> u64 {
    marks_from(bytes, from, |block| block.outside(b' ', b'~').bits())
}

/// Like [`unusual_from`], but marks only bytes outside of [`VALUE`]. This takes longer.
#[cold]
pub(crate) fn refused_from(bytes: &[u8], from: usize) -> u64 {
    marks_from(bytes, from, refused)
}

/// Returns the position of the first byte at or after `from` that is not in [`VALUE`], or the length.
pub(crate) fn value_end(bytes: &[u8], from: u32) -> u32 {
    let end = find(bytes, from, refused);
    // Anything shorter than a block is left to the table.
    VALUE.skip(bytes, end as usize) as u32
}

/// Marks bytes outside of [`VALUE`]: control characters other than HTAB.
#[inline(always)]
fn refused(block: Block) -> u32 {
    let controls = block.outside(b' ', 0xff).without(block.equals(b'\t'));
    controls.bits() | block.equals(0x7f).bits()
}

#[inline(always)]
fn marks_from(bytes: &[u8], from: usize, mark: impl Fn(Block) -> u32) -> u64 {
    match bytes
        .get(from..)
        .and_then(<[u8]>::first_chunk::<WINDOW_BYTES>)
    {
        Some(window) => {
            let part = |index: usize| {
                let block = window[index * BLOCK_BYTES..].first_chunk();
                block.map_or(0, |block| u64::from(mark(Block::of(block)))) << (index * BLOCK_BYTES)
            };
            part(0) | part(1) | part(2) | part(3)
        }
        None => marks_in_rest(bytes, from, mark),
    }
}

/// Like [`marks_from`], when less than a window is left.
#[inline(never)]
fn marks_in_rest(bytes: &[u8], from: usize, mark: impl Fn(Block) -> u32) -> u64 {
    let mut rest = bytes.get(from..).unwrap_or_default();
    let (mut marks, mut shift) = (0, 0);
    while let Some((block, tail)) = rest.split_first_chunk() {
        marks |= u64::from(mark(Block::of(block))) << shift;
        shift += BLOCK_BYTES;
        rest = tail;
    }
    // Less than a block is left. The last block overlaps the bytes before it, which are shifted out.
    let last = match bytes.last_chunk() {
        _ if rest.is_empty() => 0,
        Some(block) => mark(Block::of(block)) >> (BLOCK_BYTES - rest.len()),
        None => {
            let mut block = [b' '; BLOCK_BYTES];
            block
                .iter_mut()
                .zip(rest)
                .for_each(|(to, from)| *to = *from);
            mark(Block::of(&block))
        }
    };
    marks | u64::from(last) << shift
}

/// Returns the position of the first byte at or after `from` that common paths do not contain. They consist of letters,
/// digits, `_`, and the bytes from `+` to `;`, all of which are in [`PLAIN_PATH`](super::byte_class::PLAIN_PATH). A `.`
/// after a `/` is not common, so a common path has no `.` and `..` segments. Returns `from` if `bytes` is shorter than a
/// block.
#[inline(always)]
pub(crate) fn common_path_end(bytes: &[u8], from: u32) -> u32 {
    let mut slash_before = 0;
    find(bytes, from, |block| {
        let no_marks = block.outside(b'+', b';');
        let others = block.no_letters().and(no_marks);
        let slashes = block.equals(b'/').bits();
        let dots = block.equals(b'.').bits() & (slashes << 1 | slash_before);
        slash_before = slashes >> (BLOCK_BYTES - 1);
        others.without(block.equals(b'_')).bits() | dots
    })
}

/// Like [`common_path_end`], for host names: letters, digits, `-` and `.`.
#[inline(always)]
pub(crate) fn common_host_end(bytes: &[u8], from: u32) -> u32 {
    find(bytes, from, |block| {
        let no_marks = block.outside(b'0', b'9').and(block.outside(b'-', b'.'));
        block.no_letters().and(no_marks).bits()
    })
}

/// Returns whether a token is the given one, ignoring case. `known` is in lower case and consists of letters and
/// hyphens.
#[inline(always)]
pub(crate) fn is_token<const N: usize>(token: &[u8], known: &[u8; N]) -> bool {
    <&[u8; N]>::try_from(token).is_ok_and(|token| {
        let pairs = token.iter().zip(known);
        // No early exit, so that the compiler compares words.
        pairs.fold(0, |difference, (byte, known)| {
            difference | ((byte | 0x20) ^ known)
        }) == 0
    })
}

/// Returns whether a path contains a `%`, or a segment that begins with `.`. `path` is the part of `bytes` from `start`
/// to `end`.
#[inline(never)]
pub(crate) fn has_escape_or_dot(bytes: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    let mut slash_before = 0;
    while at < end {
        let Some(block) = block_at(bytes, at) else {
            return few_have_escape_or_dot(bytes.get(at..end).unwrap_or_default(), slash_before);
        };
        let count = (end - at).min(BLOCK_BYTES);
        if doubts(Block::of(block), slash_before) & ((1 << count) - 1) != 0 {
            return true;
        }
        slash_before = u32::from(block[BLOCK_BYTES - 1] == b'/');
        at += BLOCK_BYTES;
    }
    false
}

/// Marks each `%`, and each `.` after a `/`. The first byte is after a `/` if `slash_before` is 1.
#[inline(always)]
fn doubts(block: Block, slash_before: u32) -> u32 {
    let after_slash = block.equals(b'/').bits() << 1 | slash_before;
    block.equals(b'.').bits() & after_slash | block.equals(b'%').bits()
}

fn few_have_escape_or_dot(path: &[u8], slash_before: u32) -> bool {
    let mut before = match slash_before {
        0 => 0,
        _ => b'/',
    };
    path.iter().any(|&byte| {
        let found = byte == b'%' || byte == b'.' && before == b'/';
        before = byte;
        found
    })
}

/// Returns the position of the first byte at or after `from` that `mark` marks, or the length. Returns `from` if
/// `bytes` is shorter than a block.
#[inline(always)]
fn find(bytes: &[u8], from: u32, mut mark: impl FnMut(Block) -> u32) -> u32 {
    let mut at = from as usize;
    while let Some(block) = block_at(bytes, at) {
        match mark(Block::of(block)) {
            0 => at += BLOCK_BYTES,
            marks => return (at + marks.trailing_zeros() as usize) as u32,
        }
    }
    find_in_rest(bytes, at, mark)
}

/// Like [`find`], when less than a block is left. The last block overlaps the bytes before it, which are shifted out.
#[cold]
fn find_in_rest(bytes: &[u8], from: usize, mut mark: impl FnMut(Block) -> u32) -> u32 {
    match (bytes.last_chunk(), bytes.len().saturating_sub(from)) {
        (Some(block), left @ 1..) => match mark(Block::of(block)) >> (BLOCK_BYTES - left) {
            0 => (from + left) as u32,
            marks => from as u32 + marks.trailing_zeros(),
        },
        _ => from as u32,
    }
}

#[inline(always)]
fn block_at(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK_BYTES]> {
    bytes.get(at..at + BLOCK_BYTES)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::byte_class::{PLAIN_PATH, REG_NAME};
    use alloc::vec::Vec;

    #[test]
    fn values_end_at_the_same_byte_as_in_the_table() {
        // Every byte at every position of a block, after and before every kind of neighbour.
        for byte in 0..=255u8 {
            for neighbour in b"aZ-0\t !~\x80\xff\0\r\x1f\x7f" {
                for position in 0..40 {
                    let mut bytes = [*neighbour; 40];
                    bytes[position] = byte;
                    for from in 0..=40 {
                        let case = (byte, neighbour, position, from);
                        let end = value_end(&bytes, from) as usize;
                        assert_eq!(end, VALUE.skip(&bytes, from as usize), "{case:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn values_end_at_the_same_byte_for_every_length() {
        for length in 0..200usize {
            for position in 0..length {
                for byte in [b'\t', b'\r', 0x7f, b'x'] {
                    let mut bytes = alloc::vec![b'v'; length];
                    bytes[position] = byte;
                    for from in [0, 1, position, length.saturating_sub(70)] {
                        let expected = VALUE.skip(&bytes, from);
                        let end = value_end(&bytes, from as u32) as usize;
                        assert_eq!(end, expected, "{position} of {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_tokens_followed_by_a_colon() {
        for byte in 0..=255u8 {
            for neighbour in [b'a', b'Z', b'-', b'0', b'!', b';', b'9', 0xba, 0x3b] {
                for (position, size) in (0..20).flat_map(|at| [(at, at + 1), (at, 20), (at, 40)]) {
                    for last in [b':', b' ', b'a'] {
                        let mut bytes = alloc::vec![neighbour; size];
                        bytes[position] = byte;
                        bytes.push(last);
                        for from in 0..size {
                            let end = TOKEN.skip(&bytes, from);
                            let is_name = bytes.get(end) == Some(&b':');
                            let expected = if is_name { end } else { from };
                            let found = name_end(&bytes, from as u32) as usize;
                            assert_eq!(found, expected, "{bytes:x?} from {from}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn common_paths_and_hosts_stay_within_their_classes() {
        for byte in 0..=255u8 {
            for position in 0..16 {
                let mut block = [b'a'; 17];
                block[position] = byte;
                let path = common_path_end(&block, 0) as usize;
                assert!(PLAIN_PATH.all(&block[..path]), "{block:x?}");
                let host = common_host_end(&block, 0) as usize;
                assert!(REG_NAME.all(&block[..host]), "{block:x?}");
            }
        }
        for from in 0..40 {
            let host = common_host_end(&b"a".repeat(40), from);
            assert_eq!(host, 40, "from {from}");
            let host = common_host_end(b"abcdefghijklmnopqrstuvwxyz:abcdefghijklm", from);
            assert_eq!(
                host,
                [26, 40][usize::from(from > 26)].max(from),
                "from {from}"
            );
        }
        assert_eq!(common_path_end(b"/index.html HTTP", 0), 11);
        assert_eq!(common_host_end(b"x.y-0:7890\r\n\r\n..", 0), 5);
        assert_eq!(common_host_end(b"short", 0), 0);
    }

    #[test]
    fn unusual_bytes_are_marked_in_order() {
        let mut bytes = Vec::new();
        // Every byte, at every position of a block, in no particular order.
        (0..1000u32)
            .for_each(|number| bytes.push((number.wrapping_mul(2_654_435_761) >> 13) as u8));
        for end in (0..200).chain(900..1000) {
            for from in 0..=end {
                let window = bytes[from..end].iter().take(WINDOW_BYTES).enumerate();
                let expected = window.fold(0, |marks, (index, byte)| {
                    marks | u64::from(!matches!(byte, b' '..=b'~')) << index
                });
                let marks = unusual_from(&bytes[..end], from);
                assert_eq!(marks, expected, "{from}..{end}");
                let window = bytes[from..end].iter().take(WINDOW_BYTES).enumerate();
                let expected = window.fold(0, |marks, (index, byte)| {
                    marks | u64::from(!VALUE.contains(*byte)) << index
                });
                let marks = refused_from(&bytes[..end], from);
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
