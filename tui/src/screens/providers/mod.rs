//! Providers: is the model side well, what does it cost?

pub mod acts;
mod columns;
mod foot;

use api::console::{FeedEvent, Provider, Providers as Answer, Topic};
use api::filter::Schema;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::{Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun, phrase};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::place::Place;
use crate::widgets::table::Column;

/// The list's address.
pub const PATH: &str = "/api/admin/providers";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "providers",
    help: "who answers, embeds and speaks, and how well",
    find: |_| Request::get(PATH),
    read: |reply| {
        let all: Answer = reply.decode()?;
        let objects = all.items.into_iter();
        Ok(objects.map(|one| Object::Provider(Box::new(one))).collect())
    },
    list: Some(PATH),
    schema: &NO_FIELDS,
    acts: acts::ACTS,
};

/// The list of providers.
pub struct ProviderList;

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(ProviderList, ""))
}

impl Listing for ProviderList {
    type Row = Provider;

    fn noun(&self) -> &'static str {
        "providers"
    }

    fn columns(&self) -> &'static [Column<Provider>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn id(&self, row: &Provider) -> String {
        row.name.clone()
    }

    fn object(&self, row: &Provider) -> Object {
        Object::Provider(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    /// What it was paid for.
    fn open(&self, row: &Provider) -> Option<Place> {
        Some(Place::Ledger {
            filter: format!("provider:{}", phrase(&row.name)),
        })
    }

    fn change(&self, event: &FeedEvent) -> Change<Provider> {
        match event {
            FeedEvent::Provider(provider) => Change::Rows(vec![(**provider).clone()]),
            FeedEvent::Lost(lost) if lost.topic == Topic::Providers => Change::Reload,
            _ => Change::None,
        }
    }

    fn page(&self, reply: &Reply) -> Result<(Vec<Provider>, Option<String>), Failure> {
        let all: Answer = reply.decode()?;
        Ok((all.items, None))
    }

    fn grows(&self) -> bool {
        true
    }

    fn empty(&self, _: bool) -> String {
        "No provider is configured.".to_owned()
    }
}

impl Frame for ProviderList {
    fn place(&self, _: &str) -> Place {
        Place::Providers
    }

    fn title(&self) -> String {
        "Providers".to_owned()
    }

    fn remark(&self, _: &View) -> String {
        "window 10 min".to_owned()
    }

    fn foot_height(&self, area: Rect) -> u16 {
        if area.height >= 24 { 9 } else { 6 }
    }

    fn draw_foot(&self, row: Option<&Provider>, area: Rect, buffer: &mut Buffer, view: &View) {
        if let Some(provider) = row {
            foot::draw(provider, area, buffer, view);
        }
    }
}
