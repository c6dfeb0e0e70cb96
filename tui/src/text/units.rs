//! Money, counts, bytes, durations and ages in the few cells that a column has.

use chrono::{DateTime, Utc};

const NANOS_PER_DOLLAR: u64 = 1_000_000_000;
const NANOS_PER_CENT: u64 = NANOS_PER_DOLLAR / 100;

/// What stands where a value is not known: never 0.
pub const UNKNOWN: &str = "-";

fn signed(negative: bool, text: String) -> String {
    if negative { format!("-{text}") } else { text }
}

/// `$12.40`; under a cent `<$0.01`; from $10,000 `$12.3k`.
pub fn money(nanos: i64) -> String {
    let size = nanos.unsigned_abs();
    let text = if size == 0 {
        "$0.00".to_owned()
    } else if size < NANOS_PER_CENT {
        "<$0.01".to_owned()
    } else if size >= 10_000 * NANOS_PER_DOLLAR {
        let (divisor, unit) = if size >= 10_000_000 * NANOS_PER_DOLLAR {
            (1_000_000, "M")
        } else {
            (1_000, "k")
        };
        let tenths = size / (divisor * NANOS_PER_DOLLAR / 10);
        format!("${}.{}{unit}", tenths / 10, tenths % 10)
    } else {
        let cents = (size + NANOS_PER_CENT / 2) / NANOS_PER_CENT;
        format!("${}.{:02}", grouped(cents / 100), cents % 100)
    };
    signed(nanos < 0, text)
}

/// Four places, for jobs and streams: `$0.0113`.
pub fn money_fine(nanos: i64) -> String {
    let size = nanos.unsigned_abs();
    let unit = NANOS_PER_DOLLAR / 10_000;
    let text = if size > 0 && size < unit {
        "<$0.0001".to_owned()
    } else {
        let parts = (size + unit / 2) / unit;
        format!("${}.{:04}", grouped(parts / 10_000), parts % 10_000)
    };
    signed(nanos < 0, text)
}

/// To the last nano-dollar that is not zero, at least two places.
pub fn money_exact(nanos: i64) -> String {
    let size = nanos.unsigned_abs();
    let mut places = format!("{:09}", size % NANOS_PER_DOLLAR);
    while places.len() > 2 && places.ends_with('0') {
        places.pop();
    }
    signed(
        nanos < 0,
        format!("${}.{places}", grouped(size / NANOS_PER_DOLLAR)),
    )
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,204`; from 100,000 `812k`.
pub fn count(number: u64) -> String {
    match number {
        0..100_000 => grouped(number),
        100_000..100_000_000 => format!("{}k", grouped(number / 1_000)),
        _ => format!("{}M", grouped(number / 1_000_000)),
    }
}

/// A count that can come as a signed number of a database.
pub fn count_i(number: i64) -> String {
    count(u64::try_from(number).unwrap_or(0))
}

/// Binary: `1.1 GiB`, `18 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let mut tenths = u128::from(number) * 10;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("PiB");
    if unit == 0 || tenths >= 100 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// `840ms`, `1.4s`, `52s`, `3m05`, `3h10`, `4d02`.
pub fn duration_ms(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0 => format!("{ms}ms"),
        1..10 => format!("{seconds}.{}s", ms % 1_000 / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// One unit: `now`, `3s`, `2m`, `3h`, `13d`, `6w`, `2y`.
pub fn age_s(seconds: i64) -> String {
    match seconds {
        i64::MIN..1 => "now".to_owned(),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        1_209_600..63_072_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// How long ago `at` was.
pub fn age(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    age_s((now - at).num_seconds())
}

/// `18.4/s`.
pub fn per_second(rate: f64) -> String {
    if rate.is_finite() {
        format!("{rate:.1}/s")
    } else {
        UNKNOWN.to_owned()
    }
}

/// `82 %`: whole percents of a share of one.
pub fn percent(ratio: f64) -> String {
    if ratio.is_finite() {
        format!("{:.0} %", (ratio * 100.0).floor())
    } else {
        UNKNOWN.to_owned()
    }
}

/// `0.4 %`: with one place, for what is mostly small.
pub fn percent_fine(ratio: f64) -> String {
    if ratio.is_finite() {
        format!("{:.1} %", ratio * 100.0)
    } else {
        UNKNOWN.to_owned()
    }
}

/// `02:47:09`, UTC.
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// `2026-11-21`, UTC.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// `2026-11-21 02:46:58`, UTC.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A finite, not negative number as a whole one; what does not fit is cut to the bounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A whole number as a fraction's part: exact below 2^53, near enough for a bar above.
#[expect(clippy::cast_precision_loss, reason = "used for shares of a bar")]
pub fn real(number: u64) -> f64 {
    number as f64
}

/// `part` of `all`, 0 when there is nothing to be part of.
pub fn share(part: i64, all: i64) -> f64 {
    let (part, all) = (part.max(0).unsigned_abs(), all.max(0).unsigned_abs());
    if all == 0 {
        0.0
    } else {
        real(part) / real(all)
    }
}

/// `$` and cents typed by a person, as nano-dollars.
pub fn parse_dollars(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches('$').replace(',', "");
    let (dollars, places) = text.split_once('.').unwrap_or((&text, ""));
    if dollars.is_empty() || places.len() > 9 || !all_digits(dollars) || !all_digits(places) {
        return None;
    }
    let whole: i64 = dollars.parse().ok()?;
    let part: i64 = format!("{places:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(part)
}

fn all_digits(text: &str) -> bool {
    text.chars().all(|digit| digit.is_ascii_digit())
}

/// Nano-dollars as the number of dollars that the contract's fields take.
#[expect(clippy::cast_precision_loss, reason = "exact to $9 M")]
pub fn dollars(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_fits_its_column() {
        assert_eq!(money(12_400_000_000), "$12.40");
        assert_eq!(money(4_000_000), "<$0.01");
        assert_eq!(money(0), "$0.00");
        assert_eq!(money(12_345_000_000_000), "$12.3k");
        assert_eq!(money(1_204_000_000_000), "$1,204.00");
        assert_eq!(money(-1_200_000_000), "-$1.20");
        assert_eq!(money(i64::MAX), "$9,223.3M".replace(',', ""));
        assert_eq!(money_fine(11_300_000), "$0.0113");
        assert_eq!(money_fine(1), "<$0.0001");
        assert_eq!(money_exact(12_401_230_000), "$12.40123");
        assert_eq!(money_exact(5_000_000_000), "$5.00");
    }

    #[test]
    fn ages_turn_at_their_units() {
        assert_eq!(age_s(59), "59s");
        assert_eq!(age_s(60), "1m");
        assert_eq!(age_s(3_600), "1h");
        assert_eq!(age_s(13 * 86_400), "13d");
        assert_eq!(age_s(42 * 86_400), "6w");
        assert_eq!(age_s(-4), "now");
    }

    #[test]
    fn durations_bytes_and_counts() {
        assert_eq!(duration_ms(840), "840ms");
        assert_eq!(duration_ms(1_449), "1.4s");
        assert_eq!(duration_ms(185_000), "3m05");
        assert_eq!(duration_ms(11_400_000), "3h10");
        assert_eq!(bytes(1_181_116_006), "1.0 GiB");
        assert_eq!(bytes(18 << 20), "18 MiB");
        assert_eq!(bytes(0), "0 B");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(812_044), "812k");
        assert_eq!(percent(0.829), "82 %");
        assert_eq!(percent_fine(0.004), "0.4 %");
    }

    #[test]
    fn dollars_are_read_as_people_type_them() {
        assert_eq!(parse_dollars("20"), Some(20_000_000_000));
        assert_eq!(parse_dollars("$1,200.5"), Some(1_200_500_000_000));
        assert_eq!(parse_dollars("-3"), None);
        assert_eq!(parse_dollars("1e9"), None);
        assert_eq!(parse_dollars(""), None);
    }
}
