//! HTTP dates (RFC 9110 section 5.6.7).

use alloc::string::String;
use core::time::Duration;

/// The length of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) const DATE_BYTES: usize = 29;

const DAY_NAMES: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTH_NAMES: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A moment of the proleptic Gregorian calendar, in UTC.
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
    /// `None` after the year 9999, which no HTTP date can name.
    pub(crate) fn from_unix(wall: Duration) -> Option<Civil> {
        const END_OF_9999: u64 = 253_402_300_800;
        let seconds = wall.as_secs();
        if seconds >= END_OF_9999 {
            return None;
        }
        let (days, of_day) = (seconds / 86_400, seconds % 86_400);
        // Days are counted from 0000-03-01, so that the leap day is the last of its year.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        Some(Civil {
            year: (era * 400 + year_of_era + u64::from(month <= 2)) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            // 1970-01-01 was a Thursday.
            weekday: ((days + 3) % 7) as u8,
        })
    }

    /// `Nov`
    pub(crate) fn month_name(&self) -> &'static str {
        let name = MONTH_NAMES[usize::from(self.month - 1)];
        core::str::from_utf8(name).unwrap_or_default()
    }
}

/// The time in the form of HTTP, IMF-fixdate (RFC 9110 section 5.6.7). `wall` is the time since the Unix epoch;
/// `None` after the year 9999, which no HTTP date can name.
///
/// ```
/// use core::time::Duration;
///
/// let date = bytegate::http_date(Duration::from_secs(784_111_777));
/// assert_eq!(date.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
/// ```
pub fn http_date(wall: Duration) -> Option<String> {
    format(wall).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// As [`http_date`], in place.
pub(crate) fn format(wall: Duration) -> Option<[u8; DATE_BYTES]> {
    let civil = Civil::from_unix(wall)?;
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    text[..3].copy_from_slice(DAY_NAMES[usize::from(civil.weekday)]);
    text[8..11].copy_from_slice(MONTH_NAMES[usize::from(civil.month - 1)]);
    two_digits(&mut text[5..7], civil.day);
    two_digits(&mut text[12..14], (civil.year / 100) as u8);
    two_digits(&mut text[14..16], (civil.year % 100) as u8);
    two_digits(&mut text[17..19], civil.hour);
    two_digits(&mut text[20..22], civil.minute);
    two_digits(&mut text[23..25], civil.second);
    Some(text)
}

fn two_digits(place: &mut [u8], number: u8) {
    place.copy_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64) -> String {
        String::from_utf8(format(Duration::from_secs(seconds)).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn known_moments() {
        assert_eq!(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(text(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(text(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(text(951_868_800), "Wed, 01 Mar 2000 00:00:00 GMT");
        assert_eq!(text(4_107_542_399), "Sun, 28 Feb 2100 23:59:59 GMT");
        assert_eq!(text(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(text(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn a_broken_clock_gives_no_date() {
        assert_eq!(format(Duration::from_secs(253_402_300_800)), None);
        assert_eq!(format(Duration::MAX), None);
    }

    #[test]
    fn every_day_follows_the_one_before() {
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
