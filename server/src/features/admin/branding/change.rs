//! Reading and changing the branding, and taking a change back.

use std::{collections::HashMap, sync::Arc};

use api::admin::{AppSettings, ChangeAppSettings};
use chrono::{DateTime, Utc};
use entities::governance::app_setting;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{SETTINGS, default_of, merged, parse};
use crate::{
    features::admin::{AdminError, queries},
    platform::{
        audit::{Act, Audit, By, UndoRefusal},
        clock::Clock,
        db::{Db, DbErr, DbError, Txn, WriteKey},
    },
};

/// What the record calls it.
pub(in crate::features::admin) const BRANDING: &str = "branding";
/// A longer value is on record by its checksum; the row remembers what it was before.
const ON_RECORD: usize = 512;

/// Reads and changes the branding.
#[derive(Clone)]
pub(in crate::features::admin) struct Branding {
    db: Db,
    clock: Arc<dyn Clock>,
    audit: Audit,
}

/// What a setting is to be.
#[derive(Clone, Debug)]
enum Wanted {
    Value(String),
    Default,
    /// What it was before its last change; the record has this of it.
    Before(Value),
}

#[derive(Clone)]
struct Change {
    values: Vec<(&'static str, Wanted)>,
    by: By,
    now: DateTime<Utc>,
    audit: Audit,
}

impl Branding {
    pub(in crate::features::admin) fn new(db: Db, clock: Arc<dyn Clock>, audit: Audit) -> Self {
        Self { db, clock, audit }
    }

    /// The settings as they stand.
    pub(in crate::features::admin) async fn read(&self) -> Result<AppSettings, AdminError> {
        let stored = queries::settings(self.db.read()).await;
        let stored = stored.map_err(DbError::from)?;
        let stored = stored.into_iter().map(|row| (row.key, row.value));
        Ok(merged(stored.collect()))
    }

    /// Changes what is given; answers the act on record. What stays the same, and nothing at all,
    /// leaves no trace.
    pub(in crate::features::admin) async fn change(
        &self,
        by: &By,
        change: ChangeAppSettings,
    ) -> Result<Option<i64>, AdminError> {
        let values = parse(change)?.into_iter();
        let values = values.map(|(key, value)| (key, Wanted::Value(value)));
        self.apply(by, values.collect()).await
    }

    /// Brings back what the record says was there before an act.
    pub(in crate::features::admin) async fn take_back(
        &self,
        by: &By,
        before: &Value,
    ) -> Result<Option<i64>, AdminError> {
        let mut values = Vec::new();
        for setting in &SETTINGS {
            let wanted = match before.get(setting.key) {
                None => continue,
                Some(Value::Null) => Wanted::Default,
                Some(Value::String(value)) => Wanted::Value(value.clone()),
                Some(other) => Wanted::Before(other.clone()),
            };
            values.push((setting.key, wanted));
        }
        self.apply(by, values).await
    }

    async fn apply(
        &self,
        by: &By,
        values: Vec<(&'static str, Wanted)>,
    ) -> Result<Option<i64>, AdminError> {
        if values.is_empty() {
            return Ok(None);
        }
        let change = Change {
            values,
            by: by.clone(),
            now: self.clock.now(),
            audit: self.audit.clone(),
        };
        let changed = self.db.write(WriteKey::Free, change, |txn, change| {
            Box::pin(change.apply(txn))
        });
        Ok(changed.await??)
    }
}

impl Change {
    async fn apply(&self, txn: &Txn) -> Result<Result<Option<i64>, UndoRefusal>, DbErr> {
        let rows = queries::settings(txn).await?.into_iter();
        let stored: HashMap<String, app_setting::Model> =
            rows.map(|row| (row.key.clone(), row)).collect();
        let value_of = |key: &str| stored.get(key).map(|row| row.value.as_str());
        let current = SETTINGS.iter().map(|setting| {
            let value = told(value_of(setting.key));
            (setting.key.to_owned(), value)
        });
        let current = Value::Object(current.collect());
        let refused = self.audit.refuses_undo_in(txn, &self.by, &current).await?;
        if let Some(refusal) = refused {
            return Ok(Err(refusal));
        }
        let (mut before, mut after) = (Map::new(), Map::new());
        for (key, wanted) in &self.values {
            let old = value_of(key);
            let new = match wanted {
                Wanted::Value(value) => Some(value.as_str()),
                Wanted::Default => None,
                Wanted::Before(on_record) => {
                    let known = stored.get(*key).and_then(|row| row.previous.as_deref());
                    if told(known) != *on_record {
                        return Ok(Err(UndoRefusal::ChangedSince));
                    }
                    known
                }
            };
            if old.unwrap_or(default_of(key)) == new.unwrap_or(default_of(key)) {
                continue;
            }
            match new {
                Some(value) => {
                    let row = app_setting::Model {
                        key: (*key).to_owned(),
                        value: value.to_owned(),
                        previous: old.map(str::to_owned),
                        updated_at: self.now,
                        updated_by: Some(self.by.actor),
                    };
                    queries::put_setting(txn, row).await?;
                }
                None => queries::drop_setting(txn, key).await?,
            }
            before.insert((*key).to_owned(), told(old));
            after.insert((*key).to_owned(), told(new));
        }
        if after.is_empty() {
            return Ok(Ok(None));
        }
        let keys: Vec<&String> = after.keys().collect();
        let details = Map::from_iter([("keys".to_owned(), json!(keys))]);
        let act = Act {
            action: "update_settings",
            target_type: "settings",
            target_id: BRANDING.to_owned(),
            before: Value::Object(before),
            after: Value::Object(after),
            details,
        };
        let entry = self.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Ok(Some(entry)))
    }
}

/// As the record has it; `null` is the default.
fn told(value: Option<&str>) -> Value {
    match value {
        None => Value::Null,
        Some(value) if value.len() <= ON_RECORD => json!(value),
        Some(value) => json!({
            "bytes": value.len(),
            "sha256": hex::encode(Sha256::digest(value)),
        }),
    }
}
