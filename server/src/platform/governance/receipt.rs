//! The signed proof that a user was erased: numbers and names of tables, nothing of the person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::{UserId, governance::erasure_receipt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Governance, GovernanceError, queries::receipts};
use crate::platform::secrets;

/// Receipts read in one go.
const PAGE: u64 = 500;

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    /// `None`: the command line.
    pub(crate) actor: Option<UserId>,
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) finished_at: DateTime<Utc>,
    /// Rows and blobs deleted or blanked.
    pub(crate) erased: u64,
    /// What is still there, by where it is. Empty: the user is erased.
    pub(crate) remaining: BTreeMap<String, u64>,
    /// Rows that keep the user's number for the reason that their table's owner gives.
    pub(crate) kept: BTreeMap<String, u64>,
}

impl Receipt {
    /// How much is still there.
    pub(crate) fn left(&self) -> u64 {
        self.remaining.values().sum()
    }
}

/// A receipt with its words and their signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) receipt: Receipt,
    /// What is signed: the receipt as JSON, word for word.
    pub(crate) statement: String,
    /// Hexadecimal HMAC-SHA-256 under a key derived from the house's secret.
    pub(crate) signature: String,
}

/// Why a receipt is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("receipt {0} is not what this server signed")]
pub(crate) struct ReceiptFault(pub(crate) Uuid);

/// What a verification of all receipts found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReceiptsVerified {
    pub(crate) sound: u64,
    pub(crate) faults: Vec<ReceiptFault>,
    /// Users of whom something was still there when their newest receipt was written.
    pub(crate) incomplete: Vec<UserId>,
}

impl Governance {
    pub(super) fn sign_receipt(&self, receipt: Receipt) -> Result<Signed, serde_json::Error> {
        let statement = serde_json::to_string(&receipt)?;
        let signature = signature(&self.0.receipt_keys[0], &statement);
        Ok(Signed {
            receipt,
            statement,
            signature,
        })
    }

    /// Whether this server, under its secret or the one before, wrote the receipt.
    pub(crate) fn verify_receipt(&self, statement: &str, given: &str) -> bool {
        self.0.receipt_keys.iter().any(|key| {
            let expected = signature(key, statement);
            secrets::equal(expected.as_bytes(), given.as_bytes())
        })
    }

    /// Goes through every receipt.
    pub(crate) async fn verify_receipts(&self) -> Result<ReceiptsVerified, GovernanceError> {
        let mut verified = ReceiptsVerified::default();
        let mut newest: BTreeMap<UserId, (DateTime<Utc>, u64)> = BTreeMap::new();
        let mut after = None;
        loop {
            let rows = receipts::page(self.0.db.read(), after, PAGE).await?;
            for row in &rows {
                if !self.is_sound(row) {
                    verified.faults.push(ReceiptFault(row.id));
                    continue;
                }
                verified.sound += 1;
                let left = u64::try_from(row.remaining).unwrap_or(0);
                let known = newest.entry(row.user_id).or_insert((row.finished_at, left));
                if row.finished_at >= known.0 {
                    *known = (row.finished_at, left);
                }
            }
            let Some(last) = rows.last().filter(|_| rows.len() as u64 == PAGE) else {
                break;
            };
            after = Some(last.id);
        }
        let incomplete = newest.into_iter().filter(|(_, (_, left))| *left > 0);
        verified.incomplete = incomplete.map(|(user, _)| user).collect();
        Ok(verified)
    }

    /// The words are signed, and the columns say the same.
    fn is_sound(&self, row: &erasure_receipt::Model) -> bool {
        let Ok(receipt) = serde_json::from_str::<Receipt>(&row.statement) else {
            return false;
        };
        self.verify_receipt(&row.statement, &row.signature)
            && receipt.id == row.id
            && receipt.user == row.user_id
            && receipt.actor == row.actor_user_id
            && i64::try_from(receipt.erased).is_ok_and(|erased| erased == row.erased)
            && i64::try_from(receipt.left()).is_ok_and(|left| left == row.remaining)
    }
}

fn signature(key: &[u8; 32], statement: &str) -> String {
    hex::encode(secrets::mac(key, &[statement.as_bytes()]))
}
