//! Something in every table, for one user: each text carries the user's mark, so that what is left of
//! it anywhere can be found.

pub(super) mod governance;
pub(super) mod money;
pub(super) mod work;

use chrono::{DateTime, Utc};
use entities::{
    ChatSessionId, DocumentId, DocumentStatus, IdempotencyState, MessageRole, MessageState, Nanos,
    PassageId, Role, StoreId, UserId, UserStatus,
    accounts::{notes_history, one_time_token, refresh_token, revocation, session, user},
    chat::{chat_session, idempotency_key, message},
    governance::{account_preview, act_answer, app_setting},
    library::{document, store},
    money::money_default,
};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};
use serde_json::json;
use uuid::Uuid;

use super::House;
use crate::platform::{
    audit::AuditEvent,
    db::{Txn, WriteKey},
    retrieval::{Chunk, NewVector, Source, index, prepare, store_vectors},
    storage::BlobKey,
};

/// Who it is for, the mark of their texts, and when it all happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) mark: &'static str,
    pub(super) at: DateTime<Utc>,
}

impl Person {
    fn text(&self, what: &str) -> String {
        format!("{} {what}", self.mark)
    }

    fn uuid(&self, number: u128) -> Uuid {
        Uuid::from_u128((u128::from(self.id.0.unsigned_abs()) << 64) | number)
    }

    /// A number of the person's own.
    fn number(&self, number: i64) -> i64 {
        self.id.0 * 1_000 + number
    }
}

pub(super) const ADA: Person = Person {
    id: UserId(1),
    mark: "mark-of-ada",
    at: DateTime::UNIX_EPOCH,
};
pub(super) const BEN: Person = Person {
    id: UserId(2),
    mark: "mark-of-ben",
    at: DateTime::UNIX_EPOCH,
};

impl House {
    /// Fills every table for both, at the times that they say, and deletes Ben's store by Ada.
    pub(super) async fn fill(&self, people: [Person; 2]) {
        for person in people {
            self.db
                .write_alone(WriteKey::Free, person, |txn, person| {
                    Box::pin(rows(txn, *person))
                })
                .await
                .unwrap();
            let original = self.folder.path().join("original");
            std::fs::write(&original, person.text("original")).unwrap();
            self.blobs.put_file(&blob(person), &original).await.unwrap();
            let event = AuditEvent {
                actor: Some(person.id),
                action: "delete_store",
                target_type: Some("store"),
                target_id: Some(person.number(1).to_string()),
                metadata: json!({}),
            };
            self.audit.record(event).await.unwrap();
        }
        self.run("UPDATE stores SET deleted_by = 1 WHERE user_id = 2".to_owned())
            .await;
    }
}

pub(super) fn blob(person: Person) -> BlobKey {
    BlobKey::stored(&format!("{}/{}", BlobKey::DOCUMENTS, person.mark))
}

async fn rows(txn: &Txn, person: Person) -> Result<(), DbErr> {
    account(txn, person).await?;
    money::fill(txn, person).await?;
    library(txn, person).await?;
    conversation(txn, person).await?;
    work::fill(txn, person).await?;
    governance::fill(txn, person).await
}

async fn account(txn: &Txn, person: Person) -> Result<(), DbErr> {
    user::Entity::insert(user::ActiveModel {
        id: Set(person.id),
        public_id: Set(person.uuid(1)),
        email: Set(format!("{}@example.org", person.mark)),
        password_hash: Set(person.text("hash")),
        role: Set(Role::Admin),
        status: Set(UserStatus::Active),
        email_verified: Set(true),
        admin_notes: Set(Some(person.text("notes"))),
        token_version: Set(0),
        rev: Set(1),
        created_at: Set(person.at),
        updated_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    session::Entity::insert(session::ActiveModel {
        id: Set(person.uuid(2)),
        user_id: Set(person.id),
        user_agent: Set(Some(person.text("browser"))),
        client_address: Set(Some(person.text("address"))),
        created_at: Set(person.at),
        last_used_at: Set(person.at),
        expires_at: Set(person.at),
        ended_at: Set(None),
        ended_reason: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    refresh_token::Entity::insert(refresh_token::ActiveModel {
        id: Set(person.number(1)),
        session_id: Set(person.uuid(2)),
        token_hash: Set(person.text("token")),
        issued_at: Set(person.at),
        expires_at: Set(person.at),
        used_at: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    revocation::Entity::insert(revocation::ActiveModel {
        key: Set(person.text("revoked")),
        user_id: Set(person.id),
        expires_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    steering(txn, person).await?;
    app_setting::Entity::insert(app_setting::ActiveModel {
        key: Set(format!("setting_{}", person.id)),
        value: Set("Our house".to_owned()),
        updated_at: Set(person.at),
        previous: Set(None),
        updated_by: Set(Some(person.id)),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

async fn steering(txn: &Txn, person: Person) -> Result<(), DbErr> {
    money_default::Entity::insert(money_default::ActiveModel {
        key: Set(format!("rule_{}", person.id)),
        nanos: Set(Some(Nanos(1))),
        updated_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    one_time_token::Entity::insert(one_time_token::ActiveModel {
        id: Set(person.number(1)),
        user_id: Set(person.id),
        token_hash: Set(person.text("link")),
        created_at: Set(person.at),
        expires_at: Set(person.at),
        used_at: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    notes_history::Entity::insert(notes_history::ActiveModel {
        audit_id: Set(person.number(1)),
        user_id: Set(person.id),
        notes_before: Set(Some(person.text("old notes"))),
        notes_after: Set(Some(person.text("new notes"))),
        created_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    act_answer::Entity::insert(act_answer::ActiveModel {
        id: Set(person.number(1)),
        actor_user_id: Set(person.id),
        key: Set(person.text("key")),
        fingerprint: Set(person.text("fingerprint")),
        outcome: Set(None),
        audit_id: Set(None),
        created_at: Set(person.at),
        expires_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    account_preview::Entity::insert(account_preview::ActiveModel {
        id: Set(person.uuid(11)),
        actor_user_id: Set(person.id),
        action: Set("disable".to_owned()),
        limit_nanos: Set(None),
        accounts: Set(json!([])),
        created_at: Set(person.at),
        expires_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

async fn library(txn: &Txn, person: Person) -> Result<(), DbErr> {
    let (store_id, document_id) = (StoreId(person.number(1)), DocumentId(person.number(1)));
    store::Entity::insert(store::ActiveModel {
        id: Set(store_id),
        user_id: Set(person.id),
        display_name: Set(person.text("store")),
        fs_name: Set(person.text("folder")),
        created_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    document::Entity::insert(document::ActiveModel {
        id: Set(document_id),
        store_id: Set(store_id),
        user_id: Set(person.id),
        filename: Set(person.text("file")),
        display_name: Set(Some(person.text("name"))),
        media_type: Set("text/plain".to_owned()),
        size_bytes: Set(1),
        sha256: Set(person.text("digest")),
        blob_key: Set(blob(person).as_str().to_owned()),
        status: Set(DocumentStatus::Done),
        status_updated_at: Set(person.at),
        last_error: Set(Some(person.text("error"))),
        estimated_tokens: Set(1),
        generation: Set(1),
        deleted_with_store: Set(false),
        created_at: Set(person.at),
        rev: Set(1),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    let source = Source {
        document_id,
        store_id,
        user_id: person.id,
        generation: 1,
    };
    let passages: Vec<PassageId> =
        index(txn, &prepare(source, &[chunk(person, 0), chunk(person, 1)])).await?;
    let vectors: Vec<NewVector> = passages
        .into_iter()
        .map(|passage_id| NewVector {
            passage_id,
            document_id,
            store_id,
            vector: vec![1.0, 0.5],
        })
        .collect();
    store_vectors(txn, "model", &vectors).await
}

fn chunk(person: Person, ordinal: u32) -> Chunk {
    Chunk {
        ordinal,
        page: Some(1),
        char_start: 0,
        char_end: 10,
        heading: Some(person.text("heading")),
        body: person.text("passage"),
        token_count: 2,
    }
}

async fn conversation(txn: &Txn, person: Person) -> Result<(), DbErr> {
    let session = ChatSessionId(person.number(1));
    chat_session::Entity::insert(chat_session::ActiveModel {
        id: Set(session),
        user_id: Set(person.id),
        session_key: Set(person.text("key")),
        store_id: Set(Some(StoreId(person.number(1)))),
        title: Set(person.text("title")),
        created_at: Set(person.at),
        updated_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    for (role, text) in [
        (MessageRole::User, "question"),
        (MessageRole::Assistant, "answer"),
    ] {
        let message = message(person, role, MessageState::Complete, text);
        message::Entity::insert(message)
            .exec_without_returning(txn)
            .await?;
    }
    idempotency_key::Entity::insert(idempotency_key::ActiveModel {
        user_id: Set(person.id),
        operation: Set("chat".to_owned()),
        key: Set(person.text("key")),
        fingerprint: Set(person.text("fingerprint")),
        state: Set(IdempotencyState::Finished),
        response: Set(Some(json!({ "text": person.text("response") }))),
        created_at: Set(person.at),
        expires_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

pub(super) fn message(
    person: Person,
    role: MessageRole,
    state: MessageState,
    text: &str,
) -> message::ActiveModel {
    message::ActiveModel {
        chat_session_id: Set(ChatSessionId(person.number(1))),
        user_id: Set(person.id),
        role: Set(role),
        content: Set(person.text(text)),
        state: Set(state),
        citations: Set(Some(json!([{ "snippet": person.text("snippet") }]))),
        prompt_tokens: Set(0),
        completion_tokens: Set(0),
        cost_nanos: Set(Nanos::ZERO),
        created_at: Set(person.at),
        ..Default::default()
    }
}
