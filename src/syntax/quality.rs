//! Lists whose members have a weight, as in `Accept: text/html, */*;q=0.1` (RFC 9110 section 12.4.2).

use super::list::quoted_elements;
use super::parameters::{Malformed, Parameter, Parameters, split};

/// A weight in thousandths. Zero means "not acceptable".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quality(u16);

/// A member of `Accept`, `Accept-Language` or `Accept-Encoding`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preference<'a> {
    /// The media range, language range or coding. It is not empty.
    pub(crate) value: &'a [u8],
    pub(crate) quality: Quality,
    parameters: Parameters<'a>,
}

/// Returns the members of a list in order. Malformed members are skipped, so that one mistake does not discard the
/// client's other preferences.
pub(crate) fn preferences(list: &[u8]) -> impl Iterator<Item = Preference<'_>> {
    quoted_elements(list).filter_map(|member| Preference::parse(member).ok())
}

impl Quality {
    pub(crate) const NONE: Quality = Quality(0);
    pub(crate) const ONE: Quality = Quality(1000);

    /// Parses a weight. Digits after the third are ignored, and the zero before the point may be missing, because
    /// clients send `0.3333` and `.2`.
    fn parse(text: &[u8]) -> Option<Quality> {
        let point = text.iter().position(|&byte| byte == b'.');
        let (whole, fraction) = text.split_at(point.unwrap_or(text.len()));
        let fraction = fraction.get(1..).unwrap_or_default();
        let digits = fraction.iter().copied().chain([b'0'; 3]).take(3);
        let thousandths = digits.fold(0, |sum, digit| {
            sum * 10 + u16::from(digit.wrapping_sub(b'0'))
        });
        let is_number = fraction.iter().all(u8::is_ascii_digit);
        match whole {
            _ if !is_number => None,
            b"0" => Some(Quality(thousandths)),
            b"" if !fraction.is_empty() => Some(Quality(thousandths)),
            b"1" if fraction.iter().all(|&digit| digit == b'0') => Some(Quality::ONE),
            _ => None,
        }
    }
}

impl<'a> Preference<'a> {
    fn parse(member: &'a [u8]) -> Result<Preference<'a>, Malformed> {
        let (value, parameters) = split(member);
        let quality = match parameters.get("q")? {
            Some(text) => Quality::parse(text).ok_or(Malformed)?,
            None => Quality::ONE,
        };
        let preference = Preference {
            value,
            quality,
            parameters,
        };
        match value {
            b"" => Err(Malformed),
            _ => Ok(preference),
        }
    }

    /// Returns the parameters before the weight. They belong to the value; parameters after it have no meaning.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let valid = self.parameters.map_while(Result::ok);
        valid.take_while(|parameter| !parameter.name.eq_ignore_ascii_case(b"q"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn shown(list: &str) -> Vec<(String, u16)> {
        let members = preferences(list.as_bytes());
        let shown = members.map(|member| {
            let value = String::from_utf8_lossy(member.value).into_owned();
            (value, member.quality.0)
        });
        shown.collect()
    }

    #[test]
    fn members_have_a_weight_of_one_unless_they_state_another() {
        let expected = [("a/b", 1000), ("*/*", 100), ("c", 0), ("d", 1000)];
        let expected = expected.map(|(value, quality)| (value.into(), quality));
        assert_eq!(
            shown("a/b;x=y, */* ; Q=0.1,, c;q=0.000, d;q=1.000"),
            expected
        );
    }

    #[test]
    fn weights_that_clients_send_are_read() {
        for (weight, thousandths) in [
            ("0", 0),
            ("0.", 0),
            ("0.5", 500),
            ("0.05", 50),
            ("0.999", 999),
            ("0.3333", 333),
            (".2", 200),
            ("1", 1000),
            ("1.", 1000),
            ("1.0000", 1000),
        ] {
            let quality = Quality::parse(weight.as_bytes());
            assert_eq!(quality, Some(Quality(thousandths)), "{weight}");
        }
    }

    #[test]
    fn a_malformed_member_is_skipped() {
        for weight in [
            "", ".", "2", "1.001", "-1", "+1", "0,5", "0.5x", "0.x", "00", "1e0", "\u{662}",
        ] {
            assert_eq!(Quality::parse(weight.as_bytes()), None, "{weight}");
            let list = alloc::format!("a, b;q=\"{weight}\", c;q=0.1");
            assert_eq!(
                shown(&list),
                [("a".into(), 1000), ("c".into(), 100)],
                "{list}"
            );
        }
        assert_eq!(shown("a;q, ;q=1, b;q=1;x, c"), [("c".into(), 1000)]);
    }

    #[test]
    fn parameters_before_the_weight_belong_to_the_value() {
        let members = preferences(b"text/html;level=1;q=0.5;extension=2");
        let names = members.flat_map(|member| member.parameters().map(|parameter| parameter.name));
        assert_eq!(names.collect::<Vec<_>>(), [b"level"]);
    }
}
