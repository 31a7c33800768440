//! The choice of a representation by the client's preferences (RFC 9110 section 12).

use super::request::Request;
use crate::message::preferences::preferences_in;
use crate::syntax::parameters::split;
use crate::syntax::quality::{Preference, Quality};
use alloc::vec::Vec;
use core::cmp::Reverse;

/// # Preferences of the client
impl Request<'_> {
    /// Returns the offered media type that the client prefers (RFC 9110 section 12.5.1). The first of equals wins, so
    /// name the preferred one first. Returns `None` if the client accepts none of them.
    ///
    /// The most specific range of `Accept` that matches a type decides about it, and `q=0` rules it out. A client that
    /// sends no `Accept` accepts everything. Ranges after the first 100 are ignored. Set `Vary: Accept` on a response
    /// that depends on this.
    ///
    /// ```
    /// use bytegate::{Rejection, Request, Response, Status};
    ///
    /// fn page(request: &Request) -> Result<Response, Rejection> {
    ///     let response = match request.accepts(&["text/html", "text/plain"]) {
    ///         Some("text/html") => Response::html("<p>hello"),
    ///         Some(_) => Response::text("hello\n"),
    ///         None => return Err(Rejection::new(Status::NOT_ACCEPTABLE, "this is text/html or text/plain")),
    ///     };
    ///     Ok(response.with_header("Vary", "Accept"))
    /// }
    ///
    /// let request = Request::builder("GET", "/").header("Accept", "text/plain, text/*;q=0.5").build()?;
    /// let response = page(&request.view()).expect("an acceptable type");
    /// assert_eq!(response.body().as_bytes(), Some(&b"hello\n"[..]));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    #[must_use]
    pub fn accepts<'m>(&self, offers: &[&'m str]) -> Option<&'m str> {
        let ranges: Vec<_> = preferences_in(self.headers(), "Accept").collect();
        if ranges.is_empty() {
            return offers.first().copied();
        }
        let mut best = (Quality::NONE, None);
        for &offer in offers {
            let quality = media_type_quality(offer, &ranges);
            if quality > best.0 {
                best = (quality, Some(offer));
            }
        }
        best.1
    }

    /// Returns the offered language that the client prefers. Languages are tags such as `en` and `pt-BR`. Returns
    /// `None` if none of them fits: then respond in a default language. A client that sends no `Accept-Language` gets
    /// the first.
    ///
    /// The client's ranges are tried in the order of their weight. `en` fits `en` and then `en-GB` (basic filtering,
    /// RFC 4647 section 3.3.1). `de-CH-1996` also fits `de-CH` and then `de` (lookup, section 3.4). `*` fits every
    /// language that no other range names. A range with `q=0` rules out the languages that it names. Ranges after the
    /// first 100 are ignored.
    ///
    /// ```
    /// use bytegate::Request;
    ///
    /// let request = Request::builder("GET", "/").header("Accept-Language", "de-CH, fr;q=0.8").build()?;
    /// assert_eq!(request.accepts_language(&["en", "fr", "de"]), Some("de"));
    /// assert_eq!(request.accepts_language(&["en", "fr"]), Some("fr"));
    /// assert_eq!(request.accepts_language(&["en"]), None);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    #[must_use]
    pub fn accepts_language<'l>(&self, offers: &[&'l str]) -> Option<&'l str> {
        let mut ranges: Vec<_> = preferences_in(self.headers(), "Accept-Language").collect();
        if ranges.is_empty() {
            return offers.first().copied();
        }
        // The sort is stable: ranges of equal weight stay in order.
        ranges.sort_by_key(|range| Reverse(range.quality));
        let refused = ranges.partition_point(|range| range.quality > Quality::NONE);
        let (accepted, refused) = ranges.split_at(refused);
        let is_named = |ranges: &[Preference<'_>], offer: &str| {
            let mut named = ranges.iter().filter(|range| range.value != b"*");
            named.any(|range| includes(range.value, offer))
        };
        let mut open: Vec<&'l str> = offers.to_vec();
        open.retain(|offer| !is_named(refused, offer));
        // Searched at most once: a second `*` finds the iterator at its end.
        let mut unnamed = (open.iter().copied()).filter(|offer| !is_named(accepted, offer));
        accepted.iter().find_map(|range| match range.value {
            b"*" => unnamed.next(),
            range => look_up(range, &open),
        })
    }
}

/// Returns the weight of the most specific range that matches, or the greatest of several that are equally specific.
fn media_type_quality(offer: &str, ranges: &[Preference<'_>]) -> Quality {
    let matching = ranges.iter().filter_map(|range| {
        let specificity = specificity(range, offer.as_bytes())?;
        Some((specificity, range.quality))
    });
    matching.max().map_or(Quality::NONE, |(_, quality)| quality)
}

/// Returns how specific a media range is, or `None` if it does not match: `*/*`, `text/*`, `text/html`, and then each
/// parameter counts. Java sends `*` for `*/*`.
fn specificity(range: &Preference<'_>, offer: &[u8]) -> Option<usize> {
    let (media_type, parameters) = split(offer);
    let mut count = 0;
    for wanted in range.parameters() {
        let mut offered = parameters.filter_map(Result::ok);
        offered.find(|offered| {
            offered.name.eq_ignore_ascii_case(wanted.name)
                && offered.value.eq_ignore_ascii_case(wanted.value)
        })?;
        count += 1;
    }
    let kind = |media_type: &[u8]| media_type.iter().position(|&byte| byte == b'/');
    match range.value {
        b"*" | b"*/*" => Some(0),
        value if value.eq_ignore_ascii_case(media_type) => Some(2 + count),
        value => {
            let kind = media_type.get(..=kind(media_type)?)?;
            let (start, end) = value.split_at_checked(kind.len())?;
            (start.eq_ignore_ascii_case(kind) && end == b"*").then_some(1)
        }
    }
}

/// Returns the offer that fits a language range best: the range itself, something more specific, or else something
/// less specific.
fn look_up<'l>(range: &[u8], offers: &[&'l str]) -> Option<&'l str> {
    let find = |range: &[u8]| {
        let mut offers = offers.iter().copied();
        offers.find(|offer| offer.as_bytes().eq_ignore_ascii_case(range))
    };
    let mut filtered = offers.iter().copied();
    let fitting = find(range).or_else(|| filtered.find(|offer| includes(range, offer)));
    if fitting.is_some() {
        return fitting;
    }
    let mut rest = range;
    while let Some(dash) = rest.iter().rposition(|&byte| byte == b'-') {
        rest = rest.get(..dash)?;
        // A single letter introduces the next subtag, and means nothing by itself.
        if let [before @ .., b'-', _] = rest {
            rest = before;
        }
        if let Some(offer) = find(rest) {
            return Some(offer);
        }
    }
    None
}

/// Returns whether a tag equals a language range or is more specific (RFC 4647 section 3.3.1).
fn includes(range: &[u8], tag: &str) -> bool {
    match tag.as_bytes().split_at_checked(range.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(range) && matches!(rest.first(), None | Some(b'-'))
        }
        None => false,
    }
}
