//! Metrics that the program adds to those of the library.

use crate::tls::Certificates;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// The metrics of certificates, and of the content, in the text format of Prometheus.
pub(crate) struct MoreMetrics {
    pub(crate) certificates: Certificates,
    pub(crate) content: Option<ContentMetrics>,
}

/// Returns the metrics of the content, as text.
pub(crate) type ContentMetrics = Arc<dyn Fn() -> String + Send + Sync>;

impl Display for MoreMetrics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_expirations(f, self.certificates.expirations().into_iter())?;
        match &self.content {
            Some(content) => f.write_str(&content()),
            None => Ok(()),
        }
    }
}

/// Writes the time at which each certificate expires. For several certificates with the same name, this is the earliest time.
fn write_expirations(
    f: &mut impl fmt::Write,
    expirations: impl Iterator<Item = (String, std::time::Duration)>,
) -> fmt::Result {
    let mut first = BTreeMap::new();
    for (name, until) in expirations {
        let known = first.entry(name).or_insert(until);
        *known = until.min(*known);
    }
    if first.is_empty() {
        return Ok(());
    }
    const NAME: &str = "bytegate_certificate_expiry_timestamp_seconds";
    writeln!(
        f,
        "# HELP {NAME} When the certificate expires, in seconds since 1970."
    )?;
    writeln!(f, "# TYPE {NAME} gauge")?;
    for (name, until) in first {
        let name = escaped(&name);
        writeln!(f, "{NAME}{{name=\"{name}\"}} {}", until.as_secs())?;
    }
    Ok(())
}

/// Returns the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Returns the metrics of an application in Python.
#[cfg(unix)]
pub(crate) fn of_workers(workers: &bytegate::python::Workers) -> String {
    let usage = workers.usage();
    format!(
        "# HELP bytegate_python_requests Requests to the application, by state.\n\
         # TYPE bytegate_python_requests gauge\n\
         bytegate_python_requests{{state=\"running\"}} {}\n\
         bytegate_python_requests{{state=\"waiting\"}} {}\n\
         # HELP bytegate_python_processes_started_total Processes that were started, including the first ones.\n\
         # TYPE bytegate_python_processes_started_total counter\n\
         bytegate_python_processes_started_total {}\n",
        usage.running, usage.waiting, usage.started
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_name_has_one_time() {
        let at = |name: &str, seconds| (name.to_string(), Duration::from_secs(seconds));
        let mut page = String::new();
        let all = [at("b", 3), at("a\"\\\n", 1), at("b", 2), at("b", 4)];
        write_expirations(&mut page, all.into_iter()).expect("text");
        let (_, values) = page.split_once("gauge\n").expect("the values");
        let expected = r#"bytegate_certificate_expiry_timestamp_seconds{name="a\"\\\n"} 1
bytegate_certificate_expiry_timestamp_seconds{name="b"} 2
"#;
        assert_eq!(values, expected);
    }
}
