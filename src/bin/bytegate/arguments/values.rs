//! Values of options.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

pub(super) fn parse_bind(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        text => text
            .parse()
            .map_err(|_| "not an IP address such as 127.0.0.1 or ::1".to_string()),
    }
}

pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "not a port from 0 to 65535".to_string())
}

pub(super) fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("not a number greater than 0".to_string()),
    }
}

/// The smallest limit for a head. No browser request fits in less.
const LEAST_HEAD: u64 = 256;

pub(super) fn parse_head(text: &str) -> Result<u32, String> {
    match parse_size(text)? {
        bytes if bytes < LEAST_HEAD => Err(format!("a head needs at least {LEAST_HEAD} bytes")),
        bytes => u32::try_from(bytes).map_err(|_| "a head must be smaller than 4G".to_string()),
    }
}

pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default() {
        "" => Some(1),
        "K" | "k" => Some(1 << 10),
        "M" | "m" => Some(1 << 20),
        "G" | "g" => Some(1 << 30),
        _ => None,
    };
    let size = unit.and_then(|unit| parse_digits(digits)?.checked_mul(unit));
    size.ok_or_else(|| "not a size such as 16384, 64K or 1M".to_string())
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" => Some(60 * 1000),
        "h" => Some(60 * 60 * 1000),
        _ => None,
    };
    let millis = unit.and_then(|unit| parse_digits(digits)?.checked_mul(unit));
    match millis {
        Some(0) => Err("a time must not be zero".to_string()),
        Some(millis) => Ok(Duration::from_millis(millis)),
        None => Err("not a time such as 500ms, 10s or 2m".to_string()),
    }
}

/// Parses digits and nothing else. The parser of the standard library would accept a sign.
fn parse_digits(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

pub(super) fn parse_suffix(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a suffix must not be empty".to_string()),
        text => Ok(text.to_string()),
    }
}

/// Parses what a config file sets for an option that takes nothing.
pub(super) fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("not true or false".to_string()),
    }
}
