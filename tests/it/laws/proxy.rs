//! The laws of PROXY headers.

use bytegate::connection::{ProxyHeader, ProxyHeaderError, ProxyHeaderParser};

/// The result for a header: if it is complete, with the rest of the input.
pub(crate) type Outcome<'i> = Result<Option<(ProxyHeader, &'i [u8])>, ProxyHeaderError>;

/// Checks that the result does not depend on how the input is split, and that nothing after the header is taken. Returns the
/// result.
pub(crate) fn hold_for_proxy_header(input: &[u8]) -> Outcome<'_> {
    let outcome = receive(input, [input.len()]);
    // A split after the header, or after the longest one, changes nothing.
    let end = match &outcome {
        Ok(Some((_, rest))) => input.len() - rest.len() + 1,
        Ok(None) | Err(_) => 5000,
    };
    for at in 0..=input.len().min(end) {
        assert_eq!(receive(input, [at]), outcome, "split at {at}");
    }
    assert_eq!(
        receive(input, std::iter::repeat(1)),
        outcome,
        "byte by byte"
    );
    let mut parser = ProxyHeaderParser::new();
    let (mut rest, mut reads) = (input, 0);
    let exact = loop {
        // A front end that reads only what is missing never reads too much.
        let missing = parser.missing();
        assert!(missing > 0 && missing <= 4096);
        let (mut read, after) = rest.split_at(missing.min(rest.len()));
        rest = after;
        reads += 1;
        match parser.receive(&mut read) {
            Ok(Some(header)) => {
                assert!(read.is_empty());
                break Ok(Some((header, rest)));
            }
            Ok(None) if rest.is_empty() => break Ok(None),
            Ok(None) => {}
            Err(error) => break Err(error),
        }
    };
    assert_eq!(exact, outcome, "as few bytes as possible");
    assert!(reads <= 60, "{reads} reads");
    if let Ok(Some((_, rest))) = &outcome {
        let length = input.len() - rest.len();
        assert!(length <= if input.starts_with(b"P") { 107 } else { 4096 });
    }
    outcome
}

/// Receives a header in pieces of these sizes, and then the rest.
fn receive(input: &[u8], sizes: impl IntoIterator<Item = usize>) -> Outcome<'_> {
    let mut parser = ProxyHeaderParser::new();
    let (mut sizes, mut at) = (sizes.into_iter(), 0);
    loop {
        let size = sizes.next().unwrap_or(input.len());
        let piece = &input[at..input.len().min(at + size)];
        let mut rest = piece;
        let result = parser.receive(&mut rest);
        at += piece.len() - rest.len();
        match result? {
            Some(header) => return Ok(Some((header, &input[at..]))),
            None => assert!(rest.is_empty()),
        }
        if at == input.len() {
            return Ok(None);
        }
    }
}
