//! What is wrong with the settings, said so that a person can put it right.

use std::fmt;

/// A setting with which the process must not start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "problem and remedy are the words of the messages"
)]
pub(crate) struct Problem {
    pub(crate) variable: String,
    /// What is wrong; never holds a secret's value.
    pub(crate) problem: String,
    /// What would do.
    pub(crate) remedy: String,
}

impl Problem {
    pub(super) fn new(
        variable: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            variable: variable.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}. {}.", self.variable, self.problem, self.remedy)
    }
}

/// Everything that is wrong, so that it can be put right in one go. Never empty.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(out, "the settings have {count} {noun}:")?;
        for problem in &self.0 {
            write!(out, "\n  - {problem}")?;
        }
        Ok(())
    }
}

/// A setting with which the process starts, but that an operator should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) variable: String,
    pub(crate) message: String,
}

impl Warning {
    pub(super) fn new(variable: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.variable, self.message)
    }
}
