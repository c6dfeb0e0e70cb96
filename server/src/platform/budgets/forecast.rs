//! Where a month's spend is heading: what is spent and held, and for the rest of the month the mean
//! of the last full days.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use entities::Nanos;

/// Fewer full days say nothing.
const LEAST_DAYS: usize = 3;
/// The mean is over so many of the last full days.
const RECENT_DAYS: usize = 7;
/// With so many full days each weekday has a mean of its own.
pub(super) const WEEKDAY_DAYS: usize = 28;

/// What was spent until now.
pub(super) struct History<'a> {
    pub(super) spent: Nanos,
    pub(super) held: Nanos,
    /// `None` is unlimited.
    pub(super) limit: Option<Nanos>,
    /// Of each full day until yesterday, the oldest first.
    pub(super) days: &'a [Nanos],
}

/// Where it is heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// At the end of the month; `None` when too few days are known.
    pub(crate) total: Option<Nanos>,
    /// One standard deviation of it.
    pub(crate) band: Option<Nanos>,
    /// When the limit is reached, if that is before the month ends.
    pub(crate) exhausts_at: Option<DateTime<Utc>>,
}

impl Forecast {
    /// For a month that ends at `ends_at`.
    pub(super) fn of(history: &History<'_>, now: DateTime<Utc>, ends_at: DateTime<Utc>) -> Self {
        let used = history.spent.plus(history.held);
        let left = history.limit.map(|limit| limit.minus(used));
        if left.is_some_and(|left| left <= Nanos::ZERO) {
            return Self {
                exhausts_at: Some(now),
                ..Self::known(history, used, now, ends_at)
            };
        }
        let mut forecast = Self::known(history, used, now, ends_at);
        let recent = mean(tail(history.days, RECENT_DAYS));
        if let (Some(left), Some(_), true) = (left, forecast.total, recent > 0.0) {
            let seconds = approximate(left) / recent * 86_400.0;
            forecast.exhausts_at = whole(seconds)
                .and_then(TimeDelta::try_seconds)
                .and_then(|wait| now.checked_add_signed(wait))
                .filter(|moment| *moment < ends_at);
        }
        forecast
    }

    fn known(
        history: &History<'_>,
        used: Nanos,
        now: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    ) -> Self {
        if history.days.len() < LEAST_DAYS || ends_at <= now {
            return Self::default();
        }
        let rest = rest_of(now, ends_at);
        let days_left: f64 = rest.iter().map(|(_, share)| share).sum();
        let (more, sample) = if history.days.len() >= WEEKDAY_DAYS {
            let sample = tail(history.days, WEEKDAY_DAYS);
            let more = rest
                .iter()
                .map(|(day, share)| weekday_mean(sample, now.date_naive(), *day) * share)
                .sum();
            (more, sample)
        } else {
            let sample = tail(history.days, RECENT_DAYS);
            (mean(sample) * days_left, sample)
        };
        Self {
            total: whole(more).map(|more| used.plus(Nanos(more))),
            band: whole(deviation(sample) * days_left.sqrt()).map(Nanos),
            exhausts_at: None,
        }
    }
}

/// The days from now to the end, each with the share of it that is still to come.
fn rest_of(now: DateTime<Utc>, ends_at: DateTime<Utc>) -> Vec<(NaiveDate, f64)> {
    let mut rest = Vec::new();
    let mut begin = now;
    while begin < ends_at {
        let midnight = begin.date_naive().succ_opt().map_or(ends_at, |day| {
            day.and_time(chrono::NaiveTime::MIN).and_utc()
        });
        let end = midnight.min(ends_at);
        let share = end.signed_duration_since(begin).as_seconds_f64() / 86_400.0;
        rest.push((begin.date_naive(), share));
        begin = end;
    }
    rest
}

/// The mean of the days in the sample with the weekday of `day`; the sample ends before `today`.
fn weekday_mean(sample: &[Nanos], today: NaiveDate, day: NaiveDate) -> f64 {
    let of_weekday: Vec<Nanos> = sample
        .iter()
        .rev()
        .zip(1_u64..)
        .filter(|(_, ago)| {
            today
                .checked_sub_days(chrono::Days::new(*ago))
                .is_some_and(|then| then.weekday() == day.weekday())
        })
        .map(|(spent, _)| *spent)
        .collect();
    mean(&of_weekday)
}

fn tail(days: &[Nanos], most: usize) -> &[Nanos] {
    &days[days.len().saturating_sub(most)..]
}

fn mean(days: &[Nanos]) -> f64 {
    if days.is_empty() {
        return 0.0;
    }
    days.iter().copied().map(approximate).sum::<f64>() / count(days)
}

fn deviation(days: &[Nanos]) -> f64 {
    let mean = mean(days);
    let squares: f64 = days
        .iter()
        .map(|spent| (approximate(*spent) - mean).powi(2))
        .sum();
    (squares / count(days).max(1.0)).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "a forecast, not a sum")]
fn approximate(nanos: Nanos) -> f64 {
    nanos.0 as f64
}

#[expect(clippy::cast_precision_loss, reason = "a few days")]
fn count(days: &[Nanos]) -> f64 {
    days.len() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
fn whole(number: f64) -> Option<i64> {
    (number.is_finite() && number.abs() < 9e18).then_some(number.round() as i64)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(day: u32, hour: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, day, hour, 0, 0).unwrap()
    }

    fn forecast(days: &[Nanos], limit: Option<i64>, now: DateTime<Utc>) -> Forecast {
        let history = History {
            spent: Nanos(1_000),
            held: Nanos(50),
            limit: limit.map(Nanos),
            days,
        };
        let end = Utc.with_ymd_and_hms(2026, 12, 1, 0, 0, 0).unwrap();
        Forecast::of(&history, now, end)
    }

    #[test]
    fn two_days_say_nothing() {
        let days = [Nanos(5); 2];
        assert_eq!(forecast(&days, Some(9_999), at(3, 0)), Forecast::default());
    }

    #[test]
    fn the_mean_of_the_last_days_goes_on() {
        // The first two days lie before the last seven.
        let mut days = vec![Nanos(9_000); 2];
        days.extend([Nanos(100); 7]);
        let found = forecast(&days, None, at(21, 12));
        assert_eq!(found.total, Some(Nanos(1_050 + 950)));
        assert_eq!((found.band, found.exhausts_at), (Some(Nanos(0)), None));
    }

    #[test]
    fn the_limit_is_reached_when_what_is_left_is_gone() {
        let days = [Nanos(100); 7];
        let found = forecast(&days, Some(1_250), at(21, 0));
        assert_eq!(found.exhausts_at, Some(at(23, 0)));
        assert_eq!(forecast(&days, Some(5_000), at(21, 0)).exhausts_at, None);
        let blocked = forecast(&days, Some(0), at(21, 0));
        assert_eq!(blocked.exhausts_at, Some(at(21, 0)));
    }

    #[test]
    fn with_four_weeks_each_weekday_has_its_own_mean() {
        // The 21st of November 2026 is a Saturday: of the days before it, each seventh is one.
        let days: Vec<Nanos> = (0..28)
            .map(|day| Nanos(if day % 7 == 0 { 700 } else { 0 }))
            .collect();
        // Saturdays to come: 21 and 28.
        assert_eq!(
            forecast(&days, None, at(21, 0)).total,
            Some(Nanos(1_050 + 1_400))
        );
        assert_eq!(
            forecast(&days, None, at(29, 0)).total,
            Some(Nanos(1_050 + 700)),
            "the sample moves with the day"
        );
    }
}
