//! A month of the ledger, UTC.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};

/// The first day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month(NaiveDate);

impl Month {
    /// So many months before the one of `now`.
    pub(super) fn before(now: DateTime<Utc>, back: u32) -> Month {
        let today = now.date_naive();
        let first = today.with_day(1).unwrap_or(today);
        Month(first.checked_sub_months(Months::new(back)).unwrap_or(first))
    }

    /// As the server names it: `2026-11`.
    pub(super) fn period(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// As people name it: `November 2026`.
    pub(super) fn title(self) -> String {
        self.0.format("%B %Y").to_string()
    }

    /// The filter of its charges.
    pub(super) fn charges(self) -> String {
        let next = self.0.checked_add_months(Months::new(1)).unwrap_or(self.0);
        format!("at>={} at<{next}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn months_are_counted_back_over_a_year() {
        let now = Utc.with_ymd_and_hms(2026, 1, 31, 23, 59, 59).unwrap();
        let month = Month::before(now, 2);
        assert_eq!(month.period(), "2025-11");
        assert_eq!(month.title(), "November 2025");
        assert_eq!(month.charges(), "at>=2025-11-01 at<2025-12-01");
        assert!(api::filter::parse(&month.charges(), &api::filter::LEDGER).is_ok());
        assert_eq!(Month::before(now, 0).period(), "2026-01");
    }
}
