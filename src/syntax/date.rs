//! HTTP dates (RFC 9110 section 5.6.7).

use alloc::string::String;
use core::time::Duration;

/// The length of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) const DATE_BYTES: usize = 29;

const DAY_NAMES: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTH_NAMES: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A date and time of the proleptic Gregorian calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: u16,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    /// 0 is Monday.
    weekday: u8,
}

impl Civil {
    /// Converts a time since the Unix epoch. Returns `None` after the year 9999, which no HTTP date can express.
    pub(crate) fn from_unix(wall: Duration) -> Option<Civil> {
        const END_OF_9999: u64 = 253_402_300_800;
        let seconds = wall.as_secs();
        if seconds >= END_OF_9999 {
            return None;
        }
        // Before that limit, the days and the seconds of a day are small numbers.
        let (days, of_day) = ((seconds / 86_400) as u32, (seconds % 86_400) as u32);
        // Days are counted from 0000-03-01, which makes the leap day the last day of its year. The factors come from
        // Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).
        let quarters = 4 * (days + 719_468) + 3;
        let (century, of_century) = (quarters / 146_097, quarters % 146_097);
        let years = 2_939_745 * u64::from(of_century | 3);
        let (year, day_of_year) = ((years >> 32) as u32, years as u32 / 2_939_745 / 4);
        let months = 2141 * day_of_year + 197_913;
        let (shifted_month, day) = (months >> 16, (months & 0xffff) / 2141);
        let is_next_year = shifted_month > 12;
        let month = if is_next_year {
            shifted_month - 12
        } else {
            shifted_month
        };
        Some(Civil {
            year: (100 * century + year + u32::from(is_next_year)) as u16,
            month: month as u8,
            day: day as u8 + 1,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            // 1970-01-01 was a Thursday.
            weekday: ((days + 3) % 7) as u8,
        })
    }

    /// Returns the abbreviated name of the month, such as `Nov`.
    pub(crate) fn month_name(&self) -> &'static str {
        let name = MONTH_NAMES[usize::from(self.month - 1)];
        core::str::from_utf8(name).unwrap_or_default()
    }
}

/// Formats a time as an HTTP date, in the form IMF-fixdate (RFC 9110 section 5.6.7). `wall` is the time since the
/// Unix epoch. Returns `None` after the year 9999, which no HTTP date can express.
///
/// ```
/// use core::time::Duration;
///
/// let date = bytegate::headers::http_date(Duration::from_secs(784_111_777));
/// assert_eq!(date.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
/// ```
#[must_use]
pub fn http_date(wall: Duration) -> Option<String> {
    format(wall).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Like [`http_date`], but does not allocate.
pub(crate) fn format(wall: Duration) -> Option<[u8; DATE_BYTES]> {
    let mut text = TEMPLATE;
    write(wall, &mut text).then_some(text)
}

/// The length of a field line with a date.
pub(crate) const DATE_LINE_BYTES: usize = DATE_BYTES + 8;

/// A field line with an arbitrary date to overwrite.
pub(crate) const LINE_TEMPLATE: [u8; DATE_LINE_BYTES] = *b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

/// Like [`write`], for the date in a field line.
pub(crate) fn write_line(wall: Duration, line: &mut [u8; DATE_LINE_BYTES]) -> bool {
    let value = line.get_mut("Date: ".len()..);
    let date = value.and_then(<[u8]>::first_chunk_mut);
    date.is_some_and(|date| write(wall, date))
}

/// An arbitrary date to overwrite.
const TEMPLATE: [u8; DATE_BYTES] = *b"Sun, 06 Nov 1994 08:49:37 GMT";

/// Overwrites a date with another one. Returns `false` and writes nothing after the year 9999.
fn write(wall: Duration, text: &mut [u8; DATE_BYTES]) -> bool {
    let Some(civil) = Civil::from_unix(wall) else {
        return false;
    };
    text[..3].copy_from_slice(DAY_NAMES[usize::from(civil.weekday)]);
    text[8..11].copy_from_slice(MONTH_NAMES[usize::from(civil.month - 1)]);
    two_digits(&mut text[5..7], civil.day);
    two_digits(&mut text[12..14], (civil.year / 100) as u8);
    two_digits(&mut text[14..16], (civil.year % 100) as u8);
    two_digits(&mut text[17..19], civil.hour);
    two_digits(&mut text[20..22], civil.minute);
    two_digits(&mut text[23..25], civil.second);
    true
}

fn two_digits(place: &mut [u8], number: u8) {
    let pair = PAIRS.get(usize::from(number));
    place.copy_from_slice(pair.unwrap_or(&PAIRS[0]));
}

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Parses a date in any of the three forms. Returns seconds since the Unix epoch, 0 for earlier dates, and `None` for
/// anything else. `now` determines the century of a two-digit year.
pub(crate) fn parse(text: &[u8], now: Option<Duration>) -> Option<u64> {
    let text = core::str::from_utf8(text).ok()?;
    let mut parts = text.split(' ');
    let (name, second) = (parts.next()?, parts.next()?);
    let rest: [Option<&str>; 4] = core::array::from_fn(|_| parts.next());
    let date = match (name.strip_suffix(','), second, rest) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        (Some(name), day, [Some(month), Some(year), Some(time), Some("GMT")])
            if is_day(name, 3) =>
        {
            Date {
                year: digits(year, 4)?,
                month: month_number(month)?,
                day: digits(day, 2)?,
                time,
            }
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        (Some(name), date, [Some(time), Some("GMT"), None, None]) if is_day(name, usize::MAX) => {
            let mut date = date.split('-');
            let (day, month, year) = (date.next()?, date.next()?, date.next()?);
            if date.next().is_some() {
                return None;
            }
            Date {
                year: full_year(digits(year, 2)?, now),
                month: month_number(month)?,
                day: digits(day, 2)?,
                time,
            }
        }
        // Sun Nov  6 08:49:37 1994
        (None, month, rest) if is_day(name, 3) => {
            let (day, time, year) = match rest {
                [Some(""), Some(day), Some(time), Some(year)] => (digits(day, 1)?, time, year),
                [Some(day), Some(time), Some(year), None] => (digits(day, 2)?, time, year),
                _ => return None,
            };
            Date {
                year: digits(year, 4)?,
                month: month_number(month)?,
                day,
                time,
            }
        }
        _ => return None,
    };
    match parts.next() {
        None => date.to_unix(),
        Some(_) => None,
    }
}

struct Date<'a> {
    year: u64,
    /// 1 to 12.
    month: u64,
    day: u64,
    time: &'a str,
}

impl Date<'_> {
    fn to_unix(&self) -> Option<u64> {
        let mut time = self.time.split(':');
        let mut next = || time.next().and_then(|part| digits(part, 2));
        let (hour, minute, second) = (next()?, next()?, next()?);
        // A leap second is valid.
        let in_range = hour < 24 && minute < 60 && second <= 60 && time.next().is_none();
        // Days are counted from 0000-03-01, which makes the leap day the last day of its year.
        let (year, month) = match self.month {
            3.. => (self.year, self.month - 3),
            month => (self.year.checked_sub(1)?, month + 9),
        };
        let day_of_year = (153 * month + 2) / 5 + self.day.checked_sub(1)?;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
        let of_day = hour * 3600 + minute * 60 + second;
        let Some(days) = days.checked_sub(719_468) else {
            return in_range.then_some(0);
        };
        // 31 April would become 1 May. Converting back reveals such dates.
        let civil = Civil::from_unix(Duration::from_secs(days * 86_400))?;
        let same_day = (u64::from(civil.month), u64::from(civil.day)) == (self.month, self.day);
        (in_range && same_day).then_some(days * 86_400 + of_day)
    }
}

/// Returns whether `name` is the name of a day, in full or cut to its first letters.
fn is_day(name: &str, letters: usize) -> bool {
    const NAMES: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    NAMES
        .iter()
        .any(|day| day.get(..letters.min(day.len())) == Some(name))
}

fn month_number(name: &str) -> Option<u64> {
    let index = MONTH_NAMES
        .iter()
        .position(|month| *month == name.as_bytes())?;
    Some(index as u64 + 1)
}

fn digits(text: &str, count: usize) -> Option<u64> {
    if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// Expands a two-digit year to the next year with that ending, unless that is more than 50 years in the future.
fn full_year(ending: u64, now: Option<Duration>) -> u64 {
    /// Used without a clock: the result is between 1970 and 2069.
    const WITHOUT_CLOCK: u64 = 2019;
    let this_year = now
        .and_then(Civil::from_unix)
        .map_or(WITHOUT_CLOCK, |civil| u64::from(civil.year));
    let latest = this_year + 50;
    let year = latest - latest % 100 + ending;
    if year > latest { year - 100 } else { year }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64) -> String {
        String::from_utf8(format(Duration::from_secs(seconds)).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn known_dates_are_formatted() {
        assert_eq!(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(text(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(text(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(text(951_868_800), "Wed, 01 Mar 2000 00:00:00 GMT");
        assert_eq!(text(4_107_542_399), "Sun, 28 Feb 2100 23:59:59 GMT");
        assert_eq!(text(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(text(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn all_three_forms_are_parsed() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(text.as_bytes(), None), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Wed Nov 16 08:49:37 1994", None), Some(784_975_777));
        assert_eq!(
            parse(b"Tue, 29 Feb 2000 00:00:00 GMT", None),
            Some(951_782_400)
        );
    }

    #[test]
    fn dates_before_the_epoch_become_zero() {
        assert_eq!(parse(b"Wed, 31 Dec 1969 23:59:59 GMT", None), Some(0));
        assert_eq!(parse(b"Sat, 01 Jan 0000 00:00:00 GMT", None), None);
        assert_eq!(parse(b"Mon, 01 Jan 0001 00:00:00 GMT", None), Some(0));
        assert_eq!(parse(b"Tue, 06 Nov 1934 24:49:37 GMT", None), None);
    }

    #[test]
    fn formatted_dates_can_be_parsed() {
        for day in 0..60_000 {
            let seconds = day * 86_400 + day % 86_400;
            assert_eq!(parse(text(seconds).as_bytes(), None), Some(seconds));
        }
    }

    #[test]
    fn invalid_dates_are_rejected() {
        for text in [
            "",
            "0",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 31 Apr 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2100 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun,  06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sund, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06-Nov-94-x 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov 6",
            "Son Nov  6 08:49:37 1994",
            "Sun Nov  16 08:49:37 1994",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
        ] {
            assert_eq!(parse(text.as_bytes(), None), None, "{text:?}");
        }
    }

    #[test]
    fn two_digit_years_are_at_most_fifty_years_ahead() {
        let year = |ending, now: u64| full_year(ending, Some(Duration::from_secs(now)));
        // 2026
        assert_eq!(year(76, 1_800_000_000 - 10_000_000), 2076);
        assert_eq!(year(77, 1_800_000_000 - 10_000_000), 1977);
        assert_eq!(year(26, 1_800_000_000 - 10_000_000), 2026);
        assert_eq!(full_year(69, None), 2069);
        assert_eq!(full_year(70, None), 1970);
    }

    #[test]
    fn dates_after_the_year_9999_are_not_formatted() {
        assert_eq!(format(Duration::from_secs(253_402_300_800)), None);
        assert_eq!(format(Duration::MAX), None);
    }

    #[test]
    fn consecutive_days_have_consecutive_dates() {
        let mut last = Civil::from_unix(Duration::ZERO).unwrap();
        for day in 1..60_000 {
            let civil = Civil::from_unix(Duration::from_secs(day * 86_400)).unwrap();
            assert_eq!(civil.weekday, (last.weekday + 1) % 7);
            let next_day =
                (civil.year, civil.month, civil.day) == (last.year, last.month, last.day + 1);
            let next_month = civil.day == 1 && last.day >= 28;
            assert!(next_day || next_month, "{last:?} {civil:?}");
            last = civil;
        }
    }
}
