//! The values of terms.

use std::{fmt, ops::Range};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};

use super::{Field, FilterError, Kind, nearest};

/// A value of a term, in the unit of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// Nano-dollars.
    Nanos(i64),
    /// 0 to 1, and more beyond a limit.
    Ratio(f64),
    /// Seconds until now.
    Seconds(i64),
    /// A moment.
    Time(DateTime<Utc>),
    /// A size.
    Bytes(i64),
    /// One of a closed set.
    Word(&'static str),
    /// Any text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) | Self::Bytes(number) => write!(formatter, "{number}"),
            Self::Nanos(nanos) => {
                let sign = if *nanos < 0 { "-" } else { "" };
                let (dollars, rest) = (
                    nanos.unsigned_abs() / 1_000_000_000,
                    nanos.unsigned_abs() % 1_000_000_000,
                );
                write!(formatter, "{sign}{dollars}.{rest:09}")
            }
            Self::Ratio(ratio) => write!(formatter, "{ratio}"),
            Self::Seconds(seconds) => write!(formatter, "{seconds}s"),
            Self::Time(time) => {
                write!(
                    formatter,
                    "{}",
                    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
                )
            }
            Self::Word(word) => formatter.write_str(word),
            Self::Text(text) => write!(formatter, "\"{text}\""),
        }
    }
}

/// Reads a value of a field.
pub(super) fn read(
    field: &'static Field,
    text: &str,
    at: &Range<usize>,
) -> Result<Value, FilterError> {
    let value = match field.kind {
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Money => scaled(text.strip_prefix('$').unwrap_or(text), 9).map(Value::Nanos),
        Kind::Ratio => ratio(text).map(Value::Ratio),
        Kind::Age => with_unit(text, AGES).map(Value::Seconds),
        Kind::Time => time(text).map(Value::Time),
        Kind::Bytes => with_unit(text, SIZES).map(Value::Bytes),
        Kind::Word(words) => words
            .iter()
            .find(|word| **word == text)
            .map(|word| Value::Word(word)),
        Kind::Text => (!text.is_empty()).then(|| Value::Text(text.to_owned())),
    };
    value.ok_or_else(|| FilterError {
        at: at.clone(),
        message: format!(
            "{} cannot be {text:?}; it needs {}",
            field.name,
            field.kind.allowed()
        ),
        nearest: match field.kind {
            Kind::Word(words) => nearest(text, words.iter().copied()),
            _ => None,
        },
    })
}

/// A decimal number as an integer of its `places`th decimal place, exactly.
fn scaled(text: &str, places: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = usize::try_from(places).is_ok_and(|places| fraction.len() <= places);
    if whole.is_empty() || !digits(whole) || !digits(fraction) || !fits {
        return None;
    }
    let unit = 10_i64.checked_pow(places)?;
    let width = u32::try_from(fraction.len()).ok()?;
    let part = match fraction {
        "" => 0,
        fraction => fraction.parse::<i64>().ok()? * 10_i64.checked_pow(places - width)?,
    };
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(unit)?
        .checked_add(part)
}

fn ratio(text: &str) -> Option<f64> {
    let (number, divisor) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 100.0),
        None => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| number / divisor)
}

const AGES: &[(&str, i64)] = &[
    ("s", 1),
    ("m", 60),
    ("h", 3_600),
    ("d", 86_400),
    ("w", 604_800),
];
const SIZES: &[(&str, i64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("", 1),
];

fn with_unit(text: &str, units: &[(&str, i64)]) -> Option<i64> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*factor)
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.with_timezone(&Utc))
}
