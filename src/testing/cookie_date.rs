//! Dates in `Expires`, which browsers read leniently (RFC 6265 section 5.1.1).

/// Parses a date in any form that browsers accept. Returns seconds since the Unix epoch, 0 for earlier dates, and
/// `None` if the time, the day, the month or the year is missing or out of range.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        // Each token is the first of these that is still missing and that it can be.
        let found = fill(&mut time, || time_of(token))
            || fill(&mut day, || number(token, 1..=2))
            || fill(&mut month, || month_of(token))
            || fill(&mut year, || number(token, 2..=4));
        // Other tokens, such as the day of the week, say nothing more.
        let _ = found;
    }
    let [hour, minute, second] = time?;
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let in_range = year >= 1601 && hour < 24 && minute < 60 && second < 60;
    let days = days_before(year, month?, day?)?;
    let of_day = hour * 3600 + minute * 60 + second;
    in_range.then(|| {
        if year < 1970 {
            0
        } else {
            days * 86_400 + of_day
        }
    })
}

/// Fills a place that is empty. Returns whether the token was used.
fn fill<T>(place: &mut Option<T>, parse: impl FnOnce() -> Option<T>) -> bool {
    if place.is_none() {
        *place = parse();
        return place.is_some();
    }
    false
}

fn is_delimiter(character: char) -> bool {
    matches!(character, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// Reads `8:49:37`, and ignores text after it that does not begin with a digit.
fn time_of(token: &str) -> Option<[u64; 3]> {
    let mut parts = token.splitn(3, ':');
    let mut next = || number(parts.next()?, 1..=2);
    Some([next()?, next()?, next()?])
}

/// Reads a number of so many digits, and ignores text after it that does not begin with a digit.
fn number(token: &str, digits: core::ops::RangeInclusive<usize>) -> Option<u64> {
    let end = token.find(|character: char| !character.is_ascii_digit());
    let token = token.get(..end.unwrap_or(token.len()))?;
    digits.contains(&token.len()).then(|| token.parse().ok())?
}

/// Reads the name of a month by its first three letters. January is 0.
fn month_of(token: &str) -> Option<usize> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start = token.get(..3)?;
    NAMES
        .iter()
        .position(|name| start.eq_ignore_ascii_case(name))
}

/// Returns the number of days from the Unix epoch to a day, 0 for an earlier one, and `None` if the month has no such
/// day.
fn days_before(year: u64, month: usize, day: u64) -> Option<u64> {
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if day == 0 || day > months[month] {
        return None;
    }
    if year < 1970 {
        return Some(0);
    }
    let years = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 });
    Some(years.sum::<u64>() + months[..month].iter().sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_that_browsers_accept_is_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37",
            "6 nov 1994 8:49:37",
            "1994 November 6 8:49:37",
            "08:49:37 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37 +0200",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
        for (text, seconds) in [
            ("Thu, 01-Jan-1970 00:00:00 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:01 GMT", 1),
            ("Mon, 01 Jan 1601 00:00:00 GMT", 0),
            ("01 Jan 69 00:00:00", 3_124_224_000),
            ("01 Jan 70 00:00:00", 0),
            ("29 Feb 2000 00:00:00", 951_782_400),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_date() {
        for text in [
            "",
            "tomorrow",
            "06 Nov 1994",
            "06 Nov 08:49:37",
            "Nov 1994 08:49:37",
            "06 1994 08:49:37",
            "31 Apr 1994 08:49:37",
            "06 Nov 1600 08:49:37",
            "06 Nov 1994 24:49:37",
            "06 Nov 1994 08:60:37",
            "06 Nov 1994 08:49:60",
            "006 Nov 1994 08:49:37",
            "06 Nov 19945 08:49:37",
            "0 Nov 1994 08:49:37",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
