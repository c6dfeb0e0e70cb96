//! Families: routes under one prefix that share a contract's manners.

use super::dialect::Dialect;

/// Which paths of a family count against the global limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GlobalLimit {
    /// None of them.
    Exempt,
    /// The prefix itself and nothing below it.
    PrefixOnly,
    /// All of them.
    All,
}

/// What the routes under `prefix` have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// `/api`: matches itself and `/api/…`. `/` matches what no other family does.
    pub(crate) prefix: &'static str,
    pub(crate) dialect: Dialect,
    /// Whether mutations need `X-Requested-With: XMLHttpRequest`.
    pub(crate) csrf: bool,
    pub(crate) global_limit: GlobalLimit,
}

impl Family {
    /// For paths that belong to no family.
    const REST: Self = Self {
        prefix: "/",
        dialect: Dialect::Detail,
        csrf: false,
        global_limit: GlobalLimit::Exempt,
    };

    fn holds(&self, path: &str) -> bool {
        self.prefix == "/"
            || path
                .strip_prefix(self.prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(super) fn limits(&self, path: &str) -> bool {
        match self.global_limit {
            GlobalLimit::Exempt => false,
            GlobalLimit::PrefixOnly => path == self.prefix,
            GlobalLimit::All => true,
        }
    }
}

/// All families, the longest prefix first.
#[derive(Debug, Clone)]
pub(super) struct Families(Vec<Family>);

impl Families {
    pub(super) fn new(mut families: Vec<Family>) -> Self {
        families.push(Family::REST);
        families.sort_by_key(|family| std::cmp::Reverse(family.prefix.len()));
        Self(families)
    }

    /// The family of a path, by the path as it was sent: routes match it undecoded too.
    pub(super) fn of(&self, path: &str) -> Family {
        self.0
            .iter()
            .find(|family| family.holds(path))
            .copied()
            .unwrap_or(Family::REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_whole_segment_wins() {
        let families = Families::new(vec![
            Family {
                prefix: "/api",
                dialect: Dialect::Detail,
                csrf: true,
                global_limit: GlobalLimit::All,
            },
            Family {
                prefix: "/api/v2",
                dialect: Dialect::ProblemJson,
                csrf: true,
                global_limit: GlobalLimit::All,
            },
            Family {
                prefix: "/health",
                dialect: Dialect::Detail,
                csrf: false,
                global_limit: GlobalLimit::PrefixOnly,
            },
        ]);
        assert_eq!(families.of("/api").prefix, "/api");
        assert_eq!(families.of("/api/v2/x").prefix, "/api/v2");
        assert_eq!(families.of("/api/v22").prefix, "/api");
        assert_eq!(families.of("/apis").prefix, "/");
        assert_eq!(families.of("//api/stores").prefix, "/");
        assert!(families.of("/health").limits("/health"));
        assert!(!families.of("/health/live").limits("/health/live"));
        assert!(!families.of("/").limits("/"));
    }
}
