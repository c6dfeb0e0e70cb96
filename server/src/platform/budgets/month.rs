//! UTC calendar months: what a budget is counted over.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    first_day: NaiveDate,
}

impl Month {
    /// The month that an instant falls in.
    pub(crate) fn of(instant: DateTime<Utc>) -> Self {
        let day = instant.date_naive();
        Self {
            first_day: day.with_day(1).unwrap_or(day),
        }
    }

    /// When the next month begins.
    pub(crate) fn ends_at(self) -> DateTime<Utc> {
        self.first_day
            .checked_add_months(chrono::Months::new(1))
            .unwrap_or(NaiveDate::MAX)
            .and_time(chrono::NaiveTime::MIN)
            .and_utc()
    }

    /// A month as it is written, such as `2026-11`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 7 && text.bytes().all(|byte| byte != b'+');
        let day = format!("{text}-01").parse::<NaiveDate>().ok()?;
        (plain && (2_000..=9_999).contains(&day.year())).then_some(Self { first_day: day })
    }

    /// Its first day.
    pub(crate) fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// Its last day.
    pub(crate) fn last_day(self) -> NaiveDate {
        self.ends_at()
            .date_naive()
            .pred_opt()
            .unwrap_or(NaiveDate::MAX)
    }

    /// The month before.
    pub(crate) fn previous(self) -> Self {
        Self {
            first_day: self
                .first_day
                .checked_sub_months(chrono::Months::new(1))
                .unwrap_or(self.first_day),
        }
    }
}

impl std::fmt::Display for Month {
    /// `YYYY-MM`, as columns and the wire carry it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.first_day.format("%Y-%m").fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_month_is_cut_at_midnight_utc() {
        let last = Utc.with_ymd_and_hms(2028, 2, 29, 23, 59, 59).unwrap();
        let month = Month::of(last);
        assert_eq!(month.to_string(), "2028-02");
        let next = Utc.with_ymd_and_hms(2028, 3, 1, 0, 0, 0).unwrap();
        assert_eq!(month.ends_at(), next);
        assert_eq!(Month::of(next).to_string(), "2028-03");
        assert_eq!(Month::of(next).previous(), month);
    }

    #[test]
    fn the_year_turns_with_december() {
        let month = Month::of(Utc.with_ymd_and_hms(2026, 12, 31, 12, 0, 0).unwrap());
        let january = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(month.ends_at(), january);
        assert_eq!(Month::of(january).previous(), month);
    }
}
