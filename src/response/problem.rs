//! Problem details (RFC 9457): an error as a JSON object that programs can read.

use super::details::Details;
use super::rejection::Rejection;
use super::response::Response;
use crate::values::status::Status;
use alloc::boxed::Box;
#[cfg(feature = "json")]
use alloc::format;
use alloc::string::ToString;

/// The details of an error, sent as `application/problem+json` (RFC 9457).
///
/// A [`Rejection`] converts into a problem and back, so a handler that returns `Result<_, Rejection>` can fail with one:
/// `return Err(problem.into())`. A problem keeps the headers and the source of a rejection. It leaves out the detail of
/// an error of the server, which is reported instead.
///
/// ```
/// use bytegate::{Response, Status};
/// use bytegate::response::Problem;
///
/// let problem = Problem::new(Status::FORBIDDEN)
///     .with_type("https://example.com/problems/credit")
///     .with_title("You do not have enough credit.")
///     .with_detail("Your balance is 30, but that costs 50.")
///     .with_instance("/accounts/7");
/// let response = Response::from(problem);
/// assert_eq!(response.status(), Status::FORBIDDEN);
/// assert_eq!(response.headers().get("Content-Type"), Some("application/problem+json"));
/// assert!(response.body().as_bytes().unwrap().ends_with(br#","instance":"/accounts/7"}"#));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Problem {
    /// The status, the headers and the source.
    rejection: Rejection,
    details: Details,
}

/// The members that RFC 9457 section 3.1 defines.
#[cfg(feature = "json")]
const DEFINED: [&str; 5] = ["type", "status", "title", "detail", "instance"];

impl Problem {
    /// Creates a problem that states only the status. The title is the reason phrase.
    pub fn new(status: Status) -> Problem {
        Problem {
            rejection: Rejection::new(status, ""),
            details: Details {
                title: status.reason().to_string(),
                ..Details::default()
            },
        }
    }

    /// Sets the URI reference that identifies the type of the problem (RFC 9457 section 3.1.1). Without one, the type
    /// is `about:blank`: the problem has no meaning beyond its status.
    pub fn with_type(mut self, uri: &str) -> Problem {
        self.details.type_uri = Some(uri.to_string());
        self
    }

    /// Sets the title: a short summary of the type of the problem, the same each time it occurs (section 3.1.3).
    pub fn with_title(mut self, title: &str) -> Problem {
        self.details.title = title.to_string();
        self
    }

    /// Sets the explanation of this occurrence of the problem (section 3.1.4).
    pub fn with_detail(mut self, detail: &str) -> Problem {
        self.details.detail = Some(detail.to_string());
        self
    }

    /// Sets the URI reference that identifies this occurrence of the problem (section 3.1.5).
    pub fn with_instance(mut self, uri: &str) -> Problem {
        self.details.instance = Some(uri.to_string());
        self
    }

    /// Adds an extension member (section 3.2, feature `json`). The response fails if JSON cannot represent the value, or
    /// if the name is used already.
    ///
    /// ```
    /// use bytegate::{Response, Status};
    /// use bytegate::response::Problem;
    ///
    /// let problem = Problem::new(Status::UNPROCESSABLE_CONTENT).with_member("errors", ["name", "age"]);
    /// let response = Response::from(problem);
    /// assert!(response.body().as_bytes().unwrap().ends_with(br#","errors":["name","age"]}"#));
    /// ```
    #[cfg(feature = "json")]
    pub fn with_member(mut self, name: &str, value: impl serde::Serialize) -> Problem {
        let is_used = self.details.members.iter().any(|(other, _)| other == name);
        let member = match serde_json::to_string(&value) {
            _ if is_used || DEFINED.contains(&name) => {
                Err(format!("the problem member {name:?} is set twice"))
            }
            Ok(json) => Ok(json),
            Err(error) => Err(format!(
                "the problem member {name:?} cannot be sent as JSON: {error}"
            )),
        };
        match member {
            Ok(json) => self.details.members.push((name.to_string(), json)),
            Err(reason) => self.details.failure = self.details.failure.or(Some(reason)),
        }
        self
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.rejection.status
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Problem {
        Problem::new(status)
    }
}

impl From<Rejection> for Problem {
    /// Creates a problem with the status, the detail, the headers and the source of the rejection.
    fn from(mut rejection: Rejection) -> Problem {
        if let Some(details) = rejection.problem.take() {
            return Problem {
                rejection,
                details: *details,
            };
        }
        let is_internal = rejection.status == Status::INTERNAL_SERVER_ERROR;
        let detail = Some(&*rejection.detail).filter(|detail| !is_internal && !detail.is_empty());
        let mut problem = Problem::new(rejection.status);
        problem.details.detail = detail.map(ToString::to_string);
        problem.rejection = rejection;
        problem
    }
}

impl From<Problem> for Rejection {
    /// Creates a rejection that is sent as the problem.
    fn from(problem: Problem) -> Rejection {
        let Problem {
            mut rejection,
            details,
        } = problem;
        if rejection.detail.is_empty() {
            let detail = details.detail.as_ref().unwrap_or(&details.title);
            rejection.detail = detail.clone().into();
        }
        rejection.problem = Some(Box::new(details));
        rejection
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Response {
        Rejection::from(problem).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn json(problem: Problem) -> String {
        problem.details.to_json(problem.status())
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
            .with_type("/problems/taken");
        assert_eq!(
            json(problem),
            "{\"status\":409,\"type\":\"/problems/taken\",\"title\":\"Taken\",\
             \"detail\":\"it is \\\"taken\\\"\\n\\u0001\\\\\",\"instance\":\"/orders/7\"}"
        );
        let unregistered = Status::new(799).unwrap();
        assert_eq!(json(unregistered.into()), r#"{"status":799}"#);
    }

    #[cfg(feature = "json")]
    #[test]
    fn extension_members_come_last() {
        let problem = Problem::new(Status::CONFLICT)
            .with_member("errors", [1, 2])
            .with_member("by \"", ());
        let text = r#"{"status":409,"title":"Conflict","errors":[1,2],"by \"":null}"#;
        assert_eq!(json(problem), text);
    }

    #[cfg(feature = "json")]
    #[test]
    fn members_that_would_make_the_object_ambiguous_fail() {
        let problem = || Problem::new(Status::CONFLICT);
        let no_json = alloc::collections::BTreeMap::from([([1], 2)]);
        for (problem, reason) in [
            (
                problem().with_member("status", 200),
                "\"status\" is set twice",
            ),
            (
                problem().with_member("detail", "a"),
                "\"detail\" is set twice",
            ),
            (
                problem().with_member("a", 1).with_member("a", 1),
                "\"a\" is set twice",
            ),
            (
                problem().with_member("a", no_json),
                "\"a\" cannot be sent as JSON",
            ),
        ] {
            for response in [
                Response::from(problem.clone()),
                Rejection::from(problem).into(),
            ] {
                assert_eq!(response.sent_status(), Status::INTERNAL_SERVER_ERROR);
                assert!(response.error().unwrap().to_string().contains(reason));
            }
        }
    }
}
