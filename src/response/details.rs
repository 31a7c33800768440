//! The members of problem details, written as JSON.

use super::json_text;
use super::response::{Response, ResponseError};
use crate::values::status::Status;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The members of a problem, apart from its status.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    pub(super) type_uri: Option<String>,
    pub(super) title: String,
    pub(super) detail: Option<String>,
    pub(super) instance: Option<String>,
    /// Names with JSON values.
    pub(super) members: Vec<(String, String)>,
    /// The reason why the problem cannot be sent.
    pub(super) failure: Option<String>,
}

impl Details {
    /// Returns the response, without the headers and the source.
    pub(super) fn page(&self, status: Status) -> Response {
        match &self.failure {
            None => Response::of_type("application/problem+json", self.to_json(status))
                .with_status(status),
            Some(reason) => Response::from_error(ResponseError::other(reason.clone())),
        }
    }

    /// Returns the JSON object.
    pub(super) fn to_json(&self, status: Status) -> String {
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
        put("status", &|text| text.push_str(&status.code().to_string()));
        for (name, value) in texts {
            if let Some(value) = value {
                put(name, &|text| json_text::write_string(text, value));
            }
        }
        for (name, value) in &self.members {
            put(name, &|text| text.push_str(value));
        }
        text.push('}');
        text
    }
}
