//! What can be brought back.

use api::console::DeletedStore;
use api::documents::RestoredDocument;

use crate::acts::{Act, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, empty, fits_all};
use crate::client::request::segment;
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&RESTORE, &DOCUMENT];

fn store(draft: &Draft) -> Result<&DeletedStore, Refusal> {
    match draft.first()? {
        Object::Store(store) => Ok(store),
        _ => Err(Refusal::new("choose a store first")),
    }
}

static RESTORE: Act = Act {
    noun: "deleted",
    verb: "restore",
    key: Some('R'),
    label: "restore",
    help: "brings a store back, with what was deleted with it",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| match object {
        Object::Store(_) => Ok(()),
        _ => Err("choose a store first".to_owned()),
    },
    plan: |draft| {
        let request = Request::post(format!("/api/stores/{}/restore", store(draft)?.id));
        Ok(Plan::Send(Call::new(request, restored)))
    },
};

fn restored(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let back: api::documents::Store = reply.decode()?;
    // The name is its owner's; what was deleted with it is told as it was counted.
    let what = store(draft).ok().map(|store| {
        format!(
            " to {}: {} documents, {}",
            super::owner(store),
            units::count_i(store.documents),
            units::bytes(store.size_bytes.unsigned_abs())
        )
    });
    let what = what.unwrap_or_default();
    Ok(Done::new(format!("store {} is back{what}", back.id)))
}

static DOCUMENT: Act = Act {
    noun: "deleted",
    verb: "restore-document",
    key: Some('d'),
    label: "restore document",
    help: "brings a single deleted document back, by its number",
    on: On::House,
    writes: true,
    fields: &[Field {
        name: "document",
        label: "document",
        help: "its number, as the user's documents list it",
        kind: FieldKind::Number,
        required: true,
        initial: empty,
    }],
    fits: fits_all,
    plan: |draft| {
        let typed = draft.values.text("document");
        let id: i64 = typed
            .parse()
            .map_err(|_| Refusal::of("document", "a whole number is wanted"))?;
        let path = format!("/api/documents/{}/restore", segment(&id.to_string()));
        let done = |_: &Draft, reply: &Reply| {
            let back: RestoredDocument = reply.decode()?;
            Ok(Done::new(format!(
                "document {} is back in store {}",
                back.document_id, back.store_id
            )))
        };
        Ok(Plan::Send(Call::new(Request::post(path), done)))
    },
};
