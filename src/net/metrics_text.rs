//! Metrics in the text format of Prometheus, version 0.0.4.

use super::counters::{BUCKETS, METHODS, Numbers, RareCounters, STATUSES};
use super::occupancy::Occupancy;
use super::route_counters::RouteCounters;
use core::fmt::{self, Display, Formatter};
use std::collections::BTreeMap;
use std::prelude::rust_2024::*;

/// Writes all metrics. Refusals are listed once they have occurred, and all others always.
pub(super) fn write_page(
    f: &mut Formatter<'_>,
    numbers: &Numbers,
    rare: &RareCounters,
    places: &Occupancy,
) -> fmt::Result {
    let mut page = Page(f);
    page.counter(
        "connections_accepted",
        "Connections that were accepted.",
        rare.accepted.get(),
    )?;
    page.counter(
        "connections_turned_away",
        "Connections that got a 503 at once, because their address has too many.",
        rare.turned_away.get(),
    )?;
    page.counter(
        "accept_errors",
        "Connections that could not be accepted.",
        rare.accept_errors.get(),
    )?;
    page.counter(
        "tls_failures",
        "TLS handshakes that failed.",
        rare.tls_failures.get(),
    )?;
    page.family("connections", "gauge", "Open connections, by state.")?;
    for (state, count) in [
        ("idle", places.idle),
        ("receiving", places.receiving),
        ("responding", places.responding),
        ("sending", places.sending),
    ] {
        page.labeled("connections", &[("state", &state)], count)?;
    }
    page.gauge(
        "connections_limit",
        "Connections that may be open at once.",
        places.limit,
    )?;
    page.gauge(
        "buffered_bytes",
        "Memory that connections hold for their clients.",
        places.bytes,
    )?;
    page.gauge(
        "buffered_bytes_limit",
        "Memory that connections may hold.",
        places.bytes_limit,
    )?;
    page.counter(
        "received_bytes",
        "Bytes received from clients.",
        numbers.received,
    )?;
    page.counter("sent_bytes", "Bytes sent to clients.", numbers.sent)?;
    page.family(
        "requests_total",
        "counter",
        "Requests whose head was valid, by method.",
    )?;
    for (method, count) in METHODS.iter().zip(numbers.requests) {
        page.labeled("requests_total", &[("method", method)], count)?;
    }
    page.family(
        "responses_total",
        "counter",
        "Responses, by the class of their status.",
    )?;
    for (status, count) in STATUSES.iter().zip(numbers.responses) {
        page.labeled("responses_total", &[("status", status)], count)?;
    }
    page.family(
        "refusals_total",
        "counter",
        "Requests that were refused, by status and error.",
    )?;
    for (error, count) in rare.refusals() {
        let labels: [(_, &dyn Display); 2] =
            [("status", &error.status().code()), ("error", &error.name())];
        page.labeled("refusals_total", &labels, count)?;
    }
    page.counter(
        "response_errors",
        "Responses that were invalid, panicked or ended early.",
        rare.response_errors.get(),
    )?;
    page.durations(numbers)
}

/// Writes the counters of each route, if there are any.
pub(super) fn write_routes(
    f: &mut Formatter<'_>,
    routes: &BTreeMap<String, RouteCounters>,
) -> fmt::Result {
    if routes.is_empty() {
        return Ok(());
    }
    let mut page = Page(f);
    page.family(
        "route_responses_total",
        "counter",
        "Responses, by the pattern of the route and the class of the status.",
    )?;
    for (route, counters) in routes {
        for (status, counter) in STATUSES.iter().zip(&counters.responses) {
            let labels: [(_, &dyn Display); 2] = [("route", &Escaped(route)), ("status", status)];
            match counter.get() {
                0 => {}
                count => page.labeled("route_responses_total", &labels, count)?,
            }
        }
    }
    const NAME: &str = "route_duration_seconds";
    page.family(
        NAME,
        "summary",
        "Time from the head of a request to its response, by the pattern of the route.",
    )?;
    for (route, counters) in routes {
        let labels: [(_, &dyn Display); 1] = [("route", &Escaped(route))];
        let sum = Seconds(counters.duration.get());
        page.labeled(&format!("{NAME}_sum"), &labels, sum)?;
        page.labeled(&format!("{NAME}_count"), &labels, counters.durations.get())?;
    }
    Ok(())
}

/// A number of nanoseconds, in seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        write!(f, "{seconds}.{nanos:09}")
    }
}

/// The value of a label, which may contain any characters.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '\\' | '"' => write!(f, "\\{character}"),
            '\n' => f.write_str("\\n"),
            other => write!(f, "{other}"),
        })
    }
}

/// The page that is being written.
struct Page<'p, 'f>(&'p mut Formatter<'f>);

impl Page<'_, '_> {
    fn family(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP bytegate_{name} {help}")?;
        writeln!(self.0, "# TYPE bytegate_{name} {kind}")
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let name = format!("{name}_total");
        self.family(&name, "counter", help)?;
        self.labeled(&name, &[], value)
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) -> fmt::Result {
        self.family(name, "gauge", help)?;
        self.labeled(name, &[], value)
    }

    /// Writes one number.
    fn labeled(
        &mut self,
        name: &str,
        labels: &[(&str, &dyn Display)],
        value: impl Display,
    ) -> fmt::Result {
        write!(self.0, "bytegate_{name}")?;
        for (place, (label, text)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            write!(self.0, "{before}{label}=\"{text}\"")?;
        }
        let end = if labels.is_empty() { "" } else { "}" };
        writeln!(self.0, "{end} {value}")
    }

    fn durations(&mut self, numbers: &Numbers) -> fmt::Result {
        const NAME: &str = "request_duration_seconds";
        let bucket = format!("{NAME}_bucket");
        self.family(
            NAME,
            "histogram",
            "Time from the head of a request to its response.",
        )?;
        let mut count = 0;
        for (end, counted) in BUCKETS.iter().zip(numbers.durations) {
            count += counted;
            self.labeled(&bucket, &[("le", &end.as_secs_f64())], count)?;
        }
        count += numbers.durations[BUCKETS.len()];
        self.labeled(&bucket, &[("le", &"+Inf")], count)?;
        let sum = Seconds(numbers.duration);
        self.labeled(&format!("{NAME}_sum"), &[], sum)?;
        self.labeled(&format!("{NAME}_count"), &[], count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(Escaped("/a\"b\\c\n{d}").to_string(), r#"/a\"b\\c\n{d}"#);
    }
}
