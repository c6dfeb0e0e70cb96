//! Every alarm, as the feed tells them: what is wrong, since when, and the way to it.

use api::console::{Alarm, Alarms, FeedEvent};
use api::filter::Schema;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::overview::place_of;
use super::{Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::widgets::chrome::severity;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/alarms";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "alarms",
    help: "what an admin should look at, the worst first",
    find: |_| Request::get(PATH),
    read: |reply| {
        let alarms: Alarms = reply.decode()?;
        Ok(alarms.items.into_iter().map(Object::Alarm).collect())
    },
    list: Some(PATH),
    schema: &NO_FIELDS,
    acts: &[],
};

static COLUMNS: &[Column<Alarm>] = &[
    left("SEVERITY", "", (9, 9), |row, _, view| {
        let (role, sign) = severity(row.severity, view);
        Cell::role(format!("{sign} {}", row.severity.word()), role)
    }),
    left("ALARM", "", (50, 34), |row, _, _| {
        Cell::new(row.text.clone())
    }),
    left("OBJECT", "", (24, 14), |row, _, _| {
        Cell::new(row.object.as_ref().map_or_else(
            || units::UNKNOWN.to_owned(),
            |object| format!("{} {}", object.kind, object.id),
        ))
    }),
    left("VALUE", "", (12, 0), |row, _, _| {
        Cell::new(row.value.clone().unwrap_or_default())
    }),
    right("SINCE", "", (8, 8), |row: &Alarm, _, view: &View| {
        Cell::new(view.age(row.since_at))
    }),
];

/// The list of alarms.
pub struct AlarmList;

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(AlarmList, ""))
}

impl Listing for AlarmList {
    type Row = Alarm;

    fn noun(&self) -> &'static str {
        "alarms"
    }

    fn columns(&self) -> &'static [Column<Alarm>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn id(&self, row: &Alarm) -> String {
        row.id.clone()
    }

    fn object(&self, row: &Alarm) -> Object {
        Object::Alarm(row.clone())
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn open(&self, row: &Alarm) -> Option<Place> {
        row.object.as_ref().and_then(place_of)
    }

    fn change(&self, event: &FeedEvent) -> Change<Alarm> {
        match event {
            FeedEvent::Alarm(change) => Change::Both(
                change.set.iter().cloned().collect(),
                change.clear.iter().cloned().collect(),
            ),
            _ => Change::None,
        }
    }

    fn grows(&self) -> bool {
        true
    }

    fn empty(&self, _filtered: bool) -> String {
        "No alarms: the house is well.".to_owned()
    }

    fn page(&self, reply: &Reply) -> Result<(Vec<Alarm>, Option<String>), Failure> {
        let alarms: Alarms = reply.decode()?;
        Ok((alarms.items, None))
    }
}

impl Frame for AlarmList {
    fn place(&self, _filter: &str) -> Place {
        Place::Alarms
    }

    fn title(&self) -> String {
        "Alarms".to_owned()
    }
}
