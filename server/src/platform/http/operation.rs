//! An operation: one method of one path, and what is declared about it.

use poem::http::Method;

use super::{body::Cap, dialect::Dialect, guard::GuardKind};
use crate::platform::limits::LimitClass;

/// What is declared about an operation. Who may call it, what it reads and what it answers are not
/// here: they follow from the handler's signature.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(super) method: Method,
    /// With parameters in braces: `/api/stores/{id}`; `{*rest}` at the end takes the rest.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) tag: &'static str,
    pub(super) limit: LimitClass,
    pub(super) cap: Cap,
    pub(super) refuses: &'static [u16],
    pub(super) parameters: Vec<(&'static str, &'static str)>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

impl Operation {
    fn new(method: Method, path: &'static str, cap: Cap) -> Self {
        Self {
            method,
            path,
            summary: "",
            description: None,
            tag: "",
            limit: LimitClass::Global,
            cap,
            refuses: &[],
            parameters: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Serves HEAD as well.
    pub(crate) fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path, Cap::None)
    }

    pub(crate) fn post(path: &'static str) -> Self {
        Self::new(Method::POST, path, Cap::Json)
    }

    pub(crate) fn put(path: &'static str) -> Self {
        Self::new(Method::PUT, path, Cap::Json)
    }

    pub(crate) fn patch(path: &'static str) -> Self {
        Self::new(Method::PATCH, path, Cap::Json)
    }

    pub(crate) fn delete(path: &'static str) -> Self {
        Self::new(Method::DELETE, path, Cap::None)
    }

    pub(crate) fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    pub(crate) fn description(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    pub(crate) fn tag(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// The limit that the operation is under beside the global one. `AdminAction` is taken before
    /// the handler runs, per caller and operation; the others by the service, at the place that the
    /// contract gives them.
    pub(crate) fn limit(mut self, class: LimitClass) -> Self {
        self.limit = class;
        self
    }

    pub(crate) fn body_cap(mut self, cap: Cap) -> Self {
        self.cap = cap;
        self
    }

    /// Statuses with which the handler itself may refuse. Those of the guard, the limits and the
    /// input are known.
    pub(crate) fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refuses = statuses;
        self
    }

    /// Says what a parameter of the path is: its JSON type, such as `integer`. Others are strings.
    pub(crate) fn path_parameter(mut self, name: &'static str, kind: &'static str) -> Self {
        self.parameters.push((name, kind));
        self
    }

    /// Describes a request header that the handler looks at.
    pub(crate) fn reads_header(mut self, name: &'static str, purpose: &'static str) -> Self {
        self.headers.push((name, purpose));
        self
    }
}

/// A mounted operation, for tests that walk all of them.
#[cfg_attr(not(test), expect(dead_code, reason = "tests walk the operations"))]
#[derive(Debug, Clone)]
pub(crate) struct OperationRecord {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) guard: GuardKind,
    pub(crate) limit: LimitClass,
    pub(crate) cap: Cap,
    pub(crate) dialect: Dialect,
    /// Whether the mutation needs the header that only our own pages can send.
    pub(crate) csrf: bool,
    /// Every status that is not the handler's answer.
    pub(crate) refuses: Vec<u16>,
}
