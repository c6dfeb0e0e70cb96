//! Values that lists are sorted by.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, sea_query::Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a row is sorted by, and its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Key {
    #[serde(rename = "i")]
    Integer(i64),
    /// By its bits, which come back as they went.
    #[serde(rename = "r", with = "bits")]
    Real(f64),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "t", with = "chrono::serde::ts_microseconds")]
    Time(DateTime<Utc>),
    #[serde(rename = "u")]
    Uuid(Uuid),
}

/// Which of them a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Integer,
    Real,
    Text,
    Time,
    Uuid,
}

impl Key {
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Integer(_) => KeyKind::Integer,
            Self::Real(_) => KeyKind::Real,
            Self::Text(_) => KeyKind::Text,
            Self::Time(_) => KeyKind::Time,
            Self::Uuid(_) => KeyKind::Uuid,
        }
    }

    /// Reads a column of a row.
    pub(super) fn read(row: &QueryResult, column: &str, kind: KeyKind) -> Result<Self, DbErr> {
        Ok(match kind {
            KeyKind::Integer => Self::Integer(row.try_get("", column)?),
            KeyKind::Real => Self::Real(row.try_get("", column)?),
            KeyKind::Text => Self::Text(row.try_get("", column)?),
            KeyKind::Time => Self::Time(row.try_get("", column)?),
            KeyKind::Uuid => Self::Uuid(row.try_get("", column)?),
        })
    }

    /// For rows at hand; keys of one column have one kind.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(right),
            (Self::Real(left), Self::Real(right)) => left.total_cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Uuid(left), Self::Uuid(right)) => left.cmp(right),
            _ => Ordering::Equal,
        }
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Integer(number) => number.into(),
            Key::Real(number) => number.into(),
            Key::Text(text) => text.into(),
            Key::Time(time) => time.into(),
            Key::Uuid(id) => id.into(),
        }
    }
}

mod bits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
        let number = f64::from_bits(u64::deserialize(source)?);
        if number.is_finite() {
            Ok(number)
        } else {
            Err(D::Error::custom("not a finite number"))
        }
    }
}
