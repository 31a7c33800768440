//! Problem details (RFC 9457): an error as a JSON object that programs can read.

use super::response::{Response, ResponseError};
use crate::response::json_text;
use crate::values::status::Status;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The details of an error, sent as `application/problem+json` (RFC 9457).
///
/// ```
/// use bytegate::{Response, Status};
/// use bytegate::response::Problem;
///
/// let problem = Problem::new(Status::FORBIDDEN)
///     .with_type("https://example.com/problems/credit")
///     .with_title("You do not have enough credit.")
///     .with_detail("Your balance is 30, but that costs 50.")
///     .with_member("balance", "30");
/// let response = Response::from(problem);
/// assert_eq!(response.status(), Status::FORBIDDEN);
/// assert_eq!(response.headers().get("Content-Type"), Some("application/problem+json"));
/// assert!(response.body().as_bytes().unwrap().ends_with(br#","balance":30}"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: Status,
    type_uri: Option<String>,
    title: String,
    detail: Option<String>,
    instance: Option<String>,
    /// Names with JSON values.
    members: Vec<(String, String)>,
}

/// The members that RFC 9457 section 3.1 defines.
const DEFINED: [&str; 5] = ["type", "status", "title", "detail", "instance"];

impl Problem {
    /// Creates a problem that states only the status. The title is the reason phrase.
    pub fn new(status: Status) -> Problem {
        Problem {
            status,
            type_uri: None,
            title: status.reason().to_string(),
            detail: None,
            instance: None,
            members: Vec::new(),
        }
    }

    /// Sets the URI reference that identifies the type of the problem (RFC 9457 section 3.1.1). Without one, the type
    /// is `about:blank`: the problem has no meaning beyond its status.
    pub fn with_type(mut self, uri: &str) -> Problem {
        self.type_uri = Some(uri.to_string());
        self
    }

    /// Sets the title: a short summary of the type of the problem, the same each time it occurs (section 3.1.3).
    pub fn with_title(mut self, title: &str) -> Problem {
        self.title = title.to_string();
        self
    }

    /// Sets the explanation of this occurrence of the problem (section 3.1.4).
    pub fn with_detail(mut self, detail: &str) -> Problem {
        self.detail = Some(detail.to_string());
        self
    }

    /// Sets the URI reference that identifies this occurrence of the problem (section 3.1.5).
    pub fn with_instance(mut self, uri: &str) -> Problem {
        self.instance = Some(uri.to_string());
        self
    }

    /// Adds an extension member (section 3.2). The value is JSON text, for example `30`, `"text"` or `[1, 2]`.
    ///
    /// The response fails if the value is not JSON or nested more than 64 levels deep, or if the name is used already.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    /// use bytegate::response::Problem;
    ///
    /// let problem = Problem::new(Status::BAD_REQUEST).with_member("line", "seven");
    /// let error = Response::from(problem).error().unwrap().to_string();
    /// assert_eq!(error, "the problem member \"line\" is not a JSON value: write text in quotes");
    /// ```
    pub fn with_member(mut self, name: &str, json: &str) -> Problem {
        self.members.push((name.to_string(), json.to_string()));
        self
    }

    /// Returns the status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the JSON object.
    fn to_json(&self) -> Result<String, String> {
        let mut text = String::from("{");
        let mut put = |name: &str, value: &dyn Fn(&mut String)| {
            if text.len() > 1 {
                text.push(',');
            }
            json_text::write_string(&mut text, name);
            text.push(':');
            value(&mut text);
        };
        let texts = [
            ("type", self.type_uri.as_deref()),
            (
                "title",
                Some(&*self.title).filter(|title| !title.is_empty()),
            ),
            ("detail", self.detail.as_deref()),
            ("instance", self.instance.as_deref()),
        ];
        put("status", &|text| {
            text.push_str(&self.status.code().to_string())
        });
        for (name, value) in texts {
            if let Some(value) = value {
                put(name, &|text| json_text::write_string(text, value));
            }
        }
        for (index, (name, value)) in self.members.iter().enumerate() {
            let mut before = self.members.iter().take(index);
            if DEFINED.contains(&&**name) || before.any(|(other, _)| other == name) {
                return Err(format!("the problem member {name:?} is set twice"));
            }
            if !json_text::is_value(value) {
                return Err(format!(
                    "the problem member {name:?} is not a JSON value: write text in quotes"
                ));
            }
            put(name, &|text| text.push_str(value));
        }
        text.push('}');
        Ok(text)
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Problem {
        Problem::new(status)
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Response {
        match problem.to_json() {
            Ok(json) => {
                Response::of_type("application/problem+json", json).with_status(problem.status)
            }
            Err(reason) => Response::from_error(ResponseError::Other(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(problem: Problem) -> String {
        problem.to_json().unwrap()
    }

    #[test]
    fn all_members_are_written_in_order() {
        assert_eq!(
            json(Status::NOT_FOUND.into()),
            r#"{"status":404,"title":"Not Found"}"#
        );
        let problem = Problem::new(Status::CONFLICT)
            .with_instance("/orders/7")
            .with_detail("it is \"taken\"\n\u{1}\\")
            .with_title("Taken")
            .with_type("/problems/taken")
            .with_member("errors", r#"[{"pointer": "/name"}]"#)
            .with_member("by \"", "null");
        assert_eq!(
            json(problem),
            "{\"status\":409,\"type\":\"/problems/taken\",\"title\":\"Taken\",\
             \"detail\":\"it is \\\"taken\\\"\\n\\u0001\\\\\",\"instance\":\"/orders/7\",\
             \"errors\":[{\"pointer\": \"/name\"}],\"by \\\"\":null}"
        );
        let unregistered = Status::new(799).unwrap();
        assert_eq!(json(unregistered.into()), r#"{"status":799}"#);
    }

    #[test]
    fn members_that_would_make_the_object_ambiguous_fail() {
        let problem = || Problem::new(Status::CONFLICT);
        for problem in [
            problem().with_member("status", "200"),
            problem().with_member("detail", "\"a\""),
            problem().with_member("a", "1").with_member("a", "1"),
            problem().with_member("a", "1,\"status\":200"),
            problem().with_member("a", ""),
        ] {
            let response = Response::from(problem);
            assert_eq!(response.sent_status(), Status::INTERNAL_SERVER_ERROR);
            assert!(matches!(response.error(), Some(ResponseError::Other(_))));
        }
    }
}
