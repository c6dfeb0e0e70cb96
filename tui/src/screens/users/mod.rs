//! Users: who is here, who costs, who is stuck?

mod access;
pub(crate) use access::{bulk, end_streams};
pub mod acts;
pub mod columns;
pub mod sign_ins;

use api::console::{Account, FeedEvent};
use api::filter::{ACCOUNTS, Schema};

use super::Screen;
use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use crate::acts::Act;
use crate::acts::nouns::{Noun, phrase, read_rows};
use crate::client::Request;
use crate::client::request::segment;
use crate::object::Object;
use crate::place::Place;
use crate::widgets::table::Column;

/// The list's address.
pub const PATH: &str = "/api/admin/accounts";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "users",
    help: "who may sign in, and what they cost",
    find,
    read: |reply| read_rows(reply, |user: Account| Object::User(Box::new(user))),
    list: Some(PATH),
    schema: &ACCOUNTS,
    acts: acts::ALL,
};

/// A user by number or by e-mail address.
pub fn find(named: &str) -> Request {
    if named.parse::<i64>().is_ok() {
        Request::get(format!("{PATH}/{}", segment(named)))
    } else {
        Request::get(PATH)
            .with("filter", format!("email:{}", phrase(named)))
            .with("limit", "2")
    }
}

/// The list of users.
pub struct Users;

/// The screen.
pub fn screen(filter: &str) -> Box<dyn Screen> {
    Box::new(ListScreen::new(Users, filter))
}

impl Listing for Users {
    type Row = Account;

    fn noun(&self) -> &'static str {
        "users"
    }

    fn columns(&self) -> &'static [Column<Account>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &ACCOUNTS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn count(&self) -> Option<Request> {
        Some(Request::get(format!("{PATH}/count")))
    }

    fn id(&self, row: &Account) -> String {
        row.id.to_string()
    }

    fn rev(&self, row: &Account) -> i64 {
        row.rev
    }

    fn object(&self, row: &Account) -> Object {
        Object::User(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, row: &Account) -> Option<Place> {
        Some(Place::User { id: row.id })
    }

    fn change(&self, event: &FeedEvent) -> Change<Account> {
        match event {
            FeedEvent::Account(_) => Change::Reload,
            _ => Change::None,
        }
    }
}

impl Frame for Users {
    fn place(&self, filter: &str) -> Place {
        Place::Users {
            filter: filter.to_owned(),
        }
    }

    fn title(&self) -> String {
        "Users".to_owned()
    }
}
