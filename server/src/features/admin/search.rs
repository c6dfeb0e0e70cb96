//! What the palette finds: users by address or id, other things by id.

use api::console::{Found, FoundList, SearchQuery};
use entities::{DocumentId, JobId, StoreId, UserId};
use uuid::Uuid;

use super::Administration;
use crate::{
    features::accounts::Account,
    platform::http::{Auditor, Call, Json, Operation, Problem, Query, Registry},
};

/// Most things that are found.
const MOST: u64 = 20;
/// The longest word, in characters.
const LONGEST: usize = 200;

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    registry.mount_with(
        Operation::get("/api/admin/search")
            .summary("Find users by address or id, and other things by id")
            .tag("Admin: people"),
        administration.clone(),
        search,
    );
}

async fn search(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<FoundList>, Problem> {
    let word = query.q.trim();
    let chars = word.chars().count();
    if !(1..=LONGEST).contains(&chars) || word.contains('\0') {
        let message = format!("Must have 1 to {LONGEST} characters and no NUL");
        return Err(Problem::invalid(&["query", "q"], message));
    }
    let mut items = Vec::new();
    if let Ok(number) = word.parse::<i64>() {
        items.extend(administration.by_number(number).await?);
    }
    if let Ok(id) = word.parse::<Uuid>() {
        items.extend(administration.by_uuid(id).await?);
    }
    let named = administration.0.accounts.search(word, MOST).await?;
    items.extend(named.into_iter().map(user));
    items.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    Ok(Json(FoundList { items }))
}

fn user(account: Account) -> Found {
    Found {
        kind: "user".to_owned(),
        id: account.id.to_string(),
        label: account.email,
    }
}

impl Administration {
    async fn by_number(&self, number: i64) -> Result<Vec<Found>, Problem> {
        let parts = &self.0;
        let mut found = Vec::new();
        if let Some(account) = parts.accounts.find(UserId(number)).await? {
            found.push(user(account));
        }
        for id in parts.jobs.of_numbers(&[number]).await? {
            found.extend(self.job(id).await?);
        }
        let store = parts.documents.owner_of_store(StoreId(number)).await?;
        let document = parts
            .documents
            .owner_of_document(DocumentId(number))
            .await?;
        for (kind, owner) in [("store", store), ("document", document)] {
            found.extend(owner.map(|owner| Found {
                kind: kind.to_owned(),
                id: number.to_string(),
                label: format!("{kind} of user {owner}"),
            }));
        }
        Ok(found)
    }

    /// A job, by the number that people call it by.
    async fn job(&self, id: JobId) -> Result<Option<Found>, Problem> {
        let jobs = &self.0.jobs;
        let (job, numbers) = (jobs.one(id).await?, jobs.numbers(&[id]).await?);
        let found = job.zip(numbers.get(&id)).map(|(job, number)| Found {
            kind: "job".to_owned(),
            id: number.to_string(),
            label: format!("{} {}", job.kind, job.state.as_str()),
        });
        Ok(found)
    }

    async fn by_uuid(&self, id: Uuid) -> Result<Vec<Found>, Problem> {
        let parts = &self.0;
        let mut found = Vec::new();
        if let Some(account) = parts.accounts.find_public(id).await? {
            found.push(user(account));
        }
        found.extend(self.job(JobId(id)).await?);
        if let Some(owner) = parts.streams.owner_of(id) {
            found.push(Found {
                kind: "stream".to_owned(),
                id: id.to_string(),
                label: format!("answer of user {owner}"),
            });
        }
        Ok(found)
    }
}
