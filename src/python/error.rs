//! The reasons why an application cannot be started.

use super::plan::Plan;
use core::fmt;
use core::time::Duration;
use std::io;
use std::prelude::rust_2024::*;

/// The reason why an application cannot be started: what happened, where, and what can be done.
///
/// ```
/// use bytegate::python::Python;
///
/// let error = Python::new("shop:application").interpreter("/no/such/python").start().unwrap_err();
/// assert!(error.to_string().contains("/no/such/python"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    sentence: String,
    traceback: Option<String>,
}

impl StartError {
    pub(super) fn new(sentence: String) -> StartError {
        StartError {
            sentence,
            traceback: None,
        }
    }

    /// Returns Python's traceback, if the application was not imported because of an exception.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        self.traceback.as_deref()
    }

    pub(super) fn interpreter(plan: &Plan, error: &io::Error) -> StartError {
        let path = plan.interpreter.display();
        let folder = plan.folder.display();
        StartError::new(match error.kind() {
            io::ErrorKind::NotFound if !plan.folder.is_dir() => {
                format!("there is no folder {folder} to start Python in")
            }
            io::ErrorKind::NotFound => format!(
                "there is no Python {path}: install Python 3.9 or newer, or name an interpreter"
            ),
            _ => format!("cannot start Python {path}: {error}"),
        })
    }

    pub(super) fn import(plan: &Plan, reason: &str) -> StartError {
        let application = &plan.application;
        if reason.contains("Traceback (most recent call last)") || reason.contains("Error: ") {
            StartError {
                sentence: format!("cannot import {application:?}"),
                traceback: Some(reason.trim_end().into()),
            }
        } else {
            StartError::new(format!("cannot use {application:?}: {reason}"))
        }
    }

    pub(super) fn ended(plan: &Plan, how: &str) -> StartError {
        let application = &plan.application;
        let path = plan.interpreter.display();
        StartError::new(format!(
            "{path} ended {how} before it had imported {application:?}; what it wrote is above"
        ))
    }

    pub(super) fn slow(plan: &Plan, timeout: Duration) -> StartError {
        let application = &plan.application;
        StartError::new(format!(
            "{application:?} was not imported within {timeout:?}: what it does when it is imported takes too long"
        ))
    }

    pub(super) fn no_python(plan: &Plan, reason: &str) -> StartError {
        let path = plan.interpreter.display();
        StartError::new(format!("{path} does not behave like Python: {reason}"))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        match &self.traceback {
            Some(traceback) => write!(f, "\n{traceback}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StartError {}
