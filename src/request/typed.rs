//! Queries and forms as values of types that implement [`Deserialize`].

use super::form::Form;
use super::request::Request;
use crate::response::rejection::{Rejection, detail_at};
use alloc::format;
use serde::de::Deserialize;
use serde_html_form::Deserializer;

/// # Queries and forms of a type
impl<'a> Request<'a> {
    /// Deserializes the query (feature `serde`). A field that is a list takes all values with its name. Unknown names
    /// are ignored, unless the type denies them.
    ///
    /// ```
    /// use bytegate::Request;
    /// use serde::Deserialize;
    ///
    /// #[derive(Debug, PartialEq, Deserialize)]
    /// struct Search {
    ///     q: String,
    ///     page: Option<u32>,
    ///     #[serde(default)]
    ///     tag: Vec<String>,
    /// }
    ///
    /// let search = |target| {
    ///     Request::builder("GET", target).build().expect("a request").query_as::<Search>()
    /// };
    /// let expected = Search { q: "a b".into(), page: None, tag: vec!["x".into(), "y".into()] };
    /// assert_eq!(search("/?q=a+b&tag=x&tag=y"), Ok(expected));
    /// assert_eq!(
    ///     search("/?q=a&page=x").unwrap_err().detail(),
    ///     "the query does not match the expected type: page: invalid digit found in string"
    /// );
    /// ```
    ///
    /// # Errors
    /// Returns a 400 that names the field, if it is known. Text that is not UTF-8 is rejected in any field, as in a
    /// [form](Request::form).
    pub fn query_as<T: Deserialize<'a>>(&self) -> Result<T, Rejection> {
        self.check_query()?;
        let query = Deserializer::from_bytes(self.query().unwrap_or_default().as_bytes());
        serde_path_to_error::deserialize(query).map_err(|error| {
            let detail = detail_at(error.path(), error.inner());
            Rejection::bad_request(format!(
                "the query does not match the expected type: {detail}"
            ))
        })
    }

    /// Deserializes the [form](Request::form) (feature `serde`), by the same rules as [`query_as`](Request::query_as).
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Order {
    ///     item: String,
    ///     count: u32,
    /// }
    ///
    /// fn order(request: &Request) -> Result<String, Rejection> {
    ///     let Order { item, count } = request.form_as()?;
    ///     Ok(format!("{count} of {item}\n"))
    /// }
    ///
    /// let response = Gateway::new(order).handle(
    ///     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
    ///       Content-Length: 16\r\n\r\nitem=tea&count=2",
    /// );
    /// assert!(response.ends_with(b"2 of tea\n"));
    /// ```
    ///
    /// # Errors
    /// Fails like [`form`](Request::form), and with a 422 that names the field, if it is known, if the form does not
    /// fit the type.
    pub fn form_as<T: Deserialize<'a>>(&self) -> Result<T, Rejection> {
        let form: Form<'a> = self.form()?;
        serde_path_to_error::deserialize(Deserializer::new(form.into_pairs())).map_err(|error| {
            let detail = detail_at(error.path(), error.inner());
            Rejection::unprocessable_content(format!(
                "the form does not match the expected type: {detail}"
            ))
        })
    }
}
